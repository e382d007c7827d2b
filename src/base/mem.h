/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_MEM_H
#define MH_BASE_MEM_H

#include <stddef.h>

/*
 * Memory that is never NULL: a process of ours that cannot get memory says so in one line and
 * ends (the kernel keeps its state, the service manager starts it again). Not for packet paths,
 * which allocate nothing, and not for lib/, which returns -ENOMEM.
 */
void *mem_alloc(size_t size);		  /* zeroed */
void *mem_resize(void *old, size_t size); /* the new part is not zeroed */
char *mem_strdup(const char *text);
char *mem_printf(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Frees *@pointer and forgets it; for the AUTO_ macros. */
void mem_freep(void *pointer);

#define AUTO_MEM __attribute__((cleanup(mem_freep)))

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/*
 * A growable array: declare it as struct { TYPE *items; size_t count, room; }.
 * VEC_PUSH returns the address of the new, zeroed item.
 */
#define VEC(type)                                                                                  \
	struct {                                                                                   \
		type *items;                                                                       \
		size_t count, room;                                                                \
	}
#define VEC_PUSH(vec)                                                                              \
	((vec)->items = mem_grow((vec)->items, (vec)->count, &(vec)->room, sizeof(*(vec)->items)), \
	 &(vec)->items[(vec)->count++])
#define VEC_FREE(vec)                                                                              \
	do {                                                                                       \
		mem_freep(&(vec)->items);                                                          \
		(vec)->count = (vec)->room = 0;                                                    \
	} while (0)

/* Makes room for one more than @count items of @size bytes and zeroes that one. */
void *mem_grow(void *items, size_t count, size_t *room, size_t size);

#endif
