/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a packet: what the kernel asks its rules and tables for it, and what it does with
 * the answer. Sent packets first, then received ones, IPv4 and IPv6 apart, for they differ in nearly
 * everything but the rules.
 *
 * Of Linux, seen on 6.18 by comparison with RTM_GETROUTE:
 *
 * - A bound IPv4 socket that finds no route, or a refusal, takes the destination for on-link.
 * - What is received counts as sent by user 0 where rules ask for one.
 * - IPv4 forwards by the setting of the link where a packet comes in, IPv6 by that for all.
 * - Protocol and ports of what is received are seen only if some rule asks for them, other than by
 *   "in lo": so a rule that says both matches, or not, in rp_filter's check by what others say.
 * - rp_filter, even when it is off, refuses sources that are addresses of this host.
 */
#include "model/inside.h"
#include "model/neighbours.h"

#include <errno.h>
#include <linux/if_link.h>
#include <string.h>

#define LOOPBACK 1

/* A look-up on its way. */
struct work {
	const struct model *model;
	const struct flow *flow;
	const struct model_link *in; /* where the kernel thinks it came in: a link's VRF */
	struct verdict *verdict;
};

static bool is_ipv4(const struct address *address, uint8_t first)
{
	return address->family == AF_INET && address->bytes[0] == first;
}

static bool is_limited_broadcast(const struct address *address)
{
	static const uint8_t ones[4] = { 255, 255, 255, 255 };

	return address->family == AF_INET && !memcmp(address->bytes, ones, 4);
}

static bool is_loopback_ipv6(const struct address *address)
{
	static const uint8_t loopback[16] = { [15] = 1 };

	return address->family == AF_INET6 && !memcmp(address->bytes, loopback, 16);
}

/* Destinations that mean something on one link only. */
static bool needs_link(const struct address *to)
{
	return address_is_multicast(to) || address_is_link_local(to) || is_loopback_ipv6(to);
}

static void refuse(struct verdict *verdict, enum verdict_end end, int error)
{
	verdict->end = end;
	verdict->error = error;
}

static uint32_t vrf_of(const struct model *model, uint32_t index)
{
	const struct model_link *link = model_link(model, index);

	return link ? link->vrf : 0;
}

static bool is_vrf(const struct model *model, uint32_t index)
{
	return index && vrf_of(model, index) == index;
}

static struct query query_of(const struct flow *flow)
{
	return (struct query){
		.family = flow->to.family,
		.ip_protocol = flow->ip_protocol,
		.tos = flow->tos,
		.has_from = flow->from.family && !address_is_unspecified(&flow->from),
		.from = flow->from.family ? flow->from : (struct address){ .family = flow->to.family },
		.to = flow->to,
		.mark = flow->mark,
		.uid = flow->in ? 0 : flow->uid,
		.sport = flow->sport,
		.dport = flow->dport,
	};
}

/* A socket that is bound to a VRF is bound to its table, not to a link. */
static struct query query_sent(const struct model *model, const struct flow *flow)
{
	struct query query = query_of(flow);

	query.in = LOOPBACK;
	query.vrf = vrf_of(model, flow->out);
	query.out = is_vrf(model, flow->out) ? 0 : flow->out;
	query.wish = query.out;
	query.strict = (flow->out && !(flow->asked && query.has_from)) || needs_link(&flow->to);
	return query;
}

/* Without a rule that asks for them, protocol and ports stay unseen; IPv6 is told when asked. */
static struct query query_unsent(const struct work *work)
{
	struct query query = query_of(work->flow);
	bool told = query.family == AF_INET6 && work->flow->asked;

	if (!told && !work->model->rules[query.family == AF_INET6].dissects)
		query.ip_protocol = query.sport = query.dport = 0;
	return query;
}

static struct query query_received(const struct work *work)
{
	struct query query = query_unsent(work);

	query.in = work->in->link->index;
	query.vrf = work->in->vrf;
	query.wish = query.in;
	query.strict = needs_link(&work->flow->to);
	return query;
}

static void give_source(struct verdict *verdict, struct address source)
{
	verdict->source = source;
	for (unsigned i = 0; i < verdict->hop_count; i++)
		verdict->hops[i].source = source;
}

