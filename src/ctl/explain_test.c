/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What people are told about a packet, and about a mistake in how they ask. */
#include "ctl/explain.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The gateway of a university's wireless network. */
#define GATEWAY                                                                                    \
	"link lo index 1 flags up,loopback\n"                                                      \
	"link eth0 index 2 flags up,lower-up,running,broadcast mac 02:00:00:00:00:02\n"            \
	"link bond0 index 3 flags up,lower-up,running,broadcast mac 02:00:00:00:00:03\n"           \
	"link bond1 index 4 flags up,lower-up,running,broadcast mac 02:00:00:00:00:04\n"           \
	"neighbour 192.168.120.6 link bond1 state reachable mac 02:00:00:00:00:99\n"               \
	"neighbour 192.168.34.98 link bond0 state failed\n"                                        \
	"address 10.2.2.2/24 link eth0\n"                                                          \
	"address 192.168.34.97/30 link bond0\n"                                                    \
	"address 192.168.120.5/30 link bond1\n"                                                    \
	"sysctl net/ipv4/conf/all/forwarding 1\n"                                                  \
	"sysctl net/ipv4/conf/bond0/forwarding 1\n"                                                \
	"sysctl net/ipv4/conf/bond1/forwarding 1\n"                                                \
	"sysctl net/ipv4/conf/eth0/forwarding 0\n"                                                 \
	"sysctl net/ipv4/conf/all/rp_filter 0\n"                                                   \
	"sysctl net/ipv4/conf/bond0/rp_filter 2\n"                                                 \
	"sysctl net/ipv4/conf/bond1/rp_filter 0\n"                                                 \
	"sysctl net/ipv4/conf/eth0/rp_filter 1\n"                                                  \
	"route local 10.2.2.2/32 table local link eth0 protocol kernel\n"                          \
	"route local 192.168.34.97/32 table local link bond0 protocol kernel\n"                    \
	"route local 192.168.120.5/32 table local link bond1 protocol kernel\n"                    \
	"route 10.2.2.0/24 link eth0 protocol kernel source 10.2.2.2\n"                            \
	"route 192.168.34.96/30 link bond0 protocol kernel source 192.168.34.97\n"                 \
	"route 192.168.120.4/30 link bond1 protocol kernel source 192.168.120.5\n"                 \
	"route 0.0.0.0/0 via 10.2.2.254 link eth0 protocol multihomed\n"                           \
	"route 10.16.0.0/12 via 192.168.34.98 link bond0 protocol multihomed\n"                    \
	"route 0.0.0.0/0 via 192.168.120.6 link bond1 table 200 protocol multihomed\n"             \
	"rule ipv4 0 table local protocol kernel\n"                                                \
	"rule ipv4 1000 in bond0 table 200 protocol multihomed\n"                                  \
	"rule ipv4 1001 unreachable in bond0 protocol multihomed\n"                                \
	"rule ipv4 32766 table main protocol kernel\n"                                             \
	"rule ipv4 32767 table default protocol kernel\n"                                          \
	"filter forward 0 accept in bond0 out bond1\n"                                             \
	"filter forward 1 accept in bond1 out bond0\n"                                             \
	"filter forward 2 drop\n"                                                                  \
	"filter nat 0 snat out bond1 from 10.16.0.0/12 first 192.168.120.5 last 192.168.120.5\n"

struct told {
	struct state state;
	struct subject subject;
	struct story story;
};

/* Cuts @line at its spaces and reads it as the words of a question. */
static int parse(const char *line, struct question *question, struct text *error)
{
	static char copy[256];
	const char *terms[CALL_TERMS];
	unsigned count = 0;
	char *rest = copy, *word;

	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	while ((word = strsep(&rest, " ")))
		if (*word)
			terms[count++] = word;
	return question_parse(terms, count, question, error);
}

static void tell(struct told *told, const char *host, const char *asked)
{
	AUTO_TEXT error = { 0 };
	struct question question;

	*told = (struct told){ 0 };
	if (state_parse(host, &told->state, &error) < 0 || parse(asked, &question, &error) < 0 ||
	    question_resolve(&question, &told->state, &error) < 0)
		fail_msg("%s", text_string(&error));
	told->subject.state = &told->state;
	told->subject.model = model_new(&told->state);
	story_tell(&told->subject, &question, &told->story);
}

static void told_free(struct told *told)
{
	story_free(&told->story);
	model_free(told->subject.model);
	state_free(&told->state);
}

/* Of the packet @asked on the gateway this is told, a sentence a line. */
static void is_told(const char *asked, const char *wanted)
{
	AUTO_TEXT text = { 0 };
	struct told told;

	tell(&told, GATEWAY, asked);
	text_printf(&text, "%s\n", told.story.conclusion);
	for (size_t i = 0; i < told.story.sentences.count; i++)
		text_printf(&text, "%s\n", told.story.sentences.items[i].text);
	assert_string_equal(text_string(&text), wanted);
	told_free(&told);
}

