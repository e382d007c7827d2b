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

/*
 * What a start has to know of it stands in a file: the texts to go back to, and those that were
 * tried. WAITS: nobody has confirmed them yet. TURNED_DOWN: they did not stand; as long as the
 * daemon's own file still says the same, it is not what a start begins with.
 */
enum transaction_state { TRANSACTION_WAITS, TRANSACTION_TURNED_DOWN };

struct transaction_memory {
	enum transaction_state state;
	struct source *back, *tried; /* owned */
};

/* Both return 0 or -errno; -ENOENT: nothing is remembered. */
int transaction_remember(const char *path, enum transaction_state state,
			 const struct generation *back, const struct generation *tried);
int transaction_recall(const char *path, struct transaction_memory *ret_memory);
void transaction_memory_free(struct transaction_memory *memory);

#endif
