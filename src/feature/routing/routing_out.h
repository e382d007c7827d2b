/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_OUT_H
#define MH_FEATURE_ROUTING_OUT_H

#include "feature/routing/routing_work.h"

/* Links to leave by; the names are the configuration's. */
struct out_set {
	VEC(const char *) names;
};

/* Sorts, and drops what stands twice. */
void out_set_finish(struct out_set *set);
/* "out bond0+bond1": what its table is called. */
char *out_set_key(const struct out_set *set);
void out_set_free(struct out_set *set);

/*
 * The links that what comes in on @in may leave by. False when some entry lets it leave by any.
 */
bool out_set_of(const struct routing *routing, const char *in, struct out_set *ret_set);
/*
 * The link that answers from @net's address are to leave by, as `symmetric` says; NULL = it says
 * nothing of that.
 */
const struct way_link *answers_by(const struct routing *routing, const struct ways *ways,
				  const struct way_net *net);

/* The link over which the @i-th of `symmetric-prefixes` arrives; NULL = it is not there. */
const struct way_link *arrives_by(const struct routing *routing, const struct ways *ways, unsigned i);

/* Notes the names of all such tables. */
void out_tables_note(const struct routing *routing, const struct ways *ways, struct numbers *tables);
/* The number of the table of @set, which is filled when it is first asked for. */
uint32_t out_table(struct work *work, const struct out_set *set, struct place place);
uint32_t out_table_of_one(struct work *work, const char *link, struct place place);

/* host.c: warns where no default route leaves by the link of `host`: in the file; by its table. */
void host_out_check(const struct routing *routing, struct diags *diags);
void host_out_warn(const struct work *work, uint32_t table);

#endif
