/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "daemon/enrolled.h"

#include "base/file.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MOST (64 << 20)
#define NAME_MOST 63

bool enrolled_is_name(const char *name)
{
	size_t length = strlen(name);

	for (const char *at = name; *at; at++)
		if (isspace((unsigned char)*at) || iscntrl((unsigned char)*at))
			return false;
	return length && length <= NAME_MOST;
}

static int set_port(struct subscriber_hand *hand, const char *value, struct text *error)
{
	if (strlen(value) >= IF_NAMESIZE || strchr(value, '/') || !enrolled_is_name(value)) {
		text_printf(error, "'%s' cannot be the name of a link", value);
		return -EINVAL;
	}
	mem_freep(&hand->port);
	hand->port = mem_strdup(value);
	return 0;
}

static int set_mac(struct subscriber_hand *hand, const char *value, struct text *error)
{
	const char *at = value;

	for (size_t i = 0; i < sizeof(hand->mac); i++, at += 3) {
		char end = i + 1 < sizeof(hand->mac) ? ':' : '\0';

		if (!isxdigit((unsigned char)at[0]) || !isxdigit((unsigned char)at[1]) ||
		    at[2] != end) {
			text_printf(error, "'%s' is no MAC address, such as 02:00:00:00:00:07",
				    value);
			return -EINVAL;
		}
		hand->mac[i] = (uint8_t)strtoul(at, NULL, 16);
	}
	hand->bound = true;
	return 0;
}

static int read_address(const char *value, struct address *ret_address, struct text *error)
{
	if (address_parse(value, ret_address) == 0)
		return 0;
	text_printf(error, "'%s' is no address, such as 10.1.2.7 or fe80::7", value);
	return -EINVAL;
}

static int set_via(struct subscriber_hand *hand, const char *value, struct text *error)
{
	return read_address(value, &hand->via, error);
}

static int set_address(struct subscriber_hand *hand, const char *value, struct text *error)
{
	struct address address;
	int r = read_address(value, &address, error);

	if (r == 0)
		*VEC_PUSH(&hand->addresses) = address;
	return r;
}

static int set_prefix(struct subscriber_hand *hand, const char *value, struct text *error)
{
	struct prefix prefix, clean;
	char text[ADDRESS_TEXT_SIZE];

	if (prefix_parse(value, &prefix) < 0) {
		text_printf(error, "'%s' is no prefix, such as 2001:db8:7::/64", value);
		return -EINVAL;
	}
	if (!prefix_is_clean(&prefix)) {
		clean = prefix_clean(&prefix);
		text_printf(error, "%s has bits beyond /%u; did you mean %s?", value, prefix.length,
			    prefix_text(&clean, text));
		return -EINVAL;
	}
	*VEC_PUSH(&hand->prefixes) = prefix;
	return 0;
}

int enrolled_set(struct subscriber_hand *hand, const char *word, const char *value, struct text *error)
{
	static const struct {
		const char *word;
		int (*set)(struct subscriber_hand *hand, const char *value, struct text *error);
	} words[] = { { "port", set_port },
		      { "mac", set_mac },
		      { "via", set_via },
		      { "address", set_address },
		      { "prefix", set_prefix } };

	for (size_t i = 0; i < ARRAY_SIZE(words); i++)
		if (strcmp(words[i].word, word) == 0)
			return words[i].set(hand, value, error);
	text_printf(error, "'%s' is nothing that is known of a subscriber", word);
	return -EINVAL;
}

void enrolled_print(const struct subscriber_hand *hand, struct text *text)
{
	char buffer[ADDRESS_TEXT_SIZE];

	if (hand->port)
		text_printf(text, " port %s", hand->port);
	if (hand->bound)
		text_printf(text, " mac %s", mac_text(hand->mac, buffer));
	if (hand->via.family)
		text_printf(text, " via %s", address_text(&hand->via, buffer));
	for (size_t i = 0; i < hand->addresses.count; i++)
		text_printf(text, " address %s", address_text(&hand->addresses.items[i], buffer));
	for (size_t i = 0; i < hand->prefixes.count; i++)
		text_printf(text, " prefix %s", prefix_text(&hand->prefixes.items[i], buffer));
}

static enum subscriber_what read_what(const char *word)
{
	for (unsigned what = SUBSCRIBER_ADD; what < SUBSCRIBER_AUTO; what++)
		if (strcmp(subscriber_what_word((enum subscriber_what)what), word) == 0)
			return (enum subscriber_what)what;
	return 0;
}

/* Takes @line apart. Returns 0, or -EINVAL with what is wrong with it. */
static int read_line(char *line, struct subscriber_hand *hand, struct text *error)
{
	char *rest = line, *what = strsep(&rest, " "), *name = strsep(&rest, " ");

	hand->what = read_what(what);
	if (!hand->what || !name || !enrolled_is_name(name)) {
		text_puts(error, "neither add, move nor remove of a name");
		return -EINVAL;
	}
	hand->name = mem_strdup(name);
	while (rest) {
		const char *word = strsep(&rest, " "), *value = strsep(&rest, " ");

		if (enrolled_set(hand, word, value ? value : "", error) < 0)
			return -EINVAL;
	}
	if (hand->what == SUBSCRIBER_REMOVE || hand->port)
		return 0;
	text_puts(error, "it has no port");
	return -EINVAL;
}

void enrolled_read(const char *path, struct subscriber_hands *ret_hands)
{
	AUTO_TEXT content = { 0 };
	int r = file_read_private(path, FILE_MOST, &content);
	char *rest = content.data, *line;

	*ret_hands = (struct subscriber_hands){ 0 };
	if (r < 0 && r != -ENOENT)
		log_warning("%s cannot be read (%s): what was decided by hand about subscribers is "
			    "forgotten",
			    path, strerror(-r));
	if (r < 0)
		return;
	while (rest && (line = strsep(&rest, "\n"))) {
		struct subscriber_hand hand = { 0 };
		AUTO_TEXT error = { 0 };

		if (*line && read_line(line, &hand, &error) < 0)
			log_warning("%s: a line that makes no sense is left out: %s", path,
				    text_string(&error));
		else if (*line)
			subscriber_hands_take(ret_hands, &hand, true);
		subscriber_hand_free(&hand);
	}
}

int enrolled_keep(const char *path, const struct subscriber_hands *hands)
{
	AUTO_TEXT content = { 0 };

	for (size_t i = 0; i < hands->items.count; i++) {
		const struct subscriber_hand *hand = &hands->items.items[i];

		text_printf(&content, "%s %s", subscriber_what_word(hand->what), hand->name);
		enrolled_print(hand, &content);
		text_puts(&content, "\n");
	}
	return file_replace(path, &content);
}
