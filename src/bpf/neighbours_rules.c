/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The tables of links and rules. An OWN rule makes more than itself: the row of what is counted for
 * its owner, and, where it is bound, the way back from a MAC to him. Both are shared by all rules of
 * his, so their number stands there ("who"), and the last one takes them along. A process that is killed
 * in between leaves a number that is too large: a row that stays.
 */
#include "bpf/neighbours_internal.h"

#include "base/mem.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MAPPED_BITS = 96, MAPPED_BYTES = 12 };
enum { PATIENCE = 200 }; /* milliseconds */

_Static_assert((int)NEIGHBOURS_ANSWER == (int)RULE_ANSWER &&
		       (int)NEIGHBOURS_SILENT == (int)RULE_SILENT &&
		       (int)NEIGHBOURS_OWN == (int)RULE_OWN &&
		       (int)NEIGHBOURS_OVERRIDE == (int)RULE_OVERRIDE &&
		       (int)NEIGHBOURS_TARGET_SOURCE == (int)RULE_TARGET_SOURCE &&
		       (int)NEIGHBOURS_BOUND == (int)RULE_BOUND,
	       "the programs read what the loader writes");

static const uint8_t mapped[MAPPED_BYTES] = { [10] = 0xff, [11] = 0xff };

struct neighbours_address neighbours_address_in(const struct address *address)
{
	struct neighbours_address in = { 0 };
	uint8_t *bytes = (uint8_t *)in.words;

	if (address->family == AF_INET) {
		memcpy(bytes, mapped, sizeof(mapped));
		memcpy(bytes + MAPPED_BYTES, address->bytes, 4);
	} else if (address->family == AF_INET6) {
		memcpy(bytes, address->bytes, sizeof(in.words));
	}
	return in;
}

struct address neighbours_address_out(const struct neighbours_address *address)
{
	const uint8_t *bytes = (const uint8_t *)address->words;
	struct address out = { .family = AF_INET6 };

	if (memcmp(bytes, mapped, sizeof(mapped)) != 0) {
		memcpy(out.bytes, bytes, sizeof(out.bytes));
		return out;
	}
	out.family = AF_INET;
	memcpy(out.bytes, bytes + MAPPED_BYTES, 4);
	return out;
}

static struct neighbours_key key_of(uint32_t link, const struct prefix *prefix)
{
	struct address address = prefix_address(prefix);
	uint32_t before = NEIGHBOURS_LINK_BITS + (prefix->family == AF_INET ? MAPPED_BITS : 0);

	return (struct neighbours_key){ before + prefix->length, link,
					neighbours_address_in(&address) };
}

/* A prefix of IPv6 so short that it covers what IPv4 is mapped to is none of IPv4. */
static struct prefix prefix_of(const struct neighbours_key *key)
{
	struct prefix prefix = { .family = AF_INET6,
				 .length = (uint8_t)(key->length - NEIGHBOURS_LINK_BITS) };
	struct address address = neighbours_address_out(&key->address);

	if (address.family == AF_INET && prefix.length >= MAPPED_BITS) {
		prefix.family = AF_INET;
		prefix.length = (uint8_t)(prefix.length - MAPPED_BITS);
		memcpy(prefix.bytes, address.bytes, sizeof(prefix.bytes));
	} else {
		memcpy(prefix.bytes, key->address.words, sizeof(prefix.bytes));
	}
	return prefix;
}

/*
 * The kernel keeps some elements ready, and gets more of them behind the back of who asks: one who writes
 * many at once is told that there is no memory, and has to wait a moment.
 */
static int write_element(int map, const void *key, const void *value, uint64_t flags)
{
	const struct timespec moment = { .tv_nsec = 1000000 };
	int code = bpf_map_update_elem(map, key, value, flags);

	for (int i = 0; i < PATIENCE && (code == -ENOMEM || code == -EBUSY); i++) {
		nanosleep(&moment, NULL);
		code = bpf_map_update_elem(map, key, value, flags);
	}
	return code;
}

/* Who is counted. */

static int make_count(struct neighbours *neighbours, uint32_t link, uint32_t owner)
{
	struct neighbours_counts_key key = { link, owner };
	int processors = libbpf_num_possible_cpus(), code;
	struct neighbours_counts_value *zero;

	if (processors < 0)
		return processors;
	zero = mem_alloc(sizeof(*zero) * (size_t)processors);
	code = write_element(neighbours->maps[MAP_COUNTS], &key, zero, BPF_NOEXIST);
	mem_freep(&zero);
	return code == -EEXIST ? 0 : code;
}

