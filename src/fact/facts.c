/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions to the observed host. Routes are sorted by table, then prefix, and a prefix sorts
 * right before everything inside it; so all prefixes that cover one stand before it, and each
 * step back from there lands on the longest that may still cover it: a question costs a few binary
 * searches, also for ten thousand claims beside ten thousand routes.
 */
#include "fact/facts.h"

#include <string.h>

/*
 * The first route of table main that does not sort before @to; @metric 0 is the start of its run.
 */
static size_t first_not_before(const struct state *state, const struct prefix *to)
{
	return state_lower_bound(state, OBJECT_ROUTE,
				 &(struct host_route){ .table = RT_TABLE_MAIN, .to = *to });
}

static const struct host_route *route_at(const struct state *state, size_t index)
{
	return state_at(state, OBJECT_ROUTE, index);
}

static bool in_main(const struct state *state, size_t index, uint8_t family)
{
	return index < state_count(state, OBJECT_ROUTE) &&
	       route_at(state, index)->table == RT_TABLE_MAIN &&
	       route_at(state, index)->to.family == family;
}

static bool same_prefix(const struct prefix *a, const struct prefix *b)
{
	return prefix_compare(a, b) == 0;
}

/* How many leading bits the two have in common, at most @most. */
static uint8_t common_bits(const struct prefix *a, const struct prefix *b, uint8_t most)
{
	uint8_t bits = 0;

	while (bits < most && !((a->bytes[bits / 8] ^ b->bytes[bits / 8]) & (0x80 >> bits % 8)))
		bits++;
	return bits;
}

/*
 * Finds the next prefix of table main that covers @inner and is at most @length long. True with the
 * index of its first route.
 */
static bool find_cover(const struct state *state, const struct prefix *inner, uint8_t length,
		       size_t *ret_index)
{
	struct prefix wanted = *inner;

	wanted.length = length;
	for (;;) {
		const struct host_route *before;
		size_t index;

		wanted = prefix_clean(&wanted);
		index = first_not_before(state, &wanted);
		if (in_main(state, index, inner->family) &&
		    same_prefix(&route_at(state, index)->to, &wanted)) {
			*ret_index = index;
			return true;
		}
		if (!index || !wanted.length || !in_main(state, index - 1, inner->family))
			return false;
		/*
		 * What covers @inner covers this one too, for it stands between them: so no longer
		 * than what they share.
		 */
		before = route_at(state, index - 1);
		wanted.length = common_bits(&before->to, inner,
					    before->to.length < wanted.length ? before->to.length :
										wanted.length - 1);
	}
}

const struct host_link *facts_link(const struct facts *facts, const char *name)
{
	return state_link_named(facts->observed, name);
}

static bool link_is_up(const struct host_link *link)
{
	if (link->flags & IFF_LOOPBACK)
		return link->flags & IFF_UP;
	return link->flags & IFF_UP && link->flags & (IFF_LOWER_UP | IFF_RUNNING);
}

bool facts_link_up(const struct facts *facts, const char *name)
{
	const struct host_link *link = facts_link(facts, name);

	return link && link_is_up(link);
}

const struct health *facts_health(const struct facts *facts, const char *name)
{
	return healths_find(facts->health, name);
}

static bool is_connected(const struct host_route *route)
{
	return !route->object.ours && route->type == RTN_UNICAST && route->link &&
	       !route->via.family && !route->hops;
}

void facts_connected(const struct facts *facts, const struct prefix *prefix, facts_route_fn *told,
		     void *data)
{
	const struct state *state = facts->observed;
	size_t index, length = prefix->length;

	/* Those that cover it, shortest last; then those inside, which follow it. */
	while (length-- > 0 && find_cover(state, prefix, (uint8_t)length, &index)) {
		length = route_at(state, index)->to.length;
		for (size_t i = index;
		     in_main(state, i, prefix->family) &&
		     same_prefix(&route_at(state, i)->to, &route_at(state, index)->to);
		     i++)
			if (is_connected(route_at(state, i)))
				told(data, route_at(state, i));
	}
	index = first_not_before(state, prefix);
	for (; in_main(state, index, prefix->family) &&
	       prefix_covers(prefix, &route_at(state, index)->to);
	     index++)
		if (is_connected(route_at(state, index)))
			told(data, route_at(state, index));
}

static bool is_usable(const struct facts *facts, const struct host_route *route)
{
	const struct host_link *link = state_link(facts->observed, route->link);

	return !route->object.ours && (!route->link || (link && link_is_up(link)));
}

const struct host_route *facts_route_to(const struct facts *facts, const struct prefix *prefix)
{
	const struct state *state = facts->observed;
	int length = prefix->length;
	size_t index;

	while (length >= 0 && find_cover(state, prefix, (uint8_t)length, &index)) {
		length = (int)route_at(state, index)->to.length - 1;
		for (size_t i = index;
		     in_main(state, i, prefix->family) &&
		     same_prefix(&route_at(state, i)->to, &route_at(state, index)->to);
		     i++)
			if (is_usable(facts, route_at(state, i)))
				return route_at(state, i);
	}
	return NULL;
}
