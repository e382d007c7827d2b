/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What no set of links can be, told before anything is asked of the kernel. */
#include "feature/links/links.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BOND_802_3AD 4
#define MTU_IPV6 1280
#define DEEPEST 8 /* links upon links; Linux takes as many */

#define PLACE_OF(link, member) CONFIG_PLACE(link, link_fields, struct link_config, member)
#define VLAN_PLACE(vlan, member) CONFIG_PLACE(vlan, vlan_fields, struct link_vlan_config, member)
#define BOND_PLACE(bond, member) CONFIG_PLACE(bond, bond_fields, struct link_bond_config, member)

static bool bond_given(const struct link_bond_config *bond, size_t offset)
{
	for (size_t i = 0; bond_fields[i].name; i++)
		if (bond_fields[i].offset == offset)
			return place_known(bond->record.places[i]);
	return false;
}

#define GIVEN(bond, member) bond_given(bond, offsetof(struct link_bond_config, member))

/*
 * Names that Linux would take, and that /proc/sys has already: the settings of such a link cannot be
 * told from those of all.
 */
static void check_name(const struct link_config *link, struct diags *diags)
{
	if (!strcmp(link->name, "all") || !strcmp(link->name, "default"))
		diag_at(diags, link->record.place, -EINVAL,
			"'%s' stands for more than one link in the settings of Linux "
			"(net.ipv4.conf.%s); choose another name",
			link->name, link->name);
}

static void check_mac(const struct link_config *link, struct diags *diags)
{
	const uint8_t *mac = link->mac.bytes;
	char text[MAC_TEXT_SIZE];

	if (!link->mac.given)
		return;
	if (!memcmp(mac, (uint8_t[6]){ 0 }, 6))
		diag_at(diags, PLACE_OF(link, mac), -EINVAL,
			"this is no MAC address, but none at all; leave it out, or write one such "
			"as \"02:00:00:00:00:01\"");
	else if (mac[0] & 1)
		diag_at(diags, PLACE_OF(link, mac), -EINVAL,
			"%s is a group of stations (the last bit of its first byte is 1), which no "
			"link can be; write %02x:... for one of your own",
			mac_text(mac, text), (mac[0] & 0xfe) | 2);
}

static void refuse_of_lo(struct place place, const char *why, struct diags *diags)
{
	diag_at(diags, place, -EINVAL, "lo %s; leave it out", why);
}

static bool is_said(const struct link_config *link, size_t offset)
{
	for (size_t i = 0; link_fields[i].name; i++)
		if (link_fields[i].offset == offset)
			return place_known(link->record.places[i]);
	return false;
}

#define SAID(link, member) is_said(link, offsetof(struct link_config, member))

/* Linux would take some of it, and it would mean nothing there. */
static void check_lo(const struct link_config *link, struct diags *diags)
{
	if (strcmp(link->name, "lo") != 0)
		return;
	if (link->mac.given)
		refuse_of_lo(PLACE_OF(link, mac), "has no MAC address", diags);
	if (link->master)
		refuse_of_lo(PLACE_OF(link, master), "cannot be a member of anything", diags);
	if (!link->up)
		refuse_of_lo(PLACE_OF(link, up),
			     "is how this host speaks to itself, and must be up", diags);
	if (SAID(link, accept_ra))
		refuse_of_lo(PLACE_OF(link, accept_ra), "hears no router", diags);
	if (SAID(link, arp_ignore))
		refuse_of_lo(PLACE_OF(link, arp_ignore), "has no ARP", diags);
	if (SAID(link, arp_announce))
		refuse_of_lo(PLACE_OF(link, arp_announce), "has no ARP", diags);
}

static void check_one_type(const struct link_config *link, struct diags *diags)
{
	const struct config_record *records[] = {
		&link->bond.record,   &link->vlan.record,    &link->vrf.record,
		&link->bridge.record, &link->macvlan.record, &link->dummy.record,
		&link->veth.record,
	};
	const struct config_record *first = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(records); i++) {
		if (!place_known(records[i]->place))
			continue;
		if (first)
			diag_between(diags, records[i]->place, first->place, -EINVAL,
				     "%s is of one type only; leave one of them out", link->name);
		else
			first = records[i];
	}
	if (first && !strcmp(link->name, "lo"))
		diag_at(diags, first->place, -EINVAL,
			"lo is Linux's own loopback link; choose another name");
}

