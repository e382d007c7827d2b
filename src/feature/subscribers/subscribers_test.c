/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/subscribers/subscribers_roster.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define BASE                                                                                       \
	"subscribers:\n"                                                                           \
	"  gateway: [10.1.2.1/24, \"2001:db8:0:1::1/64\"]\n"                                       \
	"  ports:\n"

#define STORY                                                                                      \
	BASE "    eth3: [10.1.2.5]\n"                                                              \
	     "    eth4: [10.1.2.6, 10.1.2.99]\n"                                                   \
	     "    br0:\n"                                                                          \
	     "      - { name: alice, addresses: 10.1.2.7, mac: \"02:00:00:00:00:07\" }\n"          \
	     "      - { name: bob, addresses: 10.1.2.8, prefixes: \"2001:db8:8::/64\" }\n"

static struct config *read_text(const char *yaml, struct diags *diags)
{
	struct config *config;

	diags_init(diags);
	feature_read(source_of_text("test", yaml, strlen(yaml)), diags, &config);
	return config;
}

static struct config *read_good(const char *yaml)
{
	AUTO_TEXT shown = { 0 };
	AUTO_DIAGS diags;
	struct config *config = read_text(yaml, &diags);

	diags_render(&diags, config->source, false, &shown);
	assert_string_equal(text_string(&shown), "");
	return config;
}

static struct subscriber_hand hand(enum subscriber_what what, const char *name, const char *port)
{
	return (struct subscriber_hand){ .what = what, .name = (char *)name, .port = (char *)port };
}

/* Adds the address or prefix of @text to @one. */
static void give(struct subscriber_hand *one, const char *text)
{
	struct prefix prefix;

	assert_int_equal(prefix_parse(text, &prefix), 0);
	if (strchr(text, '/'))
		*VEC_PUSH(&one->prefixes) = prefix;
	else
		*VEC_PUSH(&one->addresses) = prefix_address(&prefix);
}

/* What is told of @one beside the story and @hands. */
static void assert_told(const struct subscriber_hands *hands, struct subscriber_hand one,
			const char *expected)
{
	struct config *config = read_good(STORY);
	AUTO_TEXT error = { 0 };
	bool filed = false;
	int r = subscribers_try(config, hands, &one, &filed, &error);

	assert_string_equal(text_string(&error), expected);
	assert_int_equal(r < 0, *expected != '\0');
	VEC_FREE(&one.addresses);
	VEC_FREE(&one.prefixes);
	config_free(config);
}

static struct subscriber_hand added(const char *name, const char *port, const char *has)
{
	struct subscriber_hand one = hand(SUBSCRIBER_ADD, name, port);

	give(&one, has);
	return one;
}

static void a_decision_by_hand_is_refused_in_one_sentence(void **state)
{
	const char *unknown = "there is no subscriber 'zoe'; `mhctl status subscribers` lists them";

	assert_told(NULL, added("zoe", "br0", "10.1.2.20"), "");
	assert_told(NULL, added("zoe", "eth3", "2001:db8:9::/64"), "");
	assert_told(NULL, hand(SUBSCRIBER_MOVE, "alice", "eth3"), "");
	assert_told(NULL, hand(SUBSCRIBER_MOVE, "eth3", "eth4"), "");
	assert_told(NULL, hand(SUBSCRIBER_REMOVE, "alice", NULL), "");
	assert_told(NULL, hand(SUBSCRIBER_MOVE, "zoe", "eth3"), unknown);
	assert_told(NULL, hand(SUBSCRIBER_REMOVE, "zoe", NULL), unknown);
	assert_told(NULL, hand(SUBSCRIBER_AUTO, "zoe", NULL), unknown);
	assert_told(NULL, hand(SUBSCRIBER_AUTO, "bob", NULL),
		    "subscriber 'bob' is as the file says already");
	assert_told(NULL, hand(SUBSCRIBER_MOVE, "alice", "br0"),
		    "subscriber 'alice' is on br0 already");
	assert_told(NULL, hand(SUBSCRIBER_MOVE, "alice", "eth9"),
		    "eth9 is no port of `subscribers`; name one of them, or add it to the file: "
		    "'eth9: []'");
	assert_told(NULL, added("alice", "eth3", "10.1.2.20"),
		    "subscriber 'alice' is there already, on br0; move or remove it instead");
	assert_told(NULL, added("z z", "eth3", "10.1.2.20"),
		    "'z z' cannot be a name: use 1 to 63 letters, digits, '-', '_', '.'");
	assert_told(NULL, added("zoe", "eth3", "10.1.2.7"),
		    "10.1.2.7 belongs to subscriber 'alice' already; give each its own");
	assert_told(NULL, added("zoe", "eth3", "10.1.2.1"),
		    "10.1.2.1 is the gateway of 10.1.2.0/24; write another address of it");
	assert_told(NULL, added("zoe", "eth3", "10.1.3.7"),
		    "10.1.3.7 lies in no network of `gateway`; write an address of one "
		    "(10.1.2.0/24), or add its gateway");
	assert_told(NULL, added("zoe", "eth3", "2001:db8:8::/64"),
		    "2001:db8:8::/64 lies in 2001:db8:8::/64, which belongs to subscriber 'bob' "
		    "already; give each its own");
	assert_told(NULL, hand(SUBSCRIBER_ADD, "zoe", "eth3"),
		    "zoe has no address and no prefix; give it one, or leave it out");
	assert_told(NULL, hand(SUBSCRIBER_ADD, "zoe", NULL),
		    "on which port? name one of `subscribers`");
}

