/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The line of a socket against an honest twin: a receive queue that is a plain array, and servers
 * of which it is known at every step which question they answer. What the hooks are told comes from
 * the queue, as in the kernel.
 */
#include "bpf/replies_answer.h"
#include "bpf/replies_push.h"
#include "bpf/replies_take.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum {
	PEERS = 3,
	ADDRESSES = 5,
	QUEUE = 400,
	BUFFER = 20,
	READING = 10,
	PLAYS = 300,
	STEPS = 2000
};

struct question {
	unsigned peer, address;
	uint32_t packet;
};

struct world {
	struct line line;
	struct question queue[QUEUE];
	unsigned waiting;
	uint32_t packets, time;
	bool looks;
	bool both; /* each read is taken both ways */
	unsigned resynced;
	unsigned steps, searches;
};

static struct line_peer peer_of(unsigned peer)
{
	return (struct line_peer){ .address.words = { 1, 2, 3, peer + 1 },
				   .port = 1000,
				   .local_port = 53 };
}

static union line_address address_of(unsigned address)
{
	return (union line_address){ .words = { 7, 7, 7, address + 1 } };
}

static void begin(struct world *world, bool looks)
{
	memset(world, 0, sizeof(*world));
	world->looks = looks;
	world->time = 1000000;
}

static void arrive(struct world *world, unsigned peer, unsigned address)
{
	struct question question = { peer, address, ++world->packets | 1u << 31 };
	struct line_arrival arrival = {
		.peer = peer_of(peer),
		.asked = address_of(address),
		.packet = world->looks ? question.packet : 0,
		.time = world->time,
	};

	if (world->waiting == QUEUE)
		return;
	line_push(&world->line, &arrival);
	world->queue[world->waiting++] = question;
}

static void drop_first(struct world *world)
{
	world->waiting--;
	memmove(world->queue, world->queue + 1, world->waiting * sizeof(*world->queue));
}

/* What replies.bpf.c does when the line has fallen behind the queue. */
static void refill(struct world *world)
{
	struct line_arrival arrival = {
		.peer = peer_of(world->queue[0].peer),
		.asked = address_of(world->queue[0].address),
		.packet = world->queue[0].packet,
		.time = world->time,
	};

	line_add(&world->line, &arrival);
}

/* What is scratch to the line is none of its state. */
static void assert_same_line(struct line a, struct line b)
{
	memset(&a.choice, 0, sizeof(a.choice));
	memset(&b.choice, 0, sizeof(b.choice));
	a.scratch = b.scratch = 0;
	assert_memory_equal(&a, &b, sizeof(a));
}

/* Whoever takes a step must come to where a search would. */
static void take_both_ways(struct world *world, const struct line_read *read, struct line_taken *taken)
{
	struct line searched = world->line;
	struct line_taken found = { 0 };

	line_note_reader(&searched, read);
	if (line_is_in_step(&searched, read))
		world->steps++;
	else
		world->searches++;
	line_search(&searched, read, &found);
	line_take(&world->line, read, taken);
	assert_same_line(world->line, searched);
	assert_memory_equal(taken, &found, sizeof(found));
}

static struct question look_at_first(struct world *world, uint32_t thread, bool peek)
{
	struct question first = world->queue[0];
	struct line_read read = { .peer = peer_of(first.peer),
				  .thread = thread,
				  .looks = world->looks };
	struct line_taken taken = { 0 };

	assert_true(world->waiting > 0);
	if (!peek)
		drop_first(world);
	read.time = world->time += READING;
	read.first = world->looks && world->waiting ? world->queue[0].packet : 0;
	if (world->both)
		take_both_ways(world, &read, &taken);
	else
		line_take(&world->line, &read, &taken);
	if (taken.refill)
		refill(world);
	world->resynced += taken.resynced;
	return first;
}

static struct question take(struct world *world, uint32_t thread)
{
	return look_at_first(world, thread, false);
}

/* The address that an answer to the peer would leave from; ADDRESSES = none. */
static unsigned answer_born(struct world *world, uint32_t thread, unsigned peer, uint32_t born)
{
	struct line_send send = { .peer = peer_of(peer), .thread = thread, .born = born };
	struct line_answered answered = { 0 };

	line_answer(&world->line, &send, &answered);
	return answered.found ? answered.asked.words[3] - 1 : ADDRESSES;
}

static unsigned answer(struct world *world, uint32_t thread, unsigned peer)
{
	return answer_born(world, thread, peer, 0);
}

