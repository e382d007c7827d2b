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
/* How nft(8) names the type of a key: a number of six bits for each part, in 32 bits. */
#define TYPE_IFNAME 41u
#define TYPE_IPV4 7u
#define TYPE_IPV6 8u
#define TYPE_PORT 13u
#define TYPE_BITS 6
#define MOST_KEYS 5
/* A key is a row of registers. */
#define REGISTER_SIZE 4u
#define WIDE_REGISTER_SIZE 16u
#define PORT_SIZE 2u

enum nft_selector { KEY_IN, KEY_OUT, KEY_FROM, KEY_TO, KEY_SPORT, KEY_DPORT, KEYS };

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

static void add_payload(struct nftnl_rule *rule, uint32_t base, uint32_t offset, uint32_t length,
			uint32_t reg)
{
	struct nftnl_expr *expr = expression("payload");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_PAYLOAD_DREG, reg);
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

static void add_mask(struct nftnl_rule *rule, const void *mask, size_t length, uint32_t reg)
{
	static const uint8_t zeros[16];
	struct nftnl_expr *expr = expression("bitwise");

	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_SREG, reg);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_BITWISE_DREG, reg);
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

static void mask_of(const struct prefix *prefix, uint8_t ret_mask[16])
{
	memset(ret_mask, 0, 16);
	memset(ret_mask, 0xff, prefix->length / 8);
	if (prefix->length % 8)
		ret_mask[prefix->length / 8] = (uint8_t)(0xff << (8 - prefix->length % 8));
}

/* The family is looked at already. */
static void select_prefix(struct nftnl_rule *rule, const struct prefix *prefix, uint32_t v4,
			  uint32_t v6)
{
	bool whole = prefix->length % 8 == 0;
	uint32_t length = whole ? prefix->length / 8u : (uint32_t)address_size(prefix->family);
	uint8_t mask[16];

	if (!prefix->family || !length)
		return;
	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, prefix->family == AF_INET ? v4 : v6, length,
		    NFT_REG_1);
	if (!whole) {
		mask_of(prefix, mask);
		add_mask(rule, mask, length, NFT_REG_1);
	}
	add_compare(rule, NFT_CMP_EQ, prefix->bytes, length);
}

static void select_ports(struct nftnl_rule *rule, const struct span *span, uint32_t offset)
{
	uint16_t first = htons((uint16_t)span->first), last = htons((uint16_t)(span->end - 1));

	if (!span->end)
		return;
	add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, offset, sizeof(first), NFT_REG_1);
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
		add_mask(rule, &mask, sizeof(mask), NFT_REG_1);
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

bool nft_commute(const struct host_filter *a, const struct host_filter *b)
{
	return a->chain == b->chain && a->verdict == b->verdict && a->verdict <= FILTER_DROP;
}

static const struct prefix *prefix_of(const struct host_filter *filter, enum nft_selector key)
{
	return key == KEY_FROM ? &filter->from : &filter->to;
}

static bool has_key(const struct host_filter *filter, enum nft_selector key)
{
	switch (key) {
	case KEY_IN:
		return filter->in[0];
	case KEY_OUT:
		return filter->out[0];
	case KEY_FROM:
	case KEY_TO:
		return prefix_of(filter, key)->length;
	case KEY_SPORT:
		return filter->sport.end && filter->sport.end - filter->sport.first == 1;
	case KEY_DPORT:
		return filter->dport.end && filter->dport.end - filter->dport.first == 1;
	case KEYS:
		break;
	}
	return false;
}

static size_t key_size(const struct host_filter *filter, enum nft_selector key)
{
	switch (key) {
	case KEY_IN:
	case KEY_OUT:
		return IFNAMSIZ;
	case KEY_FROM:
	case KEY_TO:
		return address_size(prefix_of(filter, key)->family);
	case KEY_SPORT:
	case KEY_DPORT:
		return REGISTER_SIZE;
	case KEYS:
		break;
	}
	return 0;
}

static uint32_t key_type(const struct host_filter *filter, enum nft_selector key)
{
	if (key == KEY_IN || key == KEY_OUT)
		return TYPE_IFNAME;
	if (key == KEY_SPORT || key == KEY_DPORT)
		return TYPE_PORT;
	return prefix_of(filter, key)->family == AF_INET ? TYPE_IPV4 : TYPE_IPV6;
}

