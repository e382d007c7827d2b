/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Statements about hosts that are written down here, proven and refuted. */
#include "model/proof.h"

#include "base/mem.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct state parsed(const char *text)
{
	struct text error = { 0 };
	struct state state;

	if (state_parse(text, &state, &error) < 0)
		fail_msg("%s", text_string(&error));
	return state;
}

static struct prefix prefix_of(const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	return prefix;
}

static const char *result_word(enum proof_result result)
{
	switch (result) {
	case PROOF_HOLDS:
		return "holds";
	case PROOF_VIOLATED:
		return "violated";
	case PROOF_UNKNOWN:
		return "unknown";
	case PROOF_EMPTY:
		return "empty";
	}
	return "?";
}

/* What is found is "holds", or "RESULT: WORDS". */
static void finds(const char *host, const struct proof_claim *claim, const char *wanted)
{
	struct state state = parsed(host);
	struct proof_finding finding;
	struct text text = { 0 };

	proof_check(&state, claim, 1, &finding);
	text_puts(&text, result_word(finding.result));
	if (finding.result != PROOF_HOLDS) {
		text_puts(&text, ": ");
		proof_print(&state, &finding, NULL, NULL, &text);
	}
	assert_string_equal(text_string(&text), wanted);
	text_free(&text);
	state_free(&state);
}

static const char *const bond0[] = { "bond0" }, *const bond1[] = { "bond1" }, *const eth0[] = { "eth0" };

#define IN(link) .says = PROOF_LEAVES, .in = link
#define LEAVES(link) .links = link, .link_count = 1

/* A university's wireless network, as its configuration makes it. */
#define LINKS                                                                                      \
	"link lo index 1 flags up,lower-up\n"                                                      \
	"link eth0 index 2 flags up,lower-up\n"                                                    \
	"link bond0 index 3 flags up,lower-up\n"                                                   \
	"link bond1 index 4 flags up,lower-up\n"                                                   \
	"address 10.2.2.2/24 link eth0\n"                                                          \
	"address 192.168.34.97/30 link bond0\n"                                                    \
	"address 192.168.120.5/30 link bond1\n"
#define LOCAL                                                                                      \
	"route local 10.2.2.2/32 table local link eth0\n"                                          \
	"route local 127.0.0.0/8 table local link lo\n"                                            \
	"route local 192.168.34.97/32 table local link bond0\n"                                    \
	"route local 192.168.120.5/32 table local link bond1\n"
#define MAIN                                                                                       \
	"route 0.0.0.0/0 via 10.2.2.254 link eth0\n"                                               \
	"route 10.2.2.0/24 link eth0\n"                                                            \
	"route 10.16.0.0/12 via 192.168.34.98 link bond0\n"                                        \
	"route 192.168.34.96/30 link bond0\n"                                                      \
	"route 192.168.120.4/30 link bond1\n"
#define EGRESS "route 0.0.0.0/0 via 192.168.120.6 table 200 link bond1\n"
#define USUAL                                                                                      \
	"rule ipv4 0 table local\n"                                                                \
	"rule ipv4 32766 table main\n"                                                             \
	"rule ipv4 32767 table default\n"                                                          \
	"rule ipv6 0 table local\n"                                                                \
	"rule ipv6 32766 table main\n"
#define RULES                                                                                      \
	"rule ipv4 2001 in bond0 table 200\n"                                                      \
	"rule ipv4 2002 unreachable in bond0\n"
#define FILTER                                                                                     \
	"filter forward 1 accept in bond0 out bond1\n"                                             \
	"filter forward 2 accept in bond1 out bond0\n"                                             \
	"filter forward 3 drop\n"
#define BOX LINKS LOCAL MAIN EGRESS USUAL RULES FILTER

static void the_four_rules_of_the_story_hold(void **data)
{
	finds(BOX, &(struct proof_claim){ IN("bond0"), LEAVES(bond1) }, "holds");
	finds(BOX, &(struct proof_claim){ IN("eth0") }, "holds");
	finds(BOX, &(struct proof_claim){ IN("bond1"), LEAVES(bond0) }, "holds");
}

