/* SPDX-License-Identifier: MIT */
/*
 * What happens to descriptors: the functions by which a socket becomes a server's, gets more
 * descriptors, or loses one; and the start. Nothing here changes what the program sees. See
 * README.md for what it is all about.
 */
#include "preload.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "asked.h"
#include "handover.h"
#include "local.h"
#include "real.h"
#include "strip.h"
#include "waits.h"
#include "watch.h"

static bool connects, sends;
static pid_t process; /* whose memory this is */

bool preload_connects(void)
{
	return connects;
}

bool preload_sends(void)
{
	return sends;
}

static bool is_word(const char *text, size_t length, const char *word)
{
	return length == strlen(word) && !memcmp(text, word, length);
}

static void forked(void)
{
	process = getpid();
	asked_forked();
	handover_forked();
	local_forked();
	waits_forked();
}

void preload_choose(const char *words)
{
	connects = sends = false;
	while (*words) {
		size_t length = strcspn(words, ",");

		connects |= is_word(words, length, "connect");
		sends |= is_word(words, length, "send");
		words += length + (words[length] == ',');
	}
}

static void __attribute__((constructor)) start(void)
{
	const char *words = getenv("MULTIHOME_PRELOAD");

	real_load();
	process = getpid();
	preload_choose(words ? words : "connect");
	if (!connects && !sends)
		return;
	pthread_atfork(NULL, NULL, forked);
	watch_inherited();
}

INTERPOSED(int, bind, (int fd, __CONST_SOCKADDR_ARG to, socklen_t length))
{
	const struct sockaddr *address = to.__sockaddr__;
	int r = real()->bind(fd, address, length), error = errno;

	if (r < 0)
		return r;
	if ((connects || sends) && (address->sa_family == AF_INET || address->sa_family == AF_INET6))
		watch_look(fd);
	else
		watch_forget(fd);
	errno = error;
	return r;
}

/*
 * A child of vfork() has descriptors of its own, but its parent's memory: what it closes before it
 * executes another program stays open here.
 */
static bool is_ours(void)
{
	return getpid() == process;
}

/* @fd is about to name another socket, or none. */
static void release(int fd)
{
	int error = errno;

	if ((!handover_any() && !watch_flags(fd)) || !is_ours())
		return;
	if (handover_any())
		handover_close(fd);
	if (watch_flags(fd)) {
		watch_forget(fd);
		waits_forget(fd);
	}
	errno = error;
}

/* @copy names the same as @fd now. */
static void copied(int fd, int copy)
{
	if ((watch_flags(fd) || watch_flags(copy)) && is_ours())
		watch_copy(fd, copy);
}

INTERPOSED(int, close, (int fd))
{
	release(fd);
	return real()->close(fd);
}

INTERPOSED(int, dup, (int fd))
{
	int copy = real()->dup(fd);

	if (copy >= 0)
		copied(fd, copy);
	return copy;
}

INTERPOSED(int, dup2, (int fd, int copy))
{
	int r;

	if (fd != copy)
		release(copy);
	r = real()->dup2(fd, copy);
	if (r >= 0 && fd != copy)
		copied(fd, copy);
	return r;
}

INTERPOSED(int, dup3, (int fd, int copy, int flags))
{
	int r;

	if (fd != copy)
		release(copy);
	r = real()->dup3(fd, copy, flags);
	if (r >= 0)
		copied(fd, copy);
	return r;
}

static int controlled(int fd, int command, int result)
{
	if (result >= 0 && (command == F_DUPFD || command == F_DUPFD_CLOEXEC))
		copied(fd, result);
	return result;
}

/*
 * What the third argument is, the command tells; as a pointer it is passed on whatever it is, as
 * the C library does.
 */
INTERPOSED(int, fcntl, (int fd, int command, ...))
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return controlled(fd, command, real()->fcntl(fd, command, argument));
}

/* The same, under the name that programs with large files call it by. */
INTERPOSED(int, fcntl64, (int fd, int command, ...))
{
	va_list arguments;
	void *argument;

	va_start(arguments, command);
	argument = va_arg(arguments, void *);
	va_end(arguments);
	return controlled(fd, command, real()->fcntl64(fd, command, argument));
}

/*
 * The program wants to be told itself which address was asked: then it is not to be kept from it.
 */
INTERPOSED(int, setsockopt, (int fd, int level, int name, const void *value, socklen_t length))
{
	unsigned want = 0;
	int on = 0;

	if (level == SOL_IP && name == IP_PKTINFO)
		want = STRIP_KEEP_V4;
	else if (level == SOL_IPV6 && name == IPV6_RECVPKTINFO)
		want = STRIP_KEEP_V6;
	if (!want || !watch_flags(fd) || !value || !length)
		return real()->setsockopt(fd, level, name, value, length);
	memcpy(&on, value, length < sizeof(on) ? length : sizeof(on));
	return watch_wants(fd, want, on != 0) ? real()->setsockopt(fd, level, name, value, length) :
						0;
}

INTERPOSED(int, epoll_ctl, (int epoll, int operation, int fd, struct epoll_event *event))
{
	int r = real()->epoll_ctl(epoll, operation, fd, event), error = errno;

	if (r == 0 && watch_flags(fd) && (event || operation == EPOLL_CTL_DEL))
		waits_note(epoll, operation, fd, event);
	errno = error;
	return r;
}
