/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_PLACES_H
#define MH_DAEMON_PLACES_H

#include "daemon/engine.h"

/* So many objects of one request are looked for. */
#define PLACES_MOST 256u

struct json_t;
/* The reply to a request for "places" (daemon/control.h). A new reference. */
struct json_t *report_places(const struct engine_status *status, const struct json_t *request);

#endif
