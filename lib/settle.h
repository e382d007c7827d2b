/* SPDX-License-Identifier: MIT */
#ifndef LIB_SETTLE_H
#define LIB_SETTLE_H

/*
 * For tests only. What is sent by way of the loopback device is mostly in the receiver's queue when
 * the call returns, but not when the processor is busy: then ksoftirqd delivers it later. Each
 * processor has a queue of its own, in order: what is sent to oneself on it comes after all else.
 * So a test stays on one processor, and settles before it looks.
 */
#include <arpa/inet.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* From here on, the caller and the threads that it makes stay on the processor where it is now. */
static inline void settle_stay(void)
{
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(sched_getcpu(), &one);
	if (sched_setaffinity(0, sizeof(one), &one) < 0)
		abort();
}

/* Returns when all that was sent on this processor has been delivered or dropped. */
static inline void settle(void)
{
	struct sockaddr_in own = { .sin_family = AF_INET };
	socklen_t length = sizeof(own);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char byte;

	own.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || bind(fd, (void *)&own, sizeof(own)) < 0 ||
	    getsockname(fd, (void *)&own, &length) < 0 ||
	    syscall(SYS_sendto, fd, "", 1, 0, &own, length) != 1 ||
	    syscall(SYS_recvfrom, fd, &byte, 1, 0, NULL, NULL) != 1)
		abort();
	syscall(SYS_close, fd);
}

#endif
