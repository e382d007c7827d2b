/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *checked(void *pointer, size_t size)
{
	if (!pointer && size) {
		fprintf(stderr, "multihomed: out of memory (%zu bytes more)\n", size);
		abort();
	}
	return pointer;
}

void *mem_alloc(size_t size)
{
	return checked(calloc(1, size), size);
}

void *mem_resize(void *old, size_t size)
{
	return checked(realloc(old, size), size);
}

char *mem_strdup(const char *text)
{
	return checked(strdup(text), strlen(text) + 1);
}

char *mem_printf(const char *format, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&text, format, args) < 0)
		text = checked(NULL, 1);
	va_end(args);
	return text;
}

void mem_freep(void *pointer)
{
	void **place = pointer;

	free(*place);
	*place = NULL;
}

void *mem_grow(void *items, size_t count, size_t *room, size_t size)
{
	if (count == *room) {
		*room = *room ? *room * 2 : 8;
		items = checked(reallocarray(items, *room, size), *room * size);
	}
	memset((char *)items + count * size, 0, size);
	return items;
}
