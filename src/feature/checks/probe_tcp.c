/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A connection that stands is what is asked for; then it is reset, so that neither side keeps
 * anything of it.
 *
 * Making a socket and telling epoll of it costs more than a third of the whole probe. So a socket
 * is not closed but disconnected (connect(2) to AF_UNSPEC, which resets), and waits for the next
 * probe that goes the same way. One on which a connection failed is closed: what it still has to
 * tell would be taken for the next one's. Edges, not levels, are told of: disconnecting makes one
 * that means nothing, and nobody is asking then.
 */
#include "feature/checks/probe_kinds.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>

#define IDLE_MOST 1024 /* sockets that wait, of one way */

struct tcp_socket {
	struct probe_watch watch;
	struct probe *probe; /* that asks; NULL = it waits in the pool */
	struct probe_stage *stage;
};

struct tcp_way {
	struct check_spec like;
	unsigned probes;
	VEC(struct tcp_socket *) idle;
};

struct probe_tcp {
	VEC(struct tcp_way *) ways;
};

/* A probe's own. */
struct tcp_own {
	struct tcp_way *way;
	struct tcp_socket *socket; /* while it asks */
};

static void socket_free(struct tcp_socket *socket)
{
	probe_unwatch(socket->stage, &socket->watch);
}

static void way_free(struct tcp_way *way)
{
	for (size_t i = 0; i < way->idle.count; i++)
		socket_free(way->idle.items[i]);
	VEC_FREE(&way->idle);
	mem_freep(&way->like.link);
	mem_freep(&way);
}

static struct tcp_way *way_of(struct probe_stage *stage, const struct check_spec *spec)
{
	struct tcp_way *way;

	if (!stage->tcp)
		stage->tcp = mem_alloc(sizeof(*stage->tcp));
	for (size_t i = 0; i < stage->tcp->ways.count; i++)
		if (probe_same_way(&stage->tcp->ways.items[i]->like, spec))
			return stage->tcp->ways.items[i];
	way = mem_alloc(sizeof(*way));
	way->like = probe_way(spec);
	*VEC_PUSH(&stage->tcp->ways) = way;
	return way;
}

/* The last probe of a way takes it along, and its sockets. */
static void way_leave(struct probe_stage *stage, struct tcp_way *way)
{
	if (--way->probes)
		return;
	for (size_t i = 0; i < stage->tcp->ways.count; i++) {
		if (stage->tcp->ways.items[i] != way)
			continue;
		stage->tcp->ways.items[i] = stage->tcp->ways.items[--stage->tcp->ways.count];
		break;
	}
	way_free(way);
}

static bool disconnect(struct tcp_socket *socket)
{
	const struct sockaddr nowhere = { .sa_family = AF_UNSPEC };

	return connect(socket->watch.fd, &nowhere, sizeof(nowhere)) == 0;
}

/* A socket that did well goes back to the pool. */
static void give_back(struct probe *probe, bool well)
{
	struct tcp_own *own = probe->own;
	struct tcp_socket *socket = own->socket;

	own->socket = NULL;
	if (!socket)
		return;
	socket->probe = NULL;
	if (disconnect(socket) && well && own->way->idle.count < IDLE_MOST)
		*VEC_PUSH(&own->way->idle) = socket;
	else
		socket_free(socket);
}

static void on_ready(struct probe_watch *watch, uint32_t events)
{
	struct tcp_socket *socket = (struct tcp_socket *)watch;
	struct probe *probe = socket->probe;
	int error = 0;
	socklen_t size = sizeof(error);

	if (!probe)
		return;
	if (!(events & (EPOLLERR | EPOLLHUP))) {
		give_back(probe, true);
		probe_up(probe, "connected");
		return;
	}
	getsockopt(watch->fd, SOL_SOCKET, SO_ERROR, &error, &size);
	probe_failed(probe, NULL, error ? error : ECONNRESET);
}

/*
 * The third packet of the handshake is held back, and by then there is the reset: the server's
 * kernel has shown that somebody listens, and its program is not troubled with a connection that
 * nobody wants.
 */
static int begin(struct probe *probe, struct tcp_socket *socket)
{
	struct sockaddr_storage to;
	socklen_t length = address_to_sockaddr(&probe->spec->at, probe->spec->port, &to);
	int no = 0;

	setsockopt(socket->watch.fd, IPPROTO_TCP, TCP_QUICKACK, &no, sizeof(no));
	if (connect(socket->watch.fd, (struct sockaddr *)&to, length) < 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

/* A link may have come back as another one since a socket was bound to it: that one is not to blame. */
static bool begin_again(struct probe *probe)
{
	struct tcp_own *own = probe->own;
	struct tcp_socket *socket;

	while (own->way->idle.count) {
		socket = own->way->idle.items[--own->way->idle.count];
		if (begin(probe, socket) == 0) {
			own->socket = socket;
			socket->probe = probe;
			return true;
		}
		socket_free(socket);
	}
	return false;
}

static void tcp_start(struct probe *probe)
{
	struct tcp_own *own = probe->own;
	struct tcp_socket *socket;
	const char *what;
	int fd, r;

	if (begin_again(probe))
		return;
	r = probe_socket(probe->spec, SOCK_STREAM, IPPROTO_TCP, &what, &fd);
	if (r < 0) {
		probe_failed(probe, what, r);
		return;
	}
	socket = mem_alloc(sizeof(*socket));
	*socket = (struct tcp_socket){ { fd, on_ready }, probe, probe->stage };
	own->socket = socket;
	r = begin(probe, socket);
	/* Only now: a socket that was never connected would be told of as hung up. */
	if (!r)
		r = probe_watch(probe->stage, &socket->watch, EPOLLOUT | EPOLLET);
	if (r < 0)
		probe_failed(probe, NULL, r);
}

static void tcp_open(struct probe *probe)
{
	struct tcp_own *own = mem_alloc(sizeof(*own));

	own->way = way_of(probe->stage, probe->spec);
	own->way->probes++;
	probe->own = own;
}

static void tcp_stop(struct probe *probe)
{
	give_back(probe, false);
}

static void tcp_close(struct probe *probe)
{
	struct tcp_own *own = probe->own;

	way_leave(probe->stage, own->way);
	mem_freep(&probe->own);
}

void probe_tcp_leave(struct probe_stage *stage)
{
	if (!stage->tcp)
		return;
	VEC_FREE(&stage->tcp->ways);
	mem_freep(&stage->tcp);
}

const struct probe_kind probe_tcp = {
	.open = tcp_open,
	.start = tcp_start,
	.stop = tcp_stop,
	.close = tcp_close,
	.late = "no connection",
};
