/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The story of a packet, sentence by sentence, in the order in which it happens: which rules were
 * asked in vain, which one decided, what its table said, who is next, what our filter and the kernel's
 * own checks do with it, and how the reply comes back.
 */
#include "ctl/explain.h"

#include "host/sight.h"
#include "model/neighbours.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* So much of what waits for the world is told with a packet. */
#define PENDING_MOST 3

/* One way that is being told. */
struct teller {
	const struct subject *subject;
	struct story *story;
	const struct flow *flow;
	const struct verdict *verdict;
	bool reply;
};

__attribute__((format(printf, 4, 5))) static struct sentence *say(struct teller *teller,
								  enum object_kind kind,
								  const void *object,
								  const char *format, ...)
{
	struct sentence *sentence = VEC_PUSH(&teller->story->sentences);
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence->text, format, args) < 0)
		sentence->text = NULL;
	va_end(args);
	if (!sentence->text)
		sentence->text = mem_strdup(format);
	sentence->kind = kind;
	sentence->object = object;
	sentence->reply = teller->reply;
	return sentence;
}

static void tell_passed_rule(struct teller *teller, const struct verdict_step *step)
{
	AUTO_TEXT rule = { 0 }, table = { 0 }, route = { 0 };
	struct sentence *sentence = NULL;

	words_rule(step->rule, &rule);
	words_table(teller->subject, step->table, &table);
	if (step->route)
		words_route(step->route, &route);
	switch (step->outcome) {
	case STEP_NOTHING:
		sentence = say(teller, OBJECT_RULE, step->rule,
			       "Rule %u (%s) asks %s, which has no route for it.",
			       step->rule->preference, text_string(&rule), text_string(&table));
		break;
	case STEP_THROW:
		sentence = say(teller, OBJECT_RULE, step->rule,
			       "Rule %u (%s) asks %s, whose route %s sends it on to the next rule.",
			       step->rule->preference, text_string(&rule), text_string(&table),
			       text_string(&route));
		break;
	case STEP_SUPPRESS:
		sentence = say(teller, OBJECT_RULE, step->rule,
			       "Rule %u (%s) asks %s, and passes over its route %s.",
			       step->rule->preference, text_string(&rule), text_string(&table),
			       text_string(&route));
		break;
	case STEP_MAYBE:
		sentence = say(teller, OBJECT_RULE, step->rule,
			       "Rule %u (%s) says more than is known here: it may match.",
			       step->rule->preference, text_string(&rule));
		break;
	case STEP_DECIDES:
		return;
	}
	sentence->dim = true;
}

static const char *refusal_word(uint8_t action)
{
	switch (action) {
	case FR_ACT_UNREACHABLE:
		return "unreachable";
	case FR_ACT_PROHIBIT:
		return "prohibit";
	case FR_ACT_BLACKHOLE:
		return "blackhole";
	default:
		return NULL;
	}
}

static void tell_rule(struct teller *teller, const struct host_rule *rule, uint32_t in)
{
	const char *refusal = refusal_word(rule->action);
	AUTO_TEXT words = { 0 }, table = { 0 };

	words_rule(rule, &words);
	words_table(teller->subject, in, &table);
	if (refusal)
		say(teller, OBJECT_RULE, rule, "Rule %u (%s) refuses it: %s.", rule->preference,
		    text_string(&words), refusal);
	else
		say(teller, OBJECT_RULE, rule, "Rule %u (%s) sends it to %s.", rule->preference,
		    text_string(&words), text_string(&table));
}

static void tell_route(struct teller *teller)
{
	const struct host_route *route = teller->verdict->route;
	AUTO_TEXT words = { 0 };

	if (teller->verdict->assumed)
		say(teller, OBJECT_KINDS, NULL,
		    "No route leads there, but the socket is bound to a link: IPv4 then takes "
		    "every "
		    "destination for a neighbour on it.");
	if (!route)
		return;
	words_route(route, &words);
	say(teller, OBJECT_ROUTE, route,
	    "There the route %s is the longest that holds its destination.", text_string(&words));
}

