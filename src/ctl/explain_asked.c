/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `explain to ADDRESS in LINK proto arp`: who answers when somebody on the link asks for the station
 * of an address, by ARP or neighbour discovery.
 */
#include "ctl/explain.h"

#include "model/neighbours.h"

#include <stdarg.h>
#include <stdio.h>

/* One question that is being told. */
struct teller {
	const struct subject *subject;
	const struct asking *asking;
	const struct asked *asked;
	struct story *story;
	const char *link;
};

__attribute__((format(printf, 4, 5))) static void say(struct teller *teller, enum object_kind kind,
						      const void *object, const char *format, ...)
{
	struct sentence *sentence = VEC_PUSH(&teller->story->sentences);
	va_list args;

	va_start(args, format);
	if (vasprintf(&sentence->text, format, args) < 0)
		sentence->text = mem_strdup(format);
	va_end(args);
	sentence->kind = kind;
	sentence->object = object;
}

static void tell_responder(struct teller *teller)
{
	static const char *const ways[] = {
		[NEIGHBOURS_AUTO] = "by eBPF",
		[NEIGHBOURS_XDP] = "by eBPF, in XDP",
		[NEIGHBOURS_TC] = "by eBPF, in tc",
		[NEIGHBOURS_WORKER] = "by its worker, without eBPF",
	};
	const struct host_responder *responder = teller->asked->responder;

	if (responder)
		say(teller, OBJECT_RESPONDER, responder, "multihomed answers on %s, %s%s.",
		    teller->link, ways[responder->way],
		    responder->guard ? ", and has a guard there" : "");
	else
		say(teller, OBJECT_KINDS, NULL,
		    "No responder of multihomed is seen on %s (one is seen by root alone, that of "
		    "the worker "
		    "by 'mhctl status neighbours').",
		    teller->link);
}

static void tell_sender(struct teller *teller)
{
	const struct host_answer *sender = teller->asked->sender;
	char address[ADDRESS_TEXT_SIZE], prefix[ADDRESS_TEXT_SIZE];

	if (!teller->asked->responder || !teller->asking->sender.family)
		return;
	address_text(&teller->asking->sender, address);
	if (sender && sender->verdict == NEIGHBOURS_OWN)
		say(teller, OBJECT_ANSWER, sender,
		    "Who asks has %s: it is in %s, somebody's own there.", address,
		    prefix_text(&sender->prefix, prefix));
	else if (teller->asked->end == ASKED_DROPPED)
		say(teller, OBJECT_ANSWER, sender,
		    "The guard drops it, and counts it as spoofed: %s is nobody's own there.",
		    address);
}

static void tell_rule(struct teller *teller)
{
	static const char *const does[] = {
		[NEIGHBOURS_ANSWER] = "is answered",
		[NEIGHBOURS_SILENT] = "is left to Linux",
		[NEIGHBOURS_OWN] = "is somebody's own",
	};
	const struct host_answer *rule = teller->asked->rule;
	char target[ADDRESS_TEXT_SIZE], prefix[ADDRESS_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	if (!teller->asked->responder || teller->asked->end == ASKED_DROPPED)
		return;
	address_text(&teller->asking->target, target);
	if (!rule) {
		say(teller, OBJECT_KINDS, NULL, "None of its rules there holds %s.", target);
		return;
	}
	say(teller, OBJECT_ANSWER, rule, "Of its rules %s is the longest that holds %s: it %s.",
	    prefix_text(&rule->prefix, prefix), target, does[rule->verdict]);
	if (teller->asked->end == ASKED_OWN && rule->flags & NEIGHBOURS_BOUND)
		say(teller, OBJECT_KINDS, NULL,
		    "Asked from another MAC address than %s it would answer, so that nobody takes "
		    "it.",
		    mac_text(rule->mac, mac));
}

static void tell_kernel(struct teller *teller)
{
	const struct host_route *route = teller->asked->route;
	AUTO_TEXT words = { 0 };

	if (teller->asked->end < ASKED_KERNEL || !route)
		return;
	words_route(route, &words);
	say(teller, OBJECT_ROUTE, route, "Linux takes the route %s for it.", text_string(&words));
}

static void put_end(const struct teller *teller, struct text *text)
{
	const struct host_link *link = state_link(teller->subject->state, teller->asking->link);
	const char *name = teller->link;
	char address[ADDRESS_TEXT_SIZE], mac[MAC_TEXT_SIZE];

	switch (teller->asked->end) {
	case ASKED_ANSWERED:
		text_printf(text, "multihomed answers: it is at %s, which is %s.",
			    mac_text(link->mac, mac), name);
		return;
	case ASKED_DROPPED:
		text_printf(text,
			    "Nobody answers: on %s nobody has the address %s, and what comes from "
			    "it is dropped.",
			    name, address_text(&teller->asking->sender, address));
		return;
	case ASKED_OWN:
		text_puts(text, teller->asking->sender.family ?
					"Nobody answers: it is the own address of who asks." :
					"Nobody answers: it is somebody's own, and may be that of "
					"who asks.");
		return;
	case ASKED_KERNEL:
		text_puts(text, "Linux answers: it is an address of this host.");
		return;
	case ASKED_PROXY:
		text_printf(text, "Linux answers for others: proxy_arp is set on %s.", name);
		return;
	case ASKED_IGNORED:
		text_printf(text, "Nobody answers: arp_ignore keeps Linux from it on %s.", name);
		return;
	case ASKED_NOBODY:
		text_puts(text,
			  teller->asked->responder ? "Nobody answers." : "Linux does not answer.");
		return;
	}
}

static const char *end_name(enum asked_end end)
{
	static const char *const names[] = {
		[ASKED_ANSWERED] = "answered", [ASKED_DROPPED] = "guarded",
		[ASKED_OWN] = "own",	       [ASKED_KERNEL] = "local",
		[ASKED_PROXY] = "proxy",       [ASKED_IGNORED] = "ignored",
		[ASKED_NOBODY] = "nobody",
	};

	return names[end];
}

void story_ask(const struct subject *subject, const struct question *question, struct story *ret_story)
{
	const struct asking asking = {
		.link = question->flow.in,
		.sender = question->flow.from,
		.target = question->flow.to,
	};
	struct asked asked;
	struct teller teller = {
		.subject = subject,
		.asking = &asking,
		.asked = &asked,
		.story = ret_story,
		.link = words_link(subject->state, asking.link),
	};
	AUTO_TEXT end = { 0 };

	*ret_story = (struct story){ .question = *question };
	model_asked(subject->model, &asking, &asked);
	put_end(&teller, &end);
	ret_story->conclusion = mem_strdup(text_string(&end));
	/* Where no responder is seen a worker may answer all the same. */
	ret_story->answered = asked.end == ASKED_NOBODY && !asked.responder ? "silent" :
									      end_name(asked.end);
	ret_story->fine = asked.end == ASKED_ANSWERED || asked.end == ASKED_KERNEL ||
			  asked.end == ASKED_PROXY;
	tell_responder(&teller);
	tell_sender(&teller);
	tell_rule(&teller);
	tell_kernel(&teller);
}