static void take(const struct work *work, const struct query *query, const struct found *found)
{
	struct verdict *verdict = work->verdict;

	verdict->route = found->route;
	if (found->error)
		return;
	hops_of(work->model, query, found, verdict);
	give_source(verdict, verdict->source);
}

static enum verdict_end end_of(const struct host_route *route)
{
	switch (route->type) {
	case RTN_LOCAL:
	case RTN_ANYCAST:
		return END_LOCAL;
	case RTN_BROADCAST:
		return END_BROADCAST;
	case RTN_MULTICAST:
		return END_MULTICAST;
	}
	return END_LEAVES;
}

/* Whether IPv4 lets a packet of ours bear @from: it is on a link, or table local has it. */
static bool may_bear(const struct model *model, const struct address *from)
{
	const struct model_table *local = model_table(model, RT_TABLE_LOCAL);
	const struct query query = { .family = AF_INET, .to = *from };
	struct found found;
	unsigned doubts = 0;

	STATE_EACH(model->state, OBJECT_ADDRESS, const struct host_address, address) {
		struct address own = prefix_address(&address->prefix);

		if (address_equal(&own, from))
			return true;
	}
	found = table_lookup(model, local, &query, &doubts);
	if (!found.route && model->merged)
		found = table_lookup(model, model_table(model, RT_TABLE_MAIN), &query, &doubts);
	return !found.error && found.route->type == RTN_LOCAL;
}

/* The link that bears @from; 0 = none. */
static uint32_t bearer(const struct model *model, const struct address *from)
{
	STATE_EACH(model->state, OBJECT_ADDRESS, const struct host_address, address) {
		struct address own = prefix_address(&address->prefix);

		if (address_equal(&own, from))
			return address->link;
	}
	return 0;
}

static struct address choose_ipv4(const struct work *work, const struct query *query,
				  const struct host_route *route, const struct verdict_hop *hop)
{
	unsigned *doubts = &work->verdict->doubts;
	const struct address none = { 0 };

	if (query->has_from)
		return work->flow->from;
	if (route->type == RTN_LOCAL)
		return route->source.family ? route->source : work->flow->to;
	/* By a route that leads out of the VRF. */
	if (query->vrf && vrf_of(work->model, hop->link) != query->vrf)
		return source_ipv4(work->model, query->vrf, &none, RT_SCOPE_LINK, doubts);
	if (route->source.family)
		return route->source;
	return source_ipv4(work->model, hop->link, &hop->via, route->scope, doubts);
}

/* IPv6 asks for the first member of a group, whichever the packet takes. */
static struct address choose_ipv6(const struct work *work, const struct query *query,
				  const struct found *found)
{
	const struct host_nexthop *object =
		found->route->nexthop ? model_nexthop(work->model, found->route->nexthop) : NULL;
	uint32_t link = found->hop.link;

	if (query->has_from)
		return work->flow->from;
	if (model_shared(work->model, found->route).sources_differ)
		work->verdict->doubts |= DOUBT_SHARED;
	if (found->route->source.family)
		return found->route->source;
	if (object && object->member_count)
		object = model_nexthop(work->model, object->members[0].id);
	if (object)
		link = object->link;
	return source_ipv6(work->model, link, &work->flow->to, &work->verdict->doubts);
}

/* On the link that was asked for, without any route. */
static void assume_on_link(const struct work *work, uint32_t link, uint8_t scope)
{
	struct verdict *verdict = work->verdict;

	verdict->end = is_limited_broadcast(&work->flow->to) ? END_BROADCAST :
		       address_is_multicast(&work->flow->to) ? END_MULTICAST :
							       END_LEAVES;
	verdict->error = 0;
	verdict->assumed = true;
	verdict->route = NULL;
	verdict->hop_count = 1;
	verdict->hops[0] = (struct verdict_hop){ .link = link, .weight = 1 };
	if (!verdict->source.family)
		verdict->source = source_ipv4(work->model, link, &(struct address){ 0 }, scope,
					      &verdict->doubts);
	give_source(verdict, verdict->source);
}

