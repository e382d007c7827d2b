/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an answer costs without a socket: a name that is there and one that is not, in a zone of
 * 1,000,000 names, in an order that no cache foresees, in batches as the worker reads them. Prints
 * JSON; not a test. Times are those of the processor.
 *	answer_speed [NAMES]
 */
#include "base/mem.h"
#include "base/text.h"
#include "dns/answer.h"
#include "dns/type.h"
#include "dns/zone_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COUNT = 20000, ROUNDS = 20, QUERY_SIZE = 64, BATCH = 32 };

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void tell(void *data, const struct zone_problem *problem)
{
	fprintf(stderr, "%u: %s\n", problem->line, problem->text);
}

static struct zone *make_zone(unsigned names)
{
	AUTO_TEXT text = { 0 };
	struct dns_name origin;
	struct zone_source source = { .origin = origin.wire, .problem = tell };
	struct zone *zone;

	name_parse("example.com.", &origin);
	text_puts(&text, "$TTL 3600\n@ SOA ns1 hostmaster 1 3600 900 604800 300\n@ NS ns1\nns1 A "
			 "192.0.2.1\n");
	for (unsigned i = 0; i < names; i++)
		text_printf(&text, "h%07u A 10.%u.%u.%u\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
	source.file = (struct zone_text){ "made", text.data, text.length };
	return zone_load(&source, &zone) < 0 ? NULL : zone;
}

struct queries {
	uint8_t bytes[COUNT][QUERY_SIZE];
	size_t length;
};

static void make_queries(struct queries *queries, const char *format, unsigned names, bool edns)
{
	struct dns_name name;
	char text[100];

	srand(1);
	for (unsigned i = 0; i < COUNT; i++) {
		struct wire_writer writer = wire_writer(queries->bytes[i], QUERY_SIZE);

		snprintf(text, sizeof(text), format,
			 (unsigned)(((unsigned long)rand() * 7919ul) % names));
		name_parse(text, &name);
		wire_put_u64(&writer, UINT64_C(0x1234000000010000));
		wire_put_u32(&writer, edns);
		wire_put_bytes(&writer, name.wire, name.length);
		wire_put_u32(&writer, DNS_A << 16 | DNS_IN);
		if (edns)
			wire_put_bytes(&writer, "\0\0\x29\4\xd0\0\0\0\0\0\0", 11);
		queries->length = wire_written(&writer);
	}
}

static void look_ahead(const struct dns_server *server, struct dns_scratch *scratch,
		       const struct queries *queries, unsigned first)
{
	struct dns_ahead ahead[BATCH];

	for (unsigned i = 0; i < BATCH; i++)
		dns_look_ahead(server, scratch, queries->bytes[(first + i) % COUNT],
			       queries->length, &ahead[i]);
	for (unsigned i = 0; i < BATCH; i++)
		dns_look_again(&ahead[i]);
}

/* Nanoseconds for an answer, from bytes to bytes. */
static double ask(const struct dns_server *server, const struct queries *queries, unsigned rcode)
{
	static struct dns_scratch scratch;
	struct dns_asker asker = { .peer.family = AF_INET, .asked.family = AF_INET };
	uint8_t reply[1500];
	double start;

	asker.length = queries->length;
	start = seconds();
	for (unsigned i = 0; i < COUNT * ROUNDS; i++) {
		if (i % BATCH == 0)
			look_ahead(server, &scratch, queries, i % COUNT);
		asker.query = queries->bytes[i % COUNT];
		if (!dns_answer(server, &scratch, &asker, reply, sizeof(reply)) ||
		    scratch.outcome.rcode != rcode)
			abort();
	}
	return (seconds() - start) * 1e9 / (COUNT * ROUNDS);
}

int main(int argc, char **argv)
{
	unsigned names = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
	struct queries *queries = mem_alloc(sizeof(*queries));
	struct zone *zone = make_zone(names);
	struct zones *zones;
	struct dns_server server = { 0 };
	double hit, edns, miss;

	if (!zone)
		return 1;
	server.zones = zones = zones_new(&zone, 1);
	zone_unref(zone);
	make_queries(queries, "h%07u.example.com.", names, false);
	hit = ask(&server, queries, DNS_NOERROR);
	make_queries(queries, "h%07u.example.com.", names, true);
	edns = ask(&server, queries, DNS_NOERROR);
	make_queries(queries, "x%07u.example.com.", names, true);
	miss = ask(&server, queries, DNS_NXDOMAIN);
	printf("{\"names\": %u, \"hit_ns\": %.0f, \"hit_edns_ns\": %.0f, \"nxdomain_edns_ns\": "
	       "%.0f}\n",
	       names, hit, edns, miss);
	zones_free(zones);
	free(queries);
	return 0;
}
