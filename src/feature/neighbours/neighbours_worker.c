/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The responder where the kernel has no eBPF for it: one thread that hears questions on two packet
 * sockets and answers them by the same decision as the program in the kernel (bpf/neighbours_core.h).
 * The sockets are opened while the rights are there; then it has none.
 *
 * Who asks again and again, with one question at a time, waits for us to wake up more than for anything
 * else. So where questions came within a moment of each other the next one is waited for awake, for
 * such a moment.
 */
#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "feature/crew.h"
#include "feature/neighbours/neighbours.h"
#include "feature/neighbours/neighbours_announce.h"
#include "feature/neighbours/neighbours_answer.h"
#include "feature/neighbours/neighbours_order.h"
#include "feature/neighbours/neighbours_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

#define MOMENT_US 30
#define AGAIN_US 10000
#define ROUNDS_AWAKE 64 /* before the engine is heard, too */

static const uint16_t protocols[] = { ETH_P_ARP, ETH_P_IPV6 };

/* From prepare() to main(), which has no rights any more. */
static int prepared[ARRAY_SIZE(protocols)] = { -1, -1 };

struct responder {
	int channel, poller;
	int sockets[ARRAY_SIZE(protocols)];
	struct neighbours_batch *batch;
	struct neighbours_answerer answerer;
	struct neighbours_announcer announcer;
	uint32_t asked; /* number of the report that is owed; 0 = none */
	int64_t heard_us,
		awake_us; /* when the last question came, and how long the next is awaited awake */
};

/* Whether any frame came. */
static bool hear_world(struct responder *responder)
{
	bool heard = false;

	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		unsigned answers;

		if (neighbours_batch_receive(responder->batch, responder->sockets[i]) <= 0)
			continue;
		heard = true;
		answers = neighbours_answer_batch(&responder->answerer, responder->batch);
		if (answers)
			neighbours_batch_send(responder->batch, responder->sockets[i], answers);
	}
	return heard;
}

static void hear_on(struct responder *responder)
{
	const struct neighbours_table *table = responder->answerer.table;
	uint32_t count = table->orders.port_count;
	AUTO_MEM uint32_t *links = mem_alloc((count + 1) * sizeof(*links));
	int r = 0;

	for (uint32_t i = 0; i < count; i++)
		links[i] = table->orders.ports[i].index;
	for (size_t i = 0; i < ARRAY_SIZE(protocols) && !r; i++)
		r = responder->sockets[i] < 0 ?
			    (count ? -EPERM : 0) :
			    neighbours_socket_hear(responder->sockets[i], protocols[i], links, count);
	if (r < 0)
		log_error("nobody answers ARP and neighbour solicitations on %u links: %s", count,
			  strerror(-r));
}

static int take_orders(struct responder *responder, const struct channel_message *message)
{
	struct neighbours_table *former = responder->answerer.table;
	struct neighbours_orders orders;
	int r = neighbours_orders_read(message->bytes, message->length, &orders);

	if (r < 0)
		return r;
	responder->answerer.table = neighbours_table_new(&orders, former);
	neighbours_table_free(former);
	hear_on(responder);
	return 0;
}

static int take_notes(struct responder *responder, const struct channel_message *message)
{
	struct neighbours_notes notes;
	int r = neighbours_notes_read(message->bytes, message->length, &notes);

	if (r < 0)
		return r;
	neighbours_announcer_take(&responder->announcer, &notes, clock_now_us());
	arena_free(notes.arena);
	return 0;
}

static void announce(struct responder *responder, int64_t now_us)
{
	const struct neighbours_news *news;

	while ((news = neighbours_announcer_due(&responder->announcer, now_us))) {
		struct neighbours_buffer *buffer = &responder->batch->items[0];

		buffer->link = news->link;
		buffer->frame = &responder->batch->frames[0];
		buffer->length = (uint32_t)neighbours_announcement(news, frame_bytes(buffer->frame));
		neighbours_batch_send(responder->batch, responder->sockets[0], 1);
	}
}

static int report(struct responder *responder)
{
	AUTO_TEXT bytes = { 0 };
	struct channel_message message = { .type = WORKER_REPORT, .number = responder->asked };
	int r;

	neighbours_answerer_report(&responder->answerer, &bytes);
	message.bytes = bytes.data;
	message.length = bytes.length;
	r = channel_send(responder->channel, &message);
	if (!r)
		responder->asked = 0;
	return r == -EAGAIN ? 0 : r;
}

