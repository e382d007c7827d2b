/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What becomes of a packet, as a person would ask it, on hosts written down as text. That the kernel
 * sees it in the same way is shown by comparison with RTM_GETROUTE.
 */
#include "model/model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define LOOPBACK "link lo index 1 flags up,lower-up,loopback\n"
#define BOOT                                                                                       \
	"rule ipv4 0 table local\nrule ipv4 32766 table main\nrule ipv4 32767 table default\n"     \
	"rule ipv6 0 table local\nrule ipv6 32766 table main\n"

/* The box in the middle of a university's wireless network. */
static const char box[] = LOOPBACK
	"link bond0 index 2 flags up,lower-up\n"
	"link bond1 index 3 flags up,lower-up\n"
	"link eth0 index 4 flags up,lower-up\n"
	"sysctl net/ipv4/conf/all/forwarding 1\n"
	"sysctl net/ipv4/conf/bond0/forwarding 1\n"
	"sysctl net/ipv4/conf/bond1/forwarding 1\n"
	"sysctl net/ipv4/conf/eth0/forwarding 0\n"
	"address 192.168.34.97/30 link bond0\n"
	"address 192.168.120.5/30 link bond1\n"
	"address 10.2.2.2/24 link eth0\n"
	"route local 192.168.34.97/32 table local link bond0 source 192.168.34.97 protocol kernel\n"
	"route local 192.168.120.5/32 table local link bond1 source 192.168.120.5 protocol kernel\n"
	"route local 10.2.2.2/32 table local link eth0 source 10.2.2.2 protocol kernel\n"
	"route broadcast 10.2.2.255/32 table local link eth0 source 10.2.2.2 protocol kernel\n"
	"route 192.168.34.96/30 link bond0 source 192.168.34.97 protocol kernel\n"
	"route 192.168.120.4/30 link bond1 source 192.168.120.5 protocol kernel\n"
	"route 10.2.2.0/24 link eth0 source 10.2.2.2 protocol kernel\n"
	"route 0.0.0.0/0 via 10.2.2.254 link eth0\n"
	"route 10.16.0.0/12 via 192.168.34.98 link bond0\n"
	"route 0.0.0.0/0 via 192.168.120.6 table 200 link bond1\n"
	"rule ipv4 0 table local\n"
	"rule ipv4 1000 in bond0 table 200\n"
	"rule ipv4 1001 unreachable in bond0\n"
	"rule ipv4 1002 in lo table 254\n"
	"rule ipv4 32766 table main\n"
	"rule ipv4 32767 table default\n"
	"filter forward 1 accept in bond0 out bond1\n"
	"filter forward 2 accept in bond1 out bond0\n"
	"filter forward 3 drop\n"
	"filter nat 1 snat out bond1 from 10.16.0.0/12 first 192.168.120.5 last 192.168.120.5\n";

/* A host, read from text, and the last thing that was asked. */
struct told {
	struct state state;
	struct model *model;
	struct flow flow;
	struct verdict verdict;
};

static void settle(struct state *state, const char *link)
{
	for (size_t i = 0; i < model_sysctl_count; i++) {
		struct host_sysctl sysctl = { .value = "0" };

		snprintf(sysctl.name, sizeof(sysctl.name), "%.*s%s%s",
			 (int)(strstr(model_sysctls[i], "conf/") + 5 - model_sysctls[i]),
			 model_sysctls[i], link, strrchr(model_sysctls[i], '/'));
		if (!state_find(state, OBJECT_SYSCTL, &sysctl))
			state_add(state, OBJECT_SYSCTL, &sysctl);
		state_sort_observed(state);
	}
}

/* What the text does not tell of the settings is off. */
static struct told host(const char *text)
{
	struct text error = { 0 };
	struct told told = { 0 };

	if (state_parse(text, &told.state, &error) < 0)
		fail_msg("%s", text_string(&error));
	settle(&told.state, "all");
	STATE_EACH(&told.state, OBJECT_LINK, const struct host_link, link) {
		settle(&told.state, link->name);
	}
	return told;
}

static void forget(struct told *told)
{
	model_free(told->model);
	state_free(&told->state);
}

static uint32_t link_named(const struct told *told, const char *name)
{
	const struct host_link *link = state_link_named(&told->state, name);

	assert_non_null(link);
	return link->index;
}

static uint32_t number(const char *text)
{
	return (uint32_t)strtoul(text, NULL, 0);
}

static void say(struct told *told, const char *word, const char *value)
{
	struct flow *flow = &told->flow;

	if (!strcmp(word, "from"))
		assert_int_equal(address_parse(value, &flow->from), 0);
	else if (!strcmp(word, "to"))
		assert_int_equal(address_parse(value, &flow->to), 0);
	else if (!strcmp(word, "in"))
		flow->in = link_named(told, value);
	else if (!strcmp(word, "out"))
		flow->out = link_named(told, value);
	else if (!strcmp(word, "mark"))
		flow->mark = number(value);
	else if (!strcmp(word, "uid"))
		flow->uid = number(value);
	else if (!strcmp(word, "proto"))
		flow->ip_protocol = (uint8_t)number(value);
	else if (!strcmp(word, "sport"))
		flow->sport = (uint16_t)number(value);
	else if (!strcmp(word, "dport"))
		flow->dport = (uint16_t)number(value);
	else
		fail_msg("%s: no such word", word);
}