static void what_comes_in_from_the_wireless_side_leaves_for_the_world(void **data)
{
	is_told("from 10.16.0.1 to 198.51.100.1 in bond0 proto udp dport 53",
		"It is forwarded out of bond1 to the gateway 192.168.120.6.\n"
		"Rule 0 (all packets) asks table local, which has no route for it.\n"
		"Rule 1000 (in by bond0) sends it to table 200.\n"
		"There the route default is the longest that holds its destination.\n"
		"rp_filter is loose on bond0, and lets it in.\n"
		"It goes out of bond1 to the gateway 192.168.120.6, a neighbour that is reachable "
		"with MAC "
		"02:00:00:00:00:99.\n"
		"Our filter lets it pass out of bond1.\n"
		"On the way out its source becomes 192.168.120.5 (NAT).\n"
		"The reply, from 198.51.100.1 to 10.16.0.1, udp, from port 53, in by bond1, is "
		"forwarded out "
		"of bond0 to the gateway 192.168.34.98: symmetric.\n"
		"Rule 32766 (all packets) sends it to table main.\n"
		"There the route 10.16.0.0/12 is the longest that holds its destination.\n"
		"It goes out of bond0 to the gateway 192.168.34.98, which does not answer as a "
		"neighbour "
		"(failed).\n"
		"Our filter lets it pass out of bond0.\n");
}

static void what_the_host_sends_bears_an_address_of_its_way(void **data)
{
	is_told("to 198.51.100.9",
		"It is sent out of eth0 to the gateway 10.2.2.254.\n"
		"Rule 0 (all packets) asks table local, which has no route for it.\n"
		"Rule 32766 (all packets) sends it to table main.\n"
		"There the route default is the longest that holds its destination.\n"
		"It goes out of eth0 to the gateway 10.2.2.254, not yet known as a neighbour.\n"
		"It bears the source address 10.2.2.2, which fits the destination best.\n"
		"The reply, from 198.51.100.9 to 10.2.2.2, in by eth0, is for this host itself: "
		"symmetric.\n"
		"Rule 0 (all packets) sends it to table local.\n"
		"There the route local 10.2.2.2/32 is the longest that holds its destination.\n"
		"rp_filter is strict on eth0, and lets it in.\n");
}

static void what_may_not_be_forwarded_is_told_to_be_dropped(void **data)
{
	is_told("from 10.2.2.9 to 198.51.100.9 in eth0",
		"It is dropped: forwarding is off on eth0.\n"
		"Rule 0 (all packets) asks table local, which has no route for it.\n"
		"Rule 32766 (all packets) sends it to table main.\n"
		"There the route default is the longest that holds its destination.\n");
}

static void nobody_gets_past_the_filter_unsaid(void **data)
{
	struct told told;

	tell(&told, GATEWAY, "from 198.51.100.9 to 10.2.2.9 in bond1");
	assert_string_equal(told.story.conclusion,
			    "It is dropped: our filter does not let it pass.");
	assert_false(told.story.fine);
	assert_false(told.story.replied);
	told_free(&told);
}

/* Three subscribers on two ports. */
#define PORTS                                                                                      \
	"link lo index 1 flags up,loopback\n"                                                      \
	"link eth3 index 3 flags up,lower-up,running,broadcast mac 02:00:00:00:00:03\n"            \
	"link eth4 index 4 flags up,lower-up,running,broadcast mac 02:00:00:00:00:04\n"            \
	"address 10.1.2.1/32 link eth3\n"                                                          \
	"address fe80::3/64 link eth3\n"                                                           \
	"sysctl net/ipv4/conf/all/forwarding 1\n"                                                  \
	"sysctl net/ipv4/conf/eth3/forwarding 1\n"                                                 \
	"sysctl net/ipv6/conf/all/forwarding 1\n"                                                  \
	"route local 10.1.2.1/32 table local link eth3 protocol kernel\n"                          \
	"route 10.1.2.5/32 link eth3 protocol multihomed\n"                                        \
	"route 10.1.2.6/32 link eth4 protocol multihomed\n"                                        \
	"rule ipv4 0 table local protocol kernel\n"                                                \
	"rule ipv4 32766 table main protocol kernel\n"                                             \
	"answer 10.1.2.0/24 link eth3 flags override\n"                                            \
	"answer 10.1.2.1/32 link eth3 verdict silent\n"                                            \
	"answer 10.1.2.5/32 link eth3 verdict own owner 17\n"                                      \
	"answer 10.1.2.7/32 link eth3 verdict own owner 18 flags bound mac 02:00:00:00:00:07\n"    \
	"answer 2001:db8:5::/64 link eth3 verdict own owner 17\n"                                  \
	"responder link eth3 way tc guard yes\n"

