/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table of cases through the decision in plain C, over rules that are looked through one by one. */
#include "bpf/neighbours_cases.h"
#include "bpf/neighbours_frame.h"

#include "base/mem.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_RULES = 64 };

static const uint32_t links[CASES_LINKS] = { 4, 5 };

struct world {
	struct neighbours_rules rules;
	struct neighbours_value values[MOST_RULES];
	struct neighbours_who_value who;
};

static struct address address_of(const struct neighbours_address *in)
{
	struct address address = { .family = AF_INET6 };

	memcpy(address.bytes, in->words, sizeof(in->words));
	if (in->words[0] || in->words[1] || in->words[2] != htonl(0xffff))
		return address;
	address = (struct address){ .family = AF_INET };
	memcpy(address.bytes, &in->words[3], 4);
	return address;
}

static const struct neighbours_value *neighbours_find(void *data, const struct neighbours_key *key)
{
	struct world *world = data;
	struct address address = address_of(&key->address);
	const struct neighbours_rule *best = NULL;

	for (size_t i = 0; i < world->rules.count; i++) {
		const struct neighbours_rule *rule = &world->rules.items[i];

		if (rule->link == key->link && prefix_holds(&rule->prefix, &address) &&
		    (!best || rule->prefix.length > best->prefix.length))
			best = rule;
	}
	return best ? &world->values[best - world->rules.items] : NULL;
}

static const struct neighbours_who_value *neighbours_who(void *data,
							 const struct neighbours_who_key *key)
{
	struct world *world = data;

	for (size_t i = 0; i < world->rules.count; i++) {
		const struct neighbours_rule *rule = &world->rules.items[i];

		if (rule->link == key->link && rule->flags & NEIGHBOURS_BOUND &&
		    !memcmp(rule->mac, key->mac, sizeof(rule->mac))) {
			world->who.owner = rule->owner;
			return &world->who;
		}
	}
	return NULL;
}

#include "bpf/neighbours_core.h"

static void begin_world(struct world *world)
{
	world->rules = neighbours_cases_rules(links);
	assert_true(world->rules.count <= MOST_RULES);
	for (size_t i = 0; i < world->rules.count; i++) {
		const struct neighbours_rule *rule = &world->rules.items[i];

		world->values[i] = (struct neighbours_value){ .owner = rule->owner,
							      .verdict = rule->verdict,
							      .flags = rule->flags };
		memcpy(world->values[i].mac, rule->mac, sizeof(rule->mac));
	}
}

static struct neighbours_settings settings_of(int on)
{
	struct neighbours_link link = neighbours_cases_link(on);
	struct neighbours_settings settings = { .guard = link.guard,
						.router = link.router,
						.owner = link.owner };

	memcpy(settings.mac, link.mac, sizeof(link.mac));
	memcpy(settings.link_local.words, link.link_local.bytes, sizeof(settings.link_local.words));
	return settings;
}

static char *told_counts(const struct neighbours_view *view)
{
	static const char *const words[] = { "asked", "answered", "silent", "spoofed", "malformed" };

	if (!view->asked && view->counter == COUNTERS)
		return mem_strdup("");
	return mem_printf("%u:%s%s%s", view->owner, view->asked ? " asked" : "",
			  view->counter < COUNTERS ? " " : "",
			  view->counter < COUNTERS ? words[view->counter] : "");
}

static char *told_claim(const struct neighbours_view *view)
{
	struct address address = address_of(&view->claimed);
	char text[ADDRESS_TEXT_SIZE];

	return view->claims ?
		       mem_printf("%s %02x", address_text(&address, text), view->frame->from[5]) :
		       mem_strdup("");
}

/* Returns whether the case came out as it should. */
static bool play(struct world *world, const struct neighbours_case *a_case)
{
	struct neighbours_settings settings = settings_of(a_case->on);
	uint8_t bytes[CASES_FRAME_SIZE], wanted[CASES_FRAME_SIZE];
	size_t length = neighbours_words_frame(a_case->frame, bytes);
	struct neighbours_frame frame = { 0 };
	struct neighbours_view view = { .world = world,
					.settings = &settings,
					.frame = &frame,
					.link = links[a_case->on],
					.counter = COUNTERS };
	AUTO_MEM char *counts = NULL, *claim = NULL;
	int act = ACT_PASS;
	bool right;

	memcpy(frame_bytes(&frame), bytes, NEIGHBOURS_FRAME);
	if (neighbours_is_for(&frame, settings.mac))
		act = neighbours_decide(&view, (__u32)length);
	counts = told_counts(&view);
	claim = told_claim(&view);
	if (act == ACT_ANSWER) {
		size_t written = neighbours_reply(&view, &frame);

		length = written == NEIGHBOURS_ARP ? length : written;
		memcpy(bytes, frame_bytes(&frame), written);
		right = strchr(a_case->becomes, ' ') &&
			neighbours_words_frame(a_case->becomes, wanted) == length &&
			!memcmp(bytes, wanted, length);
	} else {
		right = !strcmp(a_case->becomes, act == ACT_PASS ? "passed" : "dropped");
	}
	right = right && !strcmp(counts, a_case->counted) &&
		!strcmp(claim, a_case->claimed ? a_case->claimed : "");
	if (!right)
		print_error("%s (%s): act %d, counted \"%s\", claimed \"%s\"\n", a_case->title,
			    a_case->frame, act, counts, claim);
	return right;
}

static void every_case_comes_out_as_the_table_says(void **state)
{
	struct world *world = mem_alloc(sizeof(*world));
	size_t wrong = 0;

	begin_world(world);
	for (size_t i = 0; i < neighbours_case_count; i++)
		wrong += !play(world, &neighbours_cases[i]);
	VEC_FREE(&world->rules);
	mem_freep(&world);
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_case_comes_out_as_the_table_says) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
