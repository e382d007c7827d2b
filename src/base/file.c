/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/file.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE 65536

static int is_private(int fd)
{
	struct stat status;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || status.st_uid != geteuid() ||
	    status.st_mode & (S_IWGRP | S_IWOTH))
		return -EPERM;
	return 0;
}

static int read_all(int fd, size_t limit, struct text *text)
{
	char piece[PIECE];
	ssize_t got;

	do {
		got = read(fd, piece, sizeof(piece));
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got > 0)
			text_append(text, piece, (size_t)got);
		if (text->length > limit)
			return -EFBIG;
	} while (got != 0);
	return 0;
}

int file_read_private(const char *path, size_t limit, struct text *ret_text)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	AUTO_TEXT text = { 0 };
	int r;

	if (fd < 0)
		return errno == ELOOP ? -EPERM : -errno;
	r = is_private(fd);
	if (r == 0)
		r = read_all(fd, limit, &text);
	if (r < 0)
		return r;
	*ret_text = text;
	text = (struct text){ 0 };
	return 0;
}

static int write_fresh(const char *path, const struct text *text)
{
	AUTO_FD fd = -1;
	size_t done = 0;

	/* What lies there was left by a crash, or put there by somebody: neither is written into. */
	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	while (done < text->length) {
		ssize_t written = write(fd, text->data + done, text->length - done);

		if (written < 0 && errno != EINTR)
			return -errno;
		done += written > 0 ? (size_t)written : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static void sync_folder(const char *path)
{
	AUTO_MEM char *copy = mem_strdup(path);
	AUTO_FD fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		(void)fsync(fd);
}

int file_replace(const char *path, const struct text *text)
{
	AUTO_MEM char *fresh = mem_printf("%s.new", path);
	int r = write_fresh(fresh, text);

	if (r == 0 && rename(fresh, path) < 0)
		r = -errno;
	if (r < 0)
		(void)unlink(fresh);
	else
		sync_folder(path);
	return r;
}
