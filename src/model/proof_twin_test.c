/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Proofs against their honest twin, the look-up of one packet after the other: on random hosts, with
 * random claims. What is proven, no random packet of the claim may violate; and the counter-example of
 * what is refuted must violate it, by the rule, the route and the link that the proof names.
 */
#include "base/mem.h"
#include "model/proof.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOSTS 600
#define CLAIMS 12
#define PACKETS 400

/* What is drawn: a text of a host of one family, and claims about it. */
struct scene {
	bool ipv6;
	struct text text;
	struct state state;
	struct model *model;
};

static const char *const link_names[] = { "eth0", "eth1", "eth2" };

static unsigned below(unsigned sides)
{
	return (unsigned)rand() % sides;
}

static bool once_in(unsigned times)
{
	return !below(times);
}

static const char *family_word(const struct scene *scene)
{
	return scene->ipv6 ? "ipv6" : "ipv4";
}

/* One of sixteen addresses, and hardly ever one beyond them. */
static struct address draw_address(const struct scene *scene)
{
	char buffer[64];
	struct address address;
	struct text text = { 0 };

	if (once_in(8))
		text_puts(&text, scene->ipv6 ? "2001:db8:99::1" : "203.0.113.1");
	else if (scene->ipv6)
		text_printf(&text, "2001:db8::%x", below(16));
	else
		text_printf(&text, "198.51.100.%u", below(16));
	strcpy(buffer, text_string(&text));
	text_free(&text);
	assert_int_equal(address_parse(buffer, &address), 0);
	return address;
}

static struct prefix draw_prefix(const struct scene *scene)
{
	struct address address = draw_address(scene);
	struct prefix prefix = prefix_of_address(&address);

	prefix.length = once_in(5) ? 0 : (uint8_t)(prefix.length - below(5));
	return prefix_clean(&prefix);
}

static void put_prefix(const struct scene *scene, struct text *text, const char *format)
{
	struct prefix prefix = draw_prefix(scene);
	char buffer[ADDRESS_TEXT_SIZE];

	text_printf(text, format, prefix_text(&prefix, buffer));
}

static void put_settings(struct text *text, const char *link, unsigned forwarding)
{
	for (size_t i = 0; i < model_sysctl_count; i++) {
		const char *name = strrchr(model_sysctls[i], '/');
		const char *conf = strstr(model_sysctls[i], "conf/");

		text_printf(text, "sysctl %.*s%s%s %u\n", (int)(conf + 5 - model_sysctls[i]),
			    model_sysctls[i], link, name,
			    strcmp(name, "/forwarding") ? 0 : forwarding);
	}
}

static void put_links(struct scene *scene)
{
	bool vrf = once_in(3);

	text_puts(&scene->text, "link lo index 1 flags up,lower-up,loopback\n");
	put_settings(&scene->text, "all", once_in(8) ? 0 : 1);
	if (vrf)
		text_puts(&scene->text, "link blue index 9 type vrf table 102 flags up,lower-up\n");
	if (vrf)
		put_settings(&scene->text, "blue", 1);
	for (unsigned i = 0; i < ARRAY_SIZE(link_names); i++) {
		text_printf(&scene->text, "link %s index %u flags up,lower-up%s\n", link_names[i],
			    i + 2, vrf && i == 2 ? " master blue" : "");
		put_settings(&scene->text, link_names[i], once_in(8) ? 0 : 1);
		text_printf(&scene->text,
			    scene->ipv6 ? "address 2001:db8::%x/128 link %s\n" :
					  "address 198.51.100.%u/32 link %s\n",
			    i * 5, link_names[i]);
		text_printf(&scene->text,
			    scene->ipv6 ? "route local 2001:db8::%x/128 table local link %s\n" :
					  "route local 198.51.100.%u/32 table local link %s\n",
			    i * 5, link_names[i]);
	}
}

