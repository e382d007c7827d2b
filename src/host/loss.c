/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The plan is carried out on paper, the kernel's own deeds are foreseen, and what is somebody else's in
 * the host as it is and not in the host as it will be is told. Not told: what is nobody's choice
 * (local and broadcast routes, link-local addresses), and the connected network of an address of ours.
 */
#include "host/loss.h"

#include "host/codec.h"
#include "host/foresee.h"
#include "host/inside.h"
#include "host/link_made.h"
#include "host/paper.h"
#include "host/protocols.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PROTOCOLS 256

void losses_free(struct losses *losses)
{
	for (size_t i = 0; i < losses->items.count; i++) {
		mem_freep(&losses->items.items[i].text);
		text_free(&losses->items.items[i].objects);
	}
	VEC_FREE(&losses->items);
}

/* The host before and after, and the link that is looked at. */
struct search {
	const struct state *observed, *after;
	const struct plan *plan;
	const struct host_link *link;
	enum link_end end;
	bool anew; /* it is deleted and made again with its index */
	struct text *objects;
	size_t count;
};

static void note(struct search *search, enum object_kind kind, const void *object)
{
	if (search->count++ >= LOSS_SHOWN)
		return;
	object_print(kind, object, search->observed, search->objects);
	text_puts(search->objects, "\n");
}

static bool is_ours(const void *object)
{
	return ((const struct object *)object)->ours;
}

/* Of twins the very same. */
static bool is_in(const struct state *state, enum object_kind kind, const void *object)
{
	const struct kind *of = kind_of(kind);
	size_t count = state_count(state, kind);

	for (size_t i = state_lower_bound(state, kind, object); i < count; i++) {
		const void *other = state_at(state, kind, i);

		if (kind_compare(of, other, object) != 0)
			return false;
		if (kind_identical(of, other, object))
			return true;
	}
	return false;
}

static bool is_of_our_address(const struct state *observed, const struct host_route *route)
{
	if (route->protocol != RTPROT_KERNEL)
		return false;
	STATE_EACH(observed, OBJECT_ADDRESS, const struct host_address, address) {
		struct prefix network = prefix_clean(&address->prefix);

		if (address->link == route->link && is_ours(address) &&
		    prefix_compare(&network, &route->to) == 0)
			return true;
	}
	return false;
}

/* Of a link that goes on the kernel's own routes only move: to the table of a VRF. */
static bool is_small_change(const struct host_route *route, enum link_end end)
{
	struct address to = prefix_address(&route->to);

	if (route->protocol != RTPROT_KERNEL)
		return false;
	return end == LINK_GOES_ON || route->type != RTN_UNICAST || address_is_multicast(&to) ||
	       address_is_link_local(&to);
}

static void count_routes(struct search *search, size_t by_protocol[PROTOCOLS])
{
	STATE_EACH(search->observed, OBJECT_ROUTE, const struct host_route, route)
		if (route->link == search->link->index && !is_ours(route) &&
		    !is_small_change(route, search->end) &&
		    !is_in(search->after, OBJECT_ROUTE, route) &&
		    !is_of_our_address(search->observed, route)) {
			by_protocol[route->protocol]++;
			note(search, OBJECT_ROUTE, route);
		}
}

static size_t count_addresses(struct search *search, uint8_t family)
{
	size_t count = 0;

	STATE_EACH(search->observed, OBJECT_ADDRESS, const struct host_address, address) {
		struct address own = prefix_address(&address->prefix);

		if (address->link != search->link->index || own.family != family || is_ours(address) ||
		    address_is_link_local(&own) || is_in(search->after, OBJECT_ADDRESS, address))
			continue;
		count++;
		note(search, OBJECT_ADDRESS, address);
	}
	return count;
}

