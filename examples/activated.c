/* SPDX-License-Identifier: MIT */
/*
 * A service whose socket, UDP or TCP, systemd has opened (LISTEN_FDS, see sd_listen_fds(3)). It
 * tells whoever asks at an address of the prefix which address that was.
 *
 *	cc activated.c -o activated $(pkg-config --cflags --libs multihome)
 *	systemd-socket-activate --datagram -l 7777 ./activated 198.51.100.0/24
 *
 *	# activated.socket		# activated.service
 *	[Socket]			[Service]
 *	ListenDatagram=7777		ExecStart=/usr/local/bin/activated 198.51.100.0/24
 */
#include <multihome.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define FIRST_FD 3 /* SD_LISTEN_FDS_START */
#define WORD "asked="

static size_t line_write(char *line, size_t room, const struct mh_address *asked)
{
	char text[INET6_ADDRSTRLEN] = "?";

	inet_ntop(asked->family, asked->bytes, text, sizeof(text));
	return (size_t)snprintf(line, room, WORD "%s\n", text);
}

/* The answer is written over the question. To the answer of another such server there is none. */
static int tell_datagrams(const struct mh_socket *server, struct mh_batch *batch)
{
	int count = mh_udp_receive(server, batch);

	for (int i = 0; i < count; i++) {
		struct mh_datagram *d = mh_batch_at(batch, (unsigned)i);

		if (d->flags & MH_GROUP ||
		    (d->length >= strlen(WORD) && memcmp(d->data, WORD, strlen(WORD)) == 0))
			continue;
		d->answer_length = line_write(d->data, d->room, &d->asked);
		d->answer = d->data;
	}
	return count < 0 ? count : mh_udp_answer(server, batch);
}

static int tell_connection(const struct mh_socket *server)
{
	struct mh_connection connection;
	int r = mh_tcp_accept(server, &connection);
	char line[80];

	if (r < 0)
		return r;
	send(connection.fd, line, line_write(line, sizeof(line), &connection.asked), MSG_NOSIGNAL);
	shutdown(connection.fd, SHUT_WR);
	recv(connection.fd, line, sizeof(line), 0); /* or closing may reset: see tcp_greet.c */
	return close(connection.fd);
}

/* Whether an adopted descriptor blocks is left to its owner. Ours must not: see select(2), BUGS. */
static int adopt(const struct mh_prefix *prefix, struct mh_socket *server, bool *ret_is_udp)
{
	int r = mh_udp_adopt(FIRST_FD, prefix, 0, server);

	*ret_is_udp = r != -EPROTOTYPE;
	if (r == -EPROTOTYPE)
		r = mh_tcp_adopt(FIRST_FD, prefix, 0, server);
	if (r == 0 && fcntl(FIRST_FD, F_SETFL, fcntl(FIRST_FD, F_GETFL) | O_NONBLOCK) < 0)
		r = -errno;
	return r;
}

static int serve(const struct mh_socket *server, bool is_udp, struct mh_batch *batch)
{
	struct pollfd polled[] = { { .fd = server->fd, .events = POLLIN }, { .events = POLLIN } };
	sigset_t ends;
	int r = -EAGAIN;

	sigemptyset(&ends);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	polled[1].fd = signalfd(-1, &ends, SFD_CLOEXEC);
	while (!polled[1].revents && (r >= 0 || r == -EAGAIN || r == -ECONNABORTED))
		if (poll(polled, 2, -1) > 0 && polled[0].revents)
			r = is_udp ? tell_datagrams(server, batch) : tell_connection(server);
	return polled[1].revents ? 0 : r;
}

int main(int argc, char **argv)
{
	const char *pid = getenv("LISTEN_PID"), *count = getenv("LISTEN_FDS");
	bool here = pid && count && atoi(pid) == getpid() && atoi(count) == 1, is_udp;
	struct mh_prefix prefix;
	struct mh_socket server;
	struct mh_batch *batch = NULL;
	int r;

	if (argc != 2 || !here || mh_prefix_parse(argv[1], &prefix) < 0) {
		fprintf(stderr, "usage: activated PREFIX, by a unit of one socket\n");
		return 2;
	}
	r = adopt(&prefix, &server, &is_udp);
	if (r == 0)
		r = mh_batch_new(32, 2048, &batch);
	if (r == 0)
		r = serve(&server, is_udp, batch);
	mh_batch_free(batch);
	if (r < 0)
		fprintf(stderr, "activated: %s\n", strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
