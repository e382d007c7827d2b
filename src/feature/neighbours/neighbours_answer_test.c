/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The table that every responder passes, through the worker's: what is sent, counted and remembered. */
#include "bpf/neighbours_cases.h"
#include "feature/crew.h"
#include "feature/neighbours/neighbours_answer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ARP_LENGTH 42

static const uint32_t links[CASES_LINKS] = { 4, 5 };
static const char *const names[CASES_LINKS] = { "open", "port" };

static int by_key(const void *a, const void *b)
{
	const struct neighbours_rule *one = a, *other = b;

	if (one->link != other->link)
		return one->link < other->link ? -1 : 1;
	return prefix_compare(&one->prefix, &other->prefix);
}

/* The scene as the engine would tell it, written and read. */
static struct neighbours_table *make_table(void)
{
	struct neighbours_rules rules = neighbours_cases_rules(links);
	struct neighbours_port ports[CASES_LINKS];
	struct neighbours_orders orders = { .ports = ports, .port_count = CASES_LINKS };
	AUTO_TEXT bytes = { 0 };

	for (int i = 0; i < CASES_LINKS; i++)
		ports[i] = (struct neighbours_port){ links[i], names[i], neighbours_cases_link(i) };
	qsort(rules.items, rules.count, sizeof(*rules.items), by_key);
	orders.rules = rules.items;
	orders.rule_count = (uint32_t)rules.count;
	neighbours_orders_put(&orders, &bytes);
	VEC_FREE(&rules);
	assert_int_equal(neighbours_orders_read(bytes.data, bytes.length, &orders), 0);
	return neighbours_table_new(&orders, NULL);
}

/* "asked answered", of what a report says of @key. */
static void put_counts(const struct counters *counters, const char *key, struct text *text)
{
	const struct counter *counter = counters_find(counters, key);

	if (!counter)
		return;
	text_puts(text, counter->asked ? " asked" : "");
	text_puts(text, counter->answered ? " answered" : "");
	text_puts(text, counter->dropped ? " spoofed" : "");
	text_puts(text, counter->failed ? " malformed" : "");
}

/* "OWNER: COUNTER..." as the table says it, but for "silent", which the worker does not report. */
static bool is_counted(const struct counters *counters, const struct neighbours_case *one)
{
	AUTO_MEM char *link = mem_printf("responder %s", names[one->on]);
	AUTO_MEM char *owner = mem_printf("owner %d", atoi(one->counted));
	AUTO_MEM char *expected =
		mem_strdup(strchr(one->counted, ':') ? strchr(one->counted, ':') + 1 : "");
	char *silent = strstr(expected, " silent");
	AUTO_TEXT of_link = { 0 };
	AUTO_TEXT of_owner = { 0 };

	if (silent)
		*silent = '\0';
	put_counts(counters, link, &of_link);
	put_counts(counters, owner, &of_owner);
	return strcmp(text_string(&of_link), expected) == 0 &&
	       (atoi(one->counted) == 0 || strcmp(text_string(&of_owner), expected) == 0);
}

/* "ADDRESS LAST-BYTE-OF-MAC" of the one who was seen. */
static bool is_claimed(const struct neighbours_seen *seen, const struct neighbours_case *one)
{
	char address[ADDRESS_TEXT_SIZE];
	AUTO_MEM char *told = NULL;

	if (seen->count != (one->claimed ? 1 : 0))
		return false;
	if (!one->claimed)
		return true;
	told = mem_printf("%s %02x", address_text(&seen->items[0].address, address),
			  seen->items[0].mac[5]);
	return seen->items[0].link == links[one->on] && strcmp(told, one->claimed) == 0;
}

/* Of an answer by ARP what follows the message is padding. */
static bool is_sent(const struct neighbours_batch *batch, unsigned answers,
		    const struct neighbours_case *one)
{
	uint8_t wanted[CASES_FRAME_SIZE];
	size_t length;

	if (!strchr(one->becomes, ' '))
		return answers == 0;
	length = neighbours_words_frame(one->becomes, wanted);
	if (strncmp(one->becomes, "arp", 3) == 0)
		length = ARP_LENGTH;
	return answers == 1 && batch->items[0].link == links[one->on] &&
	       batch->items[0].length == length &&
	       memcmp(frame_bytes(batch->items[0].frame), wanted, length) == 0;
}

static bool play(const struct neighbours_case *one)
{
	struct neighbours_answerer *answerer = mem_alloc(sizeof(*answerer));
	struct neighbours_batch *batch = neighbours_batch_new();
	struct counters counters = { 0 };
	uint8_t bytes[CASES_FRAME_SIZE] = { 0 };
	AUTO_TEXT report = { 0 };
	unsigned answers;
	bool right;

	answerer->table = make_table();
	batch->count = 1;
	batch->items[0] = (struct neighbours_buffer){
		.link = links[one->on],
		.length = (uint32_t)neighbours_words_frame(one->frame, bytes),
		.frame = &batch->frames[0],
	};
	memcpy(frame_bytes(&batch->frames[0]), bytes, NEIGHBOURS_FRAME);
	answers = neighbours_answer_batch(answerer, batch);
	neighbours_answerer_report(answerer, &report);
	assert_int_equal(crew_report(report.data, report.length, &counters), 0);
	right = is_sent(batch, answers, one) && is_counted(&counters, one) &&
		is_claimed(&answerer->seen, one);
	counters_free(&counters);
	neighbours_table_free(answerer->table);
	mem_freep(&answerer);
	mem_freep(&batch);
	return right;
}

static void every_case_comes_out_as_the_table_says(void **state)
{
	size_t wrong = 0;

	for (size_t i = 0; i < neighbours_case_count; i++) {
		if (play(&neighbours_cases[i]))
			continue;
		print_error("%s (%s)\n", neighbours_cases[i].title, neighbours_cases[i].frame);
		wrong++;
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_case_comes_out_as_the_table_says) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
