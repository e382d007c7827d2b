/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_SAMPLE_H
#define MH_CONFIG_SAMPLE_H

#include "config/config.h"

/*
 * A small configuration that has every type, but files (file_test.c has them), and every way to
 * hold one: what the tests and the fuzzer of this folder read. Shaped like the real one, but it
 * does not change with it. Its tables are in sample_tables.h.
 */
struct sample_claim {
	struct config_record record;
	struct prefix prefix;
	struct config_list except, neighbours;
	bool nonlocal_bind;
};

struct sample_service {
	struct config_record record;
	const char *name, *banner;
	uint32_t kind, idle_ms, connections;
	struct config_list listen, ports, protocols;
	struct address source;
	struct config_ports control;
	struct config_list own;
	struct config_mac mac;
	char grade;
	struct config_list grades; /* of char; one may stand alone */
};

struct sample_bond {
	struct config_record record;
	struct config_list members;
	uint32_t mode, miimon_ms;
};

struct sample_link {
	struct config_record record;
	const char *name;
	struct sample_bond bond;
	struct config_list weights;
	uint32_t mtu;
};

struct sample_table {
	struct config_record record;
	const char *name;
	uint32_t id;
};

struct sample_routing {
	struct config_record record;
	bool symmetric;
	struct config_list tables, halls;
};

#endif
