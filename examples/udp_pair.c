/* SPDX-License-Identifier: MIT */
/*
 * A UDP server whose answers have to wait: it introduces clients to each other, two by two. Who
 * comes first is answered when the second comes, from the address that he had asked. A copy of his
 * datagram is all that it takes; the batch has long been filled anew by then.
 *
 *	cc udp_pair.c -o udp_pair $(pkg-config --cflags --libs multihome)
 *	./udp_pair 2001:db8:1:1::/64 7777
 */
#include <multihome.h>

#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>

#define BATCH 32
#define ROOM 512
#define TEXT 80 /* "[ADDRESS%LINK]:PORT\n" */

static void peer_print(const struct mh_datagram *of, char text[TEXT])
{
	char host[INET6_ADDRSTRLEN + IF_NAMESIZE] = "?", port[sizeof("65535")] = "?";

	getnameinfo(&of->peer.any, sizeof(of->peer), host, sizeof(host), port, sizeof(port),
		    NI_NUMERICHOST | NI_NUMERICSERV);
	snprintf(text, TEXT, "[%s]:%s\n", host, port);
}

static bool same_peer(const struct mh_datagram *a, const struct mh_datagram *b)
{
	return memcmp(&a->peer, &b->peer, sizeof(a->peer)) == 0;
}

/* Each is told of the other. Their .source, .link and .flags are still those of the questions. */
static void introduce(const struct mh_socket *server, struct mh_datagram pair[2])
{
	char text[2][TEXT];

	for (int i = 0; i < 2; i++) {
		peer_print(&pair[1 - i], text[i]);
		pair[i].answer = text[i];
		pair[i].answer_length = strlen(text[i]);
	}
	mh_udp_send(server, pair, 2);
}

static int receive(const struct mh_socket *server, struct mh_batch *batch, in_port_t port,
		   struct mh_datagram *waiting)
{
	int count = mh_udp_receive(server, batch);

	if (count < 0)
		return count == -EAGAIN ? 0 : count;
	for (int i = 0; i < count; i++) {
		struct mh_datagram *d = mh_batch_at(batch, (unsigned)i);

		/* As in udp_echo.c: no group, no other server of our kind. */
		if (d->flags & MH_GROUP || d->peer.v4.sin_port == port)
			continue;
		/* Who asks again may have given up on the address that he asked before. */
		if (waiting->peer.any.sa_family && !same_peer(waiting, d)) {
			introduce(server, (struct mh_datagram[]){ *waiting, *d });
			*waiting = (struct mh_datagram){ 0 };
		} else {
			*waiting = *d;
		}
	}
	return 0;
}

static int serve(const struct mh_socket *server, struct mh_batch *batch, in_port_t port, int signals)
{
	struct pollfd polled[] = { { .fd = server->fd, .events = POLLIN },
				   { .fd = signals, .events = POLLIN } };
	struct mh_datagram waiting = { 0 };
	int r = 0;

	while (r == 0 && !polled[1].revents)
		if (poll(polled, 2, -1) > 0 && polled[0].revents)
			r = receive(server, batch, port, &waiting);
	return r;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[2]) : 0, r;
	struct mh_prefix prefix;
	struct mh_socket server;
	struct mh_batch *batch;
	sigset_t ends;

	if (port < 1 || port > 65535 || mh_prefix_parse(argv[1], &prefix) < 0) {
		fprintf(stderr, "usage: udp_pair PREFIX PORT\n");
		return 2;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	r = mh_udp_open(&prefix, (uint16_t)port, 0, &server);
	if (r == 0 && (r = mh_batch_new(BATCH, ROOM, &batch)) == 0) {
		printf("serving %s port %d\n", argv[1], port);
		fflush(stdout);
		r = serve(&server, batch, htons((uint16_t)port), signalfd(-1, &ends, SFD_CLOEXEC));
		mh_batch_free(batch);
		mh_close(&server);
	}
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
