/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SUBSCRIBERS_H
#define MH_FEATURE_SUBSCRIBERS_H

#include "feature/feature.h"

/* What the file says of one subscriber, or, without a name, of a part of the port's own one. */
struct subscriber_config {
	struct config_record record;
	const char *name;
	struct config_list addresses; /* of struct address */
	struct config_mac mac;
	struct config_list prefixes; /* of struct prefix */
	struct address via;
};

struct port_config {
	struct config_record record;
	const char *name;
	struct config_list subscribers;
};

/* The most gateways, of all networks together. */
#define GATEWAYS_MAX 64

enum unassigned { UNASSIGNED_UNREACHABLE, UNASSIGNED_ROUTED };

struct subscribers_config {
	struct config_record record;
	struct config_list gateways; /* of struct prefix: an address and the length of its network */
	struct config_list ports;
	uint32_t unassigned, responder; /* enum unassigned, enum responder_way */
};

extern const struct config_field subscriber_fields[], port_fields[], subscribers_fields[];
extern const struct feature subscribers_feature;

/*
 * Whether what @one decides by hand can stand beside the file and @hands, which were decided before.
 * Returns 0, or -EINVAL with one line in @ret_error; *ret_filed: the file has one of that name. Pure.
 */
int subscribers_try(const struct config *all, const struct subscriber_hands *hands,
		    const struct subscriber_hand *one, bool *ret_filed, struct text *ret_error);

void subscribers_check(const void *config, struct diags *diags);
void subscribers_check_together(const struct config *all, const void *config, struct diags *diags);
void subscribers_desire(const void *config, const struct facts *facts, struct desired *ret_desired);
void subscribers_status(const void *config, const struct facts *facts,
			const struct counters *counters, struct json_t *status);

#endif
