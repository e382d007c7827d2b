/* SPDX-License-Identifier: MIT */
/*
 * The program must see what it would have seen. Packet information is there because we asked for
 * it; so it is taken out again, and what remains is cut to the program's room by the kernel's own
 * rules (net/core/scm.c, put_cmsg(), 6.1): a message that does not fit is cut short and says so in
 * its length, one without room for its header is left out.
 */
#include "strip.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static bool is_ours(const struct cmsghdr *header, unsigned keep)
{
	if (header->cmsg_level == SOL_IP && header->cmsg_type == IP_PKTINFO)
		return !(keep & STRIP_KEEP_V4);
	return header->cmsg_level == SOL_IPV6 && header->cmsg_type == IPV6_PKTINFO &&
	       !(keep & STRIP_KEEP_V6);
}

size_t strip_copy(const void *from, size_t length, unsigned keep, void *to, size_t room,
		  bool *ret_truncated)
{
	const char *at = from, *end = at + length;
	size_t used = 0;
	bool truncated = false;

	while ((size_t)(end - at) >= sizeof(struct cmsghdr)) {
		size_t left = (size_t)(end - at), piece, space;
		struct cmsghdr header;

		memcpy(&header, at, sizeof(header));
		if (header.cmsg_len < sizeof(header) || header.cmsg_len > left)
			break;
		space = CMSG_ALIGN(header.cmsg_len) < left ? CMSG_ALIGN(header.cmsg_len) : left;
		piece = header.cmsg_len < room - used ? header.cmsg_len : room - used;
		if (is_ours(&header, keep)) {
			at += space;
			continue;
		}
		truncated |= piece < header.cmsg_len;
		if (piece >= sizeof(header)) {
			header.cmsg_len = piece;
			memmove((char *)to + used, at, piece);
			memcpy((char *)to + used, &header, sizeof(header));
			used += CMSG_ALIGN(piece) < room - used ? CMSG_ALIGN(piece) : room - used;
		}
		at += space;
	}
	*ret_truncated = truncated;
	return used;
}
