/* SPDX-License-Identifier: MIT */
#ifndef MULTIHOME_PRIVATE_H
#define MULTIHOME_PRIVATE_H

#include "multihome.h"
#include "outbox.h"

#include <linux/filter.h>
#include <netinet/udp.h>
#include <string.h>

/* What the kernel tells of a datagram or a connection beside its bytes. */
struct mh_arrival {
	struct mh_address asked, source;
	unsigned link, segment;
	bool group;
};

/* Room for everything that a received datagram may bring along, some of it not asked for by us. */
#define MH_CONTROL_IN 256
/* Packet information and the length of segments. */
#define MH_CONTROL_OUT (CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint16_t)))

/* Pure. Reads as much as is well-formed; what is missing is zero. */
void mh_control_read(const void *control, size_t length, struct mh_arrival *ret_arrival);
/*
 * Pure. @source of family 0, @segment 0: not written. Returns the bytes written, at most
 * MH_CONTROL_OUT.
 */
size_t mh_control_write(void *control, const struct mh_address *source, unsigned link,
			unsigned segment);

/* Pure. A socket filter that passes what is sent to @prefix; returns the instructions written. */
#define MH_FILTER_MAX 16
unsigned mh_filter_build(const struct mh_prefix *prefix, struct sock_filter filter[MH_FILTER_MAX]);

bool mh_address_is_multicast(const struct mh_address *address);
bool mh_address_is_link_local(const struct mh_address *address);
bool mh_address_is_unspecified(const struct mh_address *address);
unsigned mh_address_bits(uint8_t family); /* 32, 128, or 0 */
struct mh_address mh_address_of_endpoint(const union mh_endpoint *endpoint);
/* An IPv4-mapped address becomes the IPv4 address (RFC 4291, 2.5.5.2). */
static inline struct mh_address mh_address_of_v6(const struct in6_addr *v6)
{
	struct mh_address address = { .family = AF_INET6 };

	if (IN6_IS_ADDR_V4MAPPED(v6)) {
		address.family = AF_INET;
		memcpy(address.bytes, v6->s6_addr + 12, 4);
	} else {
		memcpy(address.bytes, v6->s6_addr, 16);
	}
	return address;
}

static inline bool mh_peer_is_v4(const union mh_endpoint *peer)
{
	return peer->any.sa_family == AF_INET || IN6_IS_ADDR_V4MAPPED(&peer->v6.sin6_addr);
}

/* What came to @asked by @link is for @socket. */
static inline bool mh_socket_serves(const struct mh_socket *socket, const struct mh_address *asked,
				    unsigned link)
{
	return !socket->on.address.family || (mh_prefix_holds(&socket->on, asked) &&
					      (!socket->on.link || socket->on.link == link));
}

/* Options of a socket: 0 or -errno. */
int mh_option_set(int fd, int level, int name, int value);
int mh_option_get(int fd, int level, int name, int *ret_value);

struct mh_batch {
	unsigned size, count;
	size_t room, stride, memory_size;
	char *memory;

	struct mh_datagram *datagrams;
	struct mmsghdr *in;
	struct iovec *in_parts;
	char *in_controls;
	unsigned used; /* slots that the kernel wrote last time */
	struct mh_outbox out;
};

#endif
