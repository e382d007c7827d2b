/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From objects to the transaction that writes them. The table is deleted and made anew in one
 * batch: the kernel changes from one content to the other between two packets. To patch single
 * rules was rejected: what is left after any sequence of patches would have to be proven, and a
 * whole table of a thousand rules takes milliseconds.
 *
 * In a run of rules with one verdict the order does not matter. Those of a run that have one shape are
 * one set and one rule that looks into it, in the place of the first of them. (So of several rules of a
 * run that a packet agrees with, not always the first counts it.)
 */
#include "host/nft_table.h"

#include "host/kind.h"

#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <libnftnl/table.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Fewer than this explain themselves better as rules. */
#define LOOKUP_LEAST 4
/* Elements in one message: an attribute holds 64 KiB. */
#define ELEMENTS_AT_ONCE 128
#define MESSAGE_SIZE 65536

/* A batch being written. */
struct writer {
	const struct nft_entry **entries; /* as they are written */
	size_t count;
	struct nft_batch *batch;
	struct nft_owner owner; /* of the next message */
	uint32_t sets;
	char buffer[MESSAGE_SIZE] __attribute__((aligned(8)));
};

static struct nlmsghdr *begin(struct writer *writer, uint16_t type, uint16_t flags)
{
	uint32_t number = (uint32_t)writer->batch->owners.count;

	memset(writer->buffer, 0, sizeof(struct nlmsghdr));
	return nftnl_nlmsg_build_hdr(writer->buffer, type, NFPROTO_INET, flags, number);
}

static void finish(struct writer *writer, const struct nlmsghdr *message)
{
	static const char zeros[MNL_ALIGNTO];
	size_t over = MNL_ALIGN((size_t)message->nlmsg_len) - message->nlmsg_len;

	text_append(&writer->batch->bytes, message, message->nlmsg_len);
	text_append(&writer->batch->bytes, zeros, over);
	*VEC_PUSH(&writer->batch->owners) = writer->owner;
}

static void put_frame(struct writer *writer, uint16_t type, const struct nft_dump *dump)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(writer->buffer);
	struct nfgenmsg *header;

	message->nlmsg_type = type;
	message->nlmsg_flags = NLM_F_REQUEST;
	message->nlmsg_seq = (uint32_t)writer->batch->owners.count;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = AF_UNSPEC;
	header->version = NFNETLINK_V0;
	header->res_id = htons(NFNL_SUBSYS_NFTABLES);
	if (dump)
		mnl_attr_put_u32(message, NFNL_BATCH_GENID, htonl(dump->generation));
	finish(writer, message);
}

static void put_table(struct writer *writer, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *message = begin(writer, type, flags);
	struct nftnl_table *table = nftnl_table_alloc();
	uint8_t data[NFT_COMMENT_SIZE];
	size_t length = nft_comment_put(NFT_MARK, data);

	if (!table)
		abort();
	nftnl_table_set_u32(table, NFTNL_TABLE_FAMILY, NFPROTO_INET);
	nftnl_table_set_str(table, NFTNL_TABLE_NAME, NFT_TABLE);
	if (type == NFT_MSG_NEWTABLE)
		nftnl_table_set_data(table, NFTNL_TABLE_USERDATA, data, (uint32_t)length);
	nftnl_table_nlmsg_build_payload(message, table);
	finish(writer, message);
	nftnl_table_free(table);
}

static void put_chain(struct writer *writer, uint8_t which)
{
	struct nlmsghdr *message = begin(writer, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
	struct nftnl_chain *chain = nftnl_chain_alloc();
	const struct nft_hook *hook = nft_hook_of(which);

	if (!chain)
		abort();
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_FAMILY, NFPROTO_INET);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TABLE, NFT_TABLE);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_NAME, hook->name);
	nftnl_chain_set_str(chain, NFTNL_CHAIN_TYPE, hook->type);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_HOOKNUM, hook->hook);
	nftnl_chain_set_s32(chain, NFTNL_CHAIN_PRIO, hook->priority);
	nftnl_chain_set_u32(chain, NFTNL_CHAIN_POLICY, NF_ACCEPT);
	nftnl_chain_nlmsg_build_payload(message, chain);
	finish(writer, message);
	nftnl_chain_free(chain);
}

