/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_ANSWERING_H
#define MH_HOST_ANSWERING_H

#include "bpf/neighbours.h"
#include "host/state.h"

/* What everybody asks of those kinds that ARP and neighbour discovery are about. */

/* The rule that an answer is, for those who obey it (answer.c). */
struct neighbours_rule answer_rule(const struct host_answer *answer);
/* "xdp", "tc" or "worker"; "-" for NULL, and where it is not known (responder.c). */
const char *responder_way_word(const struct host_responder *responder);
/* Whether the kernel counts it against no limit of its table, Linux 4.20 (neighbour.c). */
bool neighbour_is_exempt(const struct host_neighbour *neighbour);
/* The first IPv6 link-local address of the link that packets may come from now, or none (address.c). */
struct address link_local_of(const struct state *observed, uint32_t link);

#endif
