/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libnftnl builds what we send, and does not read what we receive: a message that is cut at the wrong
 * place ends it (version 1.2.4, within the first minute of fuzzing). The kernel hardly sends such; but
 * little is read here, and it is compared with what libnftnl would build, attribute by attribute.
 */
#include "host/nft_wire.h"

#include "io/netlink.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define RULE_SIZE 16384

const struct nlattr *nft_find(const struct nlmsghdr *message, unsigned type)
{
	const struct nlattr *attribute = NULL;

	while ((attribute = netlink_attribute(message, sizeof(struct nfgenmsg), attribute)))
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	return NULL;
}

const struct nlattr *nft_find_in(const struct nlattr *nest, unsigned type)
{
	const struct nlattr *attribute;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested(attribute, nest)
	{
		if (mnl_attr_get_type(attribute) == type)
			return attribute;
	}
	return NULL;
}

const char *nft_string(const struct nlattr *attribute)
{
	size_t length = attribute ? mnl_attr_get_payload_len(attribute) : 0;
	const char *string = attribute ? mnl_attr_get_payload(attribute) : NULL;

	return length && strnlen(string, length) < length ? string : NULL;
}

uint32_t nft_number(const struct nlattr *attribute, uint32_t otherwise)
{
	if (!attribute || mnl_attr_get_payload_len(attribute) != sizeof(uint32_t))
		return otherwise;
	return ntohl(mnl_attr_get_u32(attribute));
}

const char *nft_comment_of(const struct nlattr *attribute)
{
	if (!attribute)
		return NULL;
	return nft_comment(mnl_attr_get_payload(attribute), mnl_attr_get_payload_len(attribute));
}

static bool is_counter(const struct nlattr *expression)
{
	const char *name = nft_string(nft_find_in(expression, NFTA_EXPR_NAME));

	return name && !strcmp(name, "counter");
}

static uint64_t wide_number(const struct nlattr *attribute)
{
	if (!attribute || mnl_attr_get_payload_len(attribute) != sizeof(uint64_t))
		return 0;
	return be64toh(mnl_attr_get_u64(attribute));
}

struct nft_count nft_expression_count(const struct nlattr *expression)
{
	const struct nlattr *data = nft_find_in(expression, NFTA_EXPR_DATA);

	if (!expression || !is_counter(expression))
		return (struct nft_count){ 0 };
	return (struct nft_count){ wide_number(nft_find_in(data, NFTA_COUNTER_PACKETS)),
				   wide_number(nft_find_in(data, NFTA_COUNTER_BYTES)) };
}

struct nft_count nft_rule_count(const struct nlmsghdr *message)
{
	const struct nlattr *list = nft_find(message, NFTA_RULE_EXPRESSIONS), *expression;
	struct nft_count sum = { 0 };

	if (!list)
		return sum;
	mnl_attr_for_each_nested(expression, list)
	{
		struct nft_count one = nft_expression_count(expression);

		sum.packets += one.packets;
		sum.bytes += one.bytes;
	}
	return sum;
}

static bool is_zero(const struct nlattr *attribute)
{
	const char *bytes = mnl_attr_get_payload(attribute);

	for (size_t i = 0; i < mnl_attr_get_payload_len(attribute); i++)
		if (bytes[i])
			return false;
	return true;
}

/* What the kernel leaves out of its answer is zero. */
static bool value_agrees(const struct nlattr *found, const struct nlattr *expected)
{
	size_t length = mnl_attr_get_payload_len(expected);

	if (!found)
		return is_zero(expected);
	return mnl_attr_get_payload_len(found) == length &&
	       !memcmp(mnl_attr_get_payload(found), mnl_attr_get_payload(expected), length);
}

/*
 * How deep an expression goes: its data, the data of a comparison, a verdict, the code of it. (A
 * recursion that ends by a number instead of by trust.)
 */
#define DEEPEST 4

static bool nest_agrees(const struct nlattr *found, const struct nlattr *expected, unsigned depth)
{
	const struct nlattr *child;

	mnl_attr_for_each_nested(child, expected)
	{
		const struct nlattr *same = nft_find_in(found, mnl_attr_get_type(child));
		bool nested = child->nla_type & NLA_F_NESTED;

		if (nested && depth < DEEPEST ? !nest_agrees(same, child, depth + 1) :
						!value_agrees(same, child))
			return false;
	}
	return true;
}

/* The expression after @last (NULL: the first) that is no counter. */
static const struct nlattr *next_expression(const struct nlattr *list, const struct nlattr *last)
{
	const struct nlattr *expression;
	bool passed = !last;

	if (!list)
		return NULL;
	mnl_attr_for_each_nested(expression, list)
	{
		if (passed && !is_counter(expression))
			return expression;
		passed |= expression == last;
	}
	return NULL;
}

bool nft_rule_agrees(const struct nlmsghdr *message, const struct nftnl_rule *expected)
{
	char buffer[RULE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *wanted = mnl_nlmsg_put_header(buffer);
	const struct nlattr *one, *other;
	const struct nlattr *ones, *others;

	mnl_nlmsg_put_extra_header(wanted, sizeof(struct nfgenmsg));
	nftnl_rule_nlmsg_build_payload(wanted, (struct nftnl_rule *)expected);
	ones = nft_find(message, NFTA_RULE_EXPRESSIONS);
	others = nft_find(wanted, NFTA_RULE_EXPRESSIONS);
	one = next_expression(ones, NULL);
	other = next_expression(others, NULL);
	while (one && other && nest_agrees(one, other, 0)) {
		one = next_expression(ones, one);
		other = next_expression(others, other);
	}
	return !one && !other;
}
