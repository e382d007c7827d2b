/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_question.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NAME_END 29 /* of www.example.com, with type and class, in the question below: 12 + 17 */
#define ANSWERS_AT (NAME_END + 4)

struct exchange {
	struct check_spec spec;
	struct address expected;
	uint8_t question[PROBE_QUESTION_SIZE], answer[512];
	size_t asked, length;
};

static void ask(struct exchange *exchange, uint16_t type, const char *expected)
{
	*exchange = (struct exchange){ .spec = { .query = "www.example.com", .type = type } };
	if (expected) {
		address_parse(expected, &exchange->expected);
		exchange->spec.addresses = &exchange->expected;
		exchange->spec.address_count = 1;
	}
	exchange->asked = probe_question_put(&exchange->spec, 0xbeef, exchange->question);
	/* The bare answer: header and question. */
	memcpy(exchange->answer, exchange->question, ANSWERS_AT);
	exchange->answer[2] = 0x84;
	exchange->answer[11] = 0;
	exchange->length = ANSWERS_AT;
}

/* Adds a record; @count is the offset of the count that it goes into. */
static void add(struct exchange *exchange, unsigned count, uint8_t type, const void *data,
		uint8_t size)
{
	uint8_t *at = exchange->answer + exchange->length;
	const uint8_t head[] = { 0xc0, 12, 0, type, 0, 1, 0, 0, 0, 60, 0, size };

	memcpy(at, head, sizeof(head));
	memcpy(at + sizeof(head), data, size);
	exchange->answer[count + 1]++;
	exchange->length += sizeof(head) + size;
}

static enum probe_answer look_at(const struct exchange *exchange, unsigned *ret_code)
{
	const struct probe_asked asked = { exchange->question, exchange->asked };

	return probe_answer_read(&exchange->spec, &asked, exchange->answer, exchange->length,
				 ret_code);
}

static const uint8_t mine[] = { 192, 0, 2, 1 }, other[] = { 192, 0, 2, 2 };

static void the_question_is_whole(void **state)
{
	struct exchange exchange;

	ask(&exchange, 1, NULL);
	assert_int_equal(exchange.asked, ANSWERS_AT + 11);
	assert_memory_equal(exchange.question,
			    "\xbe\xef\0\0\0\1\0\0\0\0\0\1\3www\7example\3com\0\0\1\0\1"
			    "\0\0\x29\x04\xd0\0\0\0\0\0\0",
			    exchange.asked);
	exchange.spec.query = "a..b";
	assert_int_equal(probe_question_put(&exchange.spec, 1, exchange.question), 0);
}

static void any_record_of_the_type_will_do_unless_addresses_are_expected(void **state)
{
	struct exchange exchange;
	unsigned code;

	ask(&exchange, 1, NULL);
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_EMPTY);
	add(&exchange, 6, 1, other, 4);
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_RIGHT);
	ask(&exchange, 1, "192.0.2.1");
	add(&exchange, 6, 1, other, 4);
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_OTHER);
	exchange.answer[2] |= 2;
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_CUT);
	add(&exchange, 6, 1, mine, 4);
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_RIGHT);
}

static void an_address_behind_an_alias_counts(void **state)
{
	struct exchange exchange;
	unsigned code;

	ask(&exchange, 1, "192.0.2.1");
	add(&exchange, 6, 5, "\3web\xc0\x10", 6);
	add(&exchange, 6, 1, mine, 4);
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_RIGHT);
}

static void an_address_elsewhere_than_in_the_answer_does_not_count(void **state)
{
	struct exchange exchange;
	unsigned code;

	ask(&exchange, 1, "192.0.2.1");
	add(&exchange, 10, 1, mine, 4);
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_EMPTY);
}

static void a_server_that_is_not_ready_is_down_whatever_it_answers(void **state)
{
	struct exchange exchange;
	unsigned code;

	ask(&exchange, 1, "192.0.2.1");
	add(&exchange, 6, 1, mine, 4);
	add(&exchange, 10, 41, "\0\x0a\0\2hi\0\x0f\0\4\0\x0eno", 14);
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_NOT_READY);
	exchange.answer[exchange.length - 3] = 15; /* 15: blocked, which is something else */
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_RIGHT);
}

static void codes_are_told(void **state)
{
	struct exchange exchange;
	unsigned code;

	ask(&exchange, 1, NULL);
	exchange.answer[3] = 5;
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_REFUSED);
	assert_int_equal(code, 5);
	/* FORMERR from a server that gives nothing back. */
	exchange.answer[3] = 1;
	exchange.answer[5] = 0;
	exchange.length = 12;
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_REFUSED);
	assert_int_equal(code, 1);
}

static void answers_to_other_questions_are_passed_over(void **state)
{
	struct exchange exchange;
	unsigned code;

	ask(&exchange, 1, NULL);
	add(&exchange, 6, 1, mine, 4);
	exchange.answer[0] ^= 1;
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_FOREIGN);
	exchange.answer[0] ^= 1;
	exchange.answer[2] = 0;
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_FOREIGN);
	exchange.answer[2] = 0x84;
	exchange.answer[13] = 'W';
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_RIGHT);
	exchange.answer[13] = 'x';
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_FOREIGN);
	exchange.answer[13] = 'w';
	exchange.answer[NAME_END + 1] = 28;
	assert_int_equal(look_at(&exchange, &code), PROBE_ANSWER_FOREIGN);
}

static void an_answer_that_is_cut_anywhere_is_never_right(void **state)
{
	struct exchange exchange;
	unsigned code;

	ask(&exchange, 1, "192.0.2.1");
	add(&exchange, 6, 1, other, 4);
	add(&exchange, 6, 1, mine, 4);
	for (size_t whole = exchange.length; exchange.length-- > 0 && whole;)
		assert_int_not_equal(look_at(&exchange, &code), PROBE_ANSWER_RIGHT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_question_is_whole),
		cmocka_unit_test(any_record_of_the_type_will_do_unless_addresses_are_expected),
		cmocka_unit_test(an_address_behind_an_alias_counts),
		cmocka_unit_test(an_address_elsewhere_than_in_the_answer_does_not_count),
		cmocka_unit_test(a_server_that_is_not_ready_is_down_whatever_it_answers),
		cmocka_unit_test(codes_are_told),
		cmocka_unit_test(answers_to_other_questions_are_passed_over),
		cmocka_unit_test(an_answer_that_is_cut_anywhere_is_never_right),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
