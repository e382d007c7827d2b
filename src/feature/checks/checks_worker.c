/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The worker of the checks: one thread, one epoll, and a heap of what is due. Each round waits,
 * hears answers, hears the engine, starts and ends probes, and tells what changed.
 *
 * Probes start on a grain of time (a 50th of their interval, at most 16 ms) so that those that are
 * due at nearly the same moment share one round: a round costs as much as a probe.
 */
#include "base/clock.h"
#include "base/log.h"
#include "feature/checks/checks_heap.h"
#include "feature/checks/checks_table.h"
#include "feature/checks/checks_work.h"
#include "feature/checks/probe_kinds.h"
#include "feature/worker.h"
#include "io/blob.h"
#include "io/channel.h"
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/epoll.h>

#define GRAINS 50
#define GRAIN_MOST_US 16384
#define SPREAD_US 100 /* between the first probes of two checks */
#define STARTS_A_ROUND 1024
#define FACTS_BYTES 3000 /* of one message, or so: it stays within a packet */
#define HEARTBEAT_US 1000000
#define AGAIN_US 10000

struct checker_blob {
	uint8_t digest[WORKER_DIGEST_SIZE];
	const void *bytes;
	size_t length;
};

struct checker {
	int channel;
	struct probe_watch spoken; /* the engine says something */
	bool hears;
	struct probe_stage stage;
	struct checks_heap heap;
	struct checks_table table;
	VEC(struct checker_blob) blobs;
	struct text facts; /* that the engine had no room for */
	uint32_t asked;	   /* number of the report that is owed; 0 = none */
	int64_t settle_us, heartbeat_us;
	uint32_t dice;
	struct checks_count counts[CHECK_KINDS];
};

/* A check that is asked for. Its node is the start of its next probe, or the end of this one. */
struct inquiry {
	struct checks_node node; /* first: what is due is an inquiry */
	struct probe probe;	 /* then: its results are found by it */
	struct checks_entry *entry;
	uint32_t timeout_us; /* of the next probe */
};

static struct inquiry *inquiry_of(struct probe *probe)
{
	return (struct inquiry *)(void *)((char *)probe - offsetof(struct inquiry, probe));
}

/* Xorshift: jitter needs no secret. */
static uint32_t roll(struct checker *checker)
{
	checker->dice ^= checker->dice << 13;
	checker->dice ^= checker->dice >> 17;
	checker->dice ^= checker->dice << 5;
	return checker->dice;
}

/* Grains are powers of two, so that those of different intervals meet. */
static int64_t on_grain(int64_t at_us, uint64_t length_us)
{
	int64_t grain = 1;

	while (grain < GRAIN_MOST_US && (uint64_t)grain * 2 <= length_us / GRAINS)
		grain *= 2;
	return (at_us + grain - 1) / grain * grain;
}

static void plan_next(struct checker *checker, struct inquiry *inquiry, int64_t from_us)
{
	struct judge_pace pace = judge_pace(&inquiry->entry->judge, inquiry->entry->spec,
					    roll(checker));
	int64_t at = on_grain(from_us + pace.after_us, pace.after_us);

	if (at < checker->stage.now_us)
		at = checker->stage.now_us;
	inquiry->timeout_us = pace.timeout_us;
	inquiry->entry->next_us = at;
	checks_heap_set(&checker->heap, &inquiry->node, at);
}

static void take_result(struct checker *checker, struct probe *probe)
{
	struct inquiry *inquiry = inquiry_of(probe);
	struct checks_count *count = &checker->counts[probe->spec->kind];
	struct judge_result result = { .word = JUDGE_GOOD,
				       .weight = probe->result.weight,
				       .took_us = probe->result.took_us,
				       .reason = probe->result.reason };

	if (!probe->result.up)
		result.word = probe->result.silent ? JUDGE_SILENT : JUDGE_BAD;
	count->good += result.word == JUDGE_GOOD;
	count->bad += result.word == JUDGE_BAD;
	count->silent += result.word == JUDGE_SILENT;
	checks_table_hear(&checker->table, inquiry->entry, &result, checker->stage.now_us);
	plan_next(checker, inquiry, probe->asked_us);
}

