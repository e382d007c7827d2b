/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DOCTOR_DOCTOR_H
#define MH_DOCTOR_DOCTOR_H

#include "base/mem.h"
#include "host/peers.h"
#include "host/servers.h"

/*
 * What is wrong on a host, whoever configured it: checks over what was observed, each of which
 * knows one mistake that people make. Pure. A healthy host has no finding at all: a check that
 * cannot be sure stays silent.
 */
enum severity {
	SEVERITY_NOTE,	  /* costs something, or will one day */
	SEVERITY_WARNING, /* hurts some packets, or all of them when something else changes */
	SEVERITY_ERROR,	  /* hurts now */
	SEVERITY_COUNT
};

struct finding {
	const char *check; /* its name: a static string */
	enum severity severity;
	struct text what;    /* one line */
	struct text where;   /* the object, as iproute2 would say it */
	struct text why;     /* why it hurts: a sentence or two */
	struct text line;    /* for our file; "" = it has no word for that */
	struct text command; /* for now; "" = none */
};

struct findings {
	VEC(struct finding) items; /* the worst first */
	size_t dropped;		   /* more of the same kind than anybody would read */
};

/* A machine that this host sends its log to. */
struct log_server {
	struct address address;
	char source[96]; /* where that is said: "/etc/rsyslog.conf", "a socket of port 514" */
};

/* A server on one address of this host. */
struct service {
	uint8_t protocol; /* IPPROTO_* */
	struct address address;
	uint16_t port;
};

/* Another host on the wire that says an address is its own, for which this one answers. Words. */
struct claimant {
	const char *address, *link, *mac, *since, *last;
	uint64_t count;
};

/* A link on which a worker answers, since there can be no eBPF program: why. */
struct stand_in {
	const char *link, *why;
};

/* What is looked at. What is unknown is NULL or 0, and not complained about. */
struct patient {
	const struct state *state; /* observed, with all routes and the sysctls of doctor_sysctls() */
	const struct host_servers *servers;
	struct host_neighbour_table tables[2]; /* IPv4, IPv6 */
	const struct log_server *log_servers;
	size_t log_server_count;
	const struct service *services;
	size_t service_count;
	const struct claimant *claimants;
	size_t claimant_count;
	const struct stand_in *stand_ins;
	size_t stand_in_count;
	uint16_t ephemeral_first, ephemeral_last; /* ports of sockets that named none */
};

/* The names that .state should have: see struct host_interest. */
const char *const *doctor_sysctls(size_t *ret_count);

void doctor_examine(const struct patient *patient, struct findings *ret_findings);
void findings_free(struct findings *findings);
/* "note", "warning", "error". */
const char *severity_name(enum severity severity);

#endif
