/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A blob goes to a worker once: an apply that changes one zone of a thousand sends that one. The
 * worker maps what it gets, so that there is one copy of it, made by the kernel.
 */
#include "daemon/blobs.h"

#include "base/fd.h"
#include "io/blob.h"
#include "io/channel.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int by_digest(const void *a, const void *b)
{
	return memcmp(((const struct blob *)a)->digest, ((const struct blob *)b)->digest,
		      WORKER_DIGEST_SIZE);
}

static void want(void *data, const uint8_t digest[WORKER_DIGEST_SIZE], const void *bytes,
		 size_t length)
{
	struct blob *blob = VEC_PUSH(&((struct blobs *)data)->items);

	*blob = (struct blob){ .bytes = bytes ? bytes : "", .length = length };
	memcpy(blob->digest, digest, WORKER_DIGEST_SIZE);
}

/* Of those that are alike one is enough: the same text may be that of several zones. */
static void sort_wanted(struct blobs *wanted)
{
	struct blob *items = wanted->items.items;
	size_t kept = 0;

	if (!wanted->items.count)
		return;
	qsort(items, wanted->items.count, sizeof(*items), by_digest);
	for (size_t i = 0; i < wanted->items.count; i++)
		if (!i || by_digest(&items[i], &items[kept - 1]) != 0)
			items[kept++] = items[i];
	wanted->items.count = kept;
}

void blobs_want(struct blobs *blobs, const struct worker *worker, const struct config *config)
{
	struct blobs wanted = { 0 }, merged = { 0 };
	size_t i = 0, j = 0;

	if (worker->blobs && config)
		worker->blobs(config, want, &wanted);
	sort_wanted(&wanted);
	while (i < blobs->items.count || j < wanted.items.count) {
		struct blob *had = i < blobs->items.count ? &blobs->items.items[i] : NULL;
		struct blob *now = j < wanted.items.count ? &wanted.items.items[j] : NULL;
		int order = !had ? 1 : !now ? -1 : by_digest(had, now);

		if (order == 0)
			now->sent = had->sent;
		else if (order < 0)
			had->bytes = NULL;
		/* What was neither sent nor is wanted is nobody's. */
		if (order >= 0)
			*VEC_PUSH(&merged.items) = *now;
		else if (had->sent)
			*VEC_PUSH(&merged.items) = *had;
		i += order <= 0;
		j += order >= 0;
	}
	blobs_free(&wanted);
	blobs_free(blobs);
	*blobs = merged;
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
