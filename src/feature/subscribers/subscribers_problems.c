/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with subscribers: the same for those of the file, which are refused at their line,
 * and for what somebody decides by hand, which is refused in one sentence.
 */
#include "feature/subscribers/subscribers_roster.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct finder {
	struct roster *roster;
	roster_problem_fn *told;
	void *data;
};

/* @problem has all but the text. */
static __attribute__((format(printf, 3, 4))) void tell(const struct finder *finder,
						       struct roster_problem problem,
						       const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	problem.text = text;
	finder->told(finder->data, &problem);
}

static struct subscriber *subscriber_at(const struct finder *finder, uint32_t index)
{
	return &finder->roster->subscribers.items[index];
}

static bool is_there(const struct finder *finder, uint32_t index)
{
	return index != NOBODY && !subscriber_at(finder, index)->left_out;
}

static void find_names(const struct finder *finder)
{
	struct subscriber *items = finder->roster->subscribers.items;

	for (size_t i = 1; i < finder->roster->subscribers.count; i++)
		if (!items[i].left_out && !items[i - 1].left_out &&
		    !strcmp(items[i].name, items[i - 1].name))
			tell(finder,
			     (struct roster_problem){ &items[i], &items[i - 1], items[i].place,
						      items[i - 1].place, NULL },
			     "two subscribers are named '%s'; give one of them another name "
			     "(addresses without a name are a subscriber named like the port)",
			     items[i].name);
}

/* The first network of a family, as people write it; "" = there is none. */
static const char *a_network(const struct subscribers_config *config, uint8_t family,
			     char text[ADDRESS_TEXT_SIZE])
{
	const struct prefix *gateway = config->gateways.items;

	for (unsigned i = 0; i < config->gateways.count; i++) {
		struct prefix network = prefix_clean(&gateway[i]);
		struct address address = prefix_address(&network);

		if (gateway[i].family == family && !address_is_link_local(&address))
			return prefix_text(&network, text);
	}
	return "";
}

static bool is_last(const struct prefix *network, const struct address *address)
{
	for (unsigned bit = network->length; bit < 32; bit++)
		if (!(address->bytes[bit / 8] & (0x80 >> bit % 8)))
			return false;
	return true;
}

/* What @address of a network is instead of a subscriber's, as a format of both; NULL = it can be. */
static const char *unfit(const struct subscribers_config *config, const struct prefix *network,
			 const struct address *address)
{
	const struct prefix *gateway = config->gateways.items;
	struct address first = prefix_address(network);
	bool v4 = network->family == AF_INET;

	for (unsigned i = 0; i < config->gateways.count; i++) {
		struct address own = prefix_address(&gateway[i]);

		if (address_equal(&own, address))
			return "%s is the gateway of %s; write another address of it";
	}
	if (network->length >= address_bits(network->family) - 1)
		return NULL;
	if (address_equal(&first, address))
		return v4 ? "%s stands for the network %s itself; write another address of it" :
			    "%s means any router of %s (RFC 4291, 2.6.1); write another address of "
			    "it";
	return v4 && is_last(network, address) ?
		       "%s is the broadcast address of %s; write another address of it" :
		       NULL;
}

static void find_in_address(const struct finder *finder, const struct roster_address *item)
{
	const struct subscribers_config *config = finder->roster->config;
	struct roster_problem problem = { .one = subscriber_at(finder, item->subscriber),
					  .at = item->place };
	int index = roster_network(config, &item->address);
	char text[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE];
	struct prefix network;
	const char *reason;

	address_text(&item->address, text);
	if (index < 0) {
		const char *some = a_network(config, item->address.family, other);

		tell(finder, problem,
		     "%s lies in no network of `gateway`; write an address of one%s%s%s, "
		     "or add its gateway",
		     text, *some ? " (" : "", some, *some ? ")" : "");
		return;
	}
	network = prefix_clean((const struct prefix *)config->gateways.items + index);
	reason = unfit(config, &network, &item->address);
	if (reason)
		tell(finder, problem, reason, text, prefix_text(&network, other));
}

