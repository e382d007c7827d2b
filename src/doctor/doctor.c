/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The round of the checks. What several of them ask (which addresses are ours, what is in a table)
 * is gathered once, so that a host of a million routes is walked a few times and not for each
 * question.
 */
#include "doctor/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A thousand rules that are all shadowed say no more than these. */
#define TOLD_MOST 16
#define SYSCTLS_MOST 64

/* In the order of their names where the severity is the same. */
static const struct check checks[] = {
	{ "own-gateway", check_own_gateway },
	{ "on-link", check_on_link },
	{ "log-server", check_log_server },
	{ "service-address", check_services },
	{ "rp-filter", check_rp_filter },
	{ "neighbour-table", check_neighbour_tables },
	{ "neighbour-table", check_neighbour_room },
	{ "arp-ignore", check_arp_ignore },
	{ "local-table", check_local_table },
	{ "shadowed-rule", check_shadowed_rules },
	{ "table", check_tables },
	{ "duplicate-address", check_duplicate_addresses },
	{ "duplicate-address", check_claimants },
	{ "bond", check_bonds },
	{ "mtu", check_mtu },
	{ "forwarding", check_forwarding },
	{ "linknet", check_linknets },
	{ "udp-server", check_udp_servers },
	{ "proxy", check_proxies },
	{ "responder", check_stand_ins },
	{ "reception", check_reception },
};

/* What the checks look at beside what the model does. */
static const char *const sysctls[] = {
	"net/ipv4/conf/*/arp_ignore",	"net/ipv4/conf/*/proxy_arp",	"net/ipv6/conf/*/proxy_ndp",
	"net/ipv4/neigh/*/proxy_delay", "net/ipv6/neigh/*/proxy_delay",
};

const char *const *doctor_sysctls(size_t *ret_count)
{
	static const char *all[SYSCTLS_MOST];
	size_t count = 0;

	for (size_t i = 0; i < model_sysctl_count && count < SYSCTLS_MOST; i++)
		all[count++] = model_sysctls[i];
	for (size_t i = 0; i < ARRAY_SIZE(sysctls) && count < SYSCTLS_MOST; i++)
		all[count++] = sysctls[i];
	*ret_count = count;
	return all;
}

const char *severity_name(enum severity severity)
{
	static const char *const names[] = { "note", "warning", "error" };

	return names[severity];
}

struct finding *finding_add(struct examination *examination, enum severity severity)
{
	static struct finding unread;
	struct finding *finding = &unread;

	if (++examination->told > TOLD_MOST) {
		examination->findings->dropped++;
		text_free(&unread.what);
		text_free(&unread.where);
		text_free(&unread.why);
		text_free(&unread.line);
		text_free(&unread.command);
		return finding;
	}
	finding = VEC_PUSH(&examination->findings->items);
	finding->severity = severity;
	return finding;
}

static int by_address(const void *a, const void *b)
{
	const struct own *one = a, *other = b;
	int order = address_compare(&one->address, &other->address);

	return order ? order : one->link < other->link ? -1 : one->link > other->link;
}

