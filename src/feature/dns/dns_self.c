/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * While the service is well, its name has this server's addresses. While it is not but the server
 * lives, something better than silence is answered, since silence costs resolvers a second or two and
 * keeps them away long after: the address of a peer that is well, or an error by which they
 * turn to the next name server at once.
 *
 * Where nobody is well, all may be better than they seem (the network between, a check that is
 * wrong): by default this server answers with its own addresses, and says by an extended error that it
 * is not ready. A peer that asks does not take such an answer for health, or two servers that
 * are down would hold each other up.
 */
#include "feature/dns/dns_self.h"

#include "feature/check.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define TYPE_A 1
#define TYPE_AAAA 28

static const uint32_t default_when_down[] = { DNS_DOWN_PEERS, DNS_DOWN_REFUSED };

void dns_peer_check_name(const struct dns_peer *peer, const char *name, struct text *text)
{
	size_t length = strlen(name);

	text_printf(text, "dns peer %s %.*s", peer->name, (int)(length > 1 ? length - 1 : length),
		    name);
}

static bool peer_is_well(const struct dns_peer *peer, const char *name, const struct facts *facts)
{
	AUTO_TEXT check = { 0 };

	dns_peer_check_name(peer, name, &check);
	return health_usable(facts_health(facts, text_string(&check)));
}

static const struct dns_peer *first_well(const struct dns_self *self, const char *name,
					 const struct facts *facts)
{
	const struct dns_peer *peers = self->peers.items;

	for (unsigned i = 0; i < self->peers.count; i++)
		if (peer_is_well(&peers[i], name, facts))
			return &peers[i];
	return NULL;
}

/* What a resolver may be told of: usable by anybody, now and for a while. */
static bool address_serves(const struct host_address *address)
{
	const struct address value = prefix_address(&address->prefix);

	return !(address->flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED)) &&
	       !address_is_link_local(&value) && address->scope < RT_SCOPE_LINK;
}

static uint32_t link_addresses(const char *name, const struct facts *facts, struct arena *arena,
			       struct address **ret_addresses)
{
	const struct host_link *link = facts_link(facts, name);
	uint32_t count = 0;

	*ret_addresses = arena_alloc(arena, (state_count(facts->observed, OBJECT_ADDRESS) + 1) *
						    sizeof(**ret_addresses));
	STATE_EACH(facts->observed, OBJECT_ADDRESS, const struct host_address, address)
		if (link && address->link == link->index && address_serves(address))
			(*ret_addresses)[count++] = prefix_address(&address->prefix);
	return count;
}

static bool link_has_address(const char *name, const struct facts *facts)
{
	const struct host_link *link = facts_link(facts, name);

	STATE_EACH(facts->observed, OBJECT_ADDRESS, const struct host_address, address)
		if (link && address->link == link->index && address_serves(address))
			return true;
	return false;
}

static bool is_asked(const struct dns_self *self)
{
	const struct dns_own *own = self->addresses.items;

	return !self->link && (!self->addresses.count || own[0].asked);
}

static enum dns_self_mode mode_when_down(enum dns_when_down word)
{
	static const enum dns_self_mode modes[] = {
		[DNS_DOWN_PEERS] = DNS_SELF_ADDRESSES,	 [DNS_DOWN_REFUSED] = DNS_SELF_REFUSED,
		[DNS_DOWN_SERVFAIL] = DNS_SELF_SERVFAIL, [DNS_DOWN_NODATA] = DNS_SELF_NODATA,
		[DNS_DOWN_SILENT] = DNS_SELF_SILENT,
	};

	return modes[word];
}

static struct dns_decision decide_down(const struct dns_self *self, const char *name,
				       const struct facts *facts, struct dns_decision own)
{
	const uint32_t *words = self->when_down.count ? self->when_down.items : default_when_down;
	unsigned count = self->when_down.count ? self->when_down.count :
						 ARRAY_SIZE(default_when_down);
	struct dns_decision decision = { .mode = DNS_SELF_REFUSED, .no_address = own.no_address };

	for (unsigned i = 0; i < count; i++) {
		if (words[i] != DNS_DOWN_PEERS) {
			decision.mode = mode_when_down(words[i]);
			return decision;
		}
		decision.peer = first_well(self, name, facts);
		if (decision.peer) {
			decision.mode = DNS_SELF_ADDRESSES;
			return decision;
		}
		if (self->peers.count && self->fail == DNS_FAIL_OPEN && !own.no_address) {
			own.not_ready = true;
			return own;
		}
	}
	return decision;
}

struct dns_decision dns_self_decide(const struct dns_self *self, const char *name,
				    const struct facts *facts)
{
	struct dns_decision own = { .mode = is_asked(self) ? DNS_SELF_ASKED : DNS_SELF_ADDRESSES };

	own.no_address = self->link && !link_has_address(self->link, facts);
	if (!own.no_address && (!self->check || health_usable(facts_health(facts, self->check))))
		return own;
	return decide_down(self, name, facts, own);
}

