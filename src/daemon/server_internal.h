/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_SERVER_INTERNAL_H
#define MH_DAEMON_SERVER_INTERNAL_H

#include "daemon/control.h"
#include "daemon/engine_internal.h"
#include "daemon/server.h"
#include "io/channel.h"

#include <jansson.h>

/* Shared by server.c (the door, and who stands in it) and requests.c (what they ask). */

struct client {
	struct server *server;
	struct client *next;
	int fd;
	struct caller caller;
	struct loop_watch *watch;
	struct source *source; /* came before its request */
	uint32_t number;       /* of the request under way */
	enum {
		CLIENT_IDLE,
		CLIENT_PLAN,
		CLIENT_APPLY,
		CLIENT_STATUS,
		CLIENT_APPLIED, /* once the workers have done their part */
		CLIENT_WATCH,
		CLIENT_GONE
	} state;
	char *feature; /* of a status; NULL = all */
	bool metrics;  /* a status in the form of Prometheus */
	json_t *reply; /* of what was applied, or a part of it */
};

struct server {
	struct engine *engine;
	struct loop *loop;
	struct loop_watch *watch, *workers_wait, *applied_wait;
	struct client *clients;
	unsigned client_count;
	bool early; /* who waits at the door came before an apply was answered */
	char *path;
	char *folder; /* that we made for it, to be removed with it; NULL = it was there */
	int fd;
};

/* server.c: sends what ends the request under way, or a word before that; both take @json over. */
void client_reply(struct client *client, json_t *json);
void client_send(struct client *client, enum control_message type, json_t *json);
void client_event(struct client *client, const char *event, const char *text);
/* The answers that may have to wait for the workers. */
void client_wait_status(struct client *client);
void client_wait_applied(struct client *client, json_t *reply);

/* requests.c, request_enrol.c: answers what @message asks, or sees to it that it is answered. */
void request_take(struct client *client, const struct channel_message *message);
void request_enrol(struct client *client, const json_t *request);

#endif
