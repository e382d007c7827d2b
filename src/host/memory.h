/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_MEMORY_H
#define MH_HOST_MEMORY_H

#include "base/mem.h"
#include "host/object.h"

/* What a name that is no sysctl begins with: "link/eth0/mtu". */
#define MEMORY_OF_LINKS "link/"

/*
 * What sysctls and links that are not ours were before we changed them, kept in a file, since the
 * kernel has no mark for them as it has for a route. The file is written before the sysctl is, so
 * that a death at any moment leaves one that we know of.
 */
struct memory_entry {
	char name[sizeof(((struct host_sysctl *)0)->name)];
	char former[sizeof(((struct host_sysctl *)0)->value)];
	char written[sizeof(((struct host_sysctl *)0)->value)]; /* by us, last */
	char earlier[sizeof(((struct host_sysctl *)0)->value)]; /* by us, before that; "" = nothing */
};

struct memory {
	char *path;			  /* NULL = only for the life of the process */
	VEC(struct memory_entry) entries; /* by name */
};

/*
 * Reads the file at @path (which may be missing). What is malformed is passed over with a warning.
 */
void memory_open(struct memory *memory, const char *path);
void memory_close(struct memory *memory);

const struct memory_entry *memory_find(const struct memory *memory, const char *name);
/*
 * Remembers that @name, now @former unless it is remembered already, is about to become @written. 0
 * or -errno: then do not.
 */
int memory_remember(struct memory *memory, const char *name, const char *former, const char *written);
/*
 * Puts many entries in the place of those of their names, by one write of the file; those without
 * .written are forgotten. 0 or -errno: then all is as before.
 */
int memory_put(struct memory *memory, const struct memory_entry *entries, size_t count);
/* What memory_remember() would keep of @name. */
struct memory_entry memory_next(const struct memory *memory, const char *name, const char *former,
				const char *written);
/* Forgets; an empty memory removes its file. */
int memory_forget(struct memory *memory, const char *name);

/*
 * A name that we may read and write: below net/, no empty, "." or ".." component, no white space.
 */
bool sysctl_name_is_valid(const char *name);

#endif
