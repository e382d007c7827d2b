/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_REPLIES_H
#define MH_BPF_REPLIES_H

#include "base/text.h"
#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Unmodified UDP programs answer from the address asked: eBPF programs on cgroups, for the network
 * namespace of the caller. How an answer finds its question: replies_line.h.
 *
 * All functions return 0 or -errno. Where there is an @error, a failure leaves one line in it that
 * says what is missing. Rights: CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON. Lists are VECs (base/mem.h):
 * free them with VEC_FREE.
 */
struct replies;

struct replies_options {
	/*
	 * A folder in a bpffs, made if needed; one for each network namespace. What is pinned there
	 * outlives the process. NULL: everything ends with the process.
	 */
	const char *folder;
	unsigned peers; /* the most peers that are remembered; 0 = 65536 */
};

/*
 * Loads the programs. What a former process left in the folder goes on with what it knows, under
 * the new programs, without a gap. -ENOENT: no bpffs is mounted there (try again without a folder).
 */
int replies_open(const struct replies_options *options, struct replies **ret_replies,
		 struct text *error);
/* Forgets it; what is pinned goes on working. */
void replies_close(struct replies *replies);
/* Detaches all of it, unpins it, removes the folder, closes. */
int replies_remove(struct replies *replies, struct text *error);
/*
 * The same for what a former process left in @folder, without loading anything; 0 when nothing is
 * there.
 */
int replies_remove_folder(const char *folder, struct text *error);

/*
 * The folder of a cgroup: "all" is the top, a relative name is below it, an absolute path is taken
 * as it is. -ENOENT: no such cgroup now; -ENODEV: the host has no cgroup v2.
 */
int replies_cgroup_path(const char *name, struct text *ret_path, struct text *error);

/*
 * Attaches to a cgroup: its present and future sockets and those of all cgroups below. Attaching to
 * what has it already does nothing. Attaching above or below another attachment is harmless and
 * wasteful: for the moments of a change only.
 */
int replies_attach(struct replies *replies, const char *path, struct text *error);
/* By the cgroup's number, since its folder may be gone. -ENOENT: not attached. */
int replies_detach(struct replies *replies, uint64_t cgroup, struct text *error);
/* A cgroup's number: what replies_attached() lists. */
int replies_cgroup_number(const char *path, uint64_t *ret_cgroup);

struct replies_cgroups {
	uint64_t *items;
	size_t count, room;
};
/* Sorted. An attachment whose cgroup was deleted is cleaned away and not listed. */
int replies_attached(struct replies *replies, struct replies_cgroups *ret_cgroups);

/*
 * What may be the source of an answer: the longest prefix decides. Feed it the table `local`:
 * routes of type local are sources; whatever else is there (broadcast, exceptions inside a claim)
 * is not. Before the first one nothing is rewritten. A prefix that is deleted is forgotten at once,
 * also by those who asked it.
 */
struct replies_source {
	struct prefix prefix; /* clean */
	bool ours;
};
struct replies_sources {
	struct replies_source *items;
	size_t count, room;
};

int replies_set_source(struct replies *replies, const struct replies_source *source);
/* One that is gone already is 0, too. */
int replies_delete_source(struct replies *replies, const struct prefix *prefix);
/* In the order of prefix_compare(). */
int replies_sources(struct replies *replies, struct replies_sources *ret_sources);

#endif
