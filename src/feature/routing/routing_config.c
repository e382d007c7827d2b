/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys below `routing`. */
#include "feature/routing/routing.h"

#include "feature/routing/routing_assert.h"

#include "host/protocols.h"

#define AT(type, member) offsetof(struct type, member)

static const char *const route_types[] = { "unicast",  "unreachable", "blackhole",
					   "prohibit", "throw",	      NULL };
static const char *const actions[] = { "table", "unreachable", "blackhole", "prohibit", NULL };
static const char *const families[] = { "both", "ipv4", "ipv6", NULL };

static const struct config_field to_item = {
	.name = "to",
	.type = CONFIG_WORD,
	.word = &to_word,
	.help = "A prefix, one address, or default.",
	.example = "10.16.0.0/12",
};
static const struct config_field net_item = {
	.name = "prefix",
	.type = CONFIG_NET,
	.help = "A prefix, or one address.",
	.example = "10.16.0.0/12",
};
static const struct config_field days_item = {
	.name = "days",
	.type = CONFIG_WORD,
	.word = &days_word,
	.help = "A day, or from one day to another.",
	.example = "mon-fri",
};
static const struct config_field symmetric_item = {
	.name = "link",
	.type = CONFIG_IFNAME,
	.help = "true, or the name of a link.",
	.example = "bond1",
};

static const struct config_field resilient_fields[] = {
	{ "buckets", CONFIG_U32, AT(resilient, buckets), .min = 1, .max = 65535, .def = 128,
	  .help = "How many buckets flows are put in; more divide more evenly among the weights." },
	{ "idle", CONFIG_DURATION, AT(resilient, idle_ms), .min = 1000, .max = 86400000,
	  .def = 120000, .help = "A bucket that saw no packet for so long may move to another hop." },
	{ "unbalanced", CONFIG_DURATION, AT(resilient, unbalanced_ms), .max = 86400000,
	  .help = "After so long out of balance buckets move though they are busy. 0s: never." },
	{ 0 }
};

#define RESILIENT_FIELD(type)                                                                      \
	{                                                                                          \
		"resilient", CONFIG_RECORD, AT(type, resilient),                                   \
			.fields = resilient_fields, .size = sizeof(struct resilient),              \
			.help = "With `hops`: a flow keeps its hop while that one lives, also "    \
				"when "                                                            \
				"others come and go (Linux 5.13).",                                \
			.example = "{ idle: 60s }"                                                 \
	}

const struct config_field hop_fields[] = {
	{ "via", CONFIG_WORD, AT(hop, via), .word = &gateway_word,
	  .help = "The address of the router. Without it the link itself is the way.",
	  .example = "192.168.120.6" },
	{ "link", CONFIG_IFNAME, AT(hop, link),
	  .help = "The link to leave by. Without it, the one whose network holds `via`.",
	  .example = "bond1" },
	{ "weight", CONFIG_U32, AT(hop, weight), .min = 1, .max = 256, .def = 1,
	  .help = "How many flows this hop takes, beside the weights of the others." },
	{ 0 }
};

static const struct config_field hop_item = {
	.name = "hop",
	.type = CONFIG_RECORD,
	.fields = hop_fields,
	.size = sizeof(struct hop),
	.help = "One of several ways.",
};

#define HOPS_FIELD(type)                                                                           \
	{                                                                                          \
		"hops", CONFIG_LIST, AT(type, hops),                                               \
			.item = &hop_item, .max = NEXTHOP_MEMBERS,                                 \
			.help = "Several ways beside one another, in place of `via` and `link`: "  \
				"each "                                                            \
				"flow takes one of them, by a hash of its addresses and ports. "   \
				"Those "                                                           \
				"whose link is down are left out.",                                \
			.example = "[{ via: 192.0.2.1, weight: 2 }, { via: 192.0.2.5 }]"           \
	}

