/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The rules of our nftables table: which packets may pass through, and with which source. */
#include "host/kind.h"

#include "base/mem.h"
#include "host/protocols.h"

#include <stddef.h>

#define AT(field) offsetof(struct host_filter, field)

static const struct word filter_chains[] = {
	{ "forward", FILTER_FORWARD },
	{ "nat", FILTER_NAT },
	{ 0 },
};

static const struct word filter_verdicts[] = {
	{ "accept", FILTER_ACCEPT },
	{ "drop", FILTER_DROP },
	{ "masquerade", FILTER_MASQUERADE },
	{ "snat", FILTER_SNAT },
	{ 0 },
};

static const struct word filter_altered[] = {
	{ "yes", 1 },
	{ 0 },
};

enum { FILTER_CHAIN, FILTER_ORDER, FILTER_VERDICT };

static const struct property filter_rows[] = {
	[FILTER_CHAIN] = { "chain", PROPERTY_U8, ROW_PLAIN, AT(chain), .words = filter_chains },
	[FILTER_ORDER] = { "order", PROPERTY_U32, ROW_PLAIN, AT(order) },
	[FILTER_VERDICT] = { "verdict", PROPERTY_U8, ROW_PLAIN, AT(verdict),
			     .words = filter_verdicts },
	{ "in", PROPERTY_NAME, 0, AT(in), .size = IFNAMSIZ },
	{ "out", PROPERTY_NAME, 0, AT(out), .size = IFNAMSIZ },
	{ "from", PROPERTY_PREFIX, ROW_CLEAN, AT(from) },
	{ "to", PROPERTY_PREFIX, ROW_CLEAN, AT(to) },
	{ "proto", PROPERTY_U8, 0, AT(ip_protocol), .words = transport_words },
	{ "sport", PROPERTY_SPAN, 0, AT(sport), .size = 2 },
	{ "dport", PROPERTY_SPAN, 0, AT(dport), .size = 2 },
	{ "mark", PROPERTY_U32, 0, AT(mark) },
	{ "mask", PROPERTY_U32, 0, AT(mask) },
	{ "first", PROPERTY_ADDRESS, 0, AT(first) },
	{ "last", PROPERTY_ADDRESS, 0, AT(last) },
	{ "altered", PROPERTY_U8, 0, AT(altered), .words = filter_altered },
};

static void filter_complete(void *object)
{
	struct host_filter *filter = object;

	if (filter->mark && !filter->mask)
		filter->mask = UINT32_MAX;
	if (filter->verdict == FILTER_SNAT && !filter->last.family)
		filter->last = filter->first;
}

const struct kind filter_kind = {
	.name = "filter",
	.size = sizeof(struct host_filter),
	.rows = filter_rows,
	.row_count = ARRAY_SIZE(filter_rows),
	.keys = { &filter_rows[FILTER_CHAIN], &filter_rows[FILTER_ORDER] },
	.complete = filter_complete,
};
