/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the services read of others; the first byte chooses: the engine's orders (from which a
 * setup is built and asked), a worker's report, the name of a listener, an HTTP request as it
 * comes in piece by piece, and names in what whoami tells.
 */
#include "feature/crew.h"
#include "feature/services/services_http.h"
#include "feature/services/services_udp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* What a socket remembers must be what one finds that remembers nothing. */
static void ask_socket(const struct services_setup *setup, struct services_socket *socket,
		       const struct prefix *prefix)
{
	struct services_socket forgetful = { .by_address = socket->by_address };
	struct address address = prefix_address(prefix);
	struct services_account one, other;
	bool served = services_udp_account(setup, socket, &address, &one);

	require(served == services_udp_account(setup, &forgetful, &address, &other));
	require(one.service == other.service && one.claim == other.claim);
	require(served == (one.service < setup->service_count));
	require(one.claim == SERVICES_NO_CLAIM || one.claim < services_setup_counters(setup) - 1);
	setup->counters[0][one.service].asked++;
}

static void ask_setup(const struct services_setup *setup, const struct services_orders *orders)
{
	for (size_t i = 0; i < orders->rules.count && i < 16; i++) {
		const struct services_rule *rule = &orders->rules.items[i];
		struct services_socket socket = { .by_address = services_setup_port(
							  setup, rule->protocol, rule->last) };

		require(socket.by_address != NULL);
		for (size_t j = 0; j < orders->rules.count && j < 32; j++) {
			ask_socket(setup, &socket, &orders->rules.items[j].on);
			ask_socket(setup, &socket, &rule->on);
		}
		for (size_t j = 0; j < orders->claims.count && j < 32; j++)
			ask_socket(setup, &socket, &orders->claims.items[j]);
	}
}

static void fuzz_orders(const uint8_t *bytes, size_t size)
{
	struct services_setup *setup, *next;
	struct counters counters = { 0 };
	struct services_orders orders;
	AUTO_TEXT report = { 0 };

	if (services_orders_read(bytes, size, &orders) < 0)
		return;
	/* A table for each of thousands of ports shows nothing that one for each of some does not. */
	for (size_t i = 0; i < orders.rules.count; i++)
		if (orders.rules.items[i].last - orders.rules.items[i].first > 64)
			orders.rules.items[i].last = (uint16_t)(orders.rules.items[i].first + 64);
	setup = services_setup_new(&orders, 1, NULL);
	ask_setup(setup, &orders);
	next = services_setup_new(&orders, 2, setup);
	services_setup_succeed(next, setup);
	services_setup_report(next, &report);
	require(crew_report(report.data, report.length, &counters) == 0);
	counters_free(&counters);
	services_setup_succeed(NULL, next);
	services_orders_free(&orders);
}

static void fuzz_report(const uint8_t *bytes, size_t size)
{
	struct counters counters = { 0 };

	if (crew_report(bytes, size, &counters) < 0)
		require(counters.entries.count == 0);
	counters_free(&counters);
}

static void fuzz_listener(const uint8_t *bytes, size_t size)
{
	struct address address;
	uint8_t protocol;
	uint16_t port;

	if (crew_listener_read(bytes, size, &protocol, &address, &port) == 0)
		require(port && address_size(address.family));
}

/* What was decided on the first bytes stays true whatever follows. */
static void fuzz_http(const uint8_t *bytes, size_t size)
{
	enum services_http decided = SERVICES_HTTP_MAYBE;
	char answer[2048];

	for (size_t length = 0; length <= size;
	     length += length < 256 || size - length < 16 ? 1 : 97) {
		char *copy = malloc(length ? length : 1);
		enum services_http now;

		if (length)
			memcpy(copy, bytes, length);
		now = services_http_read(copy, length, false);
		if (decided != SERVICES_HTTP_MAYBE && decided != SERVICES_HTTP_PARTIAL)
			require(now == decided);
		require(decided != SERVICES_HTTP_PARTIAL || now != SERVICES_HTTP_MAYBE);
		decided = now;
		now = services_http_read(copy, length, true);
		require(now != SERVICES_HTTP_MAYBE && now != SERVICES_HTTP_PARTIAL);
		free(copy);
	}
	require(services_http_write(decided, "{}\n", 0, answer, sizeof(answer)) > 0);
}

static void fuzz_who(const uint8_t *bytes, size_t size)
{
	char link[17] = "", line[SERVICES_WHO_SIZE], json[SERVICES_WHO_SIZE], *service;
	struct services_who who = {
		.asked.family = AF_INET6, .peer.family = AF_INET6, .link = link, .protocol = "udp"
	};
	size_t length;

	memset(who.asked.bytes, 0xff, 16);
	memset(who.peer.bytes, 0xfe, 16);
	memcpy(link, bytes, size < 16 ? size : 16);
	service = malloc(size + 1);
	memcpy(service, bytes, size);
	service[size] = '\0';
	who.service = service;
	length = services_who_line(&who, line);
	require(length < sizeof(line) && strlen(line) == length &&
		strchr(line, '\n') == line + length - 1);
	length = services_who_json(&who, json);
	require(length < sizeof(json) && strlen(json) == length &&
		strchr(json, '\n') == json + length - 1);
	free(service);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const targets[])(const uint8_t *, size_t) = { fuzz_orders, fuzz_report,
								    fuzz_listener, fuzz_http,
								    fuzz_who };

	if (size)
		targets[bytes[0] % ARRAY_SIZE(targets)](bytes + 1, size - 1);
	return 0;
}
