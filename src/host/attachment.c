/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What makes replies leave from the address asked: our eBPF programs attached to control groups,
 * and the sources that they may use. Both are seen by the pins and maps that a former engine left.
 */
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>

static const struct property source_rows[] = {
	{ "prefix", PROPERTY_PREFIX, ROW_PLAIN | ROW_CLEAN, offsetof(struct host_source, prefix) },
};

const struct kind source_kind = {
	.name = "reply-source",
	.size = sizeof(struct host_source),
	.rows = source_rows,
	.row_count = ARRAY_SIZE(source_rows),
	.keys = { &source_rows[0] },
};

static const struct property attachment_rows[] = {
	{ "cgroup", PROPERTY_NAME, ROW_PLAIN, offsetof(struct host_attachment, cgroup),
	  .size = CGROUP_NAME_SIZE },
};

const struct kind attachment_kind = {
	.name = "replies",
	.size = sizeof(struct host_attachment),
	.rows = attachment_rows,
	.row_count = ARRAY_SIZE(attachment_rows),
	.keys = { &attachment_rows[0] },
};
