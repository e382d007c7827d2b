/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PROPERTY_H
#define MH_HOST_PROPERTY_H

#include "host/state.h"

/*
 * A kind of object is a table: one row for each property says where it stands in the struct, how
 * it is written in text, and where it stands in a netlink message. Compare, sort, print, parse,
 * encode, decode and the lines of a plan all walk these rows.
 */
enum property_type {
	PROPERTY_U8,
	PROPERTY_U16,
	PROPERTY_U32,
	PROPERTY_LINK,	  /* uint32_t, an index; shown as the link's name */
	PROPERTY_NAME,	  /* char array of .size */
	PROPERTY_ADDRESS, /* struct address */
	PROPERTY_PREFIX, /* struct prefix; netlink: an attribute, and a header byte for the length */
	PROPERTY_ENDPOINT, /* struct address, and a uint16_t at .port */
	PROPERTY_MAC,	   /* 6 bytes */
	PROPERTY_MEMBERS,  /* struct host_member array; how many is a uint8_t at .port */
	PROPERTY_SPAN,	   /* struct span; netlink: the first and the last, .size bytes each */
};

/* How a row is treated. */
#define ROW_PLAIN 1    /* in text: the value alone, before all that have a word in front */
#define ROW_OPTIONAL 2 /* a plain one that is omitted when it has its usual value */
#define ROW_BITS 4     /* words are bits, joined by ',' */
#define ROW_LONG 8     /* only in state_print() */
#define ROW_LAX 16     /* a desired zero is content with anything */
#define ROW_FREE 32    /* never a difference between desired and observed */
#define ROW_CLEAN 64   /* a prefix without bits beyond its length */
#define ROW_TITLE 128  /* no key, but names the object in the line of a change */
#define ROW_LEAST 256  /* more bits than are desired are no difference */

struct word {
	const char *text; /* NULL ends a list */
	uint32_t value;
};

struct property {
	const char *word;
	enum property_type type;
	unsigned flags;
	uint16_t offset, size, port;
	uint32_t usual;				 /* numbers: the value that text omits */
	uint32_t (*usually)(const void *object); /* or what it is for this object */
	const struct word *words;		 /* numbers: names of values */
	uint32_t alike; /* bits that are one and the same when something is asked: is it news? */
	uint16_t header, header_size; /* place and width in the netlink header; width 0 = not there */
	uint16_t attribute;	      /* netlink attribute; 0 = none */
};

uint32_t property_number(const struct property *row, const void *object);
void property_set_number(const struct property *row, void *object, uint32_t value);
bool property_is_zero(const struct property *row, const void *object);
bool property_is_usual(const struct property *row, const void *object);
int property_compare(const struct property *row, const void *a, const void *b);
/* The observed value gives all that is desired of this row. */
bool property_satisfies(const struct property *row, const void *desired, const void *observed);
void property_print(const struct property *row, const void *object, const struct state *links,
		    struct text *text);
int property_parse(const struct property *row, const char *token, const struct state *links,
		   void *object);

#endif
