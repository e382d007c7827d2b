/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What own addresses may be by themselves; beside the records of the zone, see dns_check_zone.c. */
#include "feature/dns/dns_check.h"

#include "feature/listen.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#define PLACE(self, member) CONFIG_PLACE(self, dns_self_fields, struct dns_self, member)

static void check_address(const struct address *address, struct place at, struct diags *diags)
{
	const struct prefix alone = prefix_of_address(address);
	const char *reason = listen_wrong(&alone);
	char text[ADDRESS_TEXT_SIZE];

	if (reason || address_is_unspecified(address) || address_is_link_local(address))
		diag_at(diags, at, -EINVAL,
			"no client can reach %s; name an address that is one server's own",
			address_text(address, text));
}

static void check_addresses(const struct dns_self *self, struct diags *diags)
{
	const struct dns_own *own = self->addresses.items;

	if (self->addresses.count && self->link)
		diag_between(
			diags, PLACE(self, addresses), PLACE(self, link), -EINVAL,
			"`addresses` and `link` both say what is answered; leave one of them out");
	for (unsigned i = 0; i < self->addresses.count; i++) {
		if (!own[i].asked)
			check_address(&own[i].address, self->addresses.places[i], diags);
		else if (self->addresses.count > 1)
			diag_at(diags, self->addresses.places[i], -EINVAL,
				"the address asked stands alone; leave 'asked' or the others out");
	}
	if (self->ttl_ms % 1000)
		diag_at(diags, PLACE(self, ttl_ms), -EINVAL, "a TTL is in whole seconds; write %us",
			self->ttl_ms / 1000 + 1);
}

static void check_peer_names(const struct dns_self *self, struct diags *diags)
{
	const struct dns_peer *peers = self->peers.items;
	const struct address *addresses;

	for (unsigned i = 0; i < self->peers.count; i++) {
		addresses = peers[i].addresses.items;
		for (unsigned j = 0; j < peers[i].addresses.count; j++)
			check_address(&addresses[j], peers[i].addresses.places[j], diags);
		for (unsigned j = 0; j < i; j++)
			if (!strcmp(peers[i].name, peers[j].name))
				diag_between(
					diags, self->peers.places[i], self->peers.places[j], -EINVAL,
					"two peers are named '%s'; give one of them another name",
					peers[i].name);
	}
}

static bool peer_has(const struct dns_peer *peer, uint8_t family)
{
	const struct address *addresses = peer->addresses.items;

	for (unsigned i = 0; i < peer->addresses.count; i++)
		if (addresses[i].family == family)
			return true;
	return !peer->addresses.count && peer->server.address.family == family;
}

static bool self_has(const struct dns_self *self, uint8_t family)
{
	const struct dns_own *own = self->addresses.items;

	for (unsigned i = 0; i < self->addresses.count; i++)
		if (!own[i].asked && own[i].address.family == family)
			return true;
	return false;
}

/* While such a peer is told, clients of that family learn that the name has no address at all. */
static void check_peer_families(const struct dns_self *self, struct diags *diags)
{
	static const uint8_t families[] = { AF_INET, AF_INET6 };
	const struct dns_peer *peers = self->peers.items;

	for (unsigned i = 0; self->check && i < self->peers.count; i++)
		for (size_t j = 0; j < ARRAY_SIZE(families); j++)
			if (self_has(self, families[j]) && !peer_has(&peers[i], families[j]))
				diag_warn(
					diags, self->peers.places[i],
					"peer '%s' has no IPv%c address, so while it is told there "
					"is none; list its addresses of both families as "
					"`addresses`",
					peers[i].name, families[j] == AF_INET ? '4' : '6');
}

