/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The index of a state: links by number and by name, tables as longest-prefix tables, rules with
 * what they name looked up. Built in one walk over each set; a look-up then only reads.
 */
#include "model/inside.h"

#include "base/mem.h"

#include <linux/fib_rules.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const model_sysctls[] = {
	"net/ipv4/conf/*/forwarding",
	"net/ipv4/conf/*/rp_filter",
	"net/ipv4/conf/*/src_valid_mark",
	"net/ipv4/conf/*/accept_local",
	"net/ipv4/conf/*/route_localnet",
	"net/ipv4/conf/*/send_redirects",
	"net/ipv4/conf/*/ignore_routes_with_linkdown",
	"net/ipv6/conf/*/ignore_routes_with_linkdown",
	"net/ipv6/conf/*/use_oif_addrs_only",
	"net/ipv6/conf/*/use_tempaddr",
	"net/ipv6/conf/all/forwarding",
};
const size_t model_sysctl_count = ARRAY_SIZE(model_sysctls);

#define LOOPBACK 1

/* What a kernel has from its start, and what stands for rules that a state does not tell of. */
static const struct host_rule boot_rules[] = {
	{ .family = AF_INET, .preference = 0, .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL },
	{ .family = AF_INET, .preference = 32766, .action = FR_ACT_TO_TBL, .table = RT_TABLE_MAIN },
	{ .family = AF_INET, .preference = 32767, .action = FR_ACT_TO_TBL, .table = RT_TABLE_DEFAULT },
	{ .family = AF_INET6, .preference = 0, .action = FR_ACT_TO_TBL, .table = RT_TABLE_LOCAL },
	{ .family = AF_INET6, .preference = 32766, .action = FR_ACT_TO_TBL, .table = RT_TABLE_MAIN },
};

const struct model_link *model_link(const struct model *model, uint32_t index)
{
	size_t low = 0, high = model->link_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (model->links[middle].link->index < index)
			low = middle + 1;
		else
			high = middle;
	}
	return low < model->link_count && model->links[low].link->index == index ?
		       &model->links[low] :
		       NULL;
}

static int by_name(const void *a, const void *b)
{
	const struct model_link *const *left = a, *const *right = b;

	return strncmp((*left)->link->name, (*right)->link->name, IFNAMSIZ);
}