static void what_was_decided_before_counts(void **state)
{
	struct subscriber_hand zoe = added("zoe", "br0", "10.1.2.20"),
			       gone = hand(SUBSCRIBER_REMOVE, "alice", NULL);
	struct subscriber_hands hands = { 0 };

	subscriber_hands_take(&hands, &zoe, false);
	subscriber_hands_take(&hands, &gone, true);
	assert_told(&hands, added("yan", "eth3", "10.1.2.20"),
		    "10.1.2.20 belongs to subscriber 'zoe' already; give each its own");
	assert_told(&hands, hand(SUBSCRIBER_MOVE, "zoe", "br0"),
		    "subscriber 'zoe' is on br0 already");
	assert_told(&hands, hand(SUBSCRIBER_MOVE, "zoe", "eth4"), "");
	assert_told(&hands, hand(SUBSCRIBER_MOVE, "alice", "eth4"),
		    "there is no subscriber 'alice'; `mhctl status subscribers` lists them");
	assert_told(&hands, added("alice", "eth3", "10.1.2.7"), "");
	assert_told(&hands, added("yan", "eth3", "10.1.2.7"), "");
	VEC_FREE(&zoe.addresses);
	zoe = added("yan", "eth3", "10.1.2.7");
	subscriber_hands_take(&hands, &zoe, false);
	assert_told(&hands, hand(SUBSCRIBER_AUTO, "alice", NULL),
		    "10.1.2.7 belongs to subscriber 'yan' already; give each its own");
	VEC_FREE(&zoe.addresses);
	subscriber_hands_free(&hands);
}

static const struct subscribers_config *subscribers_of(const struct config *config)
{
	return feature_value(config, &subscribers_feature);
}

static void hands_come_over_the_file(void **state)
{
	struct config *config = read_good(STORY);
	struct subscriber_hand zoe = added("zoe", "eth7", "10.1.2.20"),
			       moved = hand(SUBSCRIBER_MOVE, "bob", "eth3"),
			       gone = hand(SUBSCRIBER_REMOVE, "eth4", NULL);
	struct subscriber_hands hands = { 0 };
	struct roster roster;

	subscriber_hands_take(&hands, &zoe, false);
	subscriber_hands_take(&hands, &moved, true);
	subscriber_hands_take(&hands, &gone, true);
	roster_build(subscribers_of(config), &hands, &roster);
	roster_number(&roster);
	assert_int_equal(roster.subscribers.count, 5);
	assert_string_equal(roster_find(&roster, "bob")->port, "eth3");
	assert_true(roster_find(&roster, "eth4")->left_out);
	assert_int_equal(roster_port(&roster, "eth3")->subscribers, 2);
	assert_int_equal(roster_port(&roster, "br0")->subscribers, 1);
	assert_int_equal(roster_port(&roster, "eth4")->subscribers, 0);
	assert_int_equal(roster_port(&roster, "eth7")->subscribers, 1);
	roster_free(&roster);
	subscriber_hands_free(&hands);
	VEC_FREE(&zoe.addresses);
	config_free(config);
}

