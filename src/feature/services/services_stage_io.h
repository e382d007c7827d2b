/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_STAGE_IO_H
#define MH_FEATURE_SERVICES_STAGE_IO_H

/* For the tests: the sockets of a stage, and clients of it. */
#include "feature/services/services_stage.h"

static inline int stage_client(int type)
{
	struct timeval patience = { .tv_sec = 10 };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

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
	if (bind(fd, (void *)&to, sizeof(to)) < 0 || (type == SOCK_STREAM && listen(fd, 128) < 0)) {
		close(fd);
		return -1;
	}
	return fd;
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
	assert_int_equal(channel_send(stage->channel, &message), 0);
	for (unsigned i = 0; i < STAGE_THREADS; i++)
		close(message.fds[i]);
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

/* What has been counted under @key. */
static inline struct counter stage_counter(const struct stage *stage, const char *key)
{
	struct counter found = { 0 };
	struct counters counters = { 0 };
	struct channel_message message;

	stage_send(stage, WORKER_ASK, NULL, 0);
	do {
		assert_int_equal(channel_receive(stage->channel, &message), 1);
		if (message.type == WORKER_REPORT)
			assert_int_equal(crew_report(message.bytes, message.length, &counters), 0);
		channel_message_free(&message);
	} while (message.type != WORKER_REPORT);
	if (counters_find(&counters, key))
		found = *counters_find(&counters, key);
	counters_free(&counters);
	return found;
}

/* Waits until so much has come in under @key, and is done with. */
static inline struct counter stage_await(const struct stage *stage, const char *key, uint64_t asked)
{
	struct counter counter = stage_counter(stage, key);

	for (unsigned i = 0; counter.answered + counter.dropped + counter.failed < asked; i++) {
		assert_in_range(i, 0, 100000);
		counter = stage_counter(stage, key);
	}
	assert_int_equal(counter.asked, asked);
	return counter;
}

#endif
