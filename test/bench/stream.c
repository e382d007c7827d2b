/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One way only: datagrams of 1,400 bytes from a chosen address of this host, and on the other side
 * received with the address asked; by libmultihome, which sends and takes them as trains, or one
 * by one by sendmsg(2) and recvmsg(2) with packet information, which is how a server is written
 * that does the same job without it.
 *
 * Each datagram bears its number. The receiver looks at every one: its length, where it came from,
 * which address it was sent to, and that numbers only grow; what is not there was lost. Both print
 * the time that they had a core. The end is told by datagrams of the number alone.
 */
#include "multihome.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define LENGTH 1400
#define TRAIN 46 /* as many as an IPv6 packet without its headers holds */
#define BATCH 16
#define ENDS 5
#define SILENCE_MS 2000
#define BUFFER_BYTES (32 << 20)

struct tally {
	uint64_t datagrams, wrong, lost, next;
	bool ended;
};

struct stream {
	struct mh_socket server;
	struct mh_address ours, theirs;
	union mh_endpoint peer; /* of the sender */
	struct tally tally;
};

static int64_t nanoseconds(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Sending. */

typedef int send_function(struct stream *stream, char *bytes, unsigned count, size_t length);

static int send_library(struct stream *stream, char *bytes, unsigned count, size_t length)
{
	struct mh_datagram train = { .peer = stream->peer,
				     .source = stream->ours,
				     .answer = bytes,
				     .answer_length = count * length,
				     .answer_segment = (unsigned)length };

	mh_udp_send(&stream->server, &train, 1);
	return train.failed ? train.error : 0;
}

static size_t source_put(struct cmsghdr *control, const struct mh_address *source)
{
	struct in_pktinfo v4 = { 0 };
	struct in6_pktinfo v6 = { 0 };

	if (source->family == AF_INET) {
		memcpy(&v4.ipi_spec_dst, source->bytes, 4);
		*control = (struct cmsghdr){ CMSG_LEN(sizeof(v4)), SOL_IP, IP_PKTINFO };
		memcpy(CMSG_DATA(control), &v4, sizeof(v4));
		return CMSG_SPACE(sizeof(v4));
	}
	memcpy(&v6.ipi6_addr, source->bytes, 16);
	*control = (struct cmsghdr){ CMSG_LEN(sizeof(v6)), SOL_IPV6, IPV6_PKTINFO };
	memcpy(CMSG_DATA(control), &v6, sizeof(v6));
	return CMSG_SPACE(sizeof(v6));
}

static int send_plain(struct stream *stream, char *bytes, unsigned count, size_t length)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo))];
	struct iovec part = { .iov_len = length };
	struct msghdr message = { .msg_name = &stream->peer,
				  .msg_namelen = stream->ours.family == AF_INET ?
							 sizeof(stream->peer.v4) :
							 sizeof(stream->peer.v6),
				  .msg_iov = &part,
				  .msg_iovlen = 1,
				  .msg_control = control };

	for (unsigned i = 0; i < count; i++) {
		part.iov_base = bytes + i * length;
		message.msg_controllen = source_put((struct cmsghdr *)control, &stream->ours);
		if (sendmsg(stream->server.fd, &message, 0) < 0)
			return -errno;
	}
	return 0;
}

static int send_run(struct stream *stream, send_function *send, int milliseconds)
{
	int64_t end = nanoseconds(CLOCK_MONOTONIC) + milliseconds * 1000000LL;
	static char bytes[TRAIN * LENGTH];
	uint64_t number = 0;
	int r = 0;

	while (r == 0 && nanoseconds(CLOCK_MONOTONIC) < end) {
		for (unsigned i = 0; i < TRAIN; i++, number++)
			memcpy(bytes + (size_t)i * LENGTH, &number, sizeof(number));
		r = send(stream, bytes, TRAIN, LENGTH);
	}
	stream->tally.datagrams = number;
	for (unsigned i = 0; r == 0 && i < ENDS; i++)
		r = send(stream, (char *)&number, 1, sizeof(number));
	return r;
}

/* Receiving. */

static bool same(const struct mh_address *a, const struct mh_address *b)
{
	return memcmp(a, b, sizeof(*a)) == 0;
}

static void look(struct stream *stream, const char *bytes, size_t length, bool right)
{
	struct tally *tally = &stream->tally;
	uint64_t number = 0;

	memcpy(&number, bytes, length < sizeof(number) ? length : sizeof(number));
	if (!right || number < tally->next || (length != LENGTH && length != sizeof(number))) {
		tally->wrong++;
		return;
	}
	tally->lost += number - tally->next;
	tally->next = number;
	tally->ended = length != LENGTH;
	if (tally->ended)
		return;
	tally->next++;
	tally->datagrams++;
}

static struct mh_address address_of(const union mh_endpoint *endpoint)
{
	struct mh_address address = { .family = (uint8_t)endpoint->any.sa_family };

	if (address.family == AF_INET)
		memcpy(address.bytes, &endpoint->v4.sin_addr, 4);
	else
		memcpy(address.bytes, &endpoint->v6.sin6_addr, 16);
	return address;
}

