/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading the kernel as a whole. Routes are asked for by table (main and local) and ours by their
 * protocol in any table, so that somebody's full table elsewhere is never walked by us; unless all
 * routes are wanted. A dump that
 * the kernel calls inconsistent is made again a few times; then the best we have is taken and the
 * kind stays stale, to be read again at the next settling.
 */
#include "host/codec.h"
#include "host/inside.h"

#include "base/log.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 5

/* One dump: what is asked for, and where the answer goes. */
struct dump {
	struct host *host;
	enum object_kind kind;
	uint8_t family; /* routes and rules */
	uint32_t table; /* routes: this table; 0 = ours of all other tables */
	struct object_set *into;
};

static bool wants_route(const struct dump *dump, const struct host_route *route)
{
	const struct taste *taste = &dump->host->taste;
	bool named = !taste->all_routes &&
		     (route->table == RT_TABLE_MAIN || route->table == RT_TABLE_LOCAL ||
		      taste_wants_table(taste, route->table));

	if (dump->table ? route->table != dump->table : named)
		return false;
	if (!taste_wants_route(taste, route))
		return false;
	host_note_nexthop(dump->host, route);
	return true;
}

static void take(void *data, const struct nlmsghdr *message)
{
	struct dump *dump = data;
	const struct kind *kind = kind_of(dump->kind);
	union host_object object;

	if (message->nlmsg_type != kind->message_new || !codec_decode(kind, message, &object))
		return;
	if (dump->kind == OBJECT_ROUTE && !wants_route(dump, &object.route))
		return;
	if (dump->kind == OBJECT_LINK)
		links_recall(dump->host, &object.link);
	set_push(dump->into, kind, &object);
}

static int dump_once(struct dump *dump)
{
	const struct kind *kind = kind_of(dump->kind);
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct rtmsg *route;
	int r;

	request->nlmsg_type = kind->message_get;
	if (dump->kind == OBJECT_ROUTE) {
		route = mnl_nlmsg_put_extra_header(request, sizeof(*route));
		route->rtm_family = dump->family;
		if (dump->table)
			mnl_attr_put_u32(request, RTA_TABLE, dump->table);
		else if (!dump->host->taste.all_routes)
			route->rtm_protocol = HOST_PROTOCOL;
	} else {
		/* The family is the first byte of all headers. */
		*(uint8_t *)mnl_nlmsg_put_extra_header(request, kind->header_size) = dump->family;
	}
	r = netlink_dump(&dump->host->requests, request, take, dump);
	/* A table that nobody has used yet, a family that the kernel was built without. */
	return dump->kind != OBJECT_LINK && (r == -ENOENT || r == -EOPNOTSUPP || r == -EAFNOSUPPORT) ?
		       0 :
		       r;
}

/* The tables that are read one by one, then 0: ours of all others. @round counts from 0. */
static uint32_t table_of_round(const struct taste *taste, size_t round)
{
	static const uint32_t always[] = { RT_TABLE_LOCAL, RT_TABLE_MAIN };

	if (round < ARRAY_SIZE(always))
		return always[round];
	round -= ARRAY_SIZE(always);
	return round < taste->table_count ? taste->tables[round] : 0;
}

/*
 * Routes and rules: both families, one by one; routes of main, local and the tables that are asked
 * for, then ours elsewhere.
 */
static int dump_families(struct dump *dump)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	const struct taste *taste = &dump->host->taste;
	bool by_table = dump->kind == OBJECT_ROUTE && !taste->all_routes;
	size_t rounds = by_table ? taste->table_count + 3 : 1;
	bool interrupted = false;

	for (size_t i = 0; i < ARRAY_SIZE(families) * rounds; i++) {
		int r;

		dump->family = families[i / rounds];
		dump->table = by_table ? table_of_round(taste, i % rounds) : 0;
		r = dump_once(dump);
		if (r < 0 && r != -EINTR)
			return r;
		interrupted |= r == -EINTR;
	}
	return interrupted ? -EINTR : 0;
}

/*
 * Reads all objects of a kind into @into. Returns 0, -EINTR when it stayed inconsistent, or -errno.
 */
static int dump_kind(struct host *host, enum object_kind kind, struct object_set *into)
{
	struct dump dump = { .host = host, .kind = kind, .into = into };
	int r = -EINTR;

	for (int i = 0; i < TRIES && r == -EINTR; i++) {
		into->count = 0;
		r = kind == OBJECT_ROUTE || kind == OBJECT_RULE ? dump_families(&dump) :
								  dump_once(&dump);
	}
	return r;
}

int host_dump(struct host *host, unsigned stale, bool *ret_changed)
{
	if (stale & STALE(OBJECT_ROUTE))
		host->nexthops = host->foreign_nexthops = false;
	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		struct object_set fresh = { 0 };
		int r;

		if (!(stale & STALE_NETLINK & STALE(kind)))
			continue;
		host->stale &= ~STALE(kind);
		r = dump_kind(host, (enum object_kind)kind, &fresh);
		if (r < 0 && r != -EINTR) {
			free(fresh.items);
			host->stale |= STALE(kind);
			return r;
		}
		if (r == -EINTR) {
			log_debug("the %ss changed while they were read; they are read again later",
				  kind_of(kind)->name);
			host->stale |= STALE(kind);
		}
		*ret_changed |= host_observe(host, (enum object_kind)kind, &fresh);
	}
	return 0;
}
