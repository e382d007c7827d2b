/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What may be the source of an answer. IPv4 stands in the map as IPv4-mapped IPv6. */
#include "bpf/replies_internal.h"

#include "base/mem.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED_BITS = 96, MAPPED_BYTES = 12 };

static const uint8_t mapped[MAPPED_BYTES] = { [10] = 0xff, [11] = 0xff };

static struct replies_source_key key_of(const struct prefix *prefix)
{
	struct replies_source_key key = { .length = prefix->length };
	uint8_t *bytes = (uint8_t *)key.address;

	if (prefix->family == AF_INET6) {
		memcpy(bytes, prefix->bytes, sizeof(prefix->bytes));
		return key;
	}
	key.length += MAPPED_BITS;
	memcpy(bytes, mapped, sizeof(mapped));
	memcpy(bytes + MAPPED_BYTES, prefix->bytes, 4);
	return key;
}

static struct prefix prefix_of(const struct replies_source_key *key)
{
	const uint8_t *bytes = (const uint8_t *)key->address;
	struct prefix prefix = { .family = AF_INET6, .length = (uint8_t)key->length };

	if (key->length < MAPPED_BITS || memcmp(bytes, mapped, sizeof(mapped))) {
		memcpy(prefix.bytes, bytes, sizeof(prefix.bytes));
		return prefix;
	}
	prefix.family = AF_INET;
	prefix.length = (uint8_t)(key->length - MAPPED_BITS);
	memcpy(prefix.bytes, bytes + MAPPED_BYTES, 4);
	return prefix;
}

static int compare_sources(const void *a, const void *b)
{
	const struct replies_source *left = a, *right = b;

	return prefix_compare(&left->prefix, &right->prefix);
}

int replies_set_source(struct replies *replies, const struct replies_source *source)
{
	struct replies_source_key key = key_of(&source->prefix);
	uint32_t ours = source->ours;

	return bpf_map_update_elem(replies->maps[MAP_SOURCES], &key, &ours, BPF_ANY);
}

int replies_delete_source(struct replies *replies, const struct prefix *prefix)
{
	struct replies_source_key key = key_of(prefix);
	int code = bpf_map_delete_elem(replies->maps[MAP_SOURCES], &key);

	return code == -ENOENT ? 0 : code;
}

int replies_sources(struct replies *replies, struct replies_sources *ret_sources)
{
	int map = replies->maps[MAP_SOURCES];
	struct replies_source_key key, next;
	void *after = NULL;
	int code;

	ret_sources->count = 0;
	while (!(code = bpf_map_get_next_key(map, after, &next))) {
		uint32_t ours;

		key = next;
		after = &key;
		if (!bpf_map_lookup_elem(map, &key, &ours))
			*VEC_PUSH(ret_sources) = (struct replies_source){ prefix_of(&key), ours };
	}
	if (code != -ENOENT)
		return code;
	if (ret_sources->count)
		qsort(ret_sources->items, ret_sources->count, sizeof(*ret_sources->items),
		      compare_sources);
	return 0;
}
