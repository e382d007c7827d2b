/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the kernel's messages to objects. Comments say what each rule and each element stands for;
 * that they do is checked, rule by rule, against what we would write for that object. What differs,
 * what stands out of its order, and what bears no comment of ours is told as altered, so that the
 * plan mends it.
 */
#include "host/nft_table.h"

#include "host/kind.h"
#include "host/nft_wire.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

bool nft_message_is_ours(const struct nlmsghdr *message)
{
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);
	const char *name;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN ||
	    header->nfgen_family != NFPROTO_INET)
		return false;
	/* All other kinds of message name their table by attribute 1. */
	name = nft_string(nft_find(message, NFTA_TABLE_NAME));
	return name && !strcmp(name, NFT_TABLE);
}

static void take_table(struct nft_dump *dump, const struct nlmsghdr *message)
{
	const char *comment = nft_comment_of(nft_find(message, NFTA_TABLE_USERDATA));

	dump->exists = true;
	dump->ours = comment && !strcmp(comment, NFT_MARK);
	dump->flags = nft_number(nft_find(message, NFTA_TABLE_FLAGS), 0);
}

static int chain_named(const char *name)
{
	for (uint8_t chain = FILTER_FORWARD; name && chain <= FILTER_NAT; chain++)
		if (!strcmp(name, nft_hook_of(chain)->name))
			return chain;
	return -1;
}

static bool has_hook(const struct nlmsghdr *message, const struct nft_hook *ours)
{
	const struct nlattr *hook = nft_find(message, NFTA_CHAIN_HOOK);
	const char *type = nft_string(nft_find(message, NFTA_CHAIN_TYPE));

	return hook && type && !strcmp(type, ours->type) &&
	       nft_number(nft_find_in(hook, NFTA_HOOK_HOOKNUM), UINT32_MAX) == ours->hook &&
	       (int32_t)nft_number(nft_find_in(hook, NFTA_HOOK_PRIORITY), 1) == ours->priority &&
	       nft_number(nft_find(message, NFTA_CHAIN_POLICY), NF_DROP) == NF_ACCEPT;
}

static void take_chain(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nft_found_chain found;

	if (dump->chain_count == ARRAY_SIZE(dump->chains)) {
		dump->more_chains = true;
		return;
	}
	found.chain = chain_named(nft_string(nft_find(message, NFTA_CHAIN_NAME)));
	found.intact = found.chain >= 0 && has_hook(message, nft_hook_of((uint8_t)found.chain));
	dump->chains[dump->chain_count++] = found;
}

static struct nlmsghdr *copy_of(const struct nlmsghdr *message)
{
	struct nlmsghdr *copy = mem_alloc(message->nlmsg_len);

	memcpy(copy, message, message->nlmsg_len);
	return copy;
}

static struct nft_found_set *set_named(const struct nft_dump *dump, const char *name)
{
	for (size_t i = 0; name && i < dump->sets.count; i++)
		if (!strcmp(dump->sets.items[i].name, name))
			return &dump->sets.items[i];
	return NULL;
}

static void take_set(struct nft_dump *dump, const struct nlmsghdr *message)
{
	const char *name = nft_string(nft_find(message, NFTA_SET_NAME));

	if (name && !set_named(dump, name))
		VEC_PUSH(&dump->sets)->name = mem_strdup(name);
}

/* A set's elements come in several messages, each of which names it. */
static void take_elements(struct nft_dump *dump, const struct nlmsghdr *message)
{
	const char *name = nft_string(nft_find(message, NFTA_SET_ELEM_LIST_SET));
	struct nft_found_set *set = set_named(dump, name);

	if (set)
		*VEC_PUSH(&set->elements) = copy_of(message);
}

void nft_dump_take(struct nft_dump *dump, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN)) {
		dump->generation = nft_number(nft_find(message, NFTA_GEN_ID), 0);
		return;
	}
	if (!nft_message_is_ours(message))
		return;
	switch (NFNL_MSG_TYPE(message->nlmsg_type)) {
	case NFT_MSG_NEWTABLE:
		take_table(dump, message);
		break;
	case NFT_MSG_NEWCHAIN:
		take_chain(dump, message);
		break;
	case NFT_MSG_NEWRULE:
		*VEC_PUSH(&dump->rules) = copy_of(message);
		break;
	case NFT_MSG_NEWSET:
		take_set(dump, message);
		break;
	case NFT_MSG_NEWSETELEM:
		take_elements(dump, message);
		break;
	}
}

void nft_dump_free(struct nft_dump *dump)
{
	for (size_t i = 0; i < dump->rules.count; i++)
		free(dump->rules.items[i]);
	for (size_t i = 0; i < dump->sets.count; i++) {
		struct nft_found_set *set = &dump->sets.items[i];

		for (size_t j = 0; j < set->elements.count; j++)
			free(set->elements.items[j]);
		VEC_FREE(&set->elements);
		free(set->name);
	}
	VEC_FREE(&dump->rules);
	VEC_FREE(&dump->sets);
	*dump = (struct nft_dump){ 0 };
}

