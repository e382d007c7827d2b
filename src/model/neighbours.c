/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "model/neighbours.h"

#include "base/mem.h"
#include "model/inside.h"

#include <stdio.h>
#include <stdlib.h>

#define PORT_DHCP_SERVER 67
#define PORT_DHCP_CLIENT 68

const struct host_answer *model_answer(const struct model *model, uint32_t link,
				       const struct address *address)
{
	struct host_answer like = { .link = link };

	for (int length = address_bits(address->family); length >= 0; length--) {
		struct prefix prefix = prefix_of_address(address);
		const struct host_answer *found;

		prefix.length = (uint8_t)length;
		like.prefix = prefix_clean(&prefix);
		found = state_find(model->state, OBJECT_ANSWER, &like);
		if (found)
			return found;
	}
	return NULL;
}

static const struct host_responder *responder_of(const struct model *model, uint32_t link)
{
	return state_find(model->state, OBJECT_RESPONDER, &(struct host_responder){ .link = link });
}

static bool is_own(const struct host_answer *rule)
{
	return rule && rule->verdict == NEIGHBOURS_OWN;
}

/* What somebody may send before he has an address. */
static bool is_first_word(const struct flow *flow)
{
	if (flow->to.family == AF_INET6)
		return address_is_link_local(&flow->from) ||
		       (address_is_unspecified(&flow->from) && flow->ip_protocol == IPPROTO_ICMPV6);
	return address_is_unspecified(&flow->from) && flow->ip_protocol == IPPROTO_UDP &&
	       flow->sport == PORT_DHCP_CLIENT && flow->dport == PORT_DHCP_SERVER;
}

/* The worker hears ARP and neighbour discovery alone. */
bool model_guarded(const struct model *model, uint32_t link)
{
	const struct host_responder *guard = responder_of(model, link);

	return guard && guard->guard && guard->way != NEIGHBOURS_WORKER;
}

const struct host_responder *model_guard(const struct model *model, const struct flow *flow)
{
	if (!flow->in || !model_guarded(model, flow->in) || is_first_word(flow) ||
	    is_own(model_answer(model, flow->in, &flow->from)))
		return NULL;
	return responder_of(model, flow->in);
}

/* What our responder does; false: it leaves it to the kernel. */
static bool responder_asked(const struct asking *asking, struct asked *asked)
{
	bool guard = asked->responder->guard, known = is_own(asked->sender);
	bool named = asking->sender.family && !address_is_unspecified(&asking->sender) &&
		     !(asking->sender.family == AF_INET6 && address_is_link_local(&asking->sender));

	if (guard && named && !known) {
		asked->end = ASKED_DROPPED;
		return true;
	}
	if (!asked->rule || asked->rule->verdict == NEIGHBOURS_SILENT)
		return false;
	asked->end = ASKED_ANSWERED;
	if (is_own(asked->rule) && !(known && asked->sender->owner != asked->rule->owner))
		asked->end = ASKED_OWN;
	return true;
}

static bool has_address(const struct model *model, uint32_t link, const struct address *address)
{
	STATE_EACH(model->state, OBJECT_ADDRESS, const struct host_address, own) {
		const struct address one = prefix_address(&own->prefix);

		if (own->link == link && address_equal(&one, address))
			return true;
	}
	return false;
}

/* A setting of the link, or of "all": the greater one counts. */
static long setting(const struct model *model, const char *format, uint32_t link)
{
	const struct host_link *of = state_link(model->state, link);
	const char *const names[] = { "all", of ? of->name : "all" };
	long most = 0;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		struct host_sysctl like = { 0 };
		const struct host_sysctl *found;

		snprintf(like.name, sizeof(like.name), format, names[i]);
		found = state_find(model->state, OBJECT_SYSCTL, &like);
		if (found && atol(found->value) > most)
			most = atol(found->value);
	}
	return most;
}

/* IPv4 answers for every address of the host on every link; IPv6 for those of the link. */
static void kernel_asked(const struct model *model, const struct asking *asking, struct asked *asked)
{
	const struct flow flow = { .to = asking->target };
	bool four = asking->target.family == AF_INET, here;
	struct verdict verdict;

	model_lookup(model, &flow, &verdict);
	asked->route = verdict.route;
	here = has_address(model, asking->link, &asking->target);
	asked->end = ASKED_NOBODY;
	if (here || (verdict.end == END_LOCAL && four))
		asked->end = !here && setting(model, "net/ipv4/conf/%s/arp_ignore", asking->link) ?
				     ASKED_IGNORED :
				     ASKED_KERNEL;
	else if (four && verdict.end == END_LEAVES && verdict.hops[0].link != asking->link &&
		 setting(model, "net/ipv4/conf/%s/proxy_arp", asking->link))
		asked->end = ASKED_PROXY;
}

void model_asked(const struct model *model, const struct asking *asking, struct asked *ret_asked)
{
	*ret_asked = (struct asked){
		.responder = responder_of(model, asking->link),
		.rule = model_answer(model, asking->link, &asking->target),
	};
	if (asking->sender.family)
		ret_asked->sender = model_answer(model, asking->link, &asking->sender);
	if (!ret_asked->responder || !responder_asked(asking, ret_asked))
		kernel_asked(model, asking, ret_asked);
}
