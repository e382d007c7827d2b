/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_STAGE_H
#define MH_FEATURE_DNS_STAGE_H

/* For the tests: a stage of the name server, what it is told, and queries. */
#include "dns/message.h"
#include "dns/name.h"
#include "dns/type.h"
#include "feature/crew_stage_io.h"
#include "feature/dns/dns_wire.h"
#include "feature/dns/dns_worker.h"
#include "io/blob.h"

static inline struct stage stage_start(void)
{
	struct stage stage = stage_begin(dns_worker_main, 0);

	stage.port = stage_port();
	stage_listen(&stage, IPPROTO_UDP, stage.port);
	stage_listen(&stage, IPPROTO_TCP, stage.port);
	return stage;
}

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
	static uint8_t digests; /* each text has one of its own */
	struct dns_order_file file = { "example.zone", { ++digests } };
	struct dns_order_transfer anybody = { .key = DNS_NO_KEY };
	struct dns_order_zone zone = { "example.", &file, &anybody, NULL, 1, 1, 0 };
	struct dns_orders orders = *settings;
	AUTO_TEXT bytes = { 0 };

	stage_blob(stage, file.digest, text);
	orders.port = stage->port;
	orders.listen = &listen;
	orders.listen_count = 1;
	orders.zones = &zone;
	orders.zone_count = 1;
	dns_orders_put(&orders, &bytes);
	stage_tell(stage, WORKER_CONFIGURE, bytes.data, bytes.length);
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
