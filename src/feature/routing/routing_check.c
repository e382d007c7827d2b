/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is wrong with `routing` in itself, whatever the host has. */
#include "feature/routing/routing_assert.h"
#include "feature/routing/routing_out.h"
#include "feature/routing/routing_work.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

struct checker {
	const struct routing *routing;
	struct diags *diags;
	const char **hop_names; /* NULL-terminated */
};

#define HERE(record, table, type, member) ROUTING_PLACE(record, table, type, member)

static bool given(const struct gateway *via)
{
	return via->name || via->address.family;
}

static const struct named_hop *hop_named(const struct routing *routing, const char *name)
{
	const struct named_hop *hops = routing->nexthops.items;

	for (unsigned i = 0; i < routing->nexthops.count; i++)
		if (!strcmp(hops[i].name, name))
			return &hops[i];
	return NULL;
}

/* An address that no router has. */
static void check_gateway(const struct checker *checker, const struct gateway *via, struct place at)
{
	char text[ADDRESS_TEXT_SIZE];

	if (!via->address.family)
		return;
	if (address_is_multicast(&via->address) || address_is_unspecified(&via->address))
		diag_at(checker->diags, at, -EINVAL,
			"%s is no address of a router; write the one of the router",
			address_text(&via->address, text));
}

static void check_hops(const struct checker *checker, const struct config_list *hops)
{
	const struct hop *hop = hops->items;

	for (unsigned i = 0; i < hops->count; i++) {
		struct place at = HERE(&hop[i], hop_fields, hop, via);

		check_gateway(checker, &hop[i].via, at);
		if (hop[i].via.name)
			diag_at(checker->diags, at, -EINVAL,
				"'%s' is no address; the hops of a list are addresses and links",
				hop[i].via.name);
		if (!given(&hop[i].via) && !hop[i].link)
			diag_at(checker->diags, hop[i].record.place, -EINVAL,
				"a hop without a way; add 'via: ADDRESS' or 'link: NAME'");
		if (!hop[i].link && address_is_link_local(&hop[i].via.address))
			diag_at(checker->diags, at, -EINVAL,
				"a link-local address says nothing without a link; "
				"add 'link: NAME'");
	}
}

static void check_via_name(const struct checker *checker, const char *name, struct place at)
{
	const char *nearest;

	if (hop_named(checker->routing, name))
		return;
	nearest = text_nearest(name, checker->hop_names);
	diag_at(checker->diags, at, -EINVAL,
		nearest ? "'%s' is neither an address nor one of `nexthops`; did you mean '%s'?" :
			  "'%s' is neither an address nor one of `nexthops`%s; add it there",
		name, nearest ? nearest : "");
}

/* The ways that both a route and a named next hop have. */
struct ways_given {
	struct config_record record;
	const struct gateway *via;
	const char *link;
	const struct config_list *hops;
	const struct resilient *resilient;
	struct place at;
};

static void check_ways(const struct checker *checker, const struct ways_given *ways)
{
	check_gateway(checker, ways->via, ways->at);
	if (ways->hops->count && (given(ways->via) || ways->link))
		diag_at(checker->diags, ways->hops->place, -EINVAL,
			"`hops` stands in place of `via` and `link`; move them into a hop");
	if (!ways->hops->count && !given(ways->via) && !ways->link)
		diag_at(checker->diags, ways->at, -EINVAL,
			"no way is given; add 'via: ADDRESS', 'link: NAME' or 'hops: [...]'");
	if (place_known(ways->resilient->record.place) && !ways->hops->count)
		diag_at(checker->diags, ways->resilient->record.place, -EINVAL,
			"`resilient` is about several hops; give them in `hops`, or leave it out");
	if (!ways->link && address_is_link_local(&ways->via->address))
		diag_at(checker->diags, ways->at, -EINVAL,
			"a link-local address says nothing without a link; "
			"add 'link: NAME'");
	check_hops(checker, ways->hops);
}

/* Whether no hop of the route is of IPv6. */
static bool is_ipv4_only(const struct checker *checker, const struct route_config *route)
{
	const char *name = route->via.name;

	if (name && hop_named(checker->routing, name))
		return !hop_has_family(checker->routing, name, AF_INET6);
	if (route->hops.count)
		return !hops_have_family(&route->hops, AF_INET6);
	return route->via.address.family == AF_INET;
}

