/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_LINKS_H
#define MH_FEATURE_LINKS_H

#include "feature/feature.h"

struct link_bond_config {
	struct config_record record;
	struct config_list members; /* of const char * */
	uint32_t mode, miimon, updelay, downdelay, lacp_rate, hash, min_links, select;
	uint32_t reselect, fail_over_mac, arp_interval;
	const char *primary;
	struct config_list arp_targets; /* of struct address */
};

struct link_vlan_config {
	struct config_record record;
	const char *link;
	uint32_t id, protocol;
};

struct link_vrf_config {
	struct config_record record;
	uint32_t table;
	struct config_list members;
};

struct link_bridge_config {
	struct config_record record;
	struct config_list members;
	bool stp, vlan_filtering;
	uint32_t ageing, forward_delay;
};

struct link_macvlan_config {
	struct config_record record;
	const char *link;
	uint32_t mode;
};

struct link_dummy_config {
	struct config_record record;
};

struct link_veth_config {
	struct config_record record;
	const char *peer;
};

/* What the file says of one link. */
struct link_config {
	struct config_record record;
	const char *name;
	struct link_bond_config bond;
	struct link_vlan_config vlan;
	struct link_vrf_config vrf;
	struct link_bridge_config bridge;
	struct link_macvlan_config macvlan;
	struct link_dummy_config dummy;
	struct link_veth_config veth;
	struct config_list addresses; /* of struct prefix */
	uint32_t mtu, queue;
	struct config_mac mac;
	bool up, forwarding;
	const char *master;
	uint32_t rp_filter, arp_ignore, arp_announce, accept_ra;
};

extern const struct config_field link_fields[], bond_fields[], vlan_fields[], vrf_fields[],
	bridge_fields[], macvlan_fields[], veth_fields[];
extern const struct feature links_feature;

/* One link that the file speaks of, whether by a key of its own or as a member of another. */
struct link_wish {
	const char *name;
	const struct link_config *config; /* NULL: only a member */
	struct place place;
	const char *master;	    /* or NULL */
	struct place master_place;  /* who says so */
	struct place second_master; /* another one says otherwise */
	/* While it is resolved: links_desire.c */
	bool resolved, busy;
	struct host_link link; /* .index 0: waits for something */
};

struct link_wishes {
	VEC(struct link_wish) items;
	/* By name: a hash table of indexes into the items, counted from 1; 0 = free. */
	uint32_t *slots;
	size_t slot_count;
};

/* All links that @links (a list of struct link_config) speaks of; the first ones are its own, in order. */
void link_wishes_collect(const struct config_list *links, struct link_wishes *ret_wishes);
void link_wishes_free(struct link_wishes *wishes);
struct link_wish *link_wish_named(const struct link_wishes *wishes, const char *name);

enum link_type link_config_type(const struct link_config *config);
/* The link that a vlan or a macvlan stands on, or NULL; *ret_place: where that is said. */
const char *link_config_parent(const struct link_config *config, struct place *ret_place);
/* "bond", "vlan" ... */
const char *link_type_word(enum link_type type);
/* The members that its type has, or NULL. */
const struct config_list *link_config_members(const struct link_config *config);

/* The index that a link called @name gets, unless it is taken. */
uint32_t link_index_natural(const char *name);
/* An index for a link called @name that none of @observed and none of @wishes has. */
uint32_t link_index_for(const char *name, const struct state *observed,
			const struct link_wishes *wishes);
/* Writes into @link what @config says about its type; @given_only: without defaults. */
void link_config_made(const struct link_config *config, bool given_only, struct host_link *link);

void links_check(const void *config, struct diags *diags);
void links_desire(const void *config, const struct facts *facts, struct desired *ret_desired);
void links_status(const void *config, const struct facts *facts, const struct counters *counters,
		  struct json_t *status);

#endif