static struct neighbours_who_key by_owner(uint32_t link, uint32_t owner)
{
	struct neighbours_who_key key = { .link = link, .kind = WHO_OWNER };

	memcpy(key.mac, &owner, sizeof(owner));
	return key;
}

static struct neighbours_who_key by_mac(uint32_t link, const uint8_t *mac)
{
	struct neighbours_who_key key = { .link = link, .kind = WHO_MAC };

	memcpy(key.mac, mac, sizeof(key.mac));
	return key;
}

static int take_who(int map, const struct neighbours_who_key *key, uint32_t owner)
{
	struct neighbours_who_value value = { 0 };

	(void)bpf_map_lookup_elem(map, key, &value);
	value.owner = owner;
	value.rules++;
	return write_element(map, key, &value, BPF_ANY);
}

static void release_who(int map, const struct neighbours_who_key *key)
{
	struct neighbours_who_value value;

	if (bpf_map_lookup_elem(map, key, &value))
		return;
	if (--value.rules)
		(void)write_element(map, key, &value, BPF_ANY);
	else
		(void)bpf_map_delete_elem(map, key);
}

static int take(struct neighbours *neighbours, uint32_t link, const struct neighbours_value *value)
{
	struct neighbours_who_key owner = by_owner(link, value->owner),
				  mac = by_mac(link, value->mac);
	int map = neighbours->maps[MAP_WHO], code;

	if (value->verdict != RULE_OWN)
		return 0;
	code = take_who(map, &owner, value->owner);
	if (!code)
		code = make_count(neighbours, link, value->owner);
	if (!code && value->flags & RULE_BOUND)
		code = take_who(map, &mac, value->owner);
	return code;
}

/* A row of the link itself goes with the link alone. */
static void drop_count(const struct neighbours *neighbours, uint32_t link, uint32_t owner)
{
	struct neighbours_counts_key row = { link, owner };
	struct neighbours_who_key key = by_owner(link, owner);
	struct neighbours_settings settings;
	struct neighbours_who_value value;

	if (!bpf_map_lookup_elem(neighbours->maps[MAP_WHO], &key, &value))
		return;
	if (!bpf_map_lookup_elem(neighbours->maps[MAP_LINKS], &link, &settings) &&
	    (!owner || settings.owner == owner))
		return;
	(void)bpf_map_delete_elem(neighbours->maps[MAP_COUNTS], &row);
}

static void release(struct neighbours *neighbours, uint32_t link, const struct neighbours_value *value)
{
	struct neighbours_who_key owner = by_owner(link, value->owner),
				  mac = by_mac(link, value->mac);
	int map = neighbours->maps[MAP_WHO];

	if (value->verdict != RULE_OWN)
		return;
	release_who(map, &owner);
	drop_count(neighbours, link, value->owner);
	if (value->flags & RULE_BOUND)
		release_who(map, &mac);
}

/* Links. */

int neighbours_set_link(struct neighbours *neighbours, uint32_t link,
			const struct neighbours_link *set)
{
	struct neighbours_settings former = { 0 }, settings = { .guard = set->guard,
								.router = set->router,
								.owner = set->owner,
								.link_local = neighbours_address_in(
									&set->link_local) };
	int code = make_count(neighbours, link, 0);

	(void)bpf_map_lookup_elem(neighbours->maps[MAP_LINKS], &link, &former);
	memcpy(settings.mac, set->mac, sizeof(settings.mac));
	if (!code && set->owner)
		code = make_count(neighbours, link, set->owner);
	if (!code)
		code = write_element(neighbours->maps[MAP_LINKS], &link, &settings, BPF_ANY);
	if (!code)
		drop_count(neighbours, link, former.owner);
	return code;
}

int neighbours_get_link(struct neighbours *neighbours, uint32_t link, struct neighbours_link *ret_set)
{
	static const struct neighbours_address none;
	struct neighbours_settings settings;
	int code = bpf_map_lookup_elem(neighbours->maps[MAP_LINKS], &link, &settings);

	if (code)
		return code;
	*ret_set = (struct neighbours_link){ .guard = settings.guard,
					     .router = settings.router,
					     .owner = settings.owner };
	if (memcmp(&settings.link_local, &none, sizeof(none)) != 0)
		ret_set->link_local = neighbours_address_out(&settings.link_local);
	memcpy(ret_set->mac, settings.mac, sizeof(ret_set->mac));
	return 0;
}

