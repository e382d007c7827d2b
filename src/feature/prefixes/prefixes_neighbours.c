/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Claims that the upstream takes for on-link: what answers for them, link by link. All claims of a link
 * share one responder. What is excepted, and what the link itself has, is passed to the kernel in
 * silence: its owner answers, and nobody speaks for a neighbour that lives.
 */
#include "feature/prefixes/prefixes.h"

#include "bpf/neighbours.h"
#include "feature/reception.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A claim on one of its links. */
struct claimed {
	const char *link;
	unsigned claim;
	struct place place;
};

struct claimed_list {
	VEC(struct claimed) items; /* by link, then claim */
};

#define PLACE(record, member) CONFIG_PLACE(record, claim_fields, struct claim, member)

static int claimed_order(const void *a, const void *b)
{
	const struct claimed *first = a, *second = b;
	int r = strcmp(first->link, second->link);

	return r ? r : (first->claim > second->claim) - (first->claim < second->claim);
}

static const struct claim *claim_at(const struct config_list *claims, unsigned index)
{
	return (const struct claim *)claims->items + index;
}

static void collect(const struct config_list *claims, const bool *refused,
		    struct claimed_list *ret_list)
{
	for (unsigned i = 0; i < claims->count; i++) {
		const struct config_list *links = &claim_at(claims, i)->neighbours;
		const char *const *names = links->items;

		for (unsigned j = 0; j < links->count && !(refused && refused[i]); j++)
			*VEC_PUSH(&ret_list->items) = (struct claimed){ names[j], i,
									links->places[j] };
	}
	if (ret_list->items.count)
		qsort(ret_list->items.items, ret_list->items.count, sizeof(struct claimed),
		      claimed_order);
}

/* How many of the list, from @first on, are on its link. */
static size_t count_on_link(const struct claimed_list *list, size_t first)
{
	size_t end = first;

	while (end < list->items.count &&
	       !strcmp(list->items.items[end].link, list->items.items[first].link))
		end++;
	return end - first;
}

