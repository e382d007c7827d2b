/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A report: for each kind of check that was asked for, u8 kind, u64 started, good, bad, silent. */
#include "feature/checks/checks_work.h"
#include "net/wire.h"

#include <errno.h>
#include <stdio.h>

#define COUNT_SIZE 33

static const char *const kinds[CHECK_KINDS] = {
	[CHECK_PING] = "ping",	     [CHECK_ARP] = "arp",	    [CHECK_ND] = "nd",
	[CHECK_TCP] = "tcp",	     [CHECK_HTTP] = "http",	    [CHECK_DNS] = "dns",
	[CHECK_UDP] = "udp",	     [CHECK_SCRIPT] = "script",	    [CHECK_AGENT] = "agent",
	[CHECK_PORT] = "port",	     [CHECK_PROCESS] = "process",   [CHECK_FILE] = "file",
	[CHECK_CARRIER] = "carrier", [CHECK_COMBINED] = "combined",
};

void checks_counts_put(const struct checks_count counts[CHECK_KINDS], struct text *message)
{
	for (unsigned kind = 0; kind < CHECK_KINDS; kind++) {
		uint8_t bytes[COUNT_SIZE];
		struct wire_writer writer = wire_writer(bytes, sizeof(bytes));

		if (!counts[kind].started)
			continue;
		wire_put_u8(&writer, (uint8_t)kind);
		wire_put_u64(&writer, counts[kind].started);
		wire_put_u64(&writer, counts[kind].good);
		wire_put_u64(&writer, counts[kind].bad);
		wire_put_u64(&writer, counts[kind].silent);
		text_append(message, bytes, wire_written(&writer));
	}
}

int checks_report(const void *bytes, size_t length, struct counters *counters)
{
	struct wire_reader reader = wire_reader(bytes, length);

	while (wire_left(&reader) && !reader.broken) {
		uint8_t kind = wire_get_u8(&reader);
		struct counter *counter;
		char key[32];

		if (kind >= CHECK_KINDS || wire_left(&reader) < COUNT_SIZE - 1) {
			counters_free(counters);
			return -EPROTO;
		}
		snprintf(key, sizeof(key), "checks %s", kinds[kind]);
		counter = counters_get(counters, key);
		counter->asked += wire_get_u64(&reader);
		counter->answered += wire_get_u64(&reader);
		counter->failed += wire_get_u64(&reader);
		counter->dropped += wire_get_u64(&reader);
	}
	return 0;
}
