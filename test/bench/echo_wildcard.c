/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The program that `replies` is for: the textbook's UDP echo. One thread, one socket of both
 * families on the wildcard, recvmsg and sendto, and not a thought about the address asked.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

static int echo_open(uint16_t port)
{
	const struct sockaddr_in6 name = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), no = 0;

	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	return bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ? -1 : fd;
}

static void echo(int fd)
{
	static char bytes[2048];
	struct sockaddr_in6 peer;
	struct iovec part = { bytes, sizeof(bytes) };
	struct msghdr message = {
		.msg_name = &peer, .msg_namelen = sizeof(peer), .msg_iov = &part, .msg_iovlen = 1
	};
	ssize_t length = recvmsg(fd, &message, 0);

	if (length >= 0)
		sendto(fd, bytes, (size_t)length, 0, (struct sockaddr *)&peer, message.msg_namelen);
}

int main(int argc, char **argv)
{
	int fd = argc == 2 ? echo_open((uint16_t)atoi(argv[1])) : -1;

	if (fd < 0) {
		fprintf(stderr, "usage: echo_wildcard PORT, which nobody else has\n");
		return 2;
	}
	puts("ready");
	fflush(stdout);
	for (;;)
		echo(fd);
}
