/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/name.h"

#include <errno.h>
#include <string.h>

/* Compression pointers, and how their two bytes are told from a length (RFC 1035, 4.1.4). */
#define POINTER 0xc0

#define ALL_BYTES(value) (UINT64_C(0x0101010101010101) * (value))

/*
 * Eight bytes in lower case at once. Adding to the low seven bits of each byte carries into the
 * eighth where the letter is at least 'A', and again where it is beyond 'Z'; bytes of 128 and more
 * are no letters. Lengths of labels are below 'A', so that a name can be taken as a whole.
 */
static uint64_t lower_eight(uint64_t bytes)
{
	uint64_t low = bytes & ALL_BYTES(0x7f);
	uint64_t from_a = low + ALL_BYTES(0x80 - 'A');
	uint64_t beyond_z = low + ALL_BYTES(0x80 - 'Z' - 1);
	uint64_t letters = (from_a ^ beyond_z) & ~bytes & ALL_BYTES(0x80);

	return bytes | letters >> 2;
}

static uint8_t lower_one(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
}

static uint64_t load_eight(const uint8_t *bytes)
{
	uint64_t value;

	memcpy(&value, bytes, sizeof(value));
	return value;
}

/* The 128 bits of a product, folded: each bit of the result depends on all that went in. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t name_hash(uint64_t above, const uint8_t *label)
{
	uint64_t hash = above;
	size_t left = (size_t)*label + 1;

	for (; left > 8; left -= 8, label += 8)
		hash = mix(hash ^ load_eight(label), UINT64_C(0x9fb21c651e98df25));
	uint64_t last = load_eight(label);

	/* What follows the label is not its own: the low bytes come first only on some machines. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	last &= ~UINT64_C(0) >> (64 - 8 * left);
#else
	last &= ~UINT64_C(0) << (64 - 8 * left);
#endif
	return mix(hash ^ last, UINT64_C(0xa0761d6478bd642f));
}

/* From the root down, so that the hash of each name above is had on the way. */
static void hash_suffixes(struct dns_name *name)
{
	uint64_t hash = UINT64_C(0xe7037ed1a0b428db);

	name->hashes[name->labels] = hash;
	for (unsigned i = name->labels; i > 0; i--) {
		hash = name_hash(hash, name->wire + name->starts[i - 1]);
		name->hashes[i - 1] = hash;
	}
}

size_t name_read(struct dns_name *ret_name, const void *bytes, size_t length)
{
	const uint8_t *from = bytes;
	size_t at = 0;
	unsigned labels = 0;

	if (length > NAME_SIZE)
		length = NAME_SIZE;
	for (;;) {
		if (at >= length || from[at] > NAME_LABEL_SIZE)
			return 0;
		ret_name->starts[labels] = (uint8_t)at;
		if (!from[at])
			break;
		at += from[at] + 1u;
		labels++;
	}
	at++;
	memcpy(ret_name->wire, from, at);
	memset(ret_name->wire + at, 0, 8);
	for (size_t i = 0; i < at; i += 8) {
		uint64_t eight = lower_eight(load_eight(ret_name->wire + i));

		memcpy(ret_name->wire + i, &eight, sizeof(eight));
	}
	ret_name->length = (uint8_t)at;
	ret_name->labels = (uint8_t)labels;
	hash_suffixes(ret_name);
	return at;
}

size_t name_expand(const uint8_t *message, size_t length, size_t offset,
		   uint8_t ret_wire[NAME_SIZE], size_t *ret_end)
{
	size_t written = 0, end = 0, before = offset;

	for (;;) {
		if (offset >= length)
			return 0;
		uint8_t size = message[offset];

		if ((size & POINTER) == POINTER) {
			if (offset + 1 >= length)
				return 0;
			if (!end)
				end = offset + 2;
			offset = (size_t)(size & ~POINTER) << 8 | message[offset + 1];
			/* Only backwards, so it ends. */
			if (offset >= before)
				return 0;
			before = offset;
			continue;
		}
		if (size > NAME_LABEL_SIZE || offset + size >= length ||
		    written + size + 1 > NAME_SIZE)
			return 0;
		memcpy(ret_wire + written, message + offset, size + 1u);
		written += size + 1u;
		offset += size + 1u;
		if (!size)
			break;
	}
	*ret_end = end ? end : offset;
	return written;
}

