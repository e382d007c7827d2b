/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_FNV_H
#define MH_BASE_FNV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * FNV-1a, for tables of our own and for numbers that depend on a name alone; not against those who choose
 * what is hashed (base/digest.h). Begin with FNV_32 or FNV_64; what is hashed may come in parts.
 */
#define FNV_32 2166136261u
#define FNV_64 14695981039346656037ull

static inline uint32_t fnv_32(uint32_t hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 16777619u;
	return hash;
}

static inline uint64_t fnv_64(uint64_t hash, const void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ ((const uint8_t *)bytes)[i]) * 1099511628211ull;
	return hash;
}

static inline uint32_t fnv_32_text(const char *text)
{
	return fnv_32(FNV_32, text, strlen(text));
}

#endif
