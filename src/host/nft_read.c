/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the kernel's messages to objects. Comments say what each rule and each element stands for;
 * that they do is checked, rule by rule, against what we would write for that object. What differs,
 * what stands out of its order, and what bears no comment of ours is told as altered, so that the
 * plan mends it.
 */
#include "host/nft_table.h"

#include "host/kind.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

/* Table's name: attribute 1 of each kind of message but that of the generation. */
bool nft_message_is_ours(const struct nlmsghdr *message)
{
	const struct nlattr *attribute = NULL;
	const struct nfgenmsg *header = mnl_nlmsg_get_payload(message);

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) ||
	    NFNL_SUBSYS_ID(message->nlmsg_type) != NFNL_SUBSYS_NFTABLES ||
	    NFNL_MSG_TYPE(message->nlmsg_type) == NFT_MSG_NEWGEN ||
	    header->nfgen_family != NFPROTO_INET)
		return false;
	while ((attribute = netlink_attribute(message, sizeof(*header), attribute))) {
		if (mnl_attr_get_type(attribute) == NFTA_TABLE_NAME)
			return mnl_attr_get_payload_len(attribute) == sizeof(NFT_TABLE) &&
			       !memcmp(mnl_attr_get_payload(attribute), NFT_TABLE, sizeof(NFT_TABLE));
	}
	return false;
}

static void take_table(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_table *table = nftnl_table_alloc();
	const char *comment = NULL;
	const void *data;
	uint32_t length;

	if (!table)
		abort();
	if (nftnl_table_nlmsg_parse(message, table) == 0) {
		data = nftnl_table_get_data(table, NFTNL_TABLE_USERDATA, &length);
		if (data && nftnl_table_is_set(table, NFTNL_TABLE_USERDATA))
			comment = nft_comment(data, length);
		dump->exists = true;
		dump->ours = comment && !strcmp(comment, NFT_MARK);
		dump->flags = nftnl_table_get_u32(table, NFTNL_TABLE_FLAGS);
	}
	nftnl_table_free(table);
}

static bool has_hook(const struct nftnl_chain *chain, int which)
{
	const char *type = nftnl_chain_get_str(chain, NFTNL_CHAIN_TYPE);
	const struct nft_hook *ours = nft_hook_of((uint8_t)which);

	return nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM) && type && !strcmp(type, ours->type) &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM) == ours->hook &&
	       nftnl_chain_get_s32(chain, NFTNL_CHAIN_PRIO) == ours->priority &&
	       nftnl_chain_get_u32(chain, NFTNL_CHAIN_POLICY) == NF_ACCEPT;
}

static int chain_named(const char *name)
{
	for (uint8_t chain = FILTER_FORWARD; name && chain <= FILTER_NAT; chain++)
		if (!strcmp(name, nft_hook_of(chain)->name))
			return chain;
	return -1;
}

static void take_chain(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();
	struct nft_found_chain found;

	if (!chain)
		abort();
	if (dump->chain_count == ARRAY_SIZE(dump->chains)) {
		dump->more_chains = true;
	} else if (nftnl_chain_nlmsg_parse(message, chain) == 0) {
		found.chain = chain_named(nftnl_chain_get_str(chain, NFTNL_CHAIN_NAME));
		found.intact = found.chain >= 0 && has_hook(chain, found.chain);
		dump->chains[dump->chain_count++] = found;
	}
	nftnl_chain_free(chain);
}

static void take_rule(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (!rule)
		abort();
	if (nftnl_rule_nlmsg_parse(message, rule) == 0)
		*VEC_PUSH(&dump->rules) = rule;
	else
		nftnl_rule_free(rule);
}

static void take_set(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_set *set = nftnl_set_alloc();

	if (!set)
		abort();
	if (nftnl_set_nlmsg_parse(message, set) == 0 && nftnl_set_is_set(set, NFTNL_SET_NAME))
		*VEC_PUSH(&dump->sets) = set;
	else
		nftnl_set_free(set);
}

static struct nftnl_set *set_named(const struct nft_dump *dump, const char *name)
{
	for (size_t i = 0; name && i < dump->sets.count; i++)
		if (!strcmp(nftnl_set_get_str(dump->sets.items[i], NFTNL_SET_NAME), name))
			return dump->sets.items[i];
	return NULL;
}

/* A set's elements come in several messages, each of which names it. */
static void take_elements(struct nft_dump *dump, const struct nlmsghdr *message)
{
	struct nftnl_set *part = nftnl_set_alloc(), *set = NULL;

	if (!part)
		abort();
	if (nftnl_set_elems_nlmsg_parse(message, part) == 0 && nftnl_set_is_set(part, NFTNL_SET_NAME))
		set = set_named(dump, nftnl_set_get_str(part, NFTNL_SET_NAME));
	nftnl_set_free(part);
	if (set)
		(void)nftnl_set_elems_nlmsg_parse(message, set);
}

static void take_generation(struct nft_dump *dump, const struct nlmsghdr *message)
{
	const struct nlattr *attribute = NULL;

	while ((attribute = netlink_attribute(message, sizeof(struct nfgenmsg), attribute))) {
		if (mnl_attr_get_type(attribute) == NFTA_GEN_ID &&
		    mnl_attr_get_payload_len(attribute) >= sizeof(uint32_t))
			dump->generation = ntohl(mnl_attr_get_u32(attribute));
	}
}