/* On the ports this is concluded. */
static void is_concluded(const char *asked, bool fine, const char *wanted)
{
	struct told told;

	tell(&told, PORTS, asked);
	assert_string_equal(told.story.conclusion, wanted);
	assert_int_equal(told.story.fine, fine);
	told_free(&told);
}

static void who_bears_the_address_of_somebody_else_does_not_get_in(void **data)
{
	is_concluded("from 10.1.2.66 to 10.1.2.6 in eth3", false,
		     "It is dropped: on eth3 nobody has the address 10.1.2.66.");
	is_concluded("from 2001:db8:6::1 to 2001:db8:5::1 in eth3", false,
		     "It is dropped: on eth3 nobody has the address 2001:db8:6::1.");
	is_concluded("from 10.1.2.5 to 10.1.2.6 in eth3", true, "It is forwarded out of eth4.");
	is_concluded("from 0.0.0.0 to 255.255.255.255 in eth3 proto udp sport 68 dport 67", true,
		     "It is a broadcast, and for this host too.");
}

static void who_answers_arp_is_told(void **data)
{
	is_concluded("to 10.1.2.9 from 10.1.2.5 in eth3 proto arp", true,
		     "multihomed answers: it is at 02:00:00:00:00:03, which is eth3.");
	is_concluded("to 10.1.2.7 from 10.1.2.5 in eth3 proto arp", true,
		     "multihomed answers: it is at 02:00:00:00:00:03, which is eth3.");
	is_concluded("to 10.1.2.5 from 10.1.2.5 in eth3 proto arp", false,
		     "Nobody answers: it is the own address of who asks.");
	is_concluded("to 10.1.2.7 in eth3 proto arp", false,
		     "Nobody answers: it is somebody's own, and may be that of who asks.");
	is_concluded(
		"to 10.1.2.9 from 10.1.2.66 in eth3 proto arp", false,
		"Nobody answers: on eth3 nobody has the address 10.1.2.66, and what comes from "
		"it is dropped.");
	is_concluded("to 10.1.2.1 from 10.1.2.5 in eth3 proto arp", true,
		     "Linux answers: it is an address of this host.");
	is_concluded("to 10.1.2.1 in eth4 proto arp", true,
		     "Linux answers: it is an address of this host.");
	is_concluded("to 10.1.2.9 in eth4 proto arp", false, "Linux does not answer.");
	is_concluded("to fe80::3 from fe80::5 in eth3 proto nd", true,
		     "Linux answers: it is an address of this host.");
}

static void why_it_is_answered_is_told_rule_by_rule(void **data)
{
	AUTO_TEXT text = { 0 };
	struct told told;

	tell(&told, PORTS, "to 10.1.2.7 from 10.1.2.5 in eth3 proto arp");
	question_title(&told.story.question, &told.state, &text);
	text_puts(&text, "\n");
	for (size_t i = 0; i < told.story.sentences.count; i++)
		text_printf(&text, "%s\n", told.story.sentences.items[i].text);
	assert_string_equal(text_string(&text),
			    "ARP for 10.1.2.7, from 10.1.2.5, in by eth3\n"
			    "multihomed answers on eth3, by eBPF, in tc, and has a guard there.\n"
			    "Who asks has 10.1.2.5: it is in 10.1.2.5/32, somebody's own there.\n"
			    "Of its rules 10.1.2.7/32 is the longest that holds 10.1.2.7: it is "
			    "somebody's own.\n");
	told_free(&told);
}

static void a_source_from_elsewhere_is_dropped_by_a_strict_filter(void **data)
{
	struct told told;

	tell(&told, GATEWAY, "from 10.16.0.1 to 10.2.2.2 in eth0");
	assert_string_equal(told.story.conclusion,
			    "It is dropped: rp_filter on eth0 expects its source elsewhere.");
	told_free(&told);
}

