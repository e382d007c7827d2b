/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_BLOBS_H
#define MH_DAEMON_BLOBS_H

#include "feature/worker.h"

#include <stdbool.h>

/* Which blobs a worker is to have, and which of them it has. */
struct blob {
	uint8_t digest[WORKER_DIGEST_SIZE];
	const void *bytes; /* NULL: not wanted any more */
	size_t length;
	bool sent;
};

struct blobs {
	VEC(struct blob) items; /* sorted by their digests */
};

/* Makes those that @worker wants for @config the wanted ones. */
void blobs_want(struct blobs *blobs, const struct worker *worker, const struct config *config);
/* Sends what is wanted and was not sent, by @channel. Returns 0 or what channel_send() did. */
int blobs_send(struct blobs *blobs, int channel);
/* Tells the worker to forget what is not wanted any more, and forgets it. */
int blobs_forget(struct blobs *blobs, int channel);
/* The worker is another one: nothing was sent. */
void blobs_restart(struct blobs *blobs);
void blobs_free(struct blobs *blobs);

#endif
