/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A program for the lab of `run`: it answers on the wildcard of both families, knows nothing of
 * addresses, and is linked statically, so that nothing can be preloaded into it.
 *	run_echo_static PORT
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

int main(int argc, char **argv)
{
	struct sockaddr_in6 here = { .sin6_family = AF_INET6 }, peer;
	int fd = socket(AF_INET6, SOCK_DGRAM, 0);
	char data[2048];

	here.sin6_port = htons((uint16_t)(argc > 1 ? atoi(argv[1]) : 0));
	if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0) {
		perror("run_echo_static");
		return 1;
	}
	for (;;) {
		socklen_t length = sizeof(peer);
		ssize_t n = recvfrom(fd, data, sizeof(data), 0, (struct sockaddr *)&peer, &length);

		if (n >= 0)
			sendto(fd, data, (size_t)n, 0, (struct sockaddr *)&peer, length);
	}
}
