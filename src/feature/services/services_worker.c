/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker of services: what its crew does with sockets and with the engine's orders. A new setup
 * is handed to all threads, and once each has adopted it, the one before is freed.
 */
#include "feature/crew.h"
#include "feature/services/services_connection.h"
#include "feature/services/services_udp.h"

#include <errno.h>

static int thread_start(struct crew_thread *thread)
{
	return services_tcp_start(services_thread(thread));
}

static void thread_stop(struct crew_thread *thread)
{
	mem_freep(&services_thread(thread)->scratch);
}

static bool socket_adopt(struct crew_thread *base, struct crew_socket *listening)
{
	const struct services_setup *setup = services_thread(base)->setup;
	struct services_socket *socket = services_socket(listening);

	socket->memo.family = 0;
	socket->by_address =
		setup ? services_setup_port(setup, listening->protocol, listening->port) : NULL;
	return socket->by_address;
}

static void thread_adopt(struct crew_thread *base, void *data)
{
	struct services_thread *thread = services_thread(base);
	struct services_setup *setup = data;

	services_tcp_adopt(thread, setup);
	thread->setup = setup;
	thread->counters = setup->counters[base->index];
	crew_thread_adopt(base);
}

static int configure(struct crew *crew, const struct channel_message *message)
{
	struct services_setup **setup = crew->data, *before = *setup;
	struct services_orders orders;
	int r = services_orders_read(message->bytes, message->length, &orders);

	if (r < 0)
		return r;
	*setup = services_setup_new(&orders, crew->count, before);
	services_orders_free(&orders);
	crew_call(crew, thread_adopt, *setup);
	services_setup_succeed(*setup, before);
	return 0;
}

static int obey(struct crew *crew, struct channel_message *message)
{
	return message->type == WORKER_CONFIGURE ? configure(crew, message) : -EPROTO;
}

static void report(struct crew *crew, struct text *report)
{
	struct services_setup *const *setup = crew->data;

	if (*setup)
		services_setup_report(*setup, report);
}

static const struct crew_role role = {
	.thread_size = sizeof(struct services_thread),
	.socket_size = sizeof(struct services_socket),
	.connection_size = sizeof(struct services_connection),
	.udp_flags = MH_JOINED,
	.batch = SERVICES_BATCH,
	.batch_room = 65535,
	.start = thread_start,
	.stop = thread_stop,
	.adopt = socket_adopt,
	.udp = services_udp_serve,
	.admit = services_tcp_admit,
	.talk = services_talk,
	.timeout = services_talk_timeout,
	.ended = services_tcp_ended,
	.obey = obey,
	.report = report,
};

static int worker_main(int channel, unsigned threads)
{
	struct services_setup *setup = NULL;
	int r = crew_main(&role, &setup, channel, threads);

	services_setup_succeed(NULL, setup);
	return r;
}

static void configure_services(const struct config *all, const struct facts *facts,
			       struct text *message)
{
	services_configure(feature_value(all, &services_feature), facts, message);
}

const struct worker services_worker = {
	.name = "services",
	.configure = configure_services,
	.main = worker_main,
	.report = crew_report,
};
