/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "host/ports.h"

#include "base/fd.h"
#include "host/diag_dump.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

struct look {
	uint8_t protocol;
	port_fn *told;
	void *data;
};

/*
 * Each connection that ends is told, and a busy host ends thousands a second: the kernel is asked to
 * drop what has a peer before it wakes us.
 */
static int filter_peers(int fd)
{
	static const struct sock_filter steps[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS,
			 NLMSG_HDRLEN + offsetof(struct inet_diag_msg, id.idiag_dport)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog filter = { .len = sizeof(steps) / sizeof(steps[0]),
					   .filter = (struct sock_filter *)steps };

	return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) < 0 ? -errno : 0;
}

int ports_open(int *ret_fd)
{
	static const int groups[] = { SKNLGRP_INET_TCP_DESTROY, SKNLGRP_INET_UDP_DESTROY,
				      SKNLGRP_INET6_TCP_DESTROY, SKNLGRP_INET6_UDP_DESTROY };
	AUTO_FD fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG);
	struct sockaddr_nl name = { .nl_family = AF_NETLINK };
	int r;

	if (fd < 0 || bind(fd, (struct sockaddr *)&name, sizeof(name)) < 0)
		return -errno;
	r = filter_peers(fd);
	if (r < 0)
		return r;
	for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++)
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i],
			       sizeof(groups[i])) < 0)
			return -errno;
	*ret_fd = fd_take(&fd);
	return 0;
}

void ports_receive(int fd)
{
	char buffer[8192];

	/* A flood that does not fit (ENOBUFS) means the same as any event: look. */
	while (recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT) > 0 || errno == ENOBUFS ||
	       errno == EINTR)
		continue;
}

/* What an IPv6 socket is bound to may be an IPv4 address: programs in Java bind no other way. */
static struct address take_address(const struct inet_diag_msg *socket)
{
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };
	const uint8_t *bytes = (const uint8_t *)socket->id.idiag_src;
	struct address address = { .family = socket->idiag_family };

	if (address.family == AF_INET6 && memcmp(bytes, mapped, sizeof(mapped)) == 0) {
		address.family = AF_INET;
		bytes += sizeof(mapped);
	}
	memcpy(address.bytes, bytes, address_size(address.family));
	return address;
}

static int on_socket(const struct nlmsghdr *message, void *data)
{
	const struct inet_diag_msg *socket = mnl_nlmsg_get_payload(message);
	const struct look *look = data;
	struct port_seen seen = { .protocol = look->protocol };
	const struct nlattr *attribute;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*socket) || !socket->id.idiag_sport)
		return MNL_CB_OK;
	seen.address = take_address(socket);
	seen.port = ntohs(socket->id.idiag_sport);
	mnl_attr_for_each(attribute, message,
			  sizeof(*socket)) if (mnl_attr_get_type(attribute) == INET_DIAG_SKV6ONLY &&
					       mnl_attr_get_payload_len(attribute) >= sizeof(uint8_t))
		seen.only_v6 = mnl_attr_get_u8(attribute);
	look->told(look->data, &seen);
	return MNL_CB_OK;
}

int ports_look(uint8_t protocol, port_fn *told, void *data)
{
	struct look look = { protocol, told, data };
	uint32_t states = protocol == IPPROTO_TCP ? 1u << TCP_LISTEN : 1u << TCP_CLOSE;

	return diag_dump(protocol, states, on_socket, &look);
}
