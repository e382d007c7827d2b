/* SPDX-License-Identifier: MIT */
#ifndef LIB_SETTLE_H
#define LIB_SETTLE_H

/*
 * For tests only. What is sent by way of the loopback device is mostly in the receiver's queue when
 * the call returns, but not when the processor is busy: then ksoftirqd delivers it later. Each
 * processor has a queue of its own, in order: what this sends to itself on each comes after all else.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

static inline int settle_socket(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t length = sizeof(own);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&own, sizeof(own)) < 0 ||
	    getsockname(fd, (void *)&own, &length) < 0 || connect(fd, (void *)&own, length) < 0)
		abort();
	return fd;
}

static inline void settle_one(int fd)
{
	char byte;

	if (syscall(SYS_sendto, fd, "", 1, 0, NULL, 0) != 1 ||
	    syscall(SYS_recvfrom, fd, &byte, 1, 0, NULL, NULL) != 1)
		abort();
}

/* Returns when what the caller has just sent was delivered or dropped. */
static inline void settle(void)
{
	int fd = settle_socket();

	settle_one(fd);
	syscall(SYS_close, fd);
}

/* Returns when @fd has something to read, or all that anybody had sent was delivered or dropped. */
static inline void settle_all(int fd)
{
	int own;
	cpu_set_t allowed, one;

	if (poll(&(struct pollfd){ .fd = fd, .events = POLLIN }, 1, 0) == 1)
		return;
	own = settle_socket();
	if (sched_getaffinity(0, sizeof(allowed), &allowed) < 0)
		abort();
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &allowed))
			continue;
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (sched_setaffinity(0, sizeof(one), &one) < 0)
			abort();
		settle_one(own);
	}
	sched_setaffinity(0, sizeof(allowed), &allowed);
	syscall(SYS_close, own);
}

#endif