const struct config_field route_fields[] = {
	{ "to", CONFIG_LIST, AT(route_config, to), .required = true, .item = &to_item, .lone = true,
	  .min = 1,
	  .help = "Where it leads: a prefix, default, or a list of them. default is 0.0.0.0/0 with "
		  "an IPv4 way, ::/0 with an IPv6 one, and both where the way has no family.",
	  .example = "default" },
	{ "via", CONFIG_WORD, AT(route_config, via), .word = &gateway_word,
	  .help = "The address of the router, or the name of one of `nexthops`.",
	  .example = "192.168.120.6" },
	{ "link", CONFIG_IFNAME, AT(route_config, link),
	  .help = "The link to leave by. Without it, the one whose network holds `via`. The route "
		  "waits until the link is there.",
	  .example = "bond1" },
	HOPS_FIELD(route_config),
	RESILIENT_FIELD(route_config),
	{ "source", CONFIG_ADDRESS, AT(route_config, source),
	  .help = "The address that the host's own packets get by this route, when the program did "
		  "not choose one.",
	  .example = "192.168.120.5" },
	{ "metric", CONFIG_U32, AT(route_config, metric), .max = UINT32_MAX - 1,
	  .help = "Of several routes to one prefix the smallest metric counts. 0: as Linux gives "
		  "it "
		  "(IPv6: 1024)." },
	{ "mtu", CONFIG_U32, AT(route_config, mtu), .max = 65535,
	  .help = "The largest packet by this route, in bytes; 0: that of the link." },
	{ "window", CONFIG_U32, AT(route_config, window), .max = 1u << 30,
	  .help = "The largest TCP window that is offered, in bytes; 0: no bound." },
	{ "initcwnd", CONFIG_U32, AT(route_config, initcwnd), .max = 65535,
	  .help = "How many segments TCP sends at first; 0: as Linux has it (10)." },
	{ "type", CONFIG_ENUM, AT(route_config, type), .words = route_types,
	  .help = "unicast leads somewhere. The others end the way: unreachable and prohibit tell "
		  "the "
		  "sender, blackhole does not, throw goes on with the next rule." },
	{ 0 }
};

static const struct config_field route_item = {
	.name = "route",
	.type = CONFIG_RECORD,
	.fields = route_fields,
	.size = sizeof(struct route_config),
	.help = "A route.",
};

const struct config_field table_fields[] = {
	{ "name", CONFIG_NAME, AT(table_config, name), .help = "The name of the table." },
	{ "id", CONFIG_U32, AT(table_config, id), .min = 1, .max = UINT32_MAX,
	  .help = "Its number, for other programs. Without it one is chosen, from 1829765120 on, "
		  "and "
		  "stays the same while the name does; `mhctl status routing` tells it.",
	  .example = "200" },
	{ "routes", CONFIG_LIST, AT(table_config, routes), .item = &route_item,
	  .help = "As `routes`, in this table.",
	  .example = "[{ to: default, via: 192.168.120.6, link: bond1 }]" },
	{ 0 }
};

const struct config_field named_hop_fields[] = {
	{ "name", CONFIG_NAME, AT(named_hop, name), .help = "The name of the next hop." },
	{ "via", CONFIG_WORD, AT(named_hop, via), .word = &gateway_word,
	  .help = "The address of the router.", .example = "192.168.120.6" },
	{ "link", CONFIG_IFNAME, AT(named_hop, link),
	  .help = "The link to leave by. Without it, the one whose network holds `via`.",
	  .example = "bond1" },
	HOPS_FIELD(named_hop),
	RESILIENT_FIELD(named_hop),
	{ 0 }
};

#define FAMILY_FIELD(type)                                                                           \
	{                                                                                            \
		"family", CONFIG_ENUM, AT(type, family),                                             \
			.words = families, .help = "Of which family it is, where no prefix says so." \
	}

const struct config_field rule_fields[] = {
	{ "in", CONFIG_IFNAME, AT(rule_config, in),
	  .help = "The link that the packet came in on; lo: the host's own packets.",
	  .example = "bond0" },
	{ "out", CONFIG_IFNAME, AT(rule_config, out),
	  .help = "The link that the socket of a packet of this host is bound to.",
	  .example = "bond1" },
	{ "from", CONFIG_LIST, AT(rule_config, from), .item = &net_item, .lone = true,
	  .help = "Where it comes from. Of a list, each prefix makes a rule.",
	  .example = "10.16.0.0/12" },
	{ "to", CONFIG_LIST, AT(rule_config, to), .item = &net_item, .lone = true,
	  .help = "Where it goes. Of a list, each prefix makes a rule.", .example = "192.0.2.0/24" },
	{ "mark", CONFIG_WORD, AT(rule_config, mark), .word = &mark_word,
	  .help = "Its mark, with a mask or not; given by SO_MARK or by a firewall.",
	  .example = "0x8/0xff" },
	{ "protocol", CONFIG_WORD, AT(rule_config, protocol), .word = &protocol_word,
	  .help = "What it carries.", .example = "tcp" },
	{ "sport", CONFIG_PORTS, AT(rule_config, sport), .help = "The port that sent it.",
	  .example = "53" },
	{ "dport", CONFIG_PORTS, AT(rule_config, dport), .help = "The port that it goes to.",
	  .example = "80-443" },
	{ "uid", CONFIG_WORD, AT(rule_config, uid), .word = &uid_word,
	  .help = "The user whose socket sent it; only of this host's own packets.",
	  .example = "1000-1999" },
	{ "tos", CONFIG_WORD, AT(rule_config, tos), .word = &tos_word,
	  .help = "Its type of service; for IPv4 only the bits 0x1e.", .example = "0x10" },
	{ "between", CONFIG_WORD, AT(rule_config, between), .word = &clock_word,
	  .help = "The time of day at which the rule stands, as the host's clock shows it. It may "
		  "pass midnight. A time that does not exist on the day of a change of daylight "
		  "saving is passed over, one that exists twice counts twice.",
	  .example = "\"09:00-18:00\"" },
	{ "days", CONFIG_LIST, AT(rule_config, days), .item = &days_item, .lone = true, .max = 7,
	  .help = "The days at which it stands; of a time that passes midnight, those on which it "
		  "begins.",
	  .example = "mon-fri" },
	{ "table", CONFIG_NAME, AT(rule_config, table),
	  .help = "Where to look for a route: one of `tables`, main, default, local, the name of a "
		  "VRF "
		  "link, or a number. When there is none, the next rule follows.",
	  .example = "eduroam-egress" },
	{ "action", CONFIG_ENUM, AT(rule_config, action), .words = actions,
	  .help = "table: looks into `table`. The others end the way: unreachable and prohibit "
		  "tell the "
		  "sender, blackhole does not." },
	FAMILY_FIELD(rule_config),
	{ 0 }
};

