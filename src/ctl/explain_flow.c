/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet in words, as people say it and as `ip route get` takes it: a word and its value, in any
 * order. The words of iproute2 (iif, oif) are taken as well, since they are in everybody's fingers.
 */
#include "ctl/explain_flow.h"

#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct term {
	const char *word, *wanted;
	int (*set)(struct question *question, const char *value);
};

static int take_number(const char *value, unsigned long most, unsigned long *ret_number)
{
	unsigned long number;
	char *end;

	errno = 0;
	number = strtoul(value, &end, 0);
	if (*end || end == value || *value == '-' || errno || number > most)
		return -EINVAL;
	*ret_number = number;
	return 0;
}

static int set_from(struct question *question, const char *value)
{
	return address_parse(value, &question->flow.from);
}

static int set_to(struct question *question, const char *value)
{
	return address_parse(value, &question->flow.to);
}

static int set_in(struct question *question, const char *value)
{
	question->in = value;
	return *value && strlen(value) < IFNAMSIZ ? 0 : -EINVAL;
}

static int set_out(struct question *question, const char *value)
{
	question->out = value;
	return *value && strlen(value) < IFNAMSIZ ? 0 : -EINVAL;
}

static const struct {
	const char *name;
	uint8_t number;
} transports[] = {
	{ "icmp", IPPROTO_ICMP }, { "tcp", IPPROTO_TCP },	{ "udp", IPPROTO_UDP },
	{ "gre", IPPROTO_GRE },	  { "esp", IPPROTO_ESP },	{ "ah", IPPROTO_AH },
	{ "sctp", IPPROTO_SCTP }, { "icmpv6", IPPROTO_ICMPV6 }, { "ospf", 89 },
	{ "vrrp", 112 },
};

const char *transport_text(uint8_t protocol, char buffer[8])
{
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		if (transports[i].number == protocol)
			return transports[i].name;
	snprintf(buffer, 8, "%u", protocol);
	return buffer;
}

static int set_transport(struct question *question, const char *value)
{
	unsigned long number;

	if (!strcmp("arp", value))
		question->asks = "ARP";
	else if (!strcmp("nd", value))
		question->asks = "neighbour discovery";
	if (question->asks)
		return 0;
	for (size_t i = 0; i < ARRAY_SIZE(transports); i++)
		if (!strcmp(transports[i].name, value)) {
			question->flow.ip_protocol = transports[i].number;
			return 0;
		}
	if (take_number(value, 255, &number) < 0 || !number)
		return -EINVAL;
	question->flow.ip_protocol = (uint8_t)number;
	return 0;
}

static int set_sport(struct question *question, const char *value)
{
	unsigned long number;

	if (take_number(value, 65535, &number) < 0 || !number)
		return -EINVAL;
	question->flow.sport = (uint16_t)number;
	return 0;
}

static int set_dport(struct question *question, const char *value)
{
	unsigned long number;

	if (take_number(value, 65535, &number) < 0 || !number)
		return -EINVAL;
	question->flow.dport = (uint16_t)number;
	return 0;
}

static int set_mark(struct question *question, const char *value)
{
	unsigned long number;

	if (take_number(value, UINT32_MAX, &number) < 0)
		return -EINVAL;
	question->flow.mark = (uint32_t)number;
	return 0;
}

static int set_uid(struct question *question, const char *value)
{
	unsigned long number;

	if (take_number(value, UINT32_MAX - 1, &number) < 0)
		return -EINVAL;
	question->flow.uid = (uint32_t)number;
	return 0;
}

static int set_tos(struct question *question, const char *value)
{
	unsigned long number;

	if (take_number(value, 255, &number) < 0)
		return -EINVAL;
	question->flow.tos = (uint8_t)number;
	return 0;
}

#define AN_ADDRESS "an IPv4 or IPv6 address"
#define A_LINK "the name of a link"
#define A_PORT "a port from 1 to 65535"
#define A_MARK "a number such as 0x8"

static const struct term terms_known[] = {
	{ "from", AN_ADDRESS, set_from },
	{ "to", AN_ADDRESS, set_to },
	{ "in", A_LINK, set_in },
	{ "out", A_LINK, set_out },
	{ "proto", "tcp, udp, icmp, arp, nd ... or a number from 1 to 255", set_transport },
	{ "sport", A_PORT, set_sport },
	{ "dport", A_PORT, set_dport },
	{ "mark", A_MARK, set_mark },
	{ "uid", "the number of a user", set_uid },
	{ "tos", "a number from 0 to 255", set_tos },
	{ "iif", A_LINK, set_in },
	{ "oif", A_LINK, set_out },
};

static const struct term *term_find(const char *word, struct text *error)
{
	const char *names[ARRAY_SIZE(terms_known) + 1] = { 0 };
	const char *nearest;

	for (size_t i = 0; i < ARRAY_SIZE(terms_known); i++) {
		if (!strcmp(terms_known[i].word, word))
			return &terms_known[i];
		names[i] = terms_known[i].word;
	}
	nearest = text_nearest(word, names);
	if (nearest)
		text_printf(error, "'%s' is no word of a packet; did you mean '%s'?", word, nearest);
	else
		text_printf(error,
			    "'%s' is no word of a packet; write such as "
			    "'from 192.0.2.1 to 198.51.100.1 in eth0 proto udp dport 53'",
			    word);
	return NULL;
}

