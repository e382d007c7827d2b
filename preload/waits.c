/* SPDX-License-Identifier: MIT */
/*
 * epoll watches open files (epoll(7), questions and answers): when dup3() puts another socket at a
 * number, the registration stays with the old one, and the program would never hear of the new one.
 * So what the program registered is remembered, for the few descriptors that are watched, and done
 * again.
 *
 * Not read from /proc/self/fdinfo, which tells the same: it may not be there, and finding all
 * epolls means to read the whole of /proc/self/fd.
 */
#include "waits.h"

#include <stdatomic.h>

#include "lock.h"
#include "real.h"

#define MOST 512

struct wait {
	bool used;
	int epoll, fd;
	struct epoll_event event;
};

static struct wait waits[MOST];
static unsigned top; /* none is used at or above it */
static struct lock lock;
static atomic_bool overflowed;

static struct wait *find(int epoll, int fd)
{
	for (unsigned i = 0; i < top; i++)
		if (waits[i].used && waits[i].fd == fd && waits[i].epoll == epoll)
			return &waits[i];
	return NULL;
}

static struct wait *find_free(void)
{
	for (unsigned i = 0; i < MOST; i++) {
		if (waits[i].used)
			continue;
		if (i >= top)
			top = i + 1;
		return &waits[i];
	}
	return NULL;
}

void waits_note(int epoll, int operation, int fd, const struct epoll_event *event)
{
	struct wait *wait;

	if (!lock_take(&lock)) {
		atomic_store(&overflowed, true);
		return;
	}
	wait = find(epoll, fd);
	if (operation == EPOLL_CTL_DEL) {
		if (wait)
			wait->used = false;
	} else {
		wait = wait ? wait : find_free();
		if (wait)
			*wait = (struct wait){ true, epoll, fd, *event };
		else
			atomic_store(&overflowed, true);
	}
	lock_leave(&lock);
}

void waits_forget(int fd)
{
	if (!lock_take(&lock))
		return;
	for (unsigned i = 0; i < top; i++)
		if (waits[i].fd == fd || waits[i].epoll == fd)
			waits[i].used = false;
	lock_leave(&lock);
}

bool waits_overflowed(void)
{
	return atomic_load(&overflowed);
}

/* One at a time, so that the lock is not held over the system call. */
static bool next(int fd, unsigned *at, struct wait *ret_wait)
{
	bool found = false;

	if (!lock_take(&lock))
		return false;
	for (; *at < top && !found; ++*at) {
		found = waits[*at].used && waits[*at].fd == fd;
		if (found)
			*ret_wait = waits[*at];
	}
	lock_leave(&lock);
	return found;
}

void waits_leave(int fd)
{
	struct wait wait;
	unsigned at = 0;

	while (next(fd, &at, &wait))
		/* The epoll was closed, or is another one by now. */
		if (real()->epoll_ctl(wait.epoll, EPOLL_CTL_DEL, fd, NULL) < 0)
			waits_note(wait.epoll, EPOLL_CTL_DEL, fd, NULL);
}

void waits_return(int fd)
{
	struct wait wait;
	unsigned at = 0;

	while (next(fd, &at, &wait))
		real()->epoll_ctl(wait.epoll, EPOLL_CTL_ADD, fd, &wait.event);
}

void waits_forked(void)
{
	lock_leave(&lock);
}
