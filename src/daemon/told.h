/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_TOLD_H
#define MH_DAEMON_TOLD_H

#include "base/log.h"
#include "daemon/engine.h"

/* What the engine says: a line in the log, and the same to everybody who watches. */

void tell(struct engine *engine, enum log_level level, const char *event, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void tell_links(struct engine *engine);
void tell_complaints(struct engine *engine);
void tell_refusal(struct engine *engine, const struct refusal *refusal, const struct source *source);
void tell_repair(struct engine *engine, const struct operation *operation);

/* What becomes of an order that nobody waits for: told in the log. @data is the engine. */
void told_outcome(void *data, const struct outcome *outcome);
void told_nobody(void *data, const struct outcome *outcome);

#endif
