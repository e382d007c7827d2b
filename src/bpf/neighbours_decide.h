/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_NEIGHBOURS_DECIDE_H
#define MH_BPF_NEIGHBOURS_DECIDE_H

#include "neighbours_discovery.h"

/*
 * What becomes of a frame. The longest prefix of the link decides what an address is: one that we
 * answer for, one that the kernel may answer for (SILENT, or no rule), or a subscriber's own. Before
 * it is included there are, of whoever has the tables:
 *
 * const struct neighbours_value *neighbours_find(void *world, const struct neighbours_key *key);
 * const struct neighbours_who_value *neighbours_who(void *world, const struct neighbours_who_key *key);
 */

enum neighbours_act { ACT_PASS, ACT_DROP, ACT_ANSWER };

struct neighbours_view {
	void *world;
	const struct neighbours_settings *settings;
	const struct neighbours_frame *frame;
	__u32 link;
	__u32 owner; /* whom to count it to */
	struct neighbours_said said;
	__u32 counter; /* COUNTERS: none; a question is counted as asked, too */
	__u8 asked;
	__u8 flags;  /* of the rule that says to answer */
	__u8 claims; /* somebody else claims .claimed */
	struct neighbours_address claimed;
};

neighbours_inline const struct neighbours_value *rule_of(const struct neighbours_view *view,
							 const struct neighbours_address *address)
{
	struct neighbours_key key = { .length = NEIGHBOURS_LINK_BITS + 128,
				      .link = view->link,
				      .address = *address };

	return neighbours_find(view->world, &key);
}

neighbours_inline bool is_own(const struct neighbours_value *rule)
{
	return rule && rule->verdict == RULE_OWN;
}

neighbours_inline bool is_other_mac(const struct neighbours_view *view,
				    const struct neighbours_value *rule)
{
	return rule->flags & RULE_BOUND && !mac_equal(rule->mac, view->frame->from);
}

neighbours_inline int settle(struct neighbours_view *view, __u32 owner, __u32 counter, int act)
{
	view->owner = owner;
	view->counter = counter;
	return act;
}

/* Whether the sender is not who he says; then it is settled whom to count it to. */
neighbours_inline bool is_spoofed(struct neighbours_view *view, const struct neighbours_value *sender)
{
	const struct neighbours_said *said = &view->said;
	const struct neighbours_value *target;

	settle(view, view->settings->owner, COUNT_SPOOFED, ACT_DROP);
	if (said->what == SAYS_PACKET && said->nobody)
		return !said->may_be_nobody;
	if (!said->nobody && !said->link_local) {
		if (!is_own(sender))
			return true;
		view->owner = sender->owner;
		if (is_other_mac(view, sender))
			return true;
	}
	if (said->what != SAYS_ADVERTISEMENT)
		return false;
	/* The source of an advertisement may be link-local: what it is about is what could be stolen. */
	target = rule_of(view, &said->target);
	if (!is_own(target) || !is_other_mac(view, target))
		return false;
	view->owner = target->owner;
	return true;
}

/* Whether the sender may be the owner of the target, by whatever tells who he is. */
neighbours_inline bool may_be_owner(const struct neighbours_view *view,
				    const struct neighbours_value *sender,
				    const struct neighbours_value *target)
{
	struct neighbours_who_key key = { .link = view->link, .kind = WHO_MAC };
	const struct neighbours_who_value *who;

	if (is_own(sender) && sender->owner != target->owner)
		return false;
	if (target->flags & RULE_BOUND)
		return !is_other_mac(view, target);
	if (!view->said.link_local)
		return true;
	__builtin_memcpy(key.mac, view->frame->from, sizeof(key.mac));
	who = neighbours_who(view->world, &key);
	return !who || who->owner == target->owner;
}

#endif
