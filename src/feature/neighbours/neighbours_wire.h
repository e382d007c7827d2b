/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_NEIGHBOURS_WIRE_H
#define MH_FEATURE_NEIGHBOURS_WIRE_H

#include "base/arena.h"
#include "base/text.h"
#include "bpf/neighbours.h"

/* What the worker is told. */

/* Flag of a rule beside those of bpf/neighbours.h: the kernel answers by itself; it is only counted. */
#define NEIGHBOURS_BY_KERNEL 0x80

/* A link on which it answers. */
struct neighbours_port {
	uint32_t index;
	const char *name;
	struct neighbours_link link;
};

/* The configuration: ports by index, rules by port and prefix, each of them once. */
struct neighbours_orders {
	struct arena *arena; /* read: all lives there; arena_free() it */
	struct neighbours_port *ports;
	uint32_t port_count;
	struct neighbours_rule *rules;
	uint32_t rule_count;
};

/*
 * An address that is announced on a link when it is new there, when its .mac changes or its .stamp does
 * and is not of fewer, and when the link gets its carrier back.
 */
#define NEIGHBOURS_STAMP_BITS 40
struct neighbours_news {
	uint32_t link;
	struct address address;
	struct address source; /* IPv6: of the advertisement */
	uint8_t mac[6];
	bool up; /* the link has its carrier */
	bool router, override;
	uint64_t stamp; /* of who is on the link: how many, above NEIGHBOURS_STAMP_BITS of a hash */
};

/* The update: by link and address, each of them once. */
struct neighbours_notes {
	struct arena *arena;
	struct neighbours_news *items;
	uint32_t count;
};

void neighbours_orders_put(const struct neighbours_orders *orders, struct text *message);
void neighbours_notes_put(const struct neighbours_notes *notes, struct text *message);
/* Both return 0, or -EPROTO. */
int neighbours_orders_read(const void *bytes, size_t length, struct neighbours_orders *ret_orders);
int neighbours_notes_read(const void *bytes, size_t length, struct neighbours_notes *ret_notes);

int neighbours_news_compare(const struct neighbours_news *a, const struct neighbours_news *b);

#endif
