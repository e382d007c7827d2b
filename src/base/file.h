/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_FILE_H
#define MH_BASE_FILE_H

#include "base/text.h"

/*
 * Files that a privileged process keeps for itself, in a folder that it may share with others. What
 * is read back is only what nobody else could have written.
 */

/*
 * Reads a regular file that belongs to us and that nobody else may write, at most @limit bytes; no
 * symbolic link is followed. Returns 0, -ENOENT, -EPERM for a file of somebody else, -EFBIG, or
 * -errno.
 */
int file_read_private(const char *path, size_t limit, struct text *ret_text);

/*
 * Puts @text in the place of the file, mode 0600: written beside it, synced, renamed, the folder
 * synced. After a crash there is the old one or the new one. Returns 0 or -errno, and then the old
 * one stands.
 */
int file_replace(const char *path, const struct text *text);

#endif
