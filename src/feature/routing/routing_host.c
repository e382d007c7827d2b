/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `host`: what the host sends leaves by one link alone. Where no default route leaves there, it is cut
 * off from all but the networks of that link. That may be wanted, and a default by DHCP or router
 * advertisement may come yet: so it is a warning, which goes when one comes.
 *
 * A file that says where its default routes lead, and never there, is warned of without a host.
 */
#include "feature/routing/routing_intents.h"
#include "feature/routing/routing_out.h"

#include <string.h>

#define OUT_PLACE(host) ROUTING_PLACE(host, host_fields, host_config, out)

static const struct named_hop *hop_called(const struct routing *routing, const char *name)
{
	const struct named_hop *hops = routing->nexthops.items;

	for (unsigned i = 0; i < routing->nexthops.count; i++)
		if (!strcmp(hops[i].name, name))
			return &hops[i];
	return NULL;
}

/* Whether a hop may lead to @link: who names no link may, for all that the file tells. */
static bool hop_may_lead(const struct routing *routing, const struct gateway *via, const char *link,
			 const char *wanted)
{
	const struct named_hop *named = via->name ? hop_called(routing, via->name) : NULL;
	const struct hop *hops = named ? named->hops.items : NULL;

	if (!named)
		return !link || !strcmp(link, wanted);
	if (!named->hops.count)
		return !named->link || !strcmp(named->link, wanted);
	for (unsigned i = 0; i < named->hops.count; i++)
		if (!hops[i].link || !strcmp(hops[i].link, wanted))
			return true;
	return false;
}

static bool route_may_lead(const struct routing *routing, const struct route_config *route,
			   const char *wanted)
{
	const struct hop *hops = route->hops.items;

	if (!route->hops.count)
		return hop_may_lead(routing, &route->via, route->link, wanted);
	for (unsigned i = 0; i < route->hops.count; i++)
		if (hop_may_lead(routing, &hops[i].via, hops[i].link, wanted))
			return true;
	return false;
}

static bool is_default(const struct route_config *route)
{
	const struct prefix *to = route->to.items;

	for (unsigned i = 0; i < route->to.count; i++)
		if (route->type == WORD_UNICAST && (to[i].length == TO_DEFAULT || !to[i].length))
			return true;
	return false;
}

/* Whether @routes has a default; *ret_leads when one may lead to @wanted. */
static bool has_default(const struct routing *routing, const struct config_list *routes,
			const char *wanted, bool *ret_leads)
{
	const struct route_config *route = routes->items;
	bool found = false;

	for (unsigned i = 0; i < routes->count; i++) {
		if (!is_default(&route[i]))
			continue;
		found = true;
		*ret_leads |= route_may_lead(routing, &route[i], wanted);
	}
	return found;
}

void host_out_check(const struct routing *routing, struct diags *diags)
{
	const struct table_config *table = routing->tables.items;
	const char *out = routing->host.out;
	bool leads = false;

	if (!out || !has_default(routing, &routing->routes, out, &leads))
		return;
	for (unsigned i = 0; i < routing->tables.count; i++)
		(void)has_default(routing, &table[i].routes, out, &leads);
	if (!leads)
		diag_warn(
			diags, OUT_PLACE(&routing->host),
			"no default route of this file leaves by %s, and the host's own packets "
			"leave "
			"only there: unless DHCP or router advertisements give one, they reach no "
			"more "
			"than its networks; add { to: default, via: ROUTER, link: %s } to `routes`",
			out, out);
}

/* Whether table @table, of ways out, has a default route that leads somewhere. */
static bool table_has_default(const struct work *work, uint32_t table, uint8_t family)
{
	for (size_t i = 0; i < work->filled.count; i++)
		if (work->filled.items[i].table == table)
			return family == AF_INET ? work->filled.items[i].default4 :
						   work->filled.items[i].default6;
	return false;
}

static bool laid_default(const struct work *work, uint8_t family)
{
	for (size_t i = 0; i < work->out_routes.count; i++) {
		const struct host_route *route = state_at(&work->desired->state, OBJECT_ROUTE,
							  work->out_routes.items[i].index);

		if (route->table == RT_TABLE_MAIN && route->to.family == family &&
		    !route->to.length && route->type == RTN_UNICAST)
			return true;
	}
	return false;
}

/* What the host's packets would follow without us, or by `routes`. */
static bool main_has_default(const struct work *work, uint8_t family)
{
	for (size_t i = 0; i < work->foreign.count; i++)
		if (work->foreign.items[i]->to.family == family)
			return true;
	return laid_default(work, family);
}

/* A default route that the file has, perhaps there, waits; that is told already. */
static bool waits(const struct work *work)
{
	bool leads = false;

	return has_default(work->routing, &work->routing->routes, work->routing->host.out, &leads) &&
	       leads && !laid_default(work, AF_INET) && !laid_default(work, AF_INET6);
}

static bool is_warned_of(const struct diags *diags, struct place place)
{
	for (unsigned i = 0; i < diags->count; i++)
		if (diags->items[i].level == DIAG_WARNING &&
		    diags->items[i].at.file == place.file && diags->items[i].at.line == place.line &&
		    diags->items[i].at.column == place.column)
			return true;
	return false;
}

void host_out_warn(const struct work *work, uint32_t table)
{
	const char *out = work->routing->host.out;
	bool has4 = table_has_default(work, table, AF_INET);
	bool has6 = table_has_default(work, table, AF_INET6);
	bool cut4 = !has4 && main_has_default(work, AF_INET);
	bool cut6 = !has6 && main_has_default(work, AF_INET6);
	const char *of = cut4 == cut6 ? "" : cut4 ? "IPv4 " : "IPv6 ";

	if ((!cut4 && !cut6 && (has4 || has6)) || waits(work) ||
	    is_warned_of(work->desired->diags, OUT_PLACE(&work->routing->host)))
		return;
	diag_warn(work->desired->diags, OUT_PLACE(&work->routing->host),
		  "no %sdefault route leaves by %s, and the host's own packets leave only there: "
		  "they "
		  "reach no more than its networks; add { to: default, via: ROUTER, link: %s } to "
		  "`routes`, or name the link that has one",
		  of, out, out);
}
