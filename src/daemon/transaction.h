/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_TRANSACTION_H
#define MH_DAEMON_TRANSACTION_H

#include "daemon/generation.h"

#include <sys/types.h>

/* Who asks over the control socket, and since when that connection stands. */
struct caller {
	uid_t uid;
	pid_t pid;
	int64_t since_us;
};

/* An apply that goes back by itself unless it is confirmed. There is one at a time. */
struct transaction {
	unsigned id; /* the number of its generation; 0 = there is none */
	struct caller caller;
	char *what;	     /* the name of its file */
	size_t operations;   /* how many it took */
	int64_t until_us;    /* when it goes back */
	int64_t answered_us; /* when its caller heard of it: who confirms has connected since */
};

void transaction_end(struct transaction *transaction);

/* In a file: the texts that a start goes back to, and those that were tried; see boot.c. */
struct transaction_memory {
	struct source *back, *tried; /* owned */
};

/* Both return 0 or -errno; -ENOENT: nothing is remembered. */
int transaction_remember(const char *path, const struct generation *back,
			 const struct generation *tried);
int transaction_recall(const char *path, struct transaction_memory *ret_memory);
void transaction_memory_free(struct transaction_memory *memory);

#endif
