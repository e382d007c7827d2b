/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any text as the configuration of syslog, and as a state: whatever is understood as a host is
 * examined, and each finding says what, where and why.
 */
#include "doctor/logs.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* The log goes to the first of them, and all addresses of the host are those of servers. */
static void examine(const struct state *state, const struct log_servers *log_servers)
{
	struct patient patient = { .state = state,
				   .log_servers = log_servers->items.items,
				   .log_server_count = log_servers->items.count };
	VEC(struct service) services = { 0 };
	struct findings findings;

	STATE_EACH(state, OBJECT_ADDRESS, const struct host_address, address) {
		*VEC_PUSH(&services) = (struct service){ IPPROTO_TCP,
							 prefix_address(&address->prefix), 443 };
	}
	patient.services = services.items;
	patient.service_count = services.count;
	doctor_examine(&patient, &findings);
	for (size_t i = 0; i < findings.items.count; i++)
		require(findings.items.items[i].what.length &&
			findings.items.items[i].where.length && findings.items.items[i].why.length);
	findings_free(&findings);
	VEC_FREE(&services);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct log_servers log_servers = { 0 };
	struct text error = { 0 };
	struct state state;
	char *copy = malloc(size + 1);

	memcpy(copy, bytes, size);
	copy[size] = '\0';
	log_servers_read(copy, "input", &log_servers);
	if (state_parse(copy, &state, &error) == 0) {
		examine(&state, &log_servers);
		state_free(&state);
	}
	log_servers_free(&log_servers);
	text_free(&error);
	free(copy);
	return 0;
}
