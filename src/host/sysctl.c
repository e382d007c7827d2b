/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sysctls: one value below /proc/sys/net each. Ours when we changed it, and then we know what it
 * was.
 */
#include "host/copies.h"
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct host_sysctl, field)

enum { SYSCTL_NAME, SYSCTL_VALUE, SYSCTL_FORMER };

static const struct property sysctl_rows[] = {
	[SYSCTL_NAME] = { "name", PROPERTY_NAME, ROW_PLAIN, AT(name),
			  .size = sizeof(((struct host_sysctl *)0)->name) },
	[SYSCTL_VALUE] = { "value", PROPERTY_NAME, ROW_PLAIN, AT(value),
			   .size = sizeof(((struct host_sysctl *)0)->value) },
	[SYSCTL_FORMER] = { "was", PROPERTY_NAME, ROW_FREE, AT(former),
			    .size = sizeof(((struct host_sysctl *)0)->former) },
};

/*
 * What is written for all links is written over that of each: it comes last, and goes back first.
 * What keeps router advertisements comes before what makes a router of the host, which else would
 * drop all that they gave.
 */
static unsigned sysctl_turn(const void *object)
{
	const char *last = strrchr(((const struct host_sysctl *)object)->name, '/');

	if (last && !strcmp(last, "/accept_ra"))
		return 0;
	return strstr(((const struct host_sysctl *)object)->name, "/conf/all/") ? 2 : 1;
}

static bool sysctl_explained(const void *before, const struct object_set *desired)
{
	return copies_explain(before, desired);
}

/* What it was, where that is known. */
static bool sysctl_left(const void *before, void *ret_after)
{
	const struct host_sysctl *sysctl = before;
	struct host_sysctl *after = ret_after;

	*after = *sysctl;
	after->object = (struct object){ 0 };
	memcpy(after->value, sysctl->former, sizeof(after->value));
	memset(after->former, 0, sizeof(after->former));
	return after->value[0];
}

const struct kind sysctl_kind = {
	.name = "sysctl",
	.size = sizeof(struct host_sysctl),
	.rows = sysctl_rows,
	.row_count = ARRAY_SIZE(sysctl_rows),
	.keys = { &sysctl_rows[SYSCTL_NAME] },
	.anyones = true,
	.turn = sysctl_turn,
	.explained = sysctl_explained,
	.left = sysctl_left,
};
