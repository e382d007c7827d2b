/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our filter and our translation of addresses: the first rule of a chain that matches decides.
 * And what answers a packet.
 */
#include "model/inside.h"

#include "base/mem.h"

#include <string.h>

/* A packet in a chain, as nftables sees it. */
struct sight {
	enum filter_chain chain;
	const char *in, *out;
	const struct flow *flow;
	const struct address *from;
};

static bool in_span(const struct span *span, uint32_t number)
{
	return !span->end || (number >= span->first && number < span->end);
}

static bool named(const char *wanted, const char *name)
{
	return !wanted[0] || !strncmp(wanted, name, IFNAMSIZ);
}

static bool fits(const struct host_filter *filter, const struct sight *sight)
{
	const struct flow *flow = sight->flow;

	return filter->chain == sight->chain && named(filter->in, sight->in) &&
	       named(filter->out, sight->out) &&
	       (!filter->from.family || prefix_holds(&filter->from, sight->from)) &&
	       (!filter->to.family || prefix_holds(&filter->to, &flow->to)) &&
	       /* Another source is of one family, and only packets of it get it. */
	       (!filter->first.family || filter->first.family == flow->to.family) &&
	       (!filter->ip_protocol || filter->ip_protocol == flow->ip_protocol) &&
	       in_span(&filter->sport, flow->sport) && in_span(&filter->dport, flow->dport) &&
	       !((filter->mark ^ flow->mark) & filter->mask);
}

/* The sets of a state are sorted by chain and order. */
static const struct host_filter *first_of(const struct model *model, const struct sight *sight)
{
	STATE_EACH(model->state, OBJECT_FILTER, const struct host_filter, filter) {
		if (fits(filter, sight))
			return filter;
	}
	return NULL;
}

static const char *name_of(const struct model *model, uint32_t index)
{
	const struct model_link *link = model_link(model, index);

	return link ? link->link->name : "";
}

void filter_hops(const struct model *model, const struct flow *flow, uint32_t in,
		 struct verdict *verdict)
{
	struct sight sight = { .in = name_of(model, in), .flow = flow };

	for (unsigned i = 0; i < verdict->hop_count; i++) {
		struct verdict_hop *hop = &verdict->hops[i];

		if (hop->end != END_LEAVES)
			continue;
		sight.from = &hop->source;
		sight.out = name_of(model, hop->link);
		sight.chain = FILTER_FORWARD;
		hop->filter = in ? first_of(model, &sight) : NULL;
		if (hop->filter && hop->filter->verdict == FILTER_DROP) {
			hop->end = END_FILTERED;
			continue;
		}
		sight.chain = FILTER_NAT;
		hop->nat = first_of(model, &sight);
	}
}

bool model_reply(const struct model *model, const struct flow *flow, const struct verdict *there,
		 unsigned hop, struct flow *ret_reply)
{
	struct flow reply = {
		.from = flow->to,
		.to = flow->from,
		.ip_protocol = flow->ip_protocol,
		.tos = flow->tos,
		.sport = flow->dport,
		.dport = flow->sport,
	};

	if (there->end == END_LEAVES && hop < there->hop_count && there->hops[hop].end == END_LEAVES)
		reply.in = there->hops[hop].link;
	else if (there->end != END_LOCAL)
		return false;
	if (!reply.to.family)
		reply.to = reply.in ? there->hops[hop].source : there->source;
	if (!reply.to.family)
		return false;
	*ret_reply = reply;
	return true;
}

bool model_is_symmetric(const struct model *model, const struct flow *flow, const struct verdict *back)
{
	if (!flow->in)
		return back->end == END_LOCAL;
	if (back->end != END_LEAVES)
		return false;
	for (unsigned i = 0; i < back->hop_count; i++)
		if (back->hops[i].link != flow->in)
			return false;
	return back->hop_count > 0;
}

const char *verdict_end_name(enum verdict_end end)
{
	static const char *const names[] = {
		[END_LEAVES] = "leaves",       [END_LOCAL] = "local",
		[END_BROADCAST] = "broadcast", [END_MULTICAST] = "multicast",
		[END_REFUSED] = "refused",     [END_NO_FORWARDING] = "no forwarding",
		[END_MARTIAN] = "martian",     [END_RP_FILTER] = "rp_filter",
		[END_FILTERED] = "filtered",   [END_GUARDED] = "guarded",
	};

	return names[end];
}

const char *verdict_doubt_text(unsigned doubt)
{
	static const struct {
		unsigned doubt;
		const char *text;
	} texts[] = {
		{ DOUBT_RULE, "a rule says more than is understood here; it is taken for one that "
			      "does not match" },
		{ DOUBT_HOPS, "the route has several next hops, of which only the first is known" },
		{ DOUBT_NEXTHOP, "the route leads to a nexthop object that is not known" },
		{ DOUBT_ORDER,
		  "one of ours and one of somebody else's are equal; the older one counts" },
		{ DOUBT_MERGED, "whether table main comes after table local depends on whether "
				"there ever was a rule" },
		{ DOUBT_SYSCTL, "a setting that decides is not known" },
		{ DOUBT_SOURCE, "several source addresses fit equally well" },
		{ DOUBT_GATEWAY,
		  "of several equal default routes one whose gateway answers is preferred" },
		{ DOUBT_OWN, "a gateway that was an address of this host when the route was made "
			     "counts for none" },
		{ DOUBT_SHARED, "IPv6 may take the source or the length of another route by the "
				"same nexthop object" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		if (texts[i].doubt == doubt)
			return texts[i].text;
	return "";
}
