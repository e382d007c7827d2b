/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Listeners. Those observed are the ones that we hold open: sockets of other programs are not ours
 * to know.
 */
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>

#define AT(field) offsetof(struct host_listener, field)

static const struct word listener_protocols[] = {
	{ "udp", IPPROTO_UDP },
	{ "tcp", IPPROTO_TCP },
	{ 0 },
};

enum { LISTENER_PROTOCOL, LISTENER_ENDPOINT };

static const struct property listener_rows[] = {
	[LISTENER_PROTOCOL] = { "protocol", PROPERTY_U8, ROW_PLAIN, AT(protocol),
				.words = listener_protocols },
	[LISTENER_ENDPOINT] = { "endpoint", PROPERTY_ENDPOINT, ROW_PLAIN, AT(address),
				.port = AT(port) },
};

const struct kind listener_kind = {
	.name = "listener",
	.size = sizeof(struct host_listener),
	.rows = listener_rows,
	.row_count = ARRAY_SIZE(listener_rows),
	.keys = { &listener_rows[LISTENER_PROTOCOL], &listener_rows[LISTENER_ENDPOINT] },
};
