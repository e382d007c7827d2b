/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a zone costs: loading it, what it keeps resident for each name, a look-up that hits and one
 * that does not. Prints JSON; not a test. Times are those of the processor.
 *	zone_speed [NAMES [FILE ORIGIN]]
 */
#include "base/mem.h"
#include "base/text.h"
#include "dns/zone_load.h"

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* What of the process lies in memory, in bytes, files aside. */
static double resident(void)
{
	FILE *file = fopen("/proc/self/smaps_rollup", "re");
	char line[256];
	double kilobytes = 0;

	while (file && fgets(line, sizeof(line), file))
		if (!strncmp(line, "Anonymous:", 10))
			kilobytes = atof(line + 10);
	if (file)
		fclose(file);
	return kilobytes * 1024;
}

static void make_zone(struct text *text, unsigned names)
{
	text_puts(text, "$TTL 3600\n@ SOA ns1 hostmaster 1 3600 900 604800 300\n@ NS ns1\nns1 A "
			"192.0.2.1\n");
	for (unsigned i = 0; i < names; i++)
		text_printf(text, "h%07u A 10.%u.%u.%u\n", i, i >> 16 & 255, i >> 8 & 255, i & 255);
}

static void tell(void *data, const struct zone_problem *problem)
{
	fprintf(stderr, "%s:%u: %s: %s\n", problem->file, problem->line,
		problem->warning ? "warning" : "error", problem->text);
}

/* Names in an order that no cache foresees. */
static struct dns_name *make_names(const char *format, unsigned names, unsigned count)
{
	struct dns_name *made = mem_alloc(count * sizeof(*made));
	char text[100];

	srand(1);
	for (unsigned i = 0; i < count; i++) {
		snprintf(text, sizeof(text), format,
			 (unsigned)(((unsigned long)rand() * 7919ul) % names));
		name_parse(text, &made[i]);
	}
	return made;
}

/* Nanoseconds for a look-up, reading the name included. */
static double look_up(const struct zone *zone, const char *format, unsigned names)
{
	enum { COUNT = 20000, ROUNDS = 20 };
	struct dns_name *made = make_names(format, names, COUNT), name;
	double start = seconds(), took;
	struct zone_match match;
	volatile unsigned long found = 0;

	for (unsigned i = 0; i < COUNT * ROUNDS; i++) {
		const struct dns_name *next = &made[i % COUNT];

		name_read(&name, next->wire, next->length);
		zone_find(zone, &name, &match);
		found += match.node != NULL;
	}
	took = seconds() - start;
	free(made);
	return took * 1e9 / (COUNT * ROUNDS);
}

int main(int argc, char **argv)
{
	unsigned names = argc > 1 ? (unsigned)atoi(argv[1]) : 1000000;
	struct dns_name origin;
	AUTO_TEXT text = { 0 };
	struct zone *zone;

	if (name_parse(argc > 3 ? argv[3] : "example.com.", &origin) < 0)
		return 2;
	if (argc > 3 && text_read_file(argv[2], 1ul << 30, &text) < 0)
		return 2;
	if (argc <= 3)
		make_zone(&text, names);
	double before = resident(), start = seconds();
	struct zone_source source = { .origin = origin.wire,
				      .file = { argc > 3 ? argv[2] : "made", text.data, text.length },
				      .now = time(NULL),
				      .problem = tell };

	if (zone_load(&source, &zone) < 0)
		return 1;
	double took = seconds() - start;

	malloc_trim(0);
	printf("{\"names\": %u, \"records\": %u, \"load_s\": %.4f, \"records_per_second\": %.0f, "
	       "\"bytes_per_name\": %.1f",
	       zone->names, zone->records, took, zone->records / took,
	       (resident() - before) / zone->names);
	if (argc <= 3)
		printf(", \"hit_ns\": %.0f, \"miss_ns\": %.0f, \"deep_miss_ns\": %.0f",
		       look_up(zone, "h%07u.example.com.", names),
		       look_up(zone, "x%07u.example.com.", names),
		       look_up(zone, "a.b.c.d.e.f.x%07u.example.com.", names));
	puts("}");
	zone_unref(zone);
	return 0;
}