const struct config_field forward_fields[] = {
	{ "in", CONFIG_IFNAME, AT(forward_config, in), .help = "The link that packets come in on.",
	  .example = "bond0" },
	{ "out", CONFIG_IFNAME, AT(forward_config, out), .help = "The link that they may leave by.",
	  .example = "bond1" },
	{ "from", CONFIG_NET, AT(forward_config, from), .help = "Only those that come from here.",
	  .example = "10.16.0.0/12" },
	{ "to", CONFIG_NET, AT(forward_config, to), .help = "Only those that go there.",
	  .example = "192.0.2.0/24" },
	{ "protocol", CONFIG_WORD, AT(forward_config, protocol), .word = &protocol_word,
	  .help = "Only those of this protocol.", .example = "tcp" },
	{ "sport", CONFIG_PORTS, AT(forward_config, sport),
	  .help = "Only those from these ports: the answers to what another entry lets pass.",
	  .example = "443" },
	{ "dport", CONFIG_PORTS, AT(forward_config, dport), .help = "Only those to these ports.",
	  .example = "443" },
	FAMILY_FIELD(forward_config),
	{ 0 }
};

const struct config_field arrival_fields[] = {
	{ "prefix", CONFIG_NET, AT(arrival_config, prefix), .required = true,
	  .help = "A prefix, or an address, that this host answers for; see `prefixes`.",
	  .example = "198.51.100.0/24" },
	{ "link", CONFIG_IFNAME, AT(arrival_config, link), .required = true,
	  .help = "The link over which the upstream routes it here.", .example = "eth0" },
	{ 0 }
};
static const struct config_field arrival_item = {
	.name = "arrival",
	.type = CONFIG_RECORD,
	.fields = arrival_fields,
	.size = sizeof(struct arrival_config),
	.help = "Where a prefix arrives.",
};

const struct config_field host_fields[] = {
	{ "out", CONFIG_IFNAME, AT(host_config, out), .required = true,
	  .help = "The one link that the host's own packets leave by, also to networks that other "
		  "links are connected to; without a route there they are unreachable. What "
		  "`symmetric` says of answers comes before it.",
	  .example = "eth0" },
	{ 0 }
};

const struct config_field nat_fields[] = {
	{ "out", CONFIG_IFNAME, AT(nat_config, out), .required = true,
	  .help = "The link that the packets leave by.", .example = "bond1" },
	{ "from", CONFIG_NET, AT(nat_config, from), .help = "Only those that come from here.",
	  .example = "10.16.0.0/12" },
	{ "to", CONFIG_WORD, AT(nat_config, to), .required = true, .word = &nat_word,
	  .help = "The source address that they get: one, a range, or masquerade: one of the link.",
	  .example = "192.168.120.5" },
	{ "except", CONFIG_LIST, AT(nat_config, except), .item = &net_item, .lone = true,
	  .help = "Packets that go there keep their source.", .example = "[10.0.0.0/8]" },
	{ 0 }
};

#define ITEM(what, table, type_name, text)                                                         \
	static const struct config_field what##_item = {                                           \
		.name = #what,                                                                     \
		.type = CONFIG_RECORD,                                                             \
		.fields = table,                                                                   \
		.size = sizeof(struct type_name),                                                  \
		.help = text,                                                                      \
	}

ITEM(table, table_fields, table_config, "A table.");
ITEM(named_hop, named_hop_fields, named_hop, "A next hop.");
ITEM(rule, rule_fields, rule_config, "A rule.");
ITEM(forward, forward_fields, forward_config, "What may be forwarded.");
ITEM(nat, nat_fields, nat_config, "A translation.");
ITEM(assert, assert_fields, assert_config, "A statement.");

