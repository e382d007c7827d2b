/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/tsig.h"
#include "base/mem.h"
#include "base/text.h"
#include "dns/type.h"
#include "net/wire.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Names as they go into a message, and what computes them; in the order of enum tsig_algorithm. */
static const struct {
	const char *text;
	const char *wire;
	const EVP_MD *(*digest)(void);
	size_t size;
} algorithms[] = {
	{ "hmac-sha1", "\011hmac-sha1", EVP_sha1, 20 },
	{ "hmac-sha224", "\013hmac-sha224", EVP_sha224, 28 },
	{ "hmac-sha256", "\013hmac-sha256", EVP_sha256, 32 },
	{ "hmac-sha384", "\013hmac-sha384", EVP_sha384, 48 },
	{ "hmac-sha512", "\013hmac-sha512", EVP_sha512, 64 },
};

int tsig_algorithm_parse(const char *text, enum tsig_algorithm *ret_algorithm)
{
	size_t length = strlen(text);

	if (length && text[length - 1] == '.')
		length--;
	for (size_t i = 0; i < ARRAY_SIZE(algorithms); i++)
		if (length == strlen(algorithms[i].text) &&
		    !strncasecmp(text, algorithms[i].text, length)) {
			*ret_algorithm = (enum tsig_algorithm)i;
			return 0;
		}
	return -EINVAL;
}

const char *tsig_algorithm_text(enum tsig_algorithm algorithm)
{
	return algorithms[algorithm].text;
}

static const uint8_t *algorithm_wire(enum tsig_algorithm algorithm)
{
	return (const uint8_t *)algorithms[algorithm].wire;
}

int tsig_read(const uint8_t *message, size_t length, size_t offset, struct tsig *ret_tsig)
{
	struct tsig tsig = { .message = message, .offset = offset };
	struct wire_reader reader;
	uint8_t name[NAME_SIZE];
	size_t at;

	if (length < 12 || !name_expand(message, length, offset, name, &at))
		return -EBADMSG;
	name_lower(name, tsig.name);
	reader = wire_reader(message + at, length - at);
	uint16_t type = wire_get_u16(&reader), class = wire_get_u16(&reader);
	uint32_t ttl = wire_get_u32(&reader);

	if (type != DNS_TSIG || class != DNS_ANY_CLASS || ttl ||
	    wire_get_u16(&reader) != wire_left(&reader))
		return -EBADMSG;
	/* RFC 3597, 4: names of newer types are not compressed. */
	struct dns_name algorithm;

	if (!name_read(&algorithm, reader.at, wire_left(&reader)))
		return -EBADMSG;
	wire_get_view(&reader, algorithm.length);
	memcpy(tsig.algorithm, algorithm.wire, algorithm.length);
	tsig.time = (uint64_t)wire_get_u16(&reader) << 32;
	tsig.time |= wire_get_u32(&reader);
	tsig.fudge = wire_get_u16(&reader);
	tsig.mac_size = wire_get_u16(&reader);
	tsig.mac = wire_get_view(&reader, tsig.mac_size);
	tsig.original_id = wire_get_u16(&reader);
	tsig.error = wire_get_u16(&reader);
	tsig.other_size = wire_get_u16(&reader);
	tsig.other = wire_get_view(&reader, tsig.other_size);
	if (!wire_done(&reader))
		return -EBADMSG;
	*ret_tsig = tsig;
	return 0;
}

static void append_u16(struct text *text, uint16_t value)
{
	uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

	text_append(text, bytes, sizeof(bytes));
}

static void append_time(struct text *text, uint64_t time)
{
	append_u16(text, (uint16_t)(time >> 32));
	append_u16(text, (uint16_t)(time >> 16));
	append_u16(text, (uint16_t)time);
}

/* What was signed before (RFC 8945, 5.3). */
static void append_before(struct text *text, const struct tsig_session *session)
{
	if (!session->mac_size)
		return;
	append_u16(text, (uint16_t)session->mac_size);
	text_append(text, session->mac, session->mac_size);
}

