/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is said to the kernel when a link is made or changed, and what it becomes when it is let go. */
#include "host/codec.h"
#include "host/link_made.h"

#include "base/mem.h"
#include "host/dice.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_bonding.h>
#include <linux/if_link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char buffer[2048] __attribute__((aligned(8)));

static struct nlmsghdr *message_of(uint16_t type)
{
	struct nlmsghdr *message;

	memset(buffer, 0, sizeof(buffer));
	message = mnl_nlmsg_put_header(buffer);
	message->nlmsg_type = type;
	return message;
}

static struct host_link link_of(const char *line)
{
	struct text error = { 0 };
	struct host_link link;
	struct state state;

	if (state_parse(line, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	link = *(const struct host_link *)state_at(&state, OBJECT_LINK, 0);
	state_free(&state);
	return link;
}

/* The attributes of the type in the message, as a bit each; -1 when it says nothing of the type. */
static int64_t details_in(const struct nlmsghdr *message)
{
	const struct nlattr *attribute = NULL, *info, *detail;
	int64_t bits = -1;

	while ((attribute = netlink_attribute(message, sizeof(struct ifinfomsg), attribute))) {
		if (mnl_attr_get_type(attribute) != IFLA_LINKINFO)
			continue;
		bits = 0;
		mnl_attr_for_each_nested(info, attribute)
		{
			if (mnl_attr_get_type(info) != IFLA_INFO_DATA)
				continue;
			mnl_attr_for_each_nested(detail, info)
			{
				bits |= (int64_t)1 << mnl_attr_get_type(detail);
			}
		}
	}
	return bits;
}

#define BOND "link bond0 index 7 flags up type bond miimon 100 group multihomed "
#define BIT(attribute) ((int64_t)1 << (attribute))

static int64_t change_of(const char *before, const char *after)
{
	struct host_link old = link_of(before), new = link_of(after);
	struct nlmsghdr *message = message_of(RTM_NEWLINK);

	link_change_encode(&old, &new, message);
	return details_in(message);
}

static void a_change_says_only_what_differs(void **data)
{
	assert_int_equal(change_of(BOND "mode 802.3ad", BOND "mode 802.3ad mtu 9000"), -1);
	assert_int_equal(change_of(BOND "mode 802.3ad", BOND "mode 802.3ad hash layer2+3"),
			 BIT(IFLA_BOND_XMIT_HASH_POLICY));
	assert_int_equal(change_of(BOND "arp-interval 100 arp-target 192.0.2.1", BOND),
			 BIT(IFLA_BOND_ARP_INTERVAL) | BIT(IFLA_BOND_ARP_IP_TARGET));
}

static void a_bond_is_told_nothing_that_its_mode_does_not_know(void **data)
{
	struct host_link link = link_of(BOND
					"mode 802.3ad lacp-rate fast primary #3 arp-interval 9");
	struct nlmsghdr *message = message_of(RTM_NEWLINK);

	codec_encode(&link_kind, &link, message);
	assert_int_equal(details_in(message),
			 BIT(IFLA_BOND_MODE) | BIT(IFLA_BOND_MIIMON) | BIT(IFLA_BOND_AD_LACP_RATE));
}

static void what_the_kernel_cannot_change_is_made_anew(void **data)
{
	static const struct {
		const char *before, *after;
		bool anew;
	} cases[] = {
		{ BOND, BOND "mode 802.3ad", true },
		{ BOND, BOND "hash layer3+4", false },
		{ BOND "mode 802.3ad", BOND "mode 802.3ad lacp-rate fast", true },
		{ "link v index 9 type vlan vlan-id 5 parent #2 group 109",
		  "link v index 9 type vlan vlan-id 6 parent #2 group 109", true },
		{ "link v index 9 type vlan vlan-id 5 parent #2 group 109",
		  "link v index 9 type vlan vlan-id 5 parent #3 group 109", true },
		{ "link v index 9 type vlan vlan-id 5 parent #2 group 109",
		  "link w index 9 type vlan vlan-id 5 parent #2 group 109", false },
		{ "link v index 9 type vrf table 5 group 109",
		  "link v index 9 type vrf table 6 group 109", true },
		{ "link m index 9 type macvlan macvlan-mode bridge group 109",
		  "link m index 9 type macvlan macvlan-mode private group 109", false },
		{ "link m index 9 type macvlan macvlan-mode bridge group 109",
		  "link m index 9 type macvlan macvlan-mode passthru group 109", true },
		{ "link m index 9 type bridge group 109", "link m index 9 type dummy group 109",
		  true },
		/* The driver's own, and ours that lost its mark. */
		{ "link b index 9 type bond", "link b index 9 type bond group 109", true },
		{ "link b index 70000 type bond", "link b index 70000 type bond group 109", false },
		/* Never somebody else's. */
		{ "link b index 9 type bond", "link b index 9 type bond mode 802.3ad", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct host_link before = link_of(cases[i].before), after = link_of(cases[i].after);

		if (link_is_recreated(&before, &after) != cases[i].anew)
			fail_msg("%s -> %s", cases[i].before, cases[i].after);
	}
}

static void a_link_that_is_let_go_is_what_it_was(void **data)
{
	struct host_link link = link_of(
		"link eth0 index 2 flags up mtu 9000 queue 5 mac 02:00:00:00:00:02 allmulti yes "
		"changed state,mtu,mac,allmulti was-state down was-mtu 1500 "
		"was-mac 02:00:00:00:00:01");
	struct host_link after, made = link_of(BOND);
	const struct object_set none = { 0 };

	assert_true(link.object.ours);
	assert_true(link_released(&link, &none, &after));
	assert_int_equal(after.mtu, 1500);
	assert_int_equal(after.state, LINK_DOWN);
	assert_int_equal(after.mac[5], 1);
	assert_int_equal(after.allmulti, 0);
	assert_int_equal(after.queue, 5);
	assert_int_equal(after.former.known, 0);
	assert_false(after.object.ours);
	assert_false(link_released(&made, &none, &after));
}

static void a_link_goes_back_to_no_master_that_is_gone(void **data)
{
	struct host_link link = link_of("link eth0 index 2 flags up master #5 changed master "
					"was-master #9");
	struct host_link bridge = link_of("link br0 index 9 flags up type bridge"), after;
	struct state observed = { 0 };

	assert_true(link_released(&link, &observed.sets[OBJECT_LINK], &after));
	assert_int_equal(after.master, 0);
	state_add(&observed, OBJECT_LINK, &bridge);
	state_sort_observed(&observed);
	assert_true(link_released(&link, &observed.sets[OBJECT_LINK], &after));
	assert_int_equal(after.master, 9);
	state_free(&observed);
}

/* Carried out on paper by what the message says: nothing is left that differs. */
static void any_change_leads_where_it_should(void **data)
{
	for (unsigned round = 0; round < 4000; round++) {
		union host_object before, after, said;
		struct nlmsghdr *message = message_of(RTM_NEWLINK);

		dice_object(OBJECT_LINK, &before);
		dice_object(OBJECT_LINK, &after);
		after.link.index = before.link.index;
		after.link.group = before.link.group = HOST_PROTOCOL;
		if (link_is_recreated(&before, &after))
			continue;
		link_change_encode(&before.link, &after.link, message);
		assert_in_range(message->nlmsg_len, sizeof(*message), CODEC_MESSAGE_SIZE);
		/* It says the name only when it differs; without one there is no link to decode. */
		if (!strcmp(before.link.name, after.link.name))
			mnl_attr_put_strz(message, IFLA_IFNAME, after.link.name);
		assert_true(codec_decode(&link_kind, message, &said));
		if (before.link.mtu != after.link.mtu)
			assert_int_equal(said.link.mtu, after.link.mtu);
		if (before.link.allmulti != after.link.allmulti)
			assert_int_equal(said.link.allmulti, after.link.allmulti);
		if (before.link.master != after.link.master)
			assert_int_equal(said.link.master, after.link.master);
		if (before.link.bond.miimon != after.link.bond.miimon)
			assert_int_equal(said.link.bond.miimon, after.link.bond.miimon);
		if (before.link.bridge.ageing != after.link.bridge.ageing)
			assert_int_equal(said.link.bridge.ageing, after.link.bridge.ageing);
		if (before.link.macvlan_mode != after.link.macvlan_mode)
			assert_int_equal(said.link.macvlan_mode, after.link.macvlan_mode);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_change_says_only_what_differs),
		cmocka_unit_test(a_bond_is_told_nothing_that_its_mode_does_not_know),
		cmocka_unit_test(what_the_kernel_cannot_change_is_made_anew),
		cmocka_unit_test(a_link_that_is_let_go_is_what_it_was),
		cmocka_unit_test(a_link_goes_back_to_no_master_that_is_gone),
		cmocka_unit_test(any_change_leads_where_it_should),
	};

	srand(7);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
