/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_SCRATCH_H
#define MH_HOST_SCRATCH_H

/*
 * For tests only: a network namespace of the test's own, which goes with the process. Without
 * root it lies in a user namespace of its own; where that is refused the test is skipped.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SCRATCH_SKIPPED 77 /* the exit status that meson takes for "skipped" */

static inline bool scratch_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* Once, before the first test. */
static inline bool scratch_allowed(void)
{
	char map[32];
	uid_t uid = geteuid();

	if (unshare(CLONE_NEWNET) == 0)
		return true;
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	return scratch_write("/proc/self/setgroups", "deny") &&
	       scratch_write("/proc/self/uid_map", map);
}

/* Runs a command of the shell; tells it when it fails. */
static inline bool scratch_run(const char *command)
{
	if (system(command) == 0)
		return true;
	fprintf(stderr, "failed: %s\n", command);
	return false;
}

/*
 * A fresh namespace: lo up, and a pair of links, eth0 (up, 192.0.2.1/24, 2001:db8::1/64) and peer0.
 */
static inline bool scratch_new(void)
{
	return unshare(CLONE_NEWNET) == 0 &&
	       scratch_run("ip link set lo up && ip link add eth0 type veth peer name peer0 &&"
			   "ip link set eth0 up && ip link set peer0 up &&"
			   "ip addr add 192.0.2.1/24 dev eth0 && ip addr add 2001:db8::1/64 dev "
			   "eth0 nodad");
}

#endif