static void arrive_somehow(struct world *world)
{
	arrive(world, (unsigned)rand() % PEERS, (unsigned)rand() % ADDRESSES);
}

static void read_and_answer_somehow(struct world *world)
{
	struct question question;

	for (int peeks = rand() % 3; peeks; peeks--)
		look_at_first(world, 7, true);
	question = take(world, 7);
	for (int sends = 1 + rand() % 2; sends; sends--)
		assert_int_equal(answer(world, 7, question.peer), question.address);
}

static void a_serial_server_is_always_right(void **state)
{
	for (int play = 0; play < PLAYS; play++) {
		struct world world;
		unsigned pace = 1 + (unsigned)rand() % 4;

		srand((unsigned)play);
		begin(&world, true);
		for (int step = 0; step < STEPS; step++) {
			for (unsigned i = (unsigned)rand() % (2 * pace); i; i--)
				arrive_somehow(&world);
			while (world.waiting && rand() % 3)
				read_and_answer_somehow(&world);
		}
	}
}

static void what_the_kernel_drops_before_it_is_queued_is_found_out(void **state)
{
	for (int play = 0; play < PLAYS; play++) {
		struct world world;

		srand((unsigned)play);
		begin(&world, true);
		for (int step = 0; step < STEPS; step++) {
			struct question question;

			arrive_somehow(&world);
			/* The receive buffer is full. */
			if (world.waiting > BUFFER)
				world.waiting--;
			if (!world.waiting || rand() % (rand() % 100 ? 2 : 50))
				continue;
			question = take(&world, 7);
			assert_int_equal(answer(&world, 7, question.peer), question.address);
		}
	}
}

static void what_is_read_without_a_name_leads_astray_once_at_most(void **state)
{
	for (int play = 0; play < PLAYS; play++) {
		struct world world;

		srand((unsigned)play);
		begin(&world, true);
		for (int step = 0; step < STEPS; step++) {
			struct question question;

			for (int i = rand() % 8; i >= 0; i--)
				arrive_somehow(&world);
			drop_first(&world);
			world.time += LINE_YOUNG + 1;
			if (world.waiting) {
				question = take(&world, 7);
				answer(&world, 7, question.peer);
			}
			while (world.waiting) {
				question = take(&world, 7);
				assert_int_equal(answer(&world, 7, question.peer), question.address);
			}
		}
	}
}

static void a_batch_is_answered_in_order(void **state)
{
	for (int play = 0; play < PLAYS; play++) {
		struct world world;
		bool looks = play & 1;

		srand((unsigned)play);
		begin(&world, looks);
		for (int step = 0; step < STEPS / 10; step++) {
			struct question batch[16];
			int count = 0;

			for (int i = 0; i < 20 && world.waiting < LINE_SLOTS; i++)
				arrive_somehow(&world);
			while (count < 16 && world.waiting)
				batch[count++] = take(&world, 7);
			for (int i = 0; i < count; i++)
				assert_int_equal(answer(&world, 7, batch[i].peer), batch[i].address);
		}
	}
}

static void a_question_without_an_answer_is_left_behind_by_the_next_turn(void **state)
{
	struct world world;

	begin(&world, true);
	arrive(&world, 0, 0);
	arrive(&world, 0, 1);
	arrive(&world, 1, 2);
	take(&world, 7);
	take(&world, 7);
	take(&world, 7);
	assert_int_equal(answer(&world, 7, 1), 2);
	arrive(&world, 0, 3);
	take(&world, 7);
	assert_int_equal(answer(&world, 7, 0), 3);
}

static void a_thread_born_for_a_question_answers_it(void **state)
{
	struct world world;
	uint32_t born[3];

	begin(&world, true);
	for (unsigned i = 0; i < 3; i++) {
		arrive(&world, 0, i);
		take(&world, 7);
		born[i] = world.time;
	}
	assert_int_equal(answer_born(&world, 12, 0, born[2]), 2);
	assert_int_equal(answer_born(&world, 10, 0, born[0]), 0);
	assert_int_equal(answer_born(&world, 11, 0, born[1]), 1);
}

static void two_threads_that_read_and_answer_keep_their_own(void **state)
{
	for (int play = 0; play < PLAYS; play++) {
		struct question held[2];
		bool holds[2] = { false, false };
		struct world world;

		srand((unsigned)play);
		begin(&world, true);
		for (int step = 0; step < STEPS; step++) {
			uint32_t thread = (unsigned)rand() % 2;

			if (world.waiting < 30)
				arrive_somehow(&world);
			if (!holds[thread]) {
				held[thread] = take(&world, 8 + thread);
			} else {
				assert_int_equal(answer(&world, 8 + thread, held[thread].peer),
						 held[thread].address);
			}
			holds[thread] = !holds[thread];
		}
	}
}

