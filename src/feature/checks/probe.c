/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/checks/probe.h"

#include "base/clock.h"
#include "base/fd.h"
#include "feature/checks/probe_kinds.h"

#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define EVENTS_A_ROUND 256
#define WAITS_A_ROUND 64

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

const struct probe_kind *probe_kind_of(const struct check_spec *spec)
{
	switch (spec->kind) {
	case CHECK_PING:
		return &probe_ping;
	case CHECK_ARP:
	case CHECK_ND:
		return &probe_neighbour;
	case CHECK_TCP:
		return &probe_tcp;
	case CHECK_HTTP:
		return &probe_http;
	case CHECK_DNS:
		return &probe_dns;
	case CHECK_UDP:
		return &probe_udp;
	case CHECK_SCRIPT:
		return &probe_script;
	case CHECK_AGENT:
		return &probe_agent;
	case CHECK_PORT:
	case CHECK_PROCESS:
	case CHECK_FILE:
	case CHECK_CARRIER:
	case CHECK_COMBINED:
		return NULL;
	}
	return NULL;
}

void probe_open(struct probe *probe, struct probe_stage *stage, const struct check_spec *spec)
{
	*probe = (struct probe){ .spec = spec, .kind = probe_kind_of(spec), .stage = stage };
	if (probe->kind->open)
		probe->kind->open(probe);
}

void probe_start(struct probe *probe)
{
	probe->asking = true;
	probe->turn++;
	probe->asked_us = probe->stage->now_us;
	probe->kind->start(probe);
}

static void stop(struct probe *probe)
{
	probe->asking = false;
	if (probe->kind->stop)
		probe->kind->stop(probe);
}

/* What stands in the list of those that are done is walked later: it loses its place there. */
void probe_close(struct probe *probe)
{
	struct probe_stage *stage = probe->stage;

	if (!probe->kind)
		return;
	if (probe->asking)
		stop(probe);
	if (probe->kind->close)
		probe->kind->close(probe);
	for (size_t i = 0; i < stage->done.count; i++)
		if (stage->done.items[i] == probe)
			stage->done.items[i] = NULL;
	probe->kind = NULL;
}

void probe_end(struct probe *probe, const struct probe_result *result)
{
	int64_t took = clock_now_us() - probe->asked_us;

	probe->result = *result;
	probe->result.took_us = took < 0 ? 0 : (uint32_t)took;
	stop(probe);
	*VEC_PUSH(&probe->stage->done) = probe;
}

static void end(struct probe *probe, bool up, const char *format, va_list arguments)
{
	struct probe_result result = { .up = up, .weight = PROBE_WEIGHT_UNTOLD };

	vsnprintf(result.reason, sizeof(result.reason), format, arguments);
	/* What others sent is quoted in reasons, and reasons go to terminals and logs. */
	for (char *c = result.reason; *c; c++)
		if (!isprint((unsigned char)*c))
			*c = '?';
	probe_end(probe, &result);
}

void probe_up(struct probe *probe, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end(probe, true, format, arguments);
	va_end(arguments);
}

void probe_down(struct probe *probe, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	end(probe, false, format, arguments);
	va_end(arguments);
}

/* This host has too little of something: that says no more of the other one than a lost packet. */
static bool is_own_want(int error)
{
	return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM ||
	       error == EAGAIN;
}

/* "connection refused" */
static const char *probe_error(int error, char buffer[PROBE_REASON_SIZE])
{
	snprintf(buffer, PROBE_REASON_SIZE, "%s", strerror(error < 0 ? -error : error));
	if (buffer[0] && islower((unsigned char)buffer[1]))
		buffer[0] = (char)tolower((unsigned char)buffer[0]);
	return buffer;
}

void probe_failed(struct probe *probe, const char *what, int error)
{
	char text[PROBE_REASON_SIZE];

	if (what)
		probe_down(probe, "%s: %s", what, probe_error(error, text));
	else
		probe_down(probe, "%s", probe_error(error, text));
	probe->result.silent = is_own_want(error < 0 ? -error : error);
}

void probe_late(struct probe *probe)
{
	int64_t waited_ms = (probe->stage->now_us - probe->asked_us) / 1000;

	probe_down(probe, "%s within %lld ms", probe->kind->late, (long long)waited_ms);
	probe->result.silent = true;
}

