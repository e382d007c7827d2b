/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answer [KEY=VALUE...] [ORIGIN=FILE...]: answers queries from standard input, so that the engine can be
 * asked without a socket. A query comes as two bytes of length, one of flags (1: over TCP, 2: the
 * peer is IPv6), then the message; a reply as two bytes of length (0: nothing is said), then the message.
 *
 * Keys: nsid, identity, version, cookie (hex), now (seconds), limit (answers a second), slip.
 */
#include "dns/answer.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/zone_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void tell_problem(void *data, const struct zone_problem *problem)
{
	fprintf(stderr, "%s:%u: %s: %s\n", problem->file, problem->line,
		problem->warning ? "warning" : "error", problem->text);
}

static struct zone *load(const char *origin, const char *path)
{
	AUTO_TEXT text = { 0 };
	struct dns_name name;
	struct zone *zone;
	struct zone_source source = { .problem = tell_problem };

	if (name_parse(origin, &name) < 0 || text_read_file(path, 1 << 30, &text) < 0) {
		fprintf(stderr, "answer: %s: no name, or no file: %s\n", origin, path);
		exit(2);
	}
	source.origin = name.wire;
	source.file = (struct zone_text){ .name = path, .text = text.data, .length = text.length };
	if (zone_load(&source, &zone) < 0)
		exit(2);
	return zone;
}

struct setup {
	struct dns_server server;
	struct dns_scratch scratch;
	struct dns_asker asker;
	struct rrl_options limit;
	struct zone *zones[512];
	size_t zone_count;
};

static void read_key(struct setup *setup, const char *key, const char *value)
{
	if (!strcmp(key, "nsid")) {
		setup->server.nsid = (const uint8_t *)value;
		setup->server.nsid_length = (uint16_t)strlen(value);
	} else if (!strcmp(key, "identity")) {
		setup->server.identity = value;
	} else if (!strcmp(key, "version")) {
		setup->server.version = value;
	} else if (!strcmp(key, "cookie")) {
		uint8_t *secret = setup->server.cookies.secret[setup->server.cookies.count++];

		for (unsigned i = 0; i < COOKIE_SECRET && value[2 * i]; i++)
			sscanf(value + 2 * i, "%2hhx", &secret[i]);
	} else if (!strcmp(key, "now")) {
		setup->asker.now = (uint32_t)strtoul(value, NULL, 10);
	} else if (!strcmp(key, "limit")) {
		setup->limit.per_second = (uint32_t)strtoul(value, NULL, 10);
	} else if (!strcmp(key, "slip")) {
		setup->limit.slip = (uint32_t)strtoul(value, NULL, 10);
	} else {
		if (setup->zone_count == ARRAY_SIZE(setup->zones))
			exit(2);
		setup->zones[setup->zone_count++] = load(key, value);
	}
}

static void serve(struct setup *setup)
{
	static uint8_t query[DNS_MESSAGE_MAX], reply[DNS_MESSAGE_MAX];
	struct address peer[2], asked[2];
	uint8_t head[3];

	address_parse("192.0.2.1", &peer[0]);
	address_parse("2001:db8::1", &peer[1]);
	address_parse("192.0.2.53", &asked[0]);
	address_parse("2001:db8::53", &asked[1]);
	while (fread(head, sizeof(head), 1, stdin) == 1) {
		size_t length = (size_t)head[0] << 8 | head[1];

		if (length && fread(query, length, 1, stdin) != 1)
			return;
		setup->asker.tcp = head[2] & 1;
		setup->asker.peer = peer[head[2] >> 1 & 1];
		setup->asker.asked = asked[head[2] >> 1 & 1];
		setup->asker.query = query;
		setup->asker.length = length;
		length = dns_answer(&setup->server, &setup->scratch, &setup->asker, reply,
				    sizeof(reply));
		head[0] = (uint8_t)(length >> 8);
		head[1] = (uint8_t)length;
		fwrite(head, 2, 1, stdout);
		fwrite(reply, length, 1, stdout);
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static struct setup setup;

	for (int i = 1; i < argc; i++) {
		char *value = strchr(argv[i], '=');

		if (!value) {
			fprintf(stderr, "usage: answer [KEY=VALUE...] [ORIGIN=FILE...]\n");
			return 2;
		}
		*value++ = '\0';
		read_key(&setup, argv[i], value);
	}
	if (setup.limit.per_second)
		setup.scratch.rrl = rrl_new(&setup.limit, (const uint8_t *)"a test needs no ");
	setup.server.zones = zones_new(setup.zones, setup.zone_count);
	serve(&setup);
	return 0;
}
