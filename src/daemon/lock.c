/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A locked file named like the namespace, in a folder that only root may write. (An abstract socket
 * would come and go with the namespace by itself; but anybody may take its name, and keep the
 * daemon from starting.)
 */
#include "daemon/lock.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define FOLDER "/run/multihomed"

/* Whether @fd is still what the path names: whoever held the lock before may have removed it. */
static bool is_current(int fd, const char *path)
{
	struct stat held, named;

	return fstat(fd, &held) == 0 && stat(path, &named) == 0 && held.st_ino == named.st_ino;
}

static int take(const char *path, int *ret_fd)
{
	for (;;) {
		AUTO_FD fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

		if (fd < 0)
			return -errno;
		if (flock(fd, LOCK_EX | LOCK_NB) < 0)
			return errno == EWOULDBLOCK ? -EBUSY : -errno;
		if (is_current(fd, path)) {
			*ret_fd = fd_take(&fd);
			return 0;
		}
	}
}

int lock_take(struct lock *ret_lock, struct text *error)
{
	AUTO_MEM char *path = NULL;
	struct stat namespace;
	int r;

	if (stat("/proc/self/ns/net", &namespace) < 0) {
		text_printf(error, "looking at the own network namespace: %m");
		return -errno;
	}
	path = mem_printf(FOLDER "/net-%" PRIuMAX ".lock", (uintmax_t) namespace.st_ino);
	mkdir(FOLDER, 0755);
	r = take(path, &ret_lock->fd);
	if (r == -EBUSY)
		text_puts(error,
			  "another multihomed runs in this network namespace; stop it first");
	else if (r < 0)
		text_printf(error, "%s: %s", path, strerror(-r));
	if (r < 0)
		return r;
	ret_lock->path = path;
	path = NULL;
	return 0;
}

void lock_release(struct lock *lock)
{
	if (lock->fd >= 0) {
		unlink(lock->path);
		rmdir(FOLDER);
	}
	fd_closep(&lock->fd);
	mem_freep(&lock->path);
}
