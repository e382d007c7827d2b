/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An agent is connected to, says one line by itself, and closes. */
#include "feature/checks/probe_agent_line.h"
#include "feature/checks/probe_kinds.h"

#include <errno.h>
#include <string.h>
#include <sys/epoll.h>

struct agent {
	struct probe_watch watch;
	struct probe *probe;
	size_t length;
	char line[PROBE_AGENT_LINE_SIZE];
};

static void finish(struct agent *agent)
{
	struct probe_result result = { 0 };

	probe_agent_line(agent->line, agent->length, &result);
	probe_end(agent->probe, &result);
}

static void on_ready(struct probe_watch *watch, uint32_t events)
{
	struct agent *agent = (struct agent *)watch;
	size_t room = sizeof(agent->line) - agent->length;
	ssize_t got = recv(watch->fd, agent->line + agent->length, room, 0);

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got < 0) {
		probe_failed(agent->probe, NULL, errno);
		return;
	}
	agent->length += (size_t)got;
	if (got == 0 && !agent->length)
		probe_down(agent->probe, "the agent says nothing");
	else if (got == 0 || agent->length == sizeof(agent->line) ||
		 memchr(agent->line, '\n', agent->length))
		finish(agent);
}

static int begin(const struct agent *agent)
{
	const struct check_spec *spec = agent->probe->spec;
	const struct linger reset = { .l_onoff = 1 }; /* no TIME_WAIT on our side */
	struct sockaddr_storage to;
	socklen_t length = address_to_sockaddr(&spec->at, spec->port, &to);

	setsockopt(agent->watch.fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	if (connect(agent->watch.fd, (struct sockaddr *)&to, length) < 0 && errno != EINPROGRESS)
		return -errno;
	return 0;
}

static void agent_start(struct probe *probe)
{
	struct agent *agent;
	const char *what;
	int fd, r = probe_socket(probe->spec, SOCK_STREAM, IPPROTO_TCP, &what, &fd);

	if (r < 0) {
		probe_failed(probe, what, r);
		return;
	}
	agent = mem_alloc(sizeof(*agent));
	agent->watch = (struct probe_watch){ fd, on_ready };
	agent->probe = probe;
	probe->own = agent;
	r = begin(agent);
	if (!r)
		r = probe_watch(probe->stage, &agent->watch, EPOLLIN);
	if (r < 0)
		probe_failed(probe, NULL, r);
}

static void agent_stop(struct probe *probe)
{
	struct agent *agent = probe->own;

	probe->own = NULL;
	if (agent)
		probe_unwatch(probe->stage, &agent->watch);
}

const struct probe_kind probe_agent = {
	.start = agent_start,
	.stop = agent_stop,
	.late = "no line",
};
