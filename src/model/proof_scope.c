/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What policy routing decides about. Left out are destinations that it does not: multicast and
 * broadcast go where somebody joined, link-local ones belong to a link that the sender names, and
 * addresses of loopback and "this network" do not travel (RFC 1122, 3.2.1.3; RFC 4291, 2.5).
 */
#include "model/proof_scope.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const unrouted[2][5] = {
	{ "0.0.0.0/8", "127.0.0.0/8", "224.0.0.0/4", "255.255.255.255/32", NULL },
	{ "::/128", "::1/128", "fe80::/10", "ff00::/8", NULL },
};

static const struct proof_set *routed(struct proof_space *space)
{
	const struct proof_set *set = space->all.axes[AXIS_TO];

	for (const char *const *text = unrouted[space->family == AF_INET6]; *text; text++) {
		struct prefix prefix;

		if (prefix_parse(*text, &prefix) == 0)
			set = proof_set_without(space->sets, set,
						proof_set_prefix(space->sets, &prefix));
	}
	return set;
}

/* Addresses that are gathered before they become a set: one set after the other would cost n times n. */
struct gathered {
	struct proof_range *items;
	size_t count, room;
};

static void gather(struct gathered *gathered, const struct proof_space *space,
		   const struct prefix *prefix)
{
	if (prefix->family == space->family)
		*VEC_PUSH(gathered) = proof_range_of(prefix);
}

static void gather_address(struct gathered *gathered, const struct proof_space *space,
			   const struct address *address)
{
	struct prefix whole = prefix_of_address(address);

	gather(gathered, space, &whole);
}

static int by_first(const void *a, const void *b)
{
	const struct proof_range *x = a, *y = b;

	return x->first < y->first ? -1 : x->first > y->first;
}

static const struct proof_set *gathered_set(struct gathered *gathered, struct proof_space *space)
{
	const struct proof_set *set;

	if (gathered->count)
		qsort(gathered->items, gathered->count, sizeof(*gathered->items), by_first);
	set = proof_set_of(space->sets, gathered->items, gathered->count);
	VEC_FREE(gathered);
	return set;
}

/* The unspecified address, what table local has as local, and the addresses of the links. */
static const struct proof_set *own_sources(struct proof_space *space)
{
	struct gathered own = { 0 };

	VEC_PUSH(&own); /* zeros: none yet */
	STATE_EACH(space->state, OBJECT_ADDRESS, const struct host_address, address) {
		struct address plain = prefix_address(&address->prefix);

		gather_address(&own, space, &plain);
	}
	STATE_EACH(space->state, OBJECT_ROUTE, const struct host_route, route) {
		if (route->type == RTN_LOCAL)
			gather(&own, space, &route->to);
	}
	return gathered_set(&own, space);
}

static bool names_link(const struct proof_space *space, const struct proof_claim *claim,
		       uint32_t index)
{
	const struct host_link *link = state_link(space->state, index);

	for (size_t i = 0; link && i < claim->link_count; i++)
		if (!strcmp(claim->links[i], link->name))
			return true;
	return false;
}

/*
 * What the kernel may choose as the source of a packet that leaves by a link of the claim: an address
 * of the link, or the one that the route says; without any, one of another link.
 */
static const struct proof_set *begun_sources(struct proof_space *space,
					     const struct proof_scope *scope,
					     const struct proof_claim *claim)
{
	struct gathered begun = { 0 };

	VEC_PUSH(&begun); /* zeros: none yet */
	STATE_EACH(space->state, OBJECT_ADDRESS, const struct host_address, address) {
		struct address plain = prefix_address(&address->prefix);

		if (names_link(space, claim, address->link))
			gather_address(&begun, space, &plain);
	}
	if (begun.count == 1) {
		VEC_FREE(&begun);
		return scope->own;
	}
	STATE_EACH(space->state, OBJECT_ROUTE, const struct host_route, route) {
		if (route->source.family && route->type == RTN_UNICAST &&
		    names_link(space, claim, route->link))
			gather_address(&begun, space, &route->source);
	}
	return gathered_set(&begun, space);
}

/* The value of a setting; @otherwise when it is not told. */
static bool setting(const struct proof_space *space, const char *name, bool otherwise)
{
	struct host_sysctl like = { 0 };
	const struct host_sysctl *found;

	snprintf(like.name, sizeof(like.name), "%s", name);
	found = state_find(space->state, OBJECT_SYSCTL, &like);
	return found ? strcmp(found->value, "0") != 0 : otherwise;
}

/* IPv4 asks the link, or its VRF; IPv6, for all its settings of links, the one of all. */
static bool forwards(const struct proof_space *space, const struct host_link *link)
{
	const struct host_link *vrf = proof_slot_vrf(space, link);
	char name[128];

	if (space->family == AF_INET6)
		return setting(space, "net/ipv6/conf/all/forwarding", true);
	snprintf(name, sizeof(name), "net/ipv4/conf/%s/forwarding", vrf ? vrf->name : link->name);
	return setting(space, name, true);
}

/* Whether a packet with an address of this host may come in: IPv4 refuses it, if nobody asked for it. */
static bool accepts_own(const struct proof_space *space)
{
	static const char start[] = "net/ipv4/conf/", end[] = "/accept_local";

	if (space->family == AF_INET6)
		return true;
	STATE_EACH(space->state, OBJECT_SYSCTL, const struct host_sysctl, sysctl) {
		size_t length = strlen(sysctl->name);

		if (!strncmp(sysctl->name, start, strlen(start)) && length > strlen(end) &&
		    !strcmp(sysctl->name + length - strlen(end), end) &&
		    strcmp(sysctl->value, "0") != 0)
			return true;
	}
	return false;
}

