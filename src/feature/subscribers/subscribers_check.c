/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the file must not say: gateways, ports, and all that is wrong with subscribers. */
#include "feature/subscribers/subscribers_roster.h"

#include "feature/own.h"
#include "net/lpm.h"

#include "feature/own.h"
#include "net/lpm.h"

#include <errno.h>
#include <string.h>

static bool is_group(const struct prefix *prefix)
{
	struct address address = prefix_address(prefix);

	return address_is_multicast(&address);
}

/* Why it can be no gateway, with a way out; NULL = it can. */
static const char *gateway_trouble(const struct prefix *gateway)
{
	struct address own = prefix_address(gateway);
	struct prefix network = prefix_clean(gateway);
	bool v4 = gateway->family == AF_INET, last = v4;

	if (address_is_unspecified(&own))
		return "it is the unspecified address; write the one that the subscribers have for "
		       "their gateway";
	if (is_group(gateway) || (v4 && own.bytes[0] >= 240))
		return "no host has it; write the one that the subscribers have for their gateway";
	if (v4 && own.bytes[0] == 127)
		return "it never leaves a host; write the one that the subscribers have for their "
		       "gateway";
	if (gateway->length == address_bits(gateway->family))
		return "nobody else is in its network; write its length as the subscribers believe "
		       "in it, such as /24 or /64";
	if (gateway->length < (v4 ? 8 : 16))
		return "nobody holds a network of that size; write its length as the subscribers "
		       "believe in it, such as /24 or /64";
	for (unsigned bit = gateway->length; bit < 32 && v4; bit++)
		last &= (own.bytes[bit / 8] & (0x80 >> bit % 8)) != 0;
	if (gateway->length >= address_bits(gateway->family) - 1)
		return NULL;
	if (!memcmp(network.bytes, own.bytes, sizeof(own.bytes)))
		return "it is the network itself; write an address in it";
	return last ? "it is the broadcast address of its network; write another one" : NULL;
}

static void check_meeting(const struct subscribers_config *config, unsigned index, unsigned before,
			  struct diags *diags)
{
	const struct prefix *gateway = config->gateways.items;
	const struct prefix *one = &gateway[index], *other = &gateway[before];
	char text[ADDRESS_TEXT_SIZE], cover[ADDRESS_TEXT_SIZE];

	if (prefix_compare(one, other) == 0)
		diag_between(diags, config->gateways.places[index], config->gateways.places[before],
			     -EINVAL, "%s stands twice; leave one of them out",
			     prefix_text(one, text));
	else
		diag_between(
			diags, config->gateways.places[index], config->gateways.places[before],
			-EINVAL,
			"the network of %s meets that of %s; leave one of them out, or write the "
			"same length twice for two gateways of one network",
			prefix_text(one, text), prefix_text(other, cover));
}

/* Two gateways of one network are fine, one network in another is not. */
static bool is_meeting(const struct prefix *one, const struct prefix *other)
{
	return prefix_overlaps(one, other) &&
	       (one->length != other->length || prefix_compare(one, other) == 0);
}

static void check_gateways(const struct subscribers_config *config, struct diags *diags)
{
	const struct prefix *gateway = config->gateways.items;
	bool impossible[GATEWAYS_MAX] = { false };
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < config->gateways.count && i < GATEWAYS_MAX; i++) {
		const char *trouble = gateway_trouble(&gateway[i]);
		unsigned j = 0;

		impossible[i] = trouble;
		if (trouble)
			diag_at(diags, config->gateways.places[i], -EINVAL,
				"%s cannot be a gateway: %s", prefix_text(&gateway[i], text),
				trouble);
		while (j < i && (impossible[j] || !is_meeting(&gateway[i], &gateway[j])))
			j++;
		if (!trouble && j < i)
			check_meeting(config, i, j, diags);
	}
}

/* Says more than which addresses. */
static bool says_more(const struct subscriber_config *said)
{
	return said->mac.given || said->via.family || said->prefixes.count;
}

static void check_ports(const struct subscribers_config *config, struct diags *diags)
{
	const struct port_config *port = config->ports.items;

	for (unsigned i = 0; i < config->ports.count; i++) {
		const struct subscriber_config *said = port[i].subscribers.items, *first = NULL;

		if (!strcmp(port[i].name, "lo"))
			diag_at(diags, port[i].record.place, -EINVAL,
				"nobody is behind lo; name the link that leads to subscribers");
		for (unsigned j = 0; j < port[i].subscribers.count; j++) {
			if (said[j].name || !says_more(&said[j]))
				continue;
			if (first)
				diag_between(diags, said[j].record.place, first->record.place,
					     -EINVAL,
					     "two subscribers on %s have no name; "
					     "give one of them a `name`",
					     port[i].name);
			first = first ? first : &said[j];
		}
	}
}

static void refuse(void *data, const struct roster_problem *problem)
{
	diag_between(data, problem->at, problem->other_at, -EINVAL, "%s", problem->text);
}

