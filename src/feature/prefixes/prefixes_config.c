/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What may be claimed. A claim takes every packet for its prefix, so a careless one takes a host
 * off its network: what no host can mean is refused here, what depends on the host's links in
 * desire().
 */
#include "feature/prefixes/prefixes.h"

#include "feature/own.h"

#include <errno.h>
#include <stdlib.h>

static const struct config_field except_item = {
	.name = "exception",
	.type = CONFIG_NET,
	.help = "An address or a prefix.",
	.example = "198.51.100.1",
};

static const struct config_field neighbour_item = {
	.name = "link",
	.type = CONFIG_IFNAME,
	.help = "A link.",
	.example = "eth0",
};

static const char *const sources[] = { "target", "link-local", NULL };
static const char *const responders[] = { "auto", "xdp", "tc", "worker", NULL };

enum { CLAIM_PREFIX, CLAIM_EXCEPT, CLAIM_CONNECTED, CLAIM_NONLOCAL_BIND };

const struct config_field claim_fields[] = {
	[CLAIM_PREFIX] = { "prefix", CONFIG_PREFIX, offsetof(struct claim, prefix), .required = true,
			   .help = "The prefix that this host answers for, IPv4 (/8 and longer) or "
				   "IPv6 (/16 and longer), every address of it. "
				   "It becomes a route of type local in table local on the "
				   "loopback link, and needs no address of its own on any link. "
				   "The router upstream must route it to this host, or take it for "
				   "on-link and find an answer: the kernel answers ARP for every "
				   "address of an IPv4 claim, but not neighbour discovery for an "
				   "IPv6 one; see `neighbours`.",
			   .example = "2001:db8:1:1::/64" },
	[CLAIM_EXCEPT] = { "except", CONFIG_LIST, offsetof(struct claim, except),
			   .item = &except_item, .max = 4096,
			   .help = "Addresses and prefixes inside the claim that belong to "
				   "somebody else. Each becomes a copy, in table local, of the "
				   "route that leads there in table main, with everything more "
				   "specific below it; where none leads there, it becomes "
				   "unreachable. Gateways and "
				   "neighbours on a connected network inside the claim are "
				   "excepted without being named here.",
			   .example = "[198.51.100.1, 198.51.100.64/28]" },
	[CLAIM_CONNECTED] = { "connected", CONFIG_BOOL, offsetof(struct claim, connected),
			      .help = "Says that the claim meets a connected network: a network "
				      "that one of this host's links has an address in. "
				      "Without it such a claim is refused, because senders inside "
				      "a claim are silently dropped by Linux; with it, the "
				      "gateways and the neighbours that this "
				      "host knows are excepted, and stay so until the claim goes. "
				      "Neighbours that it has never heard must be named in "
				      "`except`.",
			      .example = "true" },
	[CLAIM_NONLOCAL_BIND] = { "nonlocal-bind", CONFIG_BOOL,
				  offsetof(struct claim, nonlocal_bind), .def = true,
				  .help = "IPv6 only, where one claim that says yes is enough: "
					  "sets net.ipv6.ip_nonlocal_bind, so that unmodified "
					  "programs can bind to the addresses of "
					  "a claim and answer from them by packet information "
					  "(IPV6_PKTINFO); without it Linux refuses both with "
					  "EADDRNOTAVAIL and EINVAL, and such "
					  "programs fall silent. It lets every program of this "
					  "network namespace bind any IPv6 address. What it was "
					  "before comes back when the last such claim goes.",
				  .example = "false" },
	{ "neighbours", CONFIG_LIST, offsetof(struct claim, neighbours), .item = &neighbour_item,
	  .max = 64, .lone = true,
	  .help = "Links where the upstream router takes the claim for on-link: ARP requests and "
		  "neighbour solicitations for every address of it are answered there, by an eBPF "
		  "program or a worker, duplicate address detection of others included, so that "
		  "nobody takes one. Exceptions and the link's own addresses are left to those who "
		  "have them.",
	  .example = "[eth0]" },
	{ "override", CONFIG_BOOL, offsetof(struct claim, override), .def = true,
	  .help = "IPv6 only: whether answers replace what the asker knew (the O flag), as those "
		  "of "
		  "an owner do; those of a proxy do not (RFC 4861, 7.2.8).",
	  .example = "false" },
	{ "source", CONFIG_ENUM, offsetof(struct claim, source), .words = sources,
	  .help = "IPv6 only: which address answers bear, the one asked for or the link-local one "
		  "of "
		  "the link. Some routers take no answer but the one kind.",
	  .example = "link-local" },
	{ "responder", CONFIG_ENUM, offsetof(struct claim, responder), .words = responders,
	  .help = "What answers on the links of `neighbours`: an eBPF program in the driver "
		  "(`xdp`) or "
		  "above it (`tc`), or a worker (`worker`). `auto` takes the first that works "
		  "there; "
		  "`mhctl status prefixes` says which.",
	  .example = "tc" },
	{ 0 }
};

