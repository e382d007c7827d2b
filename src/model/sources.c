/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The source address that the kernel gives to a packet that has none. IPv4: that of the route, else
 * of the link: the first primary address of the network that the gateway is in, else the first one of
 * a scope that is wide enough, else one of another link. IPv6: RFC 6724, section 5, as Linux has it,
 * over the addresses of all links (of one VRF), with the labels that a kernel starts with.
 *
 * A state does not tell in which order addresses were added, which decides among equals: DOUBT_SOURCE.
 */
#include "model/inside.h"

#include "base/mem.h"

#include <linux/if_addr.h>
#include <string.h>

static const struct host_address *address_at(const struct model *model,
					     const struct model_link *link, size_t i)
{
	return state_at(model->state, OBJECT_ADDRESS, link->addresses + i);
}

static bool is_primary(const struct host_address *address)
{
	return address->prefix.family == AF_INET && !(address->flags & IFA_F_SECONDARY);
}

/* The kernel keeps those of the narrowest scope first. */
static bool stands_before(const struct host_address *a, const struct host_address *b)
{
	return !b || a->scope > b->scope;
}

/* The first address of the link that fits; @via picks the one whose network it is in, if any. */
static const struct host_address *on_link(const struct model *model, const struct model_link *link,
					  const struct address *via, uint8_t scope, unsigned *doubts)
{
	uint8_t local = conf_either(model->all.route_localnet, link->conf.route_localnet,
				    &(unsigned){ 0 }) ?
				RT_SCOPE_LINK :
				RT_SCOPE_HOST;
	const struct host_address *first = NULL, *matching = NULL;
	unsigned equals = 0, matches = 0;

	for (size_t i = 0; i < link->address_count; i++) {
		const struct host_address *address = address_at(model, link, i);
		uint8_t own = address->scope < local ? address->scope : local;

		if (!is_primary(address) || own > scope)
			continue;
		equals = first && first->scope == address->scope ? equals + 1 : 1;
		if (stands_before(address, first))
			first = address;
		if (!via->family || !prefix_holds(&address->prefix, via))
			continue;
		matches++;
		if (stands_before(address, matching))
			matching = address;
	}
	if (matching ? matches > 1 : equals > 1)
		*doubts |= DOUBT_SOURCE;
	return matching ? matching : first;
}

static const struct host_address *on_another(const struct model *model, const struct model_link *link,
					     uint8_t scope, unsigned *doubts)
{
	const struct host_address *first = NULL;

	for (size_t i = 0; link->link && i < link->address_count; i++) {
		const struct host_address *address = address_at(model, link, i);

		if (!is_primary(address) || address->scope == RT_SCOPE_LINK || address->scope > scope)
			continue;
		if (first && first->scope == address->scope)
			*doubts |= DOUBT_SOURCE;
		if (stands_before(address, first))
			first = address;
	}
	return first;
}

static struct address address_of(const struct host_address *address)
{
	return address ? prefix_address(&address->prefix) : (struct address){ 0 };
}

struct address source_ipv4(const struct model *model, uint32_t index, const struct address *via,
			   uint8_t scope, unsigned *doubts)
{
	const struct address none = { 0 };
	const struct model_link *link = model_link(model, index), *vrf;
	const struct host_address *found =
		link ? on_link(model, link, via->family == AF_INET ? via : &none, scope, doubts) :
		       NULL;

	if (found || !link)
		return address_of(found);
	vrf = link->vrf ? model_link(model, link->vrf) : NULL;
	if (vrf)
		found = on_another(model, vrf, scope, doubts);
	for (size_t i = 0; !found && i < model->link_count; i++)
		if (model->links[i].vrf == link->vrf)
			found = on_another(model, &model->links[i], scope, doubts);
	return address_of(found);
}

/* RFC 6724, section 3.1: 2 = link-local, 5 = site-local, 14 = global. */
static int scope_ipv6(const struct address *address)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	if (address->bytes[0] == 0xff)
		return address->bytes[1] & 0xf;
	if (address_is_link_local(address) || !memcmp(address->bytes, loopback, 16))
		return 2;
	return address->bytes[0] == 0xfe && (address->bytes[1] & 0xc0) == 0xc0 ? 5 : 14;
}

