/* SPDX-License-Identifier: MIT */
/*
 * A UDP echo on one address or on a whole prefix: each datagram goes back from the address that it
 * was sent to.
 *
 *	cc udp_echo.c -o udp_echo $(pkg-config --cflags --libs multihome)
 *	ip route add local 198.51.100.0/24 dev lo
 *	./udp_echo 198.51.100.0/24 7777
 *
 * An echo answers whatever source a datagram claims to have. Two guards keep it from harm: it
 * answers nothing that was sent to a group, and nothing that comes from its own port number, which
 * another echo would have.
 */
#include <multihome.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define BATCH 64  /* datagrams a system call */
#define ROOM 2048 /* bytes of each; what is longer arrives cut off, and flagged */

static int fail(const char *what, int error)
{
	fprintf(stderr, "%s: %s\n", what, strerror(-error));
	return EXIT_FAILURE;
}

/* Readable once SIGINT or SIGTERM has come. poll() could miss a flag that a handler sets. */
static int signals_open(void)
{
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	return signalfd(-1, &ends, SFD_CLOEXEC);
}

/* Takes one batch and answers it. One a turn is enough: poll() comes back at once for more. */
static int echo(const struct mh_socket *server, struct mh_batch *batch, uint16_t port)
{
	int count = mh_udp_receive(server, batch);

	if (count < 0)
		return count == -EAGAIN ? 0 : count;
	for (int i = 0; i < count; i++) {
		struct mh_datagram *d = mh_batch_at(batch, (unsigned)i);

		/* The port stands at the same place in v4 and v6. */
		if (d->flags & (MH_GROUP | MH_TRUNCATED) || ntohs(d->peer.v4.sin_port) == port)
			continue;
		d->answer = d->data;
		d->answer_length = d->length;
	}
	/* What could not leave is told in each datagram; an echo lets it go, as a network might. */
	mh_udp_answer(server, batch);
	return 0;
}

static int serve(const struct mh_socket *server, struct mh_batch *batch, uint16_t port)
{
	struct pollfd polled[] = {
		{ .fd = server->fd, .events = POLLIN },
		{ .fd = signals_open(), .events = POLLIN },
	};
	int r = 0;

	while (r == 0 && !polled[1].revents)
		if (poll(polled, 2, -1) > 0 && polled[0].revents)
			r = echo(server, batch, port);
	close(polled[1].fd);
	return r;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[2]) : 0, r;
	struct mh_prefix prefix;
	struct mh_socket server;
	struct mh_batch *batch;

	if (port < 1 || port > 65535 || mh_prefix_parse(argv[1], &prefix) < 0) {
		fprintf(stderr, "usage: udp_echo PREFIX PORT\n");
		return 2;
	}
	r = mh_udp_open(&prefix, (uint16_t)port, 0, &server);
	if (r < 0)
		return fail(argv[1], r);
	r = mh_batch_new(BATCH, ROOM, &batch);
	if (r == 0) {
		printf("serving %s port %d\n", argv[1], port);
		fflush(stdout);
		r = serve(&server, batch, (uint16_t)port);
		mh_batch_free(batch);
	}
	mh_close(&server);
	return r < 0 ? fail("udp_echo", r) : EXIT_SUCCESS;
}
