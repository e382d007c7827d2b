/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The lowest floor in one target; the first byte chooses:
 * the text of addresses and prefixes (what is printed is read back as the same), the reader of bytes
 * (never past its end), and the longest-prefix table against a walk over all prefixes.
 */
#include "net/address.h"
#include "net/lpm.h"
#include "net/wire.h"

#include <stdlib.h>
#include <string.h>

#define ENTRIES 64

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

static void fuzz_text(const uint8_t *bytes, size_t size)
{
	char text[256], printed[ADDRESS_TEXT_SIZE];
	struct address address, address_again;
	struct prefix prefix, again, clean;

	if (size >= sizeof(text))
		size = sizeof(text) - 1;
	memcpy(text, bytes, size);
	text[size] = '\0';
	if (address_parse(text, &address) == 0) {
		require(address_parse(address_text(&address, printed), &address_again) == 0);
		require(address_equal(&address, &address_again));
	}
	if (prefix_parse(text, &prefix) < 0)
		return;
	require(prefix_parse(prefix_text(&prefix, printed), &again) == 0);
	require(prefix_compare(&prefix, &again) == 0);
	clean = prefix_clean(&prefix);
	require(prefix_is_clean(&clean) && prefix_covers(&prefix, &clean) &&
		prefix_covers(&clean, &prefix));
}

static void fuzz_reader(const uint8_t *bytes, size_t size)
{
	struct wire_reader script = wire_reader(bytes, size), reader = script;
	uint8_t copy[64];

	while (wire_left(&script) && !reader.broken) {
		size_t left = wire_left(&reader);
		uint8_t step = wire_get_u8(&script);

		switch (step % 6) {
		case 0:
			wire_get_u8(&reader);
			break;
		case 1:
			wire_get_u16(&reader);
			break;
		case 2:
			wire_get_u32(&reader);
			break;
		case 3:
			wire_get_u64(&reader);
			break;
		case 4:
			wire_get_bytes(&reader, copy, step % sizeof(copy));
			break;
		case 5:
			wire_get_view(&reader, step);
			break;
		}
		require(wire_left(&reader) <= left);
	}
}

static struct prefix prefix_get(struct wire_reader *reader)
{
	struct prefix prefix = { .family = wire_get_u8(reader) % 2 ? AF_INET6 : AF_INET };

	prefix.length = (uint8_t)(wire_get_u8(reader) % (address_bits(prefix.family) + 1));
	wire_get_bytes(reader, prefix.bytes, address_size(prefix.family));
	return prefix;
}

static void fuzz_table(const uint8_t *bytes, size_t size)
{
	struct wire_reader reader = wire_reader(bytes, size);
	struct lpm_entry entries[ENTRIES];
	const struct lpm_entry *found, *expected = NULL;
	struct prefix asked = prefix_get(&reader);
	struct address address = prefix_address(&asked);
	struct lpm *lpm;
	size_t count = 0;

	for (; count < ENTRIES && wire_left(&reader); count++) {
		struct prefix prefix = prefix_get(&reader);

		entries[count] = (struct lpm_entry){ prefix_clean(&prefix), (uint32_t)count };
	}
	for (size_t i = 0; i < count; i++)
		if (entries[i].prefix.length <= asked.length &&
		    prefix_holds(&entries[i].prefix, &address) &&
		    (!expected || entries[i].prefix.length > expected->prefix.length))
			expected = &entries[i];
	lpm = lpm_new(entries, count);
	found = lpm_find_within(lpm, &address, asked.length);
	require(!found == !expected && (!found || found->value == expected->value));
	lpm_free(lpm);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static void (*const targets[])(const uint8_t *bytes,
				       size_t size) = { fuzz_text, fuzz_reader, fuzz_table };

	if (size)
		targets[bytes[0] % 3](bytes + 1, size - 1);
	return 0;
}