static void check_idle(const struct claim *claim, struct diags *diags)
{
	static const struct {
		const char *key;
		size_t offset;
		bool ipv6;
	} keys[] = {
		{ "override", offsetof(struct claim, override), true },
		{ "source", offsetof(struct claim, source), true },
		{ "responder", offsetof(struct claim, responder), false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		struct place at = config_place(claim, claim_fields, keys[i].offset);

		/* The place of the claim itself: it was not given. */
		if (at.line == claim->record.place.line && at.column == claim->record.place.column)
			continue;
		if (!claim->neighbours.count)
			diag_at(diags, at, -EINVAL,
				"'%s' says how `neighbours` are answered, of which there are none; "
				"add the links, or leave it out",
				keys[i].key);
		else if (keys[i].ipv6 && claim->prefix.family == AF_INET)
			diag_at(diags, at, -EINVAL,
				"'%s' is for IPv6 claims: ARP knows no such thing; leave it out",
				keys[i].key);
	}
}

static void check_on_link(const struct config_list *claims, const struct claimed *on_link,
			  size_t count, struct diags *diags)
{
	const struct claim *first = claim_at(claims, on_link[0].claim);

	if (!strcmp(on_link[0].link, "lo"))
		diag_at(diags, on_link[0].place, -EINVAL,
			"nobody asks on lo; name the link that leads to the upstream router");
	for (size_t i = 1; i < count; i++) {
		const struct claim *claim = claim_at(claims, on_link[i].claim);

		if (on_link[i].claim == on_link[i - 1].claim)
			diag_between(diags, on_link[i].place, on_link[i - 1].place, -EINVAL,
				     "%s stands twice; leave one of them out", on_link[i].link);
		if (claim->responder != first->responder)
			diag_between(diags, PLACE(claim, responder), PLACE(first, responder), -EINVAL,
				     "one responder answers for all claims on %s; write the same "
				     "`responder` for each of them",
				     on_link[i].link);
	}
}

void claims_check_neighbours(const struct config_list *claims, struct diags *diags)
{
	struct claimed_list list = { 0 };
	size_t count;

	for (unsigned i = 0; i < claims->count; i++)
		check_idle(claim_at(claims, i), diags);
	collect(claims, NULL, &list);
	for (size_t i = 0; i < list.items.count; i += count) {
		count = count_on_link(&list, i);
		check_on_link(claims, &list.items.items[i], count, diags);
	}
	VEC_FREE(&list.items);
}

static uint8_t flags_of(const struct claim *claim)
{
	if (claim->prefix.family == AF_INET)
		return 0;
	return (uint8_t)((claim->override ? NEIGHBOURS_OVERRIDE : 0) |
			 (claim->source == SOURCE_TARGET ? NEIGHBOURS_TARGET_SOURCE : 0));
}

static void desire_answer(struct desired *desired, const struct claimed *at, uint32_t link,
			  const struct claim *claim)
{
	struct host_answer answer = { .link = link,
				      .prefix = claim->prefix,
				      .verdict = NEIGHBOURS_ANSWER,
				      .flags = flags_of(claim) };

	desire_object(desired, OBJECT_ANSWER, at->place, &answer);
}

static void desire_silence(struct desired *desired, struct place place, uint32_t link,
			   const struct prefix *prefix)
{
	struct host_answer answer = { .link = link, .prefix = *prefix, .verdict = NEIGHBOURS_SILENT };

	desire_object(desired, OBJECT_ANSWER, place, &answer);
}

static void pass_exceptions(struct desired *desired, const struct claimed *at, uint32_t link,
			    const struct exceptions *exceptions)
{
	const struct exception *items = exceptions->items.items;
	size_t low = 0, high = exceptions->items.count;

	/* They are sorted by claim. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (items[middle].claim < at->claim)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < exceptions->items.count && items[low].claim == at->claim; low++)
		desire_silence(desired, items[low].place, link, &items[low].route.to);
}

/* Of a link that has a claim's own prefix as an address (a /128) nothing else is left to be said. */
static void pass_own(struct desired *desired, const struct claimed *at, uint32_t link,
		     const struct claim *claim, const struct state *state)
{
	STATE_EACH(state, OBJECT_ADDRESS, const struct host_address, address) {
		struct address own = prefix_address(&address->prefix);
		struct prefix alone = prefix_of_address(&own);

		if (address->link == link && prefix_holds(&claim->prefix, &own) &&
		    prefix_compare(&alone, &claim->prefix) != 0)
			desire_silence(desired, at->place, link, &alone);
	}
}

static bool says_yes(const struct state *state, const char *link)
{
	struct host_sysctl like = { 0 };

	snprintf(like.name, sizeof(like.name), "net/ipv6/conf/%s/forwarding", link);
	STATE_EACH(state, OBJECT_SYSCTL, const struct host_sysctl, sysctl)
		if (!strcmp(sysctl->name, like.name))
			return atoi(sysctl->value);
	return false;
}

/* As the kernel would say of its own addresses there (RFC 4861, 4.4). */
static bool is_router(const struct desired *desired, const struct facts *facts, const char *link)
{
	return says_yes(facts->observed, link) || says_yes(&desired->state, link) ||
	       says_yes(&desired->state, "all");
}

/* All claims of one link. */
struct on_link {
	const struct config_list *claims;
	const struct exceptions *exceptions;
	const struct facts *facts;
	const struct claimed *items;
	size_t count;
};

static void desire_answers(const struct on_link *on_link, uint32_t link, struct desired *desired)
{
	struct reception reception = { on_link->items[0].place, link, NULL, 0 };
	AUTO_MEM struct prefix *heard = mem_alloc(on_link->count * sizeof(*heard));

	for (size_t i = 0; i < on_link->count; i++) {
		const struct claimed *at = &on_link->items[i];
		const struct claim *claim = claim_at(on_link->claims, at->claim);

		desire_answer(desired, at, link, claim);
		pass_exceptions(desired, at, link, on_link->exceptions);
		pass_own(desired, at, link, claim, on_link->facts->observed);
		pass_own(desired, at, link, claim, &desired->state);
		heard[reception.count++] = claim->prefix;
	}
	reception.prefixes = heard;
	desire_reception(desired, on_link->facts, &reception);
}

static void desire_on_link(const struct on_link *on_link, struct desired *desired)
{
	const struct claimed *first = &on_link->items[0];
	const struct host_link *link = desired_link(desired, on_link->facts, first->link);
	const struct claim *claim = claim_at(on_link->claims, first->claim);
	struct host_responder responder = { 0 };

	if (!link) {
		desire_pending(desired, first->place,
			       "neighbours on %s are not answered, since it does not exist now",
			       first->link);
		return;
	}
	responder.link = link->index;
	responder.way = (uint8_t)claim->responder;
	responder.router = is_router(desired, on_link->facts, first->link);
	desire_answers(on_link, responder.link, desired);
	desire_object(desired, OBJECT_RESPONDER, first->place, &responder);
}

void claims_desire_neighbours(const struct config_list *claims, const bool *refused,
			      const struct exceptions *exceptions, const struct facts *facts,
			      struct desired *desired)
{
	struct on_link on_link = { .claims = claims, .exceptions = exceptions, .facts = facts };
	struct claimed_list list = { 0 };

	collect(claims, refused, &list);
	for (size_t i = 0; i < list.items.count; i += on_link.count) {
		on_link.items = &list.items.items[i];
		on_link.count = count_on_link(&list, i);
		desire_on_link(&on_link, desired);
	}
	VEC_FREE(&list.items);
}
