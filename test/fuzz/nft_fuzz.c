/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What nftables tells of a table, as raw bytes: messages of any kind make a dump, and the dump
 * objects. Those that are as we would write them are written, and are read back as the same.
 */
#include "host/nft_table.h"

#include "host/kind.h"
#include "io/netlink.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void require(bool truth)
{
	if (!truth)
		abort();
}

/* Only what we would write can be written: no aliens, each key once. */
static void keep_intact(const struct nft_entries *read, struct nft_entries *ret_entries)
{
	for (size_t i = 0; i < read->count; i++) {
		const struct nft_entry *entry = &read->items[i];
		size_t count = ret_entries->count;

		if (entry->filter.altered ||
		    (count && kind_compare(&filter_kind, &ret_entries->items[count - 1].filter,
					   &entry->filter) == 0))
			continue;
		*VEC_PUSH(ret_entries) = *entry;
	}
}

static void write_again(const struct nft_dump *dump, const struct nft_entries *entries)
{
	struct nft_batch batch;

	nft_batch_make(dump, entries, &batch);
	require(batch.owners.count >= 2);
	for (size_t i = 0; i < batch.owners.count; i++)
		require(batch.owners.items[i].first + batch.owners.items[i].count <= entries->count);
	nft_batch_free(&batch);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct nft_entries entries = { 0 }, intact = { 0 };
	const struct nlmsghdr *message;
	char *copy = malloc(size + 1);
	struct nft_dump dump = { 0 };
	const char *at = copy;

	memcpy(copy, bytes, size);
	while ((message = netlink_next(&at, &size)))
		nft_dump_take(&dump, message);
	nft_read(&dump, &entries);
	for (size_t i = 1; i < entries.count; i++)
		require(kind_compare(&filter_kind, &entries.items[i - 1].filter,
				     &entries.items[i].filter) <= 0);
	keep_intact(&entries, &intact);
	write_again(&dump, &intact);
	nft_dump_free(&dump);
	VEC_FREE(&entries);
	VEC_FREE(&intact);
	free(copy);
	return 0;
}
