/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_CLIENT_H
#define MH_CTL_CLIENT_H

#include "base/text.h"
#include "config/source.h"
#include "daemon/control.h"

#include <jansson.h>

/* mhctl's side of the control socket (daemon/control.h): one connection, one request. */

/*
 * Connects to the engine that listens at @path. Returns 0, or -errno with one line in @error: what
 * is wrong and a way out.
 */
int client_connect(const char *path, int *ret_fd, struct text *error);

/*
 * Sends @source, when there is one, and then @request. Returns 0 or -errno; an answer may wait in
 * both cases.
 */
int client_send(int fd, const json_t *request, const struct source *source);

/*
 * Waits for the next message. Returns 0 and its type and JSON object (json_decref() it), -EPIPE
 * when the daemon went away, -EPROTO when the message is none of the protocol's, or -errno.
 */
int client_receive(int fd, enum control_message *ret_type, json_t **ret_body);

#endif
