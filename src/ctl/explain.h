/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_EXPLAIN_H
#define MH_CTL_EXPLAIN_H

#include "base/mem.h"
#include "ctl/call.h"
#include "ctl/explain_flow.h"
#include "feature/feature.h"
#include "host/ask.h"

/* What the files of `explain` share: from the host to its story, and from that to text or a picture. */

/* The host that is explained: as it runs, or as it would be after an apply. */
struct subject {
	struct host *host;
	struct config *config;	   /* on paper: what would be applied; else NULL */
	struct desired desired;	   /* on paper */
	struct state paper;	   /* on paper: the host after it */
	const struct state *state; /* the one that is explained */
	struct model *model;
	char *others;	/* nftables tables that the model does not judge; or NULL */
	json_t *tables; /* {"NUMBER": NAME}, as the configuration calls them; or NULL */
};

/*
 * Reads the host, and what --file or --plan would make of it. Returns 0, or the exit status after it
 * has said what is wrong. subject_free() it in both cases.
 */
int subject_read(const struct call *call, struct subject *subject);
void subject_free(struct subject *subject);

/* A sentence, and the object that it is about. */
struct sentence {
	char *text;
	enum object_kind kind;
	const void *object; /* or NULL */
	char *file;	    /* who asked for it, where that is known; else NULL */
	unsigned line, column;
	bool reply; /* it is about the reply */
	bool dim;   /* something that was passed by */
};

struct story {
	struct question question;
	const char *answered;	    /* of a question for a station: by whom; else NULL */
	struct verdict there, back; /* of the packet, and of its reply */
	struct flow reply;
	bool replied, symmetric;
	char *conclusion;
	bool fine; /* the packet gets somewhere */
	VEC(struct sentence) sentences;
	/* What the kernel says itself. */
	bool asked, agrees;
	char *kernel; /* how it answers, or why it was not asked */
};

/* Tells what happens to the packet of @question, and to its reply; or who answers. */
void story_tell(const struct subject *subject, const struct question *question,
		struct story *ret_story);
/* explain_asked.c: tells who answers ARP or neighbour discovery. */
void story_ask(const struct subject *subject, const struct question *question,
	       struct story *ret_story);
void story_free(struct story *story);
/* What the configuration calls its tables: on paper, or of the daemon. */
json_t *subject_tables(const struct call *call, const struct subject *subject);
/* Finds out who asked for the objects: of the file that was read, or of the daemon. */
void story_place(const struct call *call, const struct subject *subject, struct story *story);
/* explain_kernel.c: asks the kernel the same, and compares. */
void story_compare(const struct subject *subject, struct story *story);

/* explain_words.c: the parts of sentences. */
void words_rule(const struct host_rule *rule, struct text *text); /* "in bond0, mark 0x8" */
void words_table(const struct subject *subject, uint32_t table, struct text *text);
void words_route(const struct host_route *route, struct text *text);
void words_hop(const struct state *state, const struct verdict_hop *hop, const struct flow *flow,
	       struct text *text);
const char *words_link(const struct state *state, uint32_t index);

/* explain_json.c, explain_graph.c */
json_t *story_json(const struct subject *subject, const struct story *story);
void story_draw_dot(const struct subject *subject, const struct story *story, struct text *text);
void story_draw_svg(const struct subject *subject, const struct story *story, struct text *text);

#endif