/* What no subscriber's prefix may touch. */
static const struct {
	const char *prefix, *reason;
} absurd[] = {
	{ "0.0.0.0/8", "it means \"this network\" (RFC 1122, 3.2.1.3)" },
	{ "127.0.0.0/8", "it never leaves a host (RFC 1122, 3.2.1.3)" },
	{ "169.254.0.0/16", "link-local addresses are not routed (RFC 3927)" },
	{ "224.0.0.0/4", "it holds groups, not hosts (RFC 5771)" },
	{ "255.255.255.255/32", "it is the broadcast address (RFC 919)" },
	{ "::/127", "it holds the unspecified and the loopback address (RFC 4291, 2.5)" },
	{ "::ffff:0:0/96", "IPv4-mapped addresses never travel (RFC 4291, 2.5.5.2)" },
	{ "fe80::/10", "link-local addresses are not routed (RFC 4291, 2.5.6)" },
	{ "ff00::/8", "it holds groups, not hosts (RFC 4291, 2.7)" },
};

static void find_in_prefix(const struct finder *finder, struct roster_prefix *item)
{
	const struct subscribers_config *config = finder->roster->config;
	const struct prefix *gateway = config->gateways.items;
	struct roster_problem problem = { .one = subscriber_at(finder, item->subscriber),
					  .at = item->place };
	char text[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE];
	struct prefix bad;

	prefix_text(&item->prefix, text);
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++)
		if (prefix_parse(absurd[i].prefix, &bad) == 0 &&
		    prefix_overlaps(&bad, &item->prefix)) {
			item->impossible = true;
			tell(finder, problem, "%s cannot be a subscriber's, because of %s: %s; %s",
			     text, absurd[i].prefix, absurd[i].reason,
			     "write the prefix that is routed to it");
			return;
		}
	for (unsigned i = 0; i < config->gateways.count; i++) {
		struct prefix network = prefix_clean(&gateway[i]);

		if (!prefix_overlaps(&network, &item->prefix))
			continue;
		problem.other_at = config->gateways.places[i];
		item->impossible = true;
		tell(finder, problem,
		     "%s meets the network %s, of which subscribers have single addresses; "
		     "name these in `addresses`, or write another prefix",
		     text, prefix_text(&network, other));
		return;
	}
}

static void find_in_via(const struct finder *finder, struct subscriber *one)
{
	const struct subscribers_config *config = finder->roster->config;
	const struct prefix *gateway = config->gateways.items;
	const struct roster_prefix *prefix = &finder->roster->prefixes.items[one->first_prefix];
	struct roster_problem problem = { .one = one, .at = one->via_place };
	char text[ADDRESS_TEXT_SIZE];
	uint32_t i = 0;

	address_text(&one->via, text);
	if (one->via.family != AF_INET6 || !address_is_link_local(&one->via)) {
		tell(finder, problem,
		     "%s is no link-local address; write the one of the subscriber's router on "
		     "this "
		     "port, such as fe80::7",
		     text);
		return;
	}
	while (i < one->prefixes && prefix[i].prefix.family != AF_INET6)
		i++;
	if (i == one->prefixes)
		tell(finder, problem,
		     "no IPv6 prefix of %s leads to %s; name one in `prefixes`, or leave `via` out",
		     one->name, text);
	for (i = 0; i < config->gateways.count; i++) {
		struct address own = prefix_address(&gateway[i]);

		if (address_equal(&own, &one->via))
			tell(finder, problem,
			     "%s is the gateway; write the address of the subscriber's router", text);
	}
}

