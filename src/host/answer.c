/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is said when ARP or neighbour discovery on a link asks for an address: a rule for each prefix,
 * of which the longest decides. They stand in a map of our programs, or with the engine where the
 * worker answers (responders.c).
 */
#include "host/answering.h"
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct host_answer, field)

static const struct word answer_verdicts[] = {
	{ "answer", NEIGHBOURS_ANSWER },
	{ "silent", NEIGHBOURS_SILENT },
	{ "own", NEIGHBOURS_OWN },
	{ 0 },
};

static const struct word answer_flags[] = {
	{ "override", NEIGHBOURS_OVERRIDE },
	{ "target-source", NEIGHBOURS_TARGET_SOURCE },
	{ "bound", NEIGHBOURS_BOUND },
	{ 0 },
};

enum { ANSWER_PREFIX, ANSWER_LINK };

static const struct property answer_rows[] = {
	[ANSWER_PREFIX] = { "prefix", PROPERTY_PREFIX, ROW_PLAIN | ROW_CLEAN, AT(prefix) },
	[ANSWER_LINK] = { "link", PROPERTY_LINK, 0, AT(link) },
	{ "verdict", PROPERTY_U8, 0, AT(verdict), .usual = NEIGHBOURS_ANSWER,
	  .words = answer_verdicts },
	{ "flags", PROPERTY_U8, ROW_BITS, AT(flags), .words = answer_flags },
	{ "owner", PROPERTY_U32, 0, AT(owner) },
	{ "mac", PROPERTY_MAC, 0, AT(mac) },
};

const struct kind answer_kind = {
	.name = "answer",
	.size = sizeof(struct host_answer),
	.rows = answer_rows,
	.row_count = ARRAY_SIZE(answer_rows),
	.keys = { &answer_rows[ANSWER_LINK], &answer_rows[ANSWER_PREFIX] },
};

struct neighbours_rule answer_rule(const struct host_answer *answer)
{
	struct neighbours_rule rule = { .link = answer->link,
					.prefix = answer->prefix,
					.verdict = answer->verdict,
					.flags = answer->flags,
					.owner = answer->owner };

	memcpy(rule.mac, answer->mac, sizeof(rule.mac));
	return rule;
}
