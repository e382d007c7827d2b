/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_OPENINGS_H
#define MH_BPF_OPENINGS_H

#include "base/text.h"

#include <stddef.h>
#include <stdint.h>

/*
 * An event when a program of this network namespace opens one of some ports: listens on it (TCP) or
 * binds it (UDP), and when it ceases to listen. The event comes at that very moment, perhaps just
 * before looking can show it, so whoever is told looks twice, the second time a little later.
 *
 * What does all this ends with the process, however that ends. Rights: as for replies.h.
 */
struct openings;

struct opening {
	uint8_t protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	uint16_t port;
};

/*
 * Returns 0, or -errno and one line in @error that says what is missing. Whoever looks after this
 * has missed nothing.
 */
int openings_open(const struct opening *wanted, size_t count, struct openings **ret_openings,
		  struct text *error);
void openings_close(struct openings *openings);
/* Readable when there are events. */
int openings_fd(const struct openings *openings);
/* Takes all events that are there. */
void openings_receive(struct openings *openings);

#endif