static void take_results(struct checker *checker)
{
	for (size_t i = 0; i < checker->stage.done.count; i++)
		if (checker->stage.done.items[i])
			take_result(checker, checker->stage.done.items[i]);
	checker->stage.done.count = 0;
}

static void start_one(struct checker *checker, struct inquiry *inquiry)
{
	int64_t until = checker->stage.now_us + inquiry->timeout_us;

	checks_heap_set(&checker->heap, &inquiry->node, on_grain(until, inquiry->timeout_us));
	checker->counts[inquiry->probe.spec->kind].started++;
	probe_start(&inquiry->probe);
}

/* What is late is done; it comes back into the heap when its result is taken. */
static void run_due(struct checker *checker)
{
	for (unsigned i = 0; i < STARTS_A_ROUND; i++) {
		struct inquiry *first = (struct inquiry *)checks_heap_first(&checker->heap);

		if (!first || first->node.at_us > checker->stage.now_us)
			return;
		if (!first->probe.asking) {
			start_one(checker, first);
			continue;
		}
		checks_heap_remove(&checker->heap, &first->node);
		probe_late(&first->probe);
	}
}

static bool blob_of(void *data, const uint8_t *digest, const void **ret_bytes, size_t *ret_length)
{
	const struct checker *checker = data;

	for (size_t i = 0; i < checker->blobs.count; i++) {
		const struct checker_blob *blob = &checker->blobs.items[i];

		if (memcmp(blob->digest, digest, sizeof(blob->digest)) != 0)
			continue;
		*ret_bytes = blob->bytes;
		*ret_length = blob->length;
		return true;
	}
	return false;
}

static void end_inquiry(struct checker *checker, struct inquiry *inquiry)
{
	checks_heap_remove(&checker->heap, &inquiry->node);
	probe_close(&inquiry->probe);
	mem_freep(&inquiry);
}

/* The first probes follow each other quickly, but not all at once. */
static void begin_inquiry(struct checker *checker, struct checks_entry *entry, int64_t after_us)
{
	struct inquiry *inquiry = mem_alloc(sizeof(*inquiry));
	int64_t every = (int64_t)entry->spec->every_ms * 1000;

	entry->own = inquiry;
	inquiry->entry = entry;
	inquiry->timeout_us = entry->spec->timeout_ms * 1000;
	probe_open(&inquiry->probe, &checker->stage, entry->spec);
	entry->next_us = checker->stage.now_us + (after_us < every ? after_us : after_us % every);
	checks_heap_set(&checker->heap, &inquiry->node, entry->next_us);
}

static void keep_inquiry(struct checks_entry *entry)
{
	struct inquiry *inquiry = entry->own;

	inquiry->entry = entry;
	inquiry->probe.spec = entry->spec;
}

static int take_orders(struct checker *checker, const struct channel_message *message)
{
	struct checks_table former;
	struct checks_orders orders;
	int64_t after = 0;
	int r = checks_orders_read(message->bytes, message->length, &orders);

	if (r < 0)
		return r;
	checks_table_adopt(&checker->table, &orders, &former);
	for (uint32_t i = 0; i < former.count; i++)
		if (former.entries[i].own)
			end_inquiry(checker, former.entries[i].own);
	for (uint32_t i = 0; i < checker->table.count; i++) {
		struct checks_entry *entry = &checker->table.entries[i];

		if (entry->own)
			keep_inquiry(entry);
		else if (probe_kind_of(entry->spec))
			begin_inquiry(checker, entry, after += SPREAD_US);
	}
	checks_table_free(&former);
	checker->settle_us = 0;
	return 0;
}

static int take_notes(struct checker *checker, const struct channel_message *message)
{
	struct checks_notes notes;
	int r = checks_notes_read(message->bytes, message->length, &notes);

	if (r < 0)
		return r;
	checks_table_note(&checker->table, &notes, checker->stage.now_us);
	if (notes.arena)
		arena_free(notes.arena);
	checker->settle_us = 0;
	return 0;
}

