/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_STAGE_H
#define PRELOAD_STAGE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include <cmocka.h>

#include "private.h"

/*
 * The library's files are part of the test program, so that its own calls are the ones interposed.
 * On the loopback device of a network namespace of its own, and on one processor (settle.h): what
 * is asked is in the queue when stage_ask() returns.
 */
#define ASKED4 "127.1.2.3"	   /* the kernel chooses 127.0.0.1 */
#define ASKED6 "fd00:1::3"	   /* borne by lo; the kernel chooses ::1 */
#define ASKED6_ROUTE "2001:db8::7" /* local by a route */

/*
 * A group set-up: the namespace. Without the right to make one, those tests that need it skip
 * themselves.
 */
int stage_set(void **state);
bool stage_is_set(void);

union mh_endpoint stage_endpoint(const char *address, in_port_t port);
/* A socket on the wildcard, IPv4 or of both families, or on an address; and its port. */
int stage_server(const char *address, in_port_t *ret_port);
/* A client asks, and its socket. */
int stage_client(const char *address);
void stage_ask(int client, const char *asked, in_port_t port, const char *text);
/* The next datagram as text, "" when there is none; from whom, if @ret_peer. */
const char *stage_take(int fd, union mh_endpoint *ret_peer);
/* What the client hears next: "text from address". */
const char *stage_heard(int client);
const char *stage_local(int fd);
ino_t stage_inode(int fd);
int stage_option(int fd, int level, int name);

/* recvfrom(), and connect() to whom it came from. */
void stage_meet(int fd, const char *text, int flags);

#endif
