/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One dump of sockets for each family, on a socket of its own. */
#include "host/diag_dump.h"

#include "base/mem.h"

#include <errno.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#define DUMP_ROOM 32768

static int dump_family(struct mnl_socket *socket, const struct inet_diag_req_v2 *wanted,
		       mnl_cb_t told, void *data)
{
	char buffer[DUMP_ROOM];
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct inet_diag_req_v2 *request;
	int r;

	message->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	message->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	message->nlmsg_seq = wanted->sdiag_family;
	request = mnl_nlmsg_put_extra_header(message, sizeof(*request));
	*request = *wanted;
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return -errno;
	do {
		ssize_t length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));

		if (length < 0)
			return -errno;
		r = mnl_cb_run(buffer, (size_t)length, wanted->sdiag_family,
			       mnl_socket_get_portid(socket), told, data);
	} while (r > MNL_CB_STOP);
	return r < 0 ? -errno : 0;
}

int diag_dump(uint8_t protocol, uint32_t states, mnl_cb_t told, void *data)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	struct inet_diag_req_v2 wanted = { .sdiag_protocol = protocol, .idiag_states = states };
	struct mnl_socket *socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	int r = socket && mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) == 0 ? 0 : -errno;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(families); i++) {
		wanted.sdiag_family = families[i];
		r = dump_family(socket, &wanted, told, data);
	}
	if (socket)
		mnl_socket_close(socket);
	return r;
}
