/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_RESPONDERS_H
#define MH_HOST_RESPONDERS_H

#include "bpf/neighbours.h"
#include "host/host.h"

/* A link on which somebody answers for us. */
struct served_link {
	uint32_t link;
	bool by_worker;		    /* else by our programs, */
	struct neighbours_link set; /* which were told this */
};

/* What answers ARP and neighbour discovery. */
struct responders {
	struct neighbours *neighbours; /* NULL: nothing is loaded */
	char *folder;		       /* where it is pinned; NULL = nowhere */
	bool broken;		       /* what a former process left cannot be taken over */
	int missing;  /* -errno: the programs cannot be had; 0 = they can, or nobody tried */
	char *why;    /* in words */
	bool unsure;  /* the programs' table may not hold what is observed */
	bool stale;   /* links or addresses may be others than the programs were told */
	size_t rules; /* in the programs' table */
	VEC(struct served_link) links; /* by number */
};

/* responders.c */
void responders_open(struct host *host, const char *bpffs);
void responders_close(struct host *host);   /* what is pinned goes on */
bool responders_refresh(struct host *host); /* true when anything changed */
/* Tells the programs what the links are by now, where that may have changed. */
void responders_mirror(struct host *host);
void responder_apply(struct host *host, const struct operation *operation,
		     struct host_result *result);
/* Loads the programs, unless they are or cannot be. 0 or -errno. */
int responders_load(struct host *host, struct text *error);
/* Unloads them when they have nothing to do. */
void responders_unload(struct host *host);
const struct served_link *responders_find(const struct host *host, uint32_t link);

/* answers.c */
/* Carries out @count operations on answers and tells each result. */
void answers_apply(struct host *host, const struct operation *operations, size_t count,
		   host_result_fn *told, void *data);
/* What stands in the table of the programs, and what the worker has, is observed. */
bool answers_observe(struct host *host);
/* The answers of a link go into the programs' table, or out of it. 0 or -errno. */
int answers_give(struct host *host, uint32_t link);
int answers_take(struct host *host, uint32_t link);

#endif
