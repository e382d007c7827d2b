/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From what the file says of links to links, addresses and settings. A link that is there is desired
 * as it is but for what the file says, so that what nobody asks for is nobody's wish; what it was
 * before comes along, so that it can go back. A link that is to be made gets its index here: what lies
 * on it can be desired in the same plan.
 */
#include "feature/links/links.h"

#include "base/mem.h"
#include "host/link_made.h"

#include <errno.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What the kernel gives to links of ethernet that are made. */
#define MTU_MADE 1500
#define QUEUE_MADE 1000

/* A link that is there, by its name. */
struct named {
	const char *name;
	const struct host_link *link;
};

struct resolver {
	const struct facts *facts;
	const struct named *named; /* sorted */
	size_t named_count;
	struct link_wishes *wishes;
	struct desired *desired;
};

static bool is_made(const struct link_wish *wish)
{
	return wish->config && link_config_type(wish->config) != LINK_PLAIN;
}

/*
 * The first bond that anybody makes has the kernel load its driver, which then makes one of its own,
 * bond0. Nobody's wish: down, without members, as it comes.
 */
static bool is_drivers_own(const struct host_link *link, const struct state *observed)
{
	if (!link_is_drivers_own(link))
		return false;
	STATE_EACH(observed, OBJECT_LINK, const struct host_link, other)
		if (other->master == link->index || other->parent == link->index)
			return false;
	return true;
}

static int named_order(const void *a, const void *b)
{
	return strcmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

static struct named *names_sorted(const struct state *observed)
{
	struct named *named = mem_alloc((state_count(observed, OBJECT_LINK) + 1) * sizeof(*named));
	size_t count = 0;

	STATE_EACH(observed, OBJECT_LINK, const struct host_link, link)
		named[count++] = (struct named){ link->name, link };
	if (count)
		qsort(named, count, sizeof(*named), named_order);
	return named;
}

/* As facts_link(), for thousands of links. */
static const struct host_link *existing_link(const struct resolver *resolver, const char *name)
{
	const struct named like = { .name = name }, *found = NULL;

	if (resolver->named_count)
		found = bsearch(&like, resolver->named, resolver->named_count, sizeof(like),
				named_order);
	return found ? found->link : NULL;
}

/* A link that the plan will have: a wish that does not wait, or one that is there; or NULL. */
static const struct host_link *link_to_be(const struct resolver *resolver, const char *name)
{
	const struct link_wish *wish = link_wish_named(resolver->wishes, name);

	if (wish)
		return wish->link.index ? &wish->link : NULL;
	return existing_link(resolver, name);
}

static uint32_t index_of(const struct resolver *resolver, const char *name)
{
	const struct host_link *link = name ? link_to_be(resolver, name) : NULL;

	return link ? link->index : 0;
}

/*
 * A VLAN is one of its kind on its link: under another name it is the same one, which is renamed,
 * since a second one would be refused while it stands.
 */
static const struct host_link *renamed_vlan(const struct resolver *resolver,
					    const struct host_link *link)
{
	if (link->type != LINK_VLAN)
		return NULL;
	STATE_EACH(resolver->facts->observed, OBJECT_LINK, const struct host_link, other)
		if (link_is_made(other) && other->type == LINK_VLAN && other->parent == link->parent &&
		    other->vlan.id == link->vlan.id && other->vlan.protocol == link->vlan.protocol &&
		    !link_wish_named(resolver->wishes, other->name))
			return other;
	return NULL;
}

/* A link that we make, or made. */
static void make(const struct resolver *resolver, struct link_wish *wish,
		 const struct host_link *existing, uint32_t parent)
{
	struct host_link *link = &wish->link, made = { .parent = parent };

	link_config_made(wish->config, false, &made);
	if (!existing)
		existing = renamed_vlan(resolver, &made);
	if (existing && existing->type == made.type)
		*link = *existing;
	link_config_made(wish->config, false, link);
	snprintf(link->name, sizeof(link->name), "%s", wish->name);
	link->index = existing ?
			      existing->index :
			      link_index_for(wish->name, resolver->facts->observed, resolver->wishes);
	link->group = HOST_PROTOCOL;
	link->former = (struct link_former){ 0 };
	if (parent)
		link->parent = parent;
	if (existing && link_is_recreated(existing, link))
		memset(link->mac, 0, sizeof(link->mac));
}

static void refuse_other(const struct resolver *resolver, const struct link_wish *wish,
			 const struct host_link *existing, const struct host_link *wanted)
{
	AUTO_TEXT difference = { 0 };

	object_print_change(OBJECT_LINK, existing, wanted, resolver->facts->observed, &difference);
	diag_at(resolver->desired->diags, wish->place, -EINVAL,
		"%s exists, and somebody else made it otherwise (%s); remove it (ip link delete "
		"%s), "
		"so that it is made as it is written here, or ask for it as it is",
		wish->name, text_string(&difference), wish->name);
}

/*
 * A link that somebody else made of the type that is asked for is taken as it is, if it is what the
 * file says. Returns whether it is.
 */
static bool adopt(const struct resolver *resolver, struct link_wish *wish,
		  const struct host_link *existing, uint32_t parent)
{
	struct host_link wanted = *existing;

	if (is_made(wish)) {
		link_config_made(wish->config, true, &wanted);
		wanted.parent = parent ? parent : wanted.parent;
	}
	if (!kind_satisfies(&link_kind, &wanted, existing)) {
		refuse_other(resolver, wish, existing, &wanted);
		return false;
	}
	wish->link = *existing;
	return true;
}

static void wait_for_it(const struct resolver *resolver, const struct link_wish *wish)
{
	if (wish->config)
		desire_pending(resolver->desired, wish->place, "link %s does not exist now",
			       wish->name);
	else
		desire_pending(resolver->desired, wish->place,
			       "%s waits for its member %s, which does not exist now", wish->master,
			       wish->name);
}

static bool is_known(const struct host_link *link, unsigned bit)
{
	return link->former.known & bit;
}

/* MTU, queue and MAC: as the file says, else as it was, else as such a link has it. */
static void set_numbers(struct link_wish *wish, const struct host_link *below)
{
	const struct link_config *config = wish->config;
	struct host_link *link = &wish->link;
	bool made = link->group == HOST_PROTOCOL;
	const struct place *places = config ? config->record.places : NULL;

	if (config && config->mtu)
		link->mtu = config->mtu;
	else if (is_known(link, LINK_FORMER_MTU))
		link->mtu = link->former.mtu;
	else if (made && below)
		link->mtu = below->mtu;
	else if (made &&
		 (link->type == LINK_BOND || link->type == LINK_DUMMY || link->type == LINK_VETH))
		link->mtu = MTU_MADE;
	if (config && config->queue)
		link->queue = config->queue;
	else if (is_known(link, LINK_FORMER_QUEUE))
		link->queue = link->former.queue;
	else if (made)
		link->queue = QUEUE_MADE;
	if (places && config->mac.given)
		memcpy(link->mac, config->mac.bytes, sizeof(link->mac));
	else if (is_known(link, LINK_FORMER_MAC))
		memcpy(link->mac, link->former.mac, sizeof(link->mac));
	/* Others may want it (reception.h), and say so after us. */
	if (is_known(link, LINK_FORMER_ALLMULTI))
		link->allmulti = link->former.allmulti;
	else if (made)
		link->allmulti = 0;
}

static void set_state(const struct resolver *resolver, struct link_wish *wish,
		      const struct host_link *below)
{
	struct host_link *link = &wish->link;

	link->state = !wish->config || wish->config->up ? LINK_UP : LINK_DOWN;
	/* Linux refuses to bring a VLAN up on a link that is down, and takes it down with it. */
	if (link->type == LINK_VLAN && link->state == LINK_UP && below && below->state != LINK_UP) {
		link->state = LINK_DOWN;
		desire_pending(resolver->desired, wish->place, "%s waits for link %s to come up",
			       wish->name, below->name);
	}
	link->flags = link->state == LINK_UP ? link->flags | IFF_UP : link->flags & ~(unsigned)IFF_UP;
}

static void set_master(const struct resolver *resolver, struct link_wish *wish)
{
	const struct host_link *master = wish->master ? link_to_be(resolver, wish->master) : NULL;
	struct host_link *link = &wish->link;

	if (wish->master && !master)
		desire_pending(resolver->desired, wish->master_place,
			       "%s waits for %s, which does not exist now", wish->name, wish->master);
	if (master)
		link->master = master->index;
	else if (is_known(link, LINK_FORMER_MASTER))
		link->master = state_link(resolver->facts->observed, link->former.master) ?
				       link->former.master :
				       0;
	else if (link->group == HOST_PROTOCOL)
		link->master = 0;
	if (master)
		link->port.type = master->type;
}

/* Of a link that is not ours: what is changed for the first time, and what is as it was again. */
static void note_former(struct host_link *link, const struct host_link *existing)
{
	struct link_former *former = &link->former;
	const struct {
		uint8_t bit;
		const void *now, *before;
		void *former;
		size_t size;
	} all[] = {
		{ LINK_FORMER_STATE, &link->state, &existing->state, &former->state, 1 },
		{ LINK_FORMER_MTU, &link->mtu, &existing->mtu, &former->mtu, 4 },
		{ LINK_FORMER_QUEUE, &link->queue, &existing->queue, &former->queue, 4 },
		{ LINK_FORMER_MASTER, &link->master, &existing->master, &former->master, 4 },
		{ LINK_FORMER_MAC, link->mac, existing->mac, former->mac, 6 },
		{ LINK_FORMER_ALLMULTI, &link->allmulti, &existing->allmulti, &former->allmulti, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(all); i++) {
		bool known = former->known & all[i].bit;

		if (!known && memcmp(all[i].now, all[i].before, all[i].size) != 0) {
			former->known |= all[i].bit;
			memcpy(all[i].former, all[i].before, all[i].size);
		} else if (known && !memcmp(all[i].now, all[i].former, all[i].size)) {
			former->known &= (uint8_t)~all[i].bit;
			memset(all[i].former, 0, all[i].size);
		}
	}
}

static struct link_wish *wish_named(const struct resolver *resolver, const char *name)
{
	return name ? link_wish_named(resolver->wishes, name) : NULL;
}

/* Finds or chooses the link itself. Returns false when it waits. */
static bool resolve_itself(const struct resolver *resolver, struct link_wish *wish, uint32_t parent)
{
	const struct host_link *existing = existing_link(resolver, wish->name);
	bool ours = existing &&
		    (link_is_made(existing) || existing->index == link_index_natural(wish->name));

	if (!is_made(wish) && (!existing || ours)) {
		wait_for_it(resolver, wish);
		return false;
	}
	if (is_made(wish) &&
	    (!existing || ours || is_drivers_own(existing, resolver->facts->observed))) {
		make(resolver, wish, existing, parent);
		return true;
	}
	return adopt(resolver, wish, existing, parent);
}

/* What it stands in and on first. */
static void resolve(const struct resolver *resolver, struct link_wish *wish)
{
	struct place place;
	const char *below = wish->config ? link_config_parent(wish->config, &place) : NULL;
	const struct host_link *link_below;
	struct link_wish *master = wish_named(resolver, wish->master);
	struct link_wish *under = wish_named(resolver, below);

	if (wish->resolved || wish->busy)
		return;
	wish->busy = true;
	if (master)
		resolve(resolver, master);
	if (under)
		resolve(resolver, under);
	link_below = below ? link_to_be(resolver, below) : NULL;
	wish->resolved = true;
	if (below && !link_below) {
		desire_pending(resolver->desired, place,
			       "%s waits for link %s, which does not exist now", wish->name, below);
		return;
	}
	if (!resolve_itself(resolver, wish, link_below ? link_below->index : 0))
		return;
	wish->link.depth = (uint8_t)(master || under);
	if (master && master->link.depth >= wish->link.depth)
		wish->link.depth = (uint8_t)(master->link.depth + 1);
	if (under && under->link.depth >= wish->link.depth)
		wish->link.depth = (uint8_t)(under->link.depth + 1);
	set_numbers(wish, link_below);
	set_state(resolver, wish, link_below);
	set_master(resolver, wish);
	if (wish->link.group != HOST_PROTOCOL)
		note_former(&wish->link, existing_link(resolver, wish->name));
}

/* Members are resolved after their bond, so that they come after it: then there is an index to name. */
static void set_primaries(const struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->wishes->items.count; i++) {
		struct link_wish *wish = &resolver->wishes->items.items[i];

		if (wish->link.type == LINK_BOND && wish->config &&
		    (wish->link.group == HOST_PROTOCOL || wish->config->bond.primary))
			wish->link.bond.primary = index_of(resolver, wish->config->bond.primary);
	}
}

/* The smallest of its ports, as Linux has it until somebody says otherwise, and cannot be told again. */
static uint32_t mtu_of_bridge(const struct resolver *resolver, uint32_t bridge)
{
	uint32_t mtu = 0;

	for (size_t i = 0; i < resolver->wishes->items.count; i++) {
		const struct host_link *port = &resolver->wishes->items.items[i].link;

		if (port->index && port->master == bridge && port->mtu && (!mtu || port->mtu < mtu))
			mtu = port->mtu;
	}
	STATE_EACH(resolver->facts->observed, OBJECT_LINK, const struct host_link, port)
		if (port->master == bridge && !link_wish_named(resolver->wishes, port->name) &&
		    !link_is_made(port) && !port->former.known && (!mtu || port->mtu < mtu))
			mtu = port->mtu;
	return mtu ? mtu : MTU_MADE;
}

static void set_mtus_of_bridges(const struct resolver *resolver)
{
	for (size_t i = 0; i < resolver->wishes->items.count; i++) {
		struct link_wish *wish = &resolver->wishes->items.items[i];

		if (wish->link.type == LINK_BRIDGE && wish->link.group == HOST_PROTOCOL &&
		    wish->config && !wish->config->mtu)
			wish->link.mtu = mtu_of_bridge(resolver, wish->link.index);
	}
}

static void desire_addresses(const struct link_wish *wish, struct desired *desired)
{
	const struct config_list *list = &wish->config->addresses;
	const struct prefix *addresses = list->items;

	for (unsigned i = 0; i < list->count; i++) {
		struct host_address address = { .link = wish->link.index, .prefix = addresses[i] };

		desire_object(desired, OBJECT_ADDRESS, list->places[i], &address);
	}
}

static void desire_setting(const struct link_wish *wish, size_t offset, const char *format,
			   uint32_t value, struct desired *desired)
{
	struct place place = config_place(wish->config, link_fields, offset);
	struct host_sysctl sysctl = { 0 };

	for (size_t i = 0; link_fields[i].name; i++)
		if (link_fields[i].offset == offset && !place_known(wish->config->record.places[i]))
			return;
	snprintf(sysctl.name, sizeof(sysctl.name), format, wish->name);
	snprintf(sysctl.value, sizeof(sysctl.value), "%u", value);
	desire_object(desired, OBJECT_SYSCTL, place, &sysctl);
}

static void desire_settings(const struct link_wish *wish, struct desired *desired)
{
	const struct link_config *config = wish->config;
	const struct {
		size_t offset;
		const char *format;
		uint32_t value;
	} settings[] = {
		{ offsetof(struct link_config, forwarding), "net/ipv4/conf/%s/forwarding",
		  config->forwarding },
		{ offsetof(struct link_config, forwarding), "net/ipv6/conf/%s/forwarding",
		  config->forwarding },
		{ offsetof(struct link_config, rp_filter), "net/ipv4/conf/%s/rp_filter",
		  config->rp_filter },
		{ offsetof(struct link_config, arp_ignore), "net/ipv4/conf/%s/arp_ignore",
		  config->arp_ignore },
		{ offsetof(struct link_config, arp_announce), "net/ipv4/conf/%s/arp_announce",
		  config->arp_announce },
		{ offsetof(struct link_config, accept_ra), "net/ipv6/conf/%s/accept_ra",
		  config->accept_ra },
	};

	for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
		desire_setting(wish, settings[i].offset, settings[i].format, settings[i].value,
			       desired);
}

void links_desire(const void *config, const struct facts *facts, struct desired *ret_desired)
{
	struct link_wishes wishes = { 0 };
	struct named *named = names_sorted(facts->observed);
	const struct resolver resolver = {
		.facts = facts,
		.named = named,
		.named_count = state_count(facts->observed, OBJECT_LINK),
		.wishes = &wishes,
		.desired = ret_desired,
	};

	link_wishes_collect(config, &wishes);
	for (size_t i = 0; i < wishes.items.count; i++)
		resolve(&resolver, &wishes.items.items[i]);
	set_primaries(&resolver);
	set_mtus_of_bridges(&resolver);
	for (size_t i = 0; i < wishes.items.count; i++) {
		struct link_wish *wish = &wishes.items.items[i];

		if (!wish->link.index)
			continue;
		desire_object(ret_desired, OBJECT_LINK, wish->place, &wish->link);
		if (!wish->config)
			continue;
		desire_addresses(wish, ret_desired);
		desire_settings(wish, ret_desired);
	}
	link_wishes_free(&wishes);
	mem_freep(&named);
}