static void a_host_sends_by_the_links_of_its_neighbours_too(void **data)
{
	finds(BOX, &(struct proof_claim){ IN("lo"), LEAVES(eth0) },
	      "violated: a packet of this host to 10.16.0.1 leaves bond0 (rule 32766, table main, "
	      "route "
	      "10.16.0.0/12 via 192.168.34.98 link bond0)");
	finds(BOX "rule ipv4 2000 in lo table 300\nrule ipv4 2001 unreachable in lo\n"
		  "route 0.0.0.0/0 via 10.2.2.254 link eth0 table 300\n",
	      &(struct proof_claim){ IN("lo"), LEAVES(eth0) }, "holds");
}

static void what_the_host_begins_and_what_it_answers_part(void **data)
{
#define HOST_ETH0                                                                                  \
	BOX "rule ipv4 1500 in lo from 192.168.120.5/32 table 503\n"                               \
	    "rule ipv4 2000 in lo table 300\nrule ipv4 2001 unreachable in lo\n"                   \
	    "route 0.0.0.0/0 via 10.2.2.254 link eth0 table 300\n"                                 \
	    "route 0.0.0.0/0 via 192.168.120.6 link bond1 table 503\n"
	struct proof_claim claim = { IN("lo"), LEAVES(eth0) };

	finds(HOST_ETH0, &claim,
	      "violated: a packet of this host from 192.168.120.5 to 192.0.2.1 leaves bond1 (rule "
	      "1500, "
	      "table 503, route 0.0.0.0/0 via 192.168.120.6 link bond1)");
	claim.begun = true;
	finds(HOST_ETH0, &claim, "holds");
	finds(BOX, &claim,
	      "violated: a packet of this host to 10.16.0.1 leaves bond0 (rule 32766, table main, "
	      "route "
	      "10.16.0.0/12 via 192.168.34.98 link bond0)");
}

static void without_its_rule_the_wireless_side_leaves_by_the_way_of_management(void **data)
{
	finds(LINKS LOCAL MAIN EGRESS USUAL, &(struct proof_claim){ IN("bond0"), LEAVES(bond1) },
	      "violated: a packet in bond0 from 10.16.0.1 to 192.0.2.1 leaves eth0 (rule 32766, "
	      "table "
	      "main, route 0.0.0.0/0 via 10.2.2.254 link eth0)");
}

static void a_route_that_is_missing_falls_through_to_the_next_table(void **data)
{
	finds(LINKS LOCAL MAIN USUAL "rule ipv4 2001 in bond0 table 200\n",
	      &(struct proof_claim){ IN("bond0"), LEAVES(bond1) },
	      "violated: a packet in bond0 from 10.16.0.1 to 192.0.2.1 leaves eth0 (rule 32766, "
	      "table "
	      "main, route 0.0.0.0/0 via 10.2.2.254 link eth0)");
	finds(LINKS LOCAL MAIN USUAL RULES, &(struct proof_claim){ IN("bond0"), LEAVES(bond1) },
	      "holds");
}

static void a_filter_that_lets_pass_is_named(void **data)
{
	finds(LINKS LOCAL MAIN USUAL "filter forward 7 accept in eth0 to 10.16.0.0/12\n"
				     "filter forward 8 drop\n",
	      &(struct proof_claim){ IN("eth0") },
	      "violated: a packet in eth0 from 10.2.2.1 to 10.16.0.1 leaves bond0 (rule 32766, "
	      "table "
	      "main, route 10.16.0.0/12 via 192.168.34.98 link bond0, filter 7)");
}

static void a_link_that_does_not_forward_forwards_nothing(void **data)
{
	finds(LINKS LOCAL MAIN USUAL "sysctl net/ipv4/conf/eth0/forwarding 0\n"
				     "sysctl net/ipv6/conf/all/forwarding 0\n",
	      &(struct proof_claim){ IN("eth0") }, "holds");
}

