/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_WHO_H
#define MH_FEATURE_SERVICES_WHO_H

#include "net/address.h"

/* What whoami tells of a datagram or a connection. */
struct services_who {
	struct address asked, peer;
	uint16_t port, peer_port;
	const char *link, *protocol, *service;
};

/* Room for a line or an object, whatever the names are. */
#define SERVICES_WHO_SIZE 512

/*
 * "asked=2001:db8:1:1::42 port=7777 peer=[2001:db8::2]:5353 link=eth0 protocol=udp service=who\n".
 * Returns its length. Bytes in the link's name that would break a line are told as '?'.
 */
size_t services_who_line(const struct services_who *who, char line[SERVICES_WHO_SIZE]);

/*
 * {"asked":"2001:db8:1:1::42","port":7777,"peer":"2001:db8::2","peer_port":5353,"link":"eth0",
 * "protocol":"tcp","service":"who"}, on one line.
 */
size_t services_who_json(const struct services_who *who, char json[SERVICES_WHO_SIZE]);

#endif
