/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The memory of a transaction is texts, not the state of the kernel: what is ours is derived from
 * them, and what is not ours is not to be put back by us.
 */
#include "daemon/transaction.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define HEAD_SIZE 64

void transaction_end(struct transaction *transaction)
{
	mem_freep(&transaction->what);
	*transaction = (struct transaction){ 0 };
}

static void pack(const struct generation *generation, struct text *packed)
{
	const struct source none = { 0 }, *source = generation_source(generation);

	source_pack(source ? source : &none, packed);
}

int transaction_remember(const char *path, const struct generation *back,
			 const struct generation *tried)
{
	AUTO_TEXT text = { 0 }, first = { 0 }, second = { 0 };

	pack(back, &first);
	pack(tried, &second);
	text_printf(&text, "multihomed transaction 3: %zu %zu\n", first.length, second.length);
	text_append(&text, first.data, first.length);
	text_append(&text, second.data, second.length);
	return file_replace(path, &text);
}

/* Reads the line that the file begins with; returns its length, or 0. */
static size_t read_head(const struct text *text, size_t lengths[2])
{
	const char *end = text->length ? memchr(text->data, '\n', text->length) : NULL;
	size_t length = end ? (size_t)(end - text->data) + 1 : 0;
	char head[HEAD_SIZE];

	if (!length || length > sizeof(head))
		return 0;
	memcpy(head, text->data, length - 1);
	head[length - 1] = '\0';
	if (sscanf(head, "multihomed transaction 3: %zu %zu", &lengths[0], &lengths[1]) != 2)
		return 0;
	return length;
}

int transaction_recall(const char *path, struct transaction_memory *ret_memory)
{
	struct transaction_memory memory = { 0 };
	AUTO_TEXT text = { 0 };
	size_t lengths[2], head;
	int r = file_read_private(path, (SOURCE_MAX_BYTES + SOURCE_MAX_ATTACHED_BYTES) * 2, &text);

	if (r < 0)
		return r;
	head = read_head(&text, lengths);
	if (!head || lengths[0] > text.length - head || lengths[1] != text.length - head - lengths[0])
		return -EINVAL;
	r = source_unpack(text.data + head, lengths[0], &memory.back);
	if (r == 0)
		r = source_unpack(text.data + head + lengths[0], lengths[1], &memory.tried);
	if (r < 0)
		transaction_memory_free(&memory);
	else
		*ret_memory = memory;
	return r;
}

void transaction_memory_free(struct transaction_memory *memory)
{
	source_free(memory->back);
	source_free(memory->tried);
	*memory = (struct transaction_memory){ 0 };
}