static void only_what_the_claim_speaks_of_counts(void **data)
{
	struct proof_claim claim = { IN("bond0"), LEAVES(bond1), .to = prefix_of("10.16.0.0/12") };

	finds(LINKS LOCAL MAIN EGRESS USUAL, &claim,
	      "violated: a packet in bond0 from 10.16.0.2 to 10.16.0.1 leaves bond0 (rule "
	      "32766, "
	      "table main, route 10.16.0.0/12 via 192.168.34.98 link bond0)");
	claim.to = prefix_of("192.168.120.4/30");
	finds(LINKS LOCAL MAIN EGRESS USUAL, &claim, "holds");
}

static void marks_and_ports_part_the_ways(void **data)
{
#define MARKED                                                                                     \
	LINKS LOCAL MAIN EGRESS USUAL "rule ipv4 1900 mark 0x8 mask 0xf table 200\n"               \
				      "rule ipv4 1901 in bond0 proto udp dport 53 table 200\n"
	struct proof_claim claim = { IN("bond0"), LEAVES(bond1), .to = prefix_of("192.0.2.0/24") };

	claim.mark = 0x18;
	claim.mask = 0xff;
	finds(MARKED, &claim, "holds");
	claim.mask = 0xf0;
	finds(MARKED, &claim,
	      "violated: a packet in bond0 from 10.16.0.1 to 192.0.2.1 proto tcp mark 0x10 leaves "
	      "eth0 (rule "
	      "32766, "
	      "table main, route 0.0.0.0/0 via 10.2.2.254 link eth0)");
	claim.mask = 0;
	claim.ip_protocol = IPPROTO_UDP;
	claim.dport = (struct span){ 53, 54 };
	finds(MARKED, &claim, "holds");
	claim.dport = (struct span){ 53, 55 };
	finds(MARKED, &claim,
	      "violated: a packet in bond0 from 10.16.0.1 to 192.0.2.1 proto udp dport 54 leaves "
	      "eth0 "
	      "(rule 32766, table main, route 0.0.0.0/0 via 10.2.2.254 link eth0)");
}

static void a_reply_leaves_by_the_link_of_its_address(void **data)
{
	struct proof_claim claim = { .says = PROOF_SYMMETRIC, .in = "lo" };

	finds(BOX, &claim,
	      "violated: a packet of this host from 10.2.2.2 to 10.16.0.1 leaves bond0, not eth0 "
	      "(rule "
	      "32766, table main, route 10.16.0.0/12 via 192.168.34.98 link bond0)");
	finds(BOX "rule ipv4 1500 in lo from 10.2.2.2/32 table 501\n"
		  "rule ipv4 1501 in lo from 192.168.34.97/32 table 502\n"
		  "rule ipv4 1502 in lo from 192.168.120.5/32 table 503\n"
		  "route 0.0.0.0/0 via 10.2.2.254 link eth0 table 501\n"
		  "route 0.0.0.0/0 via 192.168.34.98 link bond0 table 502\n"
		  "route 0.0.0.0/0 via 192.168.120.6 link bond1 table 503\n",
	      &claim, "holds");
}

static void ipv6_is_proven_as_well(void **data)
{
	finds(BOX "route ::/0 via fe80::1 link eth0\n",
	      &(struct proof_claim){ IN("bond0"), LEAVES(bond1), .to = prefix_of("2001:db8::/32") },
	      "holds");
	finds(LINKS USUAL "route ::/0 via fe80::1 link eth0\n",
	      &(struct proof_claim){ IN("bond0"), LEAVES(bond1) },
	      "violated: a packet in bond0 from 2001:db8:1::1 to 2001:db8::1 leaves eth0 (rule "
	      "32766, "
	      "table main, route ::/0 via fe80::1 link eth0)");
}

