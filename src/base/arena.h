/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_ARENA_H
#define MH_BASE_ARENA_H

#include <stddef.h>

/* Memory with one life: everything taken from an arena goes when the arena goes. */
struct arena;

struct arena *arena_new(void);
void arena_free(struct arena *arena);
void arena_freep(struct arena **arena);

#define AUTO_ARENA __attribute__((cleanup(arena_freep))) struct arena *

void *arena_alloc(struct arena *arena, size_t size);			/* zeroed, aligned to 16 */
char *arena_copy(struct arena *arena, const char *text, size_t length); /* adds the final NUL */
char *arena_printf(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
