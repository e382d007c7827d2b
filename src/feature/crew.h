/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CREW_H
#define MH_FEATURE_CREW_H

#include "feature/crew_thread.h"
#include "feature/worker.h"
#include "io/channel.h"

/*
 * The process of a worker that serves sockets: the main thread hears the engine, the others hear the
 * world. A listener comes with one socket for each thread; the kernel spreads the clients over them
 * (SO_REUSEPORT), so that threads have nothing to share.
 */
struct crew {
	const struct crew_role *role;
	void *data; /* the role's own */
	int channel;
	int wake;      /* crew_wake(): an eventfd */
	bool retiring; /* serves what it has, and ends with it */
	int also;      /* the role's, or -1: readable, it brings the main thread round, too */
	unsigned count;
	struct crew_thread **threads;
};

/*
 * The life of the worker: starts the threads, obeys the engine until it ends the conversation, ends
 * the threads. Returns the exit status.
 */
int crew_main(const struct crew_role *role, void *data, int channel, unsigned threads);

/* Has @fn carried out by every thread, between two of its rounds; returns when all have. */
void crew_call(const struct crew *crew, crew_call_fn *fn, void *data);
/* From any thread: the main thread comes round, to idle(). */
void crew_wake(const struct crew *crew);
/* A line for the engine's log. */
void crew_log(int channel, enum log_level level, const char *text);

/* The payload of WORKER_LISTENER and WORKER_CLOSE. Returns 0 or -EPROTO. */
int crew_listener_read(const void *bytes, size_t length, uint8_t *ret_protocol,
		       struct address *ret_address, uint16_t *ret_port);

/* Appends one counter to a report; crew_report() is a worker.report() and adds them to @counters. */
void crew_report_put(struct text *report, const char *key, const struct counter *counter);
int crew_report(const void *bytes, size_t length, struct counters *counters);

#endif
