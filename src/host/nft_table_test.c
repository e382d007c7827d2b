/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Objects to a batch and back, without a kernel: what the batch says is what a dump would. And a
 * batch that says something else is told so.
 */
#include "host/nft_table.h"

#include "host/dice.h"
#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void push(struct nft_entries *entries, const char *words)
{
	struct nft_entry *entry = VEC_PUSH(entries);

	if (nft_words_read(words, &entry->filter) < 0)
		fail_msg("%s", words);
	entry->count = (struct nft_count){ entries->count, entries->count * 100 };
}

static void push_pairs(struct nft_entries *entries, unsigned first, unsigned count)
{
	char words[64];

	for (unsigned i = first; i < first + count; i++) {
		snprintf(words, sizeof(words), "forward %u accept in a%u out b%u", i, i % 7, i);
		push(entries, words);
	}
}

static void read_batch(const struct nft_batch *batch, struct nft_dump *ret_dump)
{
	const char *at = batch->bytes.data;
	size_t left = batch->bytes.length;
	const struct nlmsghdr *message;

	*ret_dump = (struct nft_dump){ 0 };
	while ((message = netlink_next(&at, &left)))
		nft_dump_take(ret_dump, message);
}

static unsigned count_messages(const struct nft_batch *batch, unsigned type)
{
	const char *at = batch->bytes.data;
	size_t left = batch->bytes.length;
	const struct nlmsghdr *message;
	unsigned count = 0;

	while ((message = netlink_next(&at, &left)))
		count += message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type);
	return count;
}

static void expect_same(const struct nft_entries *wanted, const struct nft_entries *got)
{
	assert_int_equal(wanted->count, got->count);
	for (size_t i = 0; i < wanted->count; i++) {
		assert_true(kind_identical(&filter_kind, &wanted->items[i].filter,
					   &got->items[i].filter));
		assert_int_equal(wanted->items[i].count.packets, got->items[i].count.packets);
		assert_int_equal(wanted->items[i].count.bytes, got->items[i].count.bytes);
	}
}

static void expect_read_back(const struct nft_entries *entries)
{
	const struct nft_dump before = { .exists = true, .ours = true, .generation = 7 };
	struct nft_entries again;
	struct nft_batch batch;
	struct nft_dump dump;

	nft_batch_make(&before, entries, &batch);
	read_batch(&batch, &dump);
	nft_read(&dump, &again);
	expect_same(entries, &again);
	nft_batch_free(&batch);
	nft_dump_free(&dump);
	VEC_FREE(&again);
}

static void what_is_written_is_read(void **data)
{
	struct nft_entries entries = { 0 };

	push(&entries, "forward 1 accept in eth0 out eth1");
	push(&entries, "forward 2 drop from 10.16.0.0/12 proto udp sport 1-2 dport 53");
	push_pairs(&entries, 10, 1000);
	push(&entries, "forward 2000 drop");
	push(&entries, "nat 1 snat out eth0 from ::/0 first 2001:db8::1 last 2001:db8::2");
	push(&entries, "nat 2 masquerade out eth0");
	expect_read_back(&entries);
	VEC_FREE(&entries);
}

static void anything_that_is_written_is_read(void **data)
{
	for (unsigned round = 0; round < 300; round++) {
		struct nft_entries entries = { 0 };
		unsigned count = dice(60);

		for (unsigned i = 0; i < count; i++) {
			union host_object object;
			struct nft_entry *entry = VEC_PUSH(&entries);

			dice_object(OBJECT_FILTER, &object);
			if (object.filter.verdict == FILTER_SNAT)
				object.filter.last = object.filter.first;
			entry->filter = object.filter;
			entry->filter.chain = i > count / 2;
			entry->filter.order = i;
			entry->count.packets = dice(1000);
		}
		expect_read_back(&entries);
		VEC_FREE(&entries);
	}
}

static void a_run_of_pairs_is_one_rule(void **data)
{
	const struct nft_dump none = { 0 };
	struct nft_entries entries = { 0 };
	struct nft_batch batch;

	push_pairs(&entries, 1, 500);
	push(&entries, "forward 501 accept in a1 out b1");
	push(&entries, "forward 502 drop");
	nft_batch_make(&none, &entries, &batch);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWRULE), 3);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWSET), 1);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWSETELEM), (500 + 127) / 128);
	assert_int_equal(count_messages(&batch, NFT_MSG_DELTABLE), 0);
	nft_batch_free(&batch);
	VEC_FREE(&entries);
}