static void a_group_may_leave_by_each_of_its_members(void **data)
{
#define GROUP                                                                                      \
	"nexthop 1 family ipv4 via 192.168.120.6 link bond1\n"                                     \
	"nexthop 2 family ipv4 via 10.2.2.254 link eth0\n"                                         \
	"nexthop 3 group 1,2\n"
	static const char *const both[] = { "bond1", "eth0" };

	finds(LINKS LOCAL USUAL GROUP "route 0.0.0.0/0 nexthop 3\n",
	      &(struct proof_claim){ IN("bond0"), LEAVES(bond1) },
	      "violated: a packet in bond0 from 198.51.100.1 to 192.0.2.1 leaves eth0 (rule 32766, "
	      "table "
	      "main, route 0.0.0.0/0 nexthop 3)");
	finds(LINKS LOCAL USUAL GROUP "route 0.0.0.0/0 nexthop 3\n",
	      &(struct proof_claim){ IN("bond0"), .links = both, .link_count = 2 }, "holds");
	finds(LINKS LOCAL USUAL "route 0.0.0.0/0 nexthop 9\n",
	      &(struct proof_claim){ IN("bond0"), LEAVES(bond1) },
	      "unknown: a packet in bond0 from 198.51.100.1 to 192.0.2.1 may go another way (rule "
	      "32766, "
	      "table main, route 0.0.0.0/0 nexthop 9); it cannot be told: not all its next hops "
	      "are known");
}

static void what_hangs_on_an_unknown_rule_is_not_proven(void **data)
{
	finds(BOX "rule ipv4 1000 opaque yes table main\n",
	      &(struct proof_claim){ IN("bond0"), LEAVES(bond1), .to = prefix_of("192.0.2.0/24") },
	      "holds");
	finds(LINKS LOCAL MAIN EGRESS USUAL RULES "rule ipv4 1000 opaque yes table main\n",
	      &(struct proof_claim){ IN("bond0"), LEAVES(bond1), .to = prefix_of("192.0.2.0/24") },
	      "unknown: a packet in bond0 from 10.16.0.1 to 192.0.2.1 may leave eth0 (rule 1000, "
	      "table "
	      "main, route 0.0.0.0/0 via 10.2.2.254 link eth0); it cannot be told: rule 1000 says "
	      "more "
	      "than is known of rules");
}

static void of_two_rules_of_one_preference_the_older_one_is_not_known(void **data)
{
#define EQUALS                                                                                     \
	LINKS LOCAL MAIN EGRESS USUAL "rule ipv4 2001 in bond0 table 200 protocol multihomed\n"
	struct proof_claim claim = { IN("bond0"), LEAVES(bond1), .to = prefix_of("192.0.2.0/24") };

	finds(EQUALS "rule ipv4 2001 from 10.16.0.0/12 table main\n", &claim,
	      "unknown: a packet in bond0 from 10.16.0.1 to 192.0.2.1 may leave eth0 (rule 2001, "
	      "table "
	      "main, route 0.0.0.0/0 via 10.2.2.254 link eth0); it cannot be told: of two rules of "
	      "preference 2001 the older one counts");
	finds(EQUALS "rule ipv4 2001 in eth0 table main\n", &claim, "holds");
}

static void members_of_a_bond_let_nothing_in(void **data)
{
#define BOND                                                                                       \
	LINKS LOCAL MAIN EGRESS USUAL RULES FILTER                                                 \
		"link eth4 index 9 flags up,lower-up master bond0\n"
	finds(BOND, &(struct proof_claim){ IN("eth4") },
	      "empty: eth4 is a member of another link: nothing comes in there");
	finds(LINKS LOCAL USUAL EGRESS RULES "link eth4 index 9 flags up,lower-up master bond0\n",
	      &(struct proof_claim){ IN(""), LEAVES(bond1) }, "holds");
}

static void goto_not_and_suppress_are_followed(void **data)
{
	struct proof_claim claim = { IN("bond0"), LEAVES(bond1), .to = prefix_of("192.0.2.0/24") };

	finds(LINKS LOCAL MAIN EGRESS USUAL "rule ipv4 1000 goto not yes in bond0 target 1500\n"
					    "rule ipv4 1200 table 200\n"
					    "rule ipv4 1500 table main\n",
	      &claim, "holds");
	finds(LINKS LOCAL MAIN EGRESS USUAL "rule ipv4 1000 table main suppress-below 1\n"
					    "rule ipv4 1200 table 200\n",
	      &claim, "holds");
	finds(LINKS LOCAL MAIN EGRESS USUAL "rule ipv4 1200 table 200\n"
					    "route throw 192.0.2.128/25 table 200\n",
	      &claim,
	      "violated: a packet in bond0 from 10.16.0.1 to 192.0.2.128 leaves eth0 (rule 32766, "
	      "table "
	      "main, route 0.0.0.0/0 via 10.2.2.254 link eth0)");
}

