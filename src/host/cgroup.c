/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Control groups (cgroup v2). Observed are those that somebody asks for, as long as they exist. */
#include "host/kind.h"

#include "base/mem.h"

#include <stddef.h>

static const struct property cgroup_rows[] = {
	{ "name", PROPERTY_NAME, ROW_PLAIN, offsetof(struct host_cgroup, name),
	  .size = CGROUP_NAME_SIZE },
};

const struct kind cgroup_kind = {
	.name = "cgroup",
	.size = sizeof(struct host_cgroup),
	.rows = cgroup_rows,
	.row_count = ARRAY_SIZE(cgroup_rows),
	.keys = { &cgroup_rows[0] },
};