/* What IPv4 answers before it looks at any table. Returns whether it did. */
static bool sent_ipv4_early(const struct work *work, const struct query *query)
{
	const struct flow *flow = work->flow;
	const struct model_link *out = flow->out ? model_link(work->model, flow->out) : NULL;
	bool broad = is_limited_broadcast(&flow->to), multicast = address_is_multicast(&flow->to);

	if (query->has_from) {
		work->verdict->source = flow->from;
		if (address_is_multicast(&flow->from) || is_limited_broadcast(&flow->from) ||
		    is_ipv4(&flow->from, 0)) {
			refuse(work->verdict, END_MARTIAN, -EINVAL);
			return true;
		}
		if (!flow->out && (multicast || broad)) {
			assume_on_link(work, bearer(work->model, &flow->from), RT_SCOPE_LINK);
			return true;
		}
		if (!may_bear(work->model, &flow->from)) {
			refuse(work->verdict, END_MARTIAN, -ENETUNREACH);
			return true;
		}
	}
	if (!flow->out)
		return false;
	if (!out || !out->up) {
		refuse(work->verdict, END_REFUSED, out ? -ENETUNREACH : -ENODEV);
		return true;
	}
	if (!broad && !(multicast && !memcmp(flow->to.bytes, "\xe0\0\0", 3)))
		return false;
	assume_on_link(work, flow->out, RT_SCOPE_LINK);
	return true;
}

static void sent_ipv4(const struct work *work)
{
	struct query query = query_sent(work->model, work->flow);
	struct verdict *verdict = work->verdict;
	struct found found;
	int r;

	if (sent_ipv4_early(work, &query))
		return;
	r = rules_lookup(work->model, &query, verdict, &found);
	take(work, &query, &found);
	if (r < 0) {
		refuse(verdict, END_REFUSED, r);
		if (query.out && (address_is_multicast(&work->flow->to) || !query.vrf))
			assume_on_link(work, query.out, RT_SCOPE_LINK);
		return;
	}
	verdict->end = end_of(found.route);
	if (address_is_multicast(&work->flow->to))
		verdict->end = END_MULTICAST;
	if (is_ipv4(&work->flow->to, 0) && verdict->end != END_LOCAL)
		refuse(verdict, END_MARTIAN, -EINVAL);
	for (unsigned i = 0; i < verdict->hop_count; i++)
		verdict->hops[i].source = choose_ipv4(work, &query, found.route, &verdict->hops[i]);
	verdict->source = verdict->hops[0].source;
}

static void sent_ipv6(const struct work *work)
{
	struct query query = query_sent(work->model, work->flow);
	struct verdict *verdict = work->verdict;
	struct found found;
	int r = rules_lookup(work->model, &query, verdict, &found);

	take(work, &query, &found);
	if (r < 0) {
		refuse(verdict, END_REFUSED, r);
		return;
	}
	verdict->end = end_of(found.route);
	give_source(verdict, choose_ipv6(work, &query, &found));
}

/* What is asked of the tables about the source of a packet. */
static struct query query_back(const struct work *work, uint32_t out)
{
	const struct query received = query_unsent(work);
	struct query query = received;
	const struct model_conf *all = &work->model->all, *own = &work->in->conf;

	query.in = out ? out : LOOPBACK;
	query.vrf = work->in->vrf ? work->in->vrf : vrf_of(work->model, out);
	/* For a broadcast the kernel does not ask as from whom it would be answered. */
	query.from = work->verdict->end == END_BROADCAST ? (struct address){ .family = AF_INET } :
							   work->flow->to;
	query.to = work->flow->from;
	query.has_from = true;
	query.sport = received.dport;
	query.dport = received.sport;
	if (query.mark &&
	    !conf_either(all->src_valid_mark, own->src_valid_mark, &work->verdict->doubts))
		query.mark = 0;
	return query;
}

