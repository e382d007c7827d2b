/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The sockets of listeners: one for each thread of a worker, all on one port.
 *
 * SO_REUSEPORT lets them share it, and lets every other program of our uid share it as well, who
 * would then get a part of what is asked of us, and we of them, without a word from the kernel. So
 * the first socket is bound without it: that fails when anybody holds the port, with or without
 * SO_REUSEPORT, and there is no moment between a test and the bind. Only then it is set, on this
 * one too, and the others join. (The kernel looks at the flag of both sockets at each bind; tried
 * on 6.1 and 6.18.) It is set even when there is one socket only, for a further listener of
 * ours, of a wildcard beside an address, to be able to stand on the same port.
 *
 * All of them bind free of what addresses there are: a service may listen before its prefix stands.
 */
#include "host/inside.h"

#include "base/fd.h"

#include <errno.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_ROOM (4 << 20) /* bytes; a burst of some thousand datagrams */
#define BACKLOG 4096

/*
 * Options of a socket: what is missing in an old kernel is done without, unless it is needed to
 * answer right.
 */
struct option {
	int level, name;
	bool needed;
};

static const struct option options_udp[] = {
	{ SOL_UDP, UDP_GRO, false }, /* several datagrams of one peer at once, Linux 5.0 */
	{ 0 },
};

static const struct option options_tcp[] = {
	{ SOL_SOCKET, SO_REUSEADDR, true }, /* connections of a former life do not hold the port */
	{ 0 },
};

static const struct option options_v4[] = {
	{ SOL_IP, IP_FREEBIND, true },
	{ SOL_IP, IP_PKTINFO,
	  true }, /* the address asked and the arriving link; accepted sockets inherit it */
	{ 0 },
};

static const struct option options_v6[] = {
	{ SOL_IPV6, IPV6_V6ONLY, true },
	{ SOL_IPV6, IPV6_FREEBIND, true },
	{ SOL_IPV6, IPV6_RECVPKTINFO, true },
	{ 0 },
};

static int set_options(int fd, const struct option *option)
{
	int one = 1;

	for (; option->name; option++)
		if (setsockopt(fd, option->level, option->name, &one, sizeof(one)) < 0 &&
		    option->needed)
			return -errno;
	return 0;
}

static int set_sharing(int fd)
{
	int one = 1;

	return setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) < 0 ? -errno : 0;
}

static void set_room(int fd)
{
	int room = RECEIVE_ROOM;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
}

