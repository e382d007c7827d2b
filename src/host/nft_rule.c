/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An object becomes expressions: each loads a piece of the packet into a register and compares it;
 * the first that does not agree ends the rule. The kernel gives them back as it was given them (but
 * for counters), so that a rule was altered if it does not say all that we would write; nft_wire.c.
 */
#include "host/nft_rule.h"

#include "base/mem.h"
#include "host/kind.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Where addresses stand in the network header. */
#define FROM_V4 12
#define TO_V4 16
#define FROM_V6 8
#define TO_V6 24
/* How nft(8) names the type of a set's key: a number of six bits for each part. */
#define TYPE_IFNAME 41u
#define TYPE_PAIR (TYPE_IFNAME << 6 | TYPE_IFNAME)

static struct nftnl_expr *expression(const char *name)
{
	struct nftnl_expr *expr = nftnl_expr_alloc(name);

	if (!expr)
		abort();
	return expr;
}

static void add_meta(struct nftnl_rule *rule, uint32_t key, uint32_t reg)
{
	struct nftnl_expr *expr = expression("meta");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_META_DREG, reg);
	nftnl_rule_add_expr(rule, expr);
}

static void add_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset, uint32_t length)
{
	struct nftnl_expr *expr = expression("payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_LEN, length);
	nftnl_rule_add_expr(rule, expr);
}

static void add_compare(struct nftnl_rule *rule, uint32_t operator, const void * bytes, size_t length)
{
	struct nftnl_expr *expr = expression("cmp");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_CMP_OP, operator);
	nftnl_expr_set(expr, NFTNL_EXPR_CMP_DATA, bytes, (uint32_t)length);
	nftnl_rule_add_expr(rule, expr);
}

static void add_mask(struct nftnl_rule *rule, const void *mask, size_t length)
{
	static const uint8_t zeros[16];
	struct nftnl_expr *expr = expression("bitwise");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_LEN, (uint32_t)length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_MASK, mask, (uint32_t)length);
	nftnl_expr_set(expr, NFTNL_EXPR_BITWISE_XOR, zeros, (uint32_t)length);
	nftnl_rule_add_expr(rule, expr);
}

static void add_immediate(struct nftnl_rule *rule, uint32_t reg, const struct address *address)
{
	struct nftnl_expr *expr = expression("immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, reg);
	nftnl_expr_set(expr, NFTNL_EXPR_IMM_DATA, address->bytes,
		       (uint32_t)address_size(address->family));
	nftnl_rule_add_expr(rule, expr);
}

static struct nftnl_expr *counter(const struct nft_count *count)
{
	struct nftnl_expr *expr = expression("counter");

	nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_PACKETS, count->packets);
	nftnl_expr_set_u64(expr, NFTNL_EXPR_CTR_BYTES, count->bytes);
	return expr;
}

static void select_name(struct nftnl_rule *rule, uint32_t key, const char *name)
{
	char padded[IFNAMSIZ] = "";

	if (!name[0])
		return;
	snprintf(padded, sizeof(padded), "%s", name);
	add_meta(rule, key, NFT_REG_1);
	add_compare(rule, NFT_CMP_EQ, padded, sizeof(padded));
}

static void select_byte(struct nftnl_rule *rule, uint32_t key, uint8_t value)
{
	if (!value)
		return;
	add_meta(rule, key, NFT_REG_1);
	add_compare(rule, NFT_CMP_EQ, &value, sizeof(value));
}

/* The family is looked at already. */
static void select_prefix(struct nftnl_rule *rule, const struct prefix *prefix, uint32_t v4,
			  uint32_t v6)
{
	bool whole = prefix->length % 8 == 0;
	uint32_t length = whole ? prefix->length / 8u : (uint32_t)address_size(prefix->family);
	uint8_t mask[16] = { 0 };

	if (!prefix->family || !length)
		return;
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, prefix->family == AF_INET ? v4 : v6, length);
	if (!whole) {
		memset(mask, 0xff, prefix->length / 8);
		mask[prefix->length / 8] = (uint8_t)(0xff << (8 - prefix->length % 8));
		add_mask(rule, mask, length);
	}
	add_compare(rule, NFT_CMP_EQ, prefix->bytes, length);
}