int neighbours_forget_link(struct neighbours *neighbours, uint32_t link)
{
	struct neighbours_settings former = { 0 };
	int code;

	(void)bpf_map_lookup_elem(neighbours->maps[MAP_LINKS], &link, &former);
	code = bpf_map_delete_elem(neighbours->maps[MAP_LINKS], &link);
	drop_count(neighbours, link, 0);
	drop_count(neighbours, link, former.owner);
	neighbours_forget_claims(neighbours, link);
	return code == -ENOENT ? 0 : code;
}

/* Rules. */

/* A look-up finds the longest prefix; only its own length tells that it is this one. */
static bool find_exactly(const struct neighbours *neighbours, const struct neighbours_key *key,
			 struct neighbours_value *ret_value)
{
	return !bpf_map_lookup_elem(neighbours->maps[MAP_RULES], key, ret_value) &&
	       ret_value->length == key->length;
}

static int set_rule(struct neighbours *neighbours, const struct neighbours_rule *rule)
{
	struct neighbours_key key = key_of(rule->link, &rule->prefix);
	struct neighbours_value former, value = { .owner = rule->owner,
						  .verdict = rule->verdict,
						  .flags = rule->flags,
						  .length = key.length };
	bool replaces = find_exactly(neighbours, &key, &former);
	int code;

	memcpy(value.mac, rule->mac, sizeof(value.mac));
	/* Taken before the former one is released: what both need does not go for a moment. */
	code = take(neighbours, rule->link, &value);
	if (!code)
		code = write_element(neighbours->maps[MAP_RULES], &key, &value, BPF_ANY);
	if (!code && replaces)
		release(neighbours, rule->link, &former);
	return code;
}

int neighbours_set_rules(struct neighbours *neighbours, const struct neighbours_rule *rules,
			 size_t count)
{
	int code = 0;

	for (size_t i = 0; i < count && !code; i++)
		code = set_rule(neighbours, &rules[i]);
	return code;
}

static int delete_rule(struct neighbours *neighbours, const struct neighbours_rule *rule)
{
	struct neighbours_key key = key_of(rule->link, &rule->prefix);
	struct neighbours_value former;
	int code;

	if (!find_exactly(neighbours, &key, &former))
		return 0;
	code = bpf_map_delete_elem(neighbours->maps[MAP_RULES], &key);
	if (!code)
		release(neighbours, rule->link, &former);
	return code == -ENOENT ? 0 : code;
}

int neighbours_delete_rules(struct neighbours *neighbours, const struct neighbours_rule *rules,
			    size_t count)
{
	int code = 0;

	for (size_t i = 0; i < count && !code; i++)
		code = delete_rule(neighbours, &rules[i]);
	return code;
}

static int compare_rules(const void *a, const void *b)
{
	const struct neighbours_rule *left = a, *right = b;

	if (left->link != right->link)
		return left->link < right->link ? -1 : 1;
	return prefix_compare(&left->prefix, &right->prefix);
}

static void list_rule(void *data, const void *key_bytes, const void *value_bytes)
{
	const struct neighbours_value *value = value_bytes;
	const struct neighbours_key *key = key_bytes;
	struct neighbours_rules *rules = data;
	struct neighbours_rule *rule = VEC_PUSH(rules);

	*rule = (struct neighbours_rule){ .link = key->link,
					  .prefix = prefix_of(key),
					  .verdict = value->verdict,
					  .flags = value->flags,
					  .owner = value->owner };
	memcpy(rule->mac, value->mac, sizeof(rule->mac));
}

int neighbours_rules(struct neighbours *neighbours, struct neighbours_rules *ret_rules)
{
	int code;

	ret_rules->count = 0;
	code = neighbours_each(neighbours->maps[MAP_RULES], sizeof(struct neighbours_key),
			       sizeof(struct neighbours_value), list_rule, ret_rules);
	if (!code && ret_rules->count)
		qsort(ret_rules->items, ret_rules->count, sizeof(*ret_rules->items), compare_rules);
	return code;
}
