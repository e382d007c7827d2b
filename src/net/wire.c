/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "net/wire.h"

#include <string.h>

struct wire_reader wire_reader(const void *bytes, size_t length)
{
	/* No bytes may well be no address, and adding to that is undefined, even nothing. */
	return (struct wire_reader){ .at = bytes,
				     .end = length ? (const uint8_t *)bytes + length : bytes };
}

const void *wire_get_view(struct wire_reader *reader, size_t length)
{
	const void *view = reader->at;

	if (reader->broken || wire_left(reader) < length) {
		reader->broken = true;
		return NULL;
	}
	if (length)
		reader->at += length;
	return view;
}

void wire_get_bytes(struct wire_reader *reader, void *bytes, size_t length)
{
	const void *view = wire_get_view(reader, length);

	if (view)
		memcpy(bytes, view, length);
	else
		memset(bytes, 0, length);
}

static uint64_t wire_get(struct wire_reader *reader, size_t size)
{
	const uint8_t *view = wire_get_view(reader, size);
	uint64_t value = 0;

	for (size_t i = 0; view && i < size; i++)
		value = value << 8 | view[i];
	return value;
}

uint8_t wire_get_u8(struct wire_reader *reader)
{
	return (uint8_t)wire_get(reader, 1);
}

uint16_t wire_get_u16(struct wire_reader *reader)
{
	return (uint16_t)wire_get(reader, 2);
}

uint32_t wire_get_u32(struct wire_reader *reader)
{
	return (uint32_t)wire_get(reader, 4);
}

uint64_t wire_get_u64(struct wire_reader *reader)
{
	return wire_get(reader, 8);
}

size_t wire_left(const struct wire_reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

bool wire_done(const struct wire_reader *reader)
{
	return !reader->broken && reader->at == reader->end;
}

struct wire_writer wire_writer(void *buffer, size_t size)
{
	return (struct wire_writer){ .start = buffer,
				     .at = buffer,
				     .end = size ? (uint8_t *)buffer + size : buffer };
}

void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length)
{
	if (writer->broken || (size_t)(writer->end - writer->at) < length) {
		writer->broken = true;
		return;
	}
	if (!length)
		return;
	memcpy(writer->at, bytes, length);
	writer->at += length;
}

static void wire_put(struct wire_writer *writer, uint64_t value, size_t size)
{
	uint8_t bytes[8];

	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	wire_put_bytes(writer, bytes, size);
}

void wire_put_u8(struct wire_writer *writer, uint8_t value)
{
	wire_put(writer, value, 1);
}

void wire_put_u16(struct wire_writer *writer, uint16_t value)
{
	wire_put(writer, value, 2);
}

void wire_put_u32(struct wire_writer *writer, uint32_t value)
{
	wire_put(writer, value, 4);
}

void wire_put_u64(struct wire_writer *writer, uint64_t value)
{
	wire_put(writer, value, 8);
}

size_t wire_written(const struct wire_writer *writer)
{
	return (size_t)(writer->at - writer->start);
}
