/* SPDX-License-Identifier: MIT */
/*
 * A TCP server on one address or on a whole prefix, which greets each peer with the address that it
 * asked, and with the link that it came by.
 *
 *	cc tcp_greet.c -o tcp_greet $(pkg-config --cflags --libs multihome)
 *	ip route add local 2001:db8:1:1::/64 dev lo
 *	./tcp_greet 2001:db8:1:1::/64 7777
 *
 * A connection answers from the address asked by itself. What is left to the library: one listener
 * for all addresses of the prefix, a reset for the others, and to tell which address it was.
 */
#include <multihome.h>

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

/* As the daytime protocol does (RFC 867): says its line and closes, whatever it was sent. */
static void greet(const struct mh_connection *connection)
{
	char asked[INET6_ADDRSTRLEN], link[IF_NAMESIZE] = "?";
	char peer[NI_MAXHOST] = "?", port[NI_MAXSERV] = "?", line[512];
	int length;

	inet_ntop(connection->asked.family, connection->asked.bytes, asked, sizeof(asked));
	if_indextoname(connection->link, link);
	getnameinfo(&connection->peer.any, sizeof(connection->peer), peer, sizeof(peer), port,
		    sizeof(port), NI_NUMERICHOST | NI_NUMERICSERV);
	length = snprintf(line, sizeof(line), "asked=%s link=%s peer=[%s]:%s\n", asked, link, peer,
			  port);
	/* So little always fits into a new connection. A peer that is gone misses nothing. */
	send(connection->fd, line, (size_t)length, MSG_NOSIGNAL);
	shutdown(connection->fd, SHUT_WR);
	/* Closing with something unread resets the connection, perhaps before the line is read. */
	for (int i = 0; i < 64 && recv(connection->fd, line, sizeof(line), 0) > 0; i++)
		;
	close(connection->fd);
}

/*
 * An aborted connection was for another address, or is gone: the next one may be fine. Without
 * descriptors or memory for it, a connection goes on waiting; then this does not ask at once again.
 */
static int serve(const struct mh_socket *server, int signals)
{
	struct pollfd polled[] = { { .fd = signals, .events = POLLIN },
				   { .fd = server->fd, .events = POLLIN } };

	while (!polled[0].revents) {
		struct mh_connection connection;
		int r = -EAGAIN;

		if (poll(polled, 2, -1) > 0 && polled[1].revents)
			r = mh_tcp_accept(server, &connection);
		if (r == 0)
			greet(&connection);
		else if (r == -EBADF || r == -EINVAL || r == -ENOTSOCK)
			return r;
		else if (r != -EAGAIN && r != -ECONNABORTED)
			poll(polled, 1, 100);
	}
	return 0;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[2]) : 0, r;
	struct mh_prefix prefix;
	struct mh_socket server;
	sigset_t ends;

	if (port < 1 || port > 65535 || mh_prefix_parse(argv[1], &prefix) < 0) {
		fprintf(stderr, "usage: tcp_greet PREFIX PORT\n");
		return 2;
	}
	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	r = mh_tcp_open(&prefix, (uint16_t)port, 0, &server);
	if (r == 0) {
		printf("serving %s port %d\n", argv[1], port);
		fflush(stdout);
		r = serve(&server, signalfd(-1, &ends, SFD_CLOEXEC));
		mh_close(&server);
	}
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