/* One character of text, perhaps escaped. Returns where the text goes on, or NULL. */
static const char *parse_character(const char *text, uint8_t *ret_byte)
{
	unsigned value = 0;

	if (*text != '\\') {
		*ret_byte = (uint8_t)*text;
		return text + 1;
	}
	text++;
	if (!*text)
		return NULL;
	if (*text < '0' || *text > '9') {
		*ret_byte = (uint8_t)*text;
		return text + 1;
	}
	for (int i = 0; i < 3; i++, text++) {
		if (*text < '0' || *text > '9')
			return NULL;
		value = value * 10 + (unsigned)(*text - '0');
	}
	if (value > 255)
		return NULL;
	*ret_byte = (uint8_t)value;
	return text;
}

int name_parse(const char *text, struct dns_name *ret_name)
{
	uint8_t wire[NAME_SIZE];
	size_t at = 1, label = 0;

	if (!*text)
		return -EINVAL;
	if (!strcmp(text, "."))
		text++;
	while (*text) {
		if (at >= NAME_SIZE)
			return -EINVAL;
		if (*text == '.') {
			if (at == label + 1)
				return -EINVAL;
			wire[label] = (uint8_t)(at - label - 1);
			label = at++;
			text++;
			continue;
		}
		if (at - label > NAME_LABEL_SIZE)
			return -EINVAL;
		text = parse_character(text, &wire[at++]);
		if (!text)
			return -EINVAL;
	}
	/* Without the dot at the end a label is still open. */
	if (at > label + 1) {
		wire[label] = (uint8_t)(at - label - 1);
		label = at++;
	}
	if (at > NAME_SIZE)
		return -EINVAL;
	wire[label] = 0;
	return name_read(ret_name, wire, at) ? 0 : -EINVAL;
}

static char *put_character(char *to, uint8_t byte)
{
	if (byte <= ' ' || byte >= 0x7f) {
		*to++ = '\\';
		*to++ = (char)('0' + byte / 100);
		*to++ = (char)('0' + byte / 10 % 10);
		*to++ = (char)('0' + byte % 10);
		return to;
	}
	if (strchr(".\\\"();@$", byte))
		*to++ = '\\';
	*to++ = (char)byte;
	return to;
}

const char *name_text(const uint8_t *wire, char buffer[NAME_TEXT_SIZE])
{
	char *to = buffer;

	if (!*wire)
		*to++ = '.';
	while (*wire) {
		for (unsigned i = 1; i <= *wire; i++)
			to = put_character(to, wire[i]);
		*to++ = '.';
		wire += *wire + 1;
	}
	*to = '\0';
	return buffer;
}

size_t name_length(const uint8_t *wire)
{
	size_t at = 0;

	while (wire[at])
		at += wire[at] + 1u;
	return at + 1;
}

unsigned name_labels(const uint8_t *wire)
{
	unsigned labels = 0;

	for (; *wire; wire += *wire + 1)
		labels++;
	return labels;
}

size_t name_lower(const uint8_t *wire, uint8_t *ret_wire)
{
	size_t length = name_length(wire);

	for (size_t i = 0; i < length; i++)
		ret_wire[i] = lower_one(wire[i]);
	return length;
}

bool name_equal(const uint8_t *a, const uint8_t *b)
{
	size_t length = name_length(a);

	for (size_t i = 0; i < length; i++)
		if (lower_one(a[i]) != lower_one(b[i]))
			return false;
	return true;
}

bool name_within(const uint8_t *name, const uint8_t *above)
{
	unsigned deep = name_labels(name), high = name_labels(above);

	for (; deep > high; deep--)
		name += *name + 1;
	return deep == high && name_equal(name, above);
}

static int compare_labels(const uint8_t *a, const uint8_t *b)
{
	unsigned shorter = *a < *b ? *a : *b;

	for (unsigned i = 1; i <= shorter; i++) {
		int difference = lower_one(a[i]) - lower_one(b[i]);

		if (difference)
			return difference;
	}
	return *a - *b;
}

static unsigned label_starts(const uint8_t *wire, uint8_t ret_starts[NAME_LABELS])
{
	unsigned labels = 0;

	for (size_t at = 0; wire[at]; at += wire[at] + 1u)
		ret_starts[labels++] = (uint8_t)at;
	return labels;
}

int name_compare(const uint8_t *a, const uint8_t *b)
{
	uint8_t starts_a[NAME_LABELS], starts_b[NAME_LABELS];
	unsigned left_a = label_starts(a, starts_a), left_b = label_starts(b, starts_b);

	while (left_a && left_b) {
		int difference = compare_labels(a + starts_a[--left_a], b + starts_b[--left_b]);

		if (difference)
			return difference;
	}
	return (int)left_a - (int)left_b;
}
