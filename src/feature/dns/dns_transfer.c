/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A zone of a million names leaves in hundreds of messages, and a secondary may take its time. So the
 * setup in which the transfer began stays, however many follow it, until the last one has ended: what
 * is sent is one serial from its first record to its last.
 */
#include "feature/dns/dns_transfer.h"

#include "dns/axfr.h"
#include "feature/crew.h"

#include <string.h>

struct dns_transfer {
	struct axfr axfr;
	struct dns_setup *setup;
	struct tsig_session session;
};

/* A rule with a key wants that key; one without takes any that is right. */
static bool may_have(const struct dns_setup *setup, const struct dns_order_zone *zone,
		     const struct address *peer, const struct tsig_key *key)
{
	for (uint32_t i = 0; i < zone->transfer_count; i++) {
		const struct dns_order_transfer *rule = &zone->transfers[i];

		if (rule->from.family && !prefix_holds(&rule->from, peer))
			continue;
		if (rule->key == DNS_NO_KEY || key == &setup->keys[rule->key])
			return true;
	}
	return false;
}

size_t dns_transfer_begin(struct dns_thread *thread, const struct dns_talk *talk,
			  const struct dns_room *room, struct dns_transfer **ret_transfer)
{
	struct dns_scratch *scratch = thread->scratch;
	const struct dns_query *query = &scratch->query;
	const struct dns_order_zone *zone =
		&thread->setup->orders.zones[thread->setup->order_of[scratch->outcome.zone]];
	const struct tsig_key *key = query->tsig ? scratch->session.key : NULL;
	struct dns_transfer *transfer;

	thread->counts.transfers.asked++;
	if (!may_have(thread->setup, zone, &talk->asker.peer, key)) {
		thread->counts.transfers.dropped++;
		return dns_refuse(scratch, DNS_REFUSED, DNS_EDE_PROHIBITED, room->bytes,
				  room->length);
	}
	thread->counts.transfers.answered++;
	transfer = mem_alloc(sizeof(*transfer));
	transfer->setup = thread->setup;
	transfer->session = scratch->session;
	axfr_begin(&transfer->axfr, scratch->outcome.transfer, query->id, query->bytes + DNS_HEADER,
		   key ? &transfer->session : NULL);
	atomic_fetch_add(&transfer->setup->transfers, 1);
	*ret_transfer = transfer;
	return 0;
}

size_t dns_transfer_next(struct dns_thread *thread, struct dns_transfer *transfer,
			 const struct dns_room *room)
{
	return axfr_next(&transfer->axfr, (uint64_t)(thread->clock_us / 1000000), room->bytes,
			 room->length);
}

void dns_transfer_end(struct dns_thread *thread, struct dns_transfer *transfer)
{
	if (!transfer)
		return;
	if (!axfr_done(&transfer->axfr))
		thread->counts.transfers.failed++;
	/* The last one lets the main thread free the setup, if another one is in force. */
	if (atomic_fetch_sub(&transfer->setup->transfers, 1) == 1)
		crew_wake(thread->live->crew);
	mem_freep(&transfer);
}