static void put_rule(struct writer *writer, struct nftnl_rule *rule)
{
	struct nlmsghdr *message = begin(writer, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);

	nftnl_rule_nlmsg_build_payload(message, rule);
	finish(writer, message);
	nftnl_rule_free(rule);
}

/* So many from @first on go into one message. */
static void put_elements(struct writer *writer, const struct nft_lookup *lookup, size_t first,
			 size_t count)
{
	struct nlmsghdr *message = begin(writer, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL);
	struct nftnl_set *set = nft_set_new(lookup, count);

	writer->owner = (struct nft_owner){ first, count };
	for (size_t i = first; i < first + count; i++)
		nftnl_set_elem_add(set, nft_element_new(&writer->entries[i]->filter,
							&writer->entries[i]->count));
	nftnl_set_elems_nlmsg_build_payload(message, set);
	finish(writer, message);
	nftnl_set_free(set);
}

static void put_lookup(struct writer *writer, size_t first, size_t count)
{
	char name[32];
	struct nft_lookup lookup = { .set = name, .id = ++writer->sets };
	struct nlmsghdr *message;
	struct nftnl_set *set;

	snprintf(name, sizeof(name), "rules%u", writer->sets);
	nft_shape_of(&writer->entries[first]->filter, &lookup.shape);
	set = nft_set_new(&lookup, count);
	writer->owner = (struct nft_owner){ first, count };
	message = begin(writer, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL);
	nftnl_set_nlmsg_build_payload(message, set);
	finish(writer, message);
	nftnl_set_free(set);
	for (size_t done = 0; done < count; done += ELEMENTS_AT_ONCE)
		put_elements(writer, &lookup, first + done,
			     count - done < ELEMENTS_AT_ONCE ? count - done : ELEMENTS_AT_ONCE);
	writer->owner = (struct nft_owner){ first, count };
	put_rule(writer, nft_rule_lookup(&lookup));
}

/* An entry that seeks its like. */
struct member {
	const struct nft_entry *entry;
	size_t index, run;
	size_t place; /* where it is written; what shares a look-up has one */
	struct nft_shape shape;
	uint8_t key[NFT_KEY_SIZE];
};

