/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_RUN_PROGRAM_H
#define MH_CTL_RUN_PROGRAM_H

#include "base/text.h"

/* As env(1) and the shells end where a program could not be started. */
enum run_status { RUN_NOT_RUNNABLE = 126, RUN_NOT_FOUND = 127 };

/* A program as `run` finds it: where it is, and whether a library can be preloaded into it. */
struct run_program {
	char *path;
	/* "is linked statically": why it cannot; "" when it can. */
	struct text obstacle;
	bool raises; /* that it runs with other rights than ours is why */
};

/*
 * Finds @name as execvp(3) does. Returns 0, or RUN_NOT_FOUND or RUN_NOT_RUNNABLE with one
 * line in @error.
 */
int run_program_find(const char *name, struct run_program *ret_program, struct text *error);
void run_program_free(struct run_program *program);

/* The preload library. Returns 0, or -ENOENT with one line in @error. */
int run_library_find(struct text *ret_path, struct text *error);

#endif
