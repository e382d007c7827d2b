/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Queries of anybody, asked of a fixed zone that has all that makes answers hard. The first byte says how:
 * over TCP, by IPv6, with little room. Whatever is asked, the reply can be read again to its last byte, is
 * no longer than it may be, and is the same when it is written over the query.
 */
#include "dns/answer.h"
#include "dns/type.h"
#include "dns/zone_load.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static const char zone_text[] =
	"$TTL 300\n@ SOA ns hostmaster 1 3600 600 86400 60\n@ NS ns\n@ NS ns.cut\n"
	"ns A 192.0.2.53\nwww A 192.0.2.1\nwww AAAA 2001:db8::1\nwww MX 10 www\n"
	"alias CNAME www\nl1 CNAME l2\nl2 CNAME l1\nout CNAME www.example.net.\n"
	"*.w TXT \"wild\"\n*.c CNAME x.c\na.b.ent SRV 0 0 1 www\n"
	"cut NS ns.cut\ncut NS ns.other\nns.cut A 192.0.2.54\nns.cut AAAA 2001:db8::54\n"
	"other NS ns.other\nns.other A 192.0.2.55\n"
	"d DNAME e\ne DNAME f\nx.f A 192.0.2.2\ng DNAME below.g\n"
	"long DNAME aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbb\n";

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void on_problem(void *data, const struct zone_problem *problem)
{
	require(problem->warning);
}

static struct dns_server *make_server(void)
{
	static struct dns_server server = { .nsid = (const uint8_t *)"fuzz",
					    .nsid_length = 4,
					    .identity = "fuzz",
					    .version = "0",
					    .keepalive = 100,
					    .cookies.count = 1 };
	static struct tsig_key key = { .name = "\3key", .secret_length = 16 };
	static const struct tsig_key *keys[] = { &key };
	static struct address address = { .family = AF_INET, .bytes = { 192, 0, 2, 9 } };
	struct self_source selves[] = {
		{ .name = (const uint8_t *)"\4self\4test", .mode = SELF_ASKED, .ttl = 9 },
		{ .name = (const uint8_t *)"\3own\4test",
		  .ttl = 9,
		  .addresses = &address,
		  .address_count = 1 },
		{ .name = (const uint8_t *)"\4dead\4test", .mode = SELF_SILENT },
		{ .name = (const uint8_t *)"\4gone\4test", .mode = SELF_REFUSED },
	};
	struct zone_source source = { .origin = (const uint8_t *)"\4test",
				      .file = { "zone", zone_text, sizeof(zone_text) - 1 },
				      .problem = on_problem };
	struct zone *zone;

	require(zone_load(&source, &zone) == 0);
	server.zones = zones_new(&zone, 1);
	server.selves = selves_new(selves, sizeof(selves) / sizeof(selves[0]));
	server.keys = keys;
	server.key_count = 1;
	return &server;
}

static size_t read_record(const uint8_t *reply, size_t length, size_t at)
{
	uint8_t wire[NAME_SIZE];
	struct wire_reader reader;
	uint16_t type, size;
	size_t end;

	require(name_expand(reply, length, at, wire, &at) > 0);
	reader = wire_reader(reply + at, length - at);
	type = wire_get_u16(&reader);
	wire_get_view(&reader, 6);
	size = wire_get_u16(&reader);
	require(wire_get_view(&reader, size) != NULL || !size);
	require(!reader.broken);
	at += DNS_RECORD_FIXED;
	if (type == DNS_NS || type == DNS_CNAME || type == DNS_DNAME)
		require(name_expand(reply, length, at, wire, &end) > 0 && end == at + size);
	return at + size;
}

static void check_reply(const struct dns_query *query, const uint8_t *reply, size_t length)
{
	struct wire_reader reader = wire_reader(reply, length);
	size_t at = query->question_end;
	unsigned records = 0;

	require(length >= DNS_HEADER && wire_get_u16(&reader) == query->id);
	require(wire_get_u16(&reader) & DNS_FLAG_QR);
	require(wire_get_u16(&reader) == query->question);
	for (unsigned i = 0; i < 3; i++)
		records += wire_get_u16(&reader);
	require(!memcmp(reply + DNS_HEADER, query->bytes + DNS_HEADER, at - DNS_HEADER));
	while (records--)
		at = read_record(reply, length, at);
	require(at == length);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static uint8_t reply[DNS_MESSAGE_MAX], over[DNS_MESSAGE_MAX];
	static struct dns_scratch scratch;
	static const struct dns_server *server;
	struct dns_asker asker = { .now = 1767225600, .peer.family = AF_INET, .asked.family = AF_INET };
	size_t length, most = sizeof(reply);

	if (!server)
		server = make_server();
	if (!size || size > DNS_MESSAGE_MAX)
		return 0;
	asker.tcp = bytes[0] & 1;
	if (bytes[0] & 2)
		asker.peer.family = asker.asked.family = AF_INET6;
	asker.query = bytes + 1;
	asker.length = size - 1;
	length = dns_answer(server, &scratch, &asker, reply, sizeof(reply));
	if (!asker.tcp)
		most = scratch.query.edns.present ? DNS_UDP_DEFAULT : DNS_UDP_SIZE;
	require(length <= most && scratch.outcome.rcode < DNS_RCODES);
	require(length || scratch.outcome.silent || scratch.outcome.transfer);
	if (length)
		check_reply(&scratch.query, reply, length);
	else if (scratch.outcome.transfer)
		check_reply(&scratch.query, reply,
			    dns_refuse(&scratch, DNS_REFUSED, DNS_EDE_PROHIBITED, reply,
				       sizeof(reply)));
	memcpy(over, bytes + 1, size - 1);
	asker.query = over;
	if (length) {
		require(dns_answer(server, &scratch, &asker, over, sizeof(over)) == length);
		require(!memcmp(over, reply, length));
	}
	return 0;
}