/*
 * The message without its TSIG and as if it never had one, under the identifier that its sender
 * gave it.
 */
static void append_message(struct text *text, const uint8_t *message, size_t length,
			   uint16_t original_id, unsigned more)
{
	uint16_t additional = (uint16_t)((message[10] << 8 | message[11]) - more);

	append_u16(text, original_id);
	text_append(text, message + 2, 8);
	append_u16(text, additional);
	text_append(text, message + 12, length - 12);
}

/*
 * The fields of a TSIG that are signed along: all of them at first, then the time alone (RFC 8945,
 * 5.3.1).
 */
static void append_fields(struct text *text, const struct tsig *tsig, bool further)
{
	if (further) {
		append_time(text, tsig->time);
		append_u16(text, tsig->fudge);
		return;
	}
	text_append(text, tsig->name, name_length(tsig->name));
	append_u16(text, DNS_ANY_CLASS);
	append_u16(text, 0);
	append_u16(text, 0);
	text_append(text, tsig->algorithm, name_length(tsig->algorithm));
	append_time(text, tsig->time);
	append_u16(text, tsig->fudge);
	append_u16(text, tsig->error);
	append_u16(text, tsig->other_size);
	text_append(text, tsig->other, tsig->other_size);
}

static void compute(const struct tsig_key *key, const struct text *text,
		    uint8_t ret_mac[TSIG_MAC_SIZE])
{
	unsigned size = TSIG_MAC_SIZE;

	HMAC(algorithms[key->algorithm].digest(), key->secret, (int)key->secret_length,
	     (const uint8_t *)text->data, text->length, ret_mac, &size);
}

/*
 * Judges the signature, then the time (RFC 8945, 5.2): nobody learns of our clock without the
 * secret.
 */
static unsigned judge(const struct tsig *tsig, const struct tsig_session *session, uint64_t now)
{
	size_t size = algorithms[session->key->algorithm].size;
	uint8_t mac[TSIG_MAC_SIZE];
	AUTO_TEXT text = { 0 };

	if (tsig->mac_size > size || tsig->mac_size < 10 || tsig->mac_size < size / 2)
		return TSIG_FORMERR;
	append_before(&text, session);
	append_message(&text, tsig->message, tsig->offset, tsig->original_id, 1);
	append_fields(&text, tsig, session->further);
	compute(session->key, &text, mac);
	if (CRYPTO_memcmp(mac, tsig->mac, tsig->mac_size) != 0)
		return TSIG_BADSIG;
	if ((now > tsig->time ? now - tsig->time : tsig->time - now) > tsig->fudge)
		return TSIG_BADTIME;
	return tsig->mac_size < size ? TSIG_BADTRUNC : 0;
}

static void keep_mac(struct tsig_session *session, const uint8_t *mac, size_t size)
{
	memcpy(session->mac, mac, size);
	session->mac_size = size;
}

unsigned tsig_verify(const struct tsig *tsig, const struct tsig_key *const *keys, size_t count,
		     uint64_t now, struct tsig_session *ret_session)
{
	struct tsig_session *session = ret_session;

	*session = (struct tsig_session){ .asked = true, .time = tsig->time };
	memcpy(session->name, tsig->name, name_length(tsig->name));
	memcpy(session->algorithm, tsig->algorithm, name_length(tsig->algorithm));
	session->error = TSIG_BADKEY;
	for (size_t i = 0; i < count && !session->key; i++)
		if (name_equal(keys[i]->name, tsig->name) &&
		    name_equal(algorithm_wire(keys[i]->algorithm), tsig->algorithm))
			session->key = keys[i];
	if (!session->key)
		return session->error;
	session->error = (uint16_t)judge(tsig, session, now);
	if (session->error == TSIG_BADSIG || session->error == TSIG_FORMERR)
		session->key = NULL;
	else
		keep_mac(session, tsig->mac, tsig->mac_size);
	return session->error;
}

void tsig_ask(const struct tsig_key *key, struct tsig_session *ret_session)
{
	const uint8_t *algorithm = algorithm_wire(key->algorithm);

	*ret_session = (struct tsig_session){ .key = key };
	memcpy(ret_session->name, key->name, name_length(key->name));
	memcpy(ret_session->algorithm, algorithm, name_length(algorithm));
}

