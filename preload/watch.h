/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_WATCH_H
#define PRELOAD_WATCH_H

#include <netinet/in.h>
#include <stdbool.h>

/* What is known of a descriptor. A wrong "watched" costs a detour, and no more: see watch.c. */
#define WATCH_ASKED 4	  /* packet information is on, and is ours to read */
#define WATCH_CONNECTED 8 /* was watched, and will be again when it has no peer any more */
#define WATCH_SWAPPED 16  /* ... and is another socket since, bound to one address */
#define WATCH_DUAL 32	  /* ... which heard IPv4, too */
#define WATCH_WANTS 3	  /* STRIP_KEEP_*: what the program wants to be told itself */

#define WATCH_DESCRIPTORS 65536

/* The flags of @fd, 0 for one that is none of our business; and its port, in network order. */
unsigned watch_flags(int fd);
in_port_t watch_port(int fd);

/* Looks at @fd, and watches it when it is a UDP socket on the wildcard that has no peer. */
void watch_look(int fd);
void watch_forget(int fd);
void watch_copy(int from, int to);
/* The program switched packet information of a watched socket. Returns whether the kernel is to be told. */
bool watch_wants(int fd, unsigned want, bool on);
/* It has got a peer: let it run as it would without us. */
void watch_rest(int fd);
void watch_swapped(int fd, bool dual);

/* Calls @each for every watched or resting descriptor of the same socket as @fd, beside @fd itself. */
void watch_duplicates(int fd, void (*each)(int duplicate, void *context), void *context);
/* Those that we were started with. */
void watch_inherited(void);

#endif
