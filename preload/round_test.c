/* SPDX-License-Identifier: MIT */
/*
 * One client port asks several addresses; the letters are what a server does, as it would be read
 * aloud.
 */
#include "round.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define PORT 53

static union mh_endpoint peer_of(uint16_t port)
{
	return (union mh_endpoint){
		.v4 = { .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = { 1 } }
	};
}

static void note(uint16_t port, uint8_t last)
{
	union mh_endpoint peer = peer_of(port);
	struct asked asked = { .address = { AF_INET, { 198, 51, 100, last } } };

	round_note(htons(PORT), &peer, &asked);
}

static void receive(uint16_t port, uint8_t last)
{
	round_begin();
	note(port, last);
}

static int answer(uint16_t port)
{
	union mh_endpoint peer = peer_of(port);
	struct asked asked;

	return round_answer(htons(PORT), &peer, &asked) ? asked.address.bytes[3] : -1;
}

static void one_by_one(void **state)
{
	receive(1, 1);
	assert_int_equal(answer(1), 1);
	receive(1, 2);
	assert_int_equal(answer(1), 2);
	assert_int_equal(answer(1), 2);
	assert_int_equal(answer(2), -1);
}

static void one_by_one_with_a_question_that_gets_no_answer(void **state)
{
	receive(1, 1);
	receive(1, 2);
	assert_int_equal(answer(1), 2);
	receive(1, 3);
	assert_int_equal(answer(1), 3);
}

static void all_that_there_were_then_all_answers(void **state)
{
	receive(1, 1);
	receive(2, 9);
	receive(1, 2);
	receive(1, 3);
	round_in_turn();
	assert_int_equal(answer(1), 1);
	assert_int_equal(answer(1), 2);
	assert_int_equal(answer(2), 9);
	assert_int_equal(answer(1), 3);
	receive(1, 4);
	assert_int_equal(answer(1), 4);
}

static void one_by_one_until_there_are_no_more(void **state)
{
	receive(1, 1);
	assert_int_equal(answer(1), 1);
	receive(1, 2);
	assert_int_equal(answer(1), 2);
	round_in_turn();
	receive(1, 3);
	assert_int_equal(answer(1), 3);
}

static void several_by_one_call(void **state)
{
	round_begin();
	note(1, 1);
	note(1, 2);
	note(1, 3);
	round_in_turn();
	assert_int_equal(answer(1), 1);
	assert_int_equal(answer(1), 2);
	assert_int_equal(answer(1), 3);
}

static void an_answer_that_did_not_leave_is_given_again(void **state)
{
	union mh_endpoint peer = peer_of(1);
	struct round_question *question;
	struct asked asked;

	receive(1, 1);
	receive(1, 2);
	round_in_turn();
	question = round_answer(htons(PORT), &peer, &asked);
	assert_non_null(question);
	round_again(question);
	assert_int_equal(answer(1), 1);
	assert_int_equal(answer(1), 2);
}

static void of_more_than_can_be_remembered_the_newest_are(void **state)
{
	for (unsigned i = 0; i < 200; i++)
		receive((uint16_t)(i + 1), (uint8_t)i);
	round_in_turn();
	assert_int_equal(answer(1), -1);
	assert_int_equal(answer(137), 136);
	assert_int_equal(answer(200), 199);
}

static void *ask_elsewhere(void *context)
{
	receive(1, 8);
	assert_int_equal(answer(1), 8);
	return NULL;
}

static void each_thread_has_its_own(void **state)
{
	pthread_t thread;

	receive(1, 7);
	assert_int_equal(pthread_create(&thread, NULL, ask_elsewhere, NULL), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(answer(1), 7);
}

static int start_anew(void **state)
{
	round_in_turn();
	round_begin();
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(one_by_one, start_anew),
		cmocka_unit_test_setup(one_by_one_with_a_question_that_gets_no_answer, start_anew),
		cmocka_unit_test_setup(all_that_there_were_then_all_answers, start_anew),
		cmocka_unit_test_setup(one_by_one_until_there_are_no_more, start_anew),
		cmocka_unit_test_setup(several_by_one_call, start_anew),
		cmocka_unit_test_setup(an_answer_that_did_not_leave_is_given_again, start_anew),
		cmocka_unit_test_setup(of_more_than_can_be_remembered_the_newest_are, start_anew),
		cmocka_unit_test_setup(each_thread_has_its_own, start_anew),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
