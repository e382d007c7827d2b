/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the checks read of others; the first byte chooses: the engine's orders and notes, the
 * worker's facts and report, what the runner of scripts is told, echo replies, ARP, neighbour
 * advertisements, the line of an agent, the answer of a DNS server, the answer of an HTTP server.
 */
#include "feature/checks/checks_table.h"
#include "feature/checks/checks_work.h"
#include "feature/checks/probe_agent_line.h"
#include "feature/checks/probe_http_answer.h"
#include "feature/checks/probe_packet.h"
#include "feature/checks/probe_question.h"
#include "feature/checks/runner.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* What was understood is written and read again as the same, and the table takes it as it is. */
static void fuzz_orders(const uint8_t *bytes, size_t size)
{
	struct checks_table table = { 0 }, former;
	struct checks_orders orders, again;
	AUTO_TEXT one = { 0 };
	AUTO_TEXT other = { 0 };

	if (checks_orders_read(bytes, size, &orders) < 0)
		return;
	checks_orders_put(orders.specs, orders.count, &one);
	require(checks_orders_read(one.data, one.length, &again) == 0);
	checks_orders_put(again.specs, again.count, &other);
	require(one.length == other.length && memcmp(one.data, other.data, one.length) == 0);
	checks_table_adopt(&table, &orders, &former);
	checks_table_free(&former);
	checks_table_settle(&table, 1000000);
	checks_table_adopt(&table, &again, &former);
	checks_table_free(&former);
	checks_table_settle(&table, 2000000);
	checks_table_free(&table);
}

static void fuzz_notes(const uint8_t *bytes, size_t size)
{
	struct checks_notes notes;
	AUTO_TEXT text = { 0 };

	if (checks_notes_read(bytes, size, &notes) < 0)
		return;
	checks_notes_put(notes.items, notes.count, &text);
	if (notes.arena)
		arena_free(notes.arena);
	require(checks_notes_read(text.data, text.length, &notes) == 0);
	if (notes.arena)
		arena_free(notes.arena);
}

static void fuzz_facts(const uint8_t *bytes, size_t size)
{
	struct healths healths = { 0 };

	checks_facts_read(bytes, size, &healths);
	for (size_t i = 0; i < healths.items.count; i++) {
		require(healths.items.items[i].name && healths.items.items[i].reason);
		require(healths.items.items[i].state < HEALTH_STATES);
	}
	healths_free(&healths);
}

static void fuzz_report(const uint8_t *bytes, size_t size)
{
	struct counters counters = { 0 };

	if (checks_report(bytes, size, &counters) < 0)
		require(counters.entries.count == 0);
	counters_free(&counters);
}

static void fuzz_runner(const uint8_t *bytes, size_t size)
{
	const char *words[64];
	struct runner_order order;

	if (runner_order_read(bytes, size, &order, words, ARRAY_SIZE(words)) < 0)
		return;
	require(order.count <= ARRAY_SIZE(words));
	for (unsigned i = 0; i < order.count; i++)
		require((const uint8_t *)words[i] + strlen(words[i]) < bytes + size);
}

static void fuzz_packets(const uint8_t *bytes, size_t size)
{
	struct probe_echo echo;
	struct address address;

	probe_echo_reply(bytes, size, AF_INET, &echo);
	probe_echo_reply(bytes, size, AF_INET6, &echo);
	if (probe_arp_reply(bytes, size, &address))
		require(address.family == AF_INET && size >= PROBE_ARP_SIZE);
	require(!probe_nd_reply(bytes, size, 254, &address));
	if (probe_nd_reply(bytes, size, 255, &address))
		require(address.family == AF_INET6 && size >= 24);
}

static void fuzz_agent(const uint8_t *bytes, size_t size)
{
	struct probe_result result = { 0 };

	if (!probe_agent_line((const char *)bytes, size, &result))
		require(!result.up && result.weight == PROBE_WEIGHT_UNTOLD);
	require(result.weight >= PROBE_WEIGHT_UNTOLD && result.weight <= 255);
	for (const char *c = result.reason; *c; c++)
		require(isprint((unsigned char)*c));
}

/* The question is the first bytes of the answer, as a server that is asked would have it. */
static void fuzz_answer(const uint8_t *bytes, size_t size)
{
	static const struct address expected = { AF_INET, { 192, 0, 2, 1 } };
	struct check_spec spec = { .query = "www.example.com", .type = 1 };
	uint8_t question[PROBE_QUESTION_SIZE], answer[4096];
	struct probe_asked asked = { question, probe_question_put(&spec, 0xbeef, question) };
	enum probe_answer any, one;
	unsigned code;

	if (size > sizeof(answer))
		return;
	memcpy(answer, bytes, size);
	probe_answer_read(&spec, &asked, answer, size, &code);
	if (size < asked.length)
		return;
	memcpy(answer, question, 2);
	memcpy(answer + 12, question + 12, 21);
	any = probe_answer_read(&spec, &asked, answer, size, &code);
	spec.addresses = &expected;
	spec.address_count = 1;
	one = probe_answer_read(&spec, &asked, answer, size, &code);
	/* Who has the address that is expected has one. */
	require(one != PROBE_ANSWER_RIGHT || any == PROBE_ANSWER_RIGHT);
	require(any != PROBE_ANSWER_OTHER);
}

/* The first half is what is expected, the second what came. */
static void fuzz_http(const uint8_t *bytes, size_t size)
{
	size_t half = size / 2;
	char *wanted = strndup((const char *)bytes, half),
	     *body = strndup((const char *)bytes + half, size - half);
	struct check_http http = { .header = wanted, .body = wanted };
	struct http_answer answer = {
		.status = 200, .header = body, .body = body, .length = strlen(body)
	};
	char reason[PROBE_REASON_SIZE];

	http_answer_judge(&http, NULL, &answer, reason, sizeof(reason));
	http.header = NULL;
	require(http_answer_judge(&http, NULL, &answer, reason, sizeof(reason)) ==
		(strstr(body, wanted) != NULL));
	free(wanted);
	free(body);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const targets[])(const uint8_t *,
				       size_t) = { fuzz_orders, fuzz_notes,  fuzz_facts,
						   fuzz_report, fuzz_runner, fuzz_packets,
						   fuzz_agent,	fuzz_answer, fuzz_http };

	if (size)
		targets[bytes[0] % ARRAY_SIZE(targets)](bytes + 1, size - 1);
	return 0;
}
