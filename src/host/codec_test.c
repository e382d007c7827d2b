/* SPDX-License-Identifier: GPL-3.0-or-later */
/* rtnetlink messages to objects and back, byte by byte, and what is cut short or unknown. */
#include "host/codec.h"

#include "host/dice.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
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

static struct host_route route_of(const char *line)
{
	struct text error = { 0 };
	struct host_route route;
	struct state state;

	if (state_parse(line, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	route = *(const struct host_route *)state_at(&state, OBJECT_ROUTE, 0);
	state_free(&state);
	return route;
}

static void a_route_has_these_bytes(void **data)
{
	static const uint8_t wanted[] = {
		/*
		 * rtmsg: AF_INET, /24, no source, tos 0, table in its attribute, protocol 109,
		 * scope host, type local
		 */
		2,   24, 0, 0, 0,	  109, 254, 2, 0, 0, 0, 0, 8,	    0, RTA_DST, 0, 198, 51,
		100, 0,	 8, 0, RTA_TABLE, 0,   255, 0, 0, 0, 8, 0, RTA_OIF, 0, 1,	0, 0,	0,
	};
	struct host_route route =
		route_of("route local 198.51.100.0/24 table local link #1 protocol multihomed");
	struct nlmsghdr *message = message_of(RTM_NEWROUTE);

	codec_encode(&route_kind, &route, message);
	assert_int_equal(message->nlmsg_len, sizeof(*message) + sizeof(wanted));
	assert_memory_equal(mnl_nlmsg_get_payload(message), wanted, sizeof(wanted));
}

static void any_object_survives_its_message(void **data)
{
	static const enum object_kind kinds[] = { OBJECT_LINK, OBJECT_NEIGHBOUR, OBJECT_ADDRESS,
						  OBJECT_ROUTE };

	for (unsigned round = 0; round < 4000; round++) {
		enum object_kind which = kinds[round % 4];
		const struct kind *kind = kind_of(which);
		union host_object object, again;
		struct nlmsghdr *message = message_of(kind->message_new);
		bool removed;

		dice_object(which, &object);
		codec_encode(kind, &object, message);
		assert_int_equal(codec_kind(message, &removed), which);
		assert_false(removed);
		assert_true(codec_decode(kind, message, &again));
		assert_true(kind_identical(kind, &object, &again));
		assert_int_equal(again.object.ours, object.object.ours);
	}
}

/* Any prefix of a message is decoded to something or refused, and never read beyond its end. */
static void a_message_cut_short_does_no_harm(void **data)
{
	struct host_route route = route_of(
		"route 2001:db8::/64 via fe80::1 link #2 table 1000 metric 7 source 2001:db8::1");
	struct nlmsghdr *message = message_of(RTM_NEWROUTE);
	union host_object object;
	uint32_t whole;

	codec_encode(&route_kind, &route, message);
	whole = message->nlmsg_len;
	for (uint32_t length = sizeof(*message); length <= whole; length++) {
		struct nlmsghdr *cut = malloc(length);

		memcpy(cut, message, length);
		cut->nlmsg_len = length;
		if (codec_decode(&route_kind, cut, &object))
			assert_true(length >= sizeof(*message) + sizeof(struct rtmsg));
		free(cut);
	}
}

static struct nlmsghdr *begin_route(struct rtmsg **ret_header)
{
	struct nlmsghdr *message = message_of(RTM_NEWROUTE);

	*ret_header = mnl_nlmsg_put_extra_header(message, sizeof(**ret_header));
	**ret_header = (struct rtmsg){ .rtm_family = AF_INET,
				       .rtm_type = RTN_UNICAST,
				       .rtm_table = RT_TABLE_MAIN };
	return message;
}

static void unknown_and_ill_fitting_attributes_are_passed_over(void **data)
{
	union host_object object;
	struct rtmsg *header;
	struct nlmsghdr *message = begin_route(&header);

	mnl_attr_put_u32(message, 999, 7);
	mnl_attr_put_u8(message, RTA_OIF, 7);
	mnl_attr_put(message, RTA_GATEWAY, 16, "0123456789abcdef");
	mnl_attr_put(message, RTA_MULTIPATH, 5, "abcde");
	mnl_attr_put(message, RTA_VIA, 1, "a");
	assert_true(codec_decode(&route_kind, message, &object));
	assert_int_equal(object.route.link, 0);
	assert_int_equal(object.route.via.family, 0);
	assert_int_equal(object.route.hops, 0);
	assert_int_equal(object.route.table, RT_TABLE_MAIN);
}

static void routes_that_nobody_asks_for_are_left_out(void **data)
{
	union host_object object;
	struct rtmsg *header;
	struct nlmsghdr *message = begin_route(&header);

	assert_true(codec_decode(&route_kind, message, &object));
	header->rtm_tos = 8;
	assert_false(codec_decode(&route_kind, message, &object));
	message = begin_route(&header);
	header->rtm_flags = RTM_F_CLONED;
	assert_false(codec_decode(&route_kind, message, &object));
	message = begin_route(&header);
	header->rtm_src_len = 64;
	assert_false(codec_decode(&route_kind, message, &object));
	message = begin_route(&header);
	header->rtm_dst_len = 33;
	assert_false(codec_decode(&route_kind, message, &object));
	message = begin_route(&header);
	header->rtm_family = AF_MPLS;
	assert_false(codec_decode(&route_kind, message, &object));
}

static void of_several_hops_the_first_is_told_and_how_many(void **data)
{
	union host_object object;
	struct rtmsg *header;
	struct nlmsghdr *message = begin_route(&header);
	struct nlattr *nest = mnl_attr_nest_start(message, RTA_MULTIPATH);

	for (uint8_t i = 1; i <= 3; i++) {
		struct rtnexthop *hop = mnl_nlmsg_get_payload_tail(message);
		uint32_t start = message->nlmsg_len;

		*hop = (struct rtnexthop){ .rtnh_ifindex = i };
		message->nlmsg_len += sizeof(*hop);
		mnl_attr_put_u32(message, RTA_GATEWAY, htonl(0xc0000200u + i));
		hop->rtnh_len = (uint16_t)(message->nlmsg_len - start);
	}
	mnl_attr_nest_end(message, nest);
	assert_true(codec_decode(&route_kind, message, &object));
	assert_int_equal(object.route.hops, 3);
	assert_int_equal(object.route.link, 1);
	assert_int_equal(object.route.via.bytes[3], 1);
}

static void the_hosts_own_end_of_a_tunnel_is_its_address(void **data)
{
	struct nlmsghdr *message = message_of(RTM_NEWADDR);
	struct ifaddrmsg *header;
	union host_object object;

	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->ifa_family = AF_INET;
	header->ifa_prefixlen = 32;
	header->ifa_index = 5;
	mnl_attr_put(message, IFA_ADDRESS, 4, "\x0a\x00\x00\x02");
	mnl_attr_put(message, IFA_LOCAL, 4, "\x0a\x00\x00\x01");
	assert_true(codec_decode(&address_kind, message, &object));
	assert_int_equal(object.address.prefix.bytes[3], 1);
	assert_int_equal(object.address.link, 5);
}

static void bridges_and_wireless_cards_do_not_make_links(void **data)
{
	struct nlmsghdr *message = message_of(RTM_NEWLINK);
	struct ifinfomsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	union host_object object;

	header->ifi_index = 3;
	assert_false(codec_decode(&link_kind, message, &object));
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	assert_true(codec_decode(&link_kind, message, &object));
	header->ifi_family = AF_BRIDGE;
	assert_false(codec_decode(&link_kind, message, &object));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_route_has_these_bytes),
		cmocka_unit_test(any_object_survives_its_message),
		cmocka_unit_test(a_message_cut_short_does_no_harm),
		cmocka_unit_test(unknown_and_ill_fitting_attributes_are_passed_over),
		cmocka_unit_test(routes_that_nobody_asks_for_are_left_out),
		cmocka_unit_test(of_several_hops_the_first_is_told_and_how_many),
		cmocka_unit_test(the_hosts_own_end_of_a_tunnel_is_its_address),
		cmocka_unit_test(bridges_and_wireless_cards_do_not_make_links),
	};

	srand(5);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
