/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words for what the kernel refused. Its own (the extended ack) are shown where it has any; where
 * it has only a number, the number is told in the terms of the object; and what stands in the way
 * is named.
 */
#include "host/inside.h"
#include "host/link_made.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct meaning {
	int error;
	const char *text;
};

static const struct meaning route_meanings[] = {
	{ -ENODEV, "its link is gone" },
	{ -ENETDOWN, "its link is down" },
	{ -ENETUNREACH, "its gateway is on no connected network" },
	{ -EHOSTUNREACH, "its gateway is on no connected network of its link" },
	{ -EAFNOSUPPORT, "the kernel has no such address family" },
	{ -EOPNOTSUPP, "the kernel does not support it" },
	{ -ENOSPC, "the kernel takes no more routes (net.ipv6.route.max_size)" },
	{ 0 },
};

static const struct meaning link_meanings[] = {
	{ -ENODEV, "it is gone, or the link that it stands on" },
	{ -EOPNOTSUPP, "the kernel does not support it" },
	{ -EBUSY, "somebody else uses it or its number" },
	{ -ERANGE, "out of the range that its driver or type takes" },
	{ -EINVAL, "the kernel does not take it as it is asked for" },
	{ 0 },
};

static const struct meaning nexthop_meanings[] = {
	{ -ENODEV, "its link is gone" },
	{ -ENETDOWN, "its link is down, or has no carrier" },
	{ -ENETUNREACH, "its gateway is on no connected network" },
	{ -EHOSTUNREACH, "its gateway is on no connected network of its link" },
	{ -EOPNOTSUPP,
	  "the kernel does not support it (nexthop objects: Linux 5.3; resilient groups: 5.13)" },
	{ 0 },
};

static const struct meaning rule_meanings[] = {
	{ -EAFNOSUPPORT, "the kernel has no policy routing for this family" },
	{ -EOPNOTSUPP, "the kernel does not support what it selects by" },
	{ 0 },
};

static const struct meaning filter_meanings[] = {
	{ -EPROTONOSUPPORT, "the kernel has no netfilter netlink (CONFIG_NETFILTER_NETLINK)" },
	{ -EINVAL, "the kernel has no nftables (CONFIG_NF_TABLES), or does not take this rule" },
	{ -EOPNOTSUPP, "the kernel lacks a part of nftables that this rule needs" },
	{ -EAFNOSUPPORT, "the kernel has no tables of both families (CONFIG_NF_TABLES_INET)" },
	{ -ENOENT, "the kernel lacks a part of nftables that this rule needs (CONFIG_NFT_NAT and "
		   "CONFIG_NFT_MASQ "
		   "for another source)" },
	{ -EMSGSIZE,
	  "the rules do not fit one transaction: CAP_NET_ADMIN of the machine, or more room in "
	  "net.core.wmem_max, is needed" },
	{ -ERESTART, "others change nftables all the time" },
	{ -ECANCELED, "too many of the rules beside it were refused" },
	{ 0 },
};

static const struct meaning address_meanings[] = {
	{ -ENODEV, "its link is gone" },
	{ -EACCES, "IPv6 is switched off on its link (disable_ipv6)" },
	{ -EAFNOSUPPORT, "the kernel has no such address family" },
	{ 0 },
};

static const struct meaning neighbour_meanings[] = {
	{ -ENODEV, "its link is gone" },
	{ -EINVAL, "its link resolves no addresses, or IPv6 is switched off on it" },
	{ -ENOBUFS,
	  "the neighbour table is full of entries of others (net.ipv4.neigh.default.gc_thresh3)" },
	{ 0 },
};

static const struct meaning *meanings_of(enum object_kind kind)
{
	static const struct meaning none[] = {
		{ 0 },
	};

	switch (kind) {
	case OBJECT_LINK:
		return link_meanings;
	case OBJECT_ROUTE:
		return route_meanings;
	case OBJECT_ADDRESS:
		return address_meanings;
	case OBJECT_NEXTHOP:
		return nexthop_meanings;
	case OBJECT_RULE:
		return rule_meanings;
	case OBJECT_FILTER:
		return filter_meanings;
	case OBJECT_NEIGHBOUR:
		return neighbour_meanings;
	case OBJECT_CGROUP:
	case OBJECT_SYSCTL:
	case OBJECT_ANSWER:
	case OBJECT_RESPONDER:
	case OBJECT_ATTACHMENT:
	case OBJECT_LISTENER:
	case OBJECT_KINDS:
		break;
	}
	return none;
}

