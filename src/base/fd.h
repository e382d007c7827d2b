/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BASE_FD_H
#define MH_BASE_FD_H

/* A descriptor that closes itself at the end of its block, unless fd_take() hands it over. */
#define AUTO_FD __attribute__((cleanup(fd_closep))) int

void fd_closep(int *fd);

static inline int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif
