/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_KIND_H
#define MH_HOST_KIND_H

#include "host/state.h"

#include <linux/netlink.h>

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

#define KIND_MAX_KEYS 3

struct kind {
	const char *name;
	size_t size;
	const struct property *rows;
	size_t row_count;
	const struct property *keys[KIND_MAX_KEYS + 1]; /* in the order of the sort; ended by NULL */
	/* The same as the keys, quicker; NULL = by the keys. */
	int (*compare)(const void *a, const void *b);
	bool twins; /* an observed key may stand several times */
	/* Twins: adding it may change another of its key, untold; NULL = never. */
	bool (*melts)(const void *object);
	bool anyones;	     /* changed whoever set it */
	bool deleted_by_key; /* a request to delete one may say no more */
	bool shares_key;     /* others may have its key too: a change is one more, then one less */
	bool backwards; /* the last first, in adds: the kernel looks for the place from the front */
	bool replaced;	/* a change replaces it in one step: nobody else can have its key */
	void (*complete)(void *object); /* fills in what the kernel would; NULL = nothing */
	/* Of a change: it cannot be made in place, so the object goes and comes again; or NULL. */
	bool (*recreated)(const void *before, const void *after);
	/*
	 * Of one of ours that nobody desires any more: false when it is to be deleted, else
	 * *ret_after is what it was before it was ours; or NULL.
	 */
	bool (*released)(const void *before, void *ret_after);
	/*
	 * In which order objects are added (and, backwards, deleted) within their rank: smaller
	 * first; NULL = all at once.
	 */
	unsigned (*turn)(const void *object);
	/* Netlink; 0 = a kind that netlink does not know. */
	uint16_t message_new, message_delete, message_get, header_size;
	/* The last touch to a decoded object. Returns false when it is nothing that we look at. */
	bool (*decoded)(void *object, const struct nlmsghdr *message);
	void (*encoded)(const void *object,
			struct nlmsghdr *message); /* adds what no row says; or NULL */
};

extern const struct kind link_kind, neighbour_kind, cgroup_kind, filter_kind, sysctl_kind,
	address_kind, nexthop_kind, route_kind, rule_kind, attachment_kind, listener_kind;
const struct kind *kind_of(enum object_kind kind);

/* property.c */
uint32_t property_number(const struct property *row, const void *object);
void property_set_number(const struct property *row, void *object, uint32_t value);
bool property_is_zero(const struct property *row, const void *object);
bool property_is_usual(const struct property *row, const void *object);
int property_compare(const struct property *row, const void *a, const void *b);
void property_print(const struct property *row, const void *object, const struct state *links,
		    struct text *text);
int property_parse(const struct property *row, const char *token, const struct state *links,
		   void *object);

/* By key. */
int kind_compare(const struct kind *kind, const void *a, const void *b);
int kind_compare_keys(const struct kind *kind, const void *a, const void *b); /* the slow twin */
/* In every row. */
bool kind_identical(const struct kind *kind, const void *a, const void *b);
/* @observed gives all that @desired asks for; both of one key. */
bool kind_satisfies(const struct kind *kind, const void *desired, const void *observed);
/* @after differs from @before in something that anybody asks for. */
bool kind_is_news(const struct kind *kind, const void *before, const void *after);

/* state.c, for sets of observed objects. */
void *set_at(const struct object_set *set, const struct kind *kind, size_t index);
void *set_push(struct object_set *set, const struct kind *kind, const void *object);
void set_sort_observed(struct object_set *set, const struct kind *kind);
void set_trim(struct object_set *set, const struct kind *kind); /* gives back room that is not needed */
/* The index of the first object of a sorted set whose key is not less than that of @like. */
size_t set_lower_bound(const struct object_set *set, const struct kind *kind, const void *like);

#endif