static void check_delay(const struct link_bond_config *bond, uint32_t delay, struct place place,
			struct diags *diags)
{
	if (bond->arp_interval || delay % bond->miimon == 0)
		return;
	diag_at(diags, place, -EINVAL,
		"%ums is no multiple of miimon (%ums), and would be rounded; write %ums", delay,
		bond->miimon, (delay / bond->miimon + 1) * bond->miimon);
}

static void refuse_mode(const struct link_bond_config *bond, struct place place, const char *key,
			const char *modes, struct diags *diags)
{
	diag_at(diags, place, -EINVAL, "'%s' is for mode %s, and this bond has mode %s; leave it out",
		key, modes, bond_fields[1].words[bond->mode]);
}

static void check_modes(const struct link_bond_config *bond, struct diags *diags)
{
	bool primary = bond->mode == 1 || bond->mode == 5 || bond->mode == 6;

	if (GIVEN(bond, lacp_rate) && bond->mode != BOND_802_3AD)
		refuse_mode(bond, BOND_PLACE(bond, lacp_rate), "lacp-rate", "802.3ad", diags);
	if (GIVEN(bond, select) && bond->mode != BOND_802_3AD)
		refuse_mode(bond, BOND_PLACE(bond, select), "select", "802.3ad", diags);
	if (GIVEN(bond, primary) && !primary)
		refuse_mode(bond, BOND_PLACE(bond, primary), "primary",
			    "active-backup, balance-tlb or balance-alb", diags);
	if (GIVEN(bond, reselect) && !primary)
		refuse_mode(bond, BOND_PLACE(bond, reselect), "primary-reselect",
			    "active-backup, balance-tlb or balance-alb", diags);
	if (bond->fail_over_mac && bond->mode != 1)
		refuse_mode(bond, BOND_PLACE(bond, fail_over_mac), "fail-over-mac", "active-backup",
			    diags);
	if (bond->arp_interval && bond->mode >= BOND_802_3AD)
		refuse_mode(bond, BOND_PLACE(bond, arp_interval), "arp-interval",
			    "balance-rr, active-backup, balance-xor or broadcast", diags);
}

static void check_monitor(const struct link_bond_config *bond, struct diags *diags)
{
	if (bond->arp_interval && GIVEN(bond, miimon))
		diag_between(diags, BOND_PLACE(bond, arp_interval), BOND_PLACE(bond, miimon),
			     -EINVAL, "a bond has either 'miimon' or 'arp-interval'; leave one out");
	if (bond->arp_interval && !bond->arp_targets.count)
		diag_at(diags, BOND_PLACE(bond, arp_interval), -EINVAL,
			"whom to ask? name at least one address in 'arp-targets'");
	if (!bond->arp_interval && bond->arp_targets.count)
		diag_at(diags, bond->arp_targets.place, -EINVAL,
			"'arp-targets' are asked only with 'arp-interval'; "
			"add it, or leave them out");
	if (bond->arp_interval && (bond->updelay || bond->downdelay))
		diag_at(diags, BOND_PLACE(bond, arp_interval),
			-EINVAL, "'updelay' and 'downdelay' need 'miimon'; leave them or 'arp-interval' out");
	check_delay(bond, bond->updelay, BOND_PLACE(bond, updelay), diags);
	check_delay(bond, bond->downdelay, BOND_PLACE(bond, downdelay), diags);
}

static bool has_member(const struct config_list *members, const char *name)
{
	const char *const *names = members->items;

	for (unsigned i = 0; i < members->count; i++)
		if (!strcmp(names[i], name))
			return true;
	return false;
}

static void check_bond(const struct link_config *link, struct diags *diags)
{
	const struct link_bond_config *bond = &link->bond;

	if (!place_known(bond->record.place))
		return;
	check_modes(bond, diags);
	check_monitor(bond, diags);
	if (bond->primary && !has_member(&bond->members, bond->primary))
		diag_at(diags, BOND_PLACE(bond, primary), -EINVAL,
			"%s is no member of %s; add it to 'members' or name one of them",
			bond->primary, link->name);
}

static void check_members(const struct link_config *link, struct diags *diags)
{
	const struct config_list *members = link_config_members(link);
	const char *const *names = members ? members->items : NULL;

	for (unsigned i = 0; members && i < members->count; i++) {
		for (unsigned j = 0; j < i; j++)
			if (!strcmp(names[i], names[j]))
				diag_between(diags, members->places[i], members->places[j], -EINVAL,
					     "%s stands twice in the members of %s; leave one out",
					     names[i], link->name);
		if (!strcmp(names[i], "lo"))
			diag_at(diags, members->places[i], -EINVAL,
				"lo cannot be a member of anything; leave it out");
	}
}