static void mistakes_in_the_question_are_told_with_a_way_out(void **data)
{
	static const struct {
		const char *asked, *said;
	} cases[] = {
		{ "from 192.0.2.1", "where is it sent to? Add 'to ADDRESS'" },
		{ "to", "'to' needs an IPv4 or IPv6 address" },
		{ "to 192.0.2", "to 192.0.2: write an IPv4 or IPv6 address" },
		{ "to 192.0.2.1 form 192.0.2.2",
		  "'form' is no word of a packet; did you mean 'from'?" },
		{ "to 192.0.2.1 from 2001:db8::1",
		  "a packet is IPv4 or IPv6: 'from' and 'to' are not of one kind" },
		{ "to 192.0.2.1 in eth0",
		  "what comes in by eth0 comes from somewhere: add 'from ADDRESS'" },
		{ "from 192.0.2.2 to 192.0.2.1 in eth0 out eth1",
		  "'in' is for what comes in, 'out' for a socket that is bound to a link: leave "
		  "one of "
		  "them out" },
		{ "to 192.0.2.1 dport 53",
		  "ports are those of a protocol: add 'proto udp' or 'proto tcp'" },
		{ "to 192.0.2.1 proto udp dport 70000",
		  "dport 70000: write a port from 1 to 65535" },
		{ "to 192.0.2.1 mark -1", "mark -1: write a number such as 0x8" },
		{ "to 192.0.2.1 proto arp", "on which link does somebody ask? Add 'in LINK'" },
		{ "to 192.0.2.1 in lo proto arp",
		  "nobody asks for a station on lo; name the link that he is on" },
		{ "to 192.0.2.1 in eth0 proto nd", "of IPv4 it is 'proto arp'" },
		{ "to 2001:db8::1 in eth0 proto arp", "of IPv6 it is 'proto nd'" },
		{ "to 192.0.2.1 in eth0 proto arp dport 53",
		  "ports are those of a protocol: add 'proto udp' or 'proto tcp'" },
		{ "to 192.0.2.1 to 192.0.2.2", "'to' is given twice; leave one of them out" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_TEXT error = { 0 };
		struct question question;

		assert_int_equal(parse(cases[i].asked, &question, &error), -22);
		assert_string_equal(text_string(&error), cases[i].said);
	}
}

static void every_word_of_a_packet_is_understood(void **data)
{
	AUTO_TEXT text = { 0 }, error = { 0 };
	struct state state = { 0 };
	struct question question;

	assert_int_equal(parse("to 2001:db8::2 from 2001:db8::1 proto tcp sport 1024 dport 443 "
			       "mark 0x8 uid 7 tos 16",
			       &question, &error),
			 0);
	question_print(&question.flow, &state, &text);
	assert_string_equal(
		text_string(&text),
		"from 2001:db8::1 to 2001:db8::2, tcp, from port 1024, to port 443, mark 0x8, "
		"tos 0x10, of user 7, sent by this host");
}

static void the_ways_are_drawn_for_graphviz(void **data)
{
	AUTO_TEXT text = { 0 };
	struct told told;

	tell(&told, GATEWAY, "to 198.51.100.9");
	story_draw_dot(&told.subject, &told.story, &text);
	assert_non_null(strstr(text_string(&text), "digraph ways {\n"));
	assert_non_null(strstr(text_string(&text), "[label=\"rule 32766\\nall packets\"];\n"));
	assert_non_null(strstr(text_string(&text), "[label=\"gateway\\n10.2.2.254\"];\n"));
	assert_non_null(strstr(text_string(&text), "n0 -> n1;\n"));
	assert_non_null(strstr(text_string(&text), " [style=dashed];\n"));
	told_free(&told);
}

static void the_ways_are_drawn_for_a_browser(void **data)
{
	AUTO_TEXT text = { 0 };
	struct told told;

	tell(&told, GATEWAY, "from 198.51.100.9 to 10.2.2.9 in bond1");
	story_draw_svg(&told.subject, &told.story, &text);
	assert_non_null(strstr(text_string(&text), "<svg xmlns=\"http://www.w3.org/2000/svg\""));
	assert_non_null(strstr(text_string(&text), "class=\"bad\""));
	assert_non_null(strstr(text_string(&text), ">dropped by our filter</text>"));
	assert_non_null(strstr(text_string(&text), "</svg>\n"));
	told_free(&told);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_comes_in_from_the_wireless_side_leaves_for_the_world),
		cmocka_unit_test(what_the_host_sends_bears_an_address_of_its_way),
		cmocka_unit_test(what_may_not_be_forwarded_is_told_to_be_dropped),
		cmocka_unit_test(nobody_gets_past_the_filter_unsaid),
		cmocka_unit_test(a_source_from_elsewhere_is_dropped_by_a_strict_filter),
		cmocka_unit_test(who_bears_the_address_of_somebody_else_does_not_get_in),
		cmocka_unit_test(who_answers_arp_is_told),
		cmocka_unit_test(why_it_is_answered_is_told_rule_by_rule),
		cmocka_unit_test(mistakes_in_the_question_are_told_with_a_way_out),
		cmocka_unit_test(every_word_of_a_packet_is_understood),
		cmocka_unit_test(the_ways_are_drawn_for_graphviz),
		cmocka_unit_test(the_ways_are_drawn_for_a_browser),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
