/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_notify.h"

#include "base/fd.h"
#include "dns/message.h"
#include "dns/notify.h"
#include "feature/crew.h"
#include "feature/dns/dns_log.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

/* Told at the same time; the others wait, so that a host with many zones does not send a burst. */
#define AT_ONCE 64
#define TRIES 7 /* the last one two minutes after the first */
#define FIRST_PAUSE_US 2000000
#define MESSAGE_SIZE 1232

/* One secondary that is to know of one zone. */
struct telling {
	struct zone *zone;	 /* a reference */
	struct address to, from; /* from.family 0: as the kernel chooses */
	uint16_t port, id;
	bool has_key;
	struct tsig_key key;
	struct tsig_session session;
	int fd; /* -1: waits for its turn, or is .done */
	bool done;
	unsigned tries;
	int64_t next_us;
};

struct dns_notifier {
	int channel, epoll;
	VEC(struct telling) items;
	size_t open;
	struct counter counter;
};

static void over(struct dns_notifier *notifier, struct telling *telling)
{
	if (telling->fd >= 0) {
		close(telling->fd);
		notifier->open--;
	}
	telling->fd = -1;
	telling->done = true;
	zone_unref(telling->zone);
	telling->zone = NULL;
}

static void tell_log(const struct dns_notifier *notifier, const struct telling *telling,
		     const char *what)
{
	char zone[NAME_TEXT_SIZE], to[ENDPOINT_TEXT_SIZE];
	char *line = mem_printf("notify of %s to %s: %s", name_text(telling->zone->apex->name, zone),
				endpoint_text(&telling->to, telling->port, to), what);

	crew_log(notifier->channel, LOG_WARNING, line);
	mem_freep(&line);
}

static void give_up(struct dns_notifier *notifier, struct telling *telling, const char *why)
{
	tell_log(notifier, telling, why);
	notifier->counter.failed++;
	over(notifier, telling);
}

/* Own addresses are often no interface's: IP_FREEBIND takes them all the same. */
static int open_from(const struct telling *telling, int fd)
{
	struct sockaddr_storage name;
	socklen_t size;
	int on = 1;

	if (!telling->from.family)
		return 0;
	size = address_to_sockaddr(&telling->from, 0, &name);
	if (telling->from.family == AF_INET)
		(void)setsockopt(fd, SOL_IP, IP_FREEBIND, &on, sizeof(on));
	else
		(void)setsockopt(fd, SOL_IPV6, IPV6_FREEBIND, &on, sizeof(on));
	return bind(fd, (struct sockaddr *)&name, size) < 0 ? -errno : 0;
}

