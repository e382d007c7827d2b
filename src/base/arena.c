/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/arena.h"

#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Blocks double up to this size, so that a small arena is small and a large one has few blocks. */
#define ARENA_FIRST_BLOCK 1024
#define ARENA_LARGEST_BLOCK (256 * 1024)

struct block {
	struct block *next;
	size_t size, used;
	_Alignas(16) char bytes[];
};

struct arena {
	struct block *newest;
};

static struct block *block_new(struct arena *arena, size_t least)
{
	size_t size = arena->newest ? arena->newest->size * 2 : ARENA_FIRST_BLOCK;
	struct block *block;

	if (size > ARENA_LARGEST_BLOCK)
		size = ARENA_LARGEST_BLOCK;
	if (size < least)
		size = least;
	block = mem_alloc(sizeof(*block) + size);
	block->size = size;
	block->next = arena->newest;
	arena->newest = block;
	return block;
}

struct arena *arena_new(void)
{
	return mem_alloc(sizeof(struct arena));
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	for (struct block *block = arena->newest, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(arena);
}

void arena_freep(struct arena **arena)
{
	arena_free(*arena);
	*arena = NULL;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->newest;
	size_t need = (size + 15) & ~(size_t)15;
	void *memory;

	if (!block || block->size - block->used < need)
		block = block_new(arena, need);
	memory = block->bytes + block->used;
	block->used += need;
	return memory;
}

char *arena_copy(struct arena *arena, const char *text, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (length)
		memcpy(copy, text, length);
	return copy;
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list args, again;
	char *text;
	int length;

	va_start(args, format);
	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (length < 0)
		abort();
	text = arena_alloc(arena, (size_t)length + 1);
	vsnprintf(text, (size_t)length + 1, format, again);
	va_end(again);
	return text;
}
