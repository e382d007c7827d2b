/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the programs counted and saw. */
#include "bpf/neighbours_internal.h"

#include "base/mem.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { AT_ONCE = 4096, TOKEN_SIZE = 64 };

/*
 * Asked for key after key, a table that others change begins anew where the last key is gone, and so
 * may never end. Many at a time it does, and costs less.
 */
int neighbours_each(int map, size_t key_size, size_t value_size,
		    void (*fn)(void *data, const void *key, const void *value), void *data)
{
	AUTO_MEM char *keys = mem_alloc(AT_ONCE * key_size),
		      *values = mem_alloc(AT_ONCE * value_size);
	char token[TOKEN_SIZE];
	void *after = NULL;
	int code;

	do {
		uint32_t count = AT_ONCE;

		code = bpf_map_lookup_batch(map, after, token, keys, values, &count, NULL);
		if (code && code != -ENOENT)
			return code;
		for (uint32_t i = 0; i < count; i++)
			fn(data, keys + i * key_size, values + i * value_size);
		after = token;
	} while (!code);
	return 0;
}

static int compare_counts(const void *a, const void *b)
{
	const struct neighbours_count *left = a, *right = b;

	if (left->link != right->link)
		return left->link < right->link ? -1 : 1;
	return (left->owner > right->owner) - (left->owner < right->owner);
}

static void add(struct neighbours_count *sum, const uint64_t *counters)
{
	sum->asked += counters[COUNT_ASKED];
	sum->answered += counters[COUNT_ANSWERED];
	sum->silent += counters[COUNT_SILENT];
	sum->spoofed += counters[COUNT_SPOOFED];
	sum->malformed += counters[COUNT_MALFORMED];
}

/* A link comes first of its rows, and gets all of them. */
static void sum_links(struct neighbours_counts *counts)
{
	struct neighbours_count *link = NULL;

	for (size_t i = 0; i < counts->count; i++) {
		const struct neighbours_count *row = &counts->items[i];
		uint64_t counters[COUNTERS] = { row->asked, row->answered, row->silent,
						row->spoofed, row->malformed };

		if (!row->owner)
			link = &counts->items[i];
		else if (link && link->link == row->link)
			add(link, counters);
	}
}

struct count_list {
	struct neighbours_counts *counts;
	int processors;
};

static void list_count(void *data, const void *key_bytes, const void *value_bytes)
{
	const struct neighbours_counts_value *values = value_bytes;
	const struct neighbours_counts_key *key = key_bytes;
	const struct count_list *list = data;
	struct neighbours_count *row = VEC_PUSH(list->counts);

	*row = (struct neighbours_count){ .link = key->link, .owner = key->owner };
	for (int i = 0; i < list->processors; i++)
		add(row, (const uint64_t *)values[i].counters);
}

int neighbours_counts(struct neighbours *neighbours, struct neighbours_counts *ret_counts)
{
	struct count_list list = { ret_counts, libbpf_num_possible_cpus() };
	int code;

	if (list.processors < 0)
		return list.processors;
	ret_counts->count = 0;
	code = neighbours_each(neighbours->maps[MAP_COUNTS], sizeof(struct neighbours_counts_key),
			       sizeof(struct neighbours_counts_value) * (size_t)list.processors,
			       list_count, &list);
	if (code)
		return code;
	if (ret_counts->count)
		qsort(ret_counts->items, ret_counts->count, sizeof(*ret_counts->items),
		      compare_counts);
	sum_links(ret_counts);
	return 0;
}

static int compare_claimants(const void *a, const void *b)
{
	const struct neighbours_claimant *left = a, *right = b;
	int order = (left->link > right->link) - (left->link < right->link);

	if (!order)
		order = address_compare(&left->address, &right->address);
	return order ? order : memcmp(left->mac, right->mac, sizeof(left->mac));
}

/* Nanoseconds since the boot are what the programs know. */
static time_t time_of(uint64_t then)
{
	struct timespec boot;
	uint64_t now;

	clock_gettime(CLOCK_BOOTTIME, &boot);
	now = (uint64_t)boot.tv_sec * 1000000000 + (uint64_t)boot.tv_nsec;
	return time(NULL) - (time_t)((now > then ? now - then : 0) / 1000000000);
}

static void list_claimant(void *data, const void *key_bytes, const void *value_bytes)
{
	const struct neighbours_claim_value *value = value_bytes;
	const struct neighbours_claim_key *key = key_bytes;
	struct neighbours_claimants *claimants = data;
	struct neighbours_claimant *claimant = VEC_PUSH(claimants);

	*claimant = (struct neighbours_claimant){ .link = key->link,
						  .address = neighbours_address_out(&key->address),
						  .first = time_of(value->first),
						  .last = time_of(value->last),
						  .count = value->count };
	memcpy(claimant->mac, key->mac, sizeof(claimant->mac));
}

int neighbours_claimants(struct neighbours *neighbours, struct neighbours_claimants *ret_claimants)
{
	int code;

	ret_claimants->count = 0;
	code = neighbours_each(neighbours->maps[MAP_CLAIMS], sizeof(struct neighbours_claim_key),
			       sizeof(struct neighbours_claim_value), list_claimant, ret_claimants);
	if (!code && ret_claimants->count)
		qsort(ret_claimants->items, ret_claimants->count, sizeof(*ret_claimants->items),
		      compare_claimants);
	return code;
}

struct forgetting {
	int map;
	uint32_t link;
};

static void forget_claim(void *data, const void *key_bytes, const void *value_bytes)
{
	const struct neighbours_claim_key *key = key_bytes;
	const struct forgetting *forgetting = data;

	(void)value_bytes;
	if (key->link == forgetting->link)
		(void)bpf_map_delete_elem(forgetting->map, key);
}

void neighbours_forget_claims(struct neighbours *neighbours, uint32_t link)
{
	struct forgetting forgetting = { neighbours->maps[MAP_CLAIMS], link };

	(void)neighbours_each(forgetting.map, sizeof(struct neighbours_claim_key),
			      sizeof(struct neighbours_claim_value), forget_claim, &forgetting);
}
