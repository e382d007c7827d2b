/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a statement below `assert`, and what is wrong with it in itself. */
#include "feature/routing/routing_assert.h"

#include "model/model.h"

#include <errno.h>
#include <string.h>

#define AT(member) offsetof(struct assert_config, member)

static int whom_parse(const char *text, const char *word, struct whom *whom, struct text *ret_error)
{
	struct prefix clean;
	char buffer[ADDRESS_TEXT_SIZE];

	if (!strcmp(text, word)) {
		whom->word = true;
		return 0;
	}
	if (prefix_parse(text, &whom->prefix) < 0)
		return -EINVAL;
	clean = prefix_clean(&whom->prefix);
	if (prefix_is_clean(&whom->prefix))
		return 0;
	text_printf(ret_error, "bits beyond /%u; did you mean %s?", whom->prefix.length,
		    prefix_text(&clean, buffer));
	return -EINVAL;
}

static void whom_print(const struct whom *whom, const char *word, struct text *text)
{
	char buffer[ADDRESS_TEXT_SIZE];

	text_puts(text, whom->word ? word : prefix_text(&whom->prefix, buffer));
}

static int from_parse(const char *text, void *ret_value, struct text *ret_error)
{
	return whom_parse(text, "host", ret_value, ret_error);
}

static void from_print(const void *value, struct text *text)
{
	whom_print(value, "host", text);
}

static int any_parse(const char *text, void *ret_value, struct text *ret_error)
{
	return whom_parse(text, "any", ret_value, ret_error);
}

static void any_print(const void *value, struct text *text)
{
	whom_print(value, "any", text);
}

static int never_parse(const char *text, void *ret_value, struct text *ret_error)
{
	*(bool *)ret_value = !strcmp(text, "never");
	return *(bool *)ret_value ? 0 : -EINVAL;
}

static void never_print(const void *value, struct text *text)
{
	text_puts(text, "never");
}

static const struct config_word from_word = {
	sizeof(struct whom), from_parse,	  from_print,
	"host or a prefix",  "host and prefixes", " such as 10.16.0.0/12",
};

static const struct config_word any_word = {
	sizeof(struct whom), any_parse,		 any_print,
	"any or a prefix",   "any and prefixes", " such as 10.16.0.0/12",
};

static const struct config_word never_word = {
	sizeof(bool), never_parse, never_print, "never", "never", NULL,
};

static const char *const families[] = { "both", "ipv4", "ipv6", NULL };

static const struct config_field leaves_item = {
	.name = "link",
	.type = CONFIG_IFNAME,
	.help = "The name of a link, or nowhere.",
	.example = "bond1",
};

const struct config_field assert_fields[] = {
	{ "in", CONFIG_IFNAME, AT(in),
	  .help = "Packets that come in on this link; without it and `from: host`, on any.",
	  .example = "bond0" },
	{ "from", CONFIG_WORD, AT(from), .word = &from_word,
	  .help = "Packets from here, or host: those that the host begins by itself, whose source "
		  "is not chosen yet or is an address of a link in `leaves`. What answers from "
		  "another address is the matter of `reply-to`.",
	  .example = "host" },
	{ "to", CONFIG_WORD, AT(to), .word = &any_word,
	  .help = "Packets to here, or any. A prefix also says which family is meant.",
	  .example = "0.0.0.0/0" },
	{ "reply-to", CONFIG_WORD, AT(reply_to), .word = &any_word,
	  .help = "With `symmetric`: what the host sends from an address of a link, other than "
		  "lo, dummies and VRFs, to any destination or to a prefix. `from` may say which "
		  "addresses.",
	  .example = "any" },
	{ "mark", CONFIG_WORD, AT(mark), .word = &mark_word, .help = "Only packets with this mark.",
	  .example = "0x8/0xff" },
	{ "protocol", CONFIG_WORD, AT(protocol), .word = &protocol_word,
	  .help = "Only packets of this protocol.", .example = "tcp" },
	{ "sport", CONFIG_PORTS, AT(sport), .help = "Only packets from these ports.",
	  .example = "53" },
	{ "dport", CONFIG_PORTS, AT(dport), .help = "Only packets to these ports.",
	  .example = "80-443" },
	{ "uid", CONFIG_WORD, AT(uid), .word = &uid_word,
	  .help = "With `from: host`: only packets of this user's sockets.", .example = "1000-1999" },
	{ "family", CONFIG_ENUM, AT(family), .words = families,
	  .help = "Of which family. A prefix says it already." },
	{ "forwarded", CONFIG_WORD, AT(never), .word = &never_word,
	  .help = "never: none of these packets is forwarded.", .example = "never" },
	{ "leaves", CONFIG_LIST, AT(leaves), .item = &leaves_item, .lone = true, .min = 1,
	  .help = "What of these packets leaves the host leaves by this link, or one of these; "
		  "nowhere: none leaves.",
	  .example = "bond1" },
	{ "reaches", CONFIG_BOOL, AT(reaches),
	  .help = "true: all of these packets leave (by the links in `leaves`, if that is given) "
		  "or "
		  "are for the host itself; none is refused or dropped by our filter.",
	  .example = "true" },
	{ "symmetric", CONFIG_BOOL, AT(symmetric),
	  .help = "true, with `reply-to`: they leave by the link that bears their source.",
	  .example = "true" },
	{ 0 }
};