static int compare_numbers(size_t a, size_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_groups(const struct member *a, const struct member *b)
{
	int r = compare_numbers(a->run, b->run);

	return r ? r : nft_shape_compare(&a->shape, &b->shape);
}

static int compare_members(const void *a, const void *b)
{
	const struct member *one = a, *other = b;
	int r = compare_groups(one, other);

	if (r == 0)
		r = memcmp(one->key, other->key, NFT_KEY_SIZE);
	return r ? r : compare_numbers(one->index, other->index);
}

static int compare_places(const void *a, const void *b)
{
	const struct member *one = a, *other = b;
	int r = compare_numbers(one->place, other->place);

	return r ? r : compare_numbers(one->index, other->index);
}

/* Gives one place to those of a group, sorted by key, that are the first with their key. */
static void place_group(struct member *members, size_t count)
{
	size_t distinct = 0, first = SIZE_MAX;

	for (size_t i = 0; i < count; i++) {
		if (i && !memcmp(members[i - 1].key, members[i].key, NFT_KEY_SIZE))
			continue;
		distinct++;
		if (members[i].index < first)
			first = members[i].index;
	}
	if (!members->shape.keys || distinct < LOOKUP_LEAST)
		return;
	for (size_t i = 0; i < count; i++)
		if (!i || memcmp(members[i - 1].key, members[i].key, NFT_KEY_SIZE) != 0)
			members[i].place = first;
}

/* In the order in which they are written. */
static struct member *arrange(const struct nft_entries *entries)
{
	struct member *members = mem_alloc((entries->count + 1) * sizeof(*members));

	for (size_t i = 0, run = 0; i < entries->count; i++) {
		const struct nft_entry *entry = &entries->items[i];

		run += i && !nft_commute(&entry[-1].filter, &entry->filter);
		members[i].entry = entry;
		members[i].index = members[i].place = i;
		members[i].run = run;
		nft_shape_of(&entry->filter, &members[i].shape);
		(void)nft_key(&entry->filter, members[i].key);
	}
	qsort(members, entries->count, sizeof(*members), compare_members);
	for (size_t i = 0, end; i < entries->count; i = end) {
		for (end = i + 1;
		     end < entries->count && compare_groups(&members[i], &members[end]) == 0;)
			end++;
		place_group(members + i, end - i);
	}
	qsort(members, entries->count, sizeof(*members), compare_places);
	return members;
}

static size_t chain_length(const struct writer *writer, size_t first)
{
	size_t end = first;

	while (end < writer->count &&
	       writer->entries[end]->filter.chain == writer->entries[first]->filter.chain)
		end++;
	return end - first;
}

static size_t place_length(const struct writer *writer, const struct member *members, size_t first)
{
	size_t end = first;

	while (end < writer->count && members[end].place == members[first].place)
		end++;
	return end - first;
}

static void put_entries(struct writer *writer, const struct member *members)
{
	for (size_t i = 0, length; i < writer->count; i += length) {
		const struct nft_entry *entry = writer->entries[i];

		if (!i || writer->entries[i - 1]->filter.chain != entry->filter.chain) {
			writer->owner = (struct nft_owner){ i, chain_length(writer, i) };
			put_chain(writer, entry->filter.chain);
		}
		length = place_length(writer, members, i);
		if (length > 1) {
			put_lookup(writer, i, length);
			continue;
		}
		writer->owner = (struct nft_owner){ i, 1 };
		put_rule(writer, nft_rule_new(&entry->filter, &entry->count));
	}
}

static void put_all(struct writer *writer, const struct nft_entries *entries)
{
	struct member *members = arrange(entries);

	writer->count = entries->count;
	writer->entries = mem_alloc((entries->count + 1) * sizeof(*writer->entries));
	writer->batch->order = mem_alloc((entries->count + 1) * sizeof(size_t));
	for (size_t i = 0; i < entries->count; i++) {
		writer->entries[i] = members[i].entry;
		writer->batch->order[i] = members[i].index;
	}
	put_entries(writer, members);
	free(writer->entries);
	free(members);
}

/* The kernel answers what is refused, and the last: so it answers. */
static void ask_for_answer(struct nft_batch *batch)
{
	struct nlmsghdr *message = NULL;

	for (size_t at = 0, i = 0; i + 1 < batch->owners.count; i++) {
		message = (struct nlmsghdr *)(batch->bytes.data + at);
		at += MNL_ALIGN((size_t)message->nlmsg_len);
	}
	if (message)
		message->nlmsg_flags |= NLM_F_ACK;
}

void nft_batch_make(const struct nft_dump *dump, const struct nft_entries *entries,
		    struct nft_batch *ret_batch)
{
	struct writer *writer = mem_alloc(sizeof(*writer));

	*ret_batch = (struct nft_batch){ 0 };
	writer->batch = ret_batch;
	put_frame(writer, NFNL_MSG_BATCH_BEGIN, dump);
	if (dump->exists)
		put_table(writer, NFT_MSG_DELTABLE, 0);
	if (entries->count)
		put_table(writer, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL);
	put_all(writer, entries);
	writer->owner = (struct nft_owner){ 0 };
	put_frame(writer, NFNL_MSG_BATCH_END, NULL);
	ask_for_answer(ret_batch);
	free(writer);
}

void nft_batch_free(struct nft_batch *batch)
{
	text_free(&batch->bytes);
	VEC_FREE(&batch->owners);
	free(batch->order);
	batch->order = NULL;
}
