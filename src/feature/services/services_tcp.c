/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which connections are taken in, for which service, and what becomes of them when the setup
 * changes.
 */
#include "feature/services/services_connection.h"

#include <string.h>

#define SILENCE_US 250000
#define LINGER_US 2000000

/* One more connection of @service, unless it has its fill. */
static bool live_add(const struct services_service *service)
{
	if (atomic_fetch_add_explicit(&service->live->connections, 1, memory_order_acquire) <
	    service->max_connections)
		return true;
	atomic_fetch_sub_explicit(&service->live->connections, 1, memory_order_relaxed);
	return false;
}

/* Returns false when the kernel cannot poll any more. */
static bool connection_begin(struct services_thread *thread, const struct services_socket *socket,
			     const struct mh_connection *with, uint32_t service)
{
	struct services_connection *connection = (void *)crew_connection_begin(&thread->base, with,
									       service);

	if (!connection)
		return false;
	connection->port = socket->base.port;
	connection->service = service;
	services_talk_begin(thread, connection);
	return true;
}

void services_tcp_ended(struct crew_thread *base, struct crew_connection *with)
{
	struct services_connection *connection = (struct services_connection *)(void *)with;
	const struct services_setup *setup = services_thread(base)->setup;

	atomic_fetch_sub_explicit(&setup->services[connection->service].live->connections, 1,
				  memory_order_release);
	crew_buffer_give(base, connection->buffer);
	connection->buffer = NULL;
}

static const struct lpm_entry *service_of(const struct lpm *by_address, const struct mh_address *asked)
{
	struct address address = { .family = asked->family };

	memcpy(address.bytes, asked->bytes, sizeof(address.bytes));
	return by_address ? lpm_find(by_address, &address) : NULL;
}

void services_tcp_admit(struct crew_thread *base, struct crew_socket *listening,
			const struct mh_connection *with)
{
	struct services_thread *thread = services_thread(base);
	struct services_socket *socket = services_socket(listening);
	const struct services_setup *setup = thread->setup;
	const struct lpm_entry *entry = service_of(socket->by_address, &with->asked);
	const struct lpm_entry *claim = service_of(setup->claim_table, &with->asked);
	uint32_t index = entry ? services_setup_index(entry) : services_setup_counters(setup) - 1;
	struct counter *counters[] = {
		&thread->counters[index],
		claim ? &thread->counters[setup->service_count + services_setup_index(claim)] : NULL
	};
	bool taken = entry && live_add(&setup->services[index]);

	if (taken && !connection_begin(thread, socket, with, index)) {
		atomic_fetch_sub_explicit(&setup->services[index].live->connections, 1,
					  memory_order_relaxed);
		taken = false;
	}
	if (!taken)
		mh_tcp_reset(with->fd);
	for (size_t i = 0; i < ARRAY_SIZE(counters) && counters[i]; i++) {
		crew_count(&counters[i]->asked, 1);
		crew_count(taken ? &counters[i]->answered : &counters[i]->dropped, 1);
	}
}

/* The same service, by name and kind, still answers where the connection was made. */
static int successor(const struct services_thread *thread,
		     const struct services_connection *connection, const struct services_setup *setup)
{
	const struct services_service *old = &thread->setup->services[connection->service];
	const struct lpm_entry *entry =
		service_of(services_setup_port(setup, IPPROTO_TCP, connection->port),
			   &connection->base.with.asked);
	const struct services_service *next = entry ? &setup->services[services_setup_index(entry)] :
						      NULL;

	if (!next || next->kind != old->kind || strcmp(next->name, old->name) != 0)
		return -1;
	return (int)services_setup_index(entry);
}

static void queues_make(struct services_thread *thread, const struct services_setup *setup,
			uint32_t (*queue_of)(struct crew_thread *, struct crew_connection *))
{
	uint32_t services = setup ? setup->service_count : 0;
	int64_t *patience = mem_alloc((services + 2) * sizeof(*patience));

	for (uint32_t i = 0; i < services; i++)
		patience[i] = setup->services[i].idle_us;
	patience[services] = SILENCE_US;
	patience[services + 1] = LINGER_US;
	crew_queues_set(&thread->base, patience, services + 2, queue_of);
	mem_freep(&patience);
}

/* Called with thread->setup still the one before: those that go end in its live numbers. */
static void succeed(struct crew_thread *base, struct crew_connection *with, void *data)
{
	struct services_connection *connection = (struct services_connection *)(void *)with;
	const struct services_thread *thread = services_thread(base);
	int service = successor(thread, connection, data);

	if (service < 0) {
		crew_connection_end(base, with, true);
		return;
	}
	connection->service = (uint32_t)service;
	connection->from_last = with->queue < thread->setup->service_count ?
					0 :
					base->queue_count - with->queue;
}

static uint32_t queue_of(struct crew_thread *base, struct crew_connection *with)
{
	const struct services_connection *connection = (struct services_connection *)(void *)with;

	return connection->from_last ? base->queue_count - connection->from_last :
				       connection->service;
}

void services_tcp_adopt(struct services_thread *thread, const struct services_setup *setup)
{
	crew_connections_each(&thread->base, succeed, (void *)setup);
	queues_make(thread, setup, queue_of);
}

int services_tcp_start(struct services_thread *thread)
{
	thread->scratch = mem_alloc(CREW_BUFFER);
	queues_make(thread, NULL, NULL);
	return 0;
}