/* Returns 1, 0 when the engine wants no more, or -errno. */
static int obey(struct responder *responder, const struct channel_message *message)
{
	int r = -EPROTO;

	switch (message->type) {
	case WORKER_CONFIGURE:
		r = take_orders(responder, message);
		break;
	case WORKER_UPDATE:
		r = take_notes(responder, message);
		break;
	case WORKER_ASK:
		responder->asked = message->number;
		r = 0;
		break;
	case WORKER_RETIRE:
		return 0;
	}
	return r < 0 ? r : 1;
}

/* The same. */
static int hear_engine(struct responder *responder)
{
	struct channel_message message;

	for (;;) {
		int r = channel_receive(responder->channel, &message);

		if (r == -EAGAIN)
			return 1;
		if (r <= 0)
			return r;
		r = obey(responder, &message);
		channel_message_free(&message);
		if (r <= 0)
			return r;
	}
}

static int sleep_ms(const struct responder *responder, int64_t now_us)
{
	int64_t until = responder->announcer.next_us;

	if (responder->asked && until > now_us + AGAIN_US)
		until = now_us + AGAIN_US;
	if (until == INT64_MAX)
		return -1;
	return until <= now_us ? 0 : (int)((until - now_us) / 1000 + 1);
}

/* Answers as long as questions come; a few rounds, so that nobody else waits for ever. */
static void serve(struct responder *responder)
{
	for (unsigned rounds = 0; rounds < ROUNDS_AWAKE;) {
		bool heard = hear_world(responder);
		int64_t now = clock_now_us();

		if (heard) {
			if (now - responder->heard_us <= MOMENT_US)
				responder->awake_us = now + MOMENT_US;
			responder->heard_us = now;
			rounds++;
		} else if (now >= responder->awake_us) {
			return;
		}
	}
}

/* Returns 1, 0 at the end of the engine, or -errno. */
static int take_round(struct responder *responder)
{
	struct epoll_event events[ARRAY_SIZE(protocols) + 1];
	int64_t now = clock_now_us();
	int timeout = now < responder->awake_us ? 0 : sleep_ms(responder, now);
	int count = epoll_wait(responder->poller, events, ARRAY_SIZE(events), timeout), r = 1;

	serve(responder);
	for (int i = 0; i < count && r > 0; i++)
		if (events[i].data.fd == responder->channel)
			r = hear_engine(responder);
	if (r <= 0)
		return r;
	announce(responder, clock_now_us());
	if (responder->asked)
		r = report(responder);
	return r < 0 ? r : 1;
}

static int watch(struct responder *responder, int fd)
{
	struct epoll_event event = { .events = EPOLLIN, .data.fd = fd };

	return epoll_ctl(responder->poller, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static int begin(struct responder *responder)
{
	int flags = fcntl(responder->channel, F_GETFL), r;

	if (flags < 0 || fcntl(responder->channel, F_SETFL, flags | O_NONBLOCK) < 0)
		return -errno;
	responder->poller = epoll_create1(EPOLL_CLOEXEC);
	if (responder->poller < 0)
		return -errno;
	responder->batch = neighbours_batch_new();
	r = watch(responder, responder->channel);
	for (size_t i = 0; i < ARRAY_SIZE(protocols) && r == 0; i++) {
		responder->sockets[i] = prepared[i];
		if (prepared[i] >= 0)
			r = watch(responder, prepared[i]);
		prepared[i] = -1;
	}
	return r;
}

static void end(struct responder *responder)
{
	neighbours_table_free(responder->answerer.table);
	neighbours_announcer_free(&responder->announcer);
	mem_freep(&responder->batch);
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		fd_closep(&responder->sockets[i]);
	fd_closep(&responder->poller);
}

static int worker_main(int channel, unsigned threads)
{
	AUTO_MEM struct responder *responder = mem_alloc(sizeof(*responder));
	int r;

	*responder = (struct responder){ .channel = channel, .poller = -1, .sockets = { -1, -1 } };
	responder->announcer.next_us = INT64_MAX;
	r = begin(responder);
	if (r < 0)
		log_error("cannot begin: %s", strerror(-r));
	else
		do
			r = take_round(responder);
		while (r > 0);
	end(responder);
	/* An engine that was killed looks like one that ended the conversation. */
	return r < 0 && r != -EPIPE && r != -ECONNRESET;
}

/* Without the right to do so it lives on, to say where nobody answers. */
static int worker_prepare(void)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++) {
		prepared[i] = neighbours_socket_open(protocols[i]);
		if (prepared[i] < 0 && prepared[i] != -EPERM)
			return prepared[i];
	}
	return 0;
}

const struct worker neighbours_worker = {
	.name = "neighbours",
	.needed = neighbours_needed,
	.configure = neighbours_configure,
	.update = neighbours_update,
	.prepare = worker_prepare,
	.main = worker_main,
	.report = crew_report,
};