static void a_vrf_has_its_own_table(void **data)
{
#define BLUE                                                                                       \
	"link lo index 1 flags up,lower-up\n"                                                      \
	"link blue index 2 type vrf table 77 flags up,lower-up\n"                                  \
	"link eth0 index 3 flags up,lower-up master blue\n"                                        \
	"link eth1 index 4 flags up,lower-up\n" USUAL "rule ipv4 1000 l3mdev yes\n"                \
	"route 0.0.0.0/0 via 10.0.0.1 link eth1\n"                                                 \
	"route 0.0.0.0/0 via 10.0.0.2 link eth0 table 77\n"
	finds(BLUE, &(struct proof_claim){ IN("eth0"), LEAVES(eth0) }, "holds");
	finds(BLUE, &(struct proof_claim){ IN("eth1"), LEAVES(eth0) },
	      "violated: a packet in eth1 from 198.51.100.1 to 192.0.2.1 leaves eth1 (rule 32766, "
	      "table "
	      "main, route 0.0.0.0/0 via 10.0.0.1 link eth1)");
}

static void what_reaches_is_neither_refused_nor_stopped(void **data)
{
	struct proof_claim claim = { .says = PROOF_REACHES,
				     .in = "bond0",
				     .to = prefix_of("192.0.2.0/24") };

	finds(BOX, &claim, "holds");
	claim.in[4] = '1';
	finds(BOX, &claim,
	      "violated: a packet in bond1 from 192.168.120.6 to 192.0.2.1 goes nowhere (rule "
	      "32766, table "
	      "main, route 0.0.0.0/0 via 10.2.2.254 link eth0)");
	claim.to = prefix_of("10.16.0.0/12");
	finds(BOX, &claim, "holds");
}

static void what_says_nothing_is_told(void **data)
{
	finds(BOX, &(struct proof_claim){ IN("eth7") }, "empty: link eth7 does not exist");
	finds(BOX, &(struct proof_claim){ IN("eth0"), .to = prefix_of("224.0.0.0/8") },
	      "empty: nothing is routed to 224.0.0.0/8");
	finds(BOX,
	      &(struct proof_claim){ IN("eth0"), .from = prefix_of("::/0"),
				     .to = prefix_of("224.0.0.0/8") },
	      "empty: its addresses are of two families");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_four_rules_of_the_story_hold),
		cmocka_unit_test(a_host_sends_by_the_links_of_its_neighbours_too),
		cmocka_unit_test(what_the_host_begins_and_what_it_answers_part),
		cmocka_unit_test(without_its_rule_the_wireless_side_leaves_by_the_way_of_management),
		cmocka_unit_test(a_route_that_is_missing_falls_through_to_the_next_table),
		cmocka_unit_test(a_filter_that_lets_pass_is_named),
		cmocka_unit_test(a_link_that_does_not_forward_forwards_nothing),
		cmocka_unit_test(only_what_the_claim_speaks_of_counts),
		cmocka_unit_test(marks_and_ports_part_the_ways),
		cmocka_unit_test(a_reply_leaves_by_the_link_of_its_address),
		cmocka_unit_test(ipv6_is_proven_as_well),
		cmocka_unit_test(a_group_may_leave_by_each_of_its_members),
		cmocka_unit_test(what_hangs_on_an_unknown_rule_is_not_proven),
		cmocka_unit_test(of_two_rules_of_one_preference_the_older_one_is_not_known),
		cmocka_unit_test(members_of_a_bond_let_nothing_in),
		cmocka_unit_test(goto_not_and_suppress_are_followed),
		cmocka_unit_test(a_vrf_has_its_own_table),
		cmocka_unit_test(what_reaches_is_neither_refused_nor_stopped),
		cmocka_unit_test(what_says_nothing_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