/* The verdict as a line: "rule 1000 leaves bond1 via 192.168.120.6 source 192.168.120.5". */
static void print(const struct told *told, struct text *line)
{
	const struct verdict *verdict = &told->verdict;
	char buffer[ADDRESS_TEXT_SIZE];

	if (verdict->rule)
		text_printf(line, "rule %u ", verdict->rule->preference);
	text_puts(line, verdict_end_name(verdict->end));
	if (verdict->error)
		text_printf(line, " %s", strerror(-verdict->error));
	for (unsigned i = 0; !verdict->error && i < verdict->hop_count; i++) {
		const struct verdict_hop *hop = &verdict->hops[i];
		const struct host_link *link = state_link(&told->state, hop->link);

		text_printf(line, " %s", link ? link->name : "-");
		if (hop->via.family)
			text_printf(line, " via %s", address_text(&hop->via, buffer));
		if (hop->weight > 1)
			text_printf(line, " weight %u", hop->weight);
	}
	if (verdict->source.family && !told->flow.from.family)
		text_printf(line, " source %s", address_text(&verdict->source, buffer));
	for (unsigned doubt = 1; doubt; doubt <<= 1)
		if (verdict->doubts & doubt)
			text_printf(line, " (%s)", verdict_doubt_text(doubt));
}

/* Asks about a packet in words, "in bond0 from 10.16.0.1 to 192.0.2.1". */
static void look(struct told *told, const char *packet)
{
	char *words = strdup(packet), *rest = words, *word, *value;

	if (!told->model)
		told->model = model_new(&told->state);
	told->flow = (struct flow){ 0 };
	while ((word = strsep(&rest, " ")) && (value = strsep(&rest, " ")))
		say(told, word, value);
	free(words);
	model_lookup(told->model, &told->flow, &told->verdict);
}

static void goes(struct told *told, const char *packet, const char *wanted)
{
	struct text line = { 0 };

	look(told, packet);
	print(told, &line);
	if (strcmp(text_string(&line), wanted) != 0)
		fail_msg("%s: %s, not %s", packet, text_string(&line), wanted);
	text_free(&line);
}

static void users_leave_by_bond1_only(void **data)
{
	struct told told = host(box);

	goes(&told, "in bond0 from 10.16.0.1 to 198.51.100.1",
	     "rule 1000 leaves bond1 via 192.168.120.6");
	assert_int_equal(told.verdict.hops[0].filter->order, 1);
	assert_int_equal(told.verdict.hops[0].nat->verdict, FILTER_SNAT);
	/* Even to the network of eth0. */
	goes(&told, "in bond0 from 10.16.0.1 to 10.2.2.9",
	     "rule 1000 leaves bond1 via 192.168.120.6");
	forget(&told);
}

static void management_is_never_forwarded(void **data)
{
	struct told told = host(box);

	goes(&told, "in eth0 from 10.2.2.9 to 10.16.0.1",
	     "rule 32766 no forwarding No route to host");
	goes(&told, "in eth0 from 10.2.2.9 to 10.2.2.2", "rule 0 local eth0");
	forget(&told);
}

static void replies_from_the_world_reach_users_only(void **data)
{
	struct told told = host(box);

	goes(&told, "in bond1 from 198.51.100.1 to 10.16.0.1",
	     "rule 32766 leaves bond0 via 192.168.34.98");
	goes(&told, "in bond1 from 198.51.100.1 to 203.0.113.9",
	     "rule 32766 filtered eth0 via 10.2.2.254");
	forget(&told);
}

static void the_hosts_own_packets_leave_by_eth0(void **data)
{
	struct told told = host(box);

	goes(&told, "to 198.51.100.1", "rule 1002 leaves eth0 via 10.2.2.254 source 10.2.2.2");
	goes(&told, "to 10.2.2.2", "rule 0 local eth0 source 10.2.2.2");
	forget(&told);
}

static void a_confined_link_never_falls_through(void **data)
{
	struct told told = host(LOOPBACK "link a index 2 flags up,lower-up\n"
					 "sysctl net/ipv4/conf/a/forwarding 1\n"
					 "route 0.0.0.0/0 link a\n"
					 "rule ipv4 0 table local\n"
					 "rule ipv4 10 in a table 7\n"
					 "rule ipv4 11 unreachable in a\n"
					 "rule ipv4 32766 table main\n");
	goes(&told, "in a from 192.0.2.1 to 198.51.100.1", "rule 11 refused Network is unreachable");
	assert_int_equal(told.verdict.steps[1].outcome, STEP_NOTHING);
	assert_int_equal(told.verdict.steps[1].rule->preference, 10);
	forget(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(users_leave_by_bond1_only),
		cmocka_unit_test(management_is_never_forwarded),
		cmocka_unit_test(replies_from_the_world_reach_users_only),
		cmocka_unit_test(the_hosts_own_packets_leave_by_eth0),
		cmocka_unit_test(a_confined_link_never_falls_through),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
