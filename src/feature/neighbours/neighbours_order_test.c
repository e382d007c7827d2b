/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the worker is told, out of what stands on the host. */
#include "feature/neighbours/neighbours_order.h"

#include "feature/neighbours/neighbours_wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define LINKS                                                                                      \
	"link lo index 1 flags up,lower-up,loopback\n"                                             \
	"link eth0 index 2 flags up,lower-up,running mac 02:00:00:00:00:02\n"                      \
	"link eth3 index 5 flags up,lower-up,running mac 02:00:00:00:00:05\n"

/* A configuration; what it says is not looked at. */
static const struct config any;

static struct facts facts_of(const char *text, struct state *state)
{
	AUTO_TEXT error = { 0 };

	if (state_parse(text, state, &error) < 0)
		fail_msg("%s", text_string(&error));
	return (struct facts){ .observed = state };
}

static void put_rule(const struct neighbours_rule *rule, struct text *text)
{
	static const char *const verdicts[] = { "", "answer", "silent", "own" };
	char prefix[ADDRESS_TEXT_SIZE];

	text_printf(text, "  %s %s%s%s\n", prefix_text(&rule->prefix, prefix),
		    verdicts[rule->verdict], rule->flags & NEIGHBOURS_BOUND ? " bound" : "",
		    rule->flags & NEIGHBOURS_BY_KERNEL ? " by the kernel" : "");
}

/* As lines: the ports, each with its rules. */
static void told(const char *host, struct text *text)
{
	struct neighbours_orders orders;
	struct state state = { 0 };
	const struct facts facts = facts_of(host, &state);
	AUTO_TEXT bytes = { 0 };

	neighbours_configure(&any, &facts, &bytes);
	assert_int_equal(neighbours_orders_read(bytes.data, bytes.length, &orders), 0);
	for (uint32_t i = 0; i < orders.port_count; i++) {
		const struct neighbours_port *port = &orders.ports[i];
		char address[ADDRESS_TEXT_SIZE];

		text_printf(text, "%s%s%s from %s\n", port->name, port->link.guard ? " guard" : "",
			    port->link.router ? " router" : "",
			    address_text(&port->link.link_local, address));
		for (uint32_t j = 0; j < orders.rule_count; j++)
			if (orders.rules[j].link == port->index)
				put_rule(&orders.rules[j], text);
	}
	arena_free(orders.arena);
	state_free(&state);
}

/* The same of what is announced. */
static void announced(const char *host, struct text *text)
{
	struct neighbours_notes notes;
	struct state state = { 0 };
	const struct facts facts = facts_of(host, &state);
	AUTO_TEXT bytes = { 0 };

	neighbours_update(&any, &facts, &bytes);
	assert_int_equal(neighbours_notes_read(bytes.data, bytes.length, &notes), 0);
	for (uint32_t i = 0; i < notes.count; i++) {
		const struct neighbours_news *news = &notes.items[i];
		char address[ADDRESS_TEXT_SIZE], source[ADDRESS_TEXT_SIZE];

		text_printf(text, "%u %s from %s%s%s\n", news->link,
			    address_text(&news->address, address),
			    address_text(&news->source, source), news->up ? "" : " down",
			    news->override ? " override" : "");
	}
	assert_int_equal(neighbours_needed(&any, &facts), notes.count > 0);
	arena_free(notes.arena);
	state_free(&state);
}

static void a_link_that_the_kernel_answers_on_costs_nothing(void **state)
{
	AUTO_TEXT text = { 0 };

	told(LINKS "responder link eth0 way tc\nanswer 203.0.113.0/24 link eth0\n", &text);
	assert_string_equal(text_string(&text), "");
	announced(LINKS "responder link eth0 way tc\nanswer 203.0.113.0/24 link eth0\n", &text);
	assert_string_equal(text_string(&text), "");
}

static void the_rules_of_a_link_of_the_worker_are_told(void **state)
{
	AUTO_TEXT text = { 0 };

	told(LINKS
	     "address fe80::5/64 link eth3\n"
	     "responder link eth0 way tc\n"
	     "responder link eth3 way worker guard yes router yes\n"
	     "answer 203.0.113.0/24 link eth0\n"
	     "answer 10.1.2.0/24 link eth3\n"
	     "answer 10.1.2.5/32 link eth3 verdict own flags bound owner 17 mac 02:00:00:00:00:77\n"
	     "answer 2001:db8:1::/64 link eth3\n",
	     &text);
	assert_string_equal(text_string(&text), "eth3 guard router from fe80::5\n"
						"  10.1.2.0/24 answer\n"
						"  10.1.2.5/32 own bound\n"
						"  2001:db8:1::/64 answer\n");
}

