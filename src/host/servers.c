/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which UDP servers there are, by one dump of sockets for each family (sock_diag(7)), and in which
 * of the hooked cgroups they are. Asked when somebody wants to see them; nothing is kept.
 */
#include "host/servers.h"

#include "host/diag_dump.h"
#include "host/inside.h"

#include <dirent.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Folders of cgroups that are walked, and their depth: a bound on what a status may cost. */
#define CGROUPS_MAX 16384
#define DEPTH_MAX 32

static void read_attribute(const struct nlattr *attribute, struct host_server *server)
{
	if (mnl_attr_get_type(attribute) == INET_DIAG_CGROUP_ID &&
	    mnl_attr_get_payload_len(attribute) >= sizeof(uint64_t))
		server->cgroup = mnl_attr_get_u64(attribute);
	if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
	    mnl_attr_get_payload_len(attribute) >= sizeof(uint8_t))
		server->only_v6 = mnl_attr_get_u8(attribute);
}

static int on_socket(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	struct host_servers *servers = data;
	struct host_server *server;
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket) || !socket->id.idiag_sport)
		return MNL_CB_OK;
	server = VEC_PUSH(&servers->items);
	server->address.family = socket->idiag_family;
	memcpy(server->address.bytes, socket->id.idiag_src, socket->idiag_family == AF_INET ? 4 : 16);
	server->port = ntohs(socket->id.idiag_sport);
	server->link = socket->id.idiag_if;
	server->uid = socket->idiag_uid;
	server->inode = socket->idiag_inode;
	mnl_attr_for_each(attribute, message, sizeof(*socket)) read_attribute(attribute, server);
	return MNL_CB_OK;
}

static int compare_servers(const void *a, const void *b)
{
	const struct host_server *one = a, *other = b;

	if (one->port != other->port)
		return one->port < other->port ? -1 : 1;
	return address_compare(&one->address, &other->address);
}

static int compare_numbers(const void *a, const void *b)
{
	uint64_t one = *(const uint64_t *)a, other = *(const uint64_t *)b;

	return one < other ? -1 : one > other;
}

/* A cgroup and all below it. */
static void add_cgroups(struct host_servers *servers, const char *path, unsigned depth)
{
	struct dirent *entry;
	uint64_t number;
	DIR *folder;

	if (depth > DEPTH_MAX || servers->attached.count >= CGROUPS_MAX ||
	    replies_cgroup_number(path, &number) < 0)
		return;
	*VEC_PUSH(&servers->attached) = number;
	folder = opendir(path);
	while (folder && (entry = readdir(folder))) {
		char *below;

		if (entry->d_type != DT_DIR || entry->d_name[0] == '.')
			continue;
		below = mem_printf("%s/%s", path, entry->d_name);
		add_cgroups(servers, below, depth + 1);
		mem_freep(&below);
	}
	if (folder)
		closedir(folder);
}

static int read_programs(const struct host *host, struct host_servers *servers)
{
	int r = replies_counters(host->mender.replies, &servers->counters);

	if (r == 0)
		r = replies_evidences(host->mender.replies, &servers->evidences);
	if (r < 0)
		return r;
	servers->hooked = true;
	STATE_EACH(&host->observed, OBJECT_ATTACHMENT, const struct host_attachment, attachment) {
		AUTO_TEXT path = { 0 };
		AUTO_TEXT error = { 0 };

		if (attachment->cgroup[0] != '#' &&
		    replies_cgroup_path(attachment->cgroup, &path, &error) == 0)
			add_cgroups(servers, text_string(&path), 0);
	}
	if (servers->attached.count)
		qsort(servers->attached.items, servers->attached.count, sizeof(uint64_t),
		      compare_numbers);
	return 0;
}

int host_servers(struct host *host, struct host_servers *ret_servers)
{
	struct host_servers servers = { 0 };
	/* Unconnected is TCP_CLOSE, in the kernel's words. */
	int r = diag_dump(IPPROTO_UDP, 1u << TCP_CLOSE, on_socket, &servers);

	if (r == 0 && host->mender.replies)
		r = read_programs(host, &servers);
	if (r < 0) {
		host_servers_free(&servers);
		return r;
	}
	if (servers.items.count)
		qsort(servers.items.items, servers.items.count, sizeof(struct host_server),
		      compare_servers);
	*ret_servers = servers;
	return 0;
}

bool host_server_is_hooked(const struct host_servers *servers, const struct host_server *server)
{
	return servers->attached.count &&
	       bsearch(&server->cgroup, servers->attached.items, servers->attached.count,
		       sizeof(server->cgroup), compare_numbers);
}

void host_servers_free(struct host_servers *servers)
{
	VEC_FREE(&servers->items);
	VEC_FREE(&servers->evidences);
	VEC_FREE(&servers->attached);
}
