/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/edns.h"
#include "dns/cookie.h"
#include "dns/type.h"

#define DO_BIT 0x8000
#define DNS_OPTION_HEAD 4
#define ZONEVERSION_SIZE 6

/* Returns whether the option is well-formed. */
static bool read_option(uint16_t option, const uint8_t *data, uint16_t length, struct edns *edns)
{
	switch (option) {
	case DNS_OPTION_NSID:
		edns->nsid = true;
		return true;
	case DNS_OPTION_EXPIRE:
		edns->expire = true;
		return true;
	case DNS_OPTION_KEEPALIVE:
		edns->keepalive = true;
		return length == 0;
	case DNS_OPTION_ZONEVERSION:
		edns->zoneversion = true;
		return length == 0;
	case DNS_OPTION_COOKIE:
		/* Of several the first one counts (RFC 7873, 5.2). */
		if (edns->cookie)
			return true;
		edns->cookie = data;
		edns->cookie_length = length <= COOKIE_MAX ? (uint8_t)length : 0;
		return length == COOKIE_CLIENT || (length >= 16 && length <= COOKIE_MAX);
	}
	return true;
}

static bool read_options(struct wire_reader *options, bool tcp, struct edns *edns)
{
	bool good = true;

	while (wire_left(options) && !options->broken) {
		uint16_t option = wire_get_u16(options), length = wire_get_u16(options);
		const uint8_t *data = wire_get_view(options, length);

		/* Keepalive over UDP is nothing, whatever it holds (RFC 7828, 3.2.1). */
		if (options->broken || (option == DNS_OPTION_KEEPALIVE && !tcp))
			continue;
		good = read_option(option, data, length, edns) && good;
	}
	return good && !options->broken;
}

enum dns_rcode edns_read(struct wire_reader *reader, bool tcp, struct edns *ret_edns)
{
	uint16_t udp_size = wire_get_u16(reader);
	uint32_t ttl = wire_get_u32(reader);
	uint16_t length = wire_get_u16(reader);
	const uint8_t *data = wire_get_view(reader, length);
	struct wire_reader options = wire_reader(data, data ? length : 0);

	*ret_edns = (struct edns){
		.present = true,
		.dnssec_ok = ttl & DO_BIT,
		.version = (uint8_t)(ttl >> 16),
		.udp_size = udp_size,
	};
	if (reader->broken)
		return DNS_FORMERR;
	/* What stands in an OPT of a later version is not for us to judge (RFC 6891, 6.1.3). */
	if (ret_edns->version > EDNS_VERSION)
		return DNS_BADVERS;
	if (read_options(&options, tcp, ret_edns))
		return DNS_NOERROR;
	if (ret_edns->cookie_length != COOKIE_CLIENT && ret_edns->cookie_length < 16)
		ret_edns->cookie = NULL;
	return DNS_FORMERR;
}

size_t edns_size(const struct edns_reply *reply)
{
	size_t size = EDNS_OPT_SIZE;

	if (reply->nsid)
		size += DNS_OPTION_HEAD + reply->nsid_length;
	if (reply->cookie)
		size += DNS_OPTION_HEAD + COOKIE_CLIENT + COOKIE_SERVER;
	if (reply->keepalive >= 0)
		size += DNS_OPTION_HEAD + 2;
	return size;
}

static void put_head(struct wire_writer *writer, enum edns_option option, size_t length)
{
	wire_put_u16(writer, (uint16_t)option);
	wire_put_u16(writer, (uint16_t)length);
}

/* Those that tell more, and that nobody misses where there is no room. */
static void put_extras(struct wire_writer *writer, const struct edns_reply *reply)
{
	if (reply->ede >= 0 && writer->end - writer->at >= DNS_OPTION_HEAD + 2) {
		put_head(writer, DNS_OPTION_EDE, 2);
		wire_put_u16(writer, (uint16_t)reply->ede);
	}
	if (reply->expire >= 0 && writer->end - writer->at >= DNS_OPTION_HEAD + 4) {
		put_head(writer, DNS_OPTION_EXPIRE, 4);
		wire_put_u32(writer, (uint32_t)reply->expire);
	}
	if (reply->zoneversion && writer->end - writer->at >= DNS_OPTION_HEAD + ZONEVERSION_SIZE) {
		put_head(writer, DNS_OPTION_ZONEVERSION, ZONEVERSION_SIZE);
		wire_put_bytes(writer, reply->zoneversion, ZONEVERSION_SIZE);
	}
}

void edns_put(struct wire_writer *writer, const struct edns_reply *reply)
{
	uint8_t *length_at;

	wire_put_u8(writer, 0);
	wire_put_u16(writer, DNS_OPT);
	wire_put_u16(writer, reply->udp_size);
	wire_put_u8(writer, (uint8_t)(reply->rcode >> 4));
	wire_put_u8(writer, EDNS_VERSION);
	wire_put_u16(writer, reply->dnssec_ok ? DO_BIT : 0);
	length_at = writer->at;
	wire_put_u16(writer, 0);
	if (reply->nsid) {
		put_head(writer, DNS_OPTION_NSID, reply->nsid_length);
		wire_put_bytes(writer, reply->nsid, reply->nsid_length);
	}
	if (reply->cookie) {
		put_head(writer, DNS_OPTION_COOKIE, COOKIE_CLIENT + COOKIE_SERVER);
		wire_put_bytes(writer, reply->cookie, COOKIE_CLIENT + COOKIE_SERVER);
	}
	if (reply->keepalive >= 0) {
		put_head(writer, DNS_OPTION_KEEPALIVE, 2);
		wire_put_u16(writer, (uint16_t)reply->keepalive);
	}
	put_extras(writer, reply);
	if (writer->broken)
		return;
	length_at[0] = (uint8_t)((writer->at - length_at - 2) >> 8);
	length_at[1] = (uint8_t)(writer->at - length_at - 2);
}
