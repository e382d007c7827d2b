/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is written may be constant: nothing is written back to it. */
#include "feature/code.h"

#include <string.h>
#include <sys/socket.h>

static void code_number(struct codec *codec, uint64_t *value, unsigned size)
{
	uint8_t bytes[8];

	if (!codec->out) {
		*value = 0;
		for (unsigned i = 0; i < size; i++)
			*value = *value << 8 | wire_get_u8(&codec->in);
		return;
	}
	for (unsigned i = 0; i < size; i++)
		bytes[i] = (uint8_t)(*value >> 8 * (size - 1 - i));
	text_append(codec->out, bytes, size);
}

void code_u8(struct codec *codec, uint8_t *value)
{
	uint64_t wide = *value;

	code_number(codec, &wide, 1);
	if (!codec->out)
		*value = (uint8_t)wide;
}

void code_u16(struct codec *codec, uint16_t *value)
{
	uint64_t wide = *value;

	code_number(codec, &wide, 2);
	if (!codec->out)
		*value = (uint16_t)wide;
}

void code_u32(struct codec *codec, uint32_t *value)
{
	uint64_t wide = *value;

	code_number(codec, &wide, 4);
	if (!codec->out)
		*value = (uint32_t)wide;
}

void code_u64(struct codec *codec, uint64_t *value)
{
	code_number(codec, value, 8);
}

void code_bool(struct codec *codec, bool *value)
{
	uint8_t byte = *value;

	code_u8(codec, &byte);
	if (codec->out)
		return;
	codec->in.broken = codec->in.broken || byte > 1;
	*value = byte;
}

/* As many as the array has: it lies within the struct. */
void code_fixed(struct codec *codec, void *bytes, size_t length)
{
	if (codec->out)
		text_append(codec->out, bytes, length);
	else
		wire_get_bytes(&codec->in, bytes, length);
}

void code_bytes(struct codec *codec, const uint8_t **bytes, uint32_t *length)
{
	const void *view;

	code_u32(codec, length);
	if (codec->out) {
		text_append(codec->out, *bytes, *length);
		return;
	}
	view = wire_get_view(&codec->in, *length);
	if (!view)
		*length = 0;
	*bytes = (const uint8_t *)arena_copy(codec->arena, view ? view : "", *length);
}

void code_string(struct codec *codec, const char **value)
{
	const uint8_t *bytes = (const uint8_t *)(*value ? *value : "");
	uint32_t length = codec->out ? (uint32_t)strlen((const char *)bytes) : 0;

	code_bytes(codec, &bytes, &length);
	if (codec->out)
		return;
	*value = (const char *)bytes;
	if (strlen(*value) != length)
		codec->in.broken = true;
}

void code_array(struct codec *codec, void *items, uint32_t *count, size_t size, codec_fn *fn)
{
	char *first;

	code_u32(codec, count);
	if (!codec->out) {
		/* Each item takes a byte at least. */
		if (codec->in.broken || *count > wire_left(&codec->in)) {
			codec->in.broken = true;
			*count = 0;
		}
		first = arena_alloc(codec->arena, *count * size + 1);
		memcpy(items, &first, sizeof(first));
	}
	memcpy(&first, items, sizeof(first));
	for (uint32_t i = 0; i < *count && !codec->in.broken; i++)
		fn(codec, first + i * size);
}

void code_address(struct codec *codec, struct address *address)
{
	static const struct address none;
	uint8_t family = address->family == AF_INET ? 4 : address->family == AF_INET6 ? 6 : 0;

	code_u8(codec, &family);
	code_fixed(codec, address->bytes, sizeof(address->bytes));
	if (codec->out)
		return;
	address->family = family == 4 ? AF_INET : family == 6 ? AF_INET6 : 0;
	if ((family && !address->family) ||
	    memcmp(address->bytes + address_size(address->family), none.bytes,
		   sizeof(address->bytes) - address_size(address->family)) != 0)
		codec->in.broken = true;
}

void code_prefix(struct codec *codec, void *item)
{
	struct prefix *prefix = item;
	struct address address = prefix_address(prefix);

	code_address(codec, &address);
	code_u8(codec, &prefix->length);
	if (codec->out)
		return;
	prefix->family = address.family;
	memcpy(prefix->bytes, address.bytes, sizeof(prefix->bytes));
	if (prefix->length > address_bits(prefix->family) ||
	    (prefix->family && !prefix_is_clean(prefix)))
		codec->in.broken = true;
}