const struct model_link *model_link_named(const struct model *model, const char *name)
{
	size_t low = 0, high = model->link_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strncmp(model->by_name[middle]->link->name, name, IFNAMSIZ);

		if (!order)
			return model->by_name[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct model_table *model_table(const struct model *model, uint32_t id)
{
	size_t low = 0, high = model->table_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (model->tables[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < model->table_count && model->tables[low].id == id ? &model->tables[low] : NULL;
}

const struct host_nexthop *model_nexthop(const struct model *model, uint32_t id)
{
	return state_find(model->state, OBJECT_NEXTHOP, &(struct host_nexthop){ .id = id });
}

static struct model_shared *shared_of(const struct model *model, const struct host_nexthop *object)
{
	const struct host_nexthop *first = state_at(model->state, OBJECT_NEXTHOP, 0);

	return &model->shared[object - first];
}

struct model_shared model_shared(const struct model *model, const struct host_route *route)
{
	const struct host_nexthop *object, *member;
	struct model_shared all = { 0 };

	if (!route->nexthop || route->to.family != AF_INET6)
		return all;
	object = model_nexthop(model, route->nexthop);
	if (object && !object->member_count)
		return *shared_of(model, object);
	for (unsigned i = 0; object && i < object->member_count; i++) {
		member = model_nexthop(model, object->members[i].id);
		if (!member)
			continue;
		all.sources_differ |= shared_of(model, member)->sources_differ;
		all.lengths_differ |= shared_of(model, member)->lengths_differ;
	}
	return all;
}

/* The nexthop object whose link the source is chosen for. */
static uint32_t first_object(const struct model *model, const struct host_route *route)
{
	const struct host_nexthop *object = model_nexthop(model, route->nexthop);

	return object && object->member_count ? object->members[0].id : route->nexthop;
}

static void share(struct model *model, const struct host_route *route,
		  const struct host_nexthop *object)
{
	struct model_shared *shared = shared_of(model, object);

	if (!shared->route)
		shared->route = route;
	shared->sources_differ |= !address_equal(&shared->route->source, &route->source) ||
				  first_object(model, shared->route) != first_object(model, route);
	shared->lengths_differ |= shared->route->to.length != route->to.length;
}

static void share_nexthops(struct model *model)
{
	model->shared =
		mem_alloc((state_count(model->state, OBJECT_NEXTHOP) + 1) * sizeof(*model->shared));
	STATE_EACH(model->state, OBJECT_ROUTE, const struct host_route, route) {
		const struct host_nexthop *object, *member;

		if (!route->nexthop || route->to.family != AF_INET6)
			continue;
		object = model_nexthop(model, route->nexthop);
		for (unsigned i = 0; object && i < object->member_count; i++) {
			member = model_nexthop(model, object->members[i].id);
			if (member)
				share(model, route, member);
		}
		if (object && !object->member_count)
			share(model, route, object);
	}
}

static bool known(int8_t value, unsigned *doubts)
{
	if (value < 0)
		*doubts |= DOUBT_SYSCTL;
	return value > 0;
}

bool conf_either(int8_t all, int8_t link, unsigned *doubts)
{
	if (all > 0 || link > 0)
		return true;
	return known(all, doubts) || known(link, doubts);
}

int conf_larger(int8_t all, int8_t link, unsigned *doubts)
{
	if (all < 0 || link < 0)
		*doubts |= DOUBT_SYSCTL;
	return all > link ? all : link > 0 ? link : 0;
}

bool conf_own(int8_t link, unsigned *doubts)
{
	return known(link, doubts);
}

static int8_t setting(const struct state *state, const char *family, const char *link,
		      const char *name)
{
	const struct host_sysctl *found;
	struct host_sysctl like = { 0 };

	snprintf(like.name, sizeof(like.name), "net/%s/conf/%s/%s", family, link, name);
	found = state_find(state, OBJECT_SYSCTL, &like);
	if (!found)
		return -1;
	return (int8_t)(found->value[0] >= '0' && found->value[0] <= '9' ? atoi(found->value) : -1);
}

static struct model_conf settings(const struct state *state, const char *link)
{
	return (struct model_conf){
		.forwarding = setting(state, "ipv4", link, "forwarding"),
		.rp_filter = setting(state, "ipv4", link, "rp_filter"),
		.src_valid_mark = setting(state, "ipv4", link, "src_valid_mark"),
		.accept_local = setting(state, "ipv4", link, "accept_local"),
		.route_localnet = setting(state, "ipv4", link, "route_localnet"),
		.send_redirects = setting(state, "ipv4", link, "send_redirects"),
		.ignore_linkdown = {
			setting(state, "ipv4", link, "ignore_routes_with_linkdown"),
			setting(state, "ipv6", link, "ignore_routes_with_linkdown"),
		},
		.use_oif_addrs_only = setting(state, "ipv6", link, "use_oif_addrs_only"),
		.use_tempaddr = setting(state, "ipv6", link, "use_tempaddr"),
	};
}

/* A link of a VRF, or the VRF itself. A port of a bridge is in none: the bridge is. */
static uint32_t vrf_of(const struct state *state, const struct host_link *link)
{
	const struct host_link *master;

	if (link->type == LINK_VRF)
		return link->index;
	master = link->master ? state_link(state, link->master) : NULL;
	return master && master->type == LINK_VRF ? master->index : 0;
}

static void find_addresses(const struct state *state, struct model_link *link)
{
	const struct host_address like = { .link = link->link->index };
	size_t count = state_count(state, OBJECT_ADDRESS);
	const struct host_address *address;

	link->addresses = state_lower_bound(state, OBJECT_ADDRESS, &like);
	for (size_t i = link->addresses; i < count; i++) {
		address = state_at(state, OBJECT_ADDRESS, i);
		if (address->link != link->link->index)
			break;
		link->address_count++;
	}
}

/*
 * A link that is only planned has no flags yet; it is to come up, and nothing is known against its
 * carrier.
 */
static void index_links(struct model *model)
{
	struct model_link *at = model->links;

	STATE_EACH(model->state, OBJECT_LINK, const struct host_link, link) {
		at->link = link;
		at->vrf = vrf_of(model->state, link);
		at->up = (link->flags & IFF_UP) || link->state == LINK_UP;
		at->linked = (link->flags & IFF_LOWER_UP) || !(link->flags & IFF_UP);
		at->conf = settings(model->state, link->name);
		find_addresses(model->state, at);
		model->by_name[at - model->links] = at;
		at++;
	}
	qsort(model->by_name, model->link_count, sizeof(*model->by_name), by_name);
}

static bool same_prefix(const struct host_route *a, const struct host_route *b)
{
	return a->table == b->table && prefix_compare(&a->to, &b->to) == 0;
}

/* Makes the table of the routes @first .. @end (not included), which are those of one table. */
static void add_table(struct model *model, size_t first, size_t end)
{
	struct lpm_entry *entries = mem_alloc((end - first) * sizeof(*entries));
	const struct host_route *last = NULL, *route = NULL;
	size_t count = 0;

	for (size_t i = first; i < end; i++, last = route) {
		route = state_at(model->state, OBJECT_ROUTE, i);
		if (!last || !same_prefix(last, route))
			entries[count++] = (struct lpm_entry){ route->to, (uint32_t)i };
	}
	model->tables[model->table_count++] =
		(struct model_table){ .id = route->table, .lpm = lpm_new(entries, count) };
	free(entries);
}

static size_t count_tables(const struct state *state)
{
	uint32_t last = 0;
	size_t count = 0;

	STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route) {
		if (!count || route->table != last)
			count++;
		last = route->table;
	}
	return count;
}

static void index_tables(struct model *model)
{
	size_t count = state_count(model->state, OBJECT_ROUTE), first = 0;

	model->tables = mem_alloc((count_tables(model->state) + 1) * sizeof(*model->tables));
	for (size_t i = 0; i < count; i++) {
		const struct host_route *route = state_at(model->state, OBJECT_ROUTE, i);
		const struct host_route *next =
			i + 1 < count ? state_at(model->state, OBJECT_ROUTE, i + 1) : NULL;

		if (route->type == RTN_LOCAL && route->to.family == AF_INET &&
		    route->protocol != RTPROT_KERNEL)
			model->custom_local = true;
		if (next && next->table == route->table)
			continue;
		add_table(model, first, i + 1);
		first = i + 1;
	}
}

static uint32_t index_named(const struct model *model, const char *name, bool *ret_vrf)
{
	const struct model_link *link = name[0] ? model_link_named(model, name) : NULL;

	*ret_vrf = link && link->link->type == LINK_VRF;
	return !name[0] ? 0 : link ? link->link->index : NO_LINK;
}

static void add_rule(struct model *model, const struct host_rule *rule)
{
	struct model_rules *rules = &model->rules[rule->family == AF_INET6];
	struct model_rule *at = &rules->items[rules->count++];

	at->rule = rule;
	at->in = index_named(model, rule->in, &at->in_vrf);
	at->out = index_named(model, rule->out, &at->out_vrf);
	if (rule->action == FR_ACT_TO_TBL && !rule->l3mdev)
		at->table = model_table(model, rule->table);
	if ((rule->ip_protocol || rule->sport.end || rule->dport.end) && at->in != LOOPBACK)
		rules->dissects = true;
}

/* The rules of boot stand where nobody else's are told; ours come from a plan then. */
static void collect_rules(struct model *model, uint8_t family)
{
	struct model_rules *rules = &model->rules[family == AF_INET6];
	bool foreign = false;
	size_t boot = 0;

	STATE_EACH(model->state, OBJECT_RULE, const struct host_rule, rule) {
		foreign |= rule->family == family && !rule->object.ours;
	}
	rules->items = mem_alloc((state_count(model->state, OBJECT_RULE) + ARRAY_SIZE(boot_rules)) *
				 sizeof(*rules->items));
	STATE_EACH(model->state, OBJECT_RULE, const struct host_rule, rule) {
		if (rule->family != family)
			continue;
		for (; !foreign && boot < ARRAY_SIZE(boot_rules); boot++) {
			if (boot_rules[boot].family == family &&
			    boot_rules[boot].preference > rule->preference)
				break;
			if (boot_rules[boot].family == family)
				add_rule(model, &boot_rules[boot]);
		}
		add_rule(model, rule);
	}
	for (; !foreign && boot < ARRAY_SIZE(boot_rules); boot++)
		if (boot_rules[boot].family == family)
			add_rule(model, &boot_rules[boot]);
}

/* The kernel jumps to the first rule of the preference, and only forwards. */
static void link_jumps(struct model_rules *rules)
{
	for (size_t i = 0; i < rules->count; i++) {
		uint32_t target = rules->items[i].rule->target;
		size_t low = i + 1, high = rules->count;

		if (rules->items[i].rule->action != FR_ACT_GOTO)
			continue;
		while (low < high) {
			size_t middle = low + (high - low) / 2;

			if (rules->items[middle].rule->preference < target)
				low = middle + 1;
			else
				high = middle;
		}
		rules->items[i].target = low < rules->count && rules->items[low].rule->preference ==
								       target ?
						 low :
						 rules->count;
	}
}

static bool is_plain(const struct host_rule *rule)
{
	return rule->action == FR_ACT_TO_TBL && !rule->invert && !rule->l3mdev && !rule->tos &&
	       !rule->ip_protocol && !rule->opaque && !rule->in[0] && !rule->out[0] &&
	       !rule->from.length && !rule->to.length && !rule->mask && !rule->uid.end &&
	       !rule->sport.end && !rule->dport.end && !rule->suppress;
}

static bool looks_booted(const struct model_rules *rules)
{
	if (rules->count != 3)
		return false;
	for (size_t i = 0; i < 3; i++)
		if (!is_plain(rules->items[i].rule) ||
		    rules->items[i].rule->preference != boot_rules[i].preference ||
		    rules->items[i].rule->table != boot_rules[i].table)
			return false;
	return true;
}

struct model *model_new(const struct state *state)
{
	struct model *model = mem_alloc(sizeof(*model));

	model->state = state;
	model->link_count = state_count(state, OBJECT_LINK);
	model->links = mem_alloc((model->link_count + 1) * sizeof(*model->links));
	model->by_name = mem_alloc((model->link_count + 1) * sizeof(*model->by_name));
	model->all = settings(state, "all");
	model->forwarding6 = setting(state, "ipv6", "all", "forwarding");
	index_links(model);
	index_tables(model);
	share_nexthops(model);
	collect_rules(model, AF_INET);
	collect_rules(model, AF_INET6);
	link_jumps(&model->rules[0]);
	link_jumps(&model->rules[1]);
	model->merged = looks_booted(&model->rules[0]);
	return model;
}

void model_free(struct model *model)
{
	if (!model)
		return;
	for (size_t i = 0; i < model->table_count; i++)
		lpm_free(model->tables[i].lpm);
	free(model->tables);
	free(model->links);
	free(model->shared);
	free(model->by_name);
	free(model->rules[0].items);
	free(model->rules[1].items);
	free(model);
}

const struct state *model_state(const struct model *model)
{
	return model->state;
}
