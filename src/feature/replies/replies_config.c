/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which programs are mended: those of control groups, since every process is in one. */
#include "feature/replies/replies.h"

#include <errno.h>
#include <string.h>

#define GROUPS_MAX 1024

const struct config_field reply_group_fields[] = {
	{ "cgroup", CONFIG_STRING, offsetof(struct reply_group, cgroup), .required = true, .min = 1,
	  .max = CGROUP_NAME_SIZE - 1,
	  .help = "The control group, as a path below the root of the cgroup v2 hierarchy (as "
		  "systemd-cgls shows it), or `all`: the root, and so every process of the host "
		  "that is in this network namespace. Groups below it are included. A socket "
		  "counts to the group that it was opened in: one that a service gets from "
		  "somebody else (a `.socket` unit, inetd) is in another group. Programs that run "
		  "already are mended at once. A group that does not exist yet is waited for.",
	  .example = "system.slice/snmpd.service" },
	{ 0 }
};

static const struct config_field group_item = {
	.name = "group",
	.type = CONFIG_RECORD,
	.fields = reply_group_fields,
	.size = sizeof(struct reply_group),
	.help = "One control group.",
};

static const struct config_field replies_root = {
	.name = "replies",
	.type = CONFIG_LIST,
	.item = &group_item,
	.max = GROUPS_MAX,
	.help = "Unmodified UDP programs that listen on the wildcard address answer from the "
		"address asked, IPv4 and IPv6, on every address of this host and of claimed "
		"prefixes. eBPF programs on the control group see what is asked and choose the "
		"source of the answer; sockets that are bound to an address, or connected, and "
		"sources that a program chooses itself are left alone, and so is TCP. Programs "
		"that connect() a socket to each client are beyond its reach: start them with "
		"`mhctl run`. `mhctl status replies` tells which UDP servers there are, and how "
		"each of them fares.",
	.example = "[{ cgroup: system.slice/snmpd.service }, { cgroup: all }]",
};

/* What is wrong with the name, or NULL. */
static const char *name_wrong(const char *name)
{
	size_t length = strlen(name);

	if (name[0] == '/')
		return "it begins at the root of the hierarchy by itself; leave the first '/' out, "
		       "or "
		       "write 'all' for the root";
	if (name[0] == '#')
		return "no group is named like that; see systemd-cgls";
	if (name[length - 1] == '/' || strstr(name, "//"))
		return "a name is missing between or behind its '/'";
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (part[0] == '.' &&
		    (!part[1] || part[1] == '/' || (part[1] == '.' && (!part[2] || part[2] == '/'))))
			return "'.' and '..' are not followed; write the path as systemd-cgls "
			       "shows it";
	}
	return NULL;
}

void replies_check(const void *config, struct diags *diags)
{
	const struct config_list *groups = config;
	const struct reply_group *group = groups->items;

	for (unsigned i = 0; i < groups->count; i++) {
		struct place place = CONFIG_PLACE(&group[i], reply_group_fields, struct reply_group,
						  cgroup);
		const char *wrong = group[i].cgroup ? name_wrong(group[i].cgroup) : NULL;

		if (wrong)
			diag_at(diags, place, -EINVAL, "cgroup '%s': %s", group[i].cgroup, wrong);
		for (unsigned j = 0; j < i && group[i].cgroup; j++) {
			if (!group[j].cgroup || strcmp(group[i].cgroup, group[j].cgroup) != 0)
				continue;
			diag_between(diags, place,
				     CONFIG_PLACE(&group[j], reply_group_fields, struct reply_group,
						  cgroup),
				     -EINVAL, "cgroup '%s' is named twice; leave one out",
				     group[i].cgroup);
			break;
		}
	}
}

static void replies_interest(const void *config, struct interest *interest)
{
	const struct config_list *groups = config;
	const struct reply_group *group = groups->items;

	for (unsigned i = 0; i < groups->count; i++)
		*VEC_PUSH(&interest->cgroups) = group[i].cgroup;
	if (groups->count)
		interest->local_routes = true;
	*VEC_PUSH(&interest->sysctls) = "net/ipv6/ip_nonlocal_bind";
}

const struct feature replies_feature = {
	.name = "replies",
	.root = &replies_root,
	.check = replies_check,
	.desire = replies_desire,
	.interest = replies_interest,
	.status = replies_status,
	.status_anyway = true,
	.looks_at_servers = true,
};
