/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bytes of a client of the control socket: framing, packed texts, JSON. The engine behind is one
 * that answers at once, so that every request comes to its reply. The first byte says whether
 * the rest goes out as it is or as the payload of a well-framed message of a type.
 */
#include "daemon/control.h"
#include "daemon/engine_internal.h"
#include "io/channel.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct loop *loop;
static struct server *server;
static char path[64];
static unsigned turns;
static struct shell *shells[FEATURE_MAX]; /* of workers that nobody needs, so that none is started */

static int answer(const struct order *order)
{
	static const struct diags none;
	static struct generation empty = { .users = 1 };
	const struct outcome outcome = { .generation = &empty, .diags = &none };

	source_free(order->source);
	order->told(order->data, &outcome);
	return 0;
}

int engine_plan(struct engine *engine, const struct order *order)
{
	return answer(order);
}

int engine_apply(struct engine *engine, const struct order *order)
{
	return answer(order);
}

int engine_rollback(struct engine *engine, const struct order *order)
{
	return answer(order);
}

void engine_enrol(struct engine *engine, const struct order *order)
{
	subscriber_hand_free(order->hand);
	free(order->hand);
	answer(order);
}

int engine_confirm(struct engine *engine, const struct caller *caller, unsigned id, unsigned extend_ms)
{
	return 0;
}

int engine_upgrade_prepare(struct engine *engine, int *ret_fd, struct text *error)
{
	text_puts(error, "not now");
	return -EBUSY;
}

void engine_upgrade(struct engine *engine, int fd)
{
}

void engine_answered(struct engine *engine, const void *data)
{
}

void engine_forget(struct engine *engine, void *data)
{
}

void engine_status(const struct engine *engine, struct engine_status *ret_status)
{
	static struct generation empty = { .users = 1 };
	static const struct desired desired;
	static const struct refusals refusals;
	static const struct diags diags;
	static const struct guard guard;
	static const struct transaction transaction;
	static const struct state observed;

	*ret_status = (struct engine_status){
		.config_name = "none",
		.generation = &empty,
		.observed = &observed,
		.desired = &desired,
		.diags = &diags,
		.refusals = &refusals,
		.transaction = &transaction,
		.violated = &diags,
		.guard = &guard,
		.shells = shells,
	};
}

bool engine_ask_workers(struct engine *engine)
{
	return false;
}

/*
 * The connection, its bytes and its end are there before the loop runs: a few turns see to all of
 * them.
 */
static void on_tick(void *data)
{
	if (turns++ < 8)
		loop_again(loop);
	else
		loop_stop(loop);
}

static void start(void)
{
	static struct engine engine;
	static struct shell_owner owner;
	AUTO_TEXT error = { 0 };

	snprintf(path, sizeof(path), "/tmp/control-fuzz-%d", getpid());
	loop = loop_new(on_tick, NULL);
	engine.options.socket_path = path;
	engine.loop = loop;
	if (!loop || server_new(&engine, NULL, &server, &error) < 0)
		abort();
	owner.loop = loop;
	for (size_t i = 0; i < worker_count; i++)
		shells[i] = shell_new(&owner, workers[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct channel_message message = { .number = 1 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (!server)
		start();
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		abort();
	if (size && data[0] < 8) {
		message.type = data[0];
		message.bytes = (void *)(data + 1);
		message.length = size - 1;
		channel_send(fd, &message);
	} else if (size) {
		send(fd, data + 1, size - 1, MSG_NOSIGNAL);
	}
	shutdown(fd, SHUT_WR);
	turns = 0;
	loop_run(loop);
	close(fd);
	return 0;
}
