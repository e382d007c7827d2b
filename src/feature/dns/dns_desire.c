/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From `listen` to sockets, as services have them: one for each address, or where a prefix is among
 * those of a family, one for the wildcard address. An address that is not there yet is bound all the
 * same (IP_FREEBIND), so that nothing waits for it; but what nobody makes local is told, since it
 * will never be asked.
 */
#include "feature/dns/dns.h"

#include "feature/listen.h"

#include <errno.h>
#include <string.h>

/* Somebody before us wants the very same socket. */
static const struct host_listener *taken_by(const struct desired *desired,
					    const struct host_listener *wanted)
{
	STATE_EACH(&desired->state, OBJECT_LISTENER, const struct host_listener, other)
		if (other->object.feature != desired->feature && other->protocol == wanted->protocol &&
		    other->port == wanted->port && address_equal(&other->address, &wanted->address))
			return other;
	return NULL;
}

static void desire_listener(const struct dns_config *config, const struct address *address,
			    struct place at, struct desired *desired)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_TCP };
	char text[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		struct host_listener wanted = { .protocol = protocols[i],
						.address = *address,
						.port = (uint16_t)config->port };
		const struct host_listener *other = taken_by(desired, &wanted);

		if (other) {
			diag_between(
				desired->diags, at, other->object.place, -EINVAL,
				"%s port %u of %s is listened on by `%s` as well; give one of them "
				"another port or address",
				protocols[i] == IPPROTO_UDP ? "udp" : "tcp", config->port,
				address_is_unspecified(address) ? "all addresses" :
								  address_text(address, text),
				features[other->object.feature]->name);
			return;
		}
		desire_object(desired, OBJECT_LISTENER, at, &wanted);
	}
}

static void desire_family(const struct dns_config *config, uint8_t family, struct desired *desired)
{
	const struct prefix *listen = config->listen.items;
	unsigned first = config->listen.count;
	bool wildcard = false;
	struct prefix on;
	struct address address;

	for (unsigned i = config->listen.count; i-- > 0;) {
		on = listen_wildcard_or(&listen[i]);
		if (on.family != family)
			continue;
		first = i;
		wildcard |= listen_needs_wildcard(&on);
	}
	if (wildcard) {
		address = (struct address){ .family = family };
		desire_listener(config, &address, config->listen.places[first], desired);
		return;
	}
	for (unsigned i = 0; i < config->listen.count; i++) {
		address = prefix_address(&listen[i]);
		if (address.family == family)
			desire_listener(config, &address, config->listen.places[i], desired);
	}
}

static bool some_address_in(const struct state *state, const struct prefix *listen)
{
	STATE_EACH(state, OBJECT_ADDRESS, const struct host_address, address) {
		const struct address value = prefix_address(&address->prefix);

		if (prefix_holds(listen, &value))
			return true;
	}
	return false;
}

static bool claimed(const struct state *state, const struct prefix *listen)
{
	STATE_EACH(state, OBJECT_ROUTE, const struct host_route, route)
		if (route->type == RTN_LOCAL && prefix_overlaps(&route->to, listen))
			return true;
	return false;
}

/* A prefix of addresses that this host has is fine as well: those of them are asked. */
static void tell_what_nobody_asks(const struct dns_config *config, const struct facts *facts,
				  struct desired *desired)
{
	const struct prefix *listen = config->listen.items;
	char text[ADDRESS_TEXT_SIZE];

	for (unsigned i = 0; i < config->listen.count; i++) {
		const struct prefix on = listen_wildcard_or(&listen[i]);

		if (!on.length || some_address_in(facts->observed, &on) ||
		    some_address_in(&desired->state, &on) || claimed(&desired->state, &on) ||
		    claimed(facts->observed, &on))
			continue;
		diag_warn(
			desired->diags, config->listen.places[i],
			"%s is no address of this host, so that nothing arrives for it; add it to "
			"`prefixes`, or to the addresses of a link",
			listen_text(&on, text));
	}
}

void dns_desire(const void *config, const struct facts *facts, struct desired *ret_desired)
{
	desire_family(config, AF_INET, ret_desired);
	desire_family(config, AF_INET6, ret_desired);
	tell_what_nobody_asks(config, facts, ret_desired);
}