/* The file may change under what was decided. */
static void what_contradicts_a_new_file_is_left_out_and_told(void **state)
{
	struct config *config = read_good(STORY);
	struct subscriber_hand zoe = added("zoe", "eth3", "10.1.2.7");
	struct subscriber_hands hands = { 0 };
	AUTO_TEXT shown = { 0 };
	AUTO_DIAGS diags = { 0 };
	struct roster roster;

	subscriber_hands_take(&hands, &zoe, false);
	roster_build(subscribers_of(config), &hands, &roster);
	roster_judge_hands(&roster, &diags);
	diags_render(&diags, config->source, false, &shown);
	assert_non_null(strstr(text_string(&shown),
			       "('zoe' was decided by hand: `mhctl subscriber auto zoe` takes that "
			       "back)"));
	assert_true(roster_find(&roster, "zoe")->left_out);
	assert_false(roster_find(&roster, "alice")->left_out);
	roster_free(&roster);
	subscriber_hands_free(&hands);
	VEC_FREE(&zoe.addresses);
	config_free(config);
}

/* Random addresses of few bits, so that many stand twice. */
static void random_subscribers(struct text *yaml, struct address *addresses, size_t count)
{
	text_puts(yaml, BASE);
	for (size_t i = 0; i < count; i++) {
		addresses[i] = (struct address){ .family = AF_INET,
						 .bytes = { 10, 1, 2, (uint8_t)(2 + rand() % 30) } };
		text_printf(yaml, "    eth%zu: [10.1.2.%u]\n", i, addresses[i].bytes[3]);
	}
}

static void every_address_that_stands_twice_is_found(void **state)
{
	srand(1);
	for (int round = 0; round < 300; round++) {
		struct address addresses[12];
		AUTO_TEXT yaml = { 0 };
		struct config *config;
		struct diags diags;
		unsigned found = 0;

		random_subscribers(&yaml, addresses, ARRAY_SIZE(addresses));
		config = read_text(text_string(&yaml), &diags);
		for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
			bool told = found < diags.count && diags.items[found].at.line == i + 4;
			bool twice = false;

			for (size_t j = 0; j < i; j++)
				twice |= address_equal(&addresses[i], &addresses[j]);
			assert_int_equal(told, twice);
			found += told;
		}
		assert_int_equal(found, diags.count);
		diags_free(&diags);
		config_free(config);
	}
}

#define MANY 30000

static struct config *read_many(unsigned without)
{
	AUTO_TEXT yaml = { 0 };

	text_puts(&yaml, "subscribers:\n  gateway: 10.0.0.1/8\n  ports:\n");
	for (unsigned i = 0; i < MANY; i++) {
		if (i % 30 == 0)
			text_printf(&yaml, "    p%u:\n", i / 30);
		if (i != without)
			text_printf(&yaml, "      - { name: s%u, addresses: 10.%u.%u.%u }\n", i,
				    1 + i / 62500, i / 250 % 250, 1 + i % 250);
	}
	return read_good(text_string(&yaml));
}

static int number_order(const void *a, const void *b)
{
	const uint32_t *first = a, *second = b;

	return (*first > *second) - (*first < *second);
}

/* A number counts for one, and stays his when others come and go. */
static void numbers_are_one_subscribers_own(void **state)
{
	struct config *config = read_many(MANY), *other = read_many(17);
	uint32_t *numbers = mem_alloc(MANY * sizeof(*numbers));
	struct roster roster, after;
	unsigned differ = 0;

	roster_build(subscribers_of(config), NULL, &roster);
	roster_number(&roster);
	roster_build(subscribers_of(other), NULL, &after);
	roster_number(&after);
	assert_int_equal(roster.subscribers.count, MANY);
	for (size_t i = 0; i < MANY; i++) {
		const struct subscriber *then = roster_find(&after, roster.subscribers.items[i].name);

		numbers[i] = roster.subscribers.items[i].owner;
		differ += then && then->owner != numbers[i];
	}
	qsort(numbers, MANY, sizeof(*numbers), number_order);
	for (size_t i = 0; i < MANY; i++)
		assert_true(numbers[i] && (!i || numbers[i] != numbers[i - 1]));
	assert_true(differ <= 1);
	roster_free(&roster);
	roster_free(&after);
	config_free(config);
	config_free(other);
	free(numbers);
}

