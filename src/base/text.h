/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_TEXT_H
#define MH_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/*
 * A text (or any bytes) that grows. Zero-initialised it is empty; .data is NUL-terminated once it
 * holds anything.
 */
struct text {
	char *data;
	size_t length, room;
};

#define AUTO_TEXT __attribute__((cleanup(text_free))) struct text

void text_free(struct text *text);
void text_append(struct text *text, const void *bytes, size_t length);
void text_puts(struct text *text, const char *string);
void text_printf(struct text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The text as a C string; "" when it is empty. */
const char *text_string(const struct text *text);

/*
 * Reads the file at @path whole, at most @limit bytes. Returns 0, -EFBIG beyond the limit, or
 * -errno.
 */
int text_read_file(const char *path, size_t limit, struct text *ret_text);
/*
 * The same of a regular file, and never waits for whoever may have put a FIFO in its place. Also
 * returns -ENOTSUP, or -EISDIR, for what is none.
 */
int text_read_regular(const char *path, size_t limit, struct text *ret_text);

/*
 * The word of the NULL-terminated list @words that @word was probably meant to be: the nearest by
 * edit distance (Damerau-Levenshtein), within a third of its length. NULL when none is near.
 */
const char *text_nearest(const char *word, const char *const *words);

#endif
