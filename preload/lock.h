/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_LOCK_H
#define PRELOAD_LOCK_H

#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <time.h>

/*
 * A lock for some dozen instructions, never held over a system call. It may not be had: the
 * holder may be the very thread that a signal interrupted, whose handler now receives a datagram,
 * or a thread that fork() did not copy. Whoever cannot have it does without, as without this library,
 * but not before a holder that lost its processor has had time to get one: some 20 ms.
 */
struct lock {
	atomic_flag held;
};

static inline bool lock_take(struct lock *lock)
{
	const struct timespec moment = { .tv_nsec = 200000 };

	for (unsigned tries = 0; tries < 300; tries++) {
		if (!atomic_flag_test_and_set_explicit(&lock->held, memory_order_acquire))
			return true;
		if (tries > 200)
			clock_nanosleep(CLOCK_MONOTONIC, 0, &moment, NULL);
		else if (tries > 100)
			sched_yield();
	}
	return false;
}

static inline void lock_leave(struct lock *lock)
{
	atomic_flag_clear_explicit(&lock->held, memory_order_release);
}

#endif