#define WORKED                                                                                     \
	LINKS "responder link eth3 way worker\n"                                                   \
	      "address 10.1.2.1/32 link eth3 protocol multihomed\n"                                \
	      "address 192.0.2.1/24 link eth3\n"                                                   \
	      "answer 10.1.2.0/24 link eth3\n"                                                     \
	      "answer 203.0.113.0/24 link eth3\n"                                                  \
	      "answer 203.0.113.9/32 link eth3 verdict silent\n"                                   \
	      "route local 203.0.113.0/24 table local link lo\n"

/* Two answers to one question would look like two owners. */
static void what_linux_answers_by_itself_is_left_to_it(void **state)
{
	AUTO_TEXT text = { 0 };
	AUTO_TEXT ignored = { 0 };

	told(WORKED, &text);
	assert_string_equal(text_string(&text), "eth3 from none\n"
						"  10.1.2.0/24 answer\n"
						"  10.1.2.1/32 answer by the kernel\n"
						"  203.0.113.0/24 answer by the kernel\n"
						"  203.0.113.9/32 silent\n");
	told(WORKED "sysctl net/ipv4/conf/all/arp_ignore 1\n", &ignored);
	assert_string_equal(text_string(&ignored), "eth3 from none\n"
						   "  10.1.2.0/24 answer\n"
						   "  203.0.113.0/24 answer\n"
						   "  203.0.113.9/32 silent\n");
}

static void gateways_and_single_addresses_are_announced(void **state)
{
	AUTO_TEXT text = { 0 };

	announced(LINKS "address fe80::5/64 link eth3\n"
			"address 10.1.2.1/32 link eth3 protocol multihomed\n"
			"address 10.1.3.1/32 link eth3\n"
			"address 2001:db8:1::1/128 link eth3 protocol multihomed\n"
			"address 100::1:ff00:1/128 link eth3 flags deprecated protocol multihomed\n"
			"responder link eth3 way tc\n"
			"answer 10.1.2.0/24 link eth3\n"
			"answer 2001:db8:2::2/128 link eth3\n"
			"answer 2001:db8:2::3/128 link eth3 flags override,target-source\n",
		  &text);
	assert_string_equal(text_string(&text), "5 10.1.2.1 from none override\n"
						"5 2001:db8:1::1 from 2001:db8:1::1 override\n"
						"5 2001:db8:2::2 from fe80::5\n"
						"5 2001:db8:2::3 from 2001:db8:2::3 override\n");
}

static uint64_t stamp_with(const char *more)
{
	AUTO_MEM char *host = mem_printf(LINKS "address 10.1.2.1/32 link eth3 protocol multihomed\n"
					       "responder link eth3 way tc\n%s",
					 more);
	struct neighbours_notes notes;
	struct state state = { 0 };
	const struct facts facts = facts_of(host, &state);
	AUTO_TEXT bytes = { 0 };
	uint64_t stamp;

	neighbours_update(&any, &facts, &bytes);
	assert_int_equal(neighbours_notes_read(bytes.data, bytes.length, &notes), 0);
	assert_int_equal(notes.count, 1);
	stamp = notes.items[0].stamp;
	arena_free(notes.arena);
	state_free(&state);
	return stamp;
}

static void somebody_new_on_the_link_is_a_reason_to_announce(void **state)
{
	const char *one = "answer 10.1.2.5/32 link eth3 verdict own owner 17\n";
	const char *other = "answer 10.1.2.5/32 link eth0 verdict own owner 17\n";

	assert_int_not_equal(stamp_with(""), stamp_with(one));
	assert_int_equal(stamp_with(one), stamp_with(one));
	assert_int_equal(stamp_with(""), stamp_with(other));
	assert_int_equal(stamp_with(one) >> NEIGHBOURS_STAMP_BITS, 1);
}

static void nothing_is_told_when_all_ends(void **state)
{
	struct neighbours_orders orders;
	struct state host = { 0 };
	const struct facts facts = facts_of(WORKED, &host);
	AUTO_TEXT bytes = { 0 };

	neighbours_configure(NULL, &facts, &bytes);
	assert_int_equal(neighbours_orders_read(bytes.data, bytes.length, &orders), 0);
	assert_int_equal(orders.port_count, 0);
	arena_free(orders.arena);
	state_free(&host);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_that_the_kernel_answers_on_costs_nothing),
		cmocka_unit_test(the_rules_of_a_link_of_the_worker_are_told),
		cmocka_unit_test(what_linux_answers_by_itself_is_left_to_it),
		cmocka_unit_test(gateways_and_single_addresses_are_announced),
		cmocka_unit_test(somebody_new_on_the_link_is_a_reason_to_announce),
		cmocka_unit_test(nothing_is_told_when_all_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