static void find_in_subscriber(const struct finder *finder, struct subscriber *one)
{
	static const uint8_t none[6];
	struct roster_problem problem = { .one = one, .at = one->place };
	char mac[MAC_TEXT_SIZE];

	if (!one->addresses && !one->prefixes)
		tell(finder, problem,
		     "%s has no address and no prefix; give it one, or leave it out", one->name);
	for (uint32_t i = 0; i < one->addresses; i++)
		find_in_address(finder, &finder->roster->addresses.items[one->first_address + i]);
	for (uint32_t i = 0; i < one->prefixes; i++)
		find_in_prefix(finder, &finder->roster->prefixes.items[one->first_prefix + i]);
	problem.at = one->mac_place;
	if (one->bound && one->mac[0] & 1)
		tell(finder, problem,
		     "%s is the address of a group, which sends nothing; write the one of the "
		     "subscriber's card",
		     mac_text(one->mac, mac));
	if (one->bound && !memcmp(one->mac, none, sizeof(none)))
		tell(finder, problem,
		     "no card has 00:00:00:00:00:00; write the address of the subscriber's card");
	if (one->via.family)
		find_in_via(finder, one);
}

static int by_place(struct place a, struct place b)
{
	int r = (a.file > b.file) - (a.file < b.file);

	r = r ? r : (a.line > b.line) - (a.line < b.line);
	return r ? r : (a.column > b.column) - (a.column < b.column);
}

/* Of equal ones the later one behind, since it is at fault: as decided, or in the order of the file. */
static int address_order(const void *a, const void *b)
{
	const struct roster_address *const *first = a, *const *second = b;
	int r = address_compare(&(*first)->address, &(*second)->address);

	r = r ? r : (int)(*first)->late - (int)(*second)->late;
	return r ? r : by_place((*first)->place, (*second)->place);
}

static int prefix_order(const void *a, const void *b)
{
	const struct roster_prefix *const *first = a, *const *second = b;
	int r = prefix_compare(&(*first)->prefix, &(*second)->prefix);

	r = r ? r : (int)(*first)->late - (int)(*second)->late;
	return r ? r : by_place((*first)->place, (*second)->place);
}

static void tell_taken(const struct finder *finder, const struct roster_address *item,
		       const struct roster_address *before)
{
	struct roster_problem problem = { subscriber_at(finder, item->subscriber),
					  subscriber_at(finder, before->subscriber), item->place,
					  before->place, NULL };
	char text[ADDRESS_TEXT_SIZE];

	address_text(&item->address, text);
	if (problem.one == problem.other)
		tell(finder, problem, "%s stands twice; leave one of them out", text);
	else
		tell(finder, problem, "%s belongs to subscriber '%s' already; give each its own",
		     text, problem.other->name);
}

static void find_taken_addresses(const struct finder *finder)
{
	struct roster_address *items = finder->roster->addresses.items;
	size_t all = finder->roster->addresses.count, count = 0;
	AUTO_MEM const struct roster_address **sorted = mem_alloc((all + 1) * sizeof(*sorted));

	for (size_t i = 0; i < all; i++)
		if (is_there(finder, items[i].subscriber))
			sorted[count++] = &items[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), address_order);
	for (size_t i = 1; i < count; i++)
		if (address_equal(&sorted[i]->address, &sorted[i - 1]->address))
			tell_taken(finder, sorted[i], sorted[i - 1]);
}

/* A prefix sorts right before everything inside it. */
static void find_taken_prefixes(const struct finder *finder)
{
	struct roster_prefix *items = finder->roster->prefixes.items;
	size_t all = finder->roster->prefixes.count, count = 0;
	AUTO_MEM const struct roster_prefix **sorted = mem_alloc((all + 1) * sizeof(*sorted));
	const struct roster_prefix *cover = NULL;
	char text[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < all; i++)
		if (!items[i].impossible && is_there(finder, items[i].subscriber))
			sorted[count++] = &items[i];
	if (count)
		qsort(sorted, count, sizeof(*sorted), prefix_order);
	for (size_t i = 0; i < count; i++) {
		if (!cover || !prefix_covers(&cover->prefix, &sorted[i]->prefix)) {
			cover = sorted[i];
			continue;
		}
		tell(finder,
		     (struct roster_problem){ subscriber_at(finder, sorted[i]->subscriber),
					      subscriber_at(finder, cover->subscriber),
					      sorted[i]->place, cover->place, NULL },
		     "%s lies in %s, which belongs to subscriber '%s' already; give each its own",
		     prefix_text(&sorted[i]->prefix, text), prefix_text(&cover->prefix, other),
		     subscriber_at(finder, cover->subscriber)->name);
	}
}

