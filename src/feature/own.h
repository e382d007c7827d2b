/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_OWN_H
#define MH_FEATURE_OWN_H

#include "base/mem.h"
#include "base/place.h"
#include "net/address.h"

/*
 * What the configuration gives to this host itself, addresses and whole prefixes, feature by feature:
 * so that one whose subject are the addresses of others can refuse what meets them.
 */
struct own {
	struct prefix prefix; /* clean: one address, or a claim */
	uint8_t network; /* the length of the network that the link is connected to by it; 0 = none */
	const char *link; /* on which it is; NULL = on all */
	struct place place;
};

struct own_list {
	VEC(struct own) items;
};

/* That of all features; VEC_FREE() its items. */
struct config;
void feature_own(const struct config *all, struct own_list *ret_list);

#endif