static void each_of_many_is_desired_once(void **state)
{
	struct config *config = read_many(MANY);
	AUTO_TEXT text = { 0 }, error = { 0 };
	struct state observed = { 0 };
	struct facts facts = { .observed = &observed };
	AUTO_DIAGS diags = { 0 };
	struct desired desired;

	text_puts(&text, "link lo index 1 flags up,lower-up,loopback\n");
	for (unsigned i = 0; i < MANY / 30; i++)
		text_printf(&text, "link p%u index %u flags up,lower-up\n", i, i + 2);
	assert_int_equal(state_parse(text_string(&text), &observed, &error), 0);
	desired_init(&desired, &diags);
	feature_desire(config, &facts, &desired);
	assert_int_equal(diags.errors, 0);
	assert_int_equal(state_count(&desired.state, OBJECT_ROUTE), MANY + 1);
	assert_int_equal(state_count(&desired.state, OBJECT_NEIGHBOUR), MANY);
	assert_int_equal(state_count(&desired.state, OBJECT_ANSWER), MANY + MANY / 30);
	assert_int_equal(state_count(&desired.state, OBJECT_RESPONDER), MANY / 30);
	desired_free(&desired);
	state_free(&observed);
	config_free(config);
}

static const char *told_of(const json_t *status, const char *list, size_t index, const char *key)
{
	const json_t *one = json_array_get(json_object_get(status, list), index);

	return json_string_value(json_object_get(one, key));
}

static json_t *status_of(const struct config *config, const struct facts *facts,
			 const struct counters *counters)
{
	json_t *status = json_object();

	subscribers_status(subscribers_of(config), facts, counters, status);
	return status;
}

static void status_tells_where_each_is_and_what_is_missing(void **unused)
{
	struct config *config = read_good(STORY);
	struct subscriber_hand moved = hand(SUBSCRIBER_MOVE, "bob", "eth4"),
			       gone = hand(SUBSCRIBER_REMOVE, "alice", NULL);
	struct subscriber_hands hands = { 0 };
	struct state observed = { 0 };
	struct facts facts = { .observed = &observed, .subscribers = &hands };
	struct counters counters = { 0 };
	AUTO_TEXT text = { 0 }, error = { 0 };
	struct roster roster;
	json_t *status;

	subscriber_hands_take(&hands, &moved, true);
	subscriber_hands_take(&hands, &gone, true);
	roster_build(subscribers_of(config), NULL, &roster);
	roster_number(&roster);
	text_printf(&text,
		    "link lo index 1 flags up,lower-up,loopback\n"
		    "link eth3 index 2 flags up,lower-up\nlink eth4 index 3 flags up\n"
		    "address 10.1.2.1/24 link eth4\n"
		    "responder link eth3 way worker guard yes\n"
		    "answer 10.1.2.5/32 link eth3 verdict own owner %u\n"
		    "route 10.1.2.5/32 link eth3 protocol multihomed\n",
		    roster_find(&roster, "eth3")->owner);
	assert_int_equal(state_parse(text_string(&text), &observed, &error), 0);
	text_printf(&error, "owner %u", roster_find(&roster, "eth3")->owner);
	counters_get(&counters, text_string(&error))->dropped = 7;
	status = status_of(config, &facts, &counters);
	assert_string_equal(told_of(status, "subscribers", 0, "state"), "removed");
	assert_string_equal(told_of(status, "subscribers", 1, "port"), "eth4");
	assert_string_equal(told_of(status, "subscribers", 1, "by_hand"), "move");
	assert_string_equal(told_of(status, "subscribers", 1, "state"), "pending");
	assert_string_equal(told_of(status, "subscribers", 2, "state"), "in place");
	assert_int_equal(
		json_integer_value(json_object_get(
			json_array_get(json_object_get(status, "subscribers"), 2), "spoofed")),
		7);
	assert_string_equal(told_of(status, "ports", 0, "state"), "does not exist");
	assert_string_equal(told_of(status, "ports", 1, "responder"), "worker");
	assert_string_equal(told_of(status, "ports", 2, "state"), "no carrier");
	assert_int_equal(json_array_size(json_object_get(status, "warnings")), 2);
	json_decref(status);
	roster_free(&roster);
	counters_free(&counters);
	state_free(&observed);
	subscriber_hands_free(&hands);
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_decision_by_hand_is_refused_in_one_sentence),
		cmocka_unit_test(what_was_decided_before_counts),
		cmocka_unit_test(hands_come_over_the_file),
		cmocka_unit_test(what_contradicts_a_new_file_is_left_out_and_told),
		cmocka_unit_test(status_tells_where_each_is_and_what_is_missing),
		cmocka_unit_test(every_address_that_stands_twice_is_found),
		cmocka_unit_test(numbers_are_one_subscribers_own),
		cmocka_unit_test(each_of_many_is_desired_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
