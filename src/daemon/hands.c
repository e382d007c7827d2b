/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The file: a line for each check, "DECISION NAME". */
#include "daemon/hands.h"

#include "base/file.h"
#include "base/log.h"

#include <errno.h>
#include <string.h>

#define FILE_MOST (4 << 20)

static const char *const words[HEALTH_HANDS] = { "auto", "drain", "force-up", "force-down" };

static struct hand *find(const struct hands *hands, const char *name)
{
	for (size_t i = 0; i < hands->items.count; i++)
		if (strcmp(hands->items.items[i].name, name) == 0)
			return &hands->items.items[i];
	return NULL;
}

enum health_hand hands_get(const struct hands *hands, const char *name)
{
	const struct hand *hand = find(hands, name);

	return hand ? hand->hand : HEALTH_AUTO;
}

static void put(struct hands *hands, const char *name, enum health_hand decision)
{
	struct hand *hand = find(hands, name);

	if (!hand) {
		hand = VEC_PUSH(&hands->items);
		hand->name = mem_strdup(name);
	}
	hand->hand = decision;
}

/* Returns whether the line makes sense. */
static bool read_line(struct hands *hands, const char *line, size_t length)
{
	for (unsigned i = HEALTH_AUTO + 1; i < HEALTH_HANDS; i++) {
		size_t word = strlen(words[i]);
		AUTO_MEM char *name = NULL;

		if (length <= word + 1 || strncmp(line, words[i], word) != 0 || line[word] != ' ')
			continue;
		name = mem_printf("%.*s", (int)(length - word - 1), line + word + 1);
		put(hands, name, (enum health_hand)i);
		return true;
	}
	return false;
}

void hands_open(struct hands *hands, char *path)
{
	AUTO_TEXT content = { 0 };
	int r = file_read_private(path, FILE_MOST, &content);
	const char *at = text_string(&content);

	*hands = (struct hands){ .path = path };
	if (r < 0 && r != -ENOENT)
		log_warning("%s cannot be read (%s): what was decided by hand about checks is "
			    "forgotten",
			    path, strerror(-r));
	while (r == 0 && *at) {
		size_t length = strcspn(at, "\n");

		if (!read_line(hands, at, length))
			log_warning("%s: a line that makes no sense: %.*s", path, (int)length, at);
		at += length + (at[length] == '\n');
	}
}

int hands_set(struct hands *hands, const char *name, enum health_hand hand)
{
	AUTO_TEXT content = { 0 };
	int r;

	for (size_t i = 0; i < hands->items.count; i++)
		if (hands->items.items[i].hand != HEALTH_AUTO &&
		    strcmp(hands->items.items[i].name, name) != 0)
			text_printf(&content, "%s %s\n", words[hands->items.items[i].hand],
				    hands->items.items[i].name);
	if (hand != HEALTH_AUTO)
		text_printf(&content, "%s %s\n", words[hand], name);
	r = file_replace(hands->path, &content);
	if (r == 0)
		put(hands, name, hand);
	return r;
}

void hands_free(struct hands *hands)
{
	for (size_t i = 0; i < hands->items.count; i++)
		mem_freep(&hands->items.items[i].name);
	VEC_FREE(&hands->items);
	mem_freep(&hands->path);
}
