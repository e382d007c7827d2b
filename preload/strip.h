/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_STRIP_H
#define PRELOAD_STRIP_H

#include <stdbool.h>
#include <stddef.h>

/* What the program itself wants to be told. */
#define STRIP_KEEP_V4 1 /* IP_PKTINFO */
#define STRIP_KEEP_V6 2 /* IPV6_PKTINFO */

/*
 * Pure. Copies ancillary data as the kernel would have written it to @to (of @room bytes) had
 * nobody asked for packet information but the program (@keep). @to may be @from. Returns the bytes
 * written; what did not fit, whole or in part, is told by @ret_truncated.
 */
size_t strip_copy(const void *from, size_t length, unsigned keep, void *to, size_t room,
		  bool *ret_truncated);

#endif