/* Who asks for a station does so on a link, in the words of its family. */
static int asking_check(const struct question *question, struct text *error)
{
	bool six = question->flow.to.family == AF_INET6;

	if (question->in && !strcmp(question->in, "lo")) {
		text_puts(error, "nobody asks for a station on lo; name the link that he is on");
		return -EINVAL;
	}
	if (!question->in || question->out) {
		text_printf(error, "on which link does somebody ask? Add 'in LINK'%s",
			    question->out ? ", leave 'out' out" : "");
		return -EINVAL;
	}
	if (six == !strcmp(question->asks, "ARP")) {
		text_printf(error, "of %s it is 'proto %s'", six ? "IPv6" : "IPv4",
			    six ? "nd" : "arp");
		return -EINVAL;
	}
	return 0;
}

/* What each term says may be right, and all of them together wrong. */
static int question_check(const struct question *question, struct text *error)
{
	const struct flow *flow = &question->flow;
	bool ports = flow->sport || flow->dport;

	if (!flow->to.family) {
		text_puts(error, "where is it sent to? Add 'to ADDRESS'");
		return -EINVAL;
	}
	if (flow->from.family && flow->from.family != flow->to.family) {
		text_puts(error, "a packet is IPv4 or IPv6: 'from' and 'to' are not of one kind");
		return -EINVAL;
	}
	if (question->asks && asking_check(question, error) < 0)
		return -EINVAL;
	if (question->in && !question->asks && !flow->from.family && strcmp(question->in, "lo") != 0) {
		text_printf(error, "what comes in by %s comes from somewhere: add 'from ADDRESS'",
			    question->in);
		return -EINVAL;
	}
	if (question->in && question->out) {
		text_puts(error, "'in' is for what comes in, 'out' for a socket that is bound to a "
				 "link: leave one of them out");
		return -EINVAL;
	}
	if (ports && flow->ip_protocol != IPPROTO_TCP && flow->ip_protocol != IPPROTO_UDP &&
	    flow->ip_protocol != IPPROTO_SCTP) {
		text_puts(error, "ports are those of a protocol: add 'proto udp' or 'proto tcp'");
		return -EINVAL;
	}
	return 0;
}

int question_parse(const char *const *terms, unsigned count, struct question *ret_question,
		   struct text *error)
{
	struct question question = { 0 };
	unsigned given = 0;

	for (unsigned i = 0; i < count; i += 2) {
		const struct term *term = term_find(terms[i], error);

		if (!term)
			return -EINVAL;
		if (i + 1 == count) {
			text_printf(error, "'%s' needs %s", term->word, term->wanted);
			return -EINVAL;
		}
		if (given & 1u << (term - terms_known)) {
			text_printf(error, "'%s' is given twice; leave one of them out", term->word);
			return -EINVAL;
		}
		given |= 1u << (term - terms_known);
		if (term->set(&question, terms[i + 1]) < 0) {
			text_printf(error, "%s %s: write %s", term->word, terms[i + 1], term->wanted);
			return -EINVAL;
		}
	}
	if (question_check(&question, error) < 0)
		return -EINVAL;
	*ret_question = question;
	return 0;
}

static int find_link(const char *name, const struct state *state, uint32_t *ret_index,
		     struct text *error)
{
	const struct host_link *link = state_link_named(state, name);

	if (!link) {
		text_printf(error, "there is no link '%s'; 'ip link' lists them", name);
		return -ENODEV;
	}
	*ret_index = link->index;
	return 0;
}

int question_resolve(struct question *question, const struct state *state, struct text *error)
{
	int r = 0;

	if (question->in && strcmp(question->in, "lo") != 0)
		r = find_link(question->in, state, &question->flow.in, error);
	if (r == 0 && question->out)
		r = find_link(question->out, state, &question->flow.out, error);
	return r;
}

static const char *name_of(const struct state *state, uint32_t index)
{
	const struct host_link *link = state_link(state, index);

	return link ? link->name : "?";
}

void question_title(const struct question *question, const struct state *state, struct text *text)
{
	const struct flow *flow = &question->flow;
	char from[ADDRESS_TEXT_SIZE], to[ADDRESS_TEXT_SIZE];

	if (!question->asks) {
		text_puts(text, "A packet ");
		question_print(flow, state, text);
		return;
	}
	text_printf(text, "%s for %s, ", question->asks, address_text(&flow->to, to));
	if (flow->from.family)
		text_printf(text, "from %s", address_text(&flow->from, from));
	else
		text_puts(text, "from nobody yet (is it free?)");
	text_printf(text, ", in by %s", name_of(state, flow->in));
}

void question_print(const struct flow *flow, const struct state *state, struct text *text)
{
	char from[ADDRESS_TEXT_SIZE], to[ADDRESS_TEXT_SIZE], protocol[8];

	if (flow->from.family)
		text_printf(text, "from %s ", address_text(&flow->from, from));
	text_printf(text, "to %s", address_text(&flow->to, to));
	if (flow->ip_protocol)
		text_printf(text, ", %s", transport_text(flow->ip_protocol, protocol));
	if (flow->sport)
		text_printf(text, ", from port %u", flow->sport);
	if (flow->dport)
		text_printf(text, ", to port %u", flow->dport);
	if (flow->mark)
		text_printf(text, ", mark 0x%x", flow->mark);
	if (flow->tos)
		text_printf(text, ", tos 0x%02x", flow->tos);
	if (flow->uid)
		text_printf(text, ", of user %u", flow->uid);
	if (flow->in)
		text_printf(text, ", in by %s", name_of(state, flow->in));
	else
		text_puts(text, ", sent by this host");
	if (flow->out)
		text_printf(text, " from a socket bound to %s", name_of(state, flow->out));
}