/* A socket that hears this secondary alone, on a port of the kernel's choice. */
static int begin(struct dns_notifier *notifier, struct telling *telling)
{
	AUTO_FD fd = socket(telling->to.family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct epoll_event event = { .events = EPOLLIN };
	struct sockaddr_storage name;
	socklen_t size = address_to_sockaddr(&telling->to, telling->port, &name);
	int r;

	if (fd < 0)
		return -errno;
	r = open_from(telling, fd);
	if (r < 0)
		return r;
	if (connect(fd, (struct sockaddr *)&name, size) < 0 ||
	    epoll_ctl(notifier->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ||
	    getrandom(&telling->id, sizeof(telling->id), 0) < 0)
		return -errno;
	telling->fd = fd_take(&fd);
	notifier->open++;
	return 0;
}

static void send_one(struct telling *telling)
{
	uint8_t message[MESSAGE_SIZE];
	struct wire_writer writer = wire_writer(message, sizeof(message));
	size_t length;

	if (telling->has_key)
		tsig_ask(&telling->key, &telling->session);
	length = notify_put(telling->zone, telling->id, telling->has_key ? &telling->session : NULL,
			    (uint64_t)time(NULL), &writer);
	/* What does not leave is sent again anyway. */
	(void)!send(telling->fd, message, length, MSG_NOSIGNAL);
}

/*
 * Behind the question, without any other record in between. 0: there is none. An answer to a signed
 * question is believed only with it (RFC 8945, 5.3).
 */
static size_t signature_at(const struct zone *zone, const uint8_t *message, size_t length)
{
	size_t offset = DNS_HEADER + zone->apex->length + 4;

	return length > offset && message[11] == 1 ? offset : 0;
}

/* Its RCODE, or -EBADMSG for a mere rumour. */
static int answer_of(struct telling *telling, const uint8_t *message, size_t length)
{
	size_t offset = signature_at(telling->zone, message, length);
	struct tsig tsig;
	int rcode = notify_answer(telling->zone, telling->id, message, length);

	if (rcode < 0 || !telling->has_key)
		return rcode;
	if (!offset || tsig_read(message, length, offset, &tsig) < 0 ||
	    tsig_verify_answer(&tsig, &telling->session, (uint64_t)time(NULL)))
		return -EBADMSG;
	return rcode;
}

static void hear(struct dns_notifier *notifier, struct telling *telling)
{
	uint8_t message[MESSAGE_SIZE];
	ssize_t got;
	int rcode;
	char why[48], text[16];

	while (telling->fd >= 0 && (got = recv(telling->fd, message, sizeof(message), 0)) >= 0) {
		rcode = answer_of(telling, message, (size_t)got);
		if (rcode < 0)
			continue;
		if (rcode) {
			snprintf(why, sizeof(why), "answered %s",
				 dns_rcode_text((uint8_t)rcode, text));
			give_up(notifier, telling, why);
			return;
		}
		notifier->counter.answered++;
		over(notifier, telling);
	}
}

static void go_on(struct dns_notifier *notifier, struct telling *telling, int64_t now_us)
{
	int r = 0;

	if (telling->fd >= 0)
		hear(notifier, telling);
	if (telling->done || now_us < telling->next_us)
		return;
	if (telling->fd < 0) {
		if (notifier->open >= AT_ONCE)
			return;
		r = begin(notifier, telling);
	}
	if (r < 0) {
		give_up(notifier, telling, strerror(-r));
		return;
	}
	if (telling->tries == TRIES) {
		give_up(notifier, telling, "no answer");
		return;
	}
	send_one(telling);
	telling->next_us = now_us + (int64_t)(FIRST_PAUSE_US << telling->tries++);
}

int dns_notify_run(struct dns_notifier *notifier, int64_t now_us)
{
	int64_t next = INT64_MAX;
	size_t kept = 0;

	for (size_t i = 0; i < notifier->items.count; i++) {
		struct telling *telling = &notifier->items.items[i];

		go_on(notifier, telling, now_us);
		if (telling->done)
			continue;
		if (telling->fd >= 0 && telling->next_us < next)
			next = telling->next_us;
		if (kept != i)
			notifier->items.items[kept] = *telling;
		kept++;
	}
	notifier->items.count = kept;
	if (!kept)
		VEC_FREE(&notifier->items);
	if (next == INT64_MAX)
		return kept ? 0 : -1;
	return next <= now_us ? 0 : (int)((next - now_us + 999) / 1000);
}

/* A newer change takes the place of one that is still being told. */
static struct telling *telling_for(struct dns_notifier *notifier, const struct telling *like)
{
	for (size_t i = 0; i < notifier->items.count; i++) {
		struct telling *telling = &notifier->items.items[i];

		if (telling->done || telling->port != like->port ||
		    !address_equal(&telling->to, &like->to) ||
		    !name_equal(telling->zone->apex->name, like->zone->apex->name))
			continue;
		over(notifier, telling);
		return telling;
	}
	return VEC_PUSH(&notifier->items);
}

/*
 * The address by which others know us: the first one of the family that is listened on by itself; else
 * the one behind the first of a prefix, as routers have it. On the wildcard the kernel chooses.
 */
static struct address own_address(const struct dns_orders *orders, uint8_t family)
{
	struct address own = { 0 };

	for (uint32_t i = 0; i < orders->listen_count; i++) {
		const struct prefix *on = &orders->listen[i];

		if (on->family != family || !on->length)
			continue;
		if (on->length == address_bits(family))
			return prefix_address(on);
		if (own.family)
			continue;
		own = prefix_address(on);
		own.bytes[address_size(family) - 1] |= 1;
	}
	return own;
}

static void tell_of(struct dns_notifier *notifier, const struct dns_setup *setup, uint32_t index)
{
	const struct dns_order_zone *order = &setup->orders.zones[index];

	for (uint32_t i = 0; i < order->notify_count; i++) {
		const struct dns_order_notify *notify = &order->notifies[i];
		struct telling like = { .zone = zone_ref(setup->loaded[index]),
					.to = notify->to,
					.port = notify->port,
					.fd = -1 };

		like.from = own_address(&setup->orders, notify->to.family);
		like.has_key = notify->key != DNS_NO_KEY;
		if (like.has_key)
			like.key = setup->keys[notify->key];
		*telling_for(notifier, &like) = like;
		notifier->counter.asked++;
	}
}

void dns_notify_changes(struct dns_notifier *notifier, const struct dns_setup *setup,
			const struct dns_setup *before)
{
	for (uint32_t i = 0; i < setup->orders.zone_count; i++) {
		int64_t old = before ? dns_setup_find(before, setup->orders.zones[i].name) : -1;
		const struct zone *zone = setup->loaded[i];

		if (!zone ||
		    (old >= 0 && before->loaded[old] && before->loaded[old]->serial == zone->serial))
			continue;
		tell_of(notifier, setup, i);
	}
}

const struct counter *dns_notify_counter(const struct dns_notifier *notifier)
{
	return &notifier->counter;
}

void dns_notifier_free(struct dns_notifier *notifier)
{
	if (!notifier)
		return;
	for (size_t i = 0; i < notifier->items.count; i++)
		if (!notifier->items.items[i].done)
			over(notifier, &notifier->items.items[i]);
	VEC_FREE(&notifier->items);
	close(notifier->epoll);
	mem_freep(&notifier);
}

int dns_notifier_new(int channel, int *ret_poll, struct dns_notifier **ret_notifier)
{
	struct dns_notifier *notifier;
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd < 0)
		return -errno;
	notifier = mem_alloc(sizeof(*notifier));
	notifier->channel = channel;
	notifier->epoll = fd;
	*ret_poll = fd;
	*ret_notifier = notifier;
	return 0;
}
