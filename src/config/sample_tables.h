/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_SAMPLE_TABLES_H
#define MH_CONFIG_SAMPLE_TABLES_H

#include "config/sample.h"
#include "config/sample_grade.h"
#include "config/sample_hall.h"

#define AT(type, member) offsetof(struct sample_##type, member)
static const char *const sample_kinds[] = { "echo", "discard", "whoami", NULL };
static const char *const sample_protocols[] = { "udp", "tcp", NULL };
static const char *const sample_modes[] = { "balance-rr", "802.3ad", "off", NULL };
static const struct config_field sample_net = { .type = CONFIG_NET };
static const struct config_field sample_placed = { .type = CONFIG_PLACED };
static const struct config_field sample_ifname = { .type = CONFIG_IFNAME };
static const struct config_field sample_port = { .type = CONFIG_PORTS };
static const struct config_field sample_number = { .type = CONFIG_U32, .max = 255 };
static const struct config_field sample_numbers = { .type = CONFIG_LIST, .item = &sample_number };
static const struct config_field sample_protocol = { .type = CONFIG_ENUM, .words = sample_protocols };

static const struct config_field sample_grade = { .type = CONFIG_WORD, .word = &sample_grade_word };

static const struct config_field sample_claim_fields[] = {
	{ "prefix", CONFIG_PREFIX, AT(claim, prefix), .required = true,
	  .help = "the prefix to answer for", .example = "2001:db8:1:1::/64" },
	{ "except", CONFIG_LIST, AT(claim, except), .item = &sample_net,
	  .help = "what is left out. Gateways are anyway" },
	{ "neighbours", CONFIG_LIST, AT(claim, neighbours), .item = &sample_ifname, .max = 3,
	  .help = "links" },
	{ "nonlocal-bind", CONFIG_BOOL, AT(claim, nonlocal_bind), .def = true,
	  .help = ".sysctl 'of IPv6'" },
	{ 0 }
};
static const struct config_field sample_service_fields[] = {
	{ "name", CONFIG_NAME, AT(service, name), .required = true, .help = "how it is called",
	  .example = "who" },
	{ "kind", CONFIG_ENUM, AT(service, kind), .required = true, .words = sample_kinds,
	  .help = "what it does" },
	{ "listen", CONFIG_LIST, AT(service, listen), .required = true, .min = 1,
	  .item = &sample_net, .help = "where" },
	{ "ports", CONFIG_LIST, AT(service, ports), .item = &sample_port, .help = "on which ports",
	  .example = "[7, 9000-9010]" },
	{ "protocols", CONFIG_LIST, AT(service, protocols), .item = &sample_protocol, .min = 1,
	  .help = "by what" },
	{ "banner", CONFIG_STRING, AT(service, banner), .min = 2, .max = 20,
	  .help = "a greeting with a \\ in `it`" },
	{ "idle", CONFIG_DURATION, AT(service, idle_ms), .min = 1000, .max = 600000, .def = 30000,
	  .help = "patience" },
	{ "connections", CONFIG_U32, AT(service, connections), .min = 1, .max = 65535, .def = 1000,
	  .help = "at most" },
	{ "source", CONFIG_ADDRESS, AT(service, source), .help = "answer from here" },
	{ "grade", CONFIG_WORD, AT(service, grade), .word = &sample_grade_word, .help = "how good" },
	{ "grades", CONFIG_LIST, AT(service, grades), .item = &sample_grade, .lone = true, .max = 3,
	  .help = "how good each is" },
	{ "control", CONFIG_PORTS, AT(service, control), .help = "ports of control" },
	{ "own", CONFIG_LIST, AT(service, own), .item = &sample_placed, .help = "addresses" },
	{ "mac", CONFIG_MAC, AT(service, mac), .help = "of the card" },
	{ 0 }
};
static const struct config_field sample_bond_fields[] = {
	{ "members", CONFIG_LIST, AT(bond, members), .required = true, .item = &sample_ifname,
	  .help = "links" },
	{ "mode", CONFIG_ENUM, AT(bond, mode), .words = sample_modes, .help = "how it balances" },
	{ "miimon", CONFIG_DURATION, AT(bond, miimon_ms), .def = 100, .help = "how often it looks" },
	{ 0 }
};
static const struct config_field sample_link_fields[] = {
	{ "name", CONFIG_IFNAME, AT(link, name), .help = "the name of the link" },
	{ "bond", CONFIG_RECORD, AT(link, bond), .fields = sample_bond_fields,
	  .size = sizeof(struct sample_bond), .help = "a bond" },
	{ "weights", CONFIG_LIST, AT(link, weights), .item = &sample_numbers,
	  .help = "rows of numbers", .example = "- [1, 2]\n- [3, 4]" },
	{ "mtu", CONFIG_U32, AT(link, mtu), .min = 68, .def = 1500, .help = "bytes" },
	{ 0 }
};
static const struct config_field sample_table_fields[] = {
	{ "name", CONFIG_NAME, AT(table, name), .help = "the name of the table" },
	{ "id", CONFIG_U32, AT(table, id), .required = true, .min = 1, .help = "its number" },
	{ 0 }
};
#define RECORD(name)                                                                               \
	.type = CONFIG_RECORD, .fields = sample_##name##_fields,                                   \
	.size = sizeof(struct sample_##name)
static const struct config_field sample_claim = { RECORD(claim) };
static const struct config_field sample_service = { RECORD(service) };
static const struct config_field sample_link = { RECORD(link) };
static const struct config_field sample_table = { RECORD(table) };
static const struct config_field sample_routing_fields[] = {
	{ "symmetric", CONFIG_BOOL, AT(routing, symmetric), .help = "a reply leaves as it came" },
	{ "tables", CONFIG_MAP, AT(routing, tables), .item = &sample_table, .help = "of routes" },
	{ "halls", CONFIG_MAP, AT(routing, halls), .item = &sample_hall, .help = "rooms" },
	{ 0 }
};
static const struct config_field sample_claims = { .type = CONFIG_LIST,
						   .item = &sample_claim,
						   .help = "prefixes" };
static const struct config_field sample_services = { .type = CONFIG_LIST,
						     .item = &sample_service,
						     .max = 4 };
static const struct config_field sample_links = { .type = CONFIG_MAP, .item = &sample_link };
static const struct config_field sample_routing = { RECORD(routing) };
static const struct config_section sample_sections[] = {
	{ "prefixes", &sample_claims },
	{ "services", &sample_services },
	{ "links", &sample_links },
	{ "routing", &sample_routing },
};
#define SAMPLE_SECTIONS (sizeof(sample_sections) / sizeof(sample_sections[0]))
#undef AT
#undef RECORD

#endif
