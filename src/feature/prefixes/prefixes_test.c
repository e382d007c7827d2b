/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/prefixes/prefixes.h"

#include <jansson.h>
#include <linux/neighbour.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define FACTS                                                                                      \
	"link lo index 1 flags up,lower-up,loopback\n"                                             \
	"link eth0 index 2 flags up,lower-up,running\n"                                            \
	"route 198.51.100.0/24 link eth0 protocol kernel\n"

static struct config *read_text(const char *yaml, struct diags *diags)
{
	struct config *config;

	diags_init(diags);
	feature_read(source_of_text("test", yaml, strlen(yaml)), diags, &config);
	return config;
}

static const struct config_list *claims_of(const struct config *config)
{
	size_t i = 0;

	while (features[i] != &prefixes_feature)
		i++;
	return config->values[i];
}

static void facts_of(const char *text, struct state *ret_state)
{
	AUTO_TEXT error = { 0 };

	if (state_parse(text, ret_state, &error) < 0)
		fail_msg("%s", text_string(&error));
}

/* Random claims of few bits, so that many overlap. */
static void random_claims(struct text *yaml, struct prefix *claims, size_t count)
{
	text_puts(yaml, "prefixes:\n");
	for (size_t i = 0; i < count; i++) {
		char text[ADDRESS_TEXT_SIZE];

		claims[i] = (struct prefix){ .family = AF_INET,
					     .length = (uint8_t)(10 + rand() % 6),
					     .bytes = { 100 } };
		claims[i].bytes[1] = (uint8_t)rand();
		claims[i] = prefix_clean(&claims[i]);
		text_printf(yaml, "  - prefix: %s\n", prefix_text(&claims[i], text));
	}
}

/* The slow and honest way: whoever lies inside another, or repeats an earlier one, is a mistake. */
static bool is_mistake(const struct prefix *claims, size_t count, size_t index)
{
	for (size_t i = 0; i < count; i++) {
		bool equal = prefix_compare(&claims[i], &claims[index]) == 0;

		if (i != index && prefix_covers(&claims[i], &claims[index]) && (!equal || i < index))
			return true;
	}
	return false;
}

static void every_overlap_is_found_and_nothing_else(void **state)
{
	srand(1);
	for (int round = 0; round < 300; round++) {
		struct prefix claims[12];
		AUTO_TEXT yaml = { 0 };
		struct config *config;
		struct diags diags;
		unsigned found = 0;

		random_claims(&yaml, claims, ARRAY_SIZE(claims));
		config = read_text(text_string(&yaml), &diags);
		for (size_t i = 0; i < ARRAY_SIZE(claims); i++) {
			bool told = found < diags.count && diags.items[found].at.line == i + 2;

			assert_int_equal(told, is_mistake(claims, ARRAY_SIZE(claims), i));
			found += told;
		}
		assert_int_equal(found, diags.count);
		diags_free(&diags);
		config_free(config);
	}
}

static void a_claim_excepts_no_more_neighbours_than_it_may(void **unused)
{
	AUTO_TEXT text = { 0 };
	struct state observed = { 0 };
	struct exceptions exceptions = { 0 };
	struct diags diags;
	struct config *config =
		read_text("prefixes:\n  - { prefix: 100.64.0.0/16, connected: true }\n", &diags);
	struct facts facts = { .observed = &observed };

	text_puts(&text, "link lo index 1 flags up,lower-up,loopback\n"
			 "link eth0 index 2 flags up,lower-up,running\n"
			 "route 100.64.0.0/16 link eth0 protocol kernel\n");
	for (unsigned i = 0; i < CLAIM_MAX_LEARNED + 500; i++)
		text_printf(&text, "neighbour 100.64.%u.%u link eth0 state reachable\n", i >> 8,
			    i & 255);
	facts_of(text_string(&text), &observed);
	claims_exceptions(claims_of(config), &facts, &exceptions);
	assert_int_equal(exceptions.items.count, CLAIM_MAX_LEARNED);
	exceptions_free(&exceptions);
	state_free(&observed);
	diags_free(&diags);
	config_free(config);
}

static void a_reason_in_the_file_wins_over_a_neighbour(void **unused)
{
	struct state observed = { 0 };
	struct exceptions exceptions = { 0 };
	struct diags diags;
	struct config *config = read_text("prefixes:\n  - { prefix: 198.51.100.0/24, connected: "
					  "true, except: [198.51.100.7] }\n",
					  &diags);
	struct facts facts = { .observed = &observed };

	facts_of(FACTS "neighbour 198.51.100.7 link eth0 state reachable\n"
		       "neighbour 198.51.100.8 link eth0 state reachable\n",
		 &observed);
	claims_exceptions(claims_of(config), &facts, &exceptions);
	assert_int_equal(exceptions.items.count, 2);
	assert_int_equal(exceptions.items.items[0].why, EXCEPTION_FILE);
	assert_int_equal(exceptions.items.items[0].route.metric, 0);
	assert_int_equal(exceptions.items.items[1].why, EXCEPTION_NEIGHBOUR);
	exceptions_free(&exceptions);
	state_free(&observed);
	diags_free(&diags);
	config_free(config);
}

/* Only of claims whose neighbours are answered. */
static void whoever_else_claims_an_address_is_told(void **unused)
{
	struct state observed = { 0 };
	struct counters counters = { 0 };
	struct facts facts = { .observed = &observed, .now = 1000 };
	struct diags diags;
	struct config *config =
		read_text("prefixes:\n  - { prefix: 198.51.100.0/24, neighbours: eth0 }\n"
			  "  - { prefix: 203.0.113.0/24 }\n",
			  &diags);
	json_t *status = json_object(), *one;

	facts_of(FACTS "answer 198.51.100.0/24 link eth0\nresponder link eth0 way tc\n", &observed);
	*counters_get(&counters, "claimant eth0 198.51.100.7 02:00:00:00:00:07") =
		(struct counter){ .asked = 3, .answered = 900, .dropped = 990 };
	counters_get(&counters, "claimant eth0 203.0.113.7 02:00:00:00:00:07");
	counters_get(&counters, "responder eth0")->answered = 5;
	prefixes_status(claims_of(config), &facts, &counters, status);
	one = json_array_get(json_object_get(status, "responders"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "responder")), "tc");
	assert_int_equal(json_integer_value(json_object_get(one, "answered")), 5);
	assert_int_equal(json_array_size(json_object_get(status, "claimants")), 1);
	one = json_array_get(json_object_get(status, "claimants"), 0);
	assert_string_equal(json_string_value(json_object_get(one, "address")), "198.51.100.7");
	assert_string_equal(json_string_value(json_object_get(one, "mac")), "02:00:00:00:00:07");
	assert_int_equal(json_integer_value(json_object_get(one, "since_s")), 100);
	assert_int_equal(json_integer_value(json_object_get(one, "last_s_ago")), 10);
	assert_int_equal(json_integer_value(json_object_get(one, "times")), 3);
	json_decref(status);
	counters_free(&counters);
	state_free(&observed);
	diags_free(&diags);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_overlap_is_found_and_nothing_else),
		cmocka_unit_test(a_claim_excepts_no_more_neighbours_than_it_may),
		cmocka_unit_test(a_reason_in_the_file_wins_over_a_neighbour),
		cmocka_unit_test(whoever_else_claims_an_address_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