static int take_blob(struct checker *checker, const struct channel_message *message)
{
	struct checker_blob blob = { 0 };
	int r;

	if (message->length != sizeof(blob.digest) || message->fd_count != 1)
		return -EPROTO;
	memcpy(blob.digest, message->bytes, sizeof(blob.digest));
	r = blob_map(message->fds[0], &blob.bytes, &blob.length);
	if (!r)
		*VEC_PUSH(&checker->blobs) = blob;
	return r;
}

static int forget_blob(struct checker *checker, const struct channel_message *message)
{
	if (message->length != WORKER_DIGEST_SIZE)
		return -EPROTO;
	for (size_t i = 0; i < checker->blobs.count; i++) {
		struct checker_blob *blob = &checker->blobs.items[i];

		if (memcmp(blob->digest, message->bytes, sizeof(blob->digest)) != 0)
			continue;
		blob_unmap(blob->bytes, blob->length);
		*blob = checker->blobs.items[--checker->blobs.count];
		return 0;
	}
	return 0;
}

static int send_facts(struct checker *checker, struct text *facts)
{
	struct channel_message message = { .type = WORKER_FACT,
					   .bytes = facts->data,
					   .length = facts->length };

	return channel_send(checker->channel, &message);
}

/* Returns 1 when all facts went, 0 when the engine has no room for more, or -errno. */
static int tell_facts(struct checker *checker)
{
	bool more = true;
	int r = checker->facts.length ? send_facts(checker, &checker->facts) : 0;

	while (!r && more) {
		text_free(&checker->facts);
		more = checks_table_facts(&checker->table, checker->asked, FACTS_BYTES,
					  &checker->facts);
		if (!checker->facts.length)
			return 1;
		r = send_facts(checker, &checker->facts);
	}
	if (!r)
		text_free(&checker->facts);
	return r == -EAGAIN ? 0 : r < 0 ? r : 1;
}

static int report(struct checker *checker)
{
	AUTO_TEXT bytes = { 0 };
	struct channel_message message = { .type = WORKER_REPORT, .number = checker->asked };
	int r;

	checks_counts_put(checker->counts, &bytes);
	message.bytes = bytes.data;
	message.length = bytes.length;
	r = channel_send(checker->channel, &message);
	if (!r)
		checker->asked = 0;
	return r == -EAGAIN ? 0 : r;
}

/*
 * What an engine that is busy has no room for is kept, and tried again. A report that was asked for
 * goes last: by then the engine knows all, also the last results of what did not change.
 */
static int tell(struct checker *checker)
{
	int r = tell_facts(checker);

	if (r > 0 && checker->asked)
		r = report(checker);
	return r < 0 ? r : 0;
}

static bool owes(const struct checker *checker)
{
	return checker->facts.length || checker->asked;
}

static int obey(struct checker *checker, const struct channel_message *message)
{
	switch (message->type) {
	case WORKER_CONFIGURE:
		return take_orders(checker, message);
	case WORKER_UPDATE:
		return take_notes(checker, message);
	case WORKER_BLOB:
		return take_blob(checker, message);
	case WORKER_FORGET:
		return forget_blob(checker, message);
	case WORKER_ASK:
		checker->asked = message->number;
		return 0;
	}
	return -EPROTO;
}

/* Returns 1, 0 at the end of the engine, or -errno. */
static int hear_engine(struct checker *checker)
{
	struct channel_message message;
	int r;

	checker->hears = false;
	for (;;) {
		r = channel_receive(checker->channel, &message);
		if (r == -EAGAIN)
			return 1;
		if (r <= 0)
			return r;
		r = obey(checker, &message);
		channel_message_free(&message);
		if (r < 0)
			return r;
	}
}

