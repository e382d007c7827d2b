/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_WAITS_H
#define PRELOAD_WAITS_H

#include <stdbool.h>
#include <sys/epoll.h>

/*
 * Which watched descriptors the program waits for by epoll: a registration stays with the socket,
 * not the number.
 */
void waits_note(int epoll, int operation, int fd, const struct epoll_event *event);
void waits_forget(int fd);
/* More than could be remembered: no descriptor can be said to be in no epoll. */
bool waits_overflowed(void);

/*
 * Takes @fd out of every epoll that it is in, and puts it in again: around the change of its
 * socket.
 */
void waits_leave(int fd);
void waits_return(int fd);
void waits_forked(void);

#endif
