/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status replies` tells: the groups, what the programs counted, every UDP server. */
#include "feature/replies/replies.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name, *note;
} classes[] = {
	[REPLY_BOUND] = { "bound", "answers from the address that it is bound to" },
	[REPLY_LISTS] = { "lists addresses", "listens on each address by itself: on a claimed "
					     "prefix it hears nothing" },
	[REPLY_UNCONNECTED] = { "unconnected", "mended by the hook" },
	[REPLY_CONNECTS] = { "connects", "connects to its client, which no hook can mend: start it "
					 "by mhctl run" },
	[REPLY_PACKET_INFORMATION] = { "packet information", "right by itself" },
	[REPLY_UNSEEN] = { "unseen", "hooked; nothing of it was seen yet" },
	[REPLY_UNHOOKED] = { "not hooked",
			     "in no cgroup of replies: may answer from another address, "
			     "unless mhctl run started it" },
};

static bool may_bind_nonlocal(const struct facts *facts)
{
	const struct host_sysctl like = { .name = "net/ipv6/ip_nonlocal_bind" };
	const struct host_sysctl *sysctl = state_find(facts->observed, OBJECT_SYSCTL, &like);

	return !sysctl || atoi(sysctl->value);
}

static json_t *server_json(const struct host_servers *servers, const struct host_server *server,
			   const struct facts *facts)
{
	struct reply_evidence seen;
	enum reply_class class = reply_classify(servers, server, &seen);
	const char *note = classes[class].note;
	char text[ENDPOINT_TEXT_SIZE];
	json_t *json = json_object();

	if (class == REPLY_PACKET_INFORMATION && server->address.family == AF_INET6 &&
	    !may_bind_nonlocal(facts))
		note = "silent on IPv6 claims: set nonlocal-bind on a claim";
	json_object_set_new(json, "address",
			    json_string(endpoint_text(&server->address, server->port, text)));
	json_object_set_new(json, "port", json_integer(server->port));
	json_object_set_new(json, "class", json_string(classes[class].name));
	json_object_set_new(json, "note", json_string(note));
	json_object_set_new(json, "uid", json_integer(server->uid));
	json_object_set_new(json, "inode", json_integer(server->inode));
	json_object_set_new(json, "rewritten", json_integer((json_int_t)seen.rewritten));
	json_object_set_new(json, "chosen", json_integer((json_int_t)seen.chosen));
	json_object_set_new(json, "connects", json_integer((json_int_t)seen.connects));
	return json;
}

static const char *group_state(const struct config_list *groups, const struct reply_group *group,
			       const struct facts *facts)
{
	struct host_attachment attachment = { 0 };
	struct host_cgroup cgroup = { 0 };

	snprintf(attachment.cgroup, sizeof(attachment.cgroup), "%s", group->cgroup);
	snprintf(cgroup.name, sizeof(cgroup.name), "%s", group->cgroup);
	if (state_find(facts->observed, OBJECT_ATTACHMENT, &attachment))
		return "in place";
	if (reply_group_above(groups, group))
		return "within another";
	return state_find(facts->observed, OBJECT_CGROUP, &cgroup) ? "refused" : "waiting";
}

static json_t *groups_json(const struct config_list *groups, const struct facts *facts)
{
	const struct reply_group *group = groups ? groups->items : NULL;
	json_t *list = json_array();

	for (unsigned i = 0; groups && i < groups->count; i++)
		json_array_append_new(list, json_pack("{s:s,s:s}", "cgroup", group[i].cgroup, "state",
						      group_state(groups, &group[i], facts)));
	return list;
}

static json_t *counters_json(const struct replies_counters *counters)
{
	const struct {
		const char *name;
		uint64_t value;
	} rows[] = {
		{ "recorded", counters->recorded },	{ "rewritten", counters->rewritten },
		{ "refused", counters->refused },	{ "chosen", counters->chosen },
		{ "unknown", counters->unknown },	{ "evicted", counters->evicted },
		{ "overflowed", counters->overflowed }, { "resynced", counters->resynced },
		{ "guessed", counters->guessed },
	};
	json_t *json = json_object();

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
		json_object_set_new(json, rows[i].name, json_integer((json_int_t)rows[i].value));
	return json;
}

void replies_status(const void *config, const struct facts *facts, const struct counters *counters,
		    struct json_t *status)
{
	const struct host_servers *servers = facts->servers;
	json_t *list = json_array();

	json_object_set_new(status, "groups", groups_json(config, facts));
	if (servers && servers->hooked)
		json_object_set_new(status, "counters", counters_json(&servers->counters));
	for (size_t i = 0; servers && i < servers->items.count; i++)
		json_array_append_new(list, server_json(servers, &servers->items.items[i], facts));
	if (facts->servers_error)
		json_object_set_new(
			status, "servers_error",
			json_sprintf("servers cannot be listed: %s%s", strerror(-facts->servers_error),
				     facts->servers_error == -ENOENT ? " (modprobe udp_diag)" : ""));
	json_object_set_new(status, "servers", list);
}
