/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CODE_H
#define MH_FEATURE_CODE_H

#include "base/arena.h"
#include "base/text.h"
#include "net/address.h"
#include "net/wire.h"

/*
 * One description for both directions: each field is named once, and written or read as the codec
 * says, so that the two cannot differ. What is malformed sets .in.broken.
 *
 * Numbers are in network order; a string or bytes: u32 length, bytes; an array: u32 count, items.
 */
struct codec {
	struct text *out; /* NULL: reading */
	struct wire_reader in;
	struct arena *arena; /* what was read lives there */
};

typedef void codec_fn(struct codec *codec, void *item);

void code_u8(struct codec *codec, uint8_t *value);
void code_u16(struct codec *codec, uint16_t *value);
void code_u32(struct codec *codec, uint32_t *value);
void code_u64(struct codec *codec, uint64_t *value);
void code_bool(struct codec *codec, bool *value);
/* As many as the array has: it lies within the struct. */
void code_fixed(struct codec *codec, void *bytes, size_t length);
void code_bytes(struct codec *codec, const uint8_t **bytes, uint32_t *length);
void code_string(struct codec *codec, const char **value); /* NULL is "" */
/* @items is the address of a pointer to the first of them. */
void code_array(struct codec *codec, void *items, uint32_t *count, size_t size, codec_fn *fn);
void code_address(struct codec *codec, struct address *address); /* family 0 = none */
void code_prefix(struct codec *codec, void *item);

#endif
