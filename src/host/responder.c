/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What answers ARP and neighbour discovery on a link: our program in its way in, or the worker where
 * there can be none. Seen by what is attached to the link, and by what the engine gave to the worker.
 */
#include "host/answering.h"
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>

#define AT(field) offsetof(struct host_responder, field)

static const struct word responder_ways[] = {
	{ "xdp", NEIGHBOURS_XDP },
	{ "tc", NEIGHBOURS_TC },
	{ "worker", NEIGHBOURS_WORKER },
	{ 0 },
};

static const struct word yes_words[] = {
	{ "no", 0 },
	{ "yes", 1 },
	{ 0 },
};

static const struct property responder_rows[] = {
	{ "link", PROPERTY_LINK, 0, AT(link) },
	{ "way", PROPERTY_U8, ROW_LAX, AT(way), .words = responder_ways },
	{ "guard", PROPERTY_U8, 0, AT(guard), .words = yes_words },
	{ "router", PROPERTY_U8, 0, AT(router), .words = yes_words },
	{ "owner", PROPERTY_U32, 0, AT(owner) },
};

const struct kind responder_kind = {
	.name = "responder",
	.size = sizeof(struct host_responder),
	.rows = responder_rows,
	.row_count = ARRAY_SIZE(responder_rows),
	.keys = { &responder_rows[0] },
};

const char *responder_way_word(const struct host_responder *responder)
{
	for (const struct word *way = responder_ways; responder && way->text; way++)
		if (way->value == responder->way)
			return way->text;
	return "-";
}
