/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "fact/subscribers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static void decide(struct subscriber_hands *hands, enum subscriber_what what, const char *name,
		   const char *port, bool filed)
{
	struct subscriber_hand one = { .name = (char *)name, .what = what, .port = (char *)port };
	struct address address = { .family = AF_INET, .bytes = { 10, 1, 2, 7 } };

	if (what == SUBSCRIBER_ADD)
		*VEC_PUSH(&one.addresses) = address;
	subscriber_hands_take(hands, &one, filed);
	VEC_FREE(&one.addresses);
}

static void the_table_is_sorted_whatever_the_order(void **state)
{
	static const char *const names[] = { "m", "a", "z", "m", "b", "y" };
	struct subscriber_hands hands = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		decide(&hands, SUBSCRIBER_ADD, names[i], "eth3", false);
	assert_int_equal(hands.items.count, 5);
	assert_string_equal(hands.items.items[0].name, "a");
	assert_string_equal(hands.items.items[4].name, "z");
	assert_null(subscriber_hands_find(&hands, "n"));
	assert_null(subscriber_hands_find(NULL, "a"));
	subscriber_hands_free(&hands);
}

static void one_that_was_added_keeps_its_addresses_when_it_moves(void **state)
{
	struct subscriber_hands hands = { 0 };
	const struct subscriber_hand *alice;

	decide(&hands, SUBSCRIBER_ADD, "alice", "eth3", false);
	decide(&hands, SUBSCRIBER_MOVE, "alice", "eth4", false);
	alice = subscriber_hands_find(&hands, "alice");
	assert_int_equal(alice->what, SUBSCRIBER_ADD);
	assert_string_equal(alice->port, "eth4");
	assert_int_equal(alice->addresses.count, 1);
	subscriber_hands_free(&hands);
}

static void a_removal_is_kept_only_against_the_file(void **state)
{
	struct subscriber_hands hands = { 0 };

	decide(&hands, SUBSCRIBER_ADD, "alice", "eth3", false);
	decide(&hands, SUBSCRIBER_REMOVE, "alice", NULL, false);
	assert_int_equal(hands.items.count, 0);
	decide(&hands, SUBSCRIBER_MOVE, "bob", "eth4", true);
	decide(&hands, SUBSCRIBER_REMOVE, "bob", NULL, true);
	assert_int_equal(subscriber_hands_find(&hands, "bob")->what, SUBSCRIBER_REMOVE);
	decide(&hands, SUBSCRIBER_AUTO, "bob", NULL, true);
	assert_int_equal(hands.items.count, 0);
	subscriber_hands_free(&hands);
}

static void a_copy_lives_by_itself(void **state)
{
	struct subscriber_hands hands = { 0 }, copy;

	decide(&hands, SUBSCRIBER_ADD, "alice", "eth3", false);
	decide(&hands, SUBSCRIBER_REMOVE, "bob", NULL, true);
	subscriber_hands_copy(&hands, &copy);
	subscriber_hands_free(&hands);
	assert_int_equal(copy.items.count, 2);
	assert_int_equal(subscriber_hands_find(&copy, "alice")->addresses.items[0].bytes[3], 7);
	subscriber_hands_free(&copy);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted_whatever_the_order),
		cmocka_unit_test(one_that_was_added_keeps_its_addresses_when_it_moves),
		cmocka_unit_test(a_removal_is_kept_only_against_the_file),
		cmocka_unit_test(a_copy_lives_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
