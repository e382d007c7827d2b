/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A blob goes to a worker once: an apply that changes one zone of a thousand sends that one. The
 * worker maps what it gets, so that there is one copy of it, made by the kernel.
 */
#include "daemon/blobs.h"

#include "base/fd.h"
#include "io/blob.h"
#include "io/channel.h"

#include <string.h>
#include <unistd.h>

static struct blob *find(struct blobs *blobs, const uint8_t *digest)
{
	for (size_t i = 0; i < blobs->items.count; i++)
		if (memcmp(blobs->items.items[i].digest, digest, WORKER_DIGEST_SIZE) == 0)
			return &blobs->items.items[i];
	return NULL;
}

static void want(void *data, const uint8_t digest[WORKER_DIGEST_SIZE], const void *bytes,
		 size_t length)
{
	struct blobs *blobs = data;
	struct blob *blob = find(blobs, digest);

	if (!blob) {
		blob = VEC_PUSH(&blobs->items);
		memcpy(blob->digest, digest, WORKER_DIGEST_SIZE);
	}
	blob->bytes = bytes ? bytes : "";
	blob->length = length;
}

void blobs_want(struct blobs *blobs, const struct worker *worker, const struct config *config)
{
	size_t kept = 0;

	for (size_t i = 0; i < blobs->items.count; i++)
		blobs->items.items[i].bytes = NULL;
	if (worker->blobs && config)
		worker->blobs(config, want, blobs);
	/* What was neither sent nor is wanted is nobody's. */
	for (size_t i = 0; i < blobs->items.count; i++)
		if (blobs->items.items[i].bytes || blobs->items.items[i].sent)
			blobs->items.items[kept++] = blobs->items.items[i];
	blobs->items.count = kept;
}

static int send_one(const struct blob *blob, int channel)
{
	struct channel_message message = { .type = WORKER_BLOB,
					   .bytes = (void *)blob->digest,
					   .length = sizeof(blob->digest),
					   .fd_count = 1 };
	AUTO_FD fd = -1;
	int r = blob_make(blob->bytes, blob->length, &fd);

	if (r < 0)
		return r;
	message.fds[0] = fd;
	return channel_send(channel, &message);
}

int blobs_send(struct blobs *blobs, int channel)
{
	for (size_t i = 0; i < blobs->items.count; i++) {
		struct blob *blob = &blobs->items.items[i];
		int r = blob->bytes && !blob->sent ? send_one(blob, channel) : 0;

		if (r < 0)
			return r;
		blob->sent = blob->sent || blob->bytes;
	}
	return 0;
}

int blobs_forget(struct blobs *blobs, int channel)
{
	size_t kept = 0;
	int r = 0;

	for (size_t i = 0; i < blobs->items.count; i++) {
		struct blob blob = blobs->items.items[i];
		struct channel_message message = { .type = WORKER_FORGET,
						   .bytes = blob.digest,
						   .length = sizeof(blob.digest) };

		if (blob.bytes)
			blobs->items.items[kept++] = blob;
		else if (r == 0)
			r = channel_send(channel, &message);
	}
	blobs->items.count = kept;
	return r;
}

void blobs_restart(struct blobs *blobs)
{
	size_t kept = 0;

	for (size_t i = 0; i < blobs->items.count; i++) {
		blobs->items.items[i].sent = false;
		if (blobs->items.items[i].bytes)
			blobs->items.items[kept++] = blobs->items.items[i];
	}
	blobs->items.count = kept;
}

void blobs_free(struct blobs *blobs)
{
	VEC_FREE(&blobs->items);
}
