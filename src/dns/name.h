/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_NAME_H
#define MH_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Domain names. On the wire a name is its labels from the left, each with its length before it, and
 * the root's zero at last (RFC 1035, 3.1). Everything here that takes a name as bytes takes it whole,
 * uncompressed and well-formed: what comes from outside passes name_read() or name_expand() first.
 */
#define NAME_SIZE 255	    /* the longest, with the root's zero */
#define NAME_LABELS 127	    /* the most, without the root */
#define NAME_LABEL_SIZE 63  /* bytes of the longest label, without its length */
#define NAME_TEXT_SIZE 1009 /* each byte as \DDD, the dots, the NUL */

/*
 * A name that is looked up: in lower case (RFC 4343), with where its labels start, and with the hash
 * of every name above it, so that a zone and its closest encloser are found by one pass over the bytes.
 * Not zeroed: what lies beyond .length and .labels means nothing.
 */
struct dns_name {
	uint8_t length;			  /* of .wire, with the root's zero */
	uint8_t labels;			  /* without the root */
	uint8_t starts[NAME_LABELS + 1];  /* of each label; starts[labels] is the root's zero */
	uint64_t hashes[NAME_LABELS + 1]; /* hashes[i]: of the name that begins at starts[i] */
	uint8_t wire[NAME_SIZE + 9]; /* zeros follow, so that eight bytes can be read at once */
};

/*
 * Reads an uncompressed name from at most @length bytes. Returns how many bytes it takes there, or 0
 * when it is cut short, longer than 255 bytes, or has a compression pointer or another label type.
 */
size_t name_read(struct dns_name *ret_name, const void *bytes, size_t length);

/*
 * Reads a name at @offset of a message, following compression pointers, each of which must lead
 * backwards (RFC 1035, 4.1.4). Writes it as it stands, in its own case. Returns its length, or 0;
 * *ret_end is where the message goes on after it.
 */
size_t name_expand(const uint8_t *message, size_t length, size_t offset,
		   uint8_t ret_wire[NAME_SIZE], size_t *ret_end);

/* Text, with \X and \DDD (RFC 1035, 5.1); the dot at the end may be left out. Returns 0, or -EINVAL. */
int name_parse(const char *text, struct dns_name *ret_name);

/* Text with the dot at the end, in its own case; returns @buffer. */
const char *name_text(const uint8_t *wire, char buffer[NAME_TEXT_SIZE]);

/*
 * The hash of a name out of that of the name above it; eight bytes must be readable from where
 * @label starts, and from each eighth byte on within it.
 */
uint64_t name_hash(uint64_t above, const uint8_t *label);

/* Bytes that the name takes, with the root's zero. */
size_t name_length(const uint8_t *wire);
unsigned name_labels(const uint8_t *wire);

/* Writes the name in lower case; @ret_wire may be @wire. Returns its length. */
size_t name_lower(const uint8_t *wire, uint8_t *ret_wire);

/* Without regard to case. */
bool name_equal(const uint8_t *a, const uint8_t *b);
/* @name is @above or lies below it; without regard to case. */
bool name_within(const uint8_t *name, const uint8_t *above);
/* The canonical order of DNSSEC (RFC 4034, 6.1), by which a name stands before everything below it. */
int name_compare(const uint8_t *a, const uint8_t *b);

#endif
