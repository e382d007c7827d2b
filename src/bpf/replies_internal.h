/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_REPLIES_INTERNAL_H
#define MH_BPF_REPLIES_INTERNAL_H

#include "bpf/replies.h"
#include "bpf/replies_shared.h"

/* What the files of the loader share. */

enum replies_map { MAP_LINES, MAP_PEERS, MAP_SOURCES, MAP_PORTS, MAP_COUNTS, MAP_ABOUT, MAPS };

/* In the order in which they are attached: who answers must have been told first. */
enum { REPLIES_PROGRAMS = 7 };
extern const char *const replies_program_names[REPLIES_PROGRAMS];

/* One hook of one cgroup: a link, -1 = none. */
struct replies_attachment {
	uint64_t cgroup;
	int links[REPLIES_PROGRAMS];
};

struct replies {
	struct replies_bpf *object;
	int maps[MAPS];
	int programs[REPLIES_PROGRAMS];
	int attach_types[REPLIES_PROGRAMS];
	unsigned peers;
	bool looks;   /* the programs see the receive queue (replies_look.h) */
	char *folder; /* NULL: nothing is pinned */
	struct {
		struct replies_attachment *items;
		size_t count, room;
	} attachments;
};

/* Takes over what is pinned: each link gets the new program in place of the old one. */
int replies_links_adopt(struct replies *replies, struct text *error);
void replies_links_close(struct replies *replies);
/* Detaches and unpins one link that is pinned at @path, whoever pinned it. */
void replies_links_end(const char *path);
/* Whether a file of the folder is a link. */
bool replies_links_owns(const char *name);

#endif
