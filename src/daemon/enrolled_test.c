/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/enrolled.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[] = "/tmp/enrolled-XXXXXX";
static char *path;

static int set_up(void **state)
{
	if (!mkdtemp(folder))
		return -1;
	path = mem_printf("%s/subscribers", folder);
	return 0;
}

static int tear_down(void **state)
{
	unlink(path);
	rmdir(folder);
	mem_freep(&path);
	return 0;
}

static void decide(struct subscriber_hands *hands, enum subscriber_what what, const char *name,
		   const char *const *words)
{
	struct subscriber_hand hand = { .what = what, .name = mem_strdup(name) };
	AUTO_TEXT error = { 0 };

	for (; words && *words; words += 2)
		assert_int_equal(enrolled_set(&hand, words[0], words[1], &error), 0);
	subscriber_hands_take(hands, &hand, true);
	subscriber_hand_free(&hand);
}

static void assert_file(const char *wanted)
{
	AUTO_TEXT content = { 0 };

	assert_int_equal(text_read_file(path, 4096, &content), 0);
	assert_string_equal(text_string(&content), wanted);
}

static void write_file(const char *content)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(content, file);
	fclose(file);
	chmod(path, 0600);
}

static void what_was_decided_outlives_who_decided(void **state)
{
	const char *const alice[] = {
		"port",	   "eth3",	  "mac",      "02:00:00:00:00:07", "via",
		"fe80::7", "address",	  "10.1.2.7", "address",	   "10.1.2.99",
		"address", "2001:db8::7", "prefix",   "2001:db8:7::/64",   NULL
	};
	const char *const bob[] = { "port", "eth4", NULL };
	static const char wanted[] =
		"add alice port eth3 mac 02:00:00:00:00:07 via fe80::7 address 10.1.2.7 address "
		"10.1.2.99 address 2001:db8::7 prefix 2001:db8:7::/64\n"
		"move bob port eth4\n"
		"remove carol\n";
	struct subscriber_hands hands = { 0 };

	decide(&hands, SUBSCRIBER_REMOVE, "carol", NULL);
	decide(&hands, SUBSCRIBER_MOVE, "bob", bob);
	decide(&hands, SUBSCRIBER_ADD, "alice", alice);
	assert_int_equal(enrolled_keep(path, &hands), 0);
	assert_file(wanted);
	subscriber_hands_free(&hands);
	enrolled_read(path, &hands);
	assert_int_equal(hands.items.count, 3);
	assert_true(subscriber_hands_find(&hands, "alice")->bound);
	assert_int_equal(enrolled_keep(path, &hands), 0);
	assert_file(wanted);
	subscriber_hands_free(&hands);
}

static void lines_that_make_no_sense_are_left_out(void **state)
{
	struct subscriber_hands hands;

	write_file("add\nadd alice\nadd alice port\nadd alice port eth3 address 10.1.2\nauto bob\n"
		   "rename bob port eth3\nremove\n\nadd alice port eth3 colour red\nmove  eth3\n"
		   "move dave port eth4");
	enrolled_read(path, &hands);
	assert_int_equal(hands.items.count, 1);
	assert_string_equal(hands.items.items[0].name, "dave");
	assert_string_equal(hands.items.items[0].port, "eth4");
	subscriber_hands_free(&hands);
}

static void what_cannot_be_kept_is_not_kept(void **state)
{
	struct subscriber_hands hands = { 0 };

	assert_true(enrolled_keep("/nowhere/at/all", &hands) < 0);
	enrolled_read("/nowhere/at/all", &hands);
	assert_int_equal(hands.items.count, 0);
}

static void a_value_that_cannot_be_is_told_with_a_way_out(void **state)
{
	static const struct {
		const char *word, *value, *error;
	} cases[] = {
		{ "port", "eth0123456789abc", "'eth0123456789abc' cannot be the name of a link" },
		{ "port", "a b", "'a b' cannot be the name of a link" },
		{ "port", "", "'' cannot be the name of a link" },
		{ "mac", "02:00:00:00:00",
		  "'02:00:00:00:00' is no MAC address, such as 02:00:00:00:00:07" },
		{ "mac", "02:00:00:00:00:0g",
		  "'02:00:00:00:00:0g' is no MAC address, such as 02:00:00:00:00:07" },
		{ "mac", "02:00:00:00:00:07:08",
		  "'02:00:00:00:00:07:08' is no MAC address, such as 02:00:00:00:00:07" },
		{ "via", "fe80", "'fe80' is no address, such as 10.1.2.7 or fe80::7" },
		{ "address", "10.1.2.7/24",
		  "'10.1.2.7/24' is no address, such as 10.1.2.7 or fe80::7" },
		{ "prefix", "x", "'x' is no prefix, such as 2001:db8:7::/64" },
		{ "prefix", "2001:db8::7/64",
		  "2001:db8::7/64 has bits beyond /64; did you mean 2001:db8::/64?" },
		{ "colour", "red", "'colour' is nothing that is known of a subscriber" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct subscriber_hand hand = { 0 };
		AUTO_TEXT error = { 0 };

		assert_true(enrolled_set(&hand, cases[i].word, cases[i].value, &error) < 0);
		assert_string_equal(text_string(&error), cases[i].error);
		subscriber_hand_free(&hand);
	}
}

static void a_name_has_no_blanks(void **state)
{
	assert_true(enrolled_is_name("alice"));
	assert_true(enrolled_is_name("Hauptstraße-7/3"));
	assert_false(enrolled_is_name(""));
	assert_false(enrolled_is_name("alice smith"));
	assert_false(enrolled_is_name("alice\nremove"));
	assert_false(enrolled_is_name(
		"0123456789012345678901234567890123456789012345678901234567890123"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_decided_outlives_who_decided),
		cmocka_unit_test(lines_that_make_no_sense_are_left_out),
		cmocka_unit_test(what_cannot_be_kept_is_not_kept),
		cmocka_unit_test(a_value_that_cannot_be_is_told_with_a_way_out),
		cmocka_unit_test(a_name_has_no_blanks),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
