/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_NEIGHBOURS_H
#define MH_BPF_NEIGHBOURS_H

#include "base/text.h"
#include "net/address.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

/*
 * The responder in the kernel: one program on a link answers ARP requests and neighbour
 * solicitations by a table of prefixes, and lets nobody in whose source is not his. What it decides
 * and why: neighbours_decide.h, which the worker without BPF includes, too.
 *
 * All functions return 0 or -errno. Where there is an @error, a failure leaves one line in it that
 * says what is missing. Rights: CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON. Lists are VECs (base/mem.h):
 * free them with VEC_FREE.
 */
struct neighbours;

enum neighbours_way { NEIGHBOURS_AUTO, NEIGHBOURS_XDP, NEIGHBOURS_TC, NEIGHBOURS_WORKER };
enum neighbours_verdict { NEIGHBOURS_ANSWER = 1, NEIGHBOURS_SILENT, NEIGHBOURS_OWN };
/* Flags of a rule. */
enum { NEIGHBOURS_OVERRIDE = 1, NEIGHBOURS_TARGET_SOURCE = 2, NEIGHBOURS_BOUND = 4 };

struct neighbours_rule {
	uint32_t link;
	struct prefix prefix; /* clean */
	uint8_t verdict, flags;
	uint8_t mac[6]; /* of an OWN rule that is BOUND */
	uint32_t owner; /* whose an OWN rule is; 0 = nobody's */
};
struct neighbours_rules {
	struct neighbours_rule *items;
	size_t count, room;
};
struct neighbours_link {
	uint8_t mac[6];
	struct address link_local; /* family 0: there is none */
	bool guard, router;
	uint32_t owner; /* whom to count what nobody else is counted for; 0 = the link */
};
struct neighbours_attachment {
	uint32_t link;
	enum neighbours_way way; /* XDP or TC */
};
struct neighbours_links {
	struct neighbours_attachment *items;
	size_t count, room;
};
/* Owner 0 is the link, with all that is counted for its owners. */
struct neighbours_count {
	uint32_t link, owner;
	uint64_t asked, answered, silent, spoofed, malformed;
};
struct neighbours_counts {
	struct neighbours_count *items;
	size_t count, room;
};
/* Somebody else who says that an address is his for which we answer. */
struct neighbours_claimant {
	uint32_t link;
	struct address address;
	uint8_t mac[6];
	time_t first, last;
	uint64_t count;
};
struct neighbours_claimants {
	struct neighbours_claimant *items;
	size_t count, room;
};

/*
 * Loads the programs, and takes over what a former process left pinned in @folder, in a bpffs: its
 * rules, its counts, its links, which get the new program without a gap. One folder for each network
 * namespace, and for nothing else. NULL: all of it ends with the process (but for filters of tc, if it
 * is killed). -ENOENT: no bpffs is mounted there.
 */
int neighbours_open(const char *folder, struct neighbours **ret_neighbours, struct text *error);
/* To read alone; loads nothing. -ENOENT: nobody left anything there. */
int neighbours_look(const char *folder, struct neighbours **ret_neighbours, struct text *error);
void neighbours_close(struct neighbours *neighbours); /* what is pinned goes on working */
/* Detaches all of it, unpins it, removes the folder, closes. */
int neighbours_remove(struct neighbours *neighbours, struct text *error);
/* The same for what a former process left, without loading anything; 0 when nothing is there. */
int neighbours_remove_folder(const char *folder, struct text *error);

/* Before it is attached a link is set; what is not set is let alone. */
int neighbours_set_link(struct neighbours *neighbours, uint32_t link,
			const struct neighbours_link *set);
int neighbours_get_link(struct neighbours *neighbours, uint32_t link,
			struct neighbours_link *ret_set);
/* Its settings, counts and claimants; not its rules. */
int neighbours_forget_link(struct neighbours *neighbours, uint32_t link);
/*
 * AUTO keeps what is attached; else XDP where the driver has it and the link is no veth, else tc. A
 * caller that knows of VLANs on the link wishes TC. Any other wish is obeyed or refused.
 */
int neighbours_attach(struct neighbours *neighbours, uint32_t link, enum neighbours_way wish,
		      enum neighbours_way *ret_way, struct text *error);
/* 0 as well when it is not attached. */
int neighbours_detach(struct neighbours *neighbours, uint32_t link, struct text *error);
/* Sorted. What went with its link, or what others took away, is not listed. */
int neighbours_attached(struct neighbours *neighbours, struct neighbours_links *ret_links);

/* One that is there already is replaced. What was set before a failure stays. */
int neighbours_set_rules(struct neighbours *neighbours, const struct neighbours_rule *rules,
			 size_t count);
/* By link and prefix; 0 as well for one that is gone. */
int neighbours_delete_rules(struct neighbours *neighbours, const struct neighbours_rule *rules,
			    size_t count);
/* These three sorted: by link, then prefix; by link, then owner; by link, then address, then MAC. */
int neighbours_rules(struct neighbours *neighbours, struct neighbours_rules *ret_rules);
int neighbours_counts(struct neighbours *neighbours, struct neighbours_counts *ret_counts);
int neighbours_claimants(struct neighbours *neighbours, struct neighbours_claimants *ret_claimants);

#endif