static void without_looks_a_serial_server_is_right_while_the_line_is_not_full(void **state)
{
	for (int play = 0; play < PLAYS; play++) {
		struct world world;

		srand((unsigned)play);
		begin(&world, false);
		for (int step = 0; step < STEPS; step++) {
			struct question question;

			if (world.waiting < LINE_SLOTS)
				arrive_somehow(&world);
			if (rand() % 2)
				continue;
			question = take(&world, 7);
			assert_int_equal(answer(&world, 7, question.peer), question.address);
		}
	}
}

static void without_looks_a_peek_is_made_good_once_the_queue_is_empty(void **state)
{
	struct world world;

	begin(&world, false);
	for (unsigned i = 0; i < 100; i++) {
		arrive(&world, 0, i % ADDRESSES);
		look_at_first(&world, 7, true);
		take(&world, 7);
		assert_int_equal(answer(&world, 7, 0), i % ADDRESSES);
	}
}

static void do_anything(struct world *world, struct line_read read)
{
	unsigned thread = 7 + (unsigned)rand() % 2;

	if (world->waiting < 2 || !(rand() % 3))
		for (int i = rand() % (rand() % 20 ? 4 : 100); i >= 0; i--)
			arrive_somehow(world);
	if (!(rand() % 50) && world->waiting)
		drop_first(world);
	if (!(rand() % 50) && world->waiting)
		world->waiting--;
	world->time += rand() % 4 ? 0 : LINE_YOUNG;
	if (world->waiting && rand() % 4)
		look_at_first(world, thread, !(rand() % 8));
	else
		answer(world, thread, (unsigned)rand() % PEERS);
	if (rand() % 100)
		return;
	/* Of any peer, with any packet first: what no queue could be. */
	read.peer = peer_of((unsigned)rand() % PEERS);
	read.time = world->time;
	read.first = world->looks && rand() % 2 ? world->packets | 1u << 31 : 0;
	take_both_ways(world, &read, &(struct line_taken){ 0 });
}

static void a_step_ends_where_a_search_would(void **state)
{
	for (int play = 0; play < PLAYS; play++) {
		struct world world;
		bool looks = play & 1;

		srand((unsigned)play);
		begin(&world, looks);
		world.both = true;
		for (int step = 0; step < STEPS; step++)
			do_anything(&world, (struct line_read){ .thread = 7, .looks = looks });
		assert_true(world.steps > 0);
		assert_true(world.searches > 0);
	}
}

static void a_serial_server_is_in_step(void **state)
{
	struct world world;

	begin(&world, true);
	world.both = true;
	for (int step = 0; step < STEPS; step++) {
		arrive_somehow(&world);
		if (step % 16)
			continue;
		while (world.waiting)
			take(&world, 7);
	}
	assert_true(world.steps > 0);
	assert_int_equal(world.searches, 0);
}

static void nobody_who_did_not_ask_is_answered(void **state)
{
	struct world world;

	begin(&world, true);
	arrive(&world, 0, 1);
	assert_int_equal(answer(&world, 7, 0), ADDRESSES);
	take(&world, 7);
	assert_int_equal(answer(&world, 7, 1), ADDRESSES);
	assert_int_equal(answer(&world, 7, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_serial_server_is_always_right),
		cmocka_unit_test(what_the_kernel_drops_before_it_is_queued_is_found_out),
		cmocka_unit_test(what_is_read_without_a_name_leads_astray_once_at_most),
		cmocka_unit_test(a_batch_is_answered_in_order),
		cmocka_unit_test(a_question_without_an_answer_is_left_behind_by_the_next_turn),
		cmocka_unit_test(a_thread_born_for_a_question_answers_it),
		cmocka_unit_test(two_threads_that_read_and_answer_keep_their_own),
		cmocka_unit_test(without_looks_a_serial_server_is_right_while_the_line_is_not_full),
		cmocka_unit_test(without_looks_a_peek_is_made_good_once_the_queue_is_empty),
		cmocka_unit_test(a_step_ends_where_a_search_would),
		cmocka_unit_test(a_serial_server_is_in_step),
		cmocka_unit_test(nobody_who_did_not_ask_is_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
