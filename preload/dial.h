/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_DIAL_H
#define PRELOAD_DIAL_H

#include "asked.h"

/* One connect() of the program that is to leave from the address asked. */
struct dial {
	int fd;
	int family, device; /* of the socket */
	const struct sockaddr *peer;
	socklen_t length;
	bool dual;	       /* it hears IPv4, too */
	union mh_endpoint own; /* the address asked, and the port of the socket */
	int side; /* a socket beside it: bound to .own where that could be done, else -1 */
};

/*
 * Both return the result for the program: 0, or -errno with .fd as it was before. .side is used up.
 *
 * dial_keep() gives the socket itself the address. Works for every IPv4 address that is local, and
 * for IPv6 addresses that a link bears. dial_swap() puts .side in its place: for IPv6 addresses
 * that are local by a route only.
 */
int dial_keep(struct dial *dial);
int dial_swap(struct dial *dial);
/*
 * As dial_swap(), when .side has got a peer and datagrams already, and .fd is connected. Returns
 * whether it could.
 */
bool dial_install(struct dial *dial, bool marked);

int dial_plain(const struct dial *dial);
/* @fd, which was swapped, has no peer any more: it shall hear all addresses again. */
void dial_back(int fd);

/* A socket like .fd in what decides about routes, or -1. */
int dial_side_open(const struct dial *dial);
/* Binds it to .own, whose port it shares with .fd. */
bool dial_side_bind(const struct dial *dial, bool freely);
void dial_side_close(struct dial *dial);

#endif