static size_t count_nexthops(struct search *search)
{
	size_t count = 0;

	STATE_EACH(search->observed, OBJECT_NEXTHOP, const struct host_nexthop, nexthop)
		if (nexthop->link == search->link->index && !is_ours(nexthop) &&
		    search->end != LINK_GOES_ON &&
		    (search->end != LINK_SHRINKS || nexthop->family == AF_INET6)) {
			count++;
			note(search, OBJECT_NEXTHOP, nexthop);
		}
	return count;
}

/* Those that stand on a link vanish with it, also when it is made anew. */
static size_t count_links(struct search *search)
{
	size_t count = 0;

	if (search->end != LINK_GOES && !search->anew)
		return 0;
	STATE_EACH(search->observed, OBJECT_LINK, const struct host_link, link)
		if ((link->type == LINK_VLAN || link->type == LINK_MACVLAN) &&
		    link->parent == search->link->index && !link_is_made(link)) {
			count++;
			note(search, OBJECT_LINK, link);
		}
	return count;
}

/* The parts of one sentence: "1 link, 2 routes (kernel, static) and 1 IPv6 address". */
struct sentence {
	char *parts[5];
	unsigned count;
	size_t things;
};

static void say(struct sentence *sentence, size_t count, const char *what, const char *plural,
		const char *more)
{
	const char *whose = sentence->count ? "" : "foreign ";

	if (!count)
		return;
	sentence->parts[sentence->count++] = mem_printf("%zu %s%s%s%s", count, whose, what,
							count == 1 ? "" : plural, more);
	sentence->things += count;
}

static const char *protocol_word(unsigned protocol, char number[8])
{
	for (const struct word *word = route_protocols; word->text; word++)
		if (word->value == protocol)
			return word->text;
	snprintf(number, 8, "%u", protocol);
	return number;
}

static void say_routes(struct sentence *sentence, const size_t by_protocol[PROTOCOLS])
{
	AUTO_TEXT protocols = { 0 };
	size_t count = 0;
	char number[8];

	for (unsigned i = 0; i < PROTOCOLS; i++) {
		if (!by_protocol[i])
			continue;
		text_printf(&protocols, "%s%s", count ? ", " : " (", protocol_word(i, number));
		count += by_protocol[i];
	}
	text_puts(&protocols, ")");
	say(sentence, count, "route", "s", text_string(&protocols));
}

static void say_what_becomes(const struct search *search, struct text *text)
{
	const struct host_link *new = state_link(search->after, search->link->index);
	const struct host_link *bond = new ? state_link(search->after, new->master) : NULL;

	text_printf(text, "%s ", search->link->name);
	switch (search->end) {
	case LINK_GOES:
		text_puts(text, "is deleted");
		break;
	case LINK_GOES_DOWN:
		text_puts(text, "goes down");
		break;
	case LINK_JOINS_BOND:
		text_printf(text, "becomes a member of %s", bond ? bond->name : "a bond");
		break;
	case LINK_SHRINKS:
		text_printf(text, "gets an MTU of %u, too small for IPv6", new ? new->mtu : 0);
		break;
	case LINK_GOES_ON:
		text_puts(text, search->anew ? "is made anew" : "loses its last IPv4 address");
		break;
	}
}

static void finish(struct sentence *sentence, struct text *text)
{
	for (unsigned i = 0; i < sentence->count; i++) {
		text_printf(text, "%s%s",
			    !i			     ? ": " :
			    i + 1 == sentence->count ? " and " :
						       ", ",
			    sentence->parts[i]);
		mem_freep(&sentence->parts[i]);
	}
	text_printf(text, " %s with it", sentence->things == 1 ? "goes" : "go");
}

static bool is_made_anew(const struct plan *plan, uint32_t index)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct operation *operation = &plan->items[i];

		if (operation->kind == OBJECT_LINK && operation->type == OPERATION_CHANGE &&
		    ((const struct host_link *)operation->before)->index == index)
			return link_is_recreated(operation->before, operation->after);
	}
	return false;
}

