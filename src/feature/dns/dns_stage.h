/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_STAGE_H
#define MH_FEATURE_DNS_STAGE_H

/*
 * For the tests: a worker process without an engine, served over loopback, where all of 127.0.0.0/8
 * is local.
 */
#include "feature/crew.h"
#include "feature/dns/dns_worker.h"
#include "net/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STAGE_THREADS 2
struct stage {
	int channel;
	pid_t pid;
	uint16_t port;
	uint8_t digests; /* of the zone sent last */
};

static inline void stage_send(const struct stage *stage, struct channel_message *message)
{
	message->number = 7;
	assert_int_equal(channel_send(stage->channel, message), 0);
}

static inline int stage_bind(int type, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	setsockopt(fd, SOL_IP, IP_PKTINFO, &on, sizeof(on));
	if (bind(fd, (void *)&to, sizeof(to)) < 0 || (type == SOCK_STREAM && listen(fd, 512) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* A port that nobody has, for both protocols. */
static inline uint16_t stage_port(void)
{
	for (unsigned i = 0; i < 1000; i++) {
		uint16_t port = (uint16_t)(20000 + random() % 10000);
		int udp = stage_bind(SOCK_DGRAM, port), tcp = stage_bind(SOCK_STREAM, port);

		close(udp);
		close(tcp);
		if (udp >= 0 && tcp >= 0)
			return port;
	}
	fail_msg("no port is free");
	return 0;
}

/* Hands a wildcard socket for each thread to the worker. */
static inline void stage_listen(const struct stage *stage, uint8_t protocol)
{
	uint8_t bytes[20];
	struct wire_writer writer = wire_writer(bytes, sizeof(bytes));
	struct channel_message message = { .type = WORKER_LISTENER,
					   .bytes = bytes,
					   .length = sizeof(bytes),
					   .fd_count = STAGE_THREADS };

	wire_put_u8(&writer, protocol);
	wire_put_u8(&writer, AF_INET);
	wire_put_bytes(&writer, (uint8_t[16]){ 0 }, 16);
	wire_put_u16(&writer, stage->port);
	for (unsigned i = 0; i < STAGE_THREADS; i++) {
		message.fds[i] = stage_bind(protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM,
					    stage->port);
		assert_true(message.fds[i] >= 0);
	}
	stage_send(stage, &message);
	for (unsigned i = 0; i < STAGE_THREADS; i++)
		close(message.fds[i]);
}

static inline struct stage stage_start(void)
{
	struct stage stage = { .port = stage_port() };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	fflush(NULL);
	stage.pid = fork();
	if (!stage.pid) {
		close(ends[0]);
		exit(dns_worker_main(ends[1], STAGE_THREADS));
	}
	close(ends[1]);
	stage.channel = ends[0];
	stage_listen(&stage, IPPROTO_UDP);
	stage_listen(&stage, IPPROTO_TCP);
	return stage;
}

/* Ends the conversation. Returns the exit status. */
static inline int stage_end(struct stage *stage)
{
	int status;

	close(stage->channel);
	assert_int_equal(waitpid(stage->pid, &status, 0), stage->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

#endif
