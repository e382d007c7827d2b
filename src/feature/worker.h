/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_WORKER_H
#define MH_FEATURE_WORKER_H

#include "base/text.h"
#include "fact/facts.h"
#include "feature/counters.h"

#include <stdint.h>

/*
 * A worker is a process without capabilities that serves sockets which the engine opened. The
 * engine starts it (daemon/shell.h), sends it its configuration and its sockets, and starts it
 * anew, with the same sockets, when it dies.
 */
struct worker {
	const char *name;
	/*
	 * Writes the worker's configuration as bytes for its main(). Pure. @config may be NULL:
	 * serve nothing. Sent again whenever the bytes differ from those sent last.
	 */
	void (*configure)(const void *config, const struct facts *facts, struct text *message);
	/*
	 * The life of the worker process, already without rights, on its channel (io/channel.h).
	 * Returns its exit status.
	 */
	int (*main)(int channel, unsigned threads);
	/* Decodes a report of main() into counters. Returns 0 or -EPROTO. */
	int (*report)(const void *bytes, size_t length, struct counters *counters);
};

/*
 * Messages on a worker's channel, and who may send them. WORKER_LISTENER carries as many sockets as
 * the worker has threads, in the order of the threads; its payload and that of WORKER_CLOSE: u8
 * IPPROTO_*, u8 family, 16 bytes of address, u16 port, in network order.
 */
enum worker_message {
	WORKER_CONFIGURE = 1, /* engine: the bytes of configure() */
	WORKER_LISTENER,      /* engine: serve these sockets from now on */
	WORKER_CLOSE,	      /* engine: close them */
	WORKER_ASK,	      /* engine: report, please; no payload */
	WORKER_REPORT,	      /* worker: bytes for report() */
	WORKER_LOG,	      /* worker: u8 enum log_level, then text */
};

#endif