const struct own *own_find(const struct examination *examination, const struct address *address)
{
	size_t low = 0, high = examination->own.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (address_compare(&examination->own.items[middle].address, address) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low < examination->own.count &&
			       address_equal(&examination->own.items[low].address, address) ?
		       &examination->own.items[low] :
		       NULL;
}

static int by_table(const void *a, const void *b)
{
	const struct table *one = a, *other = b;

	if (one->family != other->family)
		return one->family < other->family ? -1 : 1;
	return one->number < other->number ? -1 : one->number > other->number;
}

const struct table *table_find(const struct examination *examination, uint8_t family, uint32_t number)
{
	const struct table like = { .family = family, .number = number };

	return examination->tables.count ?
		       bsearch(&like, examination->tables.items, examination->tables.count,
			       sizeof(like), by_table) :
		       NULL;
}

const char *link_name(const struct examination *examination, uint32_t index)
{
	const struct host_link *link = state_link(examination->state, index);

	return link ? link->name : "(gone)";
}

const char *table_name(uint32_t number, char buffer[16])
{
	if (number == RT_TABLE_MAIN)
		strcpy(buffer, "main");
	else if (number == RT_TABLE_LOCAL)
		strcpy(buffer, "local");
	else if (number == RT_TABLE_DEFAULT)
		strcpy(buffer, "default");
	else
		snprintf(buffer, 16, "%u", number);
	return buffer;
}

long sysctl_number(const struct examination *examination, const char *name, long otherwise)
{
	struct host_sysctl like = { 0 };
	const struct host_sysctl *sysctl;

	snprintf(like.name, sizeof(like.name), "%s", name);
	sysctl = state_find(examination->state, OBJECT_SYSCTL, &like);
	return sysctl ? atol(sysctl->value) : otherwise;
}

long link_sysctl(const struct examination *examination, uint8_t family, const char *link,
		 const char *leaf)
{
	const char *folder = family == AF_INET ? "ipv4" : "ipv6";
	char name[sizeof(((struct host_sysctl *)0)->name)];
	long own, all;

	snprintf(name, sizeof(name), "net/%s/conf/%s/%s", folder, link, leaf);
	own = sysctl_number(examination, name, 0);
	snprintf(name, sizeof(name), "net/%s/conf/all/%s", folder, leaf);
	all = sysctl_number(examination, name, 0);
	return own > all ? own : all;
}

static size_t add_nexthop(const struct examination *examination, uint32_t id, struct way ways[],
			  size_t count)
{
	const struct host_nexthop *nexthop = state_find(examination->state, OBJECT_NEXTHOP,
							&(struct host_nexthop){ .id = id });

	if (!nexthop || nexthop->member_count || nexthop->blackhole || count == WAYS_MAX)
		return count;
	ways[count] = (struct way){ nexthop->link, nexthop->via };
	return count + 1;
}

size_t route_ways(const struct examination *examination, const struct host_route *route,
		  struct way ways[WAYS_MAX])
{
	const struct host_nexthop *nexthop;
	size_t count = 0;

	if (route->type != RTN_UNICAST)
		return 0;
	if (!route->nexthop) {
		ways[0] = (struct way){ route->link, route->via };
		return 1;
	}
	nexthop = state_find(examination->state, OBJECT_NEXTHOP,
			     &(struct host_nexthop){ .id = route->nexthop });
	if (!nexthop || !nexthop->member_count)
		return add_nexthop(examination, route->nexthop, ways, 0);
	for (uint8_t i = 0; i < nexthop->member_count; i++)
		count = add_nexthop(examination, nexthop->members[i].id, ways, count);
	return count;
}

const char *destination_text(const struct prefix *to, char buffer[ADDRESS_TEXT_SIZE])
{
	return to->length ? prefix_text(to, buffer) : strcpy(buffer, "default");
}

const char *ip_command(uint8_t family)
{
	return family == AF_INET6 ? "ip -6" : "ip";
}

static void gather_own(struct examination *examination)
{
	STATE_EACH(examination->state, OBJECT_ADDRESS, const struct host_address, address) {
		struct own *own = VEC_PUSH(&examination->own);

		own->address = prefix_address(&address->prefix);
		own->network = address->prefix;
		own->link = address->link;
	}
	if (examination->own.count)
		qsort(examination->own.items, examination->own.count, sizeof(struct own), by_address);
}

/* Routes are sorted by table, then prefix: those of a table and family stand together. */
static void gather_tables(struct examination *examination)
{
	struct table *table = NULL;
	bool thrown = false;

	STATE_EACH(examination->state, OBJECT_ROUTE, const struct host_route, route) {
		if (!table || table->number != route->table || table->family != route->to.family) {
			table = VEC_PUSH(&examination->tables);
			table->number = route->table;
			table->family = route->to.family;
			thrown = false;
		}
		table->routes++;
		thrown |= route->type == RTN_THROW;
		table->decides |= !route->to.length;
		table->decides &= !thrown;
	}
	if (examination->tables.count)
		qsort(examination->tables.items, examination->tables.count, sizeof(*table), by_table);
}

/* The worst first, else in the order in which they were found. */
static void sort_findings(struct findings *findings)
{
	VEC(struct finding) sorted = { 0 };

	for (int severity = SEVERITY_COUNT - 1; severity >= 0; severity--)
		for (size_t i = 0; i < findings->items.count; i++)
			if ((int)findings->items.items[i].severity == severity)
				*VEC_PUSH(&sorted) = findings->items.items[i];
	free(findings->items.items);
	findings->items.items = sorted.items;
	findings->items.room = sorted.room;
}

void doctor_examine(const struct patient *patient, struct findings *ret_findings)
{
	struct examination examination = { .patient = patient,
					   .state = patient->state,
					   .findings = ret_findings };

	*ret_findings = (struct findings){ 0 };
	examination.model = model_new(patient->state);
	gather_own(&examination);
	gather_tables(&examination);
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++) {
		size_t before = ret_findings->items.count;

		examination.told = 0;
		checks[i].look(&examination);
		for (; before < ret_findings->items.count; before++)
			ret_findings->items.items[before].check = checks[i].name;
	}
	sort_findings(ret_findings);
	model_free(examination.model);
	VEC_FREE(&examination.own);
	VEC_FREE(&examination.tables);
}

void findings_free(struct findings *findings)
{
	for (size_t i = 0; i < findings->items.count; i++) {
		struct finding *finding = &findings->items.items[i];

		text_free(&finding->what);
		text_free(&finding->where);
		text_free(&finding->why);
		text_free(&finding->line);
		text_free(&finding->command);
	}
	VEC_FREE(&findings->items);
}