static bool uses_link(const struct work *work, const struct query *query, const struct found *found)
{
	struct verdict hops = { .hop_count = 0 };
	uint32_t in = work->in->link->index;

	hops_of(work->model, query, found, &hops);
	for (unsigned i = 0; i < hops.hop_count; i++)
		if (hops.hops[i].link == in || vrf_of(work->model, hops.hops[i].link) == in)
			return true;
	if (found->route->hops)
		work->verdict->doubts |= DOUBT_HOPS;
	return found->route->type == RTN_LOCAL && in == LOOPBACK;
}

static bool has_ipv4(const struct model *model, const struct model_link *link)
{
	const struct host_address *address;

	for (size_t i = 0; i < link->address_count; i++) {
		address = state_at(model->state, OBJECT_ADDRESS, link->addresses + i);
		if (address->prefix.family == AF_INET)
			return true;
	}
	return false;
}

/* The whole check of a source. Returns whether it may pass. */
static bool check_back(const struct work *work, uint32_t out, bool accept_local)
{
	struct query query = query_back(work, out);
	struct verdict *verdict = work->verdict, walk = { .step_count = 0 };
	struct found found;
	int r = rules_lookup(work->model, &query, &walk, &found);

	verdict->doubts |= walk.doubts;
	verdict->back = found.route;
	if (!r && found.route->type != RTN_UNICAST &&
	    (found.route->type != RTN_LOCAL || !accept_local)) {
		refuse(verdict, END_MARTIAN, -EINVAL);
		return false;
	}
	if (!r && uses_link(work, &query, &found))
		return true;
	if (verdict->rp_filter == 1 ||
	    ((r || !has_ipv4(work->model, work->in)) && verdict->rp_filter)) {
		refuse(verdict, END_RP_FILTER, -EXDEV);
		return false;
	}
	return true;
}

/* fib_validate_source() of the kernel: strict, loose, and what is refused even without rp_filter. */
static bool check_source(const struct work *work, uint32_t out)
{
	const struct model_conf *all = &work->model->all, *own = &work->in->conf;
	struct verdict *verdict = work->verdict;
	bool accept_local = conf_either(all->accept_local, own->accept_local, &(unsigned){ 0 });

	verdict->rp_filter = conf_larger(all->rp_filter, own->rp_filter, &verdict->doubts);
	if (verdict->rp_filter ||
	    (out == work->in->link->index &&
	     conf_either(all->send_redirects, own->send_redirects, &verdict->doubts)))
		return check_back(work, out, accept_local);
	if (accept_local)
		return true;
	if (work->model->custom_local || !work->model->merged)
		return check_back(work, out, accept_local);
	if (!bearer(work->model, &work->flow->from))
		return true;
	refuse(verdict, END_MARTIAN, -EINVAL);
	return false;
}

static bool is_martian_ipv4(const struct work *work)
{
	const struct flow *flow = work->flow;
	bool local = conf_either(work->model->all.route_localnet, work->in->conf.route_localnet,
				 &(unsigned){ 0 });

	return address_is_multicast(&flow->from) || is_limited_broadcast(&flow->from) ||
	       is_ipv4(&flow->from, 0) || is_ipv4(&flow->to, 0) ||
	       (!local && (is_ipv4(&flow->from, 127) || is_ipv4(&flow->to, 127)));
}

/* The check asks as if the packet came by the link that it is to leave by: hops may differ. */
static void forwarded_ipv4(const struct work *work)
{
	struct verdict *verdict = work->verdict;

	for (unsigned i = 0; i < verdict->hop_count; i++) {
		verdict->end = END_LEAVES;
		(void)check_source(work, verdict->hops[i].link);
		verdict->hops[i].end = verdict->end;
	}
	verdict->end = END_LEAVES;
}

static void received_ipv4_elsewhere(const struct work *work)
{
	struct verdict *verdict = work->verdict;

	verdict->end = is_limited_broadcast(&work->flow->to) ? END_BROADCAST : END_MULTICAST;
	if (verdict->end == END_BROADCAST && !is_ipv4(&work->flow->from, 0))
		(void)check_source(work, 0);
}