/* A socket of the listener's kind, not yet bound. */
static int make_socket(const struct host_listener *listener, int *ret_fd)
{
	bool udp = listener->protocol == IPPROTO_UDP;
	AUTO_FD fd = socket(listener->address.family,
			    (udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC,
			    listener->protocol);
	int r;

	if (fd < 0)
		return -errno;
	r = set_options(fd, udp ? options_udp : options_tcp);
	if (r == 0)
		r = set_options(fd, listener->address.family == AF_INET ? options_v4 : options_v6);
	if (r < 0)
		return r;
	if (udp)
		set_room(fd);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* @shared: the port is ours already. */
static int open_socket(const struct host_listener *listener, bool shared, int *ret_fd)
{
	struct sockaddr_storage name;
	socklen_t size = address_to_sockaddr(&listener->address, listener->port, &name);
	AUTO_FD fd = -1;
	int r = make_socket(listener, &fd);

	if (r == 0 && shared)
		r = set_sharing(fd);
	if (r == 0 && bind(fd, (struct sockaddr *)&name, size) < 0)
		r = -errno;
	if (r == 0 && !shared)
		r = set_sharing(fd);
	if (r == 0 && listener->protocol == IPPROTO_TCP && listen(fd, BACKLOG) < 0)
		r = -errno;
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static void close_sockets(int *fds, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		fd_closep(&fds[i]);
	free(fds);
}

static struct open_listener *find(const struct host *host, const struct host_listener *listener)
{
	for (size_t i = 0; i < host->listeners.count; i++)
		if (kind_compare(&listener_kind, &host->listeners.items[i].listener, listener) == 0)
			return &host->listeners.items[i];
	return NULL;
}

/*
 * A listener of ours holds the port already: on the wildcard while this one is on an address, or
 * the other way round.
 */
static bool port_is_ours(const struct host *host, const struct host_listener *listener)
{
	for (size_t i = 0; i < host->listeners.count; i++) {
		const struct host_listener *other = &host->listeners.items[i].listener;

		if (other->protocol == listener->protocol && other->port == listener->port &&
		    other->address.family == listener->address.family &&
		    (address_is_unspecified(&other->address) ||
		     address_is_unspecified(&listener->address)))
			return true;
	}
	return false;
}

static void explain(const struct host_listener *listener, struct host_result *result)
{
	bool udp = listener->protocol == IPPROTO_UDP;
	char name[ENDPOINT_TEXT_SIZE];

	endpoint_text(&listener->address, listener->port, name);
	if (result->error == -EADDRINUSE)
		snprintf(result->text, sizeof(result->text),
			 "something else listens on %s; `ss -lnp%c sport = :%u` shows who", name,
			 udp ? 'u' : 't', listener->port);
	else if (result->error == -EACCES)
		snprintf(result->text, sizeof(result->text),
			 "CAP_NET_BIND_SERVICE is missing: ports below 1024 are opened with it");
	else if (result->error == -EMFILE || result->error == -ENFILE)
		snprintf(result->text, sizeof(result->text),
			 "out of file descriptors; raise the limit (LimitNOFILE= of the service)");
	else
		snprintf(result->text, sizeof(result->text), "%s does not open: %s", name,
			 strerror(-result->error));
}

/* All its sockets, or none. */
static int open_all(const struct host *host, const struct host_listener *listener, int *fds)
{
	unsigned opened = 0;
	int r = 0;

	while (r == 0 && opened < host->sockets_per_listener) {
		r = open_socket(listener, opened || port_is_ours(host, listener), &fds[opened]);
		opened += r == 0;
	}
	for (unsigned i = 0; r < 0 && i < opened; i++)
		fd_closep(&fds[i]);
	return r;
}

void host_adopt_listener(struct host *host, const struct host_listener *listener, int *fds)
{
	*VEC_PUSH(&host->listeners) = (struct open_listener){ .listener = *listener, .fds = fds };
	host_note(host, OBJECT_LISTENER, listener, false);
}

static void listener_open(struct host *host, const struct host_listener *listener,
			  struct host_result *result)
{
	struct open_listener *open;
	int *fds;

	if (find(host, listener))
		return;
	fds = mem_alloc(host->sockets_per_listener * sizeof(*fds));
	result->error = open_all(host, listener, fds);
	if (result->error < 0) {
		explain(listener, result);
		free(fds);
		return;
	}
	open = VEC_PUSH(&host->listeners);
	open->listener = *listener;
	open->fds = fds;
	host_note(host, OBJECT_LISTENER, listener, false);
}

static void listener_close(struct host *host, const struct host_listener *listener)
{
	struct open_listener *open = find(host, listener);

	if (!open)
		return;
	host_note(host, OBJECT_LISTENER, listener, true);
	close_sockets(open->fds, host->sockets_per_listener);
	*open = host->listeners.items[--host->listeners.count];
}

void listener_apply(struct host *host, const struct operation *operation, struct host_result *result)
{
	if (operation->type == OPERATION_DELETE)
		listener_close(host, operation->before);
	else
		listener_open(host, operation->after, result);
}

void listeners_close(struct host *host)
{
	for (size_t i = 0; i < host->listeners.count; i++)
		close_sockets(host->listeners.items[i].fds, host->sockets_per_listener);
	VEC_FREE(&host->listeners);
}

const int *host_listener_sockets(const struct host *host, const struct host_listener *listener)
{
	const struct open_listener *open = find(host, listener);

	return open ? open->fds : NULL;
}
