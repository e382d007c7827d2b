/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SUBSCRIBERS_ROSTER_H
#define MH_FEATURE_SUBSCRIBERS_ROSTER_H

#include "feature/subscribers/subscribers.h"

/* The file and what was decided by hand, merged: every subscriber once, and every port. */

/* What is left of one of the file that somebody stands for by hand. */
#define NOBODY UINT32_MAX

struct roster_address {
	struct address address;
	struct place place;  /* line 0: by hand */
	uint32_t subscriber; /* index, or NOBODY */
	uint8_t late;	     /* of the subscriber */
};

struct roster_prefix {
	struct prefix prefix;
	struct place place;
	uint32_t subscriber;
	uint8_t late;
	bool impossible; /* by itself, and that was told */
};

struct subscriber {
	const char *name, *port;
	struct place place; /* line 0: added by hand */
	uint32_t owner;	    /* from 1; what it is counted by */
	uint8_t hand;	    /* enum subscriber_what, or 0: as the file says */
	uint8_t late; /* 0 = of the file, 1 = by hand, 2 = just being decided: the later is at fault */
	bool left_out; /* removed by hand, or impossible beside the file */
	bool bound;
	uint8_t mac[6];
	struct place mac_place, via_place;
	struct address via;
	uint32_t first_address, addresses; /* of roster.addresses */
	uint32_t first_prefix, prefixes;
};

struct roster_port {
	const char *name;
	struct place place;	    /* line 0: no port of the file */
	uint32_t subscribers, only; /* how many; the index of one */
	uint32_t bound;		    /* how many of them are bound to a MAC address */
};

struct roster {
	const struct subscribers_config *config;
	VEC(struct subscriber) subscribers; /* by name */
	VEC(struct roster_address) addresses;
	VEC(struct roster_prefix) prefixes;
	VEC(struct roster_port) ports; /* by name */
};

/* Names point into the configuration and @hands. */
void roster_build(const struct subscribers_config *config, const struct subscriber_hands *hands,
		  struct roster *ret_roster);
void roster_free(struct roster *roster);
/* What is wrong with one of that name and with somebody else is its fault. */
void roster_blame(struct roster *roster, const char *name);
struct subscriber *roster_find(const struct roster *roster, const char *name);
struct roster_port *roster_port(const struct roster *roster, const char *name);
/* The gateway whose network holds @address, as an index of the configuration; -1 = none. */
int roster_network(const struct subscribers_config *config, const struct address *address);
/* Gives each subscriber its number, and counts those of each port; those left out have none. */
void roster_number(struct roster *roster);

/*
 * All that is wrong with subscribers by themselves and beside each other: of @one, @other (NULL: it is
 * alone at fault) has what it wants.
 */
struct roster_problem {
	struct subscriber *one, *other;
	struct place at, other_at;
	const char *text;
};
typedef void roster_problem_fn(void *data, const struct roster_problem *problem);
void roster_problems(struct roster *roster, roster_problem_fn *told, void *data);

/* Tells in @diags what of @hands cannot be beside the file, and leaves that out. */
void roster_judge_hands(struct roster *roster, struct diags *diags);

#endif