static int by_mac(const void *a, const void *b)
{
	struct subscriber *const *first = a, *const *second = b;
	int r = memcmp((*first)->mac, (*second)->mac, sizeof((*first)->mac));

	r = r ? r : strcmp((*first)->port, (*second)->port);
	r = r ? r : (int)(*first)->late - (int)(*second)->late;
	return r ? r : by_place((*first)->mac_place, (*second)->mac_place);
}

static int by_via(const void *a, const void *b)
{
	struct subscriber *const *first = a, *const *second = b;
	int r = address_compare(&(*first)->via, &(*second)->via);

	r = r ? r : strcmp((*first)->port, (*second)->port);
	r = r ? r : (int)(*first)->late - (int)(*second)->late;
	return r ? r : by_place((*first)->via_place, (*second)->via_place);
}

/* What tells subscribers of one port apart must not be another's, too. */
static void find_shared(const struct finder *finder, bool macs)
{
	size_t all = finder->roster->subscribers.count, count = 0;
	AUTO_MEM struct subscriber **sorted = mem_alloc((all + 1) * sizeof(*sorted));
	char text[ADDRESS_TEXT_SIZE];

	for (uint32_t i = 0; i < all; i++) {
		struct subscriber *one = subscriber_at(finder, i);

		if (!one->left_out && (macs ? one->bound : one->via.family != 0))
			sorted[count++] = one;
	}
	if (count)
		qsort(sorted, count, sizeof(*sorted), macs ? by_mac : by_via);
	for (size_t i = 1; i < count; i++) {
		struct subscriber *one = sorted[i], *other = sorted[i - 1];

		if (strcmp(one->port, other->port) != 0)
			continue;
		if (macs && !memcmp(one->mac, other->mac, sizeof(one->mac)))
			tell(finder,
			     (struct roster_problem){ one, other, one->mac_place, other->mac_place,
						      NULL },
			     "the MAC address of '%s' is that of '%s' on %s already, and would "
			     "tell "
			     "them apart no more; leave it out, or make one subscriber of the two",
			     one->name, other->name, one->port);
		if (!macs && address_equal(&one->via, &other->via))
			tell(finder,
			     (struct roster_problem){ one, other, one->via_place, other->via_place,
						      NULL },
			     "%s is the router of '%s' on %s already; write that of '%s'",
			     address_text(&one->via, text), other->name, one->port, one->name);
	}
}

void roster_problems(struct roster *roster, roster_problem_fn *told, void *data)
{
	const struct finder finder = { roster, told, data };

	find_names(&finder);
	for (uint32_t i = 0; i < roster->subscribers.count; i++)
		if (!roster->subscribers.items[i].left_out)
			find_in_subscriber(&finder, &roster->subscribers.items[i]);
	find_taken_addresses(&finder);
	find_taken_prefixes(&finder);
	find_shared(&finder, true);
	find_shared(&finder, false);
}

/* The one of the two that was decided by hand and has to give way. */
static struct subscriber *by_hand(const struct roster_problem *problem)
{
	if (problem->one->hand)
		return problem->one;
	return problem->other && problem->other->hand ? problem->other : NULL;
}

static void leave_out(void *data, const struct roster_problem *problem)
{
	struct subscriber *one = by_hand(problem);
	struct diags *diags = data;
	struct place at = place_known(problem->at) ? problem->at : problem->other_at;

	if (!one || one->left_out)
		return;
	one->left_out = true;
	diag_at(diags, at, -EINVAL,
		"%s ('%s' was decided by hand: `mhctl subscriber auto %s` takes that back)",
		problem->text, one->name, one->name);
}

void roster_judge_hands(struct roster *roster, struct diags *diags)
{
	roster_problems(roster, leave_out, diags);
}
