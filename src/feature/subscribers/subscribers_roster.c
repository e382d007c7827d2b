/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who is there. What a port says without a name is one subscriber, named like the port; what was
 * decided by hand comes over the file. Everything is sorted and found by halving, since there may be
 * tens of thousands.
 */
#include "feature/subscribers/subscribers_roster.h"

#include "base/fnv.h"

#include <stdlib.h>
#include <string.h>

static void add_addresses(struct roster *roster, struct subscriber *subscriber,
			  const struct config_list *list)
{
	const struct address *addresses = list->items;

	for (unsigned i = 0; i < list->count; i++)
		*VEC_PUSH(&roster->addresses) = (struct roster_address){ addresses[i],
									 list->places[i], 0 };
	subscriber->addresses += list->count;
}

static void add_prefixes(struct roster *roster, struct subscriber *subscriber,
			 const struct config_list *list)
{
	const struct prefix *prefixes = list->items;

	for (unsigned i = 0; i < list->count; i++)
		*VEC_PUSH(&roster->prefixes) = (struct roster_prefix){ prefixes[i], list->places[i],
								       0 };
	subscriber->prefixes += list->count;
}

static void add_said(struct roster *roster, struct subscriber *subscriber,
		     const struct subscriber_config *said)
{
	add_addresses(roster, subscriber, &said->addresses);
	add_prefixes(roster, subscriber, &said->prefixes);
	if (said->mac.given && !subscriber->bound) {
		subscriber->bound = true;
		memcpy(subscriber->mac, said->mac.bytes, sizeof(subscriber->mac));
		subscriber->mac_place = CONFIG_PLACE(said, subscriber_fields,
						     struct subscriber_config, mac);
	}
	if (said->via.family && !subscriber->via.family) {
		subscriber->via = said->via;
		subscriber->via_place = CONFIG_PLACE(said, subscriber_fields,
						     struct subscriber_config, via);
	}
}

static struct subscriber begin(const struct roster *roster, const char *name, const char *port,
			       struct place place)
{
	return (struct subscriber){
		.name = name,
		.port = port,
		.place = place,
		.first_address = (uint32_t)roster->addresses.count,
		.first_prefix = (uint32_t)roster->prefixes.count,
	};
}

/* First what bears no name, together; then each that has one. */
static void add_port(struct roster *roster, const struct port_config *port)
{
	const struct subscriber_config *said = port->subscribers.items;
	struct subscriber own = begin(roster, port->name, port->name, (struct place){ 0 });
	unsigned unnamed = 0;

	*VEC_PUSH(&roster->ports) = (struct roster_port){ .name = port->name,
							  .place = port->record.place };
	for (unsigned i = 0; i < port->subscribers.count; i++) {
		if (said[i].name)
			continue;
		if (!unnamed++)
			own.place = said[i].record.place;
		add_said(roster, &own, &said[i]);
	}
	if (unnamed)
		*VEC_PUSH(&roster->subscribers) = own;
	for (unsigned i = 0; i < port->subscribers.count; i++) {
		struct subscriber named;

		if (!said[i].name)
			continue;
		named = begin(roster, said[i].name, port->name, said[i].record.place);
		add_said(roster, &named, &said[i]);
		*VEC_PUSH(&roster->subscribers) = named;
	}
}

static int by_place(struct place a, struct place b)
{
	int r = (a.file > b.file) - (a.file < b.file);

	r = r ? r : (a.line > b.line) - (a.line < b.line);
	return r ? r : (a.column > b.column) - (a.column < b.column);
}

/* Of one name in the order of the file. */
static int subscriber_order(const void *a, const void *b)
{
	const struct subscriber *first = a, *second = b;
	int r = strcmp(first->name, second->name);

	return r ? r : by_place(first->place, second->place);
}

static int port_order(const void *a, const void *b)
{
	return strcmp(((const struct roster_port *)a)->name, ((const struct roster_port *)b)->name);
}

static void sort_subscribers(struct roster *roster)
{
	if (roster->subscribers.count)
		qsort(roster->subscribers.items, roster->subscribers.count,
		      sizeof(struct subscriber), subscriber_order);
}

