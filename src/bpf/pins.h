/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_PINS_H
#define MH_BPF_PINS_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* Folders in a bpffs, where what is pinned outlives its process. All return 0 or -errno. */

/* By what the folders of several network namespaces are told apart. */
int pins_netns(uint64_t *ret_netns, struct text *error);

bool pins_is_bpffs(const char *path);
/* -ENOENT: no bpffs is mounted there. */
int pins_make_folder(const char *path, struct text *error);

/*
 * Ends what one file of a folder holds, and removes it. Returns false when that takes no more than
 * to remove the file.
 */
typedef bool pins_end(const char *path, const char *name);

int pins_empty_folder(const char *path, pins_end *end, struct text *error);
/* Empties it as well; 0 when it is not there. */
int pins_remove_folder(const char *path, pins_end *end, struct text *error);

#endif