/* A walk over the rules, in their order. */
struct reader {
	const struct nft_dump *dump;
	struct nft_entries *entries;
	uint32_t aliens;
	uint8_t chain; /* of the rule that is being read */
	/* Of the set that is being read: */
	struct nft_lookup lookup;
	size_t begin; /* its first entry */
	bool *used;   /* the sets that a rule looks into */
};

static struct nft_entry *add(struct reader *reader, const struct host_filter *filter,
			     struct nft_count count)
{
	struct nft_entry *entry = VEC_PUSH(reader->entries);

	entry->filter = *filter;
	entry->filter.object.ours = true;
	entry->count = count;
	return entry;
}

/* Something in our table that somebody else put there. */
static void add_alien(struct reader *reader)
{
	const struct host_filter alien = { .chain = FILTER_FORWARD,
					   .order = FILTER_ORDER_ALIEN - reader->aliens++,
					   .altered = 1 };

	(void)add(reader, &alien, (struct nft_count){ 0 });
}

/* The object that a comment names: in just the words that we would write. */
static bool read_words(const char *words, struct host_filter *ret_filter)
{
	AUTO_TEXT again = { 0 };

	return words && nft_words_read(words, ret_filter) == 0 &&
	       nft_words(ret_filter, &again) == 0 && !strcmp(text_string(&again), words) &&
	       !ret_filter->altered;
}

static bool has_key(const struct nlattr *element, const struct host_filter *filter)
{
	const struct nlattr *key = nft_find_in(element, NFTA_SET_ELEM_KEY);
	const struct nlattr *value = nft_find_in(key, NFTA_DATA_VALUE);
	uint8_t expected[NFT_KEY_SIZE];
	size_t length = nft_key(filter, expected);

	return value && mnl_attr_get_payload_len(value) == length &&
	       !memcmp(mnl_attr_get_payload(value), expected, length);
}

static void read_element(struct reader *reader, const struct nlattr *element)
{
	const char *words = nft_comment_of(nft_find_in(element, NFTA_SET_ELEM_USERDATA));
	struct host_filter filter;
	struct nft_shape shape;

	if (!read_words(words, &filter)) {
		add_alien(reader);
		return;
	}
	nft_shape_of(&filter, &shape);
	if (reader->entries->count == reader->begin)
		reader->lookup.shape = shape;
	filter.altered = nft_shape_compare(&shape, &reader->lookup.shape) != 0 ||
			 filter.chain != reader->chain || !has_key(element, &filter);
	(void)add(reader, &filter, nft_expression_count(nft_find_in(element, NFTA_SET_ELEM_EXPR)));
}

static void read_elements(struct reader *reader, const struct nft_found_set *set)
{
	for (size_t i = 0; i < set->elements.count; i++) {
		const struct nlattr *list = nft_find(set->elements.items[i],
						     NFTA_SET_ELEM_LIST_ELEMENTS);
		const struct nlattr *element;

		if (!list)
			continue;
		mnl_attr_for_each_nested(element, list) read_element(reader, element);
	}
}

/* All that an altered rule, or a set that is not looked into as we would, stands for. */
static void alter(struct reader *reader, size_t begin)
{
	for (size_t i = begin; i < reader->entries->count; i++)
		reader->entries->items[i].filter.altered = 1;
}

static void read_lookup(struct reader *reader, const struct nlmsghdr *rule, const char *name)
{
	const struct nft_found_set *set = set_named(reader->dump, name);
	struct nftnl_rule *expected;

	if (!set) {
		add_alien(reader);
		return;
	}
	reader->begin = reader->entries->count;
	reader->lookup.set = name;
	read_elements(reader, set);
	if (reader->entries->count == reader->begin || !reader->lookup.shape.keys) {
		add_alien(reader);
		alter(reader, reader->begin);
		return;
	}
	expected = nft_rule_lookup(&reader->lookup);
	if (!nft_rule_agrees(rule, expected))
		alter(reader, reader->begin);
	nftnl_rule_free(expected);
	for (size_t i = 0; i < reader->dump->sets.count; i++)
		reader->used[i] |= &reader->dump->sets.items[i] == set;
}

static void read_single(struct reader *reader, const struct nlmsghdr *rule, const char *words,
			int chain)
{
	const struct nft_count none = { 0 };
	struct nftnl_rule *expected;
	struct host_filter filter;

	if (!read_words(words, &filter)) {
		add_alien(reader);
		return;
	}
	expected = nft_rule_new(&filter, &none);
	filter.altered = filter.chain != chain || !nft_rule_agrees(rule, expected);
	nftnl_rule_free(expected);
	(void)add(reader, &filter, nft_rule_count(rule));
}

