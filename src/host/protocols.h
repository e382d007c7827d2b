/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_PROTOCOLS_H
#define MH_HOST_PROTOCOLS_H

#include "host/kind.h"

/* Words that several kinds share; each list is ended by a NULL text. */
extern const struct word route_protocols[]; /* RTPROT_*: who made it, as iproute2 names them */
extern const struct word route_tables[];    /* RT_TABLE_* that have a name */
extern const struct word family_words[];    /* AF_* */
extern const struct word transport_words[]; /* IPPROTO_* */

#endif
