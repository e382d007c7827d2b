/* SPDX-License-Identifier: MIT */
/*
 * What the kernel knows of a socket is asked when it is needed, not remembered: then it cannot be stale.
 */
#include "ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>

#include "real.h"

/* On a busy processor ksoftirqd delivers what is sent to oneself, when its turn comes. */
#define ARRIVAL_MS 100

int ask_option(int fd, int level, int name, int *ret_value)
{
	socklen_t length = sizeof(int);
	int value = 0;

	if (getsockopt(fd, level, name, &value, &length) < 0)
		return -errno;
	*ret_value = value;
	return 0;
}

int ask_set(int fd, int level, int name, int value)
{
	return real()->setsockopt(fd, level, name, &value, sizeof(value)) < 0 ? -errno : 0;
}

bool ask_is_udp(int fd, int *ret_family)
{
	int protocol = 0, family = 0;

	if (ask_option(fd, SOL_SOCKET, SO_PROTOCOL, &protocol) < 0 || protocol != IPPROTO_UDP ||
	    ask_option(fd, SOL_SOCKET, SO_DOMAIN, &family) < 0 ||
	    (family != AF_INET && family != AF_INET6))
		return false;
	*ret_family = family;
	return true;
}

int ask_local(int fd, union mh_endpoint *ret_local)
{
	union mh_endpoint local = { 0 };
	socklen_t length = sizeof(local);

	if (getsockname(fd, &local.any, &length) < 0)
		return -errno;
	*ret_local = local;
	return 0;
}

bool ask_has_peer(int fd)
{
	union mh_endpoint peer;
	socklen_t length = sizeof(peer);

	return getpeername(fd, &peer.any, &length) == 0;
}

static bool waits(int fd, int milliseconds)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };

	return poll(&wait, 1, milliseconds) == 1 && (wait.revents & POLLIN);
}

bool ask_waits(int fd)
{
	return waits(fd, 0);
}

bool ask_arrives(int fd)
{
	return waits(fd, ARRIVAL_MS);
}

bool ask_same(int fd, int other)
{
	struct stat a, b;

	return fstat(fd, &a) == 0 && fstat(other, &b) == 0 && a.st_dev == b.st_dev &&
	       a.st_ino == b.st_ino;
}

in_port_t ask_port(const union mh_endpoint *endpoint)
{
	return endpoint->any.sa_family == AF_INET ? endpoint->v4.sin_port : endpoint->v6.sin6_port;
}

socklen_t ask_length(const union mh_endpoint *endpoint)
{
	return endpoint->any.sa_family == AF_INET ? sizeof(endpoint->v4) : sizeof(endpoint->v6);
}

bool ask_is_wildcard(const union mh_endpoint *endpoint)
{
	static const uint8_t zeros[16];
	struct mh_address address = mh_address_of_endpoint(endpoint);

	return address.family && !memcmp(address.bytes, zeros, sizeof(zeros));
}

bool ask_equal(const union mh_endpoint *a, const union mh_endpoint *b)
{
	struct mh_address one = mh_address_of_endpoint(a), other = mh_address_of_endpoint(b);

	return one.family == other.family && !memcmp(one.bytes, other.bytes, sizeof(one.bytes)) &&
	       ask_port(a) == ask_port(b);
}

int ask_endpoint(int family, const struct mh_address *address, in_port_t port, unsigned link,
		 union mh_endpoint *ret_endpoint)
{
	union mh_endpoint endpoint = { .any.sa_family = (sa_family_t)family };

	if (family == AF_INET && address->family == AF_INET) {
		endpoint.v4.sin_port = port;
		memcpy(&endpoint.v4.sin_addr, address->bytes, 4);
	} else if (family == AF_INET6 && address->family == AF_INET6) {
		endpoint.v6.sin6_port = port;
		memcpy(&endpoint.v6.sin6_addr, address->bytes, 16);
		if (mh_address_is_link_local(address))
			endpoint.v6.sin6_scope_id = link;
	} else if (family == AF_INET6 && address->family == AF_INET) {
		endpoint.v6.sin6_port = port;
		memset(endpoint.v6.sin6_addr.s6_addr + 10, 0xff, 2);
		memcpy(endpoint.v6.sin6_addr.s6_addr + 12, address->bytes, 4);
	} else {
		return -EAFNOSUPPORT;
	}
	*ret_endpoint = endpoint;
	return 0;
}

int ask_disconnect(int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	union mh_endpoint before, after;
	int device = 0, r;

	r = ask_local(fd, &before);
	if (r < 0)
		return r;
	ask_option(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &device);
	if (real()->connect(fd, &nobody, sizeof(nobody)) < 0)
		return -errno;
	if (device)
		ask_set(fd, SOL_SOCKET, SO_BINDTOIFINDEX, device);
	r = ask_local(fd, &after);
	if (r < 0 || ask_port(&after) || !ask_port(&before))
		return r;
	/* Nobody had named its port, so the kernel took it back. */
	if (after.any.sa_family == AF_INET)
		after.v4.sin_port = before.v4.sin_port;
	else
		after.v6.sin6_port = before.v6.sin6_port;
	return real()->bind(fd, &after.any, ask_length(&after)) < 0 ? -errno : 0;
}
