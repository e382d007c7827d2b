/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe_datagram.h"

#include <errno.h>
#include <sys/epoll.h>

#define DATAGRAM_MOST 65535

static int connect_to(int fd, const struct check_spec *spec)
{
	struct sockaddr_storage to;
	socklen_t length = address_to_sockaddr(&spec->at, spec->port, &to);

	return connect(fd, (struct sockaddr *)&to, length) < 0 ? -errno : 0;
}

/* One datagram a call: whoever floods us shall not keep the others waiting. */
static void on_ready(struct probe_watch *watch, uint32_t events)
{
	struct probe_datagram *datagram = (struct probe_datagram *)watch;
	static uint8_t bytes[DATAGRAM_MOST];
	ssize_t got = recv(watch->fd, bytes, sizeof(bytes), 0);

	if (got >= 0)
		datagram->look(datagram->probe, bytes, (size_t)got);
	else if (errno != EAGAIN && errno != EINTR)
		probe_failed(datagram->probe, NULL, errno);
}

void probe_datagram_start(struct probe *probe, const void *bytes, size_t length,
			  void (*look)(struct probe *probe, const uint8_t *bytes, size_t length))
{
	struct probe_datagram *datagram;
	const char *what;
	int fd, r = probe_socket(probe->spec, SOCK_DGRAM, 0, &what, &fd);

	if (r < 0) {
		probe_failed(probe, what, r);
		return;
	}
	datagram = mem_alloc(sizeof(*datagram));
	*datagram = (struct probe_datagram){ { fd, on_ready }, probe, look };
	probe->own = datagram;
	r = connect_to(fd, probe->spec);
	if (!r)
		r = probe_watch(probe->stage, &datagram->watch, EPOLLIN);
	if (!r && send(fd, bytes, length, MSG_NOSIGNAL) < 0)
		r = -errno;
	if (r < 0)
		probe_failed(probe, NULL, r);
}

void probe_datagram_stop(struct probe *probe)
{
	struct probe_datagram *datagram = probe->own;

	probe->own = NULL;
	if (datagram)
		probe_unwatch(probe->stage, &datagram->watch);
}
