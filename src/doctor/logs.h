/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DOCTOR_LOGS_H
#define MH_DOCTOR_LOGS_H

#include "doctor/doctor.h"

struct log_servers {
	VEC(struct log_server) items;
};

/*
 * Adds the addresses that @text, the configuration of rsyslog or syslog-ng, sends the log to.
 * Names are passed over: a question to DNS may hang on the very host that doctor looks at.
 */
void log_servers_read(const char *text, const char *source, struct log_servers *servers);
/* Adds one, unless it is there or is this host. */
void log_servers_add(struct log_servers *servers, const struct address *address, const char *source);
void log_servers_free(struct log_servers *servers);

#endif
