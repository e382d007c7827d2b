/* SPDX-License-Identifier: MIT */
/*
 * The socket beside the program's: it finds out what the kernel would do, catches what would be
 * lost meanwhile, or takes the other's place.
 */
#include "dial.h"

#include <unistd.h>

#include "ask.h"
#include "real.h"

#ifndef IPV6_FREEBIND
#define IPV6_FREEBIND 78
#endif

int dial_side_open(const struct dial *dial)
{
	int side = socket(dial->family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), value;

	if (side < 0)
		return -1;
	if (dial->family == AF_INET6)
		ask_set(side, SOL_IPV6, IPV6_V6ONLY, !dial->dual);
	if (dial->device)
		ask_set(side, SOL_SOCKET, SO_BINDTOIFINDEX, dial->device);
	if (ask_option(dial->fd, SOL_SOCKET, SO_MARK, &value) == 0 && value)
		ask_set(side, SOL_SOCKET, SO_MARK, value);
	return side;
}

/*
 * Where the program did not allow its port to be shared, it is allowed for a moment by
 * SO_REUSEPORT, which lets in nobody but the same user; by SO_REUSEADDR, anybody could take the
 * port who tries often enough.
 */
bool dial_side_bind(const struct dial *dial, bool freely)
{
	int reuse = 0, shared = 0;
	bool bound;

	ask_option(dial->fd, SOL_SOCKET, SO_REUSEADDR, &reuse);
	ask_option(dial->fd, SOL_SOCKET, SO_REUSEPORT, &shared);
	ask_set(dial->side, SOL_SOCKET, SO_REUSEADDR, reuse);
	ask_set(dial->side, SOL_SOCKET, SO_REUSEPORT, shared || !reuse);
	if (freely)
		ask_set(dial->side, SOL_IPV6, IPV6_FREEBIND, 1);
	if (!reuse && !shared)
		ask_set(dial->fd, SOL_SOCKET, SO_REUSEPORT, 1);
	bound = real()->bind(dial->side, &dial->own.any, ask_length(&dial->own)) == 0;
	if (!reuse && !shared)
		ask_set(dial->fd, SOL_SOCKET, SO_REUSEPORT, 0);
	return bound;
}

void dial_side_close(struct dial *dial)
{
	if (dial->side >= 0)
		real()->close(dial->side);
	dial->side = -1;
}
