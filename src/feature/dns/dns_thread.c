/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_thread.h"

#include "feature/crew.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool dns_thread_serves(struct dns_thread *thread, uint16_t port, const struct address *asked,
		       uint32_t *ret_prefix)
{
	const struct dns_setup *setup = thread->setup;
	const struct lpm_entry *entry;

	if (!setup || setup->orders.port != port || !asked->family)
		return false;
	/* Where no prefix lies in another, the one that holds an address is the one. */
	if (setup->nested || !setup->orders.listen_count ||
	    !prefix_holds(&setup->orders.listen[thread->last], asked)) {
		entry = lpm_find(setup->listen, asked);
		if (!entry)
			return false;
		thread->last = entry->value;
	}
	*ret_prefix = thread->last;
	return true;
}

void dns_thread_clock(struct dns_thread *thread)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	thread->clock_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void tell_log(struct dns_thread *thread, const struct dns_talk *talk)
{
	const struct dns_query *query = &thread->scratch->query;
	struct dns_log_record *record;

	if (!query->question || !dns_log_chosen(&thread->limit, thread->clock_us))
		return;
	record = dns_log_room(thread->ring);
	if (!record)
		return;
	record->time_us = thread->clock_us;
	record->asked = talk->asker.asked;
	record->peer = talk->asker.peer;
	record->peer_port = talk->asker.peer_port;
	record->type = query->type;
	record->rcode = (uint8_t)thread->scratch->outcome.rcode;
	record->tcp = talk->asker.tcp;
	memcpy(record->name, query->name.wire, query->name.length);
	thread->ring_filled |= dns_log_put(thread->ring);
}

static void count(struct counter *counter, bool answered)
{
	counter->asked++;
	if (answered)
		counter->answered++;
	else
		counter->dropped++;
}

size_t dns_thread_answer(struct dns_thread *thread, struct dns_talk *talk,
			 const struct dns_bytes *query, const struct dns_room *room)
{
	talk->asker.query = query->bytes;
	talk->asker.length = query->length;
	talk->asker.now_us = (uint64_t)thread->base.now_us;
	talk->asker.now = (uint64_t)(thread->clock_us / 1000000);
	return dns_answer(&thread->server, thread->scratch, &talk->asker, room->bytes, room->length);
}

void dns_thread_done(struct dns_thread *thread, const struct dns_talk *talk, bool answered)
{
	const struct dns_setup_counts *counts = &thread->setup->counts[thread->base.index];
	const struct dns_outcome *outcome = &thread->scratch->outcome;
	const struct dns_query *query = &thread->scratch->query;
	const struct address *asked = &talk->asker.asked;

	if (answered)
		thread->counts.rcodes[outcome->rcode % DNS_RCODES]++;
	count(&counts->prefixes[talk->prefix], answered);
	if (outcome->zone >= 0)
		count(&counts->zones[thread->setup->order_of[outcome->zone]], answered);
	dns_top_count(&thread->addresses, dns_top_hash(asked, sizeof(*asked)), asked, sizeof(*asked));
	if (query->question)
		dns_top_count(&thread->names, query->name.hashes[0], query->name.wire,
			      query->name.length);
	if (thread->ring)
		tell_log(thread, talk);
}

void dns_thread_told(struct dns_thread *thread)
{
	if (!thread->ring_filled)
		return;
	thread->ring_filled = false;
	crew_wake(thread->live->crew);
}

/* What was limited so far is forgotten only where the limits are others. */
static void limit_answers(struct dns_thread *thread)
{
	const struct dns_orders *orders = &thread->setup->orders;
	struct rrl_options options = {
		.per_second = (orders->rate_per_second + thread->setup->threads - 1) /
			      thread->setup->threads,
		.slip = orders->slip,
	};

	if (options.per_second == thread->limits.per_second && options.slip == thread->limits.slip)
		return;
	thread->limits = options;
	rrl_free(thread->scratch->rrl);
	thread->scratch->rrl = options.per_second ? rrl_new(&options, thread->live->secret) : NULL;
}

void dns_thread_adopt(struct crew_thread *base, void *data)
{
	struct dns_thread *thread = dns_thread(base);

	thread->setup = data;
	thread->last = 0;
	dns_setup_serve(thread->setup, &thread->server);
	limit_answers(thread);
	thread->limit.sample = thread->setup->orders.log_sample;
	/* Each thread may tell its part. */
	thread->limit.rate = (thread->setup->orders.log_rate + thread->setup->threads - 1) /
			     thread->setup->threads;
	dns_tcp_adopt(thread);
	crew_thread_adopt(base);
}

void dns_thread_selves(struct crew_thread *base, void *data)
{
	dns_thread(base)->server.selves = data;
}

void dns_thread_rings(struct crew_thread *base, void *data)
{
	struct dns_log_ring **rings = data;

	dns_thread(base)->ring = rings ? rings[base->index] : NULL;
}

static void counter_add(struct counter *sum, const struct counter *more)
{
	sum->asked += more->asked;
	sum->answered += more->answered;
	sum->dropped += more->dropped;
	sum->failed += more->failed;
}

void dns_thread_tell(struct crew_thread *base, void *data)
{
	const struct dns_thread *thread = dns_thread(base);
	const struct dns_counts *counts = &thread->counts;
	struct counters *sum = data;
	char key[32] = "rcode ", text[16];

	if (thread->setup)
		dns_setup_tell(thread->setup, base->index, sum);
	counter_add(counters_get(sum, "udp"), &counts->udp);
	counter_add(counters_get(sum, "tcp"), &counts->tcp);
	counter_add(counters_get(sum, "connections"), &counts->connections);
	counter_add(counters_get(sum, "transfers"), &counts->transfers);
	for (unsigned i = 0; i < DNS_RCODES; i++) {
		strcpy(key + 6, dns_rcode_text((uint8_t)i, text));
		counters_get(sum, key)->answered += counts->rcodes[i];
	}
}

void dns_thread_top(struct crew_thread *base, void *data)
{
	struct dns_tops *tops = data;

	dns_top_join(&tops->addresses, &dns_thread(base)->addresses);
	dns_top_join(&tops->names, &dns_thread(base)->names);
}

int dns_thread_start(struct crew_thread *base)
{
	struct dns_thread *thread = dns_thread(base);

	thread->scratch = mem_alloc(sizeof(*thread->scratch));
	thread->stream = mem_alloc(2 * DNS_STREAM_SIZE);
	dns_top_init(&thread->addresses, sizeof(struct address));
	dns_top_init(&thread->names, DNS_TOP_KEY);
	dns_tcp_adopt(thread);
	return 0;
}

void dns_thread_stop(struct crew_thread *base)
{
	struct dns_thread *thread = dns_thread(base);

	if (thread->scratch)
		rrl_free(thread->scratch->rrl);
	mem_freep(&thread->scratch);
	mem_freep(&thread->stream);
	dns_top_free(&thread->addresses);
	dns_top_free(&thread->names);
}
