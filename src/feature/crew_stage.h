/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CREW_STAGE_H
#define MH_FEATURE_CREW_STAGE_H

/*
 * For the tests of workers that are crews: one as a process without an engine, served over loopback,
 * where all of 127.0.0.0/8 is local; what it is told, its sockets, and its clients.
 */
#include "feature/crew.h"
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
	uint16_t port; /* where all listens, where there is one for all */
};

/* @files: how many may be open; 0: as many as here. */
static inline struct stage stage_begin(int (*main)(int channel, unsigned threads), rlim_t files)
{
	struct rlimit limit = { files, files };
	struct stage stage = { 0 };
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
	fflush(NULL);
	stage.pid = fork();
	if (!stage.pid) {
		close(ends[0]);
		if (files)
			setrlimit(RLIMIT_NOFILE, &limit);
		exit(main(ends[1], STAGE_THREADS));
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

static inline void stage_send(const struct stage *stage, struct channel_message *message)
{
	message->number = 7;
	assert_int_equal(channel_send(stage->channel, message), 0);
}

static inline void stage_tell(const struct stage *stage, uint16_t type, const void *bytes,
			      size_t length)
{
	struct channel_message message = { .type = type, .bytes = (void *)bytes, .length = length };

	stage_send(stage, &message);
}

/* All that was told before is done. Returns what was counted under @key. */
static inline struct counter stage_ask(const struct stage *stage, const char *key)
{
	struct counter found = { 0 };
	struct counters counters = { 0 };
	struct channel_message message;

	stage_tell(stage, WORKER_ASK, NULL, 0);
	do {
		assert_int_equal(channel_receive(stage->channel, &message), 1);
		if (message.type == WORKER_REPORT)
			assert_int_equal(crew_report(message.bytes, message.length, &counters), 0);
		channel_message_free(&message);
	} while (message.type != WORKER_REPORT);
	if (counters_find(&counters, key))
		found = *counters_find(&counters, key);
	counters_free(&counters);
	return found;
}

#endif
