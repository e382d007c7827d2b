/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a configuration: they are read or refused, never worse, and every refusal can be
 * shown. What was read is printed in canonical form, which must be read without a mistake and
 * print as the same text again.
 *
 * A line "#file" begins the next file, so that the joining of conf.d is met, too.
 */
#include "base/mem.h"
#include "config/sample_tables.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MARK "#file\n"
#define FILES_MAX 4

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

static void put_u32(struct text *text, size_t value)
{
	const uint8_t bytes[4] = { (uint8_t)(value >> 24), (uint8_t)(value >> 16),
				   (uint8_t)(value >> 8), (uint8_t)value };

	text_append(text, bytes, sizeof(bytes));
}

/* The files of the input, by way of the packed form, which meets its reader as well. */
static struct source *source_of_input(const char *bytes, size_t length)
{
	struct source *source = NULL;
	const char *mark = bytes;
	AUTO_TEXT packed = { 0 };
	AUTO_TEXT files = { 0 };
	unsigned count = 0;

	do {
		mark = ++count < FILES_MAX ? memmem(bytes, length, FILE_MARK, strlen(FILE_MARK)) :
					     NULL;
		put_u32(&files, 1);
		text_puts(&files, "f");
		put_u32(&files, mark ? (size_t)(mark - bytes) : length);
		text_append(&files, bytes, mark ? (size_t)(mark - bytes) : length);
		length -= mark ? (size_t)(mark - bytes) + strlen(FILE_MARK) : 0;
		bytes = mark ? mark + strlen(FILE_MARK) : bytes;
	} while (mark);
	put_u32(&packed, count);
	put_u32(&packed, 0);
	text_append(&packed, files.data, files.length);
	if (source_unpack(packed.data, packed.length, &source) < 0)
		abort();
	return source;
}

/* Reads and, if it could be read, prints. Returns as config_read(). */
static int read_and_print(struct source *source, struct text *printed)
{
	struct config *config;
	AUTO_TEXT shown = { 0 };
	AUTO_DIAGS diags = { 0 };
	int r = config_read(source, sample_sections, SAMPLE_SECTIONS, &diags, &config);

	diags_sort(&diags);
	diags_render(&diags, config->source, false, &shown);
	if (r == 0)
		config_print(config, sample_sections, SAMPLE_SECTIONS, printed);
	if ((r == 0) != (diags.errors == 0) || (r < 0 && !shown.length))
		abort();
	config_free(config);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_TEXT first = { 0 };
	AUTO_TEXT second = { 0 };
	struct source *again;

	if (length > SOURCE_MAX_BYTES ||
	    read_and_print(source_of_input((const char *)bytes, length), &first) < 0)
		return 0;
	again = source_of_text("printed", text_string(&first), first.length);
	if (read_and_print(again, &second) < 0 ||
	    strcmp(text_string(&first), text_string(&second)) != 0) {
		fprintf(stderr, "printed:\n%s\nreads back as:\n%s\n", text_string(&first),
			text_string(&second));
		abort();
	}
	return 0;
}

#ifdef FUZZ_STANDALONE
/* Without libFuzzer: every file that is named, once. */
int main(int count, char **paths)
{
	for (int i = 1; i < count; i++) {
		AUTO_TEXT text = { 0 };

		if (text_read_file(paths[i], SOURCE_MAX_BYTES, &text) < 0)
			return 1;
		LLVMFuzzerTestOneInput((const uint8_t *)text.data, text.length);
	}
	return 0;
}
#endif
