/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All pings that go one way share one raw socket. A raw socket is given every ICMP packet of the
 * host; a filter in the kernel leaves only echo replies with our identifier, and what is left must
 * bear the secret, and come from the address that was asked.
 *
 * Requests of one round are put together and sent by one call.
 */
#include "feature/checks/probe_kinds.h"
#include "feature/checks/probe_packet.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/icmp6.h>
#include <netinet/ip_icmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#define BATCH 32
#define RECEIVE_ROOM 256 /* the longest IPv4 header and an echo; what is longer is not ours */

#ifndef ICMP_FILTER
#define ICMP_FILTER 1 /* <linux/icmp.h>, which does not go with <netinet/ip_icmp.h> */
#endif

struct ping_way {
	struct probe_watch watch;
	struct check_spec like;
	struct probe_ping *ping;
	struct probe_stage *stage;
	unsigned probes;
	VEC(struct probe *) waiting; /* to be sent with this round */
};

struct probe_ping {
	uint16_t id;
	uint64_t secret;
	VEC(struct ping_way *) ways;
	VEC(struct probe *) slots; /* by slot; NULL = free */
	VEC(uint32_t) free;
};

struct ping_own {
	struct ping_way *way;
	uint32_t slot;
};

/* Only echo replies with our identifier: what others asked for is not even copied to us. */
static int filter_id(int fd, uint8_t family, uint16_t id)
{
	struct sock_filter ipv4[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0), /* X = length of the IPv4 header */
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, RECEIVE_ROOM),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter ipv6[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, RECEIVE_ROOM),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { ARRAY_SIZE(ipv4), ipv4 };

	if (family == AF_INET6)
		program = (struct sock_fprog){ ARRAY_SIZE(ipv6), ipv6 };
	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program));
}

static int filter_type(int fd, uint8_t family)
{
	uint32_t refused = ~(1u << ICMP_ECHOREPLY);
	struct icmp6_filter filter;

	if (family == AF_INET)
		return setsockopt(fd, SOL_RAW, ICMP_FILTER, &refused, sizeof(refused));
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ICMP6_ECHO_REPLY, &filter);
	return setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter));
}

static void take_reply(struct ping_way *way, const struct probe_echo *echo, const struct address *from)
{
	struct probe_ping *ping = way->ping;
	struct probe *probe;

	if (echo->id != ping->id || echo->secret != ping->secret || echo->slot >= ping->slots.count)
		return;
	probe = ping->slots.items[echo->slot];
	if (probe && probe->asking && probe->turn == echo->turn &&
	    address_equal(&probe->spec->at, from))
		probe_up(probe, "answered");
}

static void on_ready(struct probe_watch *watch, uint32_t events)
{
	struct ping_way *way = (struct ping_way *)watch;
	struct sockaddr_storage from;
	uint8_t bytes[RECEIVE_ROOM];
	struct probe_echo echo;
	struct address address;
	uint16_t port;

	for (;;) {
		socklen_t size = sizeof(from);
		ssize_t got = recvfrom(watch->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from,
				       &size);

		if (got < 0)
			return;
		if (address_from_sockaddr(&from, &address, &port) == 0 &&
		    probe_echo_reply(bytes, (size_t)got, address.family, &echo))
			take_reply(way, &echo, &address);
	}
}

/* Opens the socket of a way anew: its link may have come back as another one. */
static int way_open(struct ping_way *way, const char **ret_what)
{
	uint8_t family = way->like.at.family;
	int fd, r = probe_socket(&way->like, SOCK_RAW,
				 family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6, ret_what, &fd);

	if (r < 0)
		return r;
	way->watch = (struct probe_watch){ fd, on_ready };
	if (filter_type(fd, family) < 0 || filter_id(fd, family, way->ping->id) < 0)
		return -errno;
	return probe_watch(way->stage, &way->watch, EPOLLIN);
}

static void way_shut(struct ping_way *way)
{
	if (way->watch.fd >= 0)
		close(way->watch.fd);
	way->watch.fd = -1;
}

static struct probe_ping *ping_of(struct probe_stage *stage)
{
	struct probe_ping *ping = stage->ping;

	if (ping)
		return ping;
	ping = stage->ping = mem_alloc(sizeof(*ping));
	if (getrandom(&ping->id, sizeof(ping->id), 0) < 0 ||
	    getrandom(&ping->secret, sizeof(ping->secret), 0) < 0)
		ping->secret = (uint64_t)stage->now_us;
	return ping;
}

static struct ping_way *way_of(struct probe_stage *stage, const struct check_spec *spec)
{
	struct probe_ping *ping = ping_of(stage);
	struct ping_way *way;

	for (size_t i = 0; i < ping->ways.count; i++)
		if (probe_same_way(&ping->ways.items[i]->like, spec))
			return ping->ways.items[i];
	way = mem_alloc(sizeof(*way));
	way->watch.fd = -1;
	way->ping = ping;
	way->stage = stage;
	way->like = probe_way(spec);
	*VEC_PUSH(&ping->ways) = way;
	return way;
}

