/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The request is one or two messages and the answer is waited for, so the socket blocks: there
 * is nothing else to do meanwhile, and Ctrl-C ends a wait that is too long.
 *
 * The kernel tells ECONNRESET, once and before anything that waits to be read, when the daemon
 * closed the connection with bytes of ours unread. Its last words are still there behind that
 * error: so it is read over, and a second attempt gives them or the end.
 */
#include "ctl/client.h"

#include "base/fd.h"
#include "base/mem.h"
#include "io/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* One connection carries one request. */
#define REQUEST_NUMBER 1u

#define START_HINT "start it (systemctl start multihomed), or name its socket with -s"

static void connect_error(const char *path, int error, struct text *text)
{
	switch (error) {
	case ENOENT:
		text_printf(text, "no daemon answers at %s: " START_HINT, path);
		break;
	case ECONNREFUSED:
		text_printf(text, "no daemon listens at %s any more: " START_HINT, path);
		break;
	case EACCES:
	case EPERM:
		text_printf(text, "%s: not permitted; this needs root or the socket's group", path);
		break;
	case EPROTOTYPE:
		text_printf(text, "%s is not multihomed's control socket: name that with -s", path);
		break;
	default:
		text_printf(text, "%s: %s", path, strerror(error));
		break;
	}
}

int client_connect(const char *path, int *ret_fd, struct text *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	AUTO_FD fd = -1;
	int failure;

	if (!*path || strlen(path) >= sizeof(address.sun_path)) {
		text_printf(error, "'%s': a socket's name has 1 to %zu bytes", path,
			    sizeof(address.sun_path) - 1);
		return -EINVAL;
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		failure = errno;
		connect_error(path, failure, error);
		return -failure;
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

static int send_bytes(int fd, enum control_message type, void *bytes, size_t length)
{
	struct channel_message message = {
		.type = (uint16_t)type,
		.number = REQUEST_NUMBER,
		.bytes = bytes,
		.length = length,
	};

	return channel_send(fd, &message);
}

int client_send(int fd, const json_t *request, const struct source *source)
{
	AUTO_MEM char *line = json_dumps(request, JSON_COMPACT);
	AUTO_TEXT packed = { 0 };
	int r;

	if (!line)
		return -ENOMEM;
	if (source) {
		source_pack(source, &packed);
		r = send_bytes(fd, CONTROL_SOURCE, packed.data, packed.length);
		if (r < 0)
			return r;
	}
	return send_bytes(fd, CONTROL_REQUEST, line, strlen(line));
}

/* Only what an engine may say, and only in answer to what was asked. */
static int message_check(const struct channel_message *message)
{
	if (message->number != REQUEST_NUMBER || message->fd_count)
		return -EPROTO;
	if (message->type != CONTROL_PROGRESS && message->type != CONTROL_REPLY &&
	    message->type != CONTROL_EVENT)
		return -EPROTO;
	return 0;
}

int client_receive(int fd, enum control_message *ret_type, json_t **ret_body)
{
	struct channel_message message = { 0 };
	enum control_message type;
	json_t *body = NULL;
	json_error_t error;
	int r;

	r = channel_receive(fd, &message);
	if (r == 0)
		return -EPIPE;
	if (r < 0)
		return r;
	if (message_check(&message) == 0)
		body = json_loadb(message.bytes, message.length, JSON_REJECT_DUPLICATES, &error);
	type = message.type;
	channel_message_free(&message);
	if (!json_is_object(body)) {
		json_decref(body);
		return -EPROTO;
	}
	*ret_type = type;
	*ret_body = body;
	return 0;
}
