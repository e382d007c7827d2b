/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ARP and neighbour discovery, asked by hand: the kernel asks only when it has something to send,
 * and believes for a while what it once learned. Nothing is written into its table.
 *
 * All that ask on one link share one socket. An answer bears nothing of the question but the
 * address, so it goes to those who ask for that address on that link.
 */
#include "base/fd.h"
#include "base/fnv.h"
#include "feature/checks/probe_kinds.h"
#include "feature/checks/probe_packet.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <netinet/icmp6.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

#define RECEIVE_ROOM 512
#define BUCKETS 1024
#define ND_HOPS 255

struct neighbour_way {
	struct probe_watch watch;
	struct check_spec like;
	struct probe_stage *stage;
	unsigned probes;
	uint8_t hardware[6];
	struct sockaddr_ll everybody; /* ARP: the link's broadcast */
};

struct neighbour_own {
	struct neighbour_way *way;
	struct probe *probe;
	struct neighbour_own *next; /* in the bucket, while it asks */
};

struct probe_neighbour {
	VEC(struct neighbour_way *) ways;
	struct neighbour_own *buckets[BUCKETS];
};

static struct neighbour_own **bucket_of(struct probe_stage *stage, const struct address *address)
{
	uint32_t hash = fnv_32(FNV_32, address->bytes, sizeof(address->bytes));

	return &stage->neighbour->buckets[hash % BUCKETS];
}

/* Each answered probe leaves the bucket, so the walk begins anew. */
static void answered(struct neighbour_way *way, const struct address *address)
{
	struct neighbour_own *own = *bucket_of(way->stage, address);

	while (own) {
		if (own->way == way && address_equal(&own->probe->spec->at, address)) {
			probe_up(own->probe, "answered");
			own = *bucket_of(way->stage, address);
		} else {
			own = own->next;
		}
	}
}

static void on_arp(struct probe_watch *watch, uint32_t events)
{
	uint8_t bytes[RECEIVE_ROOM];
	struct address address;
	ssize_t got;

	while ((got = recv(watch->fd, bytes, sizeof(bytes), 0)) >= 0)
		if (probe_arp_reply(bytes, (size_t)got, &address))
			answered((struct neighbour_way *)watch, &address);
}

static int hop_limit_of(struct msghdr *header)
{
	int hops = -1;

	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(header); cmsg; cmsg = CMSG_NXTHDR(header, cmsg))
		if (cmsg->cmsg_level == IPPROTO_IPV6 && cmsg->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&hops, CMSG_DATA(cmsg), sizeof(hops));
	return hops;
}

static void on_nd(struct probe_watch *watch, uint32_t events)
{
	for (;;) {
		uint8_t bytes[RECEIVE_ROOM], control[CMSG_SPACE(sizeof(int))];
		struct iovec part = { bytes, sizeof(bytes) };
		struct msghdr header = { .msg_iov = &part,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control) };
		ssize_t got = recvmsg(watch->fd, &header, 0);
		struct address address;

		if (got < 0)
			return;
		if (probe_nd_reply(bytes, (size_t)got, hop_limit_of(&header), &address))
			answered((struct neighbour_way *)watch, &address);
	}
}

/* Only replies: a busy link's requests are not even copied to us. */
static int arp_filter(int fd)
{
	struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARPOP_REPLY, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, RECEIVE_ROOM),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog program = { ARRAY_SIZE(steps), steps };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ? -errno :
											     0;
}

static int arp_open(struct neighbour_way *way, const struct ifreq *link)
{
	AUTO_FD fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct sockaddr_ll here = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ARP) };
	int r;

	if (fd < 0)
		return -errno;
	here.sll_ifindex = (int)if_nametoindex(link->ifr_name);
	r = arp_filter(fd);
	if (r < 0)
		return r;
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) < 0)
		return -errno;
	way->everybody = here;
	way->everybody.sll_halen = 6;
	memset(way->everybody.sll_addr, 0xff, 6);
	way->watch = (struct probe_watch){ fd_take(&fd), on_arp };
	return 0;
}

static int nd_open(struct neighbour_way *way, const char **ret_what)
{
	int hops = ND_HOPS, one = 1, fd;
	struct icmp6_filter filter;
	int r = probe_socket(&way->like, SOCK_RAW, IPPROTO_ICMPV6, ret_what, &fd);

	if (r < 0)
		return r;
	way->watch = (struct probe_watch){ fd, on_nd };
	ICMP6_FILTER_SETBLOCKALL(&filter);
	ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &filter);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &filter, sizeof(filter)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &one, sizeof(one)) < 0)
		return -errno;
	return 0;
}

static void way_shut(struct neighbour_way *way)
{
	fd_closep(&way->watch.fd);
}

static int link_look(const char *name, struct ifreq *ret_link)
{
	AUTO_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memset(ret_link, 0, sizeof(*ret_link));
	strncpy(ret_link->ifr_name, name, IFNAMSIZ - 1);
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, ret_link) < 0)
		return -errno;
	return ret_link->ifr_hwaddr.sa_family == ARPHRD_ETHER ? 0 : -EPROTONOSUPPORT;
}

