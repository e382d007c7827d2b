/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_NEIGHBOURS_CASES_H
#define MH_BPF_NEIGHBOURS_CASES_H

#include "bpf/neighbours.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What a responder does, as a table that each of them has to pass: the program in tc, the one in XDP,
 * the worker without BPF. The scene has two links of ours, both with the MAC 02:00:00:00:00:01: an
 * open one, where a prefix is claimed from neighbours like us, and a port of subscribers, which is
 * guarded. A frame is told in words (neighbours_words.c).
 */
enum { CASES_OPEN, CASES_PORT, CASES_LINKS };

struct neighbours_case {
	const char *title;
	int on; /* the open link, or the port */
	const char *frame;
	const char *becomes; /* "passed", "dropped", or the answer, which takes the whole frame's place */
	const char *counted; /* "" for nothing: "OWNER: COUNTER..." */
	const char *claimed; /* NULL: nobody claims anything */
};

extern const struct neighbours_case neighbours_cases[];
extern const size_t neighbours_case_count;

/* The rules of the scene, for links of these numbers. */
struct neighbours_rules neighbours_cases_rules(const uint32_t links[CASES_LINKS]);
struct neighbours_link neighbours_cases_link(int which);

enum { CASES_FRAME_SIZE = 1600 };
/* Writes the frame that @words tell; returns its length. Ends the process for words unknown. */
size_t neighbours_words_frame(const char *words, uint8_t frame[CASES_FRAME_SIZE]);

#endif