#define PLACE(assert, member)                                                                      \
	config_place(assert, assert_fields, offsetof(struct assert_config, member))

static bool given(const struct whom *whom)
{
	return whom->word || whom->prefix.family;
}

static bool is_nowhere(const struct config_list *leaves, unsigned index)
{
	return !strcmp(((const char *const *)leaves->items)[index], "nowhere");
}

static void check_promise(const struct assert_config *assert, struct diags *diags)
{
	unsigned promises = assert->never + assert->symmetric +
			    (assert->reaches || assert->leaves.count);

	if (!promises)
		diag_at(diags, assert->record.place, -EINVAL,
			"nothing is promised; add 'forwarded: never', 'leaves: LINK', 'reaches: "
			"true' "
			"or 'symmetric: true'");
	if (promises > 1)
		diag_at(diags, assert->record.place, -EINVAL,
			"these are several promises; write a statement for each");
	for (unsigned i = 0; i < assert->leaves.count; i++)
		if (is_nowhere(&assert->leaves, i) && (assert->leaves.count > 1 || assert->reaches))
			diag_at(diags, assert->leaves.places[i], -EINVAL,
				"'nowhere' stands alone; leave it out or the rest");
}

static void check_symmetry(const struct assert_config *assert, struct diags *diags)
{
	bool reply = given(&assert->reply_to);

	if (assert->symmetric && !reply)
		diag_at(diags, PLACE(assert, symmetric), -EINVAL,
			"of which answers? add 'reply-to: any'");
	if (reply && !assert->symmetric)
		diag_at(diags, PLACE(assert, reply_to), -EINVAL,
			"`reply-to` goes with 'symmetric: true'; of other packets write `from` and "
			"`to`");
	if (reply && assert->symmetric && (assert->in || assert->from.word || given(&assert->to)))
		diag_at(diags, PLACE(assert, reply_to), -EINVAL,
			"`reply-to` says already that the host sends them, and where to; leave "
			"`in`, `to` "
			"and 'from: host' out");
}

static void check_packets(const struct assert_config *assert, struct diags *diags)
{
	uint8_t from = assert->from.prefix.family, to = assert->to.prefix.family;
	uint8_t only = assert->family == FAMILY_IPV4 ? AF_INET :
		       assert->family == FAMILY_IPV6 ? AF_INET6 :
						       0;
	bool host = assert->from.word;

	if (host && assert->in)
		diag_at(diags, PLACE(assert, from), -EINVAL,
			"what the host sends comes in nowhere; leave `in` or `from` out");
	if (host && assert->never)
		diag_at(diags, PLACE(assert, never), -EINVAL,
			"what the host sends is never forwarded; did you mean 'leaves: nowhere'?");
	if (assert->in && !strcmp(assert->in, "lo"))
		diag_at(diags, PLACE(assert, in), -EINVAL,
			"nothing comes in on 'lo'; did you mean 'from: host'?");
	if (assert->uid.end && !host && !assert->symmetric)
		diag_at(diags, PLACE(assert, uid), -EINVAL,
			"only the host's own packets have a user; add 'from: host'");
	if ((from && to && from != to) || (only && from && from != only) ||
	    (only && to && to != only))
		diag_at(diags, assert->record.place, -EINVAL,
			"no packet is of both families; "
			"give prefixes of one, and leave `family` out");
}

void routing_assert_check(const struct config_list *asserts, struct diags *diags)
{
	const struct assert_config *assert = asserts->items;

	for (unsigned i = 0; i < asserts->count; i++) {
		check_promise(&assert[i], diags);
		check_symmetry(&assert[i], diags);
		check_packets(&assert[i], diags);
	}
}

void routing_assert_interest(const struct config_list *asserts, struct interest *interest)
{
	if (!asserts->count)
		return;
	interest->all_routes = true;
	for (size_t i = 0; i < model_sysctl_count; i++)
		*VEC_PUSH(&interest->sysctls) = model_sysctls[i];
}

static bool exists(const struct facts *facts, const struct state *desired, const char *name)
{
	STATE_EACH(desired, OBJECT_LINK, const struct host_link, link) {
		if (!strcmp(link->name, name))
			return true;
	}
	return facts_link(facts, name);
}

void routing_assert_desire(const struct config_list *asserts, const struct facts *facts,
			   struct desired *desired)
{
	const struct assert_config *assert = asserts->items;

	for (unsigned i = 0; i < asserts->count; i++)
		if (assert[i].in && !exists(facts, &desired->state, assert[i].in))
			desire_pending(desired, PLACE(&assert[i], in),
				       "assert %u says nothing: link %s does not exist", i + 1,
				       assert[i].in);
}
