/* SPDX-License-Identifier: MIT */
/*
 * Found by name once. Two threads may do it at the same time, and write the same.
 *
 * By way of dlsym() and not of syscall(): another preloaded library may stand between us and the C
 * library, and the C library's functions are points at which a thread may be cancelled.
 */
#include "real.h"

#include <dlfcn.h>
#include <stdbool.h>

struct real real_table;
atomic_bool real_loaded;

void real_load(void)
{
#define REAL_FIND(type, name, arguments)                                                           \
	real_table.name = (type(*) arguments)dlsym(RTLD_NEXT, #name);
	REAL_FUNCTIONS(REAL_FIND)
#undef REAL_FIND
	atomic_store_explicit(&real_loaded, true, memory_order_release);
}
