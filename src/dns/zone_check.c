/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/zone_check.h"
#include "dns/rdata.h"
#include "dns/type.h"
#include "dns/zone_build.h"

#include <string.h>

struct zone_record zone_check_set(const struct zone_node *node, uint16_t type)
{
	return (struct zone_record){ .owner = node->name, .type = type };
}

struct zone_record zone_check_record(const struct zone_node *node, uint16_t type,
				     const uint8_t *record)
{
	return (struct zone_record){ .owner = node->name,
				     .type = type,
				     .length = (uint16_t)(record[10] << 8 | record[11]),
				     .data = record + ZONE_RECORD_HEAD };
}

static bool has(const struct zone_node *node, uint16_t type)
{
	const struct zone_rrset *set = zone_rrset(node, type);

	return set && set->count;
}

/* What may stand beside a CNAME: what DNSSEC says of it (RFC 4034, 4 and RFC 2535, 2.3.5). */
static bool goes_with_cname(uint16_t type)
{
	return type == DNS_CNAME || type == DNS_NSEC || type == DNS_KEY || type == DNS_SIG ||
	       type == DNS_NXT;
}

static void check_alone(const struct zone_check *check, const struct zone_node *node,
			const struct zone_rrset *set)
{
	struct zone_record record = zone_check_set(node, set->type);
	char type[TYPE_TEXT_SIZE], name[NAME_TEXT_SIZE];

	if (node->flags & ZONE_CNAME && !goes_with_cname(set->type))
		zone_error(check->problems, &record,
			   "%s has a CNAME, beside which there can be no %s (RFC 1034, 3.6.2)",
			   name_text(node->name, name), type_text(set->type, type));
	if ((set->type == DNS_CNAME || set->type == DNS_DNAME) && set->count > 1)
		zone_error(check->problems, &record, "%s has %u records of type %s; there can be one",
			   name_text(node->name, name), set->count, type_text(set->type, type));
	if (!set->count)
		zone_error(check->problems,
			   &(struct zone_record){ .owner = node->name, .type = DNS_RRSIG },
			   "an RRSIG covers %s of %s, of which there are none",
			   type_text(set->type, type), name_text(node->name, name));
}

/*
 * Beside and below a delegation the zone has no say (RFC 1034, 4.2.1; RFC 4034, 5 for DS; RFC 6672,
 * 2.3).
 */
static void check_hidden(const struct zone_check *check, const struct zone_node *node,
			 const struct zone_rrset *set)
{
	bool address = set->type == DNS_A || set->type == DNS_AAAA;
	bool of_cut = set->type == DNS_NS || set->type == DNS_DS || set->type == DNS_NSEC;
	struct zone_record record = zone_check_set(node, set->type);
	char type[TYPE_TEXT_SIZE], name[NAME_TEXT_SIZE];

	type_text(set->type, type);
	name_text(node->name, name);
	if (node->flags & ZONE_CUT && set->type == DNS_DNAME)
		zone_error(check->problems, &record,
			   "%s is delegated, beside which there can be no DNAME", name);
	else if (node->flags & ZONE_CUT && !address && !of_cut)
		zone_warn(check->problems, &record,
			  "%s is delegated; its %s will never be an answer", name, type);
	else if (node->flags & ZONE_BELOW && !address)
		zone_warn(check->problems, &record,
			  "%s lies below a delegation; its %s will never be an answer", name, type);
	else if (set->type == DNS_DS && !(node->flags & (ZONE_CUT | ZONE_BELOW)))
		zone_warn(check->problems, &record, "%s has a DS but is not delegated", name);
}

/* What a record points to, within the zone. */
struct target {
	const struct zone_node *node; /* NULL: there is no such name */
	bool delegated; /* it lies at or below a delegation, from where others have their say */
	const struct zone_node *cut;
};

static bool find_target(const struct zone *zone, const uint8_t *wire, struct target *ret_target)
{
	struct dns_name name;
	struct zone_match match;

	if (!name_within(wire, zone->apex->name))
		return false;
	name_read(&name, wire, NAME_SIZE);
	zone_find(zone, &name, &match);
	ret_target->node = match.node ? match.node : match.wildcard;
	ret_target->cut = match.cut;
	ret_target->delegated = match.cut || match.dname;
	return true;
}

