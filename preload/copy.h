/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_COPY_H
#define PRELOAD_COPY_H

/*
 * Makes @to behave as @from: socket options and the flags of the open file, where they differ.
 * Returns 0, or -errno for a socket that bears something that cannot be copied and without which it
 * would be another: a BPF filter.
 */
int copy_options(int from, int to, int family);

#endif
