/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the programs counted and saw. */
#include "bpf/neighbours_internal.h"

#include "base/mem.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int neighbours_counts(struct neighbours *neighbours, struct neighbours_counts *ret_counts)
{
	int map = neighbours->maps[MAP_COUNTS], processors = libbpf_num_possible_cpus(), code;
	AUTO_MEM struct neighbours_counts_value *values = NULL;
	struct neighbours_counts_key key, next;
	void *after = NULL;

	if (processors < 0)
		return processors;
	values = mem_alloc(sizeof(*values) * (size_t)processors);
	ret_counts->count = 0;
	while (!(code = bpf_map_get_next_key(map, after, &next))) {
		struct neighbours_count *row;

		key = next;
		after = &key;
		if (bpf_map_lookup_elem(map, &key, values))
			continue;
		row = VEC_PUSH(ret_counts);
		*row = (struct neighbours_count){ .link = key.link, .owner = key.owner };
		for (int i = 0; i < processors; i++)
			add(row, (const uint64_t *)values[i].counters);
	}
	if (code != -ENOENT)
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

int neighbours_claimants(struct neighbours *neighbours, struct neighbours_claimants *ret_claimants)
{
	int map = neighbours->maps[MAP_CLAIMS], code;
	struct neighbours_claim_key key, next;
	void *after = NULL;

	ret_claimants->count = 0;
	while (!(code = bpf_map_get_next_key(map, after, &next))) {
		struct neighbours_claim_value value;
		struct neighbours_claimant *claimant;

		key = next;
		after = &key;
		if (bpf_map_lookup_elem(map, &key, &value))
			continue;
		claimant = VEC_PUSH(ret_claimants);
		*claimant = (struct neighbours_claimant){ .link = key.link,
							  .address = neighbours_address_out(
								  &key.address),
							  .first = time_of(value.first),
							  .last = time_of(value.last),
							  .count = value.count };
		memcpy(claimant->mac, key.mac, sizeof(claimant->mac));
	}
	if (code != -ENOENT)
		return code;
	if (ret_claimants->count)
		qsort(ret_claimants->items, ret_claimants->count, sizeof(*ret_claimants->items),
		      compare_claimants);
	return 0;
}

static void forget_counts(int map, uint32_t link)
{
	struct neighbours_counts_key key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &key);

	while (more) {
		more = !bpf_map_get_next_key(map, &key, &next);
		if (key.link == link)
			(void)bpf_map_delete_elem(map, &key);
		key = next;
	}
}

static void forget_claims(int map, uint32_t link)
{
	struct neighbours_claim_key key, next;
	bool more = !bpf_map_get_next_key(map, NULL, &key);

	while (more) {
		more = !bpf_map_get_next_key(map, &key, &next);
		if (key.link == link)
			(void)bpf_map_delete_elem(map, &key);
		key = next;
	}
}

int neighbours_forget_link(struct neighbours *neighbours, uint32_t link)
{
	int code = bpf_map_delete_elem(neighbours->maps[MAP_LINKS], &link);

	forget_counts(neighbours->maps[MAP_COUNTS], link);
	forget_claims(neighbours->maps[MAP_CLAIMS], link);
	return code == -ENOENT ? 0 : code;
}
