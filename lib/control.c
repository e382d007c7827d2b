/* SPDX-License-Identifier: MIT */
/*
 * Ancillary data, both ways, as plain bytes: no socket here, so that a fuzzer can have it.
 *
 * IPv4 tells two addresses of a datagram: the destination in its header (ipi_addr), and the one
 * of this host that an answer should come from (ipi_spec_dst). They differ when the destination
 * was a broadcast or multicast address; an answer never leaves from such. IPv6 tells the
 * destination only; for a multicast one the kernel is left to choose (RFC 3542, 6.2; RFC 6724).
 *
 * A dual-stack socket tells an IPv4 datagram both ways; the IPv4 way knows more, so it wins.
 *
 * The walk does not use CMSG_NXTHDR(), whose behaviour on nonsense differs between libcs.
 */
#include "private.h"

#include <assert.h>
#include <string.h>

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif
#ifndef UDP_GRO
#define UDP_GRO 104
#endif

static bool is_zero(const void *bytes, size_t length)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < length; i++)
		if (at[i])
			return false;
	return true;
}

static void read_v4(const void *data, struct mh_arrival *arrival)
{
	struct in_pktinfo info;

	memcpy(&info, data, sizeof(info));
	memset(&arrival->asked, 0, sizeof(arrival->asked));
	memset(&arrival->source, 0, sizeof(arrival->source));
	arrival->asked.family = AF_INET;
	memcpy(arrival->asked.bytes, &info.ipi_addr, 4);
	arrival->link = (unsigned)info.ipi_ifindex;
	/*
	 * What was queued before packet information was switched on tells the header's destination
	 * only.
	 */
	if (is_zero(&info.ipi_spec_dst, 4) && !info.ipi_ifindex)
		info.ipi_spec_dst = info.ipi_addr;
	arrival->group = mh_address_is_multicast(&arrival->asked) ||
			 info.ipi_addr.s_addr != info.ipi_spec_dst.s_addr;
	if (is_zero(&info.ipi_spec_dst, 4))
		return;
	arrival->source.family = AF_INET;
	memcpy(arrival->source.bytes, &info.ipi_spec_dst, 4);
	if (mh_address_is_multicast(&arrival->source))
		arrival->source = (struct mh_address){ 0 };
}

static void read_v6(const void *data, struct mh_arrival *arrival)
{
	struct in6_pktinfo info;

	memcpy(&info, data, sizeof(info));
	arrival->asked = mh_address_of_v6(&info.ipi6_addr);
	arrival->link = info.ipi6_ifindex;
	arrival->group = mh_address_is_multicast(&arrival->asked);
	arrival->source = arrival->group ? (struct mh_address){ 0 } : arrival->asked;
}

static void read_one(const struct cmsghdr *header, const void *data, size_t length,
		     struct mh_arrival *arrival)
{
	int segment;

	if (header->cmsg_level == SOL_IP && header->cmsg_type == IP_PKTINFO &&
	    length >= sizeof(struct in_pktinfo)) {
		read_v4(data, arrival);
	} else if (header->cmsg_level == SOL_IPV6 && header->cmsg_type == IPV6_PKTINFO &&
		   length >= sizeof(struct in6_pktinfo) && arrival->asked.family != AF_INET) {
		read_v6(data, arrival);
	} else if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_GRO &&
		   length >= sizeof(segment)) {
		memcpy(&segment, data, sizeof(segment));
		arrival->segment = segment > 0 && segment <= 65535 ? (unsigned)segment : 0;
	}
}

void mh_control_read(const void *control, size_t length, struct mh_arrival *ret_arrival)
{
	const char *at = control, *end = at + length;
	struct mh_arrival arrival = { 0 };
	struct cmsghdr header;

	while ((size_t)(end - at) >= sizeof(header)) {
		size_t left = (size_t)(end - at);

		memcpy(&header, at, sizeof(header));
		if (header.cmsg_len < sizeof(header) || header.cmsg_len > left)
			break;
		if (header.cmsg_len >= CMSG_LEN(0))
			read_one(&header, at + CMSG_LEN(0), header.cmsg_len - CMSG_LEN(0), &arrival);
		if (CMSG_ALIGN(header.cmsg_len) >= left)
			break;
		at += CMSG_ALIGN(header.cmsg_len);
	}
	*ret_arrival = arrival;
}

static_assert(CMSG_LEN(0) == sizeof(struct cmsghdr), "data follows its header at once");

/*
 * Appends one to @at, and returns its length without the padding behind it: Linux keeps 36 bytes
 * for ancillary data on its stack and allocates for more, so that the padding behind an IPv6 packet
 * information (36 bytes, 40 with it) would cost an allocation for each message.
 */
static size_t put(char *at, int level, int type, const void *data, size_t length)
{
	struct cmsghdr header = { .cmsg_level = level,
				  .cmsg_type = type,
				  .cmsg_len = CMSG_LEN(length) };

	memcpy(at, &header, sizeof(header));
	memcpy(at + sizeof(header), data, length);
	return CMSG_LEN(length);
}

size_t mh_control_write(void *control, const struct mh_address *source, unsigned link,
			unsigned segment)
{
	uint16_t train = (uint16_t)segment;
	size_t length = 0;

	if (source->family == AF_INET) {
		struct in_pktinfo info = { .ipi_ifindex = (int)link };

		memcpy(&info.ipi_spec_dst, source->bytes, 4);
		length = put(control, SOL_IP, IP_PKTINFO, &info, sizeof(info));
	} else if (source->family == AF_INET6) {
		struct in6_pktinfo info = { .ipi6_ifindex = link };

		memcpy(&info.ipi6_addr, source->bytes, 16);
		length = put(control, SOL_IPV6, IPV6_PKTINFO, &info, sizeof(info));
	}
	if (!segment)
		return length;
	memset((char *)control + length, 0, CMSG_ALIGN(length) - length);
	length = CMSG_ALIGN(length);
	return length + put((char *)control + length, SOL_UDP, UDP_SEGMENT, &train, sizeof(train));
}
