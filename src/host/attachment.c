/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What makes replies leave from the address asked: our eBPF programs attached to control groups.
 * They are seen by the links that we hold or that a former engine left pinned.
 */
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>

static const struct property attachment_rows[] = {
	{ "cgroup", PROPERTY_NAME, 0, offsetof(struct host_attachment, cgroup),
	  .size = CGROUP_NAME_SIZE },
};

const struct kind attachment_kind = {
	.name = "replies",
	.size = sizeof(struct host_attachment),
	.rows = attachment_rows,
	.row_count = ARRAY_SIZE(attachment_rows),
	.keys = { &attachment_rows[0] },
};