static void check_vrf(const struct config_list *links, const struct link_config *link,
		      struct diags *diags)
{
	struct place place = CONFIG_PLACE(&link->vrf, vrf_fields, struct link_vrf_config, table);
	const struct link_config *other = links->items;

	if (link->vrf.table >= RT_TABLE_DEFAULT && link->vrf.table <= RT_TABLE_LOCAL)
		diag_at(diags, place,
			-EINVAL, "table %u is Linux's own (default 253, main 254, local 255); choose another",
			link->vrf.table);
	for (; other < link; other++)
		if (place_known(other->vrf.record.place) && other->vrf.table == link->vrf.table)
			diag_between(diags, place,
				     CONFIG_PLACE(&other->vrf, vrf_fields, struct link_vrf_config,
						  table),
				     -EINVAL, "table %u belongs to VRF %s already; choose another",
				     link->vrf.table, other->name);
}

static void check_vlan(const struct config_list *links, const struct link_config *link,
		       struct diags *diags)
{
	const struct link_config *other = links->items;

	for (; other < link; other++)
		if (place_known(other->vlan.record.place) && other->vlan.id == link->vlan.id &&
		    other->vlan.protocol == link->vlan.protocol &&
		    !strcmp(other->vlan.link, link->vlan.link)) {
			diag_between(
				diags, VLAN_PLACE(&link->vlan, id), VLAN_PLACE(&other->vlan, id),
				-EINVAL,
				"VLAN %u of %s is %s already, and there can be but one; choose "
				"another number, or leave one of them out",
				link->vlan.id, link->vlan.link, other->name);
			return;
		}
}

static void check_bridge(const struct link_config *link, struct diags *diags)
{
	if (link->bridge.stp && link->bridge.forward_delay < 2000)
		diag_at(diags,
			CONFIG_PLACE(&link->bridge, bridge_fields, struct link_bridge_config,
				     forward_delay),
			-EINVAL, "with 'stp' a forward-delay is 2s to 30s; write 2s");
}

static void check_veth(const struct link_wishes *wishes, const struct link_config *link,
		       struct diags *diags)
{
	struct place place = CONFIG_PLACE(&link->veth, veth_fields, struct link_veth_config, peer);
	const struct link_wish *peer = link_wish_named(wishes, link->veth.peer);

	if (!strcmp(link->veth.peer, link->name))
		diag_at(diags, place, -EINVAL, "%s cannot be its own peer; choose another name",
			link->name);
	else if (peer && peer->config && link_config_type(peer->config) != LINK_PLAIN)
		diag_between(diags, place, peer->config->record.place, -EINVAL,
			     "%s is made together with %s: it cannot be made a second time; leave "
			     "its type out there",
			     link->veth.peer, link->name);
	for (size_t i = 0; i < wishes->items.count; i++) {
		const struct link_config *other = wishes->items.items[i].config;

		if (!other || other >= link || !place_known(other->veth.record.place) ||
		    strcmp(other->veth.peer, link->veth.peer) != 0)
			continue;
		diag_between(diags, place,
			     CONFIG_PLACE(&other->veth, veth_fields, struct link_veth_config, peer),
			     -EINVAL, "%s is the peer of %s already; choose another name",
			     link->veth.peer, other->name);
	}
}

/* What the link below has, as far as the file says; 0 = nothing. */
static uint32_t mtu_below(const struct link_wishes *wishes, const struct link_config *link)
{
	struct place place;
	const char *below = link_config_parent(link, &place);
	const struct link_wish *wish = below ? link_wish_named(wishes, below) : NULL;

	return wish && wish->config ? wish->config->mtu : 0;
}

static void check_mtu(const struct link_wishes *wishes, const struct link_config *link,
		      struct diags *diags)
{
	const struct prefix *addresses = link->addresses.items;
	uint32_t below = mtu_below(wishes, link);

	if (!link->mtu)
		return;
	if (below && link->mtu > below)
		diag_at(diags, PLACE_OF(link, mtu), -EINVAL,
			"%u is more than the link below carries (%u); write %u, or raise it there",
			link->mtu, below, below);
	for (unsigned i = 0; i < link->addresses.count; i++) {
		if (addresses[i].family != AF_INET6 || link->mtu >= MTU_IPV6)
			continue;
		diag_between(diags, PLACE_OF(link, mtu), link->addresses.places[i], -EINVAL,
			     "%u is too small for IPv6, which needs %u (RFC 8200, 5); write %u",
			     link->mtu, MTU_IPV6, MTU_IPV6);
		return;
	}
}

