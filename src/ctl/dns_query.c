/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One question to a name server, so that nobody has to install a program to see what this one says. The
 * answer counts when it comes from where it was asked, with the number of the query.
 */
#include "ctl/dns.h"

#include "base/clock.h"
#include "base/fd.h"
#include "dns/message.h"
#include "dns/query.h"
#include "dns/type.h"
#include "net/wire.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define TRIES 3
#define WAIT_MS 1000

int dns_query_build(const struct dns_question *question, uint16_t id,
		    uint8_t ret_query[DNS_QUERY_SIZE])
{
	struct wire_writer writer = wire_writer(ret_query, DNS_QUERY_SIZE);
	struct dns_name name;
	uint16_t type;

	if (name_parse(question->name, &name) < 0 || type_parse(question->type, &type) < 0)
		return -EINVAL;
	query_put(&writer, id, &name, type, 4);
	wire_put_u16(&writer, DNS_OPTION_NSID);
	wire_put_u16(&writer, 0); /* asked for by being empty */
	return (int)wire_written(&writer);
}

static bool answers(const uint8_t *reply, size_t got, const uint8_t *query, size_t length)
{
	return got >= DNS_HEADER && !memcmp(reply, query, 2) && reply[2] & 0x80;
}

static int64_t now_ms(void)
{
	return clock_now_us() / 1000;
}

/* Waits until @fd is readable, or @until_ms. Returns 1, or -ETIMEDOUT. */
static int wait_readable(int fd, int64_t until_ms)
{
	struct pollfd ready = { .fd = fd, .events = POLLIN };
	int64_t left = until_ms - now_ms();

	return left > 0 && poll(&ready, 1, (int)left) > 0 ? 1 : -ETIMEDOUT;
}

static int open_socket(const struct dns_question *question, int type, int *ret_fd)
{
	AUTO_FD fd = socket(question->server.family, type | SOCK_CLOEXEC, 0);
	struct timeval patience = { .tv_sec = WAIT_MS / 1000 * TRIES };
	struct sockaddr_storage to;
	socklen_t size = address_to_sockaddr(&question->server, question->port, &to);

	if (fd < 0)
		return -errno;
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&to, size) < 0)
		return errno == EINPROGRESS || errno == EAGAIN ? -ETIMEDOUT : -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

/* One try: what else comes in is passed over. */
static int ask_once(int fd, const uint8_t *query, size_t length, uint8_t *reply)
{
	int64_t until = now_ms() + WAIT_MS;
	ssize_t got;

	if (send(fd, query, length, 0) < 0)
		return -errno;
	while (wait_readable(fd, until) > 0) {
		got = recv(fd, reply, DNS_REPLY_SIZE, 0);
		if (got < 0)
			return -errno;
		if (answers(reply, (size_t)got, query, length))
			return (int)got;
	}
	return -ETIMEDOUT;
}

/* Reads exactly @length bytes. */
static int read_whole(int fd, uint8_t *bytes, size_t length)
{
	for (size_t have = 0; have < length;) {
		ssize_t got = recv(fd, bytes + have, length - have, 0);

		if (got == 0)
			return -EPIPE;
		if (got < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		have += (size_t)got;
	}
	return 0;
}

static int ask_tcp(const struct dns_question *question, const uint8_t *query, size_t length,
		   uint8_t *reply)
{
	uint8_t framed[DNS_QUERY_SIZE + 2] = { (uint8_t)(length >> 8), (uint8_t)length }, head[2];
	AUTO_FD fd = -1;
	int r = open_socket(question, SOCK_STREAM, &fd);
	size_t size;

	if (r < 0)
		return r;
	memcpy(framed + 2, query, length);
	if (send(fd, framed, length + 2, MSG_NOSIGNAL) < 0)
		return -errno;
	r = read_whole(fd, head, sizeof(head));
	if (r < 0)
		return r;
	size = (size_t)head[0] << 8 | head[1];
	r = read_whole(fd, reply, size);
	return r < 0 ? r : answers(reply, size, query, length) ? (int)size : -EPROTO;
}

int dns_query_ask(const struct dns_question *question, const uint8_t *query, size_t length,
		  uint8_t *reply)
{
	AUTO_FD fd = -1;
	int r = open_socket(question, SOCK_DGRAM, &fd);

	for (unsigned i = 0; r == 0 && i < TRIES; i++) {
		r = ask_once(fd, query, length, reply);
		r = r == -ETIMEDOUT && i + 1 < TRIES ? 0 : r;
	}
	if (r > 0 && reply[2] & DNS_FLAG_TC >> 8)
		r = ask_tcp(question, query, length, reply);
	return r;
}
