/* SPDX-License-Identifier: MIT */
#ifndef PRELOAD_REAL_H
#define PRELOAD_REAL_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

/*
 * The functions that the program would have called without us: of the C library, or of the next
 * preloaded one.
 */
#define REAL_FUNCTIONS(X)                                                                          \
	X(int, bind, (int, const struct sockaddr *, socklen_t))                                    \
	X(int, connect, (int, const struct sockaddr *, socklen_t))                                 \
	X(int, setsockopt, (int, int, int, const void *, socklen_t))                               \
	X(int, close, (int))                                                                       \
	X(int, fcntl, (int, int, ...))                                                             \
	X(int, fcntl64, (int, int, ...))                                                           \
	X(int, dup, (int))                                                                         \
	X(int, dup2, (int, int))                                                                   \
	X(int, dup3, (int, int, int))                                                              \
	X(int, epoll_ctl, (int, int, int, struct epoll_event *))                                   \
	X(ssize_t, read, (int, void *, size_t))                                                    \
	X(ssize_t, readv, (int, const struct iovec *, int))                                        \
	X(ssize_t, recv, (int, void *, size_t, int))                                               \
	X(ssize_t, recvfrom, (int, void *, size_t, int, struct sockaddr *, socklen_t *))           \
	X(ssize_t, recvmsg, (int, struct msghdr *, int))                                           \
	X(int, recvmmsg, (int, struct mmsghdr *, unsigned, int, struct timespec *))                \
	X(ssize_t, sendto, (int, const void *, size_t, int, const struct sockaddr *, socklen_t))   \
	X(ssize_t, sendmsg, (int, const struct msghdr *, int))                                     \
	X(int, sendmmsg, (int, struct mmsghdr *, unsigned, int))                                   \
	X(ssize_t, __read_chk, (int, void *, size_t, size_t))                                      \
	X(ssize_t, __recv_chk, (int, void *, size_t, size_t, int))                                 \
	X(ssize_t, __recvfrom_chk,                                                                 \
	  (int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *))

struct real {
#define REAL_MEMBER(type, name, arguments) type(*name) arguments;
	REAL_FUNCTIONS(REAL_MEMBER)
#undef REAL_MEMBER
};

extern struct real real_table;
extern atomic_bool real_loaded;
void real_load(void);

/* Other libraries may call us from their constructors, before ours has run. */
static inline const struct real *real(void)
{
	if (!atomic_load_explicit(&real_loaded, memory_order_acquire))
		real_load();
	return &real_table;
}

/*
 * Begins a function that takes the place of the one of that name: the only symbols that leave the
 * library.
 */
#define INTERPOSED(type, name, arguments) __attribute__((visibility("default"))) type name arguments

#endif