static int bind_source(int fd, const struct address *source)
{
	struct sockaddr_storage from;
	socklen_t length = address_to_sockaddr(source, 0, &from);
	int one = 1;

	/* The port is chosen by connect(), which knows the other end: none is used up. */
	setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof(one));
	return bind(fd, (struct sockaddr *)&from, length);
}

int probe_socket(const struct check_spec *spec, int type, int protocol, const char **ret_what,
		 int *ret_fd)
{
	AUTO_FD fd = socket(spec->at.family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	*ret_what = "socket";
	if (fd < 0)
		return -errno;
	*ret_what = spec->link;
	if (spec->link && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, spec->link,
				     (socklen_t)strlen(spec->link)) < 0)
		return -errno;
	*ret_what = "mark";
	if (spec->mark && setsockopt(fd, SOL_SOCKET, SO_MARK, &spec->mark, sizeof(spec->mark)) < 0)
		return -errno;
	*ret_what = "source";
	if (spec->source.family && bind_source(fd, &spec->source) < 0)
		return -errno;
	*ret_what = NULL;
	*ret_fd = fd_take(&fd);
	return 0;
}

bool probe_same_way(const struct check_spec *a, const struct check_spec *b)
{
	return a->at.family == b->at.family && a->mark == b->mark &&
	       address_equal(&a->source, &b->source) && !a->link == !b->link &&
	       (!a->link || strcmp(a->link, b->link) == 0);
}

struct check_spec probe_way(const struct check_spec *spec)
{
	return (struct check_spec){ .link = spec->link ? mem_strdup(spec->link) : NULL,
				    .source = spec->source,
				    .mark = spec->mark,
				    .at = spec->at };
}

bool probe_way_is_stale(const struct check_spec *spec, int error)
{
	return spec->link && (error == -ENODEV || error == -ENXIO || error == -EADDRNOTAVAIL ||
			      error == -ENETUNREACH || error == -EHOSTUNREACH);
}

int probe_stage_open(struct probe_stage *stage)
{
	stage->epoll = epoll_create1(EPOLL_CLOEXEC);
	stage->now_us = clock_now_us();
	return stage->epoll < 0 ? -errno : 0;
}

int probe_watch(struct probe_stage *stage, struct probe_watch *watch, uint32_t events)
{
	struct epoll_event event = { .events = events, .data.ptr = watch };

	return epoll_ctl(stage->epoll, EPOLL_CTL_ADD, watch->fd, &event) < 0 ? -errno : 0;
}

void probe_unwatch(struct probe_stage *stage, struct probe_watch *watch)
{
	fd_closep(&watch->fd);
	watch->ready = NULL;
	*VEC_PUSH(&stage->dead) = watch;
}

static void bury(struct probe_stage *stage)
{
	for (size_t i = 0; i < stage->dead.count; i++)
		mem_freep(&stage->dead.items[i]);
	stage->dead.count = 0;
}

/* A wait may end early, never late by more than a millisecond: epoll counts in these. */
static int milliseconds(int64_t from_us, int64_t until_us)
{
	int64_t left = until_us - from_us;

	if (left <= 0)
		return 0;
	return left > 3600000000 ? 3600000 : (int)((left + 999) / 1000);
}

/*
 * Whatever has arrived is heard before anything is held to be late: a worker that had to wait for its
 * core does not blame others for it.
 */
void probe_stage_wait(struct probe_stage *stage, int64_t until_us)
{
	struct epoll_event events[EVENTS_A_ROUND];
	int wait = milliseconds(clock_now_us(), until_us), count = EVENTS_A_ROUND;

	for (unsigned i = 0; i < WAITS_A_ROUND && count == EVENTS_A_ROUND; i++) {
		count = epoll_wait(stage->epoll, events, EVENTS_A_ROUND, i ? 0 : wait);
		stage->now_us = clock_now_us();
		for (int j = 0; j < count; j++) {
			struct probe_watch *watch = events[j].data.ptr;

			if (watch->ready)
				watch->ready(watch, events[j].events);
		}
	}
	bury(stage);
}

void probe_stage_close(struct probe_stage *stage)
{
	probe_tcp_leave(stage);
	probe_ping_leave(stage);
	probe_neighbour_leave(stage);
	probe_http_leave(stage);
	probe_script_leave(stage);
	bury(stage);
	VEC_FREE(&stage->dead);
	VEC_FREE(&stage->done);
	fd_closep(&stage->epoll);
}