static void select_ports(struct nftnl_rule *rule, const struct span *span, uint32_t offset)
{
	uint16_t first = htons((uint16_t)span->first), last = htons((uint16_t)(span->end - 1));

	if (!span->end)
		return;
	add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(first));
	if (first == last) {
		add_compare(rule, NFT_CMP_EQ, &first, sizeof(first));
		return;
	}
	add_compare(rule, NFT_CMP_GTE, &first, sizeof(first));
	add_compare(rule, NFT_CMP_LTE, &last, sizeof(last));
}

static void select_mark(struct nftnl_rule *rule, uint32_t mark, uint32_t mask)
{
	if (!mask)
		return;
	add_meta(rule, NFT_META_MARK, NFT_REG_1);
	if (mask != UINT32_MAX)
		add_mask(rule, &mask, sizeof(mask));
	add_compare(rule, NFT_CMP_EQ, &mark, sizeof(mark));
}

static uint8_t family_of(const struct host_filter *filter)
{
	return filter->from.family ? filter->from.family :
	       filter->to.family   ? filter->to.family :
				     filter->first.family;
}

static void add_selectors(struct nftnl_rule *rule, const struct host_filter *filter)
{
	uint8_t family = family_of(filter);

	select_name(rule, NFT_META_IIFNAME, filter->in);
	select_name(rule, NFT_META_OIFNAME, filter->out);
	select_byte(rule, NFT_META_NFPROTO,
		    family == AF_INET  ? NFPROTO_IPV4 :
		    family == AF_INET6 ? NFPROTO_IPV6 :
					 0);
	select_prefix(rule, &filter->from, FROM_V4, FROM_V6);
	select_prefix(rule, &filter->to, TO_V4, TO_V6);
	select_byte(rule, NFT_META_L4PROTO, filter->ip_protocol);
	select_ports(rule, &filter->sport, 0);
	select_ports(rule, &filter->dport, 2);
	select_mark(rule, filter->mark, filter->mask);
}

static void add_snat(struct nftnl_rule *rule, const struct host_filter *filter)
{
	struct nftnl_expr *expr = expression("nat");
	bool v4 = filter->first.family == AF_INET, one = address_equal(&filter->first, &filter->last);

	add_immediate(rule, NFT_REG_1, &filter->first);
	if (!one)
		add_immediate(rule, NFT_REG_2, &filter->last);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_TYPE, NFT_NAT_SNAT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FAMILY, v4 ? NFPROTO_IPV4 : NFPROTO_IPV6);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MIN, NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_REG_ADDR_MAX, one ? NFT_REG_1 : NFT_REG_2);
	/* The kernel says so itself, when it is asked; then it should be what we wrote. */
	nftnl_expr_set_u32(expr, NFTNL_EXPR_NAT_FLAGS, NF_NAT_RANGE_MAP_IPS);
	nftnl_rule_add_expr(rule, expr);
}

static void add_end(struct nftnl_rule *rule, uint32_t verdict)
{
	struct nftnl_expr *expr = expression("immediate");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_IMM_VERDICT, verdict);
	nftnl_rule_add_expr(rule, expr);
}

static void add_masquerade(struct nftnl_rule *rule)
{
	struct nftnl_expr *expr = expression("masq");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_MASQ_FLAGS, 0);
	nftnl_rule_add_expr(rule, expr);
}

