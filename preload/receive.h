/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_RECEIVE_H
#define PRELOAD_RECEIVE_H

#include <sys/socket.h>
#include <sys/types.h>

/*
 * recvmsg() of the socket @from on behalf of the program's descriptor @fd (mostly the same). What
 * the program did not ask for does not reach @message; which address was asked is remembered where
 * @fd is watched.
 */
ssize_t receive_message(int from, int fd, struct msghdr *message, int flags);

/* Names that the C library's headers tell only where the checks are on. */
ssize_t __read_chk(int fd, void *data, size_t size, size_t room);
ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags);
ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, __SOCKADDR_ARG peer,
		       socklen_t *length);

#endif
