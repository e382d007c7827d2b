/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which foreign routes matter. The question is asked for each route of a full table, so it must
 * not grow with the number of prefixes that are asked for: one longest-prefix look-up tells whether
 * the route lies within one of them, one binary search whether it covers one, since a prefix sorts
 * right before everything inside it.
 */
#include "host/interest.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

static int by_prefix(const void *a, const void *b)
{
	return prefix_compare(a, b);
}

static int by_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

bool taste_wants_table(const struct taste *taste, uint32_t table)
{
	return taste->table_count &&
	       bsearch(&table, taste->tables, taste->table_count, sizeof(*taste->tables), by_number);
}

static char **names_copy(const char *const *names, size_t count)
{
	char **copy = mem_alloc((count + 1) * sizeof(*copy));

	for (size_t i = 0; i < count; i++)
		copy[i] = mem_strdup(names[i]);
	return copy;
}

static void names_free(char **names)
{
	for (char **name = names; name && *name; name++)
		free(*name);
	free(names);
}

/* Main and local are read anyhow. */
static void tables_once(struct taste *taste)
{
	size_t kept = 0;

	for (size_t i = 0; i < taste->table_count; i++)
		if (taste->tables[i] != RT_TABLE_MAIN && taste->tables[i] != RT_TABLE_LOCAL &&
		    (!kept || taste->tables[kept - 1] != taste->tables[i]))
			taste->tables[kept++] = taste->tables[i];
	taste->table_count = kept;
}

void taste_set(struct taste *taste, const struct host_interest *interest)
{
	struct lpm_entry *entries = mem_alloc((interest->prefix_count + 1) * sizeof(*entries));

	taste->prefix_count = interest->prefix_count;
	taste->prefixes = mem_alloc((interest->prefix_count + 1) * sizeof(*taste->prefixes));
	for (size_t i = 0; i < interest->prefix_count; i++)
		entries[i].prefix = taste->prefixes[i] = prefix_clean(&interest->prefixes[i]);
	qsort(taste->prefixes, taste->prefix_count, sizeof(*taste->prefixes), by_prefix);
	taste->by_prefix = lpm_new(entries, interest->prefix_count);
	free(entries);
	taste->sysctls = names_copy(interest->sysctls, interest->sysctl_count);
	taste->cgroups = names_copy(interest->cgroups, interest->cgroup_count);
	taste->table_count = interest->table_count;
	taste->tables = mem_alloc((interest->table_count + 1) * sizeof(*taste->tables));
	if (interest->table_count)
		memcpy(taste->tables, interest->tables,
		       interest->table_count * sizeof(*taste->tables));
	qsort(taste->tables, taste->table_count, sizeof(*taste->tables), by_number);
	tables_once(taste);
	taste->local_routes = interest->local_routes;
	taste->all_routes = interest->all_routes;
	taste->link_routes = interest->link_routes;
}

void taste_free(struct taste *taste)
{
	free(taste->prefixes);
	lpm_free(taste->by_prefix);
	names_free(taste->sysctls);
	names_free(taste->cgroups);
	free(taste->tables);
	*taste = (struct taste){ 0 };
}

/*
 * @prefix holds all of one that is asked for: then the first that does not sort before it is such a
 * one.
 */
static bool covers_any(const struct taste *taste, const struct prefix *prefix)
{
	size_t low = 0, high = taste->prefix_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (prefix_compare(&taste->prefixes[middle], prefix) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < taste->prefix_count && prefix_covers(prefix, &taste->prefixes[low]);
}

bool taste_wants_route(const struct taste *taste, const struct host_route *route)
{
	if (route->object.ours || taste->all_routes)
		return true;
	if (taste->local_routes && route->table == RT_TABLE_LOCAL)
		return true;
	if (taste->link_routes && route->table == RT_TABLE_MAIN &&
	    (!route->to.length || !route->via.family))
		return true;
	if (taste_wants_table(taste, route->table))
		return true;
	if (!taste->prefix_count || (route->table != RT_TABLE_MAIN && route->table != RT_TABLE_LOCAL))
		return false;
	return lpm_find_cover(taste->by_prefix, &route->to) || covers_any(taste, &route->to) ||
	       (route->via.family && lpm_find(taste->by_prefix, &route->via));
}

bool taste_within(const struct taste *taste, const struct taste *other)
{
	if (other->all_routes)
		return true;
	if (taste->all_routes || (taste->local_routes && !other->local_routes) ||
	    (taste->link_routes && !other->link_routes))
		return false;
	for (size_t i = 0; i < taste->table_count; i++)
		if (!taste_wants_table(other, taste->tables[i]))
			return false;
	for (size_t i = 0; i < taste->prefix_count; i++)
		if (!other->prefix_count || !lpm_find_cover(other->by_prefix, &taste->prefixes[i]))
			return false;
	return true;
}

bool taste_same_names(char *const *names, char *const *others)
{
	size_t i = 0;

	if (!names || !others)
		return names == others;
	while (names[i] && others[i] && !strcmp(names[i], others[i]))
		i++;
	return !names[i] && !others[i];
}
