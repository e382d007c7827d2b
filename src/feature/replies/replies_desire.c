/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An attachment for each group that exists. One within another is mended already: a second
 * attachment would only have the programs look at everything twice.
 */
#include "feature/replies/replies.h"

#include <stdio.h>
#include <string.h>

static bool is_below(const char *name, const char *above)
{
	size_t length = strlen(above);

	if (strcmp(above, REPLY_GROUP_ALL) == 0)
		return strcmp(name, REPLY_GROUP_ALL) != 0;
	return strncmp(name, above, length) == 0 && name[length] == '/';
}

const struct reply_group *reply_group_above(const struct config_list *groups,
					    const struct reply_group *group)
{
	const struct reply_group *other = groups->items, *above = NULL;

	for (unsigned i = 0; i < groups->count; i++)
		if (is_below(group->cgroup, other[i].cgroup) &&
		    (!above || is_below(above->cgroup, other[i].cgroup)))
			above = &other[i];
	return above;
}

static bool exists(const struct facts *facts, const char *name)
{
	struct host_cgroup like = { 0 };

	snprintf(like.name, sizeof(like.name), "%s", name);
	return state_find(facts->observed, OBJECT_CGROUP, &like);
}

static void desire_group(const struct reply_group *group, const struct facts *facts,
			 struct desired *desired)
{
	struct place place = CONFIG_PLACE(group, reply_group_fields, struct reply_group, cgroup);
	struct host_attachment attachment = { 0 };

	if (!exists(facts, group->cgroup)) {
		if (strcmp(group->cgroup, REPLY_GROUP_ALL) == 0)
			desire_pending(desired, place,
				       "replies wait for a cgroup v2 hierarchy: "
				       "mount -t cgroup2 cgroup2 /sys/fs/cgroup");
		else
			desire_pending(desired, place, "cgroup %s does not exist now", group->cgroup);
		return;
	}
	snprintf(attachment.cgroup, sizeof(attachment.cgroup), "%s", group->cgroup);
	desire_object(desired, OBJECT_ATTACHMENT, place, &attachment);
}

void replies_desire(const void *config, const struct facts *facts, struct desired *ret_desired)
{
	const struct config_list *groups = config;
	const struct reply_group *group = groups->items;

	for (unsigned i = 0; i < groups->count; i++)
		if (!reply_group_above(groups, &group[i]))
			desire_group(&group[i], facts, ret_desired);
}