static void put_route(struct scene *scene, unsigned metric)
{
	static const char *const types[] = { "unreachable", "blackhole", "throw" };
	static const char *const tables[] = { "main", "100", "101", "102", "default" };
	struct text *text = &scene->text;
	bool type = once_in(5);

	text_printf(text, "route %s ", type ? types[below(3)] : "");
	put_prefix(scene, text, "%s ");
	if (!type && once_in(4))
		text_printf(text, "nexthop %u ", 1 + below(4));
	else if (!type)
		text_printf(text, "link %s ", link_names[below(3)]);
	text_printf(text, "table %s metric %u\n", tables[below(5)], metric);
}

static void put_selectors(struct scene *scene, bool rule)
{
	struct text *text = &scene->text;

	if (once_in(3))
		text_printf(text, "in %s ", rule && once_in(4) ? "lo" : link_names[below(3)]);
	if (once_in(3))
		put_prefix(scene, text, "from %s ");
	if (once_in(3))
		put_prefix(scene, text, "to %s ");
	if (once_in(5))
		text_printf(text, "proto %s ", once_in(2) ? "tcp" : "udp");
	if (once_in(6))
		text_printf(text, "dport %s ", once_in(2) ? "53" : "50-60");
	if (once_in(4))
		text_printf(text, "mark 0x%x mask 0x%x ", below(4), 1 + below(3));
}

static void put_rule(struct scene *scene, unsigned preference)
{
	static const char *const actions[] = { "unreachable", "prohibit", "nop", "goto" };
	struct text *text = &scene->text;
	unsigned action = below(12);
	bool invert = once_in(6);

	text_printf(text, "rule %s %u %s ", family_word(scene), preference,
		    action < 4 ? actions[action] : "");
	if (invert)
		text_puts(text, "not yes ");
	put_selectors(scene, true);
	if (once_in(8))
		text_printf(text, "uid %u-%u ", below(2), 1 + below(3));
	if (action == 3)
		text_printf(text, "target %u ", preference + 1 + below(4));
	else if (action >= 4 && !invert && once_in(6))
		text_puts(text, "l3mdev yes ");
	else if (action >= 4)
		text_printf(text, "table %s ", once_in(3) ? "main" : once_in(2) ? "100" : "101");
	if (action >= 4 && once_in(5))
		text_printf(text, "suppress-below %u ", scene->ipv6 ? 127 : 31);
	text_puts(text, "\n");
}

static void put_filter(struct scene *scene, unsigned order)
{
	text_printf(&scene->text, "filter forward %u %s ", order, once_in(2) ? "accept" : "drop");
	put_selectors(scene, false);
	if (once_in(2))
		text_printf(&scene->text, "out %s ", link_names[below(3)]);
	text_puts(&scene->text, "\n");
}

static void draw_host(struct scene *scene)
{
	struct text error = { 0 };
	const char *family = family_word(scene);

	put_links(scene);
	text_printf(&scene->text,
		    "nexthop 1 family %s link eth0\nnexthop 2 family %s link eth1\n"
		    "nexthop 3 group 1,2\nnexthop 4 family %s blackhole yes\n",
		    family, family, family);
	for (unsigned i = 0; i < 14; i++)
		put_route(scene, i + 1);
	text_printf(&scene->text, "rule %s 0 table local\nrule %s 32766 table main\n", family,
		    family);
	for (unsigned i = 0, count = 1 + below(8); i < count; i++)
		put_rule(scene, 10 + i);
	for (unsigned i = 0, count = below(4); i < count; i++)
		put_filter(scene, i + 1);
	if (state_parse(scene->text.data, &scene->state, &error) < 0)
		fail_msg("%s:\n%s", text_string(&error), scene->text.data);
	scene->model = model_new(&scene->state);
}

static void forget(struct scene *scene)
{
	model_free(scene->model);
	state_free(&scene->state);
	text_free(&scene->text);
}

