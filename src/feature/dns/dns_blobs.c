/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_blobs.h"

#include "io/blob.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SMALL 65536

static int order(const void *a, const void *b)
{
	return memcmp(((const struct dns_blob *)a)->digest, ((const struct dns_blob *)b)->digest,
		      DNS_DIGEST_SIZE);
}

static struct dns_blob *find(struct dns_blobs *blobs, const uint8_t *digest)
{
	struct dns_blob like;

	if (!blobs->items.count)
		return NULL;
	if (blobs->unsorted)
		qsort(blobs->items.items, blobs->items.count, sizeof(like), order);
	blobs->unsorted = false;
	memcpy(like.digest, digest, sizeof(like.digest));
	return bsearch(&like, blobs->items.items, blobs->items.count, sizeof(like), order);
}

static void blob_free(struct dns_blob *blob)
{
	if (blob->fd >= 0)
		close(blob->fd);
	mem_freep(&blob->copy);
}

int dns_blobs_add(struct dns_blobs *blobs, const uint8_t digest[DNS_DIGEST_SIZE], int *fd)
{
	struct dns_blob blob = { .fd = -1 };
	const void *bytes;
	int r = blob_map(*fd, &bytes, &blob.length);

	if (r < 0)
		return r;
	memcpy(blob.digest, digest, sizeof(blob.digest));
	if (blob.length <= SMALL) {
		blob.copy = mem_alloc(blob.length + 1);
		if (blob.length)
			memcpy(blob.copy, bytes, blob.length);
	} else {
		blob.fd = *fd;
		*fd = -1;
	}
	blob_unmap(bytes, blob.length);
	*VEC_PUSH(&blobs->items) = blob;
	blobs->unsorted = true;
	return 0;
}

void dns_blobs_forget(struct dns_blobs *blobs, const uint8_t digest[DNS_DIGEST_SIZE])
{
	struct dns_blob *blob = find(blobs, digest);
	size_t index;

	if (!blob)
		return;
	blob_free(blob);
	index = (size_t)(blob - blobs->items.items);
	*blob = blobs->items.items[--blobs->items.count];
	blobs->unsorted = index < blobs->items.count;
}

void dns_blobs_free(struct dns_blobs *blobs)
{
	for (size_t i = 0; i < blobs->items.count; i++)
		blob_free(&blobs->items.items[i]);
	VEC_FREE(&blobs->items);
}

int dns_blob_open(struct dns_blobs *blobs, const uint8_t digest[DNS_DIGEST_SIZE],
		  struct dns_blob_text *ret_text)
{
	const struct dns_blob *blob = find(blobs, digest);
	const void *bytes;
	size_t length;
	int r;

	if (!blob)
		return -ENOENT;
	if (blob->copy) {
		*ret_text = (struct dns_blob_text){ blob->copy, blob->length, false };
		return 0;
	}
	r = blob_map(blob->fd, &bytes, &length);
	if (!r)
		*ret_text = (struct dns_blob_text){ bytes, length, true };
	return r;
}

void dns_blob_close(struct dns_blob_text *text)
{
	if (text->mapped)
		blob_unmap(text->text, text->length);
	*text = (struct dns_blob_text){ 0 };
}