static void tell_source(struct teller *teller)
{
	const struct verdict *verdict = teller->verdict;
	char source[ADDRESS_TEXT_SIZE];
	bool named;

	if (teller->flow->from.family || teller->flow->in || !verdict->source.family)
		return;
	named = verdict->route && address_equal(&verdict->route->source, &verdict->source);
	address_text(&verdict->source, source);
	say(teller, OBJECT_KINDS, NULL,
	    named ? "It bears the source address %s, which the route names." :
		    "It bears the source address %s, which fits the destination best.",
	    source);
}

/* What the filter of ours says of one way out. */
static void tell_filter(struct teller *teller, const struct verdict_hop *hop)
{
	const struct host_filter *nat = hop->nat;
	char first[ADDRESS_TEXT_SIZE], last[ADDRESS_TEXT_SIZE];
	const char *link = words_link(teller->subject->state, hop->link);

	if (hop->filter)
		say(teller, OBJECT_FILTER, hop->filter,
		    hop->end == END_FILTERED ? "Our filter drops it on its way out of %s." :
					       "Our filter lets it pass out of %s.",
		    link);
	if (!nat)
		return;
	if (nat->verdict == FILTER_MASQUERADE)
		say(teller, OBJECT_FILTER, nat,
		    "On the way out its source becomes an address of %s (NAT).", link);
	else if (nat->verdict == FILTER_SNAT)
		say(teller, OBJECT_FILTER, nat, "On the way out its source becomes %s%s%s (NAT).",
		    address_text(&nat->first, first),
		    address_equal(&nat->first, &nat->last) ? "" : " to ",
		    address_equal(&nat->first, &nat->last) ? "" : address_text(&nat->last, last));
}

static void tell_hops(struct teller *teller)
{
	const struct verdict *verdict = teller->verdict;

	if (verdict->hop_count > 1)
		say(teller, OBJECT_KINDS, NULL,
		    "One of %u ways is chosen for each flow, by a hash of its addresses:",
		    verdict->hop_count);
	for (unsigned i = 0; i < verdict->hop_count && i < NEXTHOP_MEMBERS; i++) {
		const struct verdict_hop *hop = &verdict->hops[i];
		AUTO_TEXT words = { 0 };

		words_hop(teller->subject->state, hop, teller->flow, &words);
		if (verdict->hop_count > 1)
			text_printf(&words, " (weight %u)", hop->weight);
		say(teller, OBJECT_NEXTHOP, hop->object, "It goes %s.", text_string(&words));
		if (hop->end != END_LEAVES && hop->end != END_FILTERED)
			say(teller, OBJECT_KINDS, NULL, "By this way it is dropped on arrival (%s).",
			    verdict_end_name(hop->end));
		tell_filter(teller, hop);
	}
}

static void tell_rp_filter(struct teller *teller)
{
	static const char *const modes[] = { "off", "strict", "loose" };
	const struct verdict *verdict = teller->verdict;
	const char *link = words_link(teller->subject->state, teller->flow->in);

	if (!teller->flow->in || verdict->rp_filter < 1 || verdict->rp_filter > 2)
		return;
	if (verdict->end == END_RP_FILTER)
		say(teller, OBJECT_ROUTE, verdict->back,
		    verdict->back ? "rp_filter is %s on %s: the way back to its source does not "
				    "lead out of "
				    "there, so it is dropped on arrival." :
				    "rp_filter is %s on %s: no way leads back to its source, so it "
				    "is dropped "
				    "on arrival.",
		    modes[verdict->rp_filter], link);
	else
		say(teller, OBJECT_ROUTE, verdict->back, "rp_filter is %s on %s, and lets it in.",
		    modes[verdict->rp_filter], link);
}

static void tell_doubts(struct teller *teller)
{
	for (unsigned doubt = 1; doubt && doubt <= teller->verdict->doubts; doubt <<= 1)
		if (teller->verdict->doubts & doubt)
			say(teller, OBJECT_KINDS, NULL, "The kernel may do otherwise: %s.",
			    verdict_doubt_text(doubt));
}

