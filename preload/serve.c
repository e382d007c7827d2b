/* SPDX-License-Identifier: MIT */
/*
 * A server that connects to its client, in all manners that servers do, for the labs. It knows
 * nothing of libmultihome-preload. It echoes to its peer all that it reads, with a word on how it
 * came, until it reads "end".
 *
 * usage: serve PORT [WORD...]
 *
 *   peek            look at the first datagram, connect, then read it (as socat and ncat do);
 *                   else read it, then connect (as iperf3 does)
 *   held            connect only after a line on standard input, so that a test can fill the queue
 *   epoll select    how to wait; else in the receive itself
 *   edge            epoll, and only told once
 *   read recvmsg recvmmsg timestamp
 *                   how to receive; else by recvfrom()
 *   dup fork thread connect the descriptor; use its duplicate, in a child, in another thread
 *   again           serve peer after peer with one socket, of which the peer is taken away
 *   v4              a socket of IPv4 alone
 *   shared          SO_REUSEADDR
 *   device          SO_BINDTODEVICE of eth0
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum manner {
	PEEK = 1,
	HELD = 2,
	EPOLL = 4,
	SELECT = 8,
	EDGE = 16,
	READ = 32,
	RECVMSG = 64,
	RECVMMSG = 128,
	TIMESTAMP = 256,
	DUP = 512,
	FORK = 1024,
	THREAD = 2048,
	AGAIN = 4096,
	DEVICE = 32768,
	V4 = 8192,
	SHARED = 16384,
};

static const struct {
	const char *word;
	unsigned manner;
} words[] = {
	{ "peek", PEEK },
	{ "held", HELD },
	{ "epoll", EPOLL },
	{ "select", SELECT },
	{ "edge", EPOLL | EDGE },
	{ "read", READ },
	{ "recvmsg", RECVMSG },
	{ "recvmmsg", RECVMMSG },
	{ "timestamp", RECVMSG | TIMESTAMP },
	{ "dup", DUP },
	{ "fork", FORK },
	{ "thread", THREAD },
	{ "again", AGAIN },
	{ "v4", V4 },
	{ "shared", SHARED },
	{ "device", DEVICE },
};

static unsigned manner;
static int epoll_fd = -1;

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		err(1, "setsockopt");
}

static int open_socket(in_port_t port)
{
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
	int fd = socket(manner & V4 ? AF_INET : AF_INET6, SOCK_DGRAM, 0);

	if (fd < 0)
		err(1, "socket");
	if (!(manner & V4))
		set(fd, SOL_IPV6, IPV6_V6ONLY, 0);
	if (manner & SHARED)
		set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	if ((manner & DEVICE) && setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4) < 0)
		err(1, "SO_BINDTODEVICE");
	if (manner & TIMESTAMP)
		set(fd, SOL_SOCKET, SO_TIMESTAMP, 1);
	set(fd, SOL_SOCKET, SO_RCVBUF, 1 << 22);
	if (bind(fd, manner & V4 ? (void *)&v4 : (void *)&v6,
		 manner & V4 ? sizeof(v4) : sizeof(v6)) < 0)
		err(1, "bind");
	return fd;
}

/* Waits as the manner says; blocking in the receive needs no other. */
static void wait_for(int fd)
{
	struct epoll_event event;
	fd_set set_of;

	if (manner & EPOLL) {
		while (epoll_wait(epoll_fd, &event, 1, -1) != 1)
			if (errno != EINTR)
				err(1, "epoll_wait");
		if (event.data.fd != fd)
			errx(1, "epoll told of another descriptor");
	} else if (manner & SELECT) {
		FD_ZERO(&set_of);
		FD_SET(fd, &set_of);
		if (select(fd + 1, &set_of, NULL, NULL, NULL) != 1)
			err(1, "select");
	}
}

