/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SUBSCRIBERS_WORK_H
#define MH_FEATURE_SUBSCRIBERS_WORK_H

#include "feature/subscribers/subscribers_roster.h"

/* A desire() in progress. */

/* A link as it will be: observed, or desired by a feature before this one. */
struct known_link {
	char name[IFNAMSIZ];
	uint32_t index, master;
	bool desired, up, loopback;
};

struct work {
	const struct subscribers_config *config;
	const struct facts *facts;
	struct desired *desired;
	struct roster roster;
	VEC(struct known_link) links; /* by name */
	VEC(uint32_t) advised;	      /* links that live on router advertisements */
	/* What features before this one say of settings, by name, and of responders: they have their way. */
	VEC(char *) said;
	size_t said_responders;
	bool v4, v6; /* any network or prefix of the family */
};

void work_begin(struct work *work, const struct subscribers_config *config,
		const struct facts *facts, struct desired *desired);
void work_end(struct work *work);
const struct known_link *work_link(const struct work *work, const char *name);
/* @pattern with @link in place of its '!'; unless somebody else says what it is. */
void work_setting(struct work *work, const char *pattern, const char *link, const char *value,
		  struct place place);
/* Forwarding, for all links of the host. */
void work_forwarding(struct work *work, struct place place);

#endif
