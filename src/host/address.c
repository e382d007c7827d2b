/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Addresses on links. What differs between desired and observed is what can be asked for: the
 * lifetime flags (tentative, deprecated, permanent ...) are the kernel's own, and so is the scope
 * of an IPv6 address. Linux 5.18 and later keep our mark in IFA_PROTO; before, none is ours.
 */
#include "host/answering.h"
#include "host/kind.h"

#include "base/mem.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <stddef.h>
#include <string.h>

#define AT(field) offsetof(struct host_address, field)
#define HEADER(field) offsetof(struct ifaddrmsg, field), sizeof(((struct ifaddrmsg *)0)->field)

static const struct word address_scopes[] = {
	{ "global", RT_SCOPE_UNIVERSE }, { "site", RT_SCOPE_SITE },	  { "link", RT_SCOPE_LINK },
	{ "host", RT_SCOPE_HOST },	 { "nowhere", RT_SCOPE_NOWHERE }, { 0 },
};

static const struct word address_protocols[] = {
	{ "kernel_lo", 1 },
	{ "kernel_ra", 2 },
	{ "kernel_ll", 3 },
	{ "multihomed", HOST_PROTOCOL },
	{ 0 },
};

static const struct word address_flags[] = {
	{ "secondary", IFA_F_SECONDARY },
	{ "nodad", IFA_F_NODAD },
	{ "optimistic", IFA_F_OPTIMISTIC },
	{ "dadfailed", IFA_F_DADFAILED },
	{ "home", IFA_F_HOMEADDRESS },
	{ "deprecated", IFA_F_DEPRECATED },
	{ "tentative", IFA_F_TENTATIVE },
	{ "permanent", IFA_F_PERMANENT },
	{ "mngtmpaddr", IFA_F_MANAGETEMPADDR },
	{ "noprefixroute", IFA_F_NOPREFIXROUTE },
	{ "autojoin", IFA_F_MCAUTOJOIN },
	{ "stable-privacy", IFA_F_STABLE_PRIVACY },
	{ 0 },
};

enum { ADDRESS_PREFIX, ADDRESS_LINK, ADDRESS_SCOPE, ADDRESS_FLAGS, ADDRESS_PROTOCOL };

static const struct property address_rows[] = {
	[ADDRESS_PREFIX] = { "prefix", PROPERTY_PREFIX, ROW_PLAIN, AT(prefix),
			     .header = HEADER(ifa_prefixlen), .attribute = IFA_ADDRESS },
	[ADDRESS_LINK] = { "link", PROPERTY_LINK, 0, AT(link), .header = HEADER(ifa_index) },
	[ADDRESS_SCOPE] = { "scope", PROPERTY_U8, ROW_LAX, AT(scope), .words = address_scopes,
			    .header = HEADER(ifa_scope) },
	[ADDRESS_FLAGS] = { "flags", PROPERTY_U32, ROW_BITS | ROW_FREE, AT(flags),
			    .words = address_flags, .header = HEADER(ifa_flags),
			    .attribute = IFA_FLAGS },
	[ADDRESS_PROTOCOL] = { "protocol", PROPERTY_U8, ROW_LONG | ROW_FREE, AT(protocol),
			       .words = address_protocols, .attribute = IFA_PROTO },
};

static void address_complete(void *object)
{
	((struct host_address *)object)->protocol = HOST_PROTOCOL;
}

/*
 * IFA_ADDRESS is the peer on a point-to-point link; the address of the host itself is then
 * IFA_LOCAL.
 */
static bool address_decoded(void *object, const struct nlmsghdr *message)
{
	const struct ifaddrmsg *header = NLMSG_DATA(message);
	struct host_address *address = object;
	const struct nlattr *attribute = NULL;

	while ((attribute = netlink_attribute(message, sizeof(*header), attribute))) {
		if (mnl_attr_get_type(attribute) != IFA_LOCAL ||
		    mnl_attr_get_payload_len(attribute) != address_size(header->ifa_family))
			continue;
		memcpy(address->prefix.bytes, mnl_attr_get_payload(attribute),
		       address_size(header->ifa_family));
		address->prefix.family = header->ifa_family;
	}
	address->object.ours = address->protocol == HOST_PROTOCOL;
	return address_size(header->ifa_family) && address->prefix.family == header->ifa_family &&
	       address->prefix.length <= address_bits(header->ifa_family);
}

static void address_encoded(const void *object, struct nlmsghdr *message)
{
	const struct host_address *address = object;

	const struct ifa_cacheinfo never = { .ifa_prefered = 0, .ifa_valid = UINT32_MAX };

	mnl_attr_put(message, IFA_LOCAL, address_size(address->prefix.family), address->prefix.bytes);
	if (address->flags & IFA_F_DEPRECATED)
		mnl_attr_put(message, IFA_CACHEINFO, sizeof(never), &never);
}

const struct kind address_kind = {
	.name = "address",
	.size = sizeof(struct host_address),
	.rows = address_rows,
	.row_count = ARRAY_SIZE(address_rows),
	.keys = { &address_rows[ADDRESS_LINK], &address_rows[ADDRESS_PREFIX] },
	.complete = address_complete,
	.message_new = RTM_NEWADDR,
	.message_delete = RTM_DELADDR,
	.message_get = RTM_GETADDR,
	.header_size = sizeof(struct ifaddrmsg),
	.decoded = address_decoded,
	.encoded = address_encoded,
};

struct address link_local_of(const struct state *observed, uint32_t link)
{
	const struct host_address like = { .link = link, .prefix = { AF_INET6, 0, { 0xfe, 0x80 } } };
	size_t i = state_lower_bound(observed, OBJECT_ADDRESS, &like);

	for (; i < state_count(observed, OBJECT_ADDRESS); i++) {
		const struct host_address *address = state_at(observed, OBJECT_ADDRESS, i);
		struct address own = prefix_address(&address->prefix);

		if (address->link != link || !address_is_link_local(&own))
			break;
		if (!(address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)))
			return own;
	}
	return (struct address){ 0 };
}
