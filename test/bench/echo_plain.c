/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The peer that our echo service is measured against: the leanest honest UDP echo on one address.
 * One thread, one socket bound to one address, recvmmsg and sendmmsg of 64 datagrams, nothing per
 * datagram that an echo does not need: no packet information, no filter, no counters, no event
 * loop. It blocks in recvmmsg, which is one system call less for each batch than any server that
 * waits for several sockets. It joins no answers (UDP_SEGMENT): that would be another server.
 */
#include "net/address.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BATCH 64
#define SLOT_BYTES 2048

struct batch {
	struct mmsghdr messages[BATCH];
	struct iovec vectors[BATCH];
	struct sockaddr_storage peers[BATCH];
	uint8_t bytes[BATCH][SLOT_BYTES];
};

static void batch_reset(struct batch *batch)
{
	for (unsigned i = 0; i < BATCH; i++) {
		batch->vectors[i].iov_base = batch->bytes[i];
		batch->vectors[i].iov_len = SLOT_BYTES;
		batch->messages[i].msg_hdr = (struct msghdr){
			.msg_name = &batch->peers[i],
			.msg_namelen = sizeof(batch->peers[i]),
			.msg_iov = &batch->vectors[i],
			.msg_iovlen = 1,
		};
	}
}

/* Sends what was received where it came from. A datagram that the kernel refuses is left out. */
static void batch_answer(int fd, struct batch *batch, int count)
{
	for (int i = 0; i < count; i++)
		batch->vectors[i].iov_len = batch->messages[i].msg_len;
	for (int done = 0; done < count;) {
		int sent = sendmmsg(fd, batch->messages + done, (unsigned)(count - done), 0);

		done += sent > 0 ? sent : 1;
	}
}

static int echo_open(const struct address *address, uint16_t port, int *ret_fd)
{
	struct sockaddr_storage name;
	socklen_t length = address_to_sockaddr(address, port, &name);
	int fd = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&name, length) < 0) {
		int error = -errno;

		close(fd);
		return error;
	}
	*ret_fd = fd;
	return 0;
}

int main(int argc, char **argv)
{
	static struct batch batch;
	struct address address;
	int fd = -1, error;

	if (argc != 3 || address_parse(argv[1], &address) < 0) {
		fprintf(stderr, "usage: echo_plain ADDRESS PORT\n");
		return 2;
	}
	error = echo_open(&address, (uint16_t)atoi(argv[2]), &fd);
	if (error) {
		fprintf(stderr, "echo_plain: %s port %s: %s\n", argv[1], argv[2], strerror(-error));
		return 1;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		int count;

		batch_reset(&batch);
		count = recvmmsg(fd, batch.messages, BATCH, MSG_WAITFORONE, NULL);
		if (count > 0)
			batch_answer(fd, &batch, count);
		else if (errno != EINTR)
			break;
	}
	perror("echo_plain: recvmmsg");
	return 1;
}
