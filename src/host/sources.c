/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What replies may come from, as our programs see it: a mirror of the observed table local. Most
 * changes come by host_settle(), as a difference of two sorted lists. An address that goes away
 * does not wait for that: from then on the kernel would let IPv6 lie with it.
 */
#include "host/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int sources_adopt(struct host *host)
{
	struct mender *mender = &host->mender;

	VEC_FREE(&mender->sources);
	mender->stale = true;
	return replies_sources(mender->replies, &mender->sources);
}

/* What the programs should have. */
static void collect(const struct state *observed, struct replies_sources *ret_sources)
{
	const struct host_route first = { .table = RT_TABLE_LOCAL };
	size_t i = state_lower_bound(observed, OBJECT_ROUTE, &first);
	struct replies_source *last = NULL;

	for (; i < state_count(observed, OBJECT_ROUTE); i++) {
		const struct host_route *route = state_at(observed, OBJECT_ROUTE, i);

		if (route->table != RT_TABLE_LOCAL)
			break;
		/* Of several routes to one prefix the first is the one that is taken. */
		if (last && prefix_compare(&last->prefix, &route->to) == 0)
			continue;
		last = VEC_PUSH(ret_sources);
		*last = (struct replies_source){ route->to, route->type == RTN_LOCAL };
	}
}

/* One step of the walk along both lists: negative = the programs have too much here. */
static int compare_at(const struct replies_sources *had, size_t i,
		      const struct replies_sources *want, size_t j)
{
	if (i == had->count)
		return 1;
	if (j == want->count)
		return -1;
	return prefix_compare(&had->items[i].prefix, &want->items[j].prefix);
}

static int carry_out(struct replies *replies, const struct replies_sources *had,
		     const struct replies_sources *want)
{
	size_t i = 0, j = 0;
	int r = 0;

	while (r == 0 && (i < had->count || j < want->count)) {
		int order = compare_at(had, i, want, j);

		if (order < 0)
			r = replies_delete_source(replies, &had->items[i].prefix);
		else if (order > 0 || had->items[i].ours != want->items[j].ours)
			r = replies_set_source(replies, &want->items[j]);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

int sources_mirror(struct host *host)
{
	struct mender *mender = &host->mender;
	struct replies_sources want = { 0 };
	int r;

	if (!mender->replies)
		return 0;
	collect(&host->observed, &want);
	r = carry_out(mender->replies, &mender->sources, &want);
	if (r < 0) {
		if (!mender->told)
			log_error(
				"the addresses that replies may come from cannot be written: %s%s",
				strerror(-r),
				r == -ENOSPC ? " (more than 262144 local prefixes)" : "");
		mender->told = true;
		VEC_FREE(&want);
		/* How far it came is asked, not remembered. */
		(void)sources_adopt(host);
		return r;
	}
	VEC_FREE(&mender->sources);
	mender->sources = want;
	mender->told = false;
	mender->stale = false;
	return 0;
}

/* How many routes of type local lead to @prefix, as was observed. */
static unsigned count_local(const struct state *observed, const struct prefix *prefix)
{
	const struct host_route like = { .table = RT_TABLE_LOCAL, .to = *prefix };
	size_t i = state_lower_bound(observed, OBJECT_ROUTE, &like);
	unsigned count = 0;

	for (; i < state_count(observed, OBJECT_ROUTE); i++) {
		const struct host_route *route = state_at(observed, OBJECT_ROUTE, i);

		if (route->table != RT_TABLE_LOCAL || prefix_compare(&route->to, prefix) != 0)
			break;
		count += route->type == RTN_LOCAL;
	}
	return count;
}

static int compare_sources(const void *a, const void *b)
{
	return prefix_compare(&((const struct replies_source *)a)->prefix,
			      &((const struct replies_source *)b)->prefix);
}

static struct replies_source *find(const struct replies_sources *sources, const struct prefix *prefix)
{
	const struct replies_source like = { .prefix = *prefix };

	if (!sources->count)
		return NULL;
	return bsearch(&like, sources->items, sources->count, sizeof(like), compare_sources);
}

void sources_told(struct host *host, const struct host_route *route, bool removed)
{
	struct mender *mender = &host->mender;
	struct replies_source *source;

	if (!mender->replies || route->table != RT_TABLE_LOCAL)
		return;
	mender->stale = true;
	/* The same address may be on another link, too: then settling finds out what is true. */
	if (!removed || route->type != RTN_LOCAL || count_local(&host->observed, &route->to) > 1)
		return;
	source = find(&mender->sources, &route->to);
	if (!source || !source->ours)
		return;
	/* Not deleted: what is around it may be ours, and this is not. The mirror sees to the rest. */
	source->ours = false;
	(void)replies_set_source(mender->replies, source);
}
