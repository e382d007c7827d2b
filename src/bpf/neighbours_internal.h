/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_NEIGHBOURS_INTERNAL_H
#define MH_BPF_NEIGHBOURS_INTERNAL_H

#include "bpf/neighbours.h"
#include "bpf/neighbours_shared.h"

/* What the files of the loader share. */

enum neighbours_map { MAP_RULES, MAP_LINKS, MAP_COUNTS, MAP_WHO, MAP_CLAIMS, MAP_ABOUT, MAPS };

/*
 * How a program hangs on its link: a link of BPF in XDP or in tc (Linux 6.6), or a filter of tc in a
 * qdisc that was there, or that we made.
 */
enum neighbours_hook { HOOK_XDP, HOOK_TCX, HOOK_FILTER, HOOK_QDISC, HOOKS };

struct neighbours_hooked {
	uint32_t link;
	enum neighbours_hook hook;
	int fd; /* the link of BPF, or the program that the filter runs */
};

struct neighbours {
	struct neighbours_bpf *object; /* NULL: nothing was loaded, it is only looked at */
	int maps[MAPS];
	int xdp, tc;	  /* the programs */
	bool without_tcx; /* filters only, as before Linux 6.6: for tests */
	char *folder;	  /* NULL: nothing is pinned */
	struct {
		struct neighbours_hooked *items;
		size_t count, room;
	} hooked;
};

/* Takes over what is pinned: each hook gets the new program in place of the old one. */
int neighbours_links_adopt(struct neighbours *neighbours, struct text *error);
/* Only finds what is pinned. */
int neighbours_links_find(struct neighbours *neighbours, struct text *error);
/* Lets go of all; without a folder nothing stays. */
void neighbours_links_close(struct neighbours *neighbours);
/* Ends what is pinned at @path, whoever pinned it; a pins_end. */
bool neighbours_links_end(const char *path, const char *name);

/* The filter of tc, neighbours_filter.c. */

/* Makes the filter of @link run @program; without @replace, -EEXIST when there is one. */
int filter_attach(uint32_t link, int program, bool replace);
/* The number of the program that it runs. -ENOENT: there is none. */
int filter_program(uint32_t link, uint32_t *ret_number);
void filter_detach(uint32_t link);
/* -EEXIST: it was there. */
int filter_make_qdisc(uint32_t link);
/* Unless somebody else has a filter there by now. */
void filter_drop_qdisc(uint32_t link);

/* The tables, neighbours_rules.c. */

struct neighbours_address neighbours_address_in(const struct address *address);
struct address neighbours_address_out(const struct neighbours_address *address);

/* What was counted and seen, neighbours_counts.c. */

/* Tells each element of a map. */
int neighbours_each(int map, size_t key_size, size_t value_size,
		    void (*fn)(void *data, const void *key, const void *value), void *data);
void neighbours_forget_claims(struct neighbours *neighbours, uint32_t link);

#endif
