/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_NET_WIRE_H
#define MH_NET_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The one way to read bytes from outside. A reader cannot run past its end: the first read that
 * would sets .broken, and from then on every read gives zeros. So a decoder reads straight on and
 * asks once, at the end, whether it all was there. Numbers are in network order.
 */
struct wire_reader {
	const uint8_t *at, *end;
	bool broken;
};

struct wire_reader wire_reader(const void *bytes, size_t length);
uint8_t wire_get_u8(struct wire_reader *reader);
uint16_t wire_get_u16(struct wire_reader *reader);
uint32_t wire_get_u32(struct wire_reader *reader);
uint64_t wire_get_u64(struct wire_reader *reader);
/* Copies @length bytes; zeros when they are not there. */
void wire_get_bytes(struct wire_reader *reader, void *bytes, size_t length);
/* The next @length bytes where they stand, or NULL. */
const void *wire_get_view(struct wire_reader *reader, size_t length);
size_t wire_left(const struct wire_reader *reader);
/* All was there, and nothing is left over. */
bool wire_done(const struct wire_reader *reader);

/* Its counterpart: writes into a buffer of fixed size; too much sets .broken and writes nothing. */
struct wire_writer {
	uint8_t *start, *at, *end;
	bool broken;
};

struct wire_writer wire_writer(void *buffer, size_t size);
void wire_put_u8(struct wire_writer *writer, uint8_t value);
void wire_put_u16(struct wire_writer *writer, uint16_t value);
void wire_put_u32(struct wire_writer *writer, uint32_t value);
void wire_put_u64(struct wire_writer *writer, uint64_t value);
void wire_put_bytes(struct wire_writer *writer, const void *bytes, size_t length);
size_t wire_written(const struct wire_writer *writer);

#endif
