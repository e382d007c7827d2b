/* SPDX-License-Identifier: MIT */
/*
 * A UDP server in an event loop that is there already: the library hands out a descriptor and never
 * waits by itself, so any loop will do. It logs the address asked, the link and the peer of each
 * datagram, and sends it back.
 *
 *	cc udp_epoll.c -o udp_epoll $(pkg-config --cflags --libs multihome)
 *	./udp_epoll ::/0 7777
 *
 * ::/0 is the wildcard of IPv6, 0.0.0.0/0 that of IPv4: every address of this host, now and later.
 * A wildcard hears broadcasts and groups, too. They are answered here from an address of this
 * host's own, as a service does that wants to be found; any other keeps silent (RFC 2644).
 */
#include <multihome.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>

#define BATCH 32
#define ROOM 2048

static void datagram_log(const struct mh_datagram *d)
{
	char asked[INET6_ADDRSTRLEN] = "?", link[IF_NAMESIZE] = "?";
	char peer[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?";

	/* Of family 0, which a kernel that did not tell leaves, inet_ntop() makes nothing. */
	inet_ntop(d->asked.family, d->asked.bytes, asked, sizeof(asked));
	if_indextoname(d->link, link);
	getnameinfo(&d->peer.any, sizeof(d->peer), peer, sizeof(peer), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	printf("asked=%s link=%s peer=[%s]:%s bytes=%zu%s\n", asked, link, peer, port, d->length,
	       d->flags & MH_GROUP ? " group" : "");
}

static int server_ready(const struct mh_socket *server, struct mh_batch *batch, uint16_t port)
{
	int count = mh_udp_receive(server, batch);

	if (count < 0)
		return count == -EAGAIN ? 0 : count;
	for (int i = 0; i < count; i++) {
		struct mh_datagram *d = mh_batch_at(batch, (unsigned)i);

		datagram_log(d);
		/* Another of our kind would answer our answer, and so on for ever. */
		if (ntohs(d->peer.v4.sin_port) == port)
			continue;
		d->answer = d->data;
		d->answer_length = d->length;
	}
	fflush(stdout);
	mh_udp_answer(server, batch);
	return 0;
}

/* The loop of your program; where it compares descriptors, there stand your own, too. */
static int loop_run(int loop, const struct mh_socket *server, struct mh_batch *batch, uint16_t port)
{
	struct epoll_event events[8];

	for (;;) {
		int count = epoll_wait(loop, events, 8, -1), r = 0;

		for (int i = 0; i < count && r == 0; i++)
			r = events[i].data.fd == server->fd ? server_ready(server, batch, port) :
							      -EINTR;
		if (r < 0)
			return r == -EINTR ? 0 : r;
	}
}

static void loop_add(int loop, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	epoll_ctl(loop, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[2]) : 0, loop = epoll_create1(EPOLL_CLOEXEC), r;
	struct mh_prefix prefix;
	struct mh_socket server;
	struct mh_batch *batch;
	sigset_t ends;

	if (port < 1 || port > 65535 || mh_prefix_parse(argv[1], &prefix) < 0) {
		fprintf(stderr, "usage: udp_epoll PREFIX PORT\n");
		return 2;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	loop_add(loop, signalfd(-1, &ends, SFD_CLOEXEC));
	r = mh_udp_open(&prefix, (uint16_t)port, 0, &server);
	if (r == 0 && (r = mh_batch_new(BATCH, ROOM, &batch)) == 0) {
		loop_add(loop, server.fd);
		printf("serving %s port %d\n", argv[1], port);
		fflush(stdout);
		r = loop_run(loop, &server, batch, (uint16_t)port);
		mh_batch_free(batch);
		mh_close(&server);
	}
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
