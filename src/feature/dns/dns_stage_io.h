/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_STAGE_IO_H
#define MH_FEATURE_DNS_STAGE_IO_H

/* For the tests: what a stage is told, and clients of it. */
#include "dns/message.h"
#include "dns/name.h"
#include "dns/type.h"
#include "feature/dns/dns_stage.h"
#include "feature/dns/dns_wire.h"
#include "io/blob.h"

#include <arpa/inet.h>
#include <errno.h>

static inline void stage_blob(const struct stage *stage, const uint8_t digest[DNS_DIGEST_SIZE],
			      const char *text)
{
	struct channel_message message = {
		.type = WORKER_BLOB, .bytes = (void *)digest, .length = DNS_DIGEST_SIZE, .fd_count = 1
	};

	assert_int_equal(blob_make(text, strlen(text), &message.fds[0]), 0);
	stage_send(stage, &message);
	close(message.fds[0]);
}

/* What @settings say, and the zone example. with @text, on 127.5.0.0/16. */
static inline void stage_serve(struct stage *stage, const struct dns_orders *settings,
			       const char *text)
{
	static struct prefix listen = { AF_INET, 16, { 127, 5 } };
	struct dns_order_file file = { "example.zone", { ++stage->digests } };
	struct dns_order_transfer anybody = { .key = DNS_NO_KEY };
	struct dns_order_zone zone = { "example.", &file, &anybody, NULL, 1, 1, 0 };
	struct dns_orders orders = *settings;
	struct channel_message message = { .type = WORKER_CONFIGURE };
	AUTO_TEXT bytes = { 0 };

	stage_blob(stage, file.digest, text);
	orders.port = stage->port;
	orders.listen = &listen;
	orders.listen_count = 1;
	orders.zones = &zone;
	orders.zone_count = 1;
	dns_orders_put(&orders, &bytes);
	message.bytes = bytes.data;
	message.length = bytes.length;
	stage_send(stage, &message);
}

/* All that was sent is done. Returns what was counted under @key. */
static inline struct counter stage_ask(const struct stage *stage, const char *key)
{
	struct channel_message message = { .type = WORKER_ASK };
	struct counters counters = { 0 };
	struct counter found = { 0 };

	stage_send(stage, &message);
	do {
		assert_int_equal(channel_receive(stage->channel, &message), 1);
		if (message.type == WORKER_REPORT)
			assert_int_equal(crew_report(message.bytes, message.length, &counters), 0);
		channel_message_free(&message);
	} while (message.type != WORKER_REPORT);
	if (counters_find(&counters, key))
		found = *counters_find(&counters, key);
	counters_free(&counters);
	return found;
}

/*
 * A client, or -1 for a connection that was reset: on a busy processor the server is quicker than the
 * return of connect(2), which then tells it.
 */
static inline int stage_client(const struct stage *stage, int type, const char *address)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(stage->port) };
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
	if (connect(fd, (void *)&to, sizeof(to)) == 0)
		return fd;
	assert_int_equal(errno, ECONNRESET);
	close(fd);
	return -1;
}

/* A query with the length before it, as over TCP. Returns its length with that. */
static inline size_t stage_query(uint8_t bytes[300], uint16_t id, const char *name, uint16_t type)
{
	struct wire_writer writer = wire_writer(bytes, 300);
	struct dns_name parsed;

	assert_int_equal(name_parse(name, &parsed), 0);
	wire_put_u16(&writer, (uint16_t)(DNS_HEADER + parsed.length + 4));
	wire_put_u16(&writer, id);
	wire_put_u16(&writer, 0);
	wire_put_u16(&writer, 1);
	wire_put_bytes(&writer, (uint8_t[6]){ 0 }, 6);
	wire_put_bytes(&writer, parsed.wire, parsed.length);
	wire_put_u16(&writer, type);
	wire_put_u16(&writer, DNS_IN);
	return wire_written(&writer);
}

#endif