static const struct config_field claim_item = {
	.name = "claim",
	.type = CONFIG_RECORD,
	.fields = claim_fields,
	.size = sizeof(struct claim),
	.help = "One claim.",
};

static const struct config_field prefixes_root = {
	.name = "prefixes",
	.type = CONFIG_LIST,
	.item = &claim_item,
	.help = "Whole prefixes that this host answers for, without listing addresses: TCP and UDP "
		"sockets on the wildcard address, "
		"and built-in services, are reached on every address of them. Claims must not "
		"overlap.",
	.example = "[{ prefix: 198.51.100.0/24 }]",
};

/* What no claim may touch, and why. */
static const struct {
	const char *prefix, *reason;
} absurd[] = {
	{ "0.0.0.0/8", "it means \"this network\" (RFC 1122, 3.2.1.3)" },
	{ "127.0.0.0/8", "it is local already (RFC 1122, 3.2.1.3)" },
	{ "169.254.0.0/16", "link-local addresses belong to a link (RFC 3927)" },
	{ "224.0.0.0/4", "groups are joined, not claimed (RFC 5771)" },
	{ "255.255.255.255/32", "it is the broadcast address (RFC 919)" },
	{ "::/127", "it holds the unspecified and the loopback address (RFC 4291, 2.5)" },
	{ "::ffff:0:0/96",
	  "IPv4-mapped addresses never travel; claim the IPv4 prefix (RFC 4291, 2.5.5.2)" },
	{ "fe80::/10", "link-local addresses belong to a link (RFC 4291, 2.5.6)" },
	{ "ff00::/8", "groups are joined, not claimed (RFC 4291, 2.7)" },
};

static struct place place_of_prefix(const struct claim *claim)
{
	return CONFIG_PLACE(claim, claim_fields, struct claim, prefix);
}

/* Returns whether it may be claimed at all. */
static bool check_prefix(const struct claim *claim, struct diags *diags)
{
	uint8_t shortest = claim->prefix.family == AF_INET ? 8 : 16;
	struct place at = place_of_prefix(claim);
	char text[ADDRESS_TEXT_SIZE];
	struct prefix bad;

	if (claim->prefix.length == 0) {
		diag_at(diags, at, -EINVAL,
			"%s is the default route: claiming it would cut this host off; "
			"name the prefix that is yours",
			prefix_text(&claim->prefix, text));
		return false;
	}
	for (size_t i = 0; i < ARRAY_SIZE(absurd); i++) {
		if (prefix_parse(absurd[i].prefix, &bad) < 0 ||
		    !prefix_overlaps(&bad, &claim->prefix) || claim->prefix.length < shortest)
			continue;
		diag_at(diags, at, -EINVAL, "%s cannot be claimed, because of %s: %s",
			prefix_text(&claim->prefix, text), absurd[i].prefix, absurd[i].reason);
		return false;
	}
	if (claim->prefix.length < shortest) {
		diag_at(diags, at, -EINVAL,
			"%s is shorter than /%u: nobody holds that much; "
			"name the prefix that is yours",
			prefix_text(&claim->prefix, text), shortest);
		return false;
	}
	return true;
}

static void check_exceptions(const struct claim *claim, struct diags *diags)
{
	const struct prefix *except = claim->except.items;
	char inner[ADDRESS_TEXT_SIZE], outer[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < claim->except.count; i++) {
		prefix_text(&except[i], inner);
		prefix_text(&claim->prefix, outer);
		if (prefix_covers(&except[i], &claim->prefix))
			diag_at(diags, claim->except.places[i], -EINVAL,
				"%s leaves nothing of %s; leave the claim out instead", inner, outer);
		else if (!prefix_covers(&claim->prefix, &except[i]))
			diag_at(diags, claim->except.places[i], -EINVAL,
				"%s does not lie inside %s, so there is nothing to except; "
				"leave it out",
				inner, outer);
	}
}

