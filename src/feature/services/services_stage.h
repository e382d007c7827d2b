/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_STAGE_H
#define MH_FEATURE_SERVICES_STAGE_H

/*
 * For the tests: a worker process without an engine, served over loopback, where all of 127.0.0.0/8
 * is local.
 */
#include "feature/crew.h"
#include "feature/services/services_wire.h"
#include "io/channel.h"
#include "net/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define STAGE_THREADS 2

struct stage {
	int channel;
	pid_t pid;
};

static inline struct stage stage_start(rlim_t files)
{
	struct rlimit limit = { files, files };
	struct stage stage;
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	fflush(NULL);
	stage.pid = fork();
	if (!stage.pid) {
		close(ends[0]);
		if (files)
			setrlimit(RLIMIT_NOFILE, &limit);
		exit(services_worker.main(ends[1], STAGE_THREADS));
	}
	close(ends[1]);
	stage.channel = ends[0];
	return stage;
}

/* Ends the conversation. Returns the exit status. */
static inline int stage_end(struct stage *stage)
{
	int status;

	close(stage->channel);
	assert_int_equal(waitpid(stage->pid, &status, 0), stage->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void stage_send(const struct stage *stage, uint16_t type, const void *bytes,
			      size_t length)
{
	struct channel_message message = {
		.type = type, .number = 7, .bytes = (void *)bytes, .length = length
	};

	assert_int_equal(channel_send(stage->channel, &message), 0);
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
	stage_send(stage, WORKER_CONFIGURE, message.data, message.length);
	state_free(&state);
}

#endif
