/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is kept of others, and of which links. */
#include "host/taken.h"

#include "host/codec.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char sent[TAKEN_MESSAGE_MAX] __attribute__((aligned(8)));
static char kept[TAKEN_MESSAGE_MAX] __attribute__((aligned(8)));

static struct nlmsghdr *message_of(uint16_t type, const void *header, size_t size)
{
	struct nlmsghdr *message;

	memset(sent, 0, sizeof(sent));
	message = mnl_nlmsg_put_header(sent);
	message->nlmsg_type = type;
	memcpy(mnl_nlmsg_put_extra_header(message, size), header, size);
	return message;
}

static struct nlmsghdr *route_of(uint8_t family, uint8_t protocol, unsigned flags)
{
	const struct rtmsg header = { .rtm_family = family,
				      .rtm_protocol = protocol,
				      .rtm_type = RTN_UNICAST,
				      .rtm_table = RT_TABLE_MAIN,
				      .rtm_flags = flags };

	return message_of(RTM_NEWROUTE, &header, sizeof(header));
}

static bool is_kept(const struct nlmsghdr *message)
{
	return taken_request(message, (struct nlmsghdr *)kept);
}

static const struct nlattr *attribute_of(unsigned type)
{
	const struct nlattr *attribute;

	mnl_attr_for_each(attribute, (struct nlmsghdr *)kept, sizeof(struct rtmsg))
	{
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

static void what_comes_again_by_itself_is_not_kept(void **data)
{
	assert_true(is_kept(route_of(AF_INET, RTPROT_STATIC, 0)));
	assert_true(is_kept(route_of(AF_INET6, RTPROT_BOOT, 0)));
	assert_false(is_kept(route_of(AF_INET, RTPROT_KERNEL, 0)));
	assert_false(is_kept(route_of(AF_INET6, RTPROT_RA, 0)));
	assert_false(is_kept(route_of(AF_INET, HOST_PROTOCOL, 0)));
	assert_false(is_kept(route_of(AF_INET, RTPROT_STATIC, RTM_F_CLONED)));
}

static void a_temporary_address_is_not_kept_and_one_of_no_protocol_is(void **data)
{
	struct ifaddrmsg header = { .ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_index = 2 };
	struct nlmsghdr *message = message_of(RTM_NEWADDR, &header, sizeof(header));

	assert_true(is_kept(message));
	mnl_attr_put_u8(message, IFA_PROTO, HOST_PROTOCOL);
	assert_false(is_kept(message));
	header.ifa_flags = IFA_F_TEMPORARY;
	assert_false(is_kept(message_of(RTM_NEWADDR, &header, sizeof(header))));
}

static void what_the_kernel_only_reports_is_not_asked_for(void **data)
{
	struct rta_cacheinfo info = { .rta_expires = 1250 };
	struct nlmsghdr *message = route_of(AF_INET6, RTPROT_STATIC,
					    RTNH_F_LINKDOWN | RTNH_F_DEAD | RTNH_F_ONLINK);

	mnl_attr_put(message, RTA_CACHEINFO, sizeof(info), &info);
	mnl_attr_put_u32(message, RTA_OIF, 2);
	assert_true(is_kept(message));
	assert_int_equal(((struct rtmsg *)NLMSG_DATA(kept))->rtm_flags, RTNH_F_ONLINK);
	assert_null(attribute_of(RTA_CACHEINFO));
	assert_int_equal(mnl_attr_get_u32(attribute_of(RTA_EXPIRES)), 12);
	assert_int_equal(mnl_attr_get_u32(attribute_of(RTA_OIF)), 2);
}

static void a_route_by_a_nexthop_object_says_its_number_alone(void **data)
{
	struct nlmsghdr *message = route_of(AF_INET, RTPROT_STATIC, 0);

	mnl_attr_put_u32(message, RTA_NH_ID, 5);
	mnl_attr_put_u32(message, RTA_OIF, 2);
	mnl_attr_put_u32(message, RTA_GATEWAY, 1);
	assert_true(is_kept(message));
	assert_non_null(attribute_of(RTA_NH_ID));
	assert_null(attribute_of(RTA_OIF));
	assert_null(attribute_of(RTA_GATEWAY));
}

static void a_message_that_is_too_long_is_not_kept(void **data)
{
	struct nlmsghdr *message = route_of(AF_INET, RTPROT_STATIC, 0);

	message->nlmsg_len = TAKEN_MESSAGE_MAX;
	assert_false(is_kept(message));
	message->nlmsg_len = NLMSG_LENGTH(1);
	assert_false(is_kept(message));
}

/* The links that are disturbed when @before becomes @after (NULL: is deleted), as a text. */
static void check_disturbed(const char *before, const char *after, const char *expected)
{
	struct state was = { 0 }, will = { 0 };
	AUTO_TEXT error = { 0 }, found = { 0 };
	struct operation operation = { .kind = OBJECT_LINK };
	struct link_list links;

	assert_int_equal(state_parse(before, &was, &error), 0);
	assert_int_equal(state_parse(after ? after : "", &will, &error), 0);
	operation.before = state_link_named(&was, "eth0");
	operation.after = after ? state_link_named(&will, "eth0") : NULL;
	operation.type = after ? OPERATION_CHANGE : OPERATION_DELETE;
	links_disturbed(&was, &operation, 1, &links);
	for (size_t i = 0; i < links.count; i++)
		text_printf(&found, "%s%u", i ? " " : "", links.items[i]);
	assert_string_equal(text_string(&found), expected);
	link_list_free(&links);
	state_free(&was);
	state_free(&will);
}

#define VLANS                                                                                      \
	"link eth0.5 index 9 flags up type vlan parent eth0 vlan-id 5\n"                           \
	"link eth0.5.6 index 3 flags up type vlan parent eth0.5 vlan-id 6\n"                       \
	"link mac0 index 4 flags up type macvlan parent eth0\n"

static void a_link_is_disturbed_by_what_takes_it_down_and_so_are_its_vlans(void **data)
{
	const char *up = "link eth0 index 2 flags up mtu 1500\n" VLANS;

	check_disturbed(up, "link eth0 index 2 mtu 1500\n", "2 3 9");
	check_disturbed(up, "link eth0 index 2 flags up mtu 1000\n", "2 3 9");
	check_disturbed(up, "link eth0 index 2 flags up mtu 1500 master #8\n", "2 3 9");
	check_disturbed(up, NULL, "2 3 9");
	check_disturbed(up, "link eth0 index 2 flags up mtu 9000 queue 7\n", "");
	check_disturbed("link eth0 index 2 mtu 1500\n", "link eth0 index 2 mtu 1000\n", "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_again_by_itself_is_not_kept),
		cmocka_unit_test(a_temporary_address_is_not_kept_and_one_of_no_protocol_is),
		cmocka_unit_test(what_the_kernel_only_reports_is_not_asked_for),
		cmocka_unit_test(a_route_by_a_nexthop_object_says_its_number_alone),
		cmocka_unit_test(a_message_that_is_too_long_is_not_kept),
		cmocka_unit_test(a_link_is_disturbed_by_what_takes_it_down_and_so_are_its_vlans),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