/* Section 2.1, with the table of Linux. */
static int label_ipv6(const struct address *address)
{
	static const struct {
		struct prefix prefix;
		int label;
	} labels[] = {
		{ { AF_INET6, 128, { [15] = 1 } }, 0 },
		{ { AF_INET6, 96, { [10] = 0xff, [11] = 0xff } }, 4 },
		{ { AF_INET6, 96, { 0 } }, 3 },
		{ { AF_INET6, 32, { 0x20, 0x01 } }, 6 },
		{ { AF_INET6, 28, { 0x20, 0x01, 0x00, 0x10 } }, 7 },
		{ { AF_INET6, 16, { 0x20, 0x02 } }, 2 },
		{ { AF_INET6, 7, { 0xfc } }, 5 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(labels); i++)
		if (prefix_holds(&labels[i].prefix, address))
			return labels[i].label;
	return 1;
}

static bool is_orchid(const struct address *address)
{
	static const struct prefix orchid = { AF_INET6, 28, { 0x20, 0x01, 0x00, 0x10 } };

	return prefix_holds(&orchid, address);
}

static int common_bits(const struct address *a, const struct address *b)
{
	int bits = 0;

	while (bits < 128 && !((a->bytes[bits / 8] ^ b->bytes[bits / 8]) & (0x80 >> (bits % 8))))
		bits++;
	return bits;
}

/* A destination, and what of it counts. */
struct destination {
	const struct address *to;
	uint32_t link;
	int scope, label;
};

enum {
	RULE_SAME,
	RULE_SCOPE,
	RULE_PREFERRED,
	RULE_HOME,
	RULE_LINK,
	RULE_LABEL,
	RULE_TEMPORARY,
	RULE_ORCHID,
	RULE_PREFIX,
	RULE_CERTAIN,
	RULES
};

/* What an address is worth by one rule; more is better. */
static int worth(const struct destination *destination, const struct model_link *link,
		 const struct host_address *candidate, int rule)
{
	struct address address = prefix_address(&candidate->prefix);
	int number;

	switch (rule) {
	case RULE_SAME:
		return address_equal(&address, destination->to);
	case RULE_SCOPE:
		number = scope_ipv6(&address);
		return number >= destination->scope ? -number : number - 128;
	case RULE_PREFERRED:
		return scope_ipv6(&address) == 2 && !address_is_link_local(&address) ?
			       1 :
			       !(candidate->flags & (IFA_F_DEPRECATED | IFA_F_OPTIMISTIC));
	case RULE_HOME:
		return (candidate->flags & IFA_F_HOMEADDRESS) != 0;
	case RULE_LINK:
		return !destination->link || destination->link == candidate->link;
	case RULE_LABEL:
		return label_ipv6(&address) == destination->label;
	case RULE_TEMPORARY:
		return ((candidate->flags & IFA_F_TEMPORARY) != 0) == (link->conf.use_tempaddr >= 2);
	case RULE_ORCHID:
		return is_orchid(&address) == is_orchid(destination->to);
	case RULE_PREFIX:
		number = common_bits(&address, destination->to);
		return number < candidate->prefix.length ? number : candidate->prefix.length;
	}
	return !(candidate->flags & IFA_F_OPTIMISTIC);
}

/* The best so far. */
struct choice {
	const struct model_link *link;
	const struct host_address *address;
	bool tie;
};

static bool is_candidate(const struct host_address *address)
{
	return address->prefix.family == AF_INET6 && address->prefix.bytes[0] != 0xff &&
	       (!(address->flags & IFA_F_TENTATIVE) || (address->flags & IFA_F_OPTIMISTIC)) &&
	       !(address->flags & IFA_F_DADFAILED);
}

static void consider(const struct destination *destination, const struct model_link *link,
		     const struct host_address *address, struct choice *choice)
{
	int difference = 0;

	for (int rule = 0; choice->address && !difference && rule < RULES; rule++)
		difference = worth(destination, link, address, rule) -
			     worth(destination, choice->link, choice->address, rule);
	if (!choice->address || difference > 0)
		*choice = (struct choice){ link, address, false };
	else if (!difference)
		choice->tie = true;
}

static void consider_link(const struct model *model, const struct destination *destination,
			  const struct model_link *link, struct choice *choice)
{
	for (size_t i = 0; i < link->address_count; i++) {
		const struct host_address *address = address_at(model, link, i);

		if (is_candidate(address))
			consider(destination, link, address, choice);
	}
}

/* In a VRF the link's own and the VRF's addresses are enough, if one has the scope. */
static bool vrf_has_one(const struct model *model, const struct destination *destination,
			const struct model_link *link, struct choice *choice)
{
	const struct model_link *vrf = model_link(model, link->vrf);

	consider_link(model, destination, link, choice);
	if (vrf && vrf != link)
		consider_link(model, destination, vrf, choice);
	return choice->address && worth(destination, choice->link, choice->address, RULE_SCOPE) >= 0;
}

struct address source_ipv6(const struct model *model, uint32_t index, const struct address *to,
			   unsigned *doubts)
{
	const struct destination destination = { to, index, scope_ipv6(to), label_ipv6(to) };
	const struct model_link *link = model_link(model, index);
	uint32_t vrf = link ? link->vrf : 0;
	struct choice choice = { 0 };

	if (link &&
	    (to->bytes[0] == 0xff || destination.scope <= 2 || link->conf.use_oif_addrs_only > 0)) {
		consider_link(model, &destination, link, &choice);
	} else if (!vrf || !vrf_has_one(model, &destination, link, &choice)) {
		choice = (struct choice){ 0 };
		for (size_t i = 0; i < model->link_count; i++)
			if (model->links[i].vrf == vrf)
				consider_link(model, &destination, &model->links[i], &choice);
	}
	if (choice.tie)
		*doubts |= DOUBT_SOURCE;
	return address_of(choice.address);
}