/* What cannot come to pass: a warning, since nothing is wrong with what does. */
static void check_when_down(const struct dns_self *self, struct diags *diags)
{
	const uint32_t *words = self->when_down.items;
	bool asks_peers = !self->when_down.count;

	for (unsigned i = 0; i < self->when_down.count; i++) {
		asks_peers |= words[i] == DNS_DOWN_PEERS;
		if (i && words[i - 1] != DNS_DOWN_PEERS)
			diag_warn(diags, self->when_down.places[i],
				  "never comes to '%s': '%s' before it is always possible",
				  dns_down_words[words[i]], dns_down_words[words[i - 1]]);
		else if (words[i] == DNS_DOWN_PEERS && !self->peers.count)
			diag_warn(diags, self->when_down.places[i],
				  "'peers' has no effect: none are listed; add `peers`");
	}
	if (self->peers.count && !asks_peers)
		diag_warn(diags, PLACE(self, peers),
			  "the peers have no effect: `when-down` does not say 'peers'");
}

static void check_never_down(const struct dns_self *self, struct diags *diags)
{
	static const char *const names[] = { "when-down", "peers", "fail" };
	static const size_t offsets[] = { offsetof(struct dns_self, when_down),
					  offsetof(struct dns_self, peers),
					  offsetof(struct dns_self, fail) };

	for (size_t i = 0; i < ARRAY_SIZE(offsets) && !self->check && !self->link; i++) {
		const struct place at = config_place(self, dns_self_fields, offsets[i]);

		if (at.line != self->record.place.line || at.column != self->record.place.column) {
			diag_warn(diags, at,
				  "%s has no effect: without a `check` this is never down", names[i]);
			return;
		}
	}
}

static void check_self(const struct dns_self *self, struct diags *diags)
{
	check_addresses(self, diags);
	check_peer_names(self, diags);
	check_peer_families(self, diags);
	check_when_down(self, diags);
	check_never_down(self, diags);
}

/* "www.example.com" in the zone example.com: said with and without its dot, it means two things. */
static bool looks_whole(const struct dns_zone *zone, const char *name)
{
	struct dns_name apex, whole;

	return name[strlen(name) - 1] != '.' && dns_zone_name(zone, &apex) == 0 && apex.labels &&
	       name_parse(name, &whole) == 0 && name_within(whole.wire, apex.wire);
}

static void check_name(const struct dns_zone *zone, const struct dns_self_name *item,
		       struct diags *diags)
{
	struct dns_name apex, name;

	if (dns_zone_name(zone, &apex) < 0)
		return;
	if (dns_self_name_of(zone, item->name, &name) < 0)
		diag_at(diags, item->record.place, -EINVAL,
			"'%s' is no domain name: labels of 1 to 63 bytes, 255 in all", item->name);
	else if (looks_whole(zone, item->name))
		diag_at(diags, item->record.place, -EINVAL,
			"'%s' would be %s.%s; write '%s.' with a dot at the end, or leave the "
			"zone's name "
			"out",
			item->name, item->name, zone->name, item->name);
	else if (!name_within(name.wire, apex.wire))
		diag_at(diags, item->record.place, -EINVAL, "'%s' is not in the zone %s",
			item->name, zone->name);
}

static void check_twice(const struct dns_zone *zone, unsigned index, struct diags *diags)
{
	const struct dns_self_name *names = zone->names.items;
	struct dns_name name, other;

	if (dns_self_name_of(zone, names[index].name, &name) < 0)
		return;
	if (dns_given(&zone->self.record) && dns_zone_name(zone, &other) == 0 &&
	    name_equal(name.wire, other.wire))
		diag_between(
			diags, names[index].record.place, zone->self.record.place, -EINVAL,
			"the name of the zone has its own addresses twice; leave one of them out");
	for (unsigned i = 0; i < index; i++)
		if (dns_self_name_of(zone, names[i].name, &other) == 0 &&
		    name_equal(name.wire, other.wire))
			diag_between(diags, names[index].record.place, names[i].record.place,
				     -EINVAL, "'%s' and '%s' are one name; leave one of them out",
				     names[i].name, names[index].name);
}

void dns_check_selves(const struct dns_zone *zone, struct diags *diags)
{
	const struct dns_self_name *names = zone->names.items;

	if (dns_given(&zone->self.record))
		check_self(&zone->self, diags);
	for (unsigned i = 0; i < zone->names.count; i++) {
		check_name(zone, &names[i], diags);
		check_twice(zone, i, diags);
		check_self(&names[i].self, diags);
	}
}