static const char *address_trouble(const struct prefix *address, const char *link)
{
	struct address own = prefix_address(address);
	struct prefix network = prefix_clean(address);
	bool v4 = address->family == AF_INET;
	uint8_t first = address->bytes[0];

	if (address_is_unspecified(&own))
		return "it is the unspecified address; leave it out";
	if (v4 ? first >= 224 && first < 240 : first == 0xff)
		return "it is a multicast group, which is joined; leave it out";
	if (v4 && first == 127 && strcmp(link, "lo") != 0)
		return "it belongs to lo; write it there or leave it out";
	if (v4 && address->length < 31 && !memcmp(network.bytes, address->bytes, 4))
		return "it is the network itself; write one of the addresses in it";
	for (unsigned bit = address->length; v4 && bit < 32; bit++)
		if (!(address->bytes[bit / 8] & (0x80 >> bit % 8)))
			return NULL;
	return v4 && address->length < 31 ?
		       "it is the broadcast address of its network; write another one of it" :
		       NULL;
}

static void check_addresses(const struct link_config *link, struct diags *diags)
{
	const struct prefix *addresses = link->addresses.items;
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < link->addresses.count; i++) {
		const char *trouble = address_trouble(&addresses[i], link->name);

		if (trouble)
			diag_at(diags, link->addresses.places[i], -EINVAL,
				"%s cannot be an address of %s: %s",
				prefix_text(&addresses[i], text), link->name, trouble);
	}
}

/* The VRF that a link is in, at the end of the chain of masters; NULL = none. */
static const char *vrf_of(const struct link_wishes *wishes, const char *name)
{
	for (unsigned depth = 0; depth <= DEEPEST; depth++) {
		const struct link_wish *wish = link_wish_named(wishes, name);

		if (!wish)
			return NULL;
		if (wish->config && place_known(wish->config->vrf.record.place))
			return wish->name;
		if (!wish->master)
			return NULL;
		name = wish->master;
	}
	return NULL;
}

/* An address of the file, for finding those that stand twice. */
struct placed {
	struct address address;
	const char *link, *vrf;
	struct place place;
};

static int placed_order(const void *a, const void *b)
{
	const struct placed *first = a, *second = b;
	int r = address_compare(&first->address, &second->address);

	r = r ? r : strcmp(first->vrf ? first->vrf : "", second->vrf ? second->vrf : "");
	return r ? r :
		   (first->place.line > second->place.line) -
			       (first->place.line < second->place.line);
}

static void check_duplicates(const struct link_wishes *wishes, struct diags *diags)
{
	VEC(struct placed) all = { 0 };
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < wishes->items.count; i++) {
		const struct link_config *link = wishes->items.items[i].config;
		const struct prefix *addresses = link ? link->addresses.items : NULL;

		for (unsigned j = 0; link && j < link->addresses.count; j++)
			*VEC_PUSH(&all) = (struct placed){ prefix_address(&addresses[j]),
							   link->name, vrf_of(wishes, link->name),
							   link->addresses.places[j] };
	}
	if (all.count)
		qsort(all.items, all.count, sizeof(*all.items), placed_order);
	for (size_t i = 1; i < all.count; i++) {
		const struct placed *one = &all.items[i - 1], *other = &all.items[i];

		if (address_compare(&one->address, &other->address) != 0 ||
		    strcmp(one->vrf ? one->vrf : "", other->vrf ? other->vrf : "") != 0)
			continue;
		diag_between(diags, other->place, one->place, -EINVAL,
			     "%s stands on %s already; leave one of them out",
			     address_text(&other->address, text), one->link);
	}
	VEC_FREE(&all);
}

/* A member of a bond gives up what it is to the bond. */
static void check_member_of_bond(const struct link_wish *wish, const struct link_config *bond,
				 struct diags *diags)
{
	const struct link_config *link = wish->config;

	if (link_config_type(link) == LINK_BOND)
		diag_at(diags, wish->master_place, -EINVAL,
			"%s is a bond, and no bond takes another; name its members here", link->name);
	if (link->addresses.count)
		diag_between(diags, link->addresses.place, wish->master_place, -EINVAL,
			     "%s is a member of %s, where its addresses belong; write them there",
			     link->name, bond->name);
	if (link->mac.given)
		diag_between(diags, PLACE_OF(link, mac), wish->master_place, -EINVAL,
			     "%s is a member of %s, which gives it its MAC address; leave it out",
			     link->name, bond->name);
	if (link->mtu && link->mtu != (bond->mtu ? bond->mtu : 1500))
		diag_between(diags, PLACE_OF(link, mtu), wish->master_place, -EINVAL,
			     "%s is a member of %s, whose MTU counts (%u); write it there",
			     link->name, bond->name, bond->mtu ? bond->mtu : 1500);
	if (!link->up)
		diag_between(diags, PLACE_OF(link, up), wish->master_place, -EINVAL,
			     "%s is a member of %s, which brings it up; leave it out of 'members'",
			     link->name, bond->name);
}