static bool has_address(const struct zone_node *node)
{
	return node && (has(node, DNS_A) || has(node, DNS_AAAA));
}

/* RFC 1912, 2.8 and RFC 9471: without its address nobody finds a server within what it serves. */
static void check_server(const struct zone_check *check, const struct zone_node *node,
			 const uint8_t *at)
{
	struct zone_record record = zone_check_record(node, DNS_NS, at);
	char name[NAME_TEXT_SIZE], owner[NAME_TEXT_SIZE];
	struct target target;

	if (!find_target(check->zone, record.data, &target))
		return;
	name_text(record.data, name);
	if (target.node && target.node->flags & ZONE_CNAME && !target.delegated)
		zone_error(check->problems, &record,
			   "the name server %s is a CNAME (RFC 2181, 10.3)", name);
	else if (has_address(target.node))
		return;
	else if (node->flags & ZONE_APEX && !target.delegated)
		zone_error(check->problems, &record,
			   "the name server %s has no address in this zone", name);
	else if (name_within(record.data, node->name) && target.delegated)
		zone_error(check->problems, &record,
			   "the name server %s of %s lies below it, but has no address here (glue)",
			   name, name_text(node->name, owner));
	else
		zone_warn(check->problems, &record,
			  "the name server %s has no address in this zone", name);
}

/* RFC 2181, 10.3; RFC 2782. The root as a target means that there is none (RFC 7505). */
static void check_service(const struct zone_check *check, const struct zone_node *node,
			  uint16_t type, const uint8_t *at)
{
	struct zone_record record = zone_check_record(node, type, at);
	const uint8_t *wire = record.data + rdata_target(type);
	char name[NAME_TEXT_SIZE], text[TYPE_TEXT_SIZE];
	struct target target;

	if (!*wire || !find_target(check->zone, wire, &target) || target.delegated)
		return;
	if (target.node && target.node->flags & ZONE_CNAME)
		zone_warn(check->problems, &record,
			  "the %s points to %s, which is a CNAME (RFC 2181, 10.3)",
			  type_text(type, text), name_text(wire, name));
	else if (!has_address(target.node))
		zone_warn(check->problems, &record, "the %s points to %s, which has no address",
			  type_text(type, text), name_text(wire, name));
}

static void check_targets(const struct zone_check *check, const struct zone_node *node,
			  const struct zone_rrset *set)
{
	const uint8_t *record = set->records, *end = record + set->size;

	if (node->flags & ZONE_BELOW)
		return;
	for (; record < end; record = zone_record_next(record)) {
		if (set->type == DNS_NS)
			check_server(check, node, record);
		else if (set->type == DNS_MX || set->type == DNS_SRV)
			check_service(check, node, set->type, record);
	}
}

static void check_node(const struct zone_check *check, const struct zone_node *node)
{
	const struct zone_rrset *set = NULL;
	struct zone_record record = { .owner = node->name };
	char name[NAME_TEXT_SIZE];

	if (node->flags & BUILD_UNDER_DNAME && !(node->flags & (ZONE_EMPTY | ZONE_NSEC3)))
		zone_error(check->problems, &record,
			   "%s lies below a DNAME, where there can be nothing (RFC 6672, 2.4)",
			   name_text(node->name, name));
	while ((set = zone_rrset_next(node, set))) {
		if (node->flags & (ZONE_CNAME | ZONE_DNAME) || !set->count)
			check_alone(check, node, set);
		if (node->flags & (ZONE_CUT | ZONE_BELOW) || set->type == DNS_DS)
			check_hidden(check, node, set);
		if (set->type == DNS_NS || set->type == DNS_MX || set->type == DNS_SRV)
			check_targets(check, node, set);
	}
}

void zone_check(const struct zone *zone, int64_t now, struct zone_problems *problems)
{
	struct zone_check check = { .zone = zone, .problems = problems, .now = now };
	struct zone_record soa = zone_check_set(zone->apex, DNS_SOA);

	if (!has(zone->apex, DNS_NS))
		zone_error(problems, &soa, "the zone has no NS at its apex");
	for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));) {
		check_node(&check, node);
		if (zone->denial != ZONE_UNSIGNED)
			zone_check_signatures(&check, node);
	}
	if (zone->denial != ZONE_UNSIGNED)
		zone_check_denial(&check);
	zone_check_digest(&check);
}
