/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_STAGE_H
#define MH_FEATURE_SERVICES_STAGE_H

/* For the tests: a stage of the services' worker, and what it is told. */
#include "feature/crew_stage_io.h"
#include "feature/services/services_wire.h"

static inline struct stage stage_start(rlim_t files)
{
	return stage_begin(services_worker.main, files);
}

/* "NAME KIND LISTEN" for each service; all on @port, with both protocols. */
static inline void stage_configure(const struct stage *stage, const char *const *lines,
				   uint16_t port, uint32_t most, uint32_t idle_ms)
{
	struct config_ports ports = { port, port };
	struct services_item items[8] = { 0 };
	static char names[8][64], listens[8][64], kinds[8][16];
	struct prefix prefixes[8];
	struct config_list list = { .items = items };
	struct state state = { 0 };
	AUTO_TEXT message = { 0 };

	for (unsigned i = 0; lines && lines[i]; i++, list.count++) {
		assert_int_equal(sscanf(lines[i], "%63s %15s %63s", names[i], kinds[i], listens[i]),
				 3);
		assert_int_equal(prefix_parse(listens[i], &prefixes[i]), 0);
		items[i].name = names[i];
		while (strcmp(services_kind_words[items[i].kind], kinds[i]) != 0)
			items[i].kind++;
		items[i].listen = (struct config_list){ .count = 1, .items = &prefixes[i] };
		items[i].ports = (struct config_list){ .count = 1, .items = &ports };
		items[i].max_connections = most;
		items[i].idle_ms = idle_ms;
	}
	state_add(&state, OBJECT_ROUTE,
		  &(struct host_route){ .object.ours = true,
					.table = RT_TABLE_LOCAL,
					.type = RTN_LOCAL,
					.to = { AF_INET, 16, { 127, 5 } } });
	state_sort(&state, NULL, NULL);
	services_configure(&list, &(struct facts){ .observed = &state }, &message);
	stage_tell(stage, WORKER_CONFIGURE, message.data, message.length);
	state_free(&state);
}

/* Waits until so much has come in under @key, and is done with. */
static inline struct counter stage_await(const struct stage *stage, const char *key, uint64_t asked)
{
	struct counter counter = stage_ask(stage, key);

	for (unsigned i = 0; counter.answered + counter.dropped + counter.failed < asked; i++) {
		assert_in_range(i, 0, 100000);
		counter = stage_ask(stage, key);
	}
	assert_int_equal(counter.asked, asked);
	return counter;
}

#endif
