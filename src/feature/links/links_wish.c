/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the file says of each link, from whatever side it says so. */
#include "feature/links/links.h"

#include "base/fnv.h"
#include "base/mem.h"

#include <linux/if_bonding.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <string.h>

enum link_type link_config_type(const struct link_config *config)
{
	const struct {
		enum link_type type;
		const struct config_record *record;
	} types[] = {
		{ LINK_BOND, &config->bond.record },	   { LINK_VLAN, &config->vlan.record },
		{ LINK_VRF, &config->vrf.record },	   { LINK_BRIDGE, &config->bridge.record },
		{ LINK_MACVLAN, &config->macvlan.record }, { LINK_DUMMY, &config->dummy.record },
		{ LINK_VETH, &config->veth.record },
	};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++)
		if (place_known(types[i].record->place))
			return types[i].type;
	return LINK_PLAIN;
}

const char *link_type_word(enum link_type type)
{
	static const char *const words[LINK_TYPES] = {
		[LINK_PLAIN] = "plain link",
		[LINK_BOND] = "bond",
		[LINK_VLAN] = "vlan",
		[LINK_VRF] = "vrf",
		[LINK_BRIDGE] = "bridge",
		[LINK_MACVLAN] = "macvlan",
		[LINK_DUMMY] = "dummy",
		[LINK_VETH] = "veth",
		[LINK_OTHER] = "link of another type",
	};

	return words[type];
}

const char *link_config_parent(const struct link_config *config, struct place *ret_place)
{
	if (place_known(config->vlan.record.place)) {
		*ret_place = CONFIG_PLACE(&config->vlan, vlan_fields, struct link_vlan_config, link);
		return config->vlan.link;
	}
	if (place_known(config->macvlan.record.place)) {
		*ret_place = CONFIG_PLACE(&config->macvlan, macvlan_fields,
					  struct link_macvlan_config, link);
		return config->macvlan.link;
	}
	return NULL;
}

const struct config_list *link_config_members(const struct link_config *config)
{
	if (place_known(config->bond.record.place))
		return &config->bond.members;
	if (place_known(config->vrf.record.place))
		return &config->vrf.members;
	if (place_known(config->bridge.record.place))
		return &config->bridge.members;
	return NULL;
}

/* Where the name stands, or would. */
static uint32_t *slot_of(const struct link_wishes *wishes, const char *name)
{
	size_t at = fnv_32_text(name) % wishes->slot_count;

	while (wishes->slots[at] && strcmp(wishes->items.items[wishes->slots[at] - 1].name, name) != 0)
		at = (at + 1) % wishes->slot_count;
	return &wishes->slots[at];
}

struct link_wish *link_wish_named(const struct link_wishes *wishes, const char *name)
{
	uint32_t *slot = wishes->slot_count ? slot_of(wishes, name) : NULL;

	return slot && *slot ? &wishes->items.items[*slot - 1] : NULL;
}

static struct link_wish *add_wish(struct link_wishes *wishes, const char *name, struct place place)
{
	uint32_t *slot = slot_of(wishes, name);
	struct link_wish *wish = VEC_PUSH(&wishes->items);

	*slot = (uint32_t)wishes->items.count;
	wish->name = name;
	wish->place = place;
	return wish;
}

/* Room for every link and every member. */
static void make_slots(const struct config_list *links, struct link_wishes *wishes)
{
	const struct link_config *config = links->items;
	size_t count = links->count;

	for (unsigned i = 0; i < links->count; i++) {
		const struct config_list *members = link_config_members(&config[i]);

		count += members ? members->count : 0;
	}
	wishes->slot_count = 2 * count + 1;
	wishes->slots = mem_alloc(wishes->slot_count * sizeof(*wishes->slots));
}

static void set_master(struct link_wish *wish, const char *master, struct place place)
{
	if (wish->master && strcmp(wish->master, master) != 0 && !place_known(wish->second_master))
		wish->second_master = place;
	if (wish->master)
		return;
	wish->master = master;
	wish->master_place = place;
}

static void add_members(const struct link_config *config, struct link_wishes *wishes)
{
	const struct config_list *members = link_config_members(config);
	const char *const *names = members ? members->items : NULL;

	for (unsigned i = 0; members && i < members->count; i++) {
		struct link_wish *wish = link_wish_named(wishes, names[i]);

		if (!wish)
			wish = add_wish(wishes, names[i], members->places[i]);
		set_master(wish, config->name, members->places[i]);
	}
}

void link_wishes_collect(const struct config_list *links, struct link_wishes *ret_wishes)
{
	const struct link_config *config = links->items;

	make_slots(links, ret_wishes);
	for (unsigned i = 0; i < links->count; i++) {
		struct link_wish *wish = add_wish(ret_wishes, config[i].name, config[i].record.place);

		wish->config = &config[i];
		if (config[i].master)
			set_master(wish, config[i].master,
				   CONFIG_PLACE(&config[i], link_fields, struct link_config, master));
	}
	for (unsigned i = 0; i < links->count; i++)
		add_members(&config[i], ret_wishes);
}

void link_wishes_free(struct link_wishes *wishes)
{
	VEC_FREE(&wishes->items);
	mem_freep(&wishes->slots);
	wishes->slot_count = 0;
}

static bool index_is_taken(uint32_t index, const struct state *observed,
			   const struct link_wishes *wishes)
{
	if (state_link(observed, index))
		return true;
	for (size_t i = 0; i < wishes->items.count; i++)
		if (wishes->items.items[i].link.index == index)
			return true;
	return false;
}