static void add_verdict(struct nftnl_rule *rule, const struct host_filter *filter)
{
	switch ((enum filter_verdict)filter->verdict) {
	case FILTER_ACCEPT:
		add_end(rule, NF_ACCEPT);
		break;
	case FILTER_DROP:
		add_end(rule, NF_DROP);
		break;
	case FILTER_MASQUERADE:
		add_masquerade(rule);
		break;
	case FILTER_SNAT:
		add_snat(rule, filter);
		break;
	}
}

size_t nft_comment_put(const char *comment, uint8_t *ret_data)
{
	size_t length = strlen(comment) + 1;

	if (length + 2 > NFT_COMMENT_SIZE)
		return 0;
	ret_data[0] = NFTNL_UDATA_RULE_COMMENT; /* the same number for tables and elements */
	ret_data[1] = (uint8_t)length;
	memcpy(ret_data + 2, comment, length);
	return length + 2;
}

const char *nft_comment(const void *data, size_t length)
{
	const uint8_t *bytes = data;

	for (size_t at = 0; at + 2 <= length; at += 2u + bytes[at + 1]) {
		size_t size = bytes[at + 1];

		if (at + 2 + size > length)
			return NULL;
		if (bytes[at] == NFTNL_UDATA_RULE_COMMENT)
			return size && !bytes[at + 1 + size] ? (const char *)bytes + at + 2 : NULL;
	}
	return NULL;
}

const struct nft_hook *nft_hook_of(uint8_t chain)
{
	static const struct nft_hook hooks[] = {
		[FILTER_FORWARD] = { "forward", "filter", NF_INET_FORWARD, 0 },
		[FILTER_NAT] = { "nat", "nat", NF_INET_POST_ROUTING, 100 },
	};

	return &hooks[chain == FILTER_NAT ? FILTER_NAT : FILTER_FORWARD];
}

static struct nftnl_rule *rule_new(uint8_t chain, const char *comment)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();
	uint8_t data[NFT_COMMENT_SIZE];
	size_t length = nft_comment_put(comment, data);

	if (!rule)
		abort();
	nftnl_rule_set_u32(rule, NFTNL_RULE_FAMILY, NFPROTO_INET);
	nftnl_rule_set_str(rule, NFTNL_RULE_TABLE, NFT_TABLE);
	nftnl_rule_set_str(rule, NFTNL_RULE_CHAIN, nft_hook_of(chain)->name);
	nftnl_rule_set_data(rule, NFTNL_RULE_USERDATA, data, (uint32_t)length);
	return rule;
}

struct nftnl_rule *nft_rule_new(const struct host_filter *filter, const struct nft_count *count)
{
	AUTO_TEXT words = { 0 };
	struct nftnl_rule *rule;

	(void)nft_words(filter, &words);
	rule = rule_new(filter->chain, text_string(&words));
	add_selectors(rule, filter);
	nftnl_rule_add_expr(rule, counter(count));
	add_verdict(rule, filter);
	return rule;
}

enum nft_shape nft_shape_of(const struct host_filter *filter)
{
	const struct host_filter bare = { .object = filter->object,
					  .chain = filter->chain,
					  .order = filter->order,
					  .verdict = filter->verdict,
					  .altered = filter->altered };
	struct host_filter like = *filter;

	memset(like.in, 0, sizeof(like.in));
	memset(like.out, 0, sizeof(like.out));
	if (filter->verdict > FILTER_DROP || !kind_identical(&filter_kind, &bare, &like))
		return NFT_SINGLE;
	if (filter->in[0])
		return filter->out[0] ? NFT_PAIR : NFT_IN;
	return filter->out[0] ? NFT_OUT : NFT_SINGLE;
}

struct nftnl_rule *nft_rule_lookup(const struct nft_lookup *lookup)
{
	const struct host_filter end = { .verdict = lookup->verdict };
	struct nftnl_expr *expr = expression("lookup");
	struct nftnl_rule *rule;
	char comment[64];

