/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_LOCK_H
#define MH_DAEMON_LOCK_H

#include "base/text.h"

/* A network namespace has one daemon: two would undo each other's work. */
struct lock {
	int fd; /* -1 = not held */
	char *path;
};

/* Returns 0 or -errno with one line in @error; -EBUSY when another daemon holds it. */
int lock_take(struct lock *ret_lock, struct text *error);
/* Gives it back, with its file and, when nothing else is in it, the folder. */
void lock_release(struct lock *lock);

#endif
