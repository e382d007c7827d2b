/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The model's verdict beside the kernel's answer. What the kernel words differently over its versions
 * is one and the same here.
 */
#include "model/agree.h"

#include <errno.h>

/*
 * Since Linux 6.14 every refusal of a received source is "invalid"; before, rp_filter had a number of
 * its own. A source that is not ours was invalid once, and is unreachable now.
 */
static bool is_refusal_of_source(enum verdict_end end, int error)
{
	return (end == END_RP_FILTER || end == END_MARTIAN) && (error == -EINVAL || error == -EXDEV);
}

/* A single packet takes one of the hops; the filter is none of routing's. */
static bool same_error(const struct verdict *verdict, int error)
{
	bool may_leave = verdict->hop_count == 0;

	for (unsigned i = 0; i < verdict->hop_count; i++) {
		if (is_refusal_of_source(verdict->hops[i].end, error))
			return true;
		may_leave |= verdict->hops[i].end == END_LEAVES ||
			     verdict->hops[i].end == END_FILTERED;
	}
	return is_refusal_of_source(verdict->end, error) ||
	       (verdict->error == error && (error || may_leave));
}

static const struct verdict_hop *hop_of(const struct verdict *verdict,
					const struct route_answer *answer)
{
	for (unsigned i = 0; i < verdict->hop_count; i++)
		if (verdict->hops[i].link == answer->link &&
		    address_equal(&verdict->hops[i].via, &answer->via))
			return &verdict->hops[i];
	return NULL;
}

/*
 * Of routes by one nexthop object IPv6 tells the one that it looked up first. IPv4's table local is
 * told as main while they are one tree.
 */
static bool same_route(const struct host_route *ours, const struct host_route *kernels)
{
	if (!ours)
		return false;
	if (ours->to.family == AF_INET6 && ours->nexthop && kernels->nexthop)
		return true;
	return (ours->table == kernels->table || ours->table == RT_TABLE_LOCAL) &&
	       !prefix_compare(&ours->to, &kernels->to) && ours->metric == kernels->metric &&
	       ours->type == kernels->type && ours->link == kernels->link &&
	       address_equal(&ours->via, &kernels->via);
}

static bool same_type(const struct verdict *verdict, uint8_t type)
{
	bool here = type == RTN_LOCAL || type == RTN_BROADCAST || type == RTN_ANYCAST ||
		    type == RTN_MULTICAST;

	return here == (verdict->end == END_LOCAL || verdict->end == END_BROADCAST ||
			verdict->end == END_MULTICAST);
}

const char *model_difference(const struct flow *flow, const struct verdict *verdict,
			     const struct route_answer *answer)
{
	const struct verdict_hop *hop = hop_of(verdict, answer);
	bool leaves = verdict->end == END_LEAVES || verdict->end == END_FILTERED;

	if (!same_error(verdict, answer->error))
		return "error";
	if (answer->error)
		return NULL;
	if (!same_type(verdict, answer->type))
		return "type";
	if (answer->has_route && !same_route(verdict->route, &answer->route))
		return "route";
	if (leaves && !answer->has_route && verdict->route && !verdict->assumed)
		return "route";
	if (leaves && !hop)
		return "next hop";
	if (!flow->in && !flow->from.family && !(verdict->doubts & DOUBT_SOURCE) &&
	    !address_equal(hop ? &hop->source : &verdict->source, &answer->source))
		return "source";
	return NULL;
}
