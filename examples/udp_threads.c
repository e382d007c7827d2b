/* SPDX-License-Identifier: MIT */
/*
 * The UDP echo for a busy host: each core has a thread and a socket, which share the port, and the
 * kernel spreads the peers over them. Datagrams of one peer that arrive together are taken as one
 * train, and go back as one.
 *
 *	cc udp_threads.c -o udp_threads $(pkg-config --cflags --libs multihome) -pthread
 *	./udp_threads 2001:db8:1:1::/64 7777
 */
#include <multihome.h>

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#define CORES_MAX 256
#define BATCH 64
#define ROOM 65535 /* a train may be this long; memory that none ever reaches is never used */

/* Everything that one thread touches. Nothing is shared, so nothing is locked. */
struct worker {
	pthread_t thread;
	struct mh_socket socket;
	struct mh_batch *batch;
	int signals, error;
	in_port_t port;
	unsigned long pieces, datagrams;
};

static int echo(struct worker *worker)
{
	int count = mh_udp_receive(&worker->socket, worker->batch);

	if (count < 0)
		return count == -EAGAIN ? 0 : count;
	for (int i = 0; i < count; i++) {
		struct mh_datagram *d = mh_batch_at(worker->batch, (unsigned)i);

		worker->pieces++;
		worker->datagrams += mh_datagram_count(d);
		/* As in udp_echo.c: no group, no other echo. */
		if (d->flags & (MH_GROUP | MH_TRUNCATED) || d->peer.v4.sin_port == worker->port)
			continue;
		d->answer = d->data;
		d->answer_length = d->length;
		d->answer_segment = d->segment;
	}
	mh_udp_answer(&worker->socket, worker->batch);
	return 0;
}

/* Nobody reads the signal, so that it stays to be seen by every thread. */
static void *work(void *argument)
{
	struct worker *worker = argument;
	struct pollfd polled[] = { { .fd = worker->socket.fd, .events = POLLIN },
				   { .fd = worker->signals, .events = POLLIN } };

	while (worker->error == 0 && !polled[1].revents)
		if (poll(polled, 2, -1) > 0 && polled[0].revents)
			worker->error = echo(worker);
	return NULL;
}

/* All sockets before the first thread: one that joins later takes peers away from the others. */
static int start(struct worker *workers, int count, const struct mh_prefix *prefix, uint16_t port)
{
	int r = 0, signals;
	sigset_t ends;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sigprocmask(SIG_BLOCK, &ends, NULL);
	signals = signalfd(-1, &ends, SFD_CLOEXEC);
	for (struct worker *worker = workers; worker < workers + count && r == 0; worker++) {
		worker->signals = signals;
		worker->port = htons(port);
		r = mh_udp_open(prefix, port, MH_SHARE_PORT | MH_JOINED, &worker->socket);
		if (r == 0)
			r = mh_batch_new(BATCH, ROOM, &worker->batch);
	}
	for (int i = 0; i < count && r == 0; i++)
		r = -pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	return r;
}

int main(int argc, char **argv)
{
	int port = argc == 3 ? atoi(argv[2]) : 0, cores = (int)sysconf(_SC_NPROCESSORS_ONLN), r;
	static struct worker workers[CORES_MAX];
	struct mh_prefix prefix;

	if (port < 1 || port > 65535 || mh_prefix_parse(argv[1], &prefix) < 0) {
		fprintf(stderr, "usage: udp_threads PREFIX PORT\n");
		return 2;
	}
	cores = cores < 1 ? 1 : cores > CORES_MAX ? CORES_MAX : cores;
	r = start(workers, cores, &prefix, (uint16_t)port);
	if (r == 0 && printf("serving %s port %d with %d threads\n", argv[1], port, cores) > 0)
		fflush(stdout);
	for (struct worker *worker = workers; worker < workers + cores && r == 0; worker++) {
		pthread_join(worker->thread, NULL);
		printf("%lu datagrams in %lu pieces\n", worker->datagrams, worker->pieces);
		mh_batch_free(worker->batch);
		mh_close(&worker->socket);
		r = worker->error;
	}
	if (r < 0)
		fprintf(stderr, "%s: %s\n", argv[1], strerror(-r));
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
