/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk over the rules. A rule that matches and whose table has no route, or one of type throw,
 * or one of too few bits (suppress), lets the walk go on; anything else ends it.
 *
 * Of Linux, seen on 6.18 by comparison with RTM_GETROUTE: a rule that names a link which is not
 * there matches nothing, and with "not" everything; IPv6 takes a rule with a source for one that
 * does not match as long as none is chosen, IPv4 compares it with 0.0.0.0; a goto without its target
 * is passed over; a VRF is matched by name by what is sent or received in it.
 */
#include "model/inside.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/fib_rules.h>

static bool in_span(const struct span *span, uint32_t number)
{
	return !span->end || (number >= span->first && number < span->end);
}

static bool matches_links(const struct model_rule *rule, const struct query *query)
{
	if (rule->in && rule->in != (rule->in_vrf ? query->vrf : query->in))
		return false;
	return !rule->out || rule->out == (rule->out_vrf ? query->vrf : query->out);
}

static bool matches_addresses(const struct host_rule *rule, const struct query *query)
{
	if (rule->from.length && (query->family == AF_INET6 && !query->has_from))
		return false;
	if (rule->from.length && !prefix_holds(&rule->from, &query->from))
		return false;
	return !rule->to.length || prefix_holds(&rule->to, &query->to);
}

static bool matches_rest(const struct host_rule *rule, const struct query *query)
{
	return !((rule->mark ^ query->mark) & rule->mask) &&
	       (!rule->tos || rule->tos == query->tos) && (!rule->l3mdev || query->vrf) &&
	       (!rule->ip_protocol || rule->ip_protocol == query->ip_protocol) &&
	       in_span(&rule->uid, query->uid) && in_span(&rule->sport, query->sport) &&
	       in_span(&rule->dport, query->dport);
}

static void note(struct verdict *verdict, const struct verdict_step *step)
{
	if (verdict->step_count < VERDICT_STEPS)
		verdict->steps[verdict->step_count] = *step;
	else if (step->outcome == STEP_DECIDES)
		verdict->steps[VERDICT_STEPS - 1] = *step;
	verdict->step_count++;
}

/*
 * What an opaque rule says beyond the model may keep it from matching, or, inverted, make it match.
 * "Not in a VRF" is as unclear: the kernel then takes the table of the last VRF asked for, or main.
 */
static bool matches(const struct model_rule *rule, const struct query *query, struct verdict *verdict)
{
	bool agrees = matches_links(rule, query) && matches_addresses(rule->rule, query) &&
		      matches_rest(rule->rule, query);

	if (!rule->rule->opaque && !(rule->rule->invert && rule->rule->l3mdev))
		return agrees != (rule->rule->invert != 0);
	if (agrees || rule->rule->invert) {
		verdict->doubts |= DOUBT_RULE;
		note(verdict, &(struct verdict_step){ rule->rule, NULL, 0, STEP_MAYBE });
	}
	return false;
}

static int refusal(const struct host_rule *rule)
{
	return rule->action == FR_ACT_UNREACHABLE ? -ENETUNREACH :
	       rule->action == FR_ACT_PROHIBIT	  ? -EACCES :
						    -EINVAL;
}

static const struct model_table *vrf_table(const struct model *model, const struct query *query,
					   uint32_t *ret_id)
{
	const struct model_link *vrf = model_link(model, query->vrf);

	*ret_id = vrf ? vrf->link->table : 0;
	return vrf ? model_table(model, vrf->link->table) : NULL;
}

/* Asks the table of a rule that matched. Returns whether that ends the walk. */
static bool ask_table(const struct model *model, const struct model_rule *rule,
		      const struct query *query, struct verdict *verdict, struct found *ret_found)
{
	struct verdict_step step = { .rule = rule->rule, .table = rule->rule->table };
	const struct model_table *table = rule->table;
	struct found found;

	if (rule->rule->l3mdev)
		table = vrf_table(model, query, &step.table);
	found = table_lookup(model, table, query, &verdict->doubts);
	step.route = found.route;
	if (found.error == -EAGAIN)
		step.outcome = found.route ? STEP_THROW : STEP_NOTHING;
	else if (!found.error && found.route->to.length < rule->rule->suppress)
		step.outcome = STEP_SUPPRESS;
	if (!found.error && rule->rule->suppress && model_shared(model, found.route).lengths_differ)
		verdict->doubts |= DOUBT_SHARED;
	note(verdict, &step);
	if (step.outcome != STEP_DECIDES)
		return false;
	verdict->table = step.table;
	*ret_found = found;
	return true;
}

/* Of rules of one preference ours stand first in a state; in the kernel the older ones do. */
static void doubt_order(const struct model_rules *rules, size_t at, struct verdict *verdict)
{
	const struct host_rule *rule = rules->items[at].rule;

	for (size_t i = at + 1; i < rules->count; i++) {
		if (rules->items[i].rule->preference != rule->preference)
			return;
		if (rules->items[i].rule->object.ours != rule->object.ours)
			verdict->doubts |= DOUBT_ORDER;
	}
}

static bool decides(const struct model *model, const struct model_rule *rule,
		    const struct query *query, struct verdict *verdict, struct found *ret_found)
{
	struct verdict_step step = { .rule = rule->rule, .outcome = STEP_DECIDES };

	if (rule->rule->action == FR_ACT_NOP || rule->rule->action == FR_ACT_GOTO)
		return false;
	if (rule->rule->action == FR_ACT_TO_TBL)
		return ask_table(model, rule, query, verdict, ret_found);
	note(verdict, &step);
	ret_found->error = refusal(rule->rule);
	return true;
}

int rules_lookup(const struct model *model, const struct query *query, struct verdict *verdict,
		 struct found *ret_found)
{
	const struct model_rules *rules = &model->rules[query->family == AF_INET6];

	for (size_t i = 0; i < rules->count; i++) {
		const struct model_rule *rule = &rules->items[i];

		*ret_found = (struct found){ .error = -ENETUNREACH };
		if (!matches(rule, query, verdict))
			continue;
		if (rule->rule->action == FR_ACT_GOTO && rule->target < rules->count)
			i = rule->target - 1;
		if (!decides(model, rule, query, verdict, ret_found))
			continue;
		verdict->rule = rule->rule;
		doubt_order(rules, i, verdict);
		return ret_found->error;
	}
	*ret_found = (struct found){ .error = -ENETUNREACH };
	return -ENETUNREACH;
}
