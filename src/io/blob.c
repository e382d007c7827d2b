/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "io/blob.h"

#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

static int write_all(int fd, const char *bytes, size_t length)
{
	while (length) {
		ssize_t wrote = write(fd, bytes, length);

		if (wrote < 0 && errno == EINTR)
			continue;
		if (wrote < 0)
			return -errno;
		bytes += wrote;
		length -= (size_t)wrote;
	}
	return 0;
}

int blob_make(const void *bytes, size_t length, int *ret_fd)
{
	AUTO_FD fd = memfd_create("blob", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r;

	if (fd < 0)
		return -errno;
	r = write_all(fd, bytes, length);
	if (r < 0)
		return r;
	if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
		return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

int blob_map(int fd, const void **ret_bytes, size_t *ret_length)
{
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat status;
	void *bytes = NULL;

	if (seals < 0 || (seals & SEALS) != SEALS)
		return -EPROTO;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (status.st_size) {
		bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
		if (bytes == MAP_FAILED)
			return -errno;
	}
	*ret_bytes = bytes;
	*ret_length = (size_t)status.st_size;
	return 0;
}

void blob_unmap(const void *bytes, size_t length)
{
	if (length)
		munmap((void *)bytes, length);
}
