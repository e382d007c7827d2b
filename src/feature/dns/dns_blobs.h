/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_BLOBS_H
#define MH_FEATURE_DNS_BLOBS_H

#include "base/mem.h"
#include "feature/dns/dns_wire.h"

#include <stdbool.h>

/*
 * The texts of zone files, as the engine sent them. A hundred thousand zones are as many files, and no
 * process has so many descriptors: small ones are copied, large ones kept as they came.
 */
struct dns_blob {
	uint8_t digest[DNS_DIGEST_SIZE];
	int fd;	    /* or -1 */
	char *copy; /* or NULL */
	size_t length;
};

struct dns_blobs {
	VEC(struct dns_blob) items;
	bool unsorted;
};

/* Takes *@fd over. Returns 0 or -errno. */
int dns_blobs_add(struct dns_blobs *blobs, const uint8_t digest[DNS_DIGEST_SIZE], int *fd);
void dns_blobs_forget(struct dns_blobs *blobs, const uint8_t digest[DNS_DIGEST_SIZE]);
void dns_blobs_free(struct dns_blobs *blobs);

/* The text of the blob, until dns_blob_close(). Returns 0, -ENOENT, or -errno. */
struct dns_blob_text {
	const char *text;
	size_t length;
	bool mapped;
};
int dns_blob_open(struct dns_blobs *blobs, const uint8_t digest[DNS_DIGEST_SIZE],
		  struct dns_blob_text *ret_text);
void dns_blob_close(struct dns_blob_text *text);

#endif