static uint32_t peer_addresses(const struct dns_peer *peer, struct arena *arena,
			       struct address **ret_addresses)
{
	const struct address *listed = peer->addresses.items;
	uint32_t count = peer->addresses.count;

	*ret_addresses = arena_alloc(arena, (count + 1) * sizeof(**ret_addresses));
	(*ret_addresses)[0] = peer->server.address;
	for (uint32_t i = 0; i < count; i++)
		(*ret_addresses)[i] = listed[i];
	return count ? count : 1;
}

uint32_t dns_self_addresses(const struct dns_self *self, const struct dns_decision *decision,
			    const struct facts *facts, struct arena *arena,
			    struct address **ret_addresses)
{
	const struct dns_own *own = self->addresses.items;

	*ret_addresses = NULL;
	if (decision->mode != DNS_SELF_ADDRESSES)
		return 0;
	if (decision->peer)
		return peer_addresses(decision->peer, arena, ret_addresses);
	if (self->link)
		return link_addresses(self->link, facts, arena, ret_addresses);
	*ret_addresses = arena_alloc(arena, self->addresses.count * sizeof(**ret_addresses));
	for (unsigned i = 0; i < self->addresses.count; i++)
		(*ret_addresses)[i] = own[i].address;
	return self->addresses.count;
}

static void each_of_zone(const struct dns_zone *zone, dns_self_fn *told, void *data)
{
	const struct dns_self_name *names = zone->names.items;
	char text[NAME_TEXT_SIZE];
	struct dns_name name;

	if (dns_given(&zone->self.record) && dns_zone_name(zone, &name) == 0)
		told(data, zone, &zone->self, name_text(name.wire, text));
	for (unsigned i = 0; i < zone->names.count; i++)
		if (dns_self_name_of(zone, names[i].name, &name) == 0)
			told(data, zone, &names[i].self, name_text(name.wire, text));
}

void dns_self_each(const struct dns_config *config, dns_self_fn *told, void *data)
{
	const struct dns_zone *zones = config->zones.items;

	for (unsigned i = 0; i < config->zones.count; i++)
		each_of_zone(&zones[i], told, data);
}

struct making {
	const struct facts *facts;
	struct dns_self_orders *orders;
};

static void count_one(void *data, const struct dns_zone *zone, const struct dns_self *self,
		      const char *name)
{
	++*(uint32_t *)data;
}

static void make_one(void *data, const struct dns_zone *zone, const struct dns_self *self,
		     const char *name)
{
	const struct making *making = data;
	struct dns_self_orders *orders = making->orders;
	struct dns_order_self *order = &orders->selves[orders->self_count++];
	const struct dns_decision decision = dns_self_decide(self, name, making->facts);
	char text[NAME_TEXT_SIZE];
	struct dns_name apex;

	(void)dns_zone_name(zone, &apex);
	name_text(apex.wire, text);
	order->zone = arena_copy(orders->arena, text, strlen(text));
	order->name = arena_copy(orders->arena, name, strlen(name));
	order->mode = decision.mode;
	order->not_ready = decision.not_ready;
	order->ttl = self->ttl_ms / 1000;
	order->address_count = dns_self_addresses(self, &decision, making->facts, orders->arena,
						  &order->addresses);
}

void dns_selves_make(const struct dns_config *config, const struct facts *facts,
		     struct dns_self_orders *ret_orders)
{
	struct making making = { .facts = facts, .orders = ret_orders };
	uint32_t count = 0;

	*ret_orders = (struct dns_self_orders){ .arena = arena_new() };
	if (config)
		dns_self_each(config, count_one, &count);
	ret_orders->selves = arena_alloc(ret_orders->arena,
					 (count + 1) * sizeof(*ret_orders->selves));
	if (config)
		dns_self_each(config, make_one, &making);
}

static void check_peer(const struct dns_peer *peer, const char *name, struct check_list *list)
{
	const struct address *addresses = peer->addresses.count ? peer->addresses.items :
								  &peer->server.address;
	AUTO_TEXT check = { 0 };
	struct check_spec *spec;

	dns_peer_check_name(peer, name, &check);
	spec = check_list_add(list, CHECK_DNS, text_string(&check));
	*VEC_PUSH(&list->names) = mem_strdup(name);
	spec->query = list->names.items[list->names.count - 1];
	spec->place = peer->record.place;
	spec->every_ms = peer->every_ms;
	spec->at = peer->server.address;
	spec->port = peer->server.port;
	spec->type = addresses[0].family == AF_INET ? TYPE_A : TYPE_AAAA;
	spec->addresses = addresses;
	spec->address_count = peer->addresses.count ? peer->addresses.count : 1;
	/* Nothing is known at the start: a peer is not sent anybody before it has answered. */
	spec->rules.start = HEALTH_DOWN;
}

static void check_peers(void *data, const struct dns_zone *zone, const struct dns_self *self,
			const char *name)
{
	const struct dns_peer *peers = self->peers.items;
	struct check_list *list = data;

	for (unsigned i = 0; i < self->peers.count; i++)
		check_peer(&peers[i], name, list);
}

void dns_checks(const void *config, struct check_list *list)
{
	dns_self_each(config, check_peers, list);
}