void nft_dump_take(struct nft_dump *dump, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN)) {
		take_generation(dump, message);
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
		take_rule(dump, message);
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
		nftnl_rule_free(dump->rules.items[i]);
	for (size_t i = 0; i < dump->sets.count; i++)
		nftnl_set_free(dump->sets.items[i]);
	VEC_FREE(&dump->rules);
	VEC_FREE(&dump->sets);
	*dump = (struct nft_dump){ 0 };
}

/* A walk over the rules, in their order. */
struct reader {
	const struct nft_dump *dump;
	struct nft_entries *entries;
	uint32_t aliens;
	int64_t last[2]; /* the greatest order so far, by chain */
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

static int read_element(struct nftnl_set_elem *element, void *data)
{
	struct reader *reader = data;
	const char *words = NULL;
	char expected[NFT_KEY_SIZE];
	uint32_t length = 0, key_length = 0;
	const void *comment = NULL, *key;
	struct host_filter filter;

	if (nftnl_set_elem_is_set(element, NFTNL_SET_ELEM_USERDATA))
		comment = nftnl_set_elem_get(element, NFTNL_SET_ELEM_USERDATA, &length);
	if (comment)
		words = nft_comment(comment, length);
	if (!read_words(words, &filter)) {
		add_alien(reader);
		return 0;
	}
	if (reader->entries->count == reader->begin) {
		reader->lookup.shape = nft_shape_of(&filter);
		reader->lookup.verdict = filter.verdict;
	}
	key = nftnl_set_elem_get(element, NFTNL_SET_ELEM_KEY, &key_length);
	filter.altered = nft_shape_of(&filter) != reader->lookup.shape ||
			 filter.verdict != reader->lookup.verdict ||
			 filter.chain != reader->lookup.chain ||
			 key_length != nft_key(&filter, expected) || !key ||
			 memcmp(key, expected, key_length) != 0;
	(void)add(reader, &filter, nft_element_count(element));
	return 0;
}

/* All that an altered rule, or a set that is not looked into as we would, stands for. */
static void alter(struct reader *reader, size_t begin)
{
	for (size_t i = begin; i < reader->entries->count; i++)
		reader->entries->items[i].filter.altered = 1;
}

/* What follows in a chain has to be greater than all before. What is altered says nothing. */
static void check_order(struct reader *reader, size_t begin, uint8_t chain)
{
	int64_t least = INT64_MAX, greatest = -1;

	for (size_t i = begin; i < reader->entries->count; i++) {
		const struct host_filter *filter = &reader->entries->items[i].filter;

		if (filter->altered)
			continue;
		if (filter->order < least)
			least = filter->order;
		if (filter->order > greatest)
			greatest = filter->order;
	}
	if (least <= reader->last[chain])
		alter(reader, begin);
	if (greatest > reader->last[chain])
		reader->last[chain] = greatest;
}

static void read_lookup(struct reader *reader, const struct nftnl_rule *rule, const char *name)
{
	struct nftnl_set *set = set_named(reader->dump, name);
	struct nftnl_rule *expected;

	if (!set) {
		add_alien(reader);
		return;
	}
	reader->begin = reader->entries->count;
	reader->lookup.set = name;
	(void)nftnl_set_elem_foreach(set, read_element, reader);
	if (reader->entries->count == reader->begin || reader->lookup.shape == NFT_SINGLE) {
		add_alien(reader);
		alter(reader, reader->begin);
		return;
	}
	expected = nft_rule_lookup(&reader->lookup);
	if (!nft_rules_agree(rule, expected))
		alter(reader, reader->begin);
	nftnl_rule_free(expected);
	for (size_t i = 0; i < reader->dump->sets.count; i++)
		reader->used[i] |= reader->dump->sets.items[i] == set;
}

static void read_single(struct reader *reader, const struct nftnl_rule *rule, const char *words,
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
	filter.altered = filter.chain != chain || !nft_rules_agree(rule, expected);
	nftnl_rule_free(expected);
	(void)add(reader, &filter, nft_rule_count(rule));
}

static void read_rule(struct reader *reader, const struct nftnl_rule *rule)
{
	int chain = chain_named(nftnl_rule_get_str(rule, NFTNL_RULE_CHAIN));
	size_t begin = reader->entries->count;
	const char *comment = NULL;
	uint32_t length = 0;
	const void *data = NULL;

	if (nftnl_rule_is_set(rule, NFTNL_RULE_USERDATA))
		data = nftnl_rule_get_data(rule, NFTNL_RULE_USERDATA, &length);
	if (data)
		comment = nft_comment(data, length);
	if (chain < 0 || !comment) {
		add_alien(reader);
		return;
	}
	reader->lookup = (struct nft_lookup){ .chain = (uint8_t)chain };
	if (comment[0] == '@')
		read_lookup(reader, rule, comment + 1);
	else
		read_single(reader, rule, comment, chain);
	check_order(reader, begin, (uint8_t)chain);
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
	struct reader reader = { .dump = dump, .entries = ret_entries, .last = { -1, -1 } };

	*ret_entries = (struct nft_entries){ 0 };
	if (!dump->ours)
		return;
	reader.used = mem_alloc(dump->sets.count + 1);
	for (size_t i = 0; i < dump->rules.count; i++)
		read_rule(&reader, dump->rules.items[i]);
	for (size_t i = 0; i < dump->sets.count; i++)
		if (!reader.used[i])
			add_alien(&reader);
	check_chains(&reader);
	free(reader.used);
	if (ret_entries->count)
		qsort(ret_entries->items, ret_entries->count, sizeof(*ret_entries->items),
		      compare_entries);
}