static ssize_t receive_message(int fd, char *data, size_t size)
{
	struct sockaddr_storage peer;
	struct iovec part = { data, size };
	_Alignas(struct cmsghdr) char control[256];
	struct mmsghdr messages[1] = { 0 };
	struct msghdr *message = &messages[0].msg_hdr;
	ssize_t n;

	*message = (struct msghdr){ .msg_name = &peer,
				    .msg_namelen = sizeof(peer),
				    .msg_iov = &part,
				    .msg_iovlen = 1,
				    .msg_control = control,
				    .msg_controllen = sizeof(control) };
	if (manner & RECVMMSG)
		n = recvmmsg(fd, messages, 1, 0, NULL) == 1 ? (ssize_t)messages[0].msg_len : -1;
	else
		n = recvmsg(fd, message, 0);
	if (n < 0)
		return n;
	/* It gets what it asked for, and nothing else. */
	for (struct cmsghdr *at = CMSG_FIRSTHDR(message); at; at = CMSG_NXTHDR(message, at))
		if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SO_TIMESTAMP)
			errx(1, "unexpected ancillary data: level %d, type %d", at->cmsg_level,
			     at->cmsg_type);
	if ((manner & TIMESTAMP) && !CMSG_FIRSTHDR(message))
		errx(1, "no timestamp");
	if (message->msg_flags & MSG_CTRUNC)
		errx(1, "ancillary data was cut");
	return n;
}

static ssize_t receive(int fd, char *data, size_t size)
{
	if (manner & READ)
		return read(fd, data, size);
	if (manner & (RECVMSG | RECVMMSG))
		return receive_message(fd, data, size);
	return recv(fd, data, size, manner & EPOLL ? MSG_DONTWAIT : 0);
}

static void answer(int fd, const char *data, ssize_t n)
{
	if (send(fd, data, (size_t)n, 0) != n)
		err(1, "send");
}

static void *serve(void *context)
{
	int fd = *(int *)context;
	char data[2048];

	for (;;) {
		ssize_t n;

		wait_for(fd);
		do {
			n = receive(fd, data, sizeof(data));
			if (n < 0 && errno == EAGAIN)
				break;
			if (n < 0)
				err(1, "receive");
			answer(fd, data, n);
			if (n == 3 && !memcmp(data, "end", 3))
				return NULL;
		} while (manner & EDGE);
	}
}

/* The first datagram tells the peer. */
static void meet(int fd)
{
	struct sockaddr_storage peer;
	socklen_t length = sizeof(peer);
	char data[2048];
	ssize_t n;

	n = recvfrom(fd, data, sizeof(data), manner & PEEK ? MSG_PEEK : 0, (void *)&peer, &length);
	if (n < 0)
		err(1, "recvfrom");
	if ((manner & HELD) && getchar() == EOF)
		errx(1, "nobody said go");
	errno = 4711;
	if (connect(fd, (void *)&peer, length) < 0)
		err(1, "connect");
	if (errno != 4711)
		errx(1, "connect() changed errno");
	if (!(manner & PEEK))
		answer(fd, data, n);
}

static void serve_in_thread(int fd)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, serve, &fd))
		errx(1, "no thread");
	pthread_join(thread, NULL);
}

static void serve_in_child(int fd)
{
	int status;
	pid_t child = fork();

	if (child < 0)
		err(1, "fork");
	if (!child) {
		serve(&fd);
		_exit(0);
	}
	if (waitpid(child, &status, 0) < 0 || status)
		errx(1, "the child failed");
}

static void one_peer(int fd)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct epoll_event event = { .events = EPOLLIN | (manner & EDGE ? EPOLLET : 0),
				     .data.fd = fd };
	int copy = manner & DUP ? dup(fd) : fd;

	if (manner & EPOLL) {
		epoll_fd = epoll_create1(EPOLL_CLOEXEC);
		event.data.fd = copy;
		if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, copy, &event) < 0)
			err(1, "epoll_ctl");
	}
	meet(fd);
	if (manner & FORK)
		serve_in_child(copy);
	else if (manner & THREAD)
		serve_in_thread(copy);
	else
		serve(&copy);
	if (manner & DUP)
		close(copy);
	if (manner & EPOLL)
		close(epoll_fd);
	if (connect(fd, &nobody, sizeof(nobody)) < 0)
		err(1, "taking the peer away");
	puts("alone");
}

int main(int argc, char *argv[])
{
	int fd;

	for (int i = 2; i < argc; i++) {
		unsigned found = 0;

		for (size_t word = 0; word < sizeof(words) / sizeof(words[0]); word++)
			if (!strcmp(argv[i], words[word].word))
				found = words[word].manner;
		if (!found)
			errx(2, "no such word: %s", argv[i]);
		manner |= found;
	}
	fd = open_socket((in_port_t)atoi(argc > 1 ? argv[1] : "0"));
	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	do
		one_peer(fd);
	while (manner & AGAIN);
	puts("served");
	return 0;
}
