/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A claim is one local route, whatever its length; its exceptions are routes beside it; and IPv6
 * claims want one setting. A claim that meets a connected network unsaid is left out and told,
 * unless it stands already: what answers must not fall silent because a link got an address.
 */
#include "feature/prefixes/prefixes.h"

#include <errno.h>
#include <string.h>

struct network_search {
	const struct host_route *found;
	uint32_t loopback;
};

bool claim_in_place(const struct claim *claim, const struct facts *facts)
{
	const struct host_link *loopback = facts_link(facts, "lo");
	struct host_route like = claim_route(&claim->prefix, loopback ? loopback->index : 0);

	return state_find(facts->observed, OBJECT_ROUTE, &like) != NULL;
}

static void note_network(void *data, const struct host_route *route)
{
	struct network_search *search = data;

	if (!search->found && route->link != search->loopback)
		search->found = route;
}

const struct host_route *claim_unsaid_network(const struct claim *claim, const struct facts *facts)
{
	const struct host_link *loopback = facts_link(facts, "lo");
	struct network_search search = { .loopback = loopback ? loopback->index : 0 };

	if (claim->connected)
		return NULL;
	facts_connected(facts, &claim->prefix, note_network, &search);
	return search.found && !claim_in_place(claim, facts) ? search.found : NULL;
}

/* "is", "covers" or "lies in": how a claim meets a network. */
static const char *meeting(const struct prefix *claim, const struct prefix *network)
{
	if (prefix_compare(claim, network) == 0)
		return "is";
	return prefix_covers(claim, network) ? "covers" : "lies in";
}

static void refuse_unsaid(const struct claim *claim, const struct host_route *network,
			  const struct facts *facts, struct desired *desired)
{
	const struct host_link *link = state_link(facts->observed, network->link);
	char claimed[ADDRESS_TEXT_SIZE], connected[ADDRESS_TEXT_SIZE];

	diag_at(desired->diags, CONFIG_PLACE(claim, claim_fields, struct claim, prefix), -EINVAL,
		"%s %s the connected network %s of link %s, whose hosts could then no longer reach "
		"this one; "
		"if that is meant, say 'connected: true', and name in 'except' the hosts that this "
		"one does not know yet",
		prefix_text(&claim->prefix, claimed), meeting(&claim->prefix, &network->to),
		prefix_text(&network->to, connected), link ? link->name : "?");
}

static void desire_exceptions(const struct exceptions *exceptions, const bool *refused,
			      const struct facts *facts, struct desired *desired)
{
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < exceptions->items.count; i++) {
		struct exception *exception = &exceptions->items.items[i];
		const struct host_link *link = state_link(facts->observed, exception->route.link);

		if (refused[exception->claim])
			continue;
		/*
		 * Without a carrier it stays, so that no flap forgets it; without IFF_UP Linux
		 * takes no route.
		 */
		if (exception->route.link && (!link || !(link->flags & IFF_UP))) {
			desire_pending(desired, exception->place,
				       "the exception %s waits for link %s to come up",
				       prefix_text(&exception->route.to, text),
				       link ? link->name : "(gone)");
			continue;
		}
		desire_object(desired, OBJECT_ROUTE, exception->place, &exception->route);
	}
}

static void desire_nonlocal_bind(const struct config_list *claims, const bool *refused,
				 struct desired *desired)
{
	struct host_sysctl sysctl = { .name = SYSCTL_NONLOCAL_BIND, .value = "1" };
	const struct claim *claim = claims->items;

	for (unsigned i = 0; i < claims->count; i++) {
		if (refused[i] || claim[i].prefix.family != AF_INET6 || !claim[i].nonlocal_bind)
			continue;
		desire_object(desired, OBJECT_SYSCTL,
			      CONFIG_PLACE(&claim[i], claim_fields, struct claim, nonlocal_bind),
			      &sysctl);
		return;
	}
}

void prefixes_desire(const void *config, const struct facts *facts, struct desired *ret_desired)
{
	const struct host_link *loopback = facts_link(facts, "lo");
	const struct config_list *claims = config;
	const struct claim *claim = claims->items;
	bool *refused = mem_alloc(claims->count + 1);
	struct exceptions exceptions = { 0 };

	if (!loopback || !facts_link_up(facts, "lo")) {
		desire_pending(ret_desired, claims->place,
			       "claims wait for the loopback link: ip link set lo up");
		memset(refused, true, claims->count);
	}
	for (unsigned i = 0; i < claims->count; i++) {
		const struct host_route *unsaid = refused[i] ?
							  NULL :
							  claim_unsaid_network(&claim[i], facts);
		struct host_route route;

		if (unsaid)
			refuse_unsaid(&claim[i], unsaid, facts, ret_desired);
		refused[i] = refused[i] || unsaid;
		if (refused[i])
			continue;
		route = claim_route(&claim[i].prefix, loopback->index);
		desire_object(ret_desired, OBJECT_ROUTE,
			      CONFIG_PLACE(&claim[i], claim_fields, struct claim, prefix), &route);
	}
	claims_exceptions(claims, facts, &exceptions);
	desire_exceptions(&exceptions, refused, facts, ret_desired);
	claims_desire_neighbours(claims, refused, &exceptions, facts, ret_desired);
	desire_nonlocal_bind(claims, refused, ret_desired);
	exceptions_free(&exceptions);
	mem_freep(&refused);
}