unsigned tsig_verify_answer(const struct tsig *tsig, struct tsig_session *session, uint64_t now)
{
	unsigned error;

	if (!name_equal(tsig->name, session->name) ||
	    !name_equal(tsig->algorithm, session->algorithm))
		return TSIG_BADKEY;
	error = judge(tsig, session, now);
	if (error)
		return error;
	keep_mac(session, tsig->mac, tsig->mac_size);
	session->further = true;
	return tsig->error;
}

static size_t other_size(const struct tsig_session *session)
{
	return session->error == TSIG_BADTIME ? 6 : 0;
}

size_t tsig_size(const struct tsig_session *session)
{
	size_t mac_size = session->key ? algorithms[session->key->algorithm].size : 0;

	return name_length(session->name) + 10 + name_length(session->algorithm) + 16 + mac_size +
	       other_size(session);
}

static void put_tsig(struct wire_writer *writer, const struct tsig *tsig)
{
	size_t algorithm = name_length(tsig->algorithm);

	wire_put_bytes(writer, tsig->name, name_length(tsig->name));
	wire_put_u16(writer, DNS_TSIG);
	wire_put_u16(writer, DNS_ANY_CLASS);
	wire_put_u32(writer, 0);
	wire_put_u16(writer, (uint16_t)(algorithm + 16 + tsig->mac_size + tsig->other_size));
	wire_put_bytes(writer, tsig->algorithm, algorithm);
	wire_put_u16(writer, (uint16_t)(tsig->time >> 32));
	wire_put_u32(writer, (uint32_t)tsig->time);
	wire_put_u16(writer, tsig->fudge);
	wire_put_u16(writer, tsig->mac_size);
	wire_put_bytes(writer, tsig->mac, tsig->mac_size);
	wire_put_u16(writer, tsig->original_id);
	wire_put_u16(writer, tsig->error);
	wire_put_u16(writer, tsig->other_size);
	wire_put_bytes(writer, tsig->other, tsig->other_size);
}

size_t tsig_sign(struct tsig_session *session, uint64_t now, uint8_t *message, size_t length,
		 size_t room)
{
	uint8_t other[6] = { (uint8_t)(now >> 40), (uint8_t)(now >> 32), (uint8_t)(now >> 24),
			     (uint8_t)(now >> 16), (uint8_t)(now >> 8),	 (uint8_t)now };
	uint8_t mac[TSIG_MAC_SIZE];
	struct tsig tsig = { .time = now,
			     .fudge = TSIG_FUDGE,
			     .original_id = (uint16_t)(message[0] << 8 | message[1]),
			     .error = session->error,
			     .other = other,
			     .other_size = (uint16_t)other_size(session) };
	struct wire_writer writer = wire_writer(message + length, room - length);
	unsigned additional = (unsigned)(message[10] << 8 | message[11]) + 1;

	if (length < 12 || room - length < tsig_size(session) || additional > UINT16_MAX)
		return 0;
	memcpy(tsig.name, session->name, name_length(session->name));
	memcpy(tsig.algorithm, session->algorithm, name_length(session->algorithm));
	/* So the asker sees its own time confirmed, and ours beside it (RFC 8945, 5.2.3). */
	if (session->error == TSIG_BADTIME)
		tsig.time = session->time;
	if (session->key) {
		AUTO_TEXT text = { 0 };

		append_before(&text, session);
		append_message(&text, message, length, tsig.original_id, 0);
		append_fields(&text, &tsig, session->further);
		compute(session->key, &text, mac);
		tsig.mac = mac;
		tsig.mac_size = (uint16_t)algorithms[session->key->algorithm].size;
		keep_mac(session, mac, tsig.mac_size);
		session->further = session->asked;
	}
	put_tsig(&writer, &tsig);
	message[10] = (uint8_t)(additional >> 8);
	message[11] = (uint8_t)additional;
	return length + wire_written(&writer);
}