static void clear_key(struct host_filter *filter, enum nft_selector key)
{
	switch (key) {
	case KEY_IN:
		memset(filter->in, 0, sizeof(filter->in));
		break;
	case KEY_OUT:
		memset(filter->out, 0, sizeof(filter->out));
		break;
	case KEY_FROM:
		memset(filter->from.bytes, 0, sizeof(filter->from.bytes));
		break;
	case KEY_TO:
		memset(filter->to.bytes, 0, sizeof(filter->to.bytes));
		break;
	case KEY_SPORT:
		filter->sport = (struct span){ 0 };
		break;
	case KEY_DPORT:
		filter->dport = (struct span){ 0 };
		break;
	case KEYS:
		break;
	}
}

/* What has no room in the key is in common. */
void nft_shape_of(const struct host_filter *filter, struct nft_shape *ret_shape)
{
	size_t size = 0, count = 0;

	*ret_shape = (struct nft_shape){ .common = *filter };
	ret_shape->common.object = (struct object){ 0 };
	ret_shape->common.order = 0;
	ret_shape->common.altered = 0;
	if (filter->verdict > FILTER_DROP)
		return;
	for (enum nft_selector key = 0; key < KEYS && count < MOST_KEYS; key++) {
		if (!has_key(filter, key) || size + key_size(filter, key) > NFT_KEY_SIZE)
			continue;
		ret_shape->keys |= 1u << key;
		clear_key(&ret_shape->common, key);
		size += key_size(filter, key);
		count++;
	}
}

int nft_shape_compare(const struct nft_shape *a, const struct nft_shape *b)
{
	int r = a->keys < b->keys ? -1 : a->keys > b->keys;

	for (size_t i = 0; r == 0 && i < filter_kind.row_count; i++)
		r = property_compare(&filter_kind.rows[i], &a->common, &b->common);
	return r;
}

/* A port fills a register, but for one that is the whole key. */
static size_t key_length(const struct nft_shape *shape)
{
	size_t length = 0;

	if (shape->keys == 1u << KEY_SPORT || shape->keys == 1u << KEY_DPORT)
		return PORT_SIZE;
	for (enum nft_selector key = 0; key < KEYS; key++)
		if (shape->keys & 1u << key)
			length += key_size(&shape->common, key);
	return length;
}

static void put_key(const struct host_filter *filter, enum nft_selector key, uint8_t *bytes)
{
	uint16_t port;

	switch (key) {
	case KEY_IN:
		memcpy(bytes, filter->in, strnlen(filter->in, IFNAMSIZ - 1));
		break;
	case KEY_OUT:
		memcpy(bytes, filter->out, strnlen(filter->out, IFNAMSIZ - 1));
		break;
	case KEY_FROM:
	case KEY_TO:
		memcpy(bytes, prefix_of(filter, key)->bytes, key_size(filter, key));
		break;
	case KEY_SPORT:
	case KEY_DPORT:
		port = htons((uint16_t)(key == KEY_SPORT ? filter->sport : filter->dport).first);
		memcpy(bytes, &port, sizeof(port));
		break;
	case KEYS:
		break;
	}
}

size_t nft_key(const struct host_filter *filter, uint8_t ret_key[NFT_KEY_SIZE])
{
	struct nft_shape shape;
	size_t length = 0;

	nft_shape_of(filter, &shape);
	memset(ret_key, 0, NFT_KEY_SIZE);
	for (enum nft_selector key = 0; key < KEYS; key++) {
		if (!(shape.keys & 1u << key))
			continue;
		put_key(filter, key, ret_key + length);
		length += key_size(filter, key);
	}
	return key_length(&shape);
}

/* The register at @offset, as the kernel says it: by the old, wide name where there is one. */
static uint32_t register_at(size_t offset)
{
	return (uint32_t)(offset % WIDE_REGISTER_SIZE ? NFT_REG32_00 + offset / REGISTER_SIZE :
							NFT_REG_1 + offset / WIDE_REGISTER_SIZE);
}

static void load_prefix(struct nftnl_rule *rule, const struct host_filter *common,
			enum nft_selector key, uint32_t reg)
{
	const struct prefix *prefix = prefix_of(common, key);
	bool v4 = prefix->family == AF_INET;
	uint32_t offset = key == KEY_FROM ? (v4 ? FROM_V4 : FROM_V6) : (v4 ? TO_V4 : TO_V6);
	size_t length = address_size(prefix->family);
	uint8_t mask[16];

	add_payload(rule, NFT_PAYLOAD_NETWORK_HEADER, offset, (uint32_t)length, reg);
	if (prefix->length == 8 * length)
		return;
	mask_of(prefix, mask);
	add_mask(rule, mask, length, reg);
}