/* IPv4 may go by way of an IPv6 router (RFC 8950), not the other way round. */
static void check_families(const struct checker *checker, const struct route_config *route)
{
	const struct prefix *to = route->to.items;
	char text[ADDRESS_TEXT_SIZE], other[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < route->to.count; i++) {
		if (to[i].family == AF_INET6 && is_ipv4_only(checker, route))
			diag_at(checker->diags, route->to.places[i], -EINVAL,
				"%s cannot go by way of %s: an IPv6 route needs an IPv6 router",
				prefix_text(&to[i], text),
				route->via.name	  ? route->via.name :
				route->hops.count ? "IPv4 hops" :
						    address_text(&route->via.address, other));
		if (to[i].family && route->source.family && to[i].family != route->source.family)
			diag_at(checker->diags, HERE(route, route_fields, route_config, source),
				-EINVAL,
				"%s cannot be the source of packets to %s; give one of its family",
				address_text(&route->source, other), prefix_text(&to[i], text));
		if (to[i].family &&
		    address_is_multicast(&(struct address){ .family = to[i].family,
							    .bytes = { to[i].bytes[0] } }) &&
		    to[i].length >= 8)
			diag_at(checker->diags, route->to.places[i], -EINVAL,
				"%s is for groups, which are joined, not routed here; leave it out",
				prefix_text(&to[i], text));
	}
}

static void check_route(const struct checker *checker, const struct route_config *route)
{
	struct ways_given ways = { .via = &route->via,
				   .link = route->link,
				   .hops = &route->hops,
				   .resilient = &route->resilient,
				   .at = HERE(route, route_fields, route_config, via) };

	check_families(checker, route);
	if (route->type == WORD_UNICAST) {
		check_ways(checker, &ways);
		if (route->via.name)
			check_via_name(checker, route->via.name, ways.at);
		if (route->via.name && route->link)
			diag_at(checker->diags, HERE(route, route_fields, route_config, link),
				-EINVAL, "the next hop '%s' has its own link; leave this one out",
				route->via.name);
	} else if (given(&route->via) || route->link || route->hops.count) {
		diag_at(checker->diags, ways.at, -EINVAL,
			"a route of this type leads nowhere; leave the way or the type out");
	}
}

static void check_routes(const struct checker *checker, const struct config_list *routes)
{
	const struct route_config *route = routes->items;

	for (unsigned i = 0; i < routes->count; i++)
		check_route(checker, &route[i]);
}

static void check_named_hops(const struct checker *checker)
{
	const struct named_hop *hop = checker->routing->nexthops.items;

	for (unsigned i = 0; i < checker->routing->nexthops.count; i++) {
		struct ways_given ways = { .via = &hop[i].via,
					   .link = hop[i].link,
					   .hops = &hop[i].hops,
					   .resilient = &hop[i].resilient,
					   .at = HERE(&hop[i], named_hop_fields, named_hop, via) };

		check_ways(checker, &ways);
		if (hop[i].via.name)
			diag_at(checker->diags, ways.at, -EINVAL,
				"'%s' is no address; a next hop is an address, a link or `hops`",
				hop[i].via.name);
	}
}

static void check_table_id(const struct checker *checker, const struct table_config *table)
{
	struct place at = HERE(table, table_fields, table_config, id);
	const struct table_config *other = checker->routing->tables.items;

	if (table->id >= RT_TABLE_DEFAULT && table->id <= RT_TABLE_LOCAL)
		diag_at(checker->diags, at, -EINVAL,
			"%u is a table of Linux's own (default 253, main 254, local 255); routes "
			"of "
			"main stand in `routes`; choose another number, or none",
			table->id);
	if (table->id >> TABLES_BITS == TABLES_BASE >> TABLES_BITS)
		diag_at(checker->diags, at, -EINVAL,
			"%u lies among those that are given to tables without a number; choose "
			"another, or none",
			table->id);
	for (; table->id && other < table; other++)
		if (other->id == table->id)
			diag_between(
				checker->diags, at, HERE(other, table_fields, table_config, id),
				-EINVAL,
				"table '%s' has the number %u already; choose another, or none",
				other->name, table->id);
}

