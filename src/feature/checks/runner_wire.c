/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 *	order	u32 slot, turn, limit in ms, count of words; each word and its NUL
 *	result	u32 slot, turn, end, code; the line
 */
#include "feature/checks/runner.h"
#include "net/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define HEAD_SIZE 16

int runner_send(int fd, const struct runner_order *order)
{
	uint8_t packet[RUNNER_PACKET_SIZE];
	struct wire_writer writer = wire_writer(packet, sizeof(packet));

	wire_put_u32(&writer, order->slot);
	wire_put_u32(&writer, order->turn);
	wire_put_u32(&writer, order->limit_ms);
	wire_put_u32(&writer, order->count);
	for (unsigned i = 0; i < order->count; i++)
		wire_put_bytes(&writer, order->words[i], strlen(order->words[i]) + 1);
	if (writer.broken)
		return -E2BIG;
	if (send(fd, packet, wire_written(&writer), MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		return -errno;
	return 0;
}

int runner_order_read(const void *bytes, size_t length, struct runner_order *ret_order,
		      const char **words, unsigned most)
{
	struct wire_reader reader = wire_reader(bytes, length);
	struct runner_order order = { .words = words };

	order.slot = wire_get_u32(&reader);
	order.turn = wire_get_u32(&reader);
	order.limit_ms = wire_get_u32(&reader);
	order.count = wire_get_u32(&reader);
	if (reader.broken || order.count > most)
		return -EPROTO;
	for (unsigned i = 0; i < order.count; i++) {
		const char *end = memchr(reader.at, 0, wire_left(&reader));

		if (!end)
			return -EPROTO;
		words[i] = wire_get_view(&reader, (size_t)(end + 1 - (const char *)reader.at));
	}
	if (!wire_done(&reader))
		return -EPROTO;
	*ret_order = order;
	return 0;
}

int runner_receive(int fd, struct runner_result *ret_result)
{
	struct runner_result result = { 0 };
	uint8_t packet[HEAD_SIZE + RUNNER_LINE_SIZE];
	ssize_t got = recv(fd, packet, sizeof(packet), MSG_DONTWAIT | MSG_TRUNC);
	struct wire_reader reader;
	uint32_t end;

	if (got <= 0)
		return got ? -errno : 0;
	reader = wire_reader(packet, (size_t)got < sizeof(packet) ? (size_t)got : sizeof(packet));
	result.slot = wire_get_u32(&reader);
	result.turn = wire_get_u32(&reader);
	end = wire_get_u32(&reader);
	result.code = wire_get_u32(&reader);
	if (reader.broken || end >= RUNNER_ENDS || wire_left(&reader) >= RUNNER_LINE_SIZE)
		return -EPROTO;
	result.end = (enum runner_end)end;
	wire_get_bytes(&reader, result.line, wire_left(&reader));
	*ret_result = result;
	return 1;
}