static void look_at(const struct state *observed, const struct state *after,
		    const struct plan *plan, const struct host_link *link, struct losses *losses)
{
	struct text objects = { 0 };
	struct search search = { .observed = observed,
				 .after = after,
				 .plan = plan,
				 .link = link,
				 .end = link_ends(observed, after, link->index),
				 .anew = is_made_anew(plan, link->index),
				 .objects = &objects };
	size_t by_protocol[PROTOCOLS] = { 0 };
	struct sentence sentence = { 0 };
	AUTO_TEXT text = { 0 };
	struct loss *loss;

	say(&sentence, count_links(&search), "link", "s", "");
	count_routes(&search, by_protocol);
	say_routes(&sentence, by_protocol);
	say(&sentence, count_nexthops(&search), "next hop", "s", "");
	say(&sentence, count_addresses(&search, AF_INET), "IPv4 address", "es", "");
	say(&sentence, count_addresses(&search, AF_INET6), "IPv6 address", "es", "");
	if (!sentence.count)
		return;
	say_what_becomes(&search, &text);
	finish(&sentence, &text);
	loss = VEC_PUSH(&losses->items);
	*loss = (struct loss){ .link = link->index,
			       .text = mem_strdup(text_string(&text)),
			       .objects = objects };
	snprintf(loss->name, sizeof(loss->name), "%s", link->name);
}

#define KIND(kind) (1u << (kind))

/* The host as it will be, as far as it matters here. */
static void paper(const struct state *observed, const struct state *desired,
		  const struct plan *plan, struct state *ret_after)
{
	const struct object_set *routes = &observed->sets[OBJECT_ROUTE];

	state_after_of(KIND(OBJECT_LINK) | KIND(OBJECT_ADDRESS) | KIND(OBJECT_NEXTHOP), desired,
		       observed, plan, ret_after);
	for (size_t i = 0; i < routes->count; i++)
		set_push(&ret_after->sets[OBJECT_ROUTE], &route_kind, set_at(routes, &route_kind, i));
	ret_after->sets[OBJECT_ROUTE].sorted = true;
	state_foresee(observed, ret_after);
}

static void find(const struct state *observed, const struct state *desired, const struct plan *plan,
		 const struct link_list *links, struct losses *losses)
{
	struct state after;

	paper(observed, desired, plan, &after);
	for (size_t i = 0; i < links->count; i++) {
		const struct host_link *link = state_link(observed, links->items[i]);

		if (link)
			look_at(observed, &after, plan, link, losses);
	}
	state_free(&after);
}

void losses_find(const struct state *observed, const struct state *desired, const struct plan *plan,
		 struct losses *ret_losses)
{
	struct link_list links;

	*ret_losses = (struct losses){ 0 };
	links_disturbed(observed, plan->items, plan->count, &links);
	if (links.count)
		find(observed, desired, plan, &links, ret_losses);
	link_list_free(&links);
}

/* Where the routes of others go that are read. */
struct reading {
	const struct link_list *links;
	struct state *into;
};

static void take_route(void *data, const struct nlmsghdr *message)
{
	const struct reading *reading = data;
	union host_object object;

	if (message->nlmsg_type != RTM_NEWROUTE || !taken_link(message, reading->links) ||
	    !codec_decode(&route_kind, message, &object) || object.object.ours)
		return;
	state_add(reading->into, OBJECT_ROUTE, &object.route);
}

void host_losses(struct host *host, const struct state *desired, const struct plan *plan,
		 struct losses *ret_losses)
{
	struct state near = host->observed, routes = { 0 };
	struct link_list links;
	struct reading reading = { &links, &routes };

	*ret_losses = (struct losses){ 0 };
	links_disturbed(&host->observed, plan->items, plan->count, &links);
	if (links.count) {
		taken_read_routes(host, &links, take_route, &reading);
		state_sort_observed(&routes);
		near.sets[OBJECT_ROUTE] = routes.sets[OBJECT_ROUTE];
		find(&near, desired, plan, &links, ret_losses);
	}
	state_free(&routes);
	link_list_free(&links);
}