/* Not by lo, and not by the member of a bond or bridge: it comes in by that. */
static bool receives(const struct proof_space *space, const struct host_link *link)
{
	return strcmp(link->name, "lo") != 0 && (!link->master || proof_slot_vrf(space, link));
}

void proof_scope_of(struct proof_space *space, struct proof_scope *ret_scope)
{
	struct proof_range *ranges =
		mem_alloc((state_count(space->state, OBJECT_LINK) + 1) * sizeof(*ranges));
	size_t count = 0;

	ret_scope->sources = ret_scope->destinations = routed(space);
	ret_scope->own = own_sources(space);
	if (!accepts_own(space))
		ret_scope->sources = proof_set_without(space->sets, ret_scope->sources,
						       ret_scope->own);
	for (uint32_t slot = 1; proof_slot_link(space, slot); slot++)
		if (receives(space, proof_slot_link(space, slot)))
			ranges[count++] = (struct proof_range){ slot, slot };
	ret_scope->links = proof_set_of(space->sets, ranges, count);
	for (size_t i = count = 0; proof_slot_link(space, (uint32_t)i + 1); i++)
		if (forwards(space, proof_slot_link(space, (uint32_t)i + 1)))
			ranges[count++] = (struct proof_range){ i + 1, i + 1 };
	ret_scope->forwarding = proof_set_and(space->sets, ret_scope->links,
					      proof_set_of(space->sets, ranges, count));
	mem_freep(&ranges);
}

/* What of @set a claim with @prefix means. */
static const struct proof_set *narrowed(struct proof_space *space, const struct proof_set *set,
					const struct prefix *prefix)
{
	if (!prefix->family)
		return set;
	return prefix->family != space->family ?
		       space->none :
		       proof_set_and(space->sets, set, proof_set_prefix(space->sets, prefix));
}

static bool says_nothing(struct proof_finding *finding, const char *format, const char *what)
{
	finding->result = PROOF_EMPTY;
	snprintf(finding->why, sizeof(finding->why), format, what);
	return false;
}

/* Where the packets come from: the host, or which links. */
static bool scope_in(struct proof_space *space, const struct proof_scope *scope,
		     const struct proof_claim *claim, struct proof_cube *cube,
		     struct proof_finding *finding)
{
	const struct host_link *link = state_link_named(space->state, claim->in);
	const struct proof_set *in = scope->links;

	if (link && link->type != LINK_VRF && strcmp(claim->in, "lo") != 0)
		in = proof_slot_set(space, link->index);
	else if (claim->in[0])
		in = proof_slots_named(space, claim->in);
	if (!in->count)
		return says_nothing(finding, "link %s does not exist",
				    claim->in[0] ? claim->in : "but lo");
	if (link && !receives(space, link) && strcmp(claim->in, "lo") != 0)
		return says_nothing(finding, "%s is a member of another link: nothing comes in there",
				    claim->in);
	if (!strcmp(claim->in, "lo")) {
		cube->axes[AXIS_IN] = in;
		cube->axes[AXIS_FROM] = claim->begun ? begun_sources(space, scope, claim) :
						       scope->own;
		cube->axes[AXIS_UID] = proof_span_set(space, AXIS_UID, claim->uid);
		return true;
	}
	cube->axes[AXIS_IN] = claim->says == PROOF_REACHES ?
				      in :
				      proof_set_and(space->sets, in, scope->forwarding);
	cube->axes[AXIS_FROM] = scope->sources;
	/* What is forwarded belongs to nobody, which counts as root. */
	cube->axes[AXIS_UID] = proof_set_range(space->sets, 0, 0);
	return true;
}

bool proof_scope_claim(struct proof_space *space, const struct proof_scope *scope,
		       const struct proof_claim *claim, struct proof_cube *ret_cube,
		       struct proof_finding *finding)
{
	struct proof_cube cube = space->all;
	char text[ADDRESS_TEXT_SIZE];

	if (!scope_in(space, scope, claim, &cube, finding))
		return false;
	cube.axes[AXIS_FROM] = narrowed(space, cube.axes[AXIS_FROM], &claim->from);
	cube.axes[AXIS_TO] = narrowed(space, scope->destinations, &claim->to);
	if (claim->mask)
		cube.axes[AXIS_MARK] = proof_mark_set(space, claim->mark, claim->mask);
	if (claim->ip_protocol)
		cube.axes[AXIS_PROTOCOL] = proof_set_range(space->sets, claim->ip_protocol,
							   claim->ip_protocol);
	cube.axes[AXIS_SPORT] = proof_span_set(space, AXIS_SPORT, claim->sport);
	cube.axes[AXIS_DPORT] = proof_span_set(space, AXIS_DPORT, claim->dport);
	*ret_cube = cube;
	if (!cube.axes[AXIS_TO]->count)
		return says_nothing(finding, "nothing is routed to %s",
				    prefix_text(&claim->to, text));
	if (!cube.axes[AXIS_FROM]->count)
		return says_nothing(finding, "nothing comes from %s",
				    prefix_text(&claim->from, text));
	return true;
}
