/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_RUNNER_ORPHANS_H
#define MH_FEATURE_CHECKS_RUNNER_ORPHANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Into the environment of each script: by which whatever it started is known. */
#define ORPHANS_MARK_SIZE 48
void orphans_mark(uint32_t slot, uint32_t turn, char ret_mark[ORPHANS_MARK_SIZE]);
/* Finds it in an environment: strings with their NULs, @length bytes, and a NUL behind them. */
bool orphans_read_mark(const char *environment, size_t length, uint32_t *ret_slot,
		       uint32_t *ret_turn);

/* Whether this turn of this script still runs. */
typedef bool orphans_runs_fn(void *data, pid_t pid, uint32_t slot, uint32_t turn);
/*
 * Kills those children of this process that are neither scripts nor of one that runs. What they
 * started in their turn is a child once they have been waited for. Returns how many.
 */
unsigned orphans_end(orphans_runs_fn *runs, void *data);

#endif
