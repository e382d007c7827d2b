/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_SERVER_H
#define MH_DAEMON_SERVER_H

#include "daemon/engine.h"

/* The control socket: who may open it (mode 0600) may ask and order; see daemon/control.h. */
struct server;

/*
 * Listens at @path, whose folder is made when it is missing; or by what @heritage (or NULL) has.
 * Returns 0 or -errno with one line in @error.
 */
struct heritage;
int server_new(struct engine *engine, const struct heritage *heritage, struct server **ret_server,
	       struct text *error);
void server_free(struct server *server); /* removes the socket's file */

int server_fd(const struct server *server);
bool server_made_folder(const struct server *server);

/* Tells everybody who watches. */
void server_event(struct server *server, const char *event, const char *text);
/* Answers who waits for counters, or for workers to have done what was applied. */
void server_reported(struct server *server);
/* Tells who waits for the outcome @data how far it has come. */
void server_progress(struct server *server, void *data, size_t done, size_t total);

#endif
