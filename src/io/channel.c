/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A packet is {u16 type, u16 flags, u32 number, u32 length} in network order and, when it fits,
 * the payload. A longer payload is a memfd, the last of the descriptors, sealed by its sender so
 * that it cannot change under the reader; one that is not sealed is refused. The receiver reads
 * it and closes it.
 */
#include "io/channel.h"

#include "base/fd.h"
#include "base/mem.h"
#include "io/blob.h"
#include "net/wire.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER_SIZE 12
#define FLAG_MEMFD 1

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(sizeof(int) * (CHANNEL_MAX_FDS + 1))];
};

static void attach_fds(struct msghdr *header, union control *control,
		       const struct channel_message *message, int memfd)
{
	unsigned count = message->fd_count + (memfd >= 0);
	int *fds;

	if (!count)
		return;
	memset(control, 0, sizeof(*control));
	header->msg_control = control->space;
	header->msg_controllen = CMSG_SPACE(sizeof(int) * count);
	control->header.cmsg_level = SOL_SOCKET;
	control->header.cmsg_type = SCM_RIGHTS;
	control->header.cmsg_len = CMSG_LEN(sizeof(int) * count);
	fds = (int *)(void *)CMSG_DATA(&control->header);
	memcpy(fds, message->fds, sizeof(int) * message->fd_count);
	if (memfd >= 0)
		fds[message->fd_count] = memfd;
}

int channel_send(int fd, const struct channel_message *message)
{
	bool by_memfd = message->length > CHANNEL_INLINE;
	char header[HEADER_SIZE];
	struct wire_writer writer = wire_writer(header, sizeof(header));
	struct iovec parts[2] = { { header, HEADER_SIZE },
				  { message->bytes, by_memfd ? 0 : message->length } };
	struct msghdr packet = { .msg_iov = parts, .msg_iovlen = 2 };
	union control control;
	AUTO_FD memfd = -1;
	int r;

	if (message->length > CHANNEL_MAX_BYTES || message->fd_count > CHANNEL_MAX_FDS)
		return -EMSGSIZE;
	if (by_memfd) {
		r = blob_make(message->bytes, message->length, &memfd);
		if (r < 0)
			return r;
	}
	wire_put_u16(&writer, message->type);
	wire_put_u16(&writer, memfd >= 0 ? FLAG_MEMFD : 0);
	wire_put_u32(&writer, message->number);
	wire_put_u32(&writer, (uint32_t)message->length);
	attach_fds(&packet, &control, message, memfd);
	do
		r = (int)sendmsg(fd, &packet, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Takes over every descriptor that came along; the kernel has already installed them. */
static void collect_fds(struct msghdr *packet, int *fds, unsigned *count)
{
	*count = 0;
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(packet); cmsg; cmsg = CMSG_NXTHDR(packet, cmsg)) {
		unsigned here = (unsigned)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));

		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		for (unsigned i = 0; i < here; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(cmsg) + i * sizeof(int), sizeof(int));
			if (*count <= CHANNEL_MAX_FDS)
				fds[(*count)++] = fd;
			else
				close(fd);
		}
	}
}

static int read_memfd(int fd, size_t length, void **ret_bytes)
{
	const void *content;
	size_t there;
	char *bytes;
	int r = blob_map(fd, &content, &there);

	if (r < 0)
		return -EPROTO;
	if (there != length) {
		blob_unmap(content, there);
		return -EPROTO;
	}
	bytes = mem_alloc(length + 1);
	if (length)
		memcpy(bytes, content, length);
	blob_unmap(content, there);
	*ret_bytes = bytes;
	return 0;
}

/* @packet is what came; @message already owns its descriptors. */
static int decode(struct channel_message *message, const char *packet, size_t size)
{
	struct wire_reader reader = wire_reader(packet, size);
	unsigned flags;
	int r;

	message->type = wire_get_u16(&reader);
	flags = wire_get_u16(&reader);
	message->number = wire_get_u32(&reader);
	message->length = wire_get_u32(&reader);
	if (reader.broken || flags > FLAG_MEMFD || message->length > CHANNEL_MAX_BYTES)
		return -EPROTO;
	if (!flags) {
		if (wire_left(&reader) != message->length)
			return -EPROTO;
		message->bytes = mem_alloc(message->length + 1);
		wire_get_bytes(&reader, message->bytes, message->length);
		return message->fd_count > CHANNEL_MAX_FDS ? -EPROTO : 0;
	}
	if (!message->fd_count || wire_left(&reader))
		return -EPROTO;
	r = read_memfd(message->fds[message->fd_count - 1], message->length, &message->bytes);
	if (r < 0)
		return r;
	close(message->fds[--message->fd_count]);
	return 0;
}

int channel_receive(int fd, struct channel_message *ret_message)
{
	char packet[HEADER_SIZE + CHANNEL_INLINE];
	struct iovec part = { packet, sizeof(packet) };
	union control control;
	struct msghdr header = {
		.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof(control.space),
	};
	struct channel_message message = { 0 };
	ssize_t size;
	int r;

	/* Told once, where the peer died before it had read all; what it had sent, and the end, follow. */
	do
		size = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	while (size < 0 && (errno == EINTR || errno == ECONNRESET));
	if (size < 0)
		return errno == EWOULDBLOCK ? -EAGAIN : -errno;
	collect_fds(&header, message.fds, &message.fd_count);
	if (size == 0 && !message.fd_count)
		return 0;
	r = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EPROTO :
							  decode(&message, packet, (size_t)size);
	if (r < 0) {
		channel_message_free(&message);
		return r;
	}
	*ret_message = message;
	return 1;
}

void channel_message_free(struct channel_message *message)
{
	for (unsigned i = 0; i < message->fd_count; i++)
		fd_closep(&message->fds[i]);
	message->fd_count = 0;
	mem_freep(&message->bytes);
	message->length = 0;
}