static void few_pairs_explain_themselves(void **data)
{
	const struct nft_dump none = { 0 };
	struct nft_entries entries = { 0 };
	struct nft_batch batch;

	push_pairs(&entries, 1, 3);
	nft_batch_make(&none, &entries, &batch);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWRULE), 3);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWSET), 0);
	nft_batch_free(&batch);
	VEC_FREE(&entries);
}

static void without_rules_the_table_goes(void **data)
{
	const struct nft_dump ours = { .exists = true, .ours = true };
	const struct nft_entries none = { 0 };
	struct nft_batch batch;

	nft_batch_make(&ours, &none, &batch);
	assert_int_equal(count_messages(&batch, NFT_MSG_DELTABLE), 1);
	assert_int_equal(count_messages(&batch, NFT_MSG_NEWTABLE), 0);
	assert_int_equal(batch.owners.count, 3);
	nft_batch_free(&batch);
}

/* Writes @entries, and reads the batch with the rule of @words in the place of one of them. */
static unsigned altered_when(struct nft_entries *entries, size_t which, const char *words)
{
	const struct nft_dump none = { 0 };
	char buffer[4096] __attribute__((aligned(8))) = { 0 };
	struct nftnl_rule *rule;
	struct nft_entries again;
	struct host_filter other;
	struct nft_batch batch;
	struct nft_dump dump;
	unsigned altered = 0;

	nft_batch_make(&none, entries, &batch);
	read_batch(&batch, &dump);
	assert_int_equal(nft_words_read(words, &other), 0);
	rule = nft_rule_new(&other, &(struct nft_count){ 0 });
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, "forward");
	nftnl_rule_nlmsg_build_payload(
		nftnl_nlmsg_build_hdr(buffer, NFT_MSG_NEWRULE, NFPROTO_INET, 0, 0), rule);
	nftnl_rule_free(rule);
	free(dump.rules.items[which]);
	dump.rules.items[which] = memcpy(malloc(sizeof(buffer)), buffer, sizeof(buffer));
	nft_read(&dump, &again);
	for (size_t i = 0; i < again.count; i++)
		altered += again.items[i].filter.altered;
	nft_batch_free(&batch);
	nft_dump_free(&dump);
	VEC_FREE(&again);
	return altered;
}

static void what_stands_out_of_order_is_altered(void **data)
{
	struct nft_entries entries = { 0 };

	push(&entries, "forward 3 accept in a");
	push(&entries, "forward 5 drop in b from 10.0.0.0/8");
	push(&entries, "forward 7 drop");
	assert_int_equal(altered_when(&entries, 1, "forward 4 drop in b"), 0);
	assert_int_equal(altered_when(&entries, 1, "forward 2 drop in b"), 1);
	assert_int_equal(altered_when(&entries, 1, "forward 3 drop in b"), 1);
	assert_int_equal(altered_when(&entries, 1, "forward 8 accept in b"), 1);
	assert_int_equal(altered_when(&entries, 1, "forward 8 drop in b"), 0);
	assert_int_equal(altered_when(&entries, 1, "nat 8 accept"), 1);
	VEC_FREE(&entries);
}

static void comments_are_read_only_whole(void **data)
{
	uint8_t bytes[NFT_COMMENT_SIZE];
	size_t length = nft_comment_put("forward 1 drop", bytes);

	assert_string_equal(nft_comment(bytes, length), "forward 1 drop");
	for (size_t i = 0; i < length; i++)
		assert_null(nft_comment(bytes, i));
	bytes[0] = 3;
	assert_null(nft_comment(bytes, length));
	bytes[0] = 0;
	bytes[length - 1] = 'x';
	assert_null(nft_comment(bytes, length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(anything_that_is_written_is_read),
		cmocka_unit_test(a_run_of_pairs_is_one_rule),
		cmocka_unit_test(few_pairs_explain_themselves),
		cmocka_unit_test(without_rules_the_table_goes),
		cmocka_unit_test(what_stands_out_of_order_is_altered),
		cmocka_unit_test(comments_are_read_only_whole),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