static int claim_order(const void *a, const void *b)
{
	const struct claim *const *first = a, *const *second = b;
	int r = prefix_compare(&(*first)->prefix, &(*second)->prefix);

	/* Equal ones in the order of the file, so that the diagnostic stands at the later one. */
	return r ? r : (*first > *second) - (*first < *second);
}

static void tell_overlap(const struct claim *inner, const struct claim *outer, struct diags *diags)
{
	char text[ADDRESS_TEXT_SIZE], cover[ADDRESS_TEXT_SIZE];

	prefix_text(&inner->prefix, text);
	prefix_text(&outer->prefix, cover);
	if (prefix_compare(&inner->prefix, &outer->prefix) == 0)
		diag_between(diags, place_of_prefix(inner), place_of_prefix(outer), -EINVAL,
			     "%s is claimed twice; leave one of them out", text);
	else
		diag_between(diags, place_of_prefix(inner), place_of_prefix(outer), -EINVAL,
			     "%s lies inside the claim %s; leave one of them out", text, cover);
}

/*
 * A prefix sorts right before everything inside it: one pass with the last open cover finds every
 * overlap.
 */
static void check_overlaps(const struct claim **sorted, size_t count, struct diags *diags)
{
	const struct claim *cover = NULL;

	if (count)
		qsort(sorted, count, sizeof(*sorted), claim_order);
	for (size_t i = 0; i < count; i++) {
		if (!cover || !prefix_covers(&cover->prefix, &sorted[i]->prefix)) {
			cover = sorted[i];
			continue;
		}
		tell_overlap(sorted[i], cover, diags);
	}
}

void prefixes_check(const void *config, struct diags *diags)
{
	const struct config_list *claims = config;
	const struct claim *claim = claims->items;
	const struct claim **possible = mem_alloc((claims->count + 1) * sizeof(*possible));
	size_t count = 0;

	for (unsigned i = 0; i < claims->count; i++, claim++) {
		if (!claim->prefix.family)
			continue; /* it could not be read, and that was told */
		/* What is absurd covers nothing: one mistake is told once. */
		if (check_prefix(claim, diags))
			possible[count++] = claim;
		check_exceptions(claim, diags);
		if (claim->prefix.family == AF_INET &&
		    place_known(claim->record.places[CLAIM_NONLOCAL_BIND]))
			diag_at(diags, claim->record.places[CLAIM_NONLOCAL_BIND], -EINVAL,
				"nonlocal-bind is for IPv6 claims: IPv4 needs no such thing; "
				"leave it out");
	}
	check_overlaps(possible, count, diags);
	claims_check_neighbours(claims, diags);
	mem_freep(&possible);
}

static void prefixes_interest(const void *config, struct interest *interest)
{
	static const char *const sysctls[] = {
		SYSCTL_NONLOCAL_BIND,	      "net/ipv4/conf/*/arp_ignore",
		"net/ipv4/conf/*/rp_filter",  "net/ipv6/conf/*/disable_ipv6",
		"net/ipv6/conf/*/forwarding",
	};
	const struct config_list *claims = config;
	const struct claim *claim = claims->items;

	for (unsigned i = 0; i < claims->count; i++)
		*VEC_PUSH(&interest->prefixes) = claim[i].prefix;
	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++)
		*VEC_PUSH(&interest->sysctls) = sysctls[i];
}

static void prefixes_own(const void *config, struct own_list *list)
{
	const struct config_list *claims = config;
	const struct claim *claim = claims->items;

	for (unsigned i = 0; i < claims->count; i++)
		*VEC_PUSH(&list->items) = (struct own){ .prefix = claim[i].prefix,
							.place = place_of_prefix(&claim[i]) };
}

const struct feature prefixes_feature = {
	.name = "prefixes",
	.root = &prefixes_root,
	.check = prefixes_check,
	.own = prefixes_own,
	.desire = prefixes_desire,
	.interest = prefixes_interest,
	.status = prefixes_status,
	.looks_at_responders = true,
};