static void check_master(const struct link_wishes *wishes, const struct link_wish *wish,
			 struct diags *diags)
{
	const struct link_wish *master = wish->master ? link_wish_named(wishes, wish->master) : NULL;
	enum link_type type;

	if (place_known(wish->second_master))
		diag_between(diags, wish->second_master, wish->master_place, -EINVAL,
			     "%s is a member of %s already; leave one of them out", wish->name,
			     wish->master);
	if (!master || !master->config)
		return;
	type = link_config_type(master->config);
	if (type != LINK_BOND && type != LINK_BRIDGE && type != LINK_VRF && type != LINK_PLAIN)
		diag_at(diags, wish->master_place, -EINVAL,
			"%s is a %s, and has no members; name a bond, a bridge or a vrf",
			wish->master, link_type_word(type));
	if (type == LINK_BOND && wish->config)
		check_member_of_bond(wish, master->config, diags);
}

/* How many links stand below or above it, at most; above DEEPEST it is a loop. */
static unsigned depth_of(const struct link_wishes *wishes, const char *name, unsigned depth)
{
	const struct link_wish *wish = link_wish_named(wishes, name);
	unsigned one = 0, other = 0;
	struct place place;
	const char *below;

	if (!wish || depth > DEEPEST)
		return depth;
	below = wish->config ? link_config_parent(wish->config, &place) : NULL;
	one = below ? depth_of(wishes, below, depth + 1) : depth;
	other = wish->master ? depth_of(wishes, wish->master, depth + 1) : depth;
	return one > other ? one : other;
}

/* Comes back to @name by what it stands on, or @goal is met. */
static bool leads_to(const struct link_wishes *wishes, const char *name, const char *goal,
		     unsigned depth)
{
	const struct link_wish *wish = link_wish_named(wishes, name);
	struct place place;
	const char *below;

	if (!wish || depth > DEEPEST)
		return false;
	below = wish->config ? link_config_parent(wish->config, &place) : NULL;
	return (below && (!strcmp(below, goal) || leads_to(wishes, below, goal, depth + 1))) ||
	       (wish->master &&
		(!strcmp(wish->master, goal) || leads_to(wishes, wish->master, goal, depth + 1)));
}

static void check_loops(const struct link_wishes *wishes, struct diags *diags)
{
	for (size_t i = 0; i < wishes->items.count; i++) {
		const struct link_wish *wish = &wishes->items.items[i];
		struct place place = wish->master_place;

		if (wish->config)
			(void)link_config_parent(wish->config, &place);
		if (leads_to(wishes, wish->name, wish->name, 0)) {
			diag_at(diags, place, -EINVAL, "%s would stand on itself; break the loop: %s",
				wish->name, "name a link here that does not lead back to it");
			return; /* the others of the loop would say the same */
		}
		if (depth_of(wishes, wish->name, 0) > DEEPEST) {
			diag_at(diags, place, -EINVAL,
				"%s stands on more than %u links, which Linux refuses; "
				"put it on one further down",
				wish->name, DEEPEST);
			return;
		}
	}
}

void links_check(const void *config, struct diags *diags)
{
	const struct config_list *links = config;
	const struct link_config *link = links->items;
	struct link_wishes wishes = { 0 };

	link_wishes_collect(links, &wishes);
	for (unsigned i = 0; i < links->count; i++, link++) {
		check_name(link, diags);
		check_one_type(link, diags);
		check_lo(link, diags);
		check_mac(link, diags);
		check_bond(link, diags);
		check_members(link, diags);
		check_mtu(&wishes, link, diags);
		check_addresses(link, diags);
		if (place_known(link->vrf.record.place))
			check_vrf(links, link, diags);
		if (place_known(link->vlan.record.place) && link->vlan.link)
			check_vlan(links, link, diags);
		if (place_known(link->bridge.record.place))
			check_bridge(link, diags);
		if (place_known(link->veth.record.place))
			check_veth(&wishes, link, diags);
	}
	for (size_t i = 0; i < wishes.items.count; i++)
		check_master(&wishes, &wishes.items.items[i], diags);
	check_loops(&wishes, diags);
	check_duplicates(&wishes, diags);
	link_wishes_free(&wishes);
}
