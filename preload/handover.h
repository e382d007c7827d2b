/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_HANDOVER_H
#define PRELOAD_HANDOVER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "private.h"

/*
 * A socket took the place of another, in whose queue there still are datagrams: these are to be
 * read first.
 */
struct handover {
	dev_t device;
	ino_t socket, old_socket; /* inodes; 0: a free place */
	int old;		  /* a descriptor of the one before */
	in_port_t port;		  /* whence the marker came */
	bool marker;		  /* one is in the queue of the new socket */
};

extern atomic_uint handover_count;

/* One load for every receive of every program that has nothing to hand over. */
static inline bool handover_any(void)
{
	return atomic_load_explicit(&handover_count, memory_order_relaxed) != 0;
}

/* Sends a marker from @fd, which has no peer, to itself at @own. Returns whether it arrived. */
bool handover_mark(int fd, const union mh_endpoint *own);
bool handover_is_marker(in_port_t port, const union mh_endpoint *peer, const void *data,
			size_t length);

/*
 * Begins for the socket of @fd; @old becomes ours to close. Returns 0, or -ENOBUFS when there are
 * too many.
 */
int handover_begin(int fd, int old, in_port_t port, bool marker);
bool handover_find(int fd, struct handover *ret_handover);
/*
 * Something was read from @fd: the marker goes when nothing old is left, and the old socket with
 * it.
 */
void handover_settle(int fd);
/* The program is about to close @fd. */
void handover_close(int fd);
void handover_forked(void);

#endif
