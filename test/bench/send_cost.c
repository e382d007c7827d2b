/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What it costs to send a datagram, look-ups of rules and routes included, since the socket is not
 * connected:
 *	send_cost ADDRESS COUNT
 * prints nanoseconds for each, the least of five rounds.
 */
#include "base/clock.h"
#include "net/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define ROUNDS 5
#define DISCARD 9

static double round_of(int fd, const struct sockaddr *to, socklen_t length, long count)
{
	int64_t start = clock_now_us();

	for (long i = 0; i < count; i++)
		if (sendto(fd, "x", 1, MSG_DONTWAIT, to, length) < 0) {
			perror("sendto");
			exit(1);
		}
	return (double)(clock_now_us() - start) * 1000.0 / (double)count;
}

int main(int argc, char **argv)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(DISCARD) };
	struct sockaddr_in6 to6 = { .sin6_family = AF_INET6, .sin6_port = htons(DISCARD) };
	struct address address;
	double least = 0;
	long count;
	int fd;

	if (argc != 3 || address_parse(argv[1], &address) < 0 || (count = atol(argv[2])) < 1) {
		fprintf(stderr, "usage: send_cost ADDRESS COUNT\n");
		return 2;
	}
	memcpy(&to.sin_addr, address.bytes, sizeof(to.sin_addr));
	memcpy(&to6.sin6_addr, address.bytes, sizeof(to6.sin6_addr));
	fd = socket(address.family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		perror("socket");
		return 1;
	}
	for (int i = 0; i < ROUNDS; i++) {
		double took = address.family == AF_INET ?
				      round_of(fd, (void *)&to, sizeof(to), count) :
				      round_of(fd, (void *)&to6, sizeof(to6), count);

		if (i == 0 || took < least)
			least = took;
	}
	printf("%.1f\n", least);
	return 0;
}