/* What may decide as well, and was not looked at. */
static void tell_unseen(struct teller *teller)
{
	int error = teller->subject->host ? host_filters_error(teller->subject->host) : 0;

	if (error && teller->flow->in && teller->verdict->end == END_LEAVES)
		say(teller, OBJECT_KINDS, NULL, "Our filter, and NAT, could not be looked at: %s%s.",
		    strerror(-error), error == -EPERM ? " (ask as root)" : "");
	if (teller->subject->others && teller->verdict->end == END_LEAVES)
		say(teller, OBJECT_KINDS, NULL,
		    "The kernel may do otherwise: other nftables tables see it, too, and may drop "
		    "or "
		    "change it: %s.",
		    teller->subject->others);
}

/* What an apply would not do yet. */
static void tell_pending(struct teller *teller)
{
	const struct desired *desired = &teller->subject->desired;

	teller->reply = false;
	for (size_t i = 0; i < desired->pending.count && i < PENDING_MOST; i++)
		say(teller, OBJECT_KINDS, NULL, "Not done yet by then: %s.",
		    desired->pending.items[i].text);
	if (desired->pending.count > PENDING_MOST)
		say(teller, OBJECT_KINDS, NULL, "Nor are %zu more, see 'mhctl plan'.",
		    desired->pending.count - PENDING_MOST);
}

/* Whose the source is, where only those may come in who have one. */
static void tell_guard(struct teller *teller)
{
	const struct verdict *verdict = teller->verdict;
	const struct flow *flow = teller->flow;
	const struct host_answer *owner;
	char prefix[ADDRESS_TEXT_SIZE];

	if (verdict->guard)
		say(teller, OBJECT_RESPONDER, verdict->guard,
		    "The guard of %s drops what does not come from an address or prefix of "
		    "somebody "
		    "there, and counts it as spoofed.",
		    words_link(teller->subject->state, flow->in));
	owner = verdict->guard || !flow->in || !model_guarded(teller->subject->model, flow->in) ?
			NULL :
			model_answer(teller->subject->model, flow->in, &flow->from);
	if (!owner)
		return;
	say(teller, OBJECT_ANSWER, owner, "The guard of %s lets it in: %s is somebody's there%s.",
	    words_link(teller->subject->state, flow->in), prefix_text(&owner->prefix, prefix),
	    owner->flags & NEIGHBOURS_BOUND ? ", from his MAC address alone" : "");
}

/* The rules that it passed, for a packet all of them, for a reply the last. */
static void tell_way(struct teller *teller)
{
	const struct verdict *verdict = teller->verdict;
	unsigned kept = verdict->step_count < VERDICT_STEPS ? verdict->step_count : VERDICT_STEPS;

	tell_guard(teller);
	for (unsigned i = 0; !teller->reply && i < kept; i++)
		tell_passed_rule(teller, &verdict->steps[i]);
	if (verdict->step_count > kept && !teller->reply)
		say(teller, OBJECT_KINDS, NULL, "... and %u rules more, in vain.",
		    verdict->step_count - kept)
			->dim = true;
	if (verdict->rule)
		tell_rule(teller, verdict->rule, verdict->table);
	tell_route(teller);
	tell_rp_filter(teller);
	if (verdict->end == END_LEAVES || verdict->end == END_FILTERED)
		tell_hops(teller);
	tell_source(teller);
	tell_doubts(teller);
	if (!teller->reply)
		tell_unseen(teller);
}

/* Of several ways those that a packet does not leave by. */
static unsigned lost_ways(const struct verdict *verdict)
{
	unsigned lost = 0;

	for (unsigned i = 0; i < verdict->hop_count && i < NEXTHOP_MEMBERS; i++)
		lost += verdict->hops[i].end != END_LEAVES;
	return lost;
}