static int way_open(struct neighbour_way *way, const char **ret_what)
{
	struct ifreq link;
	int r = link_look(way->like.link, &link);

	*ret_what = way->like.link;
	if (r < 0)
		return r;
	memcpy(way->hardware, link.ifr_hwaddr.sa_data, sizeof(way->hardware));
	r = way->like.at.family == AF_INET ? arp_open(way, &link) : nd_open(way, ret_what);
	if (!r)
		r = probe_watch(way->stage, &way->watch, EPOLLIN);
	if (r < 0)
		way_shut(way);
	return r;
}

/* The address that the kernel would ask from; none is "0.0.0.0", which is answered, too. */
static struct address own_address(const struct check_spec *spec)
{
	struct address address = { .family = AF_INET };
	struct sockaddr_storage name;
	socklen_t length = address_to_sockaddr(&spec->at, 9, &name);
	const char *what;
	AUTO_FD fd = -1;
	uint16_t port;

	if (spec->source.family)
		return spec->source;
	if (probe_socket(spec, SOCK_DGRAM, 0, &what, &fd) == 0 &&
	    connect(fd, (struct sockaddr *)&name, length) == 0) {
		length = sizeof(name);
		if (getsockname(fd, (struct sockaddr *)&name, &length) == 0)
			address_from_sockaddr(&name, &address, &port);
	}
	return address;
}

static int ask(struct neighbour_way *way, const struct check_spec *spec)
{
	uint8_t bytes[PROBE_ARP_SIZE > PROBE_NS_SIZE ? PROBE_ARP_SIZE : PROBE_NS_SIZE];
	struct sockaddr_storage to;
	struct address group, source;
	socklen_t length;
	ssize_t sent;

	if (spec->at.family == AF_INET) {
		source = own_address(spec);
		probe_arp_request(way->hardware, &source, &spec->at, bytes);
		sent = sendto(way->watch.fd, bytes, PROBE_ARP_SIZE, 0,
			      (struct sockaddr *)&way->everybody, sizeof(way->everybody));
	} else {
		group = probe_nd_group(&spec->at);
		length = address_to_sockaddr(&group, 0, &to);
		probe_nd_request(way->hardware, &spec->at, bytes);
		sent = sendto(way->watch.fd, bytes, PROBE_NS_SIZE, 0, (struct sockaddr *)&to, length);
	}
	return sent < 0 ? -errno : 0;
}

static void neighbour_start(struct probe *probe)
{
	struct neighbour_own *own = probe->own, **bucket = bucket_of(probe->stage, &probe->spec->at);
	struct neighbour_way *way = own->way;
	const char *what = probe->spec->link;
	int r = way->watch.fd < 0 ? way_open(way, &what) : 0;

	if (!r)
		r = ask(way, probe->spec);
	/* A link that came back under its name is another one, with another hardware address. */
	if (probe_way_is_stale(probe->spec, r)) {
		way_shut(way);
		r = way_open(way, &what);
		if (!r)
			r = ask(way, probe->spec);
	}
	if (r < 0) {
		probe_failed(probe, what, r);
		return;
	}
	own->next = *bucket;
	*bucket = own;
}

static void neighbour_stop(struct probe *probe)
{
	struct neighbour_own **at = bucket_of(probe->stage, &probe->spec->at);

	while (*at && (*at)->probe != probe)
		at = &(*at)->next;
	if (*at)
		*at = (*at)->next;
}

static struct neighbour_way *way_of(struct probe_stage *stage, const struct check_spec *spec)
{
	struct neighbour_way *way;

	if (!stage->neighbour)
		stage->neighbour = mem_alloc(sizeof(*stage->neighbour));
	for (size_t i = 0; i < stage->neighbour->ways.count; i++)
		if (probe_same_way(&stage->neighbour->ways.items[i]->like, spec))
			return stage->neighbour->ways.items[i];
	way = mem_alloc(sizeof(*way));
	way->watch.fd = -1;
	way->like = probe_way(spec);
	way->stage = stage;
	*VEC_PUSH(&stage->neighbour->ways) = way;
	return way;
}

static void way_leave(struct neighbour_way *way)
{
	struct probe_neighbour *neighbour = way->stage->neighbour;
	size_t i = 0;

	if (--way->probes)
		return;
	while (neighbour->ways.items[i] != way)
		i++;
	neighbour->ways.items[i] = neighbour->ways.items[--neighbour->ways.count];
	mem_freep(&way->like.link);
	probe_unwatch(way->stage, &way->watch);
}

static void neighbour_open(struct probe *probe)
{
	struct neighbour_own *own = mem_alloc(sizeof(*own));

	own->probe = probe;
	own->way = way_of(probe->stage, probe->spec);
	own->way->probes++;
	probe->own = own;
}

static void neighbour_close(struct probe *probe)
{
	struct neighbour_own *own = probe->own;

	way_leave(own->way);
	mem_freep(&probe->own);
}

void probe_neighbour_leave(struct probe_stage *stage)
{
	if (!stage->neighbour)
		return;
	VEC_FREE(&stage->neighbour->ways);
	mem_freep(&stage->neighbour);
}

const struct probe_kind probe_neighbour = {
	.open = neighbour_open,
	.start = neighbour_start,
	.stop = neighbour_stop,
	.close = neighbour_close,
	.late = "no answer",
};