static void way_leave(struct ping_way *way)
{
	struct probe_ping *ping = way->ping;
	size_t i = 0;

	if (--way->probes)
		return;
	while (ping->ways.items[i] != way)
		i++;
	ping->ways.items[i] = ping->ways.items[--ping->ways.count];
	VEC_FREE(&way->waiting);
	mem_freep(&way->like.link);
	probe_unwatch(way->stage, &way->watch);
}

static void ping_open(struct probe *probe)
{
	struct ping_own *own = mem_alloc(sizeof(*own));
	struct probe_ping *ping = ping_of(probe->stage);

	own->way = way_of(probe->stage, probe->spec);
	own->way->probes++;
	if (ping->free.count) {
		own->slot = ping->free.items[--ping->free.count];
	} else {
		own->slot = (uint32_t)ping->slots.count;
		VEC_PUSH(&ping->slots);
	}
	ping->slots.items[own->slot] = probe;
	/* One that takes over a slot must not take the answer to the one before it for its own. */
	if (getrandom(&probe->turn, sizeof(probe->turn), 0) < 0)
		probe->turn = (uint32_t)probe->stage->now_us;
	probe->own = own;
}

static void ping_start(struct probe *probe)
{
	struct ping_own *own = probe->own;

	*VEC_PUSH(&own->way->waiting) = probe;
}

/* One that gives up before it was sent is not sent. */
static void ping_stop(struct probe *probe)
{
	struct ping_own *own = probe->own;

	for (size_t i = 0; i < own->way->waiting.count; i++)
		if (own->way->waiting.items[i] == probe)
			own->way->waiting.items[i] = NULL;
}

static void ping_close(struct probe *probe)
{
	struct ping_own *own = probe->own;
	struct probe_ping *ping = probe->stage->ping;

	ping->slots.items[own->slot] = NULL;
	*VEC_PUSH(&ping->free) = own->slot;
	way_leave(own->way);
	mem_freep(&probe->own);
}

struct ping_batch {
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
	struct sockaddr_storage to[BATCH];
	uint8_t bytes[BATCH][PROBE_ECHO_SIZE];
};

static void batch_add(struct ping_batch *batch, unsigned at, const struct probe *probe)
{
	const struct ping_own *own = probe->own;
	struct probe_echo echo = { .id = own->way->ping->id,
				   .sequence = (uint16_t)probe->turn,
				   .secret = own->way->ping->secret,
				   .slot = own->slot,
				   .turn = probe->turn };
	struct msghdr *header = &batch->messages[at].msg_hdr;

	probe_echo_request(&echo, probe->spec->at.family, batch->bytes[at]);
	batch->parts[at] = (struct iovec){ batch->bytes[at], PROBE_ECHO_SIZE };
	*header = (struct msghdr){ .msg_iov = &batch->parts[at],
				   .msg_iovlen = 1,
				   .msg_name = &batch->to[at] };
	header->msg_namelen = address_to_sockaddr(&probe->spec->at, 0, &batch->to[at]);
}

/* The kernel says of the first one only why it did not go; the others are tried again. */
static void batch_send(struct ping_way *way, struct ping_batch *batch, struct probe **probes,
		       unsigned count)
{
	unsigned at = 0;
	bool anew = false;
	int r;

	while (at < count) {
		int sent = sendmmsg(way->watch.fd, batch->messages + at, count - at, 0);
		const char *what = NULL;

		if (sent > 0) {
			at += (unsigned)sent;
			continue;
		}
		r = -errno;
		if (!anew && probe_way_is_stale(&way->like, r)) {
			anew = true;
			way_shut(way);
			r = way_open(way, &what);
			if (!r)
				continue;
		}
		probe_failed(probes[at++], what, r);
	}
}

static void way_send(struct ping_way *way)
{
	struct probe *probes[BATCH];
	struct ping_batch batch;
	unsigned count = 0;
	const char *what = NULL;
	int r = way->watch.fd < 0 ? way_open(way, &what) : 0;

	for (size_t i = 0; i < way->waiting.count; i++) {
		struct probe *probe = way->waiting.items[i];

		if (!probe)
			continue;
		if (r < 0) {
			probe_failed(probe, what, r);
			continue;
		}
		probes[count] = probe;
		batch_add(&batch, count++, probe);
		if (count == BATCH) {
			batch_send(way, &batch, probes, count);
			count = 0;
		}
	}
	if (count)
		batch_send(way, &batch, probes, count);
	if (r < 0)
		way_shut(way);
	way->waiting.count = 0;
}

void probe_ping_send(struct probe_stage *stage)
{
	for (size_t i = 0; stage->ping && i < stage->ping->ways.count; i++)
		if (stage->ping->ways.items[i]->waiting.count)
			way_send(stage->ping->ways.items[i]);
}

void probe_ping_leave(struct probe_stage *stage)
{
	if (!stage->ping)
		return;
	VEC_FREE(&stage->ping->ways);
	VEC_FREE(&stage->ping->slots);
	VEC_FREE(&stage->ping->free);
	mem_freep(&stage->ping);
}

const struct probe_kind probe_ping = {
	.open = ping_open,
	.start = ping_start,
	.stop = ping_stop,
	.close = ping_close,
	.late = "no answer",
};