const void *explain_obstacle(const struct host *host, enum object_kind kind, const void *object)
{
	const struct journal *journal = &host->journals[kind];
	const struct kind *of = kind_of(kind);

	for (size_t i = journal->changes.count; i > 0; i--) {
		const struct change *change = &journal->changes.items[i - 1];

		if (!change->removed && kind_compare(of, &change->object, object) == 0)
			return &change->object;
	}
	return state_find(&host->observed, kind, object);
}

/* What of the object says where it is and whose: "in table local", "protocol kernel". */
static void print_value(enum object_kind kind, const char *word, const void *object,
			const struct state *links, struct text *text)
{
	const struct kind *of = kind_of(kind);

	for (size_t i = 0; i < of->row_count; i++)
		if (!strcmp(of->rows[i].word, word))
			property_print(&of->rows[i], object, links, text);
}

static void explain_existing(const struct host *host, struct host_result *result)
{
	enum object_kind kind = result->operation->kind;
	const void *obstacle = explain_obstacle(host, kind, result->operation->after);
	bool route = kind == OBJECT_ROUTE;
	AUTO_TEXT where = { 0 };
	AUTO_TEXT whose = { 0 };

	if (kind == OBJECT_ROUTE || kind == OBJECT_ADDRESS || kind == OBJECT_NEIGHBOUR) {
		text_puts(&where, route ? " in table " : " on link ");
		print_value(kind, route ? "table" : "link", result->operation->after,
			    &host->observed, &where);
	}
	if (obstacle && kind != OBJECT_LINK)
		print_value(kind, "protocol", obstacle, &host->observed, &whose);
	snprintf(result->text, sizeof(result->text),
		 "exists%s and is not ours%s%s%s; remove it or leave it out of the configuration",
		 text_string(&where), obstacle ? " (protocol " : "", text_string(&whose),
		 obstacle ? ")" : "");
}

/* Links of a type that the kernel was built without, whose module is missing. */
static bool explain_unknown_type(struct host_result *result)
{
	const struct operation *operation = result->operation;
	const struct host_link *link = operation->after;
	bool adds = operation->type == OPERATION_ADD ||
		    (link && operation->before && link_is_recreated(operation->before, link));
	const char *name = "";

	if (operation->kind != OBJECT_LINK || result->error != -EOPNOTSUPP || !adds)
		return false;
	for (const struct word *word = link_types; word->text; word++)
		name = word->value == link->type ? word->text : name;
	snprintf(result->text, sizeof(result->text),
		 "this kernel has no links of type %s; "
		 "load its module (%s) or boot a kernel that has it",
		 name,
		 link->type == LINK_BOND ? "bonding" :
		 link->type == LINK_VLAN ? "8021q" :
					   name);
	return true;
}

void explain_refusal(const struct host *host, struct host_result *result, const char *kernel_text)
{
	if (result->error == -EEXIST && result->operation->after) {
		explain_existing(host, result);
		return;
	}
	if (explain_unknown_type(result))
		return;
	if (result->error == -EPERM && !kernel_text[0]) {
		snprintf(result->text, sizeof(result->text),
			 "CAP_NET_ADMIN is missing: the kernel refuses to be written");
		return;
	}
	if (kernel_text[0]) {
		snprintf(result->text, sizeof(result->text), "%s", kernel_text);
		return;
	}
	for (const struct meaning *meaning = meanings_of(result->operation->kind); meaning->error;
	     meaning++)
		if (meaning->error == result->error)
			snprintf(result->text, sizeof(result->text), "%s", meaning->text);
	if (!result->text[0])
		snprintf(result->text, sizeof(result->text), "%s", strerror(-result->error));
}
