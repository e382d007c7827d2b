/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_KIND_H
#define MH_HOST_KIND_H

#include "host/property.h"

#include <linux/netlink.h>

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
	bool untold;	/* an addition or a change may have no event: it is noted when it is done */
	bool replaced;	/* a change replaces it in one step: nobody else can have its key */
	/*
	 * Of somebody else's with the key of @after: whether it may be replaced for it, since nobody
	 * asked for it; completes @after by what shall stay. NULL = never.
	 */
	bool (*yields)(const void *obstacle, void *after);
	void (*complete)(void *object); /* fills in what the kernel would; NULL = nothing */
	/* Of a change: it cannot be made in place, so the object goes and comes again; or NULL. */
	bool (*recreated)(const void *before, const void *after);
	/*
	 * Of one of ours that nobody desires any more: false when it is to be deleted, else
	 * *ret_after is what it was before it was ours, as far as @observed (all of the kind) has
	 * what that needs; or NULL.
	 */
	bool (*released)(const void *before, const struct object_set *observed, void *ret_after);
	/*
	 * Of one of ours that nobody desires any more: what is desired makes it what it is, and it is
	 * let be; or NULL.
	 */
	bool (*explained)(const void *before, const struct object_set *desired);
	/* What a deletion leaves in the place of @before: false = nothing, as where this is NULL. */
	bool (*left)(const void *before, void *ret_after);
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
	address_kind, nexthop_kind, route_kind, rule_kind, answer_kind, responder_kind,
	attachment_kind, listener_kind;
const struct kind *kind_of(enum object_kind kind);

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
