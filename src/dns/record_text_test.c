/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/record_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define HEAD(flags, questions, answers, authority, additional)                                     \
	"\0\1" flags "\0" questions "\0" answers "\0" authority "\0" additional
#define QUESTION "\3www\7example\0\0\1\0\1"

struct message {
	const char *bytes;
	size_t length;
};
#define MESSAGE(text)                                                                              \
	{                                                                                          \
		text, sizeof(text) - 1                                                             \
	}

static const struct {
	struct message message;
	const char *text;
} messages[] = {
	{ MESSAGE(HEAD("\x85\0", "\1", "\1", "\0", "\0") QUESTION
		  "\xc0\x0c\0\1\0\1\0\0\1\x2c\0\4\xc0\0\2\1"),
	  "; NOERROR, id 1, rd, aa\n;www.example. IN A\n; answer\nwww.example. 300 IN A "
	  "192.0.2.1\n" },
	{ MESSAGE(HEAD("\x84\3", "\0", "\0", "\1", "\0") "\0\0\6\0\1\0\0\0\5\0\x1a\1a\0\1b\0\0\0\0"
							 "\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\5"),
	  "; NXDOMAIN, id 1, aa\n; authority\n. 5 IN SOA a. b. 1 2 3 4 5\n" },
	{ MESSAGE(HEAD("\x84\0", "\0", "\3", "\0", "\0") "\0\0\x10\0\1\0\0\0\0\0\7\2a\"\3\xff\\b"
							 "\0\0\x0f\0\1\0\0\0\0\0\5\0\n\1m\0"
							 "\0\xff\0\0\1\0\0\0\0\0\2\1\2"),
	  "; NOERROR, id 1, aa\n; answer\n. 0 IN TXT \"a\\\"\" \"\\255\\\\b\"\n. 0 IN MX 10 m.\n"
	  ". 0 IN TYPE65280 \\# 2 0102\n" },
	{ MESSAGE(HEAD("\x80\5", "\0", "\0", "\0",
		       "\1") "\0\0\x29\4\xd0\0\0\x80\0\0\x11\0\3\0\2hi\0\x0f\0\3\0\x14x\0\x63\0\0"),
	  "; REFUSED, id 1\n; EDNS version 0, udp 1232, do\n; NSID \"hi\"\n"
	  "; extended error 20 (Not Authoritative) \"x\"\n; option 99 \n" },
};

static void messages_are_written_as_zone_files_have_them(void **state)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
		AUTO_TEXT text = { 0 };
		int r = message_text((const uint8_t *)messages[i].message.bytes,
				     messages[i].message.length, &text);

		assert_string_equal(text_string(&text), messages[i].text);
		assert_int_equal(r, 0);
	}
}

static void what_is_cut_short_is_malformed(void **state)
{
	for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
		for (size_t length = 0; length < messages[i].message.length; length++) {
			AUTO_TEXT text = { 0 };
			/* A copy, so that a step beyond its end is seen by the sanitizer. */
			uint8_t copy[256];

			memcpy(copy + sizeof(copy) - length, messages[i].message.bytes, length);
			assert_int_equal(message_text(copy + sizeof(copy) - length, length, &text),
					 -EPROTO);
		}
}

static void data_that_is_longer_than_its_type_is_malformed(void **state)
{
	static const char message[] = HEAD("\x84\0", "\0", "\1", "\0",
					   "\0") "\0\0\1\0\1\0\0\0\0\0\5\1\2\3\4\5";
	AUTO_TEXT text = { 0 };

	assert_int_equal(message_text((const uint8_t *)message, sizeof(message) - 1, &text), -EPROTO);
}

/* A name that goes on behind the data that it is in: what follows does not begin before. */
static void a_name_that_leaves_its_data_is_malformed(void **state)
{
	static const char message[] = HEAD("\x84\0", "\0", "\1", "\0",
					   "\0") "\0\0\x0f\0\1\0\0\0\0\0\3\0\1\1a\0";
	AUTO_TEXT text = { 0 };

	assert_int_equal(message_text((const uint8_t *)message, sizeof(message) - 1, &text), -EPROTO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_are_written_as_zone_files_have_them),
		cmocka_unit_test(what_is_cut_short_is_malformed),
		cmocka_unit_test(data_that_is_longer_than_its_type_is_malformed),
		cmocka_unit_test(a_name_that_leaves_its_data_is_malformed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