static int receive_library(struct stream *stream)
{
	struct mh_batch *batch;
	int r = mh_batch_new(BATCH, 65535, &batch);

	while (r >= 0 && !stream->tally.ended) {
		struct pollfd polled = { .fd = stream->server.fd, .events = POLLIN };

		r = mh_udp_receive(&stream->server, batch);
		if (r == -EAGAIN)
			r = poll(&polled, 1, SILENCE_MS) == 1 ? 0 : -ETIMEDOUT;
		for (unsigned i = 0; r > 0 && i < (unsigned)r; i++) {
			const struct mh_datagram *d = mh_batch_at(batch, i);
			struct mh_address from = address_of(&d->peer);
			bool right = same(&from, &stream->theirs) && same(&d->asked, &stream->ours);
			size_t step = d->segment ? d->segment : d->length;

			for (size_t at = 0; at < d->length && !stream->tally.ended; at += step)
				look(stream, (char *)d->data + at,
				     d->length - at < step ? d->length - at : step, right);
		}
	}
	mh_batch_free(batch);
	return r;
}

/* The address that @message was sent to, as the textbook walks to it. */
static struct mh_address asked_of(struct msghdr *message)
{
	struct mh_address asked = { 0 };

	for (struct cmsghdr *c = CMSG_FIRSTHDR(message); c; c = CMSG_NXTHDR(message, c)) {
		if (c->cmsg_level == SOL_IP && c->cmsg_type == IP_PKTINFO) {
			asked.family = AF_INET;
			memcpy(asked.bytes, &((struct in_pktinfo *)CMSG_DATA(c))->ipi_addr, 4);
		} else if (c->cmsg_level == SOL_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			asked.family = AF_INET6;
			memcpy(asked.bytes, &((struct in6_pktinfo *)CMSG_DATA(c))->ipi6_addr, 16);
		}
	}
	return asked;
}

static int receive_plain(struct stream *stream)
{
	_Alignas(struct cmsghdr) char control[256], bytes[2048];
	struct iovec part = { .iov_base = bytes, .iov_len = sizeof(bytes) };
	union mh_endpoint peer;

	while (!stream->tally.ended) {
		struct msghdr message = { .msg_name = &peer,
					  .msg_namelen = sizeof(peer),
					  .msg_iov = &part,
					  .msg_iovlen = 1,
					  .msg_control = control,
					  .msg_controllen = sizeof(control) };
		ssize_t length = recvmsg(stream->server.fd, &message, 0);
		struct mh_address from, asked;

		if (length < 0)
			return -errno;
		from = address_of(&peer);
		asked = asked_of(&message);
		look(stream, bytes, (size_t)length,
		     same(&from, &stream->theirs) && same(&asked, &stream->ours));
	}
	return 0;
}

/* Both kinds have the same socket; the textbook's calls wait in the kernel. */
static int stream_open(struct stream *stream, bool plain, bool joined, uint16_t port)
{
	struct mh_prefix on = { .address = stream->ours,
				.length = stream->ours.family == AF_INET ? 32 : 128 };
	const struct timeval silence = { .tv_sec = SILENCE_MS / 1000 };
	const int bytes = BUFFER_BYTES;
	int r = mh_udp_open(&on, port, joined ? MH_JOINED : 0, &stream->server);

	if (r < 0)
		return r;
	if (setsockopt(stream->server.fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0 ||
	    setsockopt(stream->server.fd, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof(silence)) < 0 ||
	    (plain && fcntl(stream->server.fd, F_SETFL, 0) < 0))
		return -errno;
	return 0;
}

static void stream_print(const struct stream *stream)
{
	const struct tally *tally = &stream->tally;

	printf("{\"datagrams\": %" PRIu64 ", \"wrong\": %" PRIu64 ", \"lost\": %" PRIu64
	       ", \"cpu_ns\": %" PRId64 "}\n",
	       tally->datagrams, tally->wrong, tally->lost, nanoseconds(CLOCK_PROCESS_CPUTIME_ID));
}

static bool address_read(const char *text, struct mh_address *ret_address)
{
	struct mh_prefix prefix;

	if (mh_prefix_parse(text, &prefix) < 0)
		return false;
	*ret_address = prefix.address;
	return true;
}

static void peer_set(struct stream *stream, uint16_t port)
{
	stream->peer.any.sa_family = stream->theirs.family;
	stream->peer.v4.sin_port = htons(port);
	if (stream->theirs.family == AF_INET)
		memcpy(&stream->peer.v4.sin_addr, stream->theirs.bytes, 4);
	else
		memcpy(&stream->peer.v6.sin6_addr, stream->theirs.bytes, 16);
}

static int receive_run(struct stream *stream, bool plain)
{
	puts("ready");
	fflush(stdout);
	return plain ? receive_plain(stream) : receive_library(stream);
}

int main(int argc, char **argv)
{
	bool sends = argc > 1 && !strcmp(argv[1], "send");
	bool plain = argc > 2 && !strcmp(argv[2], "plain");
	static struct stream stream = { .server.fd = -1 };
	int r;

	if (argc != 6 + sends || !address_read(argv[3], &stream.ours) ||
	    !address_read(argv[4], &stream.theirs)) {
		fprintf(stderr,
			"usage: stream send|receive library|plain OURS THEIRS PORT [MILLISECONDS]\n"
			"  receive prints 'ready' first; both print a line of JSON at the end\n");
		return 2;
	}
	peer_set(&stream, (uint16_t)atoi(argv[5]));
	r = stream_open(&stream, plain, !plain && !sends, (uint16_t)atoi(argv[5]));
	if (!r && sends)
		r = send_run(&stream, plain ? send_plain : send_library, atoi(argv[6]));
	else if (!r)
		r = receive_run(&stream, plain);
	mh_close(&stream.server);
	if (r < 0) {
		fprintf(stderr, "stream: %s: %s\n", argv[1], strerror(-r));
		return 1;
	}
	stream_print(&stream);
	return 0;
}
