/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_WIRE_H
#define MH_FEATURE_SERVICES_WIRE_H

#include "feature/services/services.h"

/* What the engine tells its worker, decoded. */
#define SERVICES_NAME_SIZE 64

struct services_order {
	char name[SERVICES_NAME_SIZE];
	enum services_kind kind;
	uint32_t max_connections, idle_ms;
};

struct services_orders {
	VEC(struct services_order) services;
	VEC(struct services_rule) rules; /* .listen, .ports are not told */
	VEC(struct prefix) claims;	 /* the local routes of ours, to count by */
};

/* worker.configure() and back. Returns 0 or -EPROTO; services_orders_free() it. */
void services_configure(const void *config, const struct facts *facts, struct text *message);
int services_orders_read(const void *bytes, size_t length, struct services_orders *ret_orders);
void services_orders_free(struct services_orders *orders);

#endif
