/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CREW_STAGE_IO_H
#define MH_FEATURE_CREW_STAGE_IO_H

/* For the tests: the sockets of a stage, and clients of it. */
#include "feature/crew_stage.h"

static inline struct sockaddr_in stage_address(const char *address, uint16_t port)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(port) };

	assert_int_equal(inet_pton(AF_INET, address, &to.sin_addr), 1);
	return to;
}

static inline int stage_bind(uint8_t protocol, uint16_t port)
{
	int type = protocol == IPPROTO_UDP ? SOCK_DGRAM : SOCK_STREAM, on = 1;
	int fd = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_in to = stage_address("0.0.0.0", port);

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
		int udp = stage_bind(IPPROTO_UDP, port), tcp = stage_bind(IPPROTO_TCP, port);

		close(udp);
		close(tcp);
		if (udp >= 0 && tcp >= 0)
			return port;
	}
	fail_msg("no port is free");
	return 0;
}

static inline size_t stage_name(uint8_t protocol, uint16_t port, uint8_t bytes[20])
{
	struct wire_writer writer = wire_writer(bytes, 20);

	wire_put_u8(&writer, protocol);
	wire_put_u8(&writer, AF_INET);
	wire_put_bytes(&writer, (uint8_t[16]){ 0 }, 16);
	wire_put_u16(&writer, port);
	return wire_written(&writer);
}

/* Hands a wildcard socket for each thread to the worker. */
static inline void stage_listen(const struct stage *stage, uint8_t protocol, uint16_t port)
{
	uint8_t bytes[20];
	struct channel_message message = { .type = WORKER_LISTENER,
					   .bytes = bytes,
					   .fd_count = STAGE_THREADS };

	message.length = stage_name(protocol, port, bytes);
	for (unsigned i = 0; i < STAGE_THREADS; i++) {
		message.fds[i] = stage_bind(protocol, port);
		assert_true(message.fds[i] >= 0);
	}
	stage_send(stage, &message);
	for (unsigned i = 0; i < STAGE_THREADS; i++)
		close(message.fds[i]);
}

static inline int stage_client(int type)
{
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

/*
 * A client of one address, or -1 for a connection that was reset: on a busy processor the server is
 * quicker than the return of connect(2), which then tells it.
 */
static inline int stage_dial(int type, const char *address, uint16_t port)
{
	struct sockaddr_in to = stage_address(address, port);
	int fd = stage_client(type);

	if (connect(fd, (void *)&to, sizeof(to)) == 0)
		return fd;
	assert_int_equal(errno, ECONNRESET);
	close(fd);
	return -1;
}

static inline void stage_assert_reset(int fd)
{
	char byte;

	if (fd < 0)
		return;
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(fd);
}

#endif
