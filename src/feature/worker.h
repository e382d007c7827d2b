/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_WORKER_H
#define MH_FEATURE_WORKER_H

#include "base/text.h"
#include "config/config.h"
#include "fact/facts.h"
#include "feature/counters.h"

#include <stdint.h>

/* Told of each blob: large content, named by its digest, that a configuration refers to. */
#define WORKER_DIGEST_SIZE 16
typedef void worker_blob_fn(void *data, const uint8_t digest[WORKER_DIGEST_SIZE], const void *bytes,
			    size_t length);
/* Told of the path of each file that the worker appends to. */
typedef void worker_file_fn(void *data, const char *path);

/*
 * A worker is a process without capabilities that serves sockets which the engine opened, or asks
 * the world what the engine wants to know. The engine starts it (daemon/shell.h), sends it its
 * configuration and its sockets, and starts it anew, with the same sockets, when it dies.
 *
 * What it is told are pure functions of the whole configuration (NULL: nothing; a feature's own
 * part is feature_value()) and the facts, and sent again whenever it differs from what was sent
 * last. In this order: blobs, files, configuration, update.
 *
 * A feature whose listeners a worker serves names it (feature.worker). One that several features
 * share, and that has no listeners, is named by none.
 */
struct worker {
	const char *name;
	/* Whether there is anything to do without a listener; or NULL: listeners alone count. */
	bool (*needed)(const struct config *all, const struct facts *facts);
	/* Writes the worker's configuration as bytes for its main(). */
	void (*configure)(const struct config *all, const struct facts *facts, struct text *message);
	/* configure() and needed() look at the configuration alone, and so are asked once for each. */
	bool heeds_no_facts;
	/* The small part that follows the facts, so that nothing else is read anew; or NULL. */
	void (*update)(const struct config *all, const struct facts *facts, struct text *message);
	/*
	 * The blobs that configure() names: each is sent once in a worker's life, and forgotten when
	 * no configuration names it any more. They live as long as @all. Or NULL.
	 */
	void (*blobs)(const struct config *all, worker_blob_fn *told, void *data);
	/* Files that the engine opens for appending, anew with each apply; or NULL. */
	void (*files)(const struct config *all, worker_file_fn *told, void *data);
	/*
	 * In the new process, while the rights and the root are still there: opens what is read
	 * later, starts helpers. Returns 0 or -errno, which ends it. Or NULL.
	 */
	int (*prepare)(void);
	uint64_t capabilities; /* that the process keeps: bits, 1 << CAP_X; 0 = none */
	/* System calls beyond those of every worker, ended by NULL; or NULL. */
	const char *const *system_calls;
	/*
	 * The life of the worker process, already without rights, on its channel (io/channel.h).
	 * Returns its exit status.
	 */
	int (*main)(int channel, unsigned threads);
	/* Decodes a report of main() into counters. Returns 0 or -EPROTO. */
	int (*report)(const void *bytes, size_t length, struct counters *counters);
	/* Decodes a WORKER_FACT into what it tells: healths_tell(). Returns 0 or -EPROTO. Or NULL. */
	int (*fact)(const void *bytes, size_t length, struct healths *healths);
};

/* All workers: feature/list.c. */
extern const struct worker *const workers[];
extern const size_t worker_count;

/*
 * Messages on a worker's channel, and who may send them. WORKER_LISTENER carries as many sockets as
 * the worker has threads, in the order of the threads; its payload and that of WORKER_CLOSE: u8
 * IPPROTO_*, u8 family, 16 bytes of address, u16 port, in network order.
 *
 * Messages are obeyed in their order: a WORKER_REPORT says that all which came before its
 * WORKER_ASK is done, a configuration's zones loaded and served.
 */
enum worker_message {
	WORKER_CONFIGURE = 1, /* engine: the bytes of configure() */
	WORKER_LISTENER,      /* engine: serve these sockets from now on */
	WORKER_CLOSE,	      /* engine: close them */
	WORKER_ASK,	      /* engine: report, please; no payload */
	WORKER_REPORT,	      /* worker: bytes for report() */
	WORKER_LOG,	      /* worker: u8 enum log_level, then text */
	WORKER_UPDATE,	      /* engine: the bytes of update() */
	WORKER_BLOB,	      /* engine: the digest; the content as a descriptor, io/blob.h */
	WORKER_FORGET,	      /* engine: the digest of a blob that is not needed any more */
	WORKER_FILE,   /* engine: the path of a file, and its descriptor in place of a former */
	WORKER_FACT,   /* worker: bytes for fact() */
	WORKER_RETIRE, /* engine: others serve the sockets now; end when what was begun has ended */
};

#endif