static struct proof_claim draw_claim(const struct scene *scene)
{
	static const char *const every[] = { "eth0", "eth1", "eth2", "eth0" };
	struct proof_claim claim = { .family = scene->ipv6 ? AF_INET6 : AF_INET };

	claim.says = once_in(4) ? PROOF_REACHES : PROOF_LEAVES;
	strcpy(claim.in, once_in(3) ? "lo" : once_in(6) ? "" : link_names[below(3)]);
	if (once_in(2))
		claim.to = draw_prefix(scene);
	if (once_in(3) && strcmp(claim.in, "lo") != 0)
		claim.from = draw_prefix(scene);
	if (once_in(3))
		claim.mask = 1 + below(3);
	claim.mark = claim.mask ? below(4) & claim.mask : 0;
	if (once_in(3))
		claim.ip_protocol = once_in(2) ? IPPROTO_TCP : IPPROTO_ICMP;
	if (once_in(4))
		claim.dport = (struct span){ 53, 55 };
	claim.links = &every[below(3)];
	claim.link_count = below(3);
	return claim;
}

static bool is_own(const struct scene *scene, const struct address *address)
{
	STATE_EACH(&scene->state, OBJECT_ADDRESS, const struct host_address, own) {
		struct address plain = prefix_address(&own->prefix);

		if (address_equal(&plain, address))
			return true;
	}
	return false;
}

static uint32_t index_of(const struct scene *scene, const char *name)
{
	return state_link_named(&scene->state, name)->index;
}

/* A random packet of which @claim speaks. Returns false when the dice gave another one. */
static bool draw_packet(const struct scene *scene, const struct proof_claim *claim, struct flow *flow)
{
	static const uint8_t protocols[] = { IPPROTO_ICMP, IPPROTO_TCP, IPPROTO_UDP };
	bool host = !strcmp(claim->in, "lo");

	*flow = (struct flow){ .to = draw_address(scene), .from = draw_address(scene) };
	flow->mark = below(8);
	flow->ip_protocol = protocols[below(3)];
	flow->dport = (uint16_t)(50 + below(8));
	flow->uid = host ? below(4) : 0;
	if (!host)
		flow->in = index_of(scene, claim->in[0] ? claim->in : link_names[below(3)]);
	if (host && once_in(2))
		flow->from = (struct address){ 0 };
	else if (host != is_own(scene, &flow->from))
		return false;
	if (claim->from.family && !prefix_holds(&claim->from, &flow->from))
		return false;
	if (claim->to.family && !prefix_holds(&claim->to, &flow->to))
		return false;
	return !((flow->mark ^ claim->mark) & claim->mask) &&
	       (!claim->ip_protocol || claim->ip_protocol == flow->ip_protocol) &&
	       (!claim->dport.end ||
		(flow->dport >= claim->dport.first && flow->dport < claim->dport.end));
}

static bool allows(const struct scene *scene, const struct proof_claim *claim, uint32_t link)
{
	for (size_t i = 0; i < claim->link_count; i++)
		if (index_of(scene, claim->links[i]) == link)
			return true;
	return false;
}

/* The claim, asked about what became of one packet. */
static bool violates(const struct scene *scene, const struct proof_claim *claim,
		     const struct verdict *verdict)
{
	bool reaches = claim->says == PROOF_REACHES;

	if (verdict->end == END_REFUSED || verdict->end == END_NO_FORWARDING ||
	    verdict->end == END_FILTERED)
		return reaches;
	if (verdict->end != END_LEAVES)
		return false;
	for (unsigned i = 0; i < verdict->hop_count; i++) {
		bool allowed = allows(scene, claim, verdict->hops[i].link);

		if (verdict->hops[i].end == END_FILTERED ?
			    reaches :
			    !allowed && (!reaches || claim->link_count))
			return true;
	}
	return false;
}