static void read_rule(struct reader *reader, const struct nlmsghdr *rule)
{
	int chain = chain_named(nft_string(nft_find(rule, NFTA_RULE_CHAIN)));
	const char *comment = nft_comment_of(nft_find(rule, NFTA_RULE_USERDATA));

	if (chain < 0 || !comment) {
		add_alien(reader);
		return;
	}
	reader->chain = (uint8_t)chain;
	reader->lookup = (struct nft_lookup){ 0 };
	if (comment[0] == '@')
		read_lookup(reader, rule, comment + 1);
	else
		read_single(reader, rule, comment, chain);
}

/* An entry as it stands in the table. */
struct standing {
	struct nft_entry *entry;
	size_t place, run;
};

static int compare_orders(const void *a, const void *b)
{
	const struct standing *one = a, *other = b;
	int r = kind_compare(&filter_kind, &one->entry->filter, &other->entry->filter);

	return r ? r : one->place < other->place ? -1 : one->place > other->place;
}

static int compare_places(const void *a, const void *b)
{
	const struct standing *one = a, *other = b;

	return one->place < other->place ? -1 : one->place > other->place;
}

/*
 * Numbers the runs of those that may change places, by the order that is told; a copy is altered, and
 * is in the run of what it copies.
 */
static void number_runs(struct standing *all, size_t count)
{
	for (size_t i = 1; i < count; i++) {
		const struct host_filter *last = &all[i - 1].entry->filter;
		struct host_filter *filter = &all[i].entry->filter;

		all[i].run = all[i - 1].run;
		if (kind_compare(&filter_kind, last, filter) == 0)
			filter->altered = 1;
		else
			all[i].run += !nft_commute(last, filter);
	}
}

/* What stands behind a run that it should be before is altered. What is altered says nothing. */
static void check_order(struct reader *reader)
{
	size_t count = 0, last = 0;
	struct standing *all = mem_alloc((reader->entries->count + 1) * sizeof(*all));

	for (size_t i = 0; i < reader->entries->count; i++)
		if (!reader->entries->items[i].filter.altered)
			all[count++] = (struct standing){ &reader->entries->items[i], i, 0 };
	qsort(all, count, sizeof(*all), compare_orders);
	number_runs(all, count);
	qsort(all, count, sizeof(*all), compare_places);
	for (int chain = FILTER_FORWARD; chain <= FILTER_NAT; chain++) {
		last = 0;
		for (size_t i = 0; i < count; i++) {
			struct host_filter *filter = &all[i].entry->filter;

			if (filter->chain != chain || filter->altered)
				continue;
			if (all[i].run < last)
				filter->altered = 1;
			else
				last = all[i].run;
		}
	}
	free(all);
}

static bool has_any(const struct nft_entries *entries, int chain)
{
	for (size_t i = 0; i < entries->count; i++)
		if (entries->items[i].filter.chain == chain)
			return true;
	return false;
}

/* A chain of another name, one that hangs elsewhere, one that nothing is in. */
static void check_chains(struct reader *reader)
{
	const struct nft_dump *dump = reader->dump;
	size_t count = reader->entries->count;

	for (size_t i = 0; i < dump->chain_count; i++) {
		int chain = dump->chains[i].chain;

		for (size_t j = 0; j < count && !dump->chains[i].intact; j++)
			if (reader->entries->items[j].filter.chain == chain)
				reader->entries->items[j].filter.altered = 1;
		if (!has_any(reader->entries, chain))
			add_alien(reader);
	}
	if (dump->more_chains)
		add_alien(reader);
	if (dump->flags & NFT_TABLE_F_DORMANT) {
		alter(reader, 0);
		add_alien(reader);
	}
}

/* Of a rule and its copy the altered one comes last, and stays. */
static int compare_entries(const void *a, const void *b)
{
	const struct nft_entry *one = a, *other = b;
	int r = kind_compare(&filter_kind, &one->filter, &other->filter);

	return r ? r : (int)one->filter.altered - (int)other->filter.altered;
}

void nft_read(const struct nft_dump *dump, struct nft_entries *ret_entries)
{
	struct reader reader = { .dump = dump, .entries = ret_entries };

	*ret_entries = (struct nft_entries){ 0 };
	if (!dump->ours)
		return;
	reader.used = mem_alloc(dump->sets.count + 1);
	for (size_t i = 0; i < dump->rules.count; i++)
		read_rule(&reader, dump->rules.items[i]);
	for (size_t i = 0; i < dump->sets.count; i++)
		if (!reader.used[i])
			add_alien(&reader);
	check_order(&reader);
	check_chains(&reader);
	free(reader.used);
	if (ret_entries->count)
		qsort(ret_entries->items, ret_entries->count, sizeof(*ret_entries->items),
		      compare_entries);
}