static void check_tables(const struct checker *checker)
{
	static const char *const taken[] = { "main", "local", "default", NULL };
	const struct table_config *table = checker->routing->tables.items;

	for (unsigned i = 0; i < checker->routing->tables.count; i++) {
		for (const char *const *name = taken; *name; name++)
			if (!strcmp(table[i].name, *name))
				diag_at(checker->diags, table[i].record.place, -EINVAL,
					"'%s' is a table of Linux's own; routes of main stand in "
					"`routes`; choose another name",
					*name);
		if (table[i].name[strspn(table[i].name, "0123456789")] == '\0')
			diag_at(checker->diags, table[i].record.place, -EINVAL,
				"a rule would take '%s' for a number; choose a name, and 'id: %s'",
				table[i].name, table[i].name);
		check_table_id(checker, &table[i]);
		check_routes(checker, &table[i].routes);
	}
}

/* Whether the prefixes of @list are of one family that is not @family; 0 = none given. */
static uint8_t other_family(const struct config_list *list, uint8_t family, struct place *ret_at)
{
	const struct prefix *prefix = list->items;

	for (unsigned i = 0; i < list->count; i++) {
		*ret_at = list->places[i];
		if (family && prefix[i].family != family)
			return prefix[i].family;
	}
	return 0;
}

static uint8_t family_of_word(uint32_t word)
{
	return word == FAMILY_IPV4 ? AF_INET : word == FAMILY_IPV6 ? AF_INET6 : 0;
}

static void check_rule_families(const struct checker *checker, const struct rule_config *rule)
{
	const struct prefix *from = rule->from.items, *to = rule->to.items;
	uint8_t family = family_of_word(rule->family);
	struct place at = { 0 };

	if (other_family(&rule->from, family, &at) || other_family(&rule->to, family, &at)) {
		diag_at(checker->diags, at, -EINVAL,
			"this prefix is not of the rule's family; leave `family` out");
		return;
	}
	/* Of a from and a to of different families no packet is. */
	for (unsigned i = 0; i < rule->from.count && rule->to.count; i++)
		for (unsigned j = 0; j < rule->to.count; j++)
			if (from[i].family == to[j].family)
				return;
	if (rule->from.count && rule->to.count)
		diag_at(checker->diags, rule->to.places[0], -EINVAL,
			"no packet goes from one family to the other; give both of one family");
}

/* fib_rule_port_range_valid() of Linux 4.17 to 6.18. */
static void check_rule_ports(const struct checker *checker, const struct config_ports *ports,
			     struct place at)
{
	if (ports->last == UINT16_MAX)
		diag_at(checker->diags, at, -EINVAL,
			"Linux has no rules about port 65535; end the range at 65534");
}

static void check_rule(const struct checker *checker, const struct rule_config *rule)
{
	struct place table = HERE(rule, rule_fields, rule_config, table);

	check_rule_families(checker, rule);
	check_rule_ports(checker, &rule->sport, HERE(rule, rule_fields, rule_config, sport));
	check_rule_ports(checker, &rule->dport, HERE(rule, rule_fields, rule_config, dport));
	if (rule->action == ACTION_TABLE && !rule->table)
		diag_at(checker->diags, rule->record.place, -EINVAL,
			"a rule without an end; add 'table: NAME' or 'action: unreachable'");
	if (rule->action != ACTION_TABLE && rule->table)
		diag_at(checker->diags, table, -EINVAL,
			"this action ends the way before any table; leave one of the two out");
	if (rule->table && strlen(rule->table) < 11 &&
	    rule->table[strspn(rule->table, "0123456789")] == '\0' &&
	    (!strtoull(rule->table, NULL, 10) || strtoull(rule->table, NULL, 10) > UINT32_MAX))
		diag_at(checker->diags, table, -EINVAL,
			"tables have numbers from 1 to 4294967295; choose one of them");
	if (rule->tos & ~0x1e && rule->family != FAMILY_IPV6)
		diag_at(checker->diags, HERE(rule, rule_fields, rule_config, tos), -EINVAL,
			"IPv4 looks only at the bits 0x1e of the type of service; keep to them, or "
			"write 'family: ipv6'");
}

static void check_rules(const struct checker *checker)
{
	const struct rule_config *rule = checker->routing->rules.items;

	for (unsigned i = 0; i < checker->routing->rules.count; i++)
		check_rule(checker, &rule[i]);
}

