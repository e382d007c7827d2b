/* SPDX-License-Identifier: GPL-2.0-only OR MIT */
#ifndef MH_BPF_NEIGHBOURS_CORE_H
#define MH_BPF_NEIGHBOURS_CORE_H

#include "neighbours_reply.h"

/*
 * Both responders, the programs in the kernel and the worker without BPF: read a frame
 * (neighbours_read.h, neighbours_discovery.h), decide (neighbours_decide.h), write the answer
 * (neighbours_reply.h). Nothing is changed but the frame; what is to be counted and remembered
 * stands in the view.
 */

/* Reads a frame of @length bytes, of which as many are there as @frame has room for. */
neighbours_inline void neighbours_read(const struct neighbours_frame *frame, __u32 length,
				       struct neighbours_said *said)
{
	__builtin_memset(said, 0, sizeof(*said));
	if (length < NEIGHBOURS_HEADER)
		return;
	if (frame->type == NET16(ETHERTYPE_IS_ARP))
		read_arp(frame, length, said);
	else if (frame->type == NET16(ETHERTYPE_IS_IPV4))
		read_ipv4(frame, length, said);
	else if (frame->type == NET16(ETHERTYPE_IS_IPV6))
		read_ipv6(frame, length, said);
	/* A tag of no VLAN: the kernel takes it off, and would see what we did not. */
	else if ((frame->type == NET16(ETHERTYPE_IS_TAG) ||
		  frame->type == NET16(ETHERTYPE_IS_SERVICE_TAG)) &&
		 (length < NEIGHBOURS_HEADER + 4 || !(frame->tag.number & NET16(0xfff))))
		said->what = SAYS_BROKEN;
}

/* Who but us says that an address is his for which we answer. */
neighbours_inline void note_claim(struct neighbours_view *view, const struct neighbours_value *sender)
{
	const struct neighbours_said *said = &view->said;
	const struct neighbours_value *rule = sender;

	if (said->what == SAYS_ADVERTISEMENT) {
		rule = rule_of(view, &said->target);
		view->claimed = said->target;
	} else if (said->what == SAYS_ARP || said->what == SAYS_QUESTION) {
		view->claimed = said->sender;
	} else {
		return;
	}
	view->claims = rule && rule->verdict == RULE_ANSWER &&
		       !mac_equal(view->frame->from, view->settings->mac);
}

neighbours_inline int decide_question(struct neighbours_view *view,
				      const struct neighbours_value *sender)
{
	const struct neighbours_value *target = rule_of(view, &view->said.target);
	__u32 owner = is_own(sender) ? sender->owner : view->settings->owner;

	if (!target)
		return ACT_PASS;
	view->asked = true;
	view->flags = target->flags;
	if (target->verdict == RULE_SILENT)
		return settle(view, owner, COUNT_SILENT, ACT_PASS);
	if (target->verdict == RULE_OWN && may_be_owner(view, sender, target))
		return settle(view, owner, COUNT_SILENT, view->settings->guard ? ACT_DROP : ACT_PASS);
	return settle(view, owner, COUNT_ANSWERED, ACT_ANSWER);
}

/*
 * Decides about the frame of a link that is set: .world, .settings, .frame and .link of @view are
 * given, @length is that of the whole frame, which is for us (neighbours_is_for(), or as the kernel
 * says) and bears no tag of a VLAN. Returns enum neighbours_act.
 */
neighbours_inline int neighbours_decide(struct neighbours_view *view, __u32 length)
{
	const struct neighbours_said *said = &view->said;
	const struct neighbours_value *sender = NULL;
	bool guard = view->settings->guard;

	view->claims = view->asked = view->flags = 0;
	settle(view, view->settings->owner, COUNTERS, ACT_PASS);
	neighbours_read(view->frame, length, &view->said);
	if (said->what == SAYS_NOTHING)
		return ACT_PASS;
	if (said->what == SAYS_MALFORMED || (guard && said->what == SAYS_BROKEN))
		return settle(view, view->settings->owner, COUNT_MALFORMED,
			      guard ? ACT_DROP : ACT_PASS);
	if (!guard && (said->what == SAYS_PACKET || said->what == SAYS_BROKEN))
		return ACT_PASS;
	if (!said->nobody && !said->link_local)
		sender = rule_of(view, &said->sender);
	note_claim(view, sender);
	if (guard && is_spoofed(view, sender))
		return ACT_DROP;
	settle(view, view->settings->owner, COUNTERS, ACT_PASS);
	if (said->what != SAYS_QUESTION && said->what != SAYS_SOLICITATION)
		return ACT_PASS;
	return decide_question(view, sender);
}

#endif