/* "It is forwarded out of bond1 to the gateway 192.168.120.6": where it ends. */
static void put_end(const struct subject *subject, const struct flow *flow,
		    const struct verdict *verdict, struct text *text)
{
	const struct verdict_hop *hop = &verdict->hops[0];
	const char *in = words_link(subject->state, flow->in);
	char via[ADDRESS_TEXT_SIZE];

	switch (verdict->end) {
	case END_LEAVES:
		text_puts(text, flow->in ? "is forwarded " : "is sent ");
		if (verdict->hop_count > 1) {
			text_printf(text, "by one of %u ways", verdict->hop_count);
			if (lost_ways(verdict))
				text_printf(text, ", of which %u lose it", lost_ways(verdict));
			return;
		}
		text_printf(text, "out of %s", words_link(subject->state, hop->link));
		if (hop->via.family)
			text_printf(text, " to the gateway %s", address_text(&hop->via, via));
		return;
	case END_LOCAL:
		text_puts(text, "is for this host itself");
		return;
	case END_BROADCAST:
		text_puts(text, flow->in ? "is a broadcast, and for this host too" : "is broadcast");
		return;
	case END_MULTICAST:
		text_puts(text,
			  flow->in ? "is for whoever joined its group here" : "is sent to a group");
		return;
	case END_REFUSED:
		text_printf(text, "goes nowhere: %s", strerror(-verdict->error));
		return;
	case END_NO_FORWARDING:
		text_printf(text, "is dropped: forwarding is off on %s", in);
		return;
	case END_MARTIAN:
		text_puts(text, "is dropped: its addresses may not stand there (martian)");
		return;
	case END_RP_FILTER:
		text_printf(text, "is dropped: rp_filter on %s expects its source elsewhere", in);
		return;
	case END_FILTERED:
		text_puts(text, "is dropped: our filter does not let it pass");
		return;
	case END_GUARDED:
		text_printf(text, "is dropped: on %s nobody has the address %s", in,
			    address_text(&flow->from, via));
		return;
	}
}

static bool is_fine(const struct verdict *verdict)
{
	if (verdict->end == END_LEAVES)
		return !lost_ways(verdict);
	return verdict->end == END_LOCAL || verdict->end == END_BROADCAST ||
	       verdict->end == END_MULTICAST;
}

static void tell_reply(struct teller *teller)
{
	struct story *story = teller->story;
	const struct subject *subject = teller->subject;
	AUTO_TEXT packet = { 0 }, end = { 0 };

	question_print(&story->reply, subject->state, &packet);
	put_end(subject, &story->reply, &story->back, &end);
	teller->flow = &story->reply;
	teller->verdict = &story->back;
	teller->reply = true;
	say(teller, OBJECT_KINDS, NULL, "The reply, %s, %s: %s.", text_string(&packet),
	    text_string(&end),
	    !is_fine(&story->back) ? "it is lost" :
	    story->symmetric	   ? "symmetric" :
				     "not the way that the packet came");
	tell_way(teller);
}

void story_tell(const struct subject *subject, const struct question *question,
		struct story *ret_story)
{
	struct story *story = ret_story;
	struct teller teller = { .subject = subject, .story = story };
	AUTO_TEXT end = { 0 };

	if (question->asks) {
		story_ask(subject, question, story);
		return;
	}
	*story = (struct story){ .question = *question };
	teller.flow = &story->question.flow;
	teller.verdict = &story->there;
	model_lookup(subject->model, &story->question.flow, &story->there);
	put_end(subject, teller.flow, &story->there, &end);
	story->conclusion = mem_printf("It %s.", text_string(&end));
	story->fine = is_fine(&story->there);
	tell_way(&teller);
	/* To itself the host answers by the same way. */
	story->replied = story->fine && (story->there.end != END_LOCAL || question->flow.in) &&
			 model_reply(subject->model, &story->question.flow, &story->there, 0,
				     &story->reply);
	if (story->replied) {
		model_lookup(subject->model, &story->reply, &story->back);
		story->symmetric = model_is_symmetric(subject->model, &story->question.flow,
						      &story->back);
		tell_reply(&teller);
	}
	tell_pending(&teller);
}

void story_free(struct story *story)
{
	for (size_t i = 0; i < story->sentences.count; i++) {
		mem_freep(&story->sentences.items[i].text);
		mem_freep(&story->sentences.items[i].file);
	}
	VEC_FREE(&story->sentences);
	mem_freep(&story->conclusion);
	mem_freep(&story->kernel);
}