const struct config_field routing_fields[] = {
	{ "tables", CONFIG_MAP, AT(routing, tables), .item = &table_item,
	  .help = "Tables of routes beside `main`; `rules` say which packets look there.",
	  .example =
		  "eduroam-egress:\n  id: 200\n  routes: [{ to: default, via: 192.168.120.6 }]" },
	{ "routes", CONFIG_LIST, AT(routing, routes), .item = &route_item,
	  .help = "Routes of table main.", .example = "[{ to: default, via: 10.2.2.254 }]" },
	{ "nexthops", CONFIG_MAP, AT(routing, nexthops), .item = &named_hop_item,
	  .help = "Ways that many routes share by name. They become nexthop objects (Linux 5.3), "
		  "so "
		  "that one change moves all routes that take them.",
	  .example = "janet: { via: 192.168.120.6, link: bond1 }" },
	{ "nexthop-compat", CONFIG_BOOL, AT(routing, compat), .def = true,
	  .help = "false: a change of one of `nexthops` costs the same however many routes lean on "
		  "it "
		  "(sets net.ipv4.nexthop_compat_mode to 0, Linux 5.8). Programs that watch routes "
		  "and "
		  "know nothing of nexthop objects then hear of no change, and see such routes "
		  "without "
		  "gateway and link; so it is not the default. With true, Linux tells them of each "
		  "route, "
		  "about a microsecond apiece. What it was before comes back when the key goes.",
	  .example = "false" },
	{ "rules", CONFIG_LIST, AT(routing, rules), .item = &rule_item,
	  .help = "Which packets look into which table. The first one that matches and has a route "
		  "decides. They stand at preferences from 1001 on, in this order; more than 64 "
		  "that "
		  "say `from` (or `to`) in a row are walked as a tree.",
	  .example = "[{ in: bond0, table: eduroam-egress }]" },
	{ "forwarding", CONFIG_LIST, AT(routing, forwarding), .item = &forward_item,
	  .help = "What may be forwarded; with this key, everything else that would be is dropped, "
		  "and "
		  "forwarding is switched on where needed. What comes in on a link whose entries "
		  "name "
		  "their `out` is routed by the rules that name it, then by the routes that leave "
		  "by "
		  "those links, and by no other.",
	  .example = "[{ in: bond0, out: bond1 }, { in: bond1, out: bond0 }]" },
	{ "host", CONFIG_RECORD, AT(routing, host), .fields = host_fields,
	  .size = sizeof(struct host_config), .help = "Where the host's own packets leave.",
	  .example = "{ out: eth0 }" },
	{ "symmetric", CONFIG_LIST, AT(routing, symmetric), .item = &symmetric_item, .lone = true,
	  .help = "true, or a list of links: what the host sends from an address of such a link "
		  "leaves "
		  "by that link, to its networks and by its default gateway: the one of `routes`, "
		  "or "
		  "else the one that table main has from DHCP, router advertisements or anybody. "
		  "Addresses and gateways may come and go.",
	  .example = "true" },
	{ "symmetric-prefixes", CONFIG_LIST, AT(routing, arrivals), .max = 500, .item = &arrival_item,
	  .help = "Over which link a prefix of this host arrives: what the host sends from an "
		  "address in it leaves by that link, as `symmetric` says of the link's own "
		  "addresses. An address of a link in `symmetric` is the link's, also within such "
		  "a prefix.",
	  .example = "[{ prefix: 198.51.100.0/24, link: eth0 }]" },
	{ "nat", CONFIG_LIST, AT(routing, nat), .item = &nat_item,
	  .help = "Which source address forwarded packets get on the way out. The first entry that "
		  "matches decides.",
	  .example = "[{ out: bond1, from: 10.16.0.0/12, to: masquerade }]" },
	{ "assert", CONFIG_LIST, AT(routing, asserts), .item = &assert_item,
	  .help = "Statements about flows that are proven for all packets, not for samples. One "
		  "that "
		  "does not hold refuses the apply, with a packet that shows it and the rule and "
		  "route "
		  "that it meets; one that ceases to hold later is told.",
	  .example =
		  "[{ in: eth0, forwarded: never }, { in: bond0, to: 0.0.0.0/0, leaves: bond1 }]" },
	{ 0 }
};

static const struct config_field routing_root = {
	.name = "routing",
	.type = CONFIG_RECORD,
	.fields = routing_fields,
	.size = sizeof(struct routing),
	.help = "Routes, rules, and what follows from saying who may go where.",
	.example = "{ routes: [{ to: default, via: 192.0.2.1 }] }",
};

const struct feature routing_feature = {
	.name = "routing",
	.root = &routing_root,
	.check = routing_check,
	.desire = routing_desire,
	.prove = routing_prove,
	.proves = routing_proves,
	.interest = routing_interest,
	.status = routing_status,
	.looks_at_filters = true,
};
