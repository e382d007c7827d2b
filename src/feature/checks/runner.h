/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_RUNNER_H
#define MH_FEATURE_CHECKS_RUNNER_H

#include "base/text.h"

#include <stdint.h>

/*
 * The process that runs scripts. The worker may neither fork nor open files, so it has this one
 * beside it, which sees the host's files as the user "multihomed", without capabilities, and never
 * reads the wire. They talk over a SOCK_SEQPACKET pair; it ends, with all that it started, when
 * the worker does.
 */
#define RUNNER_LINE_SIZE 120
#define RUNNER_AT_ONCE 16
#define RUNNER_PACKET_SIZE 32768 /* the longest order */

/* To it: what to run, or, without words, what to end. */
struct runner_order {
	uint32_t slot, turn;
	uint32_t limit_ms;	  /* from the start of the program on */
	const char *const *words; /* argv, without a NULL at the end */
	unsigned count;
};

enum runner_end { RUNNER_EXITED, RUNNER_KILLED, RUNNER_LATE, RUNNER_NOT_STARTED };
#define RUNNER_ENDS (RUNNER_NOT_STARTED + 1)

/* From it. */
struct runner_result {
	uint32_t slot, turn;
	enum runner_end end;
	uint32_t code;		     /* exit status, signal, errno */
	char line[RUNNER_LINE_SIZE]; /* the first that it wrote, or "" */
};

/* Returns our end of the pair, or -errno. Called with all rights; the new process gives them up. */
int runner_start(void);

/* Returns 0, -EAGAIN when it takes no more, -E2BIG, or -errno. */
int runner_send(int fd, const struct runner_order *order);
/* Returns 1, 0 at its end, -EAGAIN, -EPROTO. */
int runner_receive(int fd, struct runner_result *ret_result);

/* Its own half: the words point into @bytes, and into @words, which has room for @most. */
int runner_order_read(const void *bytes, size_t length, struct runner_order *ret_order,
		      const char **words, unsigned most);

#endif
