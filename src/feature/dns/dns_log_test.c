/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_log.h"

#include "base/mem.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct dns_log_record record_of(const char *name)
{
	struct dns_log_record record = {
		.time_us = 1764072000123456,
		.asked = { AF_INET6, { 0x20, 1, 0xd, 0xb8, [15] = 1 } },
		.peer = { AF_INET, { 192, 0, 2, 7 } },
		.peer_port = 4711,
		.type = 28,
		.rcode = 5,
	};
	struct dns_name parsed;

	assert_int_equal(name_parse(name, &parsed), 0);
	memcpy(record.name, parsed.wire, parsed.length);
	return record;
}

static void a_line_says_which_address_was_asked_for_which_name(void **state)
{
	struct dns_log_record record = record_of("www.example.com.");
	char line[DNS_LOG_LINE_SIZE];

	dns_log_line(&record, false, line);
	assert_string_equal(line,
			    "{\"time\":\"2025-11-25T12:00:00.123456Z\",\"asked\":\"2001:db8::1\","
			    "\"name\":\"www.example.com.\",\"type\":\"AAAA\","
			    "\"transport\":\"udp\"}\n");
	record.tcp = true;
	dns_log_line(&record, true, line);
	assert_non_null(strstr(line, "\"transport\":\"tcp\",\"peer\":\"192.0.2.7\",\"port\":4711,"
				     "\"rcode\":\"REFUSED\"}\n"));
}

static void no_byte_of_a_name_ends_a_line_or_a_string(void **state)
{
	struct dns_log_record record = record_of("a\\\"b\\010c\\\\d\\.e.");
	char line[DNS_LOG_LINE_SIZE];

	dns_log_line(&record, false, line);
	assert_non_null(strstr(line, "\"name\":\"a\\\\\\\"b\\\\010c\\\\\\\\d\\\\.e.\""));
}

static void the_longest_name_has_room(void **state)
{
	struct dns_log_record record = record_of("x.");
	char line[DNS_LOG_LINE_SIZE];
	unsigned at = 0;

	memset(record.name, 1, sizeof(record.name));
	for (; at + 64 < NAME_SIZE; at += 64)
		record.name[at] = 63;
	record.name[at] = (uint8_t)(NAME_SIZE - 2 - at);
	record.name[NAME_SIZE - 1] = 0;
	assert_in_range(dns_log_line(&record, true, line), 1000, DNS_LOG_LINE_SIZE - 1);
}

static void a_full_ring_drops_and_counts(void **state)
{
	struct dns_log_ring *ring = mem_alloc(sizeof(*ring));
	AUTO_TEXT lines = { 0 };

	for (unsigned i = 0; i < DNS_LOG_RECORDS + 5; i++) {
		struct dns_log_record *record = dns_log_room(ring);

		assert_int_equal(record != NULL, i < DNS_LOG_RECORDS);
		if (!record)
			continue;
		*record = record_of("x.");
		assert_int_equal(dns_log_put(ring), i == 0);
	}
	assert_int_equal(ring->dropped, 5);
	assert_int_equal(dns_log_drain(ring, false, &lines), DNS_LOG_RECORDS);
	assert_int_equal(dns_log_drain(ring, false, &lines), 0);
	mem_freep(&ring);
}

static void one_in_so_many_and_so_many_a_second(void **state)
{
	struct dns_log_limit sampled = { .sample = 10 }, limited = { .sample = 1, .rate = 100 };
	unsigned chosen = 0, told = 0;

	for (unsigned i = 0; i < 1000; i++)
		chosen += dns_log_chosen(&sampled, i);
	assert_int_equal(chosen, 100);
	/* 10,000 queries a second for two seconds: the first second's worth, and as it refills. */
	for (unsigned i = 0; i < 20000; i++)
		told += dns_log_chosen(&limited, 5000000 + i * 100);
	assert_in_range(told, 295, 300);
}

static void *write_many(void *data)
{
	struct dns_log_ring *ring = data;

	for (unsigned i = 0; i < 100000;) {
		struct dns_log_record *record = dns_log_room(ring);

		if (!record)
			continue;
		*record = record_of("x.");
		record->peer_port = (uint16_t)i++;
		dns_log_put(ring);
	}
	return NULL;
}

static void lines_come_whole_and_in_their_order(void **state)
{
	struct dns_log_ring *ring = mem_alloc(sizeof(*ring));
	unsigned total = 0;
	pthread_t writer;

	assert_int_equal(pthread_create(&writer, NULL, write_many, ring), 0);
	while (total < 100000) {
		AUTO_TEXT lines = { 0 };
		const char *at;
		unsigned port;

		dns_log_drain(ring, true, &lines);
		for (at = text_string(&lines); (at = strstr(at, "\"port\":")); at++) {
			assert_int_equal(sscanf(at, "\"port\":%u", &port), 1);
			assert_int_equal(port, (uint16_t)total++);
		}
	}
	pthread_join(writer, NULL);
	mem_freep(&ring);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_which_address_was_asked_for_which_name),
		cmocka_unit_test(no_byte_of_a_name_ends_a_line_or_a_string),
		cmocka_unit_test(the_longest_name_has_room),
		cmocka_unit_test(a_full_ring_drops_and_counts),
		cmocka_unit_test(one_in_so_many_and_so_many_a_second),
		cmocka_unit_test(lines_come_whole_and_in_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
