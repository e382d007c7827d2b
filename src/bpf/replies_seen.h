/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_REPLIES_SEEN_H
#define MH_BPF_REPLIES_SEEN_H

#include "bpf/replies.h"

/* Since the programs were first attached; a restart counts on. */
struct replies_counters {
	/* Datagrams that asked a wildcard socket; answers whose source was set. */
	uint64_t recorded, rewritten;
	/*
	 * Answers left alone: the address asked is this host's no more; the program chose a source
	 * itself.
	 */
	uint64_t refused, chosen;
	/*
	 * Sent to somebody whose question is not known: a client's own question, or a forgotten
	 * one.
	 */
	uint64_t unknown;
	/* Peers forgotten to make room (at least so many). */
	uint64_t evicted;
	/* Datagrams behind a line that was full: looked up in the receive queue instead. */
	uint64_t overflowed;
	/* Lines that did not agree with the receive queue, and were put right. */
	uint64_t resynced;
	/* Answers whose question was one of several from that peer, told apart by order alone. */
	uint64_t guessed;
};
int replies_counters(struct replies *replies, struct replies_counters *ret_counters);

/*
 * What was seen of the servers on a port. The family is the peer's: an IPv4 client of an IPv6
 * socket counts as AF_INET. rewritten: the hook works for it. chosen: it uses packet information.
 * connects: it connect()s to a peer who had asked, and needs the preload library.
 */
struct replies_evidence {
	uint16_t port;
	uint8_t family;
	uint32_t rewritten, chosen, connects;
};
struct replies_evidences {
	struct replies_evidence *items;
	size_t count, room;
};
/* By port, then family. */
int replies_evidences(struct replies *replies, struct replies_evidences *ret_evidences);

/* Run time of the programs, while sysctl kernel.bpf_stats_enabled is 1; for measurements. */
struct replies_run {
	const char *program;
	uint64_t runs, nanoseconds;
};
struct replies_runs {
	struct replies_run *items;
	size_t count, room;
};
int replies_runs(struct replies *replies, struct replies_runs *ret_runs);

#endif