uint32_t link_index_natural(const char *name)
{
	return LINK_INDEX_FIRST + fnv_32_text(name) % LINK_INDEX_COUNT;
}

/*
 * From the name, so that it is the same after a restart and whatever else the file says: a plan names
 * what lies on a link before there is one.
 */
uint32_t link_index_for(const char *name, const struct state *observed,
			const struct link_wishes *wishes)
{
	uint32_t hash = fnv_32_text(name), index;

	do
		index = LINK_INDEX_FIRST + hash++ % LINK_INDEX_COUNT;
	while (index_is_taken(index, observed, wishes));
	return index;
}

/* One number of the file for one of the kernel's. */
struct number {
	size_t field; /* in the record's struct */
	void *into;
	size_t size;
	uint32_t value;
};

static void put(void *into, size_t size, uint32_t value)
{
	if (size == 1)
		*(uint8_t *)into = (uint8_t)value;
	else if (size == 2)
		*(uint16_t *)into = (uint16_t)value;
	else
		*(uint32_t *)into = value;
}

static bool is_given(const void *record, const struct config_field *fields, size_t offset)
{
	const struct place *places = ((const struct config_record *)record)->places;

	for (size_t i = 0; fields[i].name; i++)
		if (fields[i].offset == offset)
			return place_known(places[i]);
	return false;
}

static void put_numbers(const void *record, const struct config_field *fields, bool given_only,
			const struct number *numbers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!given_only || is_given(record, fields, numbers[i].field))
			put(numbers[i].into, numbers[i].size, numbers[i].value);
}

#define NUMBER(type, member, to, number)                                                             \
	{                                                                                            \
		offsetof(struct link_##type##_config, member), &(to), sizeof(to), (uint32_t)(number) \
	}

static void put_bond(const struct link_bond_config *config, bool given_only, struct link_bond *bond)
{
	const struct address *targets = config->arp_targets.items;
	const struct number numbers[] = {
		NUMBER(bond, mode, bond->mode, config->mode),
		NUMBER(bond, miimon, bond->miimon, config->arp_interval ? 0 : config->miimon),
		NUMBER(bond, updelay, bond->updelay, config->updelay),
		NUMBER(bond, downdelay, bond->downdelay, config->downdelay),
		NUMBER(bond, lacp_rate, bond->lacp_rate, config->lacp_rate),
		NUMBER(bond, hash, bond->hash, config->hash),
		NUMBER(bond, min_links, bond->min_links, config->min_links),
		NUMBER(bond, select, bond->ad_select, config->select),
		NUMBER(bond, reselect, bond->reselect, config->reselect),
		NUMBER(bond, fail_over_mac, bond->fail_over_mac, config->fail_over_mac),
		NUMBER(bond, arp_interval, bond->arp_interval, config->arp_interval),
	};

	put_numbers(config, bond_fields, given_only, numbers, ARRAY_SIZE(numbers));
	if (given_only && !config->arp_targets.count)
		return;
	memset(bond->targets, 0, sizeof(bond->targets));
	for (unsigned pass = 0, at = 0; pass < 2; pass++)
		for (unsigned i = 0; i < config->arp_targets.count; i++)
			if (targets[i].family == (pass ? AF_INET6 : AF_INET))
				bond->targets[at++] = targets[i];
}

void link_config_made(const struct link_config *config, bool given_only, struct host_link *link)
{
	const struct number vlan[] = {
		NUMBER(vlan, id, link->vlan.id, config->vlan.id),
		NUMBER(vlan, protocol, link->vlan.protocol,
		       config->vlan.protocol ? ETH_P_8021AD : ETH_P_8021Q),
	};
	const struct number vrf[] = { NUMBER(vrf, table, link->table, config->vrf.table) };
	const struct number macvlan[] = {
		NUMBER(macvlan, mode, link->macvlan_mode, 1u << config->macvlan.mode),
	};
	const struct number bridge[] = {
		NUMBER(bridge, stp, link->bridge.stp, config->bridge.stp),
		NUMBER(bridge, vlan_filtering, link->bridge.vlan_filtering,
		       config->bridge.vlan_filtering),
		NUMBER(bridge, ageing, link->bridge.ageing, config->bridge.ageing),
		NUMBER(bridge, forward_delay, link->bridge.forward_delay,
		       config->bridge.forward_delay),
	};

	link->type = (uint8_t)link_config_type(config);
	switch (link_config_type(config)) {
	case LINK_BOND:
		put_bond(&config->bond, given_only, &link->bond);
		break;
	case LINK_VLAN:
		put_numbers(&config->vlan, vlan_fields, given_only, vlan, ARRAY_SIZE(vlan));
		break;
	case LINK_VRF:
		put_numbers(&config->vrf, vrf_fields, given_only, vrf, ARRAY_SIZE(vrf));
		break;
	case LINK_BRIDGE:
		put_numbers(&config->bridge, bridge_fields, given_only, bridge, ARRAY_SIZE(bridge));
		break;
	case LINK_MACVLAN:
		put_numbers(&config->macvlan, macvlan_fields, given_only, macvlan,
			    ARRAY_SIZE(macvlan));
		break;
	case LINK_VETH:
		strncpy(link->peer, config->veth.peer, sizeof(link->peer) - 1);
		break;
	case LINK_PLAIN:
	case LINK_DUMMY:
	case LINK_OTHER:
	case LINK_TYPES:
		break;
	}
}
