/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Bytes out, and bytes back that hold what is expected. Who answers something else is there, but not well. */
#include "feature/checks/probe_datagram.h"
#include "feature/checks/probe_kinds.h"

#include <string.h>

#define BYTES_MOST 2048

static void look(struct probe *probe, const uint8_t *bytes, size_t length)
{
	uint8_t expected[BYTES_MOST];
	size_t size = check_bytes_read(&probe->spec->answer, expected, sizeof(expected));

	if (!size)
		probe_up(probe, "answered");
	else if (memmem(bytes, length, expected, size))
		probe_up(probe, "answered as expected");
	else
		probe_down(probe, "the answer of %zu bytes is not what is expected", length);
}

static void udp_start(struct probe *probe)
{
	uint8_t bytes[BYTES_MOST];

	probe_datagram_start(probe, bytes,
			     check_bytes_read(&probe->spec->send, bytes, sizeof(bytes)), look);
}

const struct probe_kind probe_udp = {
	.start = udp_start,
	.stop = probe_datagram_stop,
	.late = "no answer",
};