	snprintf(comment, sizeof(comment), "@%s", lookup->set);
	rule = rule_new(lookup->chain, comment);
	if (lookup->shape != NFT_OUT)
		add_meta(rule, NFT_META_IIFNAME, NFT_REG_1);
	if (lookup->shape != NFT_IN)
		add_meta(rule, NFT_META_OIFNAME, lookup->shape == NFT_PAIR ? NFT_REG_2 : NFT_REG_1);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, lookup->set);
	if (lookup->id)
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, lookup->id);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, 0);
	nftnl_rule_add_expr(rule, expr);
	add_verdict(rule, &end);
	return rule;
}

struct nftnl_set *nft_set_new(const struct nft_lookup *lookup, size_t size)
{
	struct nftnl_set *set = nftnl_set_alloc();
	/* For nft(8), which would print a name as a number otherwise: the bytes are the machine's. */
	static const uint8_t order[] = { NFTNL_UDATA_SET_KEYBYTEORDER, 4, 1, 0, 0, 0 };
	bool pair = lookup->shape == NFT_PAIR;

	if (!set)
		abort();
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, NFT_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, lookup->set);
	nftnl_set_set_u32(set, NFTNL_SET_ID, lookup->id);
	/* Nobody adds to it once a rule looks into it. */
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_CONSTANT);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, pair ? TYPE_PAIR : TYPE_IFNAME);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, pair ? NFT_KEY_SIZE : IFNAMSIZ);
	nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, (uint32_t)size);
	nftnl_set_set_data(set, NFTNL_SET_USERDATA, order, sizeof(order));
	return set;
}

size_t nft_key(const struct host_filter *filter, char ret_key[NFT_KEY_SIZE])
{
	size_t length = 0;

	memset(ret_key, 0, NFT_KEY_SIZE);
	if (filter->in[0]) {
		memcpy(ret_key, filter->in, strnlen(filter->in, IFNAMSIZ - 1));
		length = IFNAMSIZ;
	}
	if (filter->out[0]) {
		memcpy(ret_key + length, filter->out, strnlen(filter->out, IFNAMSIZ - 1));
		length += IFNAMSIZ;
	}
	return length;
}

struct nftnl_set_elem *nft_element_new(const struct host_filter *filter, const struct nft_count *count)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	char key[NFT_KEY_SIZE];
	size_t length = nft_key(filter, key);
	uint8_t data[NFT_COMMENT_SIZE];
	AUTO_TEXT words = { 0 };

	if (!element)
		abort();
	nftnl_set_elem_set(element, NFTNL_SET_ELEM_KEY, key, (uint32_t)length);
	(void)nft_words(filter, &words);
	length = nft_comment_put(text_string(&words), data);
	nftnl_set_elem_set(element, NFTNL_SET_ELEM_USERDATA, data, (uint32_t)length);
	nftnl_set_elem_add_expr(element, counter(count));
	return element;
}

int nft_words_read(const char *words, struct host_filter *ret_filter)
{
	AUTO_TEXT line = { 0 };
	AUTO_TEXT error = { 0 };
	struct state state = { 0 };
	int r;

	text_printf(&line, "%s %s", filter_kind.name, words);
	r = state_parse(text_string(&line), &state, &error);
	if (r == 0 && state_count(&state, OBJECT_FILTER) != 1)
		r = -EINVAL;
	if (r == 0)
		*ret_filter = *(const struct host_filter *)state_at(&state, OBJECT_FILTER, 0);
	state_free(&state);
	return r;
}

int nft_words(const struct host_filter *filter, struct text *ret_words)
{
	struct host_filter again;
	AUTO_TEXT line = { 0 };
	const char *words;

	object_print(OBJECT_FILTER, filter, NULL, &line);
	words = text_string(&line) + strlen(filter_kind.name) + 1;
	text_puts(ret_words, words);
	if (strlen(words) + 3 > NFT_COMMENT_SIZE)
		return -E2BIG;
	if (nft_words_read(words, &again) < 0 || !kind_identical(&filter_kind, filter, &again))
		return -EINVAL;
	return 0;
}
