/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_RUN_HOOK_H
#define MH_CTL_RUN_HOOK_H

#include "base/text.h"

/*
 * Moves the caller into a cgroup of its own below the present one, with the eBPF programs on it,
 * and leaves a process behind that keeps the sources true and takes all away when the cgroup is
 * empty. Returns 0 and the folder of the cgroup; or -errno with one line in @error and all as it
 * was (-EPERM: the rights are missing).
 */
int run_hook_enter(struct text *ret_cgroup, struct text *error);

#endif
