/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_ROUTING_ASSERT_H
#define MH_FEATURE_ROUTING_ASSERT_H

#include "feature/routing/routing.h"

/* `routing: assert:`, statements about flows that are proven for all packets. */

/* "host", "any", or a prefix. */
struct whom {
	bool word;
	struct prefix prefix;
};

struct assert_config {
	struct config_record record;
	const char *in;
	struct whom from, to, reply_to;
	struct mark_word mark;
	uint8_t protocol;
	struct config_ports sport, dport;
	struct span uid;
	uint32_t family;	   /* enum family_word */
	bool never;		   /* forwarded: never */
	struct config_list leaves; /* of const char * */
	bool symmetric, reaches;
};

extern const struct config_field assert_fields[];

void routing_assert_check(const struct config_list *asserts, struct diags *diags);
void routing_assert_interest(const struct config_list *asserts, struct interest *interest);
/* Tells of statements that say nothing as long as a link does not exist. */
void routing_assert_desire(const struct config_list *asserts, const struct facts *facts,
			   struct desired *desired);

/* routing_prove.c: of the feature. */
void routing_prove(const void *config, const struct facts *facts, const struct state *after,
		   struct diags *diags);
bool routing_proves(const void *config);

#endif