static void refuse_loopback(const struct checker *checker, const char *link, struct place at)
{
	if (link && !strcmp(link, "lo"))
		diag_at(checker->diags, at, -EINVAL,
			"'lo' leads nowhere; name a link to the outside");
}

static bool has_ports(uint8_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == IPPROTO_DCCP || protocol == IPPROTO_UDPLITE;
}

static void check_forwarding(const struct checker *checker)
{
	const struct forward_config *entry = checker->routing->forwarding.items;

	for (unsigned i = 0; i < checker->routing->forwarding.count; i++) {
		uint8_t family = family_of_word(entry[i].family);
		uint8_t from = entry[i].from.family, to = entry[i].to.family;

		if ((entry[i].sport.first || entry[i].dport.first) && !has_ports(entry[i].protocol))
			diag_at(checker->diags, entry[i].record.place, -EINVAL,
				"ports are of a protocol that has them; add 'protocol: tcp' or "
				"'protocol: udp'");
		refuse_loopback(checker, entry[i].in,
				HERE(&entry[i], forward_fields, forward_config, in));
		refuse_loopback(checker, entry[i].out,
				HERE(&entry[i], forward_fields, forward_config, out));
		if ((from && to && from != to) || (family && from && from != family) ||
		    (family && to && to != family))
			diag_at(checker->diags, entry[i].record.place, -EINVAL,
				"no packet is of both families; give prefixes of one, and leave "
				"`family` "
				"out");
	}
}

static void check_nat(const struct checker *checker)
{
	const struct nat_config *entry = checker->routing->nat.items;

	for (unsigned i = 0; i < checker->routing->nat.count; i++) {
		uint8_t family = entry[i].to.first.family ? entry[i].to.first.family :
							    entry[i].from.family;
		struct place at = HERE(&entry[i], nat_fields, nat_config, from);

		refuse_loopback(checker, entry[i].out, HERE(&entry[i], nat_fields, nat_config, out));
		if ((family && entry[i].from.family && entry[i].from.family != family) ||
		    other_family(&entry[i].except, family, &at))
			diag_at(checker->diags, at,
				-EINVAL, "a source is translated to one of its own family; give both of one");
	}
}

static void check_symmetric(const struct checker *checker)
{
	const struct config_list *list = &checker->routing->symmetric;
	const char *const *name = list->items;

	for (unsigned i = 0; i < list->count; i++) {
		refuse_loopback(checker, name[i], list->places[i]);
		if (list->count > 1 && (!strcmp(name[i], "true") || !strcmp(name[i], "false")))
			diag_at(checker->diags, list->places[i], -EINVAL,
				"'%s' stands alone, without a list; or name links", name[i]);
	}
}

static void check_arrivals(const struct checker *checker)
{
	const struct config_list *list = &checker->routing->arrivals;
	const struct arrival_config *arrival = list->items;

	for (unsigned i = 0; i < list->count; i++) {
		refuse_loopback(checker, arrival[i].link,
				HERE(&arrival[i], arrival_fields, arrival_config, link));
		for (unsigned j = 0; j < i; j++)
			if (prefix_compare(&arrival[j].prefix, &arrival[i].prefix) == 0)
				diag_at(checker->diags, list->places[i], -EINVAL,
					"this prefix is named above already, at line %u; say of "
					"each "
					"over which one link it arrives",
					list->places[j].line);
	}
}

void routing_check(const void *config, struct diags *diags)
{
	struct checker checker = { .routing = config, .diags = diags };
	const struct named_hop *hops = checker.routing->nexthops.items;
	AUTO_MEM const char **names =
		mem_alloc((checker.routing->nexthops.count + 1) * sizeof(*names));

	for (unsigned i = 0; i < checker.routing->nexthops.count; i++)
		names[i] = hops[i].name;
	checker.hop_names = names;
	check_tables(&checker);
	check_routes(&checker, &checker.routing->routes);
	check_named_hops(&checker);
	check_rules(&checker);
	check_forwarding(&checker);
	refuse_loopback(&checker, checker.routing->host.out,
			HERE(&checker.routing->host, host_fields, host_config, out));
	host_out_check(checker.routing, diags);
	check_symmetric(&checker);
	check_arrivals(&checker);
	check_nat(&checker);
	routing_assert_check(&checker.routing->asserts, diags);
}