/* An engine that hears nothing for a while takes what it knows for old. */
static int beat(struct checker *checker)
{
	struct text nothing = { 0 };
	int r;

	if (checker->stage.now_us < checker->heartbeat_us)
		return 0;
	checker->heartbeat_us = checker->stage.now_us + HEARTBEAT_US;
	r = owes(checker) ? 0 : send_facts(checker, &nothing);
	return r == -EAGAIN ? 0 : r;
}

static int64_t next_round(const struct checker *checker)
{
	const struct checks_node *first = checks_heap_first(&checker->heap);
	int64_t times[] = { first ? first->at_us : INT64_MAX, probe_http_due(&checker->stage),
			    checker->settle_us, checker->heartbeat_us,
			    owes(checker) ? checker->stage.now_us + AGAIN_US : INT64_MAX };
	int64_t next = INT64_MAX;

	for (size_t i = 0; i < ARRAY_SIZE(times); i++)
		next = times[i] < next ? times[i] : next;
	return next;
}

/* Returns 1, 0 at the end of the engine, or -errno. */
static int take_round(struct checker *checker)
{
	int r;

	probe_stage_wait(&checker->stage, next_round(checker));
	probe_http_turn(&checker->stage);
	take_results(checker);
	r = checker->hears ? hear_engine(checker) : 1;
	if (r <= 0)
		return r;
	run_due(checker);
	probe_ping_send(&checker->stage);
	take_results(checker);
	checker->settle_us = checks_table_settle(&checker->table, checker->stage.now_us);
	r = tell(checker);
	if (!r)
		r = beat(checker);
	if (checker->stage.broken)
		r = -EPIPE;
	return r < 0 ? r : 1;
}

static void on_spoken(struct probe_watch *watch, uint32_t events)
{
	struct checker *checker =
		(struct checker *)(void *)((char *)watch - offsetof(struct checker, spoken));

	checker->hears = true;
}

static int begin(struct checker *checker)
{
	int flags = fcntl(checker->channel, F_GETFL), r;

	if (flags < 0 || fcntl(checker->channel, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	checker->stage.blob = blob_of;
	checker->stage.data = checker;
	r = probe_stage_open(&checker->stage);
	if (r < 0)
		return r;
	checker->dice = (uint32_t)checker->stage.now_us | 1;
	checker->spoken = (struct probe_watch){ checker->channel, on_spoken };
	return probe_watch(&checker->stage, &checker->spoken, EPOLLIN);
}

static void end(struct checker *checker)
{
	for (uint32_t i = 0; i < checker->table.count; i++)
		if (checker->table.entries[i].own)
			end_inquiry(checker, checker->table.entries[i].own);
	checks_table_free(&checker->table);
	for (size_t i = 0; i < checker->blobs.count; i++)
		blob_unmap(checker->blobs.items[i].bytes, checker->blobs.items[i].length);
	VEC_FREE(&checker->blobs);
	checks_heap_free(&checker->heap);
	text_free(&checker->facts);
	probe_stage_close(&checker->stage);
}

static int worker_main(int channel, unsigned threads)
{
	struct checker checker = { .channel = channel };
	int r = begin(&checker);

	if (r < 0)
		log_error("cannot begin: %s", strerror(-r));
	else
		do
			r = take_round(&checker);
		while (r > 0);
	end(&checker);
	/* An engine that was killed looks like one that ended the conversation. */
	return r < 0 && r != -EPIPE && r != -ECONNRESET;
}

static int worker_prepare(void)
{
	probe_http_prepare();
	return probe_script_prepare();
}

static const char *const system_calls[] = { "bind",    "connect", "pipe2", "socketpair",
					    "sysinfo", "uname",	  NULL };

const struct worker checks_worker = {
	.name = "checks",
	.needed = checks_needed,
	.configure = checks_configure,
	.heeds_no_facts = true,
	.update = checks_update,
	.blobs = checks_blobs,
	.prepare = worker_prepare,
	.capabilities = (uint64_t)1 << CAP_NET_RAW,
	.system_calls = system_calls,
	.main = worker_main,
	.report = checks_report,
	.fact = checks_facts_read,
};
