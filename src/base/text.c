/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/text.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Longer words are nobody's typing mistake. */
#define WORD_MAX_LENGTH 40

static void text_reserve(struct text *text, size_t more)
{
	size_t need = text->length + more + 1;

	if (need <= text->room)
		return;
	text->room = need < 64 ? 64 : need * 2;
	text->data = mem_resize(text->data, text->room);
}

static unsigned least(unsigned a, unsigned b, unsigned c)
{
	unsigned smaller = a < b ? a : b;

	return smaller < c ? smaller : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from @a to @b. */
static unsigned text_distance(const char *a, const char *b)
{
	unsigned rows[3][WORD_MAX_LENGTH + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2], *spare;
	size_t a_length = strlen(a), b_length = strlen(b);

	for (size_t j = 0; j <= b_length; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		now[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			now[j] = least(last[j] + 1, now[j - 1] + 1,
				       last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
		}
		spare = before;
		before = last;
		last = now;
		now = spare;
	}
	return last[b_length];
}

void text_free(struct text *text)
{
	mem_freep(&text->data);
	text->length = text->room = 0;
}

void text_append(struct text *text, const void *bytes, size_t length)
{
	text_reserve(text, length);
	if (length)
		memcpy(text->data + text->length, bytes, length);
	text->length += length;
	text->data[text->length] = '\0';
}

void text_puts(struct text *text, const char *string)
{
	text_append(text, string, strlen(string));
}

void text_printf(struct text *text, const char *format, ...)
{
	va_list args, again;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		abort();
	text_reserve(text, (size_t)length);
	vsnprintf(text->data + text->length, (size_t)length + 1, format, again);
	va_end(again);
	text->length += (size_t)length;
}

const char *text_string(const struct text *text)
{
	return text->data ? text->data : "";
}

static int read_whole(int fd, size_t limit, struct text *ret_text)
{
	AUTO_TEXT text = { 0 };
	ssize_t got;

	do {
		text_reserve(&text, 65536);
		got = read(fd, text.data + text.length, 65536);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			text.length += (size_t)got;
		if (text.length > limit)
			return -EFBIG;
	} while (got != 0);
	text.data[text.length] = '\0';
	*ret_text = text;
	text = (struct text){ 0 };
	return 0;
}

int text_read_file(const char *path, size_t limit, struct text *ret_text)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);

	return fd < 0 ? -errno : read_whole(fd, limit, ret_text);
}

/* What was looked at is what is read: the path may be somebody else's by then. */
int text_read_regular(const char *path, size_t limit, struct text *ret_text)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat status;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return -ENOTSUP;
	if (status.st_size > 0 && (uint64_t)status.st_size > limit)
		return -EFBIG;
	return read_whole(fd, limit, ret_text);
}

const char *text_nearest(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	unsigned best, distance;

	if (strlen(word) > WORD_MAX_LENGTH)
		return NULL;
	best = (unsigned)strlen(word) / 3 + 1;
	for (; *words; words++) {
		if (strlen(*words) > WORD_MAX_LENGTH)
			continue;
		distance = text_distance(word, *words);
		if (distance <= best && (!nearest || distance < best)) {
			best = distance;
			nearest = *words;
		}
	}
	return nearest;
}