void subscribers_check(const void *config, struct diags *diags)
{
	struct roster roster;

	check_gateways(config, diags);
	check_ports(config, diags);
	roster_build(config, NULL, &roster);
	roster_problems(&roster, refuse, diags);
	roster_free(&roster);
}

/* A link that is connected to a network would have Linux look for all of it there. */
static void check_network(const struct subscribers_config *config, const struct own *own,
			  struct diags *diags)
{
	const struct prefix *gateway = config->gateways.items;
	char text[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE], address[ADDRESS_TEXT_SIZE];
	struct address itself = prefix_address(&own->prefix);
	struct prefix connected = own->prefix;

	connected.length = own->network;
	connected = prefix_clean(&connected);
	for (unsigned i = 0; own->network && i < config->gateways.count; i++) {
		struct prefix network = prefix_clean(&gateway[i]);
		bool link_local = address_is_link_local(&itself);

		if (link_local || !prefix_overlaps(&network, &connected))
			continue;
		diag_between(
			diags, own->place, config->gateways.places[i], -EINVAL,
			"%s connects %s to %s, and so to the network %s of `subscribers`, which is "
			"on no link; write %s/%u, or leave it out",
			address_text(&itself, address), own->link, prefix_text(&connected, text),
			prefix_text(&network, other), address, own->prefix.length);
		return;
	}
}

struct beside {
	const struct own_list *own;
	const struct roster *roster;
	struct diags *diags;
};

static void refuse_own(const struct beside *beside, const struct prefix *theirs, struct place place,
		       const struct own *own, uint32_t subscriber)
{
	char text[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE];
	struct address address = prefix_address(theirs);
	bool whole = theirs->length == address_bits(theirs->family);

	diag_between(beside->diags, place, own->place, -EINVAL,
		     "%s cannot be of subscriber '%s': this host has %s for itself; "
		     "leave one of them out",
		     whole ? address_text(&address, text) : prefix_text(theirs, text),
		     beside->roster->subscribers.items[subscriber].name,
		     prefix_text(&own->prefix, other));
}

static void check_theirs(const struct beside *beside, const struct lpm *own_by_prefix)
{
	const struct roster *roster = beside->roster;
	const struct lpm_entry *found;

	for (size_t i = 0; i < roster->addresses.count; i++) {
		const struct roster_address *item = &roster->addresses.items[i];
		struct prefix alone = prefix_of_address(&item->address);

		found = lpm_find(own_by_prefix, &item->address);
		if (found)
			refuse_own(beside, &alone, item->place,
				   &beside->own->items.items[found->value], item->subscriber);
	}
	for (size_t i = 0; i < roster->prefixes.count; i++) {
		const struct roster_prefix *item = &roster->prefixes.items[i];

		found = lpm_find_cover(own_by_prefix, &item->prefix);
		if (found)
			refuse_own(beside, &item->prefix, item->place,
				   &beside->own->items.items[found->value], item->subscriber);
	}
}

/* What of this host lies within a prefix of a subscriber. */
static void check_within(const struct beside *beside)
{
	const struct roster *roster = beside->roster;
	AUTO_MEM struct lpm_entry *entries =
		mem_alloc((roster->prefixes.count + 1) * sizeof(*entries));
	struct lpm *by_prefix;

	for (uint32_t i = 0; i < roster->prefixes.count; i++)
		entries[i] = (struct lpm_entry){ roster->prefixes.items[i].prefix, i };
	by_prefix = lpm_new(entries, roster->prefixes.count);
	for (size_t i = 0; i < beside->own->items.count; i++) {
		const struct own *own = &beside->own->items.items[i];
		const struct lpm_entry *found = lpm_find_cover(by_prefix, &own->prefix);
		const struct roster_prefix *item = found ? &roster->prefixes.items[found->value] :
							   NULL;

		if (item && prefix_compare(&item->prefix, &own->prefix) != 0)
			refuse_own(beside, &item->prefix, item->place, own, item->subscriber);
	}
	lpm_free(by_prefix);
}

/*
 * A claim inside a network is an address of this host like the gateway, and fine; one that holds an
 * address of a subscriber is not.
 */
void subscribers_check_together(const struct config *all, const void *config, struct diags *diags)
{
	struct own_list own;
	struct roster roster;
	struct beside beside = { &own, &roster, diags };
	struct lpm_entry *entries;
	struct lpm *own_by_prefix;

	feature_own(all, &own);
	roster_build(config, NULL, &roster);
	entries = mem_alloc((own.items.count + 1) * sizeof(*entries));
	for (uint32_t i = 0; i < own.items.count; i++) {
		entries[i] = (struct lpm_entry){ own.items.items[i].prefix, i };
		check_network(config, &own.items.items[i], diags);
	}
	own_by_prefix = lpm_new(entries, own.items.count);
	check_theirs(&beside, own_by_prefix);
	check_within(&beside);
	lpm_free(own_by_prefix);
	mem_freep(&entries);
	roster_free(&roster);
	VEC_FREE(&own.items);
}