static void load_key(struct nftnl_rule *rule, const struct host_filter *common,
		     enum nft_selector key, uint32_t reg)
{
	switch (key) {
	case KEY_IN:
		add_meta(rule, NFT_META_IIFNAME, reg);
		break;
	case KEY_OUT:
		add_meta(rule, NFT_META_OIFNAME, reg);
		break;
	case KEY_FROM:
	case KEY_TO:
		load_prefix(rule, common, key, reg);
		break;
	case KEY_SPORT:
		add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, 0, PORT_SIZE, reg);
		break;
	case KEY_DPORT:
		add_payload(rule, NFT_PAYLOAD_TRANSPORT_HEADER, PORT_SIZE, PORT_SIZE, reg);
		break;
	case KEYS:
		break;
	}
}

/* What all have in common but for the keys: of a prefix in the key only the family. */
static void add_common(struct nftnl_rule *rule, const struct nft_shape *shape)
{
	struct host_filter common = shape->common;

	if (shape->keys & 1u << KEY_FROM)
		common.from.length = 0;
	if (shape->keys & 1u << KEY_TO)
		common.to.length = 0;
	add_selectors(rule, &common);
}

struct nftnl_rule *nft_rule_lookup(const struct nft_lookup *lookup)
{
	const struct nft_shape *shape = &lookup->shape;
	struct nftnl_expr *expr = expression("lookup");
	struct nftnl_rule *rule;
	size_t offset = 0;
	char comment[64];

	snprintf(comment, sizeof(comment), "@%s", lookup->set);
	rule = rule_new(shape->common.chain, comment);
	add_common(rule, shape);
	for (enum nft_selector key = 0; key < KEYS; key++) {
		if (!(shape->keys & 1u << key))
			continue;
		load_key(rule, &shape->common, key, register_at(offset));
		offset += key_size(&shape->common, key);
	}
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SREG, NFT_REG_1);
	nftnl_expr_set_str(expr, NFTNL_EXPR_LOOKUP_SET, lookup->set);
	if (lookup->id)
		nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_SET_ID, lookup->id);
	nftnl_expr_set_u32(expr, NFTNL_EXPR_LOOKUP_FLAGS, 0);
	nftnl_rule_add_expr(rule, expr);
	add_verdict(rule, &shape->common);
	return rule;
}

/* For nft(8), which would print a name as a number otherwise: its bytes are the machine's. */
static void set_byte_order(struct nftnl_set *set, bool names)
{
	const uint8_t order[] = { NFTNL_UDATA_SET_KEYBYTEORDER, 4, names ? 1 : 2, 0, 0, 0 };

	nftnl_set_set_data(set, NFTNL_SET_USERDATA, order, sizeof(order));
}

struct nftnl_set *nft_set_new(const struct nft_lookup *lookup, size_t size)
{
	const struct nft_shape *shape = &lookup->shape;
	const struct nft_count none = { 0 };
	struct nftnl_set *set = nftnl_set_alloc();
	uint32_t type = 0;

	if (!set)
		abort();
	for (enum nft_selector key = 0; key < KEYS; key++) {
		if (!(shape->keys & 1u << key))
			continue;
		type = type << TYPE_BITS | key_type(&shape->common, key);
	}
	nftnl_set_set_u32(set, NFTNL_SET_FAMILY, NFPROTO_INET);
	nftnl_set_set_str(set, NFTNL_SET_TABLE, NFT_TABLE);
	nftnl_set_set_str(set, NFTNL_SET_NAME, lookup->set);
	nftnl_set_set_u32(set, NFTNL_SET_ID, lookup->id);
	/* Nobody adds to it once a rule looks into it. */
	nftnl_set_set_u32(set, NFTNL_SET_FLAGS, NFT_SET_CONSTANT);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_TYPE, type);
	nftnl_set_set_u32(set, NFTNL_SET_KEY_LEN, (uint32_t)key_length(shape));
	nftnl_set_set_u32(set, NFTNL_SET_DESC_SIZE, (uint32_t)size);
	/* So the kernel takes no bitmap for ports, which would not count. */
	nftnl_set_add_expr(set, counter(&none));
	set_byte_order(set, shape->keys & (1u << KEY_IN | 1u << KEY_OUT));
	return set;
}

struct nftnl_set_elem *nft_element_new(const struct host_filter *filter, const struct nft_count *count)
{
	struct nftnl_set_elem *element = nftnl_set_elem_alloc();
	uint8_t key[NFT_KEY_SIZE];
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
