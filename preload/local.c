/* SPDX-License-Identifier: MIT */
/*
 * The kernel does not check the source of an IPv6 datagram once free binding is allowed, by the
 * socket or by net.ipv6.ip_nonlocal_bind: it would send in the name of an address that has gone. So
 * the routes are asked where that address leads. For a busy server, not for each datagram anew.
 */
#include "local.h"

#include <linux/rtnetlink.h>
#include <string.h>
#include <time.h>

#include "lock.h"
#include "real.h"

#define PLACES 64
#define VALID_NS 100000000

static struct place {
	struct mh_address address;
	uint64_t until; /* nanoseconds of the coarse clock */
} places[PLACES];
static struct lock lock;

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static struct place *place_of(const struct mh_address *address)
{
	unsigned hash = 0;

	for (size_t i = 0; i < sizeof(address->bytes); i++)
		hash = hash * 31 + address->bytes[i];
	return &places[hash % PLACES];
}

/*
 * RTM_GETROUTE, of a socket that is not kept: a program that closes what it does not know would
 * take it from us.
 */
static bool route_is_local(const struct mh_address *address)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr to;
		uint8_t bytes[16];
	} request = {
		.header = { sizeof(request), RTM_GETROUTE, NLM_F_REQUEST, 1, 0 },
		.route = { .rtm_family = AF_INET6, .rtm_dst_len = 128 },
		.to = { sizeof(request.to) + sizeof(request.bytes), RTA_DST },
	};
	struct {
		struct nlmsghdr header;
		struct rtmsg route;
		char rest[2048];
	} answer;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool local = false;

	if (fd < 0)
		return false;
	memcpy(request.bytes, address->bytes, sizeof(request.bytes));
	if (real()->sendto(fd, &request, sizeof(request), 0, NULL, 0) == sizeof(request) &&
	    real()->recv(fd, &answer, sizeof(answer), MSG_DONTWAIT) >=
		    (ssize_t)NLMSG_LENGTH(sizeof(answer.route)))
		local = answer.header.nlmsg_type == RTM_NEWROUTE &&
			answer.route.rtm_type == RTN_LOCAL;
	real()->close(fd);
	return local;
}

bool local_is(const struct mh_address *address)
{
	struct place *place = place_of(address);
	uint64_t time = now();
	bool known = false;

	if (lock_take(&lock)) {
		known = time < place->until && !memcmp(&place->address, address, sizeof(*address));
		lock_leave(&lock);
	}
	if (known)
		return true;
	if (!route_is_local(address))
		return false;
	if (lock_take(&lock)) {
		*place = (struct place){ *address, time + VALID_NS };
		lock_leave(&lock);
	}
	return true;
}

void local_forked(void)
{
	lock_leave(&lock);
}