static void fail_with(const struct scene *scene, const struct proof_claim *claim,
		      const struct proof_finding *finding, const char *what)
{
	struct text text = { 0 };
	char from[ADDRESS_TEXT_SIZE], to[ADDRESS_TEXT_SIZE];

	proof_print(&scene->state, finding, NULL, NULL, &text);
	fputs(scene->text.data, stderr);
	fail_msg("%s: claim says %d in '%s' from %s to %s mark %x/%x proto %u dport %u-%u links "
		 "%zu %s: "
		 "%s",
		 what, claim->says, claim->in, prefix_text(&claim->from, from),
		 prefix_text(&claim->to, to), claim->mark, claim->mask, claim->ip_protocol,
		 claim->dport.first, claim->dport.end, claim->link_count, claim->links[0],
		 text_string(&text));
}

/* The counter-example, replayed, goes the way that the proof says. */
static void replay(const struct scene *scene, const struct proof_claim *claim,
		   const struct proof_finding *finding)
{
	struct verdict verdict;
	bool leaves = !finding->leaves[0];

	model_lookup(scene->model, &finding->packet, &verdict);
	if (!violates(scene, claim, &verdict))
		fail_with(scene, claim, finding, "the counter-example is none");
	if (verdict.rule != finding->rule)
		fail_with(scene, claim, finding, "another rule decides");
	if (finding->route && verdict.route != finding->route)
		fail_with(scene, claim, finding, "another route decides");
	for (unsigned i = 0; i < verdict.hop_count && !leaves; i++)
		leaves = verdict.hops[i].link == index_of(scene, finding->leaves);
	if (!leaves)
		fail_with(scene, claim, finding, "it leaves by another link");
}

static void try_to_refute(const struct scene *scene, const struct proof_claim *claim,
			  const struct proof_finding *finding)
{
	for (int i = 0; i < PACKETS; i++) {
		struct verdict verdict;
		struct flow flow;

		if (!draw_packet(scene, claim, &flow))
			continue;
		model_lookup(scene->model, &flow, &verdict);
		if (violates(scene, claim, &verdict)) {
			struct proof_finding found = *finding;

			found.packet = flow;
			found.rule = verdict.rule;
			found.route = verdict.route;
			found.table = verdict.table;
			found.result = PROOF_VIOLATED;
			fail_with(scene, claim, &found, "it was proven");
		}
	}
}

/* How often a claim held, was violated, was not to be told, and spoke of nothing. */
static void compare(bool ipv6, unsigned tally[4])
{
	struct scene scene = { .ipv6 = ipv6 };
	struct proof_claim claims[CLAIMS];
	struct proof_finding findings[CLAIMS];

	draw_host(&scene);
	for (int i = 0; i < CLAIMS; i++)
		claims[i] = draw_claim(&scene);
	proof_check(&scene.state, claims, CLAIMS, findings);
	for (int i = 0; i < CLAIMS; i++) {
		tally[findings[i].result]++;
		if (findings[i].result == PROOF_VIOLATED)
			replay(&scene, &claims[i], &findings[i]);
		else if (findings[i].result == PROOF_HOLDS)
			try_to_refute(&scene, &claims[i], &findings[i]);
	}
	forget(&scene);
}

static void proofs_and_look_ups_agree(void **data)
{
	unsigned tally[4] = { 0 };
	const char *more = getenv("PROOF_TWIN_HOSTS");
	int hosts = more ? atoi(more) : HOSTS;

	srand(4);
	for (int i = 0; i < hosts; i++)
		compare(i % 2, tally);
	print_message("%u hold, %u are violated, %u cannot be told, %u say nothing\n",
		      tally[PROOF_HOLDS], tally[PROOF_VIOLATED], tally[PROOF_UNKNOWN],
		      tally[PROOF_EMPTY]);
	assert_true(tally[PROOF_HOLDS] > (unsigned)hosts);
	assert_true(tally[PROOF_VIOLATED] > (unsigned)hosts);
	assert_int_equal(tally[PROOF_UNKNOWN], 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(proofs_and_look_ups_agree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