static void sort_ports(struct roster *roster)
{
	if (roster->ports.count)
		qsort(roster->ports.items, roster->ports.count, sizeof(struct roster_port),
		      port_order);
}

struct subscriber *roster_find(const struct roster *roster, const char *name)
{
	size_t low = 0, high = roster->subscribers.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (strcmp(roster->subscribers.items[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < roster->subscribers.count && !strcmp(roster->subscribers.items[low].name, name) ?
		       &roster->subscribers.items[low] :
		       NULL;
}

/* Among the first @count ports, which are sorted. */
static struct roster_port *port_among(const struct roster *roster, size_t count, const char *name)
{
	const struct roster_port like = { .name = name };

	return count ? bsearch(&like, roster->ports.items, count, sizeof(like), port_order) : NULL;
}

struct roster_port *roster_port(const struct roster *roster, const char *name)
{
	return port_among(roster, roster->ports.count, name);
}

static void add_by_hand(struct roster *roster, const struct subscriber_hand *hand)
{
	struct subscriber added = begin(roster, hand->name, hand->port, (struct place){ 0 });

	for (size_t i = 0; i < hand->addresses.count; i++)
		*VEC_PUSH(&roster->addresses) =
			(struct roster_address){ .address = hand->addresses.items[i] };
	for (size_t i = 0; i < hand->prefixes.count; i++)
		*VEC_PUSH(&roster->prefixes) =
			(struct roster_prefix){ .prefix = hand->prefixes.items[i] };
	added.addresses = (uint32_t)hand->addresses.count;
	added.prefixes = (uint32_t)hand->prefixes.count;
	added.hand = SUBSCRIBER_ADD;
	added.bound = hand->bound;
	memcpy(added.mac, hand->mac, sizeof(added.mac));
	added.via = hand->via;
	*VEC_PUSH(&roster->subscribers) = added;
}

/* What the file says of those that somebody decided upon; the list is still that of the file. */
static void change_by_hand(struct roster *roster, const struct subscriber_hands *hands)
{
	for (size_t i = 0; i < hands->items.count; i++) {
		const struct subscriber_hand *hand = &hands->items.items[i];
		struct subscriber *filed = roster_find(roster, hand->name);

		if (!filed)
			continue;
		filed->hand = (uint8_t)hand->what;
		filed->left_out = hand->what != SUBSCRIBER_MOVE;
		if (hand->what == SUBSCRIBER_MOVE)
			filed->port = hand->port;
	}
}

/* Takes out the subscribers of the file that others stand for now; the removed ones are shown. */
static void take_out_replaced(struct roster *roster)
{
	size_t kept = 0;

	for (size_t i = 0; i < roster->subscribers.count; i++)
		if (roster->subscribers.items[i].hand != SUBSCRIBER_ADD)
			roster->subscribers.items[kept++] = roster->subscribers.items[i];
	roster->subscribers.count = kept;
}

static void add_ports_by_hand(struct roster *roster, const struct subscriber_hands *hands)
{
	size_t before = roster->ports.count, kept;

	for (size_t i = 0; i < hands->items.count; i++) {
		const char *port = hands->items.items[i].port;

		if (port && !port_among(roster, before, port))
			*VEC_PUSH(&roster->ports) = (struct roster_port){ .name = port };
	}
	if (roster->ports.count == before)
		return;
	sort_ports(roster);
	kept = 1;
	for (size_t i = 1; i < roster->ports.count; i++)
		if (strcmp(roster->ports.items[i].name, roster->ports.items[kept - 1].name) != 0)
			roster->ports.items[kept++] = roster->ports.items[i];
	roster->ports.count = kept;
}

static void take_hands(struct roster *roster, const struct subscriber_hands *hands)
{
	change_by_hand(roster, hands);
	take_out_replaced(roster);
	for (size_t i = 0; i < hands->items.count; i++)
		if (hands->items.items[i].what == SUBSCRIBER_ADD)
			add_by_hand(roster, &hands->items.items[i]);
	sort_subscribers(roster);
	add_ports_by_hand(roster, hands);
}

/* What a subscriber has knows whose it is, and how late that was said. */
static void set_late(struct roster *roster, uint32_t index, uint8_t late)
{
	struct subscriber *one = &roster->subscribers.items[index];

	one->late = late;
	for (uint32_t i = 0; i < one->addresses; i++) {
		roster->addresses.items[one->first_address + i].subscriber = index;
		roster->addresses.items[one->first_address + i].late = late;
	}
	for (uint32_t i = 0; i < one->prefixes; i++) {
		roster->prefixes.items[one->first_prefix + i].subscriber = index;
		roster->prefixes.items[one->first_prefix + i].late = late;
	}
}

void roster_build(const struct subscribers_config *config, const struct subscriber_hands *hands,
		  struct roster *ret_roster)
{
	const struct port_config *port = config->ports.items;

	*ret_roster = (struct roster){ .config = config };
	for (unsigned i = 0; i < config->ports.count; i++)
		add_port(ret_roster, &port[i]);
	sort_subscribers(ret_roster);
	sort_ports(ret_roster);
	if (hands && hands->items.count)
		take_hands(ret_roster, hands);
	for (size_t i = 0; i < ret_roster->addresses.count; i++)
		ret_roster->addresses.items[i].subscriber = NOBODY;
	for (size_t i = 0; i < ret_roster->prefixes.count; i++)
		ret_roster->prefixes.items[i].subscriber = NOBODY;
	for (uint32_t i = 0; i < ret_roster->subscribers.count; i++)
		set_late(ret_roster, i, ret_roster->subscribers.items[i].hand ? 1 : 0);
}

void roster_blame(struct roster *roster, const char *name)
{
	const struct subscriber *one = roster_find(roster, name);

	if (one)
		set_late(roster, (uint32_t)(one - roster->subscribers.items), 2);
}

void roster_free(struct roster *roster)
{
	VEC_FREE(&roster->subscribers);
	VEC_FREE(&roster->addresses);
	VEC_FREE(&roster->prefixes);
	VEC_FREE(&roster->ports);
}

int roster_network(const struct subscribers_config *config, const struct address *address)
{
	const struct prefix *gateway = config->gateways.items;

	for (unsigned i = 0; i < config->gateways.count; i++) {
		struct prefix network = prefix_clean(&gateway[i]);

		if (!address_is_link_local(address) && prefix_holds(&network, address))
			return (int)i;
	}
	return -1;
}

/* A name and what it is drawn to: numbers shall not depend on who else is there. */
struct draw {
	uint32_t hash, subscriber;
};

static int draw_order(const void *a, const void *b)
{
	const struct draw *first = a, *second = b;
	int r = (first->hash > second->hash) - (first->hash < second->hash);

	return r ? r :
		   (first->subscriber > second->subscriber) -
			       (first->subscriber < second->subscriber);
}

static void draw_owners(struct roster *roster)
{
	size_t count = roster->subscribers.count;
	AUTO_MEM struct draw *draws = mem_alloc((count + 1) * sizeof(*draws));
	uint32_t last = 0, left = (uint32_t)count;

	for (uint32_t i = 0; i < count; i++)
		draws[i] = (struct draw){ fnv_32_text(roster->subscribers.items[i].name), i };
	if (count)
		qsort(draws, count, sizeof(*draws), draw_order);
	for (size_t i = 0; i < count; i++, left--) {
		/* There is room above for all that follow. */
		uint32_t most = UINT32_MAX - left, wish = draws[i].hash < most ? draws[i].hash : most;

		last = wish > last ? wish : last + 1;
		roster->subscribers.items[draws[i].subscriber].owner = last;
	}
}

void roster_number(struct roster *roster)
{
	draw_owners(roster);
	for (uint32_t i = 0; i < roster->subscribers.count; i++) {
		const struct subscriber *one = &roster->subscribers.items[i];
		struct roster_port *port = one->left_out ? NULL : roster_port(roster, one->port);

		if (!port)
			continue;
		port->subscribers++;
		port->bound += one->bound;
		port->only = i;
	}
}
