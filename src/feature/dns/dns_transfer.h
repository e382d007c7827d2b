/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_TRANSFER_H
#define MH_FEATURE_DNS_TRANSFER_H

#include "feature/dns/dns_thread.h"

/* A zone on its way to a secondary (AXFR), out of the setup in which it began. */
struct dns_transfer;

/*
 * The transfer that thread->scratch was asked for: begins it, or writes into @room why not. Returns
 * the length of what was written, or 0 with *ret_transfer.
 */
size_t dns_transfer_begin(struct dns_thread *thread, const struct dns_talk *talk,
			  const struct dns_room *room, struct dns_transfer **ret_transfer);
/* The next message; 0: that was the last one. */
size_t dns_transfer_next(struct dns_thread *thread, struct dns_transfer *transfer,
			 const struct dns_room *room);
void dns_transfer_end(struct dns_thread *thread, struct dns_transfer *transfer); /* NULL is fine */

#endif
