/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DOCTOR_CHECK_H
#define MH_DOCTOR_CHECK_H

#include "doctor/doctor.h"
#include "model/model.h"

/* What the checks share. */

/* An address of the host itself. */
struct own {
	struct address address;
	struct prefix network; /* the address and the length of its network */
	uint32_t link;
};

/* The routes of one family in one table. */
struct table {
	uint32_t number;
	uint8_t family;
	size_t routes;
	bool decides; /* a default route and no throw: no look-up goes on behind it */
};

struct examination {
	const struct patient *patient;
	const struct state *state;
	struct model *model;
	struct findings *findings;
	VEC(struct own) own;	  /* by address */
	VEC(struct table) tables; /* by family, number */
	size_t told;		  /* findings of the check that is under way */
};

/* One check; its name goes to its findings. */
struct check {
	const char *name;
	void (*look)(struct examination *examination);
};

/* A new finding, for its texts to be written; one that nobody will read when there are too many. */
struct finding *finding_add(struct examination *examination, enum severity severity);

/* The first of our own entries for @address, or NULL; further ones follow it. */
const struct own *own_find(const struct examination *examination, const struct address *address);
const struct table *table_find(const struct examination *examination, uint8_t family,
			       uint32_t number);
const char *link_name(const struct examination *examination, uint32_t index);
/* The table as people write it: its name, where it has one that we know. */
const char *table_name(uint32_t number, char buffer[16]);
/* A sysctl's number; @otherwise when it was not read. */
long sysctl_number(const struct examination *examination, const char *name, long otherwise);
/* The same of a link: "net/ipv4/conf/LINK/@leaf"; "all" counts too, the greater of both. */
long link_sysctl(const struct examination *examination, uint8_t family, const char *link,
		 const char *leaf);

/* A way out of the host: of a route, or of a member of its next hop. */
struct way {
	uint32_t link;
	struct address via;
};
#define WAYS_MAX NEXTHOP_MEMBERS
/* The ways of @route that are known; returns how many. */
size_t route_ways(const struct examination *examination, const struct host_route *route,
		  struct way ways[WAYS_MAX]);
/* "default" or the prefix. */
const char *destination_text(const struct prefix *to, char buffer[ADDRESS_TEXT_SIZE]);
/* "ip" or "ip -6". */
const char *ip_command(uint8_t family);

/* routes.c */
void check_own_gateway(struct examination *examination);
void check_on_link(struct examination *examination);
void check_log_server(struct examination *examination);
/* rules.c */
void check_local_table(struct examination *examination);
void check_shadowed_rules(struct examination *examination);
void check_tables(struct examination *examination);
/* links.c */
void check_bonds(struct examination *examination);
void check_duplicate_addresses(struct examination *examination);
void check_forwarding(struct examination *examination);
void check_linknets(struct examination *examination);
void check_mtu(struct examination *examination);
/* host.c */
void check_neighbour_tables(struct examination *examination);
void check_udp_servers(struct examination *examination);
/* neighbours.c */
/* How many neighbours count against no limit. */
unsigned neighbours_exempt(const struct examination *examination, uint8_t family);
void check_proxies(struct examination *examination);
void check_arp_ignore(struct examination *examination);
void check_neighbour_room(struct examination *examination);
void check_claimants(struct examination *examination);
void check_stand_ins(struct examination *examination);
void check_reception(struct examination *examination);
/* ways.c */
void check_rp_filter(struct examination *examination);
void check_services(struct examination *examination);

#endif