static void received_ipv4(const struct work *work)
{
	struct query query = query_received(work);
	struct verdict *verdict = work->verdict;
	bool forwards;
	struct found found;
	int r;

	if (address_is_multicast(&work->flow->to) || is_limited_broadcast(&work->flow->to)) {
		received_ipv4_elsewhere(work);
		return;
	}
	if (is_martian_ipv4(work)) {
		refuse(verdict, END_MARTIAN, -EINVAL);
		return;
	}
	r = rules_lookup(work->model, &query, verdict, &found);
	take(work, &query, &found);
	if (!r && end_of(found.route) != END_LEAVES) {
		verdict->end = end_of(found.route);
		(void)check_source(work, 0);
		return;
	}
	forwards = conf_own(work->in->conf.forwarding, &verdict->doubts);
	if (!forwards)
		refuse(verdict, END_NO_FORWARDING, -EHOSTUNREACH);
	else if (r < 0)
		refuse(verdict, END_REFUSED, r);
	else
		forwarded_ipv4(work);
}

static bool is_martian_ipv6(const struct flow *flow)
{
	return address_is_multicast(&flow->from) || address_is_unspecified(&flow->from) ||
	       is_loopback_ipv6(&flow->from) || is_loopback_ipv6(&flow->to);
}

static void received_ipv6(const struct work *work)
{
	struct query query = query_received(work);
	struct verdict *verdict = work->verdict;
	struct found found;
	int r = rules_lookup(work->model, &query, verdict, &found);

	take(work, &query, &found);
	if (r < 0) {
		refuse(verdict, END_REFUSED, r);
		return;
	}
	verdict->end = end_of(found.route);
	if (work->flow->asked)
		return;
	if (is_martian_ipv6(work->flow) && !(work->in->link->flags & IFF_LOOPBACK))
		refuse(verdict, END_MARTIAN, -EINVAL);
	else if (verdict->end == END_LEAVES && !conf_own(work->model->forwarding6, &verdict->doubts))
		refuse(verdict, END_NO_FORWARDING, -EHOSTUNREACH);
	else if (verdict->end == END_LEAVES && address_is_link_local(&work->flow->from))
		refuse(verdict, END_MARTIAN, -EINVAL);
}

/* A packet that comes in by a link of a VRF has come in by the VRF, unless only the link counts. */
static const struct model_link *link_in(const struct model *model, const struct flow *flow)
{
	const struct model_link *link = model_link(model, flow->in);

	if (!link || !link->vrf || flow->asked ||
	    (flow->to.family == AF_INET6 && needs_link(&flow->to)))
		return link;
	return model_link(model, link->vrf);
}

static void received(const struct work *work)
{
	work->verdict->source = work->flow->from;
	if (!work->in) {
		refuse(work->verdict, END_REFUSED, -ENODEV);
		return;
	}
	if (!work->flow->asked)
		work->verdict->guard = model_guard(work->model, work->flow);
	if (work->verdict->guard)
		refuse(work->verdict, END_GUARDED, 0);
	else if (work->flow->to.family == AF_INET)
		received_ipv4(work);
	else
		received_ipv6(work);
}

static int error_of(enum verdict_end end)
{
	return end == END_MARTIAN ? -EINVAL : end == END_RP_FILTER ? -EXDEV : 0;
}

/* By any hop that it can take it leaves; if by none, what befalls it by the first. */
static void sum_up(struct verdict *verdict)
{
	verdict->end = verdict->hops[0].end;
	for (unsigned i = 0; i < verdict->hop_count; i++)
		if (verdict->hops[i].end == END_LEAVES)
			verdict->end = END_LEAVES;
	verdict->error = error_of(verdict->end);
}

void model_lookup(const struct model *model, const struct flow *flow, struct verdict *ret)
{
	struct work work = { model, flow, NULL, ret };

	memset(ret, 0, offsetof(struct verdict, steps));
	ret->rp_filter = -1;
	if (flow->in) {
		work.in = link_in(model, flow);
		received(&work);
	} else if (flow->to.family == AF_INET) {
		sent_ipv4(&work);
	} else {
		sent_ipv6(&work);
	}
	if (ret->end == END_LEAVES) {
		filter_hops(model, flow, work.in ? work.in->link->index : 0, ret);
		sum_up(ret);
	}
}
