/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of `subscribers`. What is wrong with them: subscribers_check.c. */
#include "feature/subscribers/subscribers.h"

static const char *const unassigned_words[] = { "unreachable", "routed", NULL };
static const char *const responder_words[] = { "auto", "xdp", "tc", "worker", NULL };

static const struct config_field address_item = {
	.name = "address",
	.type = CONFIG_ADDRESS,
	.help = "An address of a network of `gateway`.",
	.example = "10.1.2.7",
};
static const struct config_field prefix_item = {
	.name = "prefix",
	.type = CONFIG_PREFIX,
	.help = "A prefix outside of the networks of `gateway`.",
	.example = "2001:db8:7::/64",
};
static const struct config_field gateway_item = {
	.name = "gateway",
	.type = CONFIG_PLACED,
	.help = "An address with the length of its network.",
	.example = "10.1.2.1/24",
};

#define OF(member) offsetof(struct subscriber_config, member)
const struct config_field subscriber_fields[] = {
	{ "name", CONFIG_NAME, OF(name),
	  .help = "How `mhctl` calls it, once in the whole key. What bears no name belongs to the "
		  "one "
		  "subscriber that is named like its port.",
	  .example = "alice" },
	{ "addresses", CONFIG_LIST, OF(addresses), .item = &address_item, .max = 1024, .lone = true,
	  .help = "Its addresses, adjacent or not, out of the networks of `gateway`. Each is a "
		  "host "
		  "route to the port, and an entry in the neighbour table that no limit counts. "
		  "The "
		  "subscriber is never answered when it asks for one of its own.",
	  .example = "[10.1.2.7, \"2001:db8:0:1::7\"]" },
	{ "mac", CONFIG_MAC, OF(mac),
	  .help = "Binds its addresses to this MAC address: nobody is asked for it any more, and "
		  "what "
		  "comes from another one is dropped. Not given: the subscriber is asked as usual, "
		  "and whoever is on the port may use the address.",
	  .example = "\"02:00:00:00:00:07\"" },
	{ "prefixes", CONFIG_LIST, OF(prefixes), .item = &prefix_item, .max = 256, .lone = true,
	  .help = "Whole prefixes that are its own, as a /64 for its network. An IPv6 one leads to "
		  "`via`, without that it is on-link at the port, as a router advertisement there "
		  "may say (radvd sends them); an IPv4 one leads to the first address of the "
		  "subscriber.",
	  .example = "\"2001:db8:7::/64\"" },
	{ "via", CONFIG_ADDRESS, OF(via),
	  .help = "The link-local address of the subscriber's router, to which its IPv6 `prefixes` "
		  "lead.",
	  .example = "\"fe80::7\"" },
	{ 0 }
};
#undef OF

static const struct config_field subscriber_item = {
	.name = "subscriber",
	.type = CONFIG_RECORD,
	.fields = subscriber_fields,
	.size = sizeof(struct subscriber_config),
	.bare = "addresses",
	.help = "One subscriber; an address alone is one of the port's own.",
};

const struct config_field port_fields[] = {
	{ "port", CONFIG_IFNAME, offsetof(struct port_config, name),
	  .help = "A link that subscribers are behind: a card, a VLAN, a bond, a bridge. It is "
		  "guarded: "
		  "what comes in with a source that is no subscriber's of this port is neither "
		  "answered nor forwarded, and is counted.",
	  .example = "eth3" },
	{ "subscribers", CONFIG_LIST, offsetof(struct port_config, subscribers),
	  .item = &subscriber_item, .max = 65536,
	  .help = "Who is there. Most often addresses alone, which stand right behind the port: "
		  "they "
		  "are one subscriber's, who is named like the port. A port of several subscribers "
		  "names them. `[]` is a port to which subscribers are moved later "
		  "(`mhctl subscriber`).",
	  .example = "[10.1.2.6, 10.1.2.99]" },
	{ 0 }
};

static const struct config_field port_item = {
	.name = "port",
	.type = CONFIG_RECORD,
	.fields = port_fields,
	.size = sizeof(struct port_config),
	.bare = "subscribers",
	.help = "One port.",
};

#define OF(member) offsetof(struct subscribers_config, member)
const struct config_field subscribers_fields[] = {
	{ "gateway", CONFIG_LIST, OF(gateways), .item = &gateway_item, .required = true, .min = 1,
	  .max = GATEWAYS_MAX, .lone = true,
	  .help = "The address that every subscriber has for its gateway, and the network that it "
		  "believes in; one or several, IPv4 and IPv6. The gateway stands on every port, "
		  "as a "
		  "/32 or /128 without duplicate address detection, so that several machines may "
		  "have "
		  "it at once; the network on none. A link-local gateway (fe80::1/64) is an "
		  "address "
		  "alone.",
	  .example = "10.1.2.1/24" },
	{ "ports", CONFIG_MAP, OF(ports), .item = &port_item, .required = true, .max = 16384,
	  .help = "The ports by name, each with its subscribers. One that does not exist is "
		  "waited for.",
	  .example = "{ eth3: [10.1.2.5], eth4: [10.1.2.6, 10.1.2.99] }" },
	{ "unassigned", CONFIG_ENUM, OF(unassigned), .words = unassigned_words,
	  .help = "Where packets go to an address of a network of `gateway` that no subscriber "
		  "here "
		  "has: nowhere, by an `unreachable` route for the network, so that they never "
		  "wander out by the default route and back; or as the tables say, where several "
		  "machines share the network and tell one another of its subscribers.",
	  .example = "routed" },
	{ "responder", CONFIG_ENUM, OF(responder), .words = responder_words,
	  .help = "What answers ARP and neighbour discovery on the ports: an eBPF program in the "
		  "driver "
		  "(`xdp`) or above it (`tc`), or a worker (`worker`). `auto` takes the first that "
		  "works "
		  "there; `mhctl status subscribers` says which.",
	  .example = "tc" },
	{ 0 }
};
#undef OF

static const struct config_field subscribers_root = {
	.name = "subscribers",
	.type = CONFIG_RECORD,
	.fields = subscribers_fields,
	.size = sizeof(struct subscribers_config),
	.help = "Subscribers on plain Ethernet, each with as many addresses as it uses and no "
		"more: all "
		"of them believe in one big network and its gateway, and we answer their ARP "
		"requests "
		"and neighbour solicitations for every address of it except their own, so that all "
		"traffic comes to us and is routed. IPv4 and IPv6 are forwarded by this host from "
		"then "
		"on.",
	.example = "{ gateway: 10.1.2.1/24, ports: { eth3: [10.1.2.5] } }",
};

static void subscribers_interest(const void *config, struct interest *interest)
{
	static const char *const sysctls[] = {
		"net/ipv4/conf/*/forwarding",	  "net/ipv6/conf/*/forwarding",
		"net/ipv6/conf/*/accept_ra",	  "net/ipv4/conf/*/rp_filter",
		"net/ipv4/conf/*/send_redirects",
	};

	for (size_t i = 0; i < ARRAY_SIZE(sysctls); i++)
		*VEC_PUSH(&interest->sysctls) = sysctls[i];
	interest->link_routes = true;
}

const struct feature subscribers_feature = {
	.name = "subscribers",
	.root = &subscribers_root,
	.check = subscribers_check,
	.check_together = subscribers_check_together,
	.desire = subscribers_desire,
	.interest = subscribers_interest,
	.status = subscribers_status,
	.looks_at_responders = true,
	.fits = subscribers_try,
};
