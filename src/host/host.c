/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The observed host, kept true by events. Two sockets: one that only listens, with a large buffer,
 * and one for requests, so that an answer never waits behind events. The groups are joined before
 * the first dump: what changes in between is then told twice at worst, never missed. An event older
 * than the dump does no harm either, since those that follow it lead to what the dump showed.
 *
 * What the kernel does not tell is read again instead: IPv4 routes vanish untold when their link
 * goes down, when the address they name as source goes (before 6.5 or so), and, both families, when
 * the nexthop object that they lean on goes.
 */
#include "host/codec.h"
#include "host/inside.h"
#include "host/paper.h"

#include "base/fd.h"
#include "base/log.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

/* Bytes of receive buffer: some tens of thousands of events. */
#define EVENTS_ROOM (16u << 20)
/* Told by one host_receive(), so that a flood leaves time for all else. */
#define EVENTS_AT_ONCE 65536
/* Changes of one kind; beyond this a dump costs less. */
#define JOURNAL_MAX 65536
#define SETTLE_TRIES 4
/* Objects that events told of, one by one; beyond this all has to be looked at. */
#define TOUCHED_MAX 256

static const unsigned event_groups[] = {
	RTNLGRP_LINK,	      RTNLGRP_NEIGH,	    RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR,
	RTNLGRP_IPV4_ROUTE,   RTNLGRP_IPV6_ROUTE,   RTNLGRP_IPV4_RULE,	 RTNLGRP_IPV6_RULE,
	RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_NEXTHOP,	 0
};

struct probe {
	int error;
};

static void note_error(void *data, uint32_t number, int error, const char *text)
{
	((struct probe *)data)->error = error;
}

/*
 * Whether the kernel lets us write. Asked by a request that cannot succeed: to delete an address
 * from link 0, which exists nowhere. The right is looked at before the link.
 */
static int probe_right(struct netlink *requests)
{
	const struct host_address nothing = { .prefix = { .family = AF_INET, .length = 32 } };
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct probe probe = { 0 };
	int r;

	message->nlmsg_type = RTM_DELADDR;
	codec_encode(kind_of(OBJECT_ADDRESS), &nothing, message);
	netlink_begin(requests, note_error, &probe);
	r = netlink_request(requests, message);
	if (r == 0)
		r = netlink_finish(requests);
	return r < 0 ? r : probe.error == -EPERM ? -EPERM : 0;
}

static int open_sockets(struct host *host, bool only_look, struct text *error)
{
	int r = netlink_open(&host->events, event_groups, EVENTS_ROOM);

	if (r == 0)
		r = netlink_open(&host->requests, NULL, ANSWERS_ROOM);
	if (r < 0) {
		text_printf(error, "the kernel's routing socket (rtnetlink) does not open: %s",
			    strerror(-r));
		return r;
	}
	r = only_look ? 0 : probe_right(&host->requests);
	if (r == -EPERM)
		text_puts(
			error,
			"CAP_NET_ADMIN is missing: multihomed writes addresses and routes with it; "
			"run it as root or let its service manager grant it");
	else if (r < 0)
		text_printf(error, "the kernel's routing socket (rtnetlink) does not answer: %s",
			    strerror(-r));
	return r;
}

/* One descriptor that is readable when any event waits. */
static int open_waiting(struct host *host, struct text *error)
{
	struct epoll_event event = { .events = EPOLLIN };
	int r = 0;

	host->any_events = epoll_create1(EPOLL_CLOEXEC);
	if (host->any_events < 0 ||
	    epoll_ctl(host->any_events, EPOLL_CTL_ADD, host->events.fd, &event) < 0) {
		r = -errno;
		text_printf(error, "events cannot be waited for: %s", strerror(-r));
	}
	return r;
}

int host_open(const struct host_options *options, struct host **ret_host, struct text *error)
{
	struct host *host = mem_alloc(sizeof(*host));
	int r;

	host->sockets_per_listener = options->sockets_per_listener ? options->sockets_per_listener :
								     1;
	host->only_look = options->only_look;
	host->stale = STALE_ALL;
	host->cgroup_events = host->any_events = -1;
	taste_set(&host->taste, &(struct host_interest){ 0 });
	r = open_sockets(host, options->only_look, error);
	if (r == 0)
		r = open_waiting(host, error);
	if (r < 0) {
		host_close(host);
		return r;
	}
	memory_open(&host->memory, options->memory_path);
	taken_open(host, options->taken_path);
	attachments_open(host, options->bpffs);
	responders_open(host, options->bpffs);
	*ret_host = host;
	return 0;
}

void host_close(struct host *host)
{
	if (!host)
		return;
	listeners_close(host);
	attachments_close(host);
	responders_close(host);
	filters_close(host);
	fd_closep(&host->any_events);
	fd_closep(&host->cgroup_events);
	netlink_close(&host->events);
	netlink_close(&host->requests);
	for (int kind = 0; kind < OBJECT_KINDS; kind++)
		journal_clear(&host->journals[kind]);
	VEC_FREE(&host->touched);
	state_free(&host->observed);
	taste_free(&host->taste);
	memory_close(&host->memory);
	taken_close(host);
	free(host);
}

int host_fd(const struct host *host)
{
	return host->any_events;
}

static void add_change(struct host *host, enum object_kind kind, const struct change *change)
{
	if (host->journals[kind].changes.count < JOURNAL_MAX) {
		journal_add(&host->journals[kind], change);
		return;
	}
	journal_clear(&host->journals[kind]);
	host->stale |= STALE(kind);
}

void host_note_nexthop(struct host *host, const struct host_route *route)
{
	host->nexthops |= route->nexthop != 0;
	host->foreign_nexthops |= route->nexthop && !route->object.ours;
}

void host_note(struct host *host, enum object_kind kind, const void *object, bool removed)
{
	struct change change = { .removed = removed };

	memcpy(&change.object, object, kind_of(kind)->size);
	change.object.object.place = (struct place){ 0 };
	change.object.object.feature = 0;
	change.object.object.ours = true;
	journal_add(&host->journals[kind], &change);
}

void host_reopen(struct host *host)
{
	struct netlink fresh;

	host->stale = STALE_ALL;
	if (netlink_open(&fresh, NULL, ANSWERS_ROOM) < 0)
		return;
	netlink_close(&host->requests);
	host->requests = fresh;
}

/*
 * A link that was up, for all we know, takes its routes when it is not any more; one that rose since
 * we last looked may have taken routes that we never saw. One that is up, and told of once more (the
 * kernel tells of carriers up to a second late), did neither.
 */
static void note_link(struct host *host, const struct change *change)
{
	const struct host_link *before = state_link(&host->observed, change->object.link.index);
	bool was_up = before && before->flags & IFF_UP;
	bool is_up = !change->removed && change->object.link.flags & IFF_UP;
	bool had_carrier = before && before->flags & IFF_LOWER_UP;
	bool has_carrier = !change->removed && change->object.link.flags & IFF_LOWER_UP;

	if (!is_up && (was_up || host->risen))
		host->stale |= STALE(OBJECT_ROUTE) | STALE(OBJECT_NEXTHOP);
	if (had_carrier && !has_carrier && state_count(&host->observed, OBJECT_NEXTHOP))
		host->stale |= STALE(OBJECT_ROUTE) | STALE(OBJECT_NEXTHOP);
	if (is_up && !was_up)
		host->risen = true;
	if (change->removed || !before)
		host->stale |= STALE(OBJECT_SYSCTL) | STALE(OBJECT_RESPONDER);
}

/* What else is no longer known when this happens. */
static void note_consequences(struct host *host, enum object_kind kind, const struct change *change)
{
	if (kind == OBJECT_LINK)
		note_link(host, change);
	if (kind == OBJECT_LINK || kind == OBJECT_ADDRESS)
		host->responders.stale = true;
	if (kind == OBJECT_NEXTHOP &&
	    ((change->removed && host->nexthops) || (change->replaces && host->foreign_nexthops)))
		host->stale |= STALE(OBJECT_ROUTE) | STALE(OBJECT_NEXTHOP);
	if (kind == OBJECT_ADDRESS && change->removed &&
	    change->object.address.prefix.family == AF_INET)
		host->stale |= STALE(OBJECT_ROUTE);
}

static void note_other(struct host *host, const struct nlmsghdr *message)
{
	if (message->nlmsg_type == RTM_NEWNETCONF)
		host->stale |= STALE(OBJECT_SYSCTL);
}

static void record(void *data, const struct nlmsghdr *message)
{
	struct change change = { .replaces = message->nlmsg_flags & NLM_F_REPLACE };
	struct host *host = data;
	int kind = codec_kind(message, &change.removed);

	if (kind < 0) {
		note_other(host, message);
		return;
	}
	if (!codec_decode(kind_of((enum object_kind)kind), message, &change.object))
		return;
	if (kind == OBJECT_LINK)
		links_recall(host, &change.object.link);
	note_consequences(host, (enum object_kind)kind, &change);
	if (kind == OBJECT_ROUTE) {
		if (!taste_wants_route(&host->taste, &change.object.route))
			return;
		host_note_nexthop(host, &change.object.route);
		sources_told(host, &change.object.route, change.removed);
	}
	add_change(host, (enum object_kind)kind, &change);
}

int host_receive(struct host *host)
{
	int r = netlink_receive(&host->events, EVENTS_AT_ONCE, record, host);

	cgroups_receive(host);
	filters_receive(host);
	if (r == -ENOBUFS) {
		log_notice("events of the kernel were lost; everything is read again");
		host->stale = STALE_ALL;
		return 0;
	}
	return r < 0 ? r : 0;
}

void host_set_interest(struct host *host, const struct host_interest *interest)
{
	struct taste fresh;

	taste_set(&fresh, interest);
	if (!taste_within(&fresh, &host->taste) || !taste_within(&host->taste, &fresh))
		host->stale |= STALE(OBJECT_ROUTE);
	if (!taste_same_names(fresh.sysctls, host->taste.sysctls))
		host->stale |= STALE(OBJECT_SYSCTL);
	if (!taste_same_names(fresh.cgroups, host->taste.cgroups))
		host->stale |= STALE_CGROUPS;
	taste_free(&host->taste);
	host->taste = fresh;
}

static void note_touched(struct host *host, enum object_kind kind)
{
	const struct journal *journal = &host->journals[kind];

	if (host->touched.count + journal->changes.count > TOUCHED_MAX)
		host->touched_all = true;
	for (size_t i = 0; !host->touched_all && i < journal->changes.count; i++) {
		const struct change *change = &journal->changes.items[i];

		*VEC_PUSH(&host->touched) = (struct host_touched){ kind, change->removed,
								   change->object };
	}
}

static void touch(struct host *host, enum object_kind kind, const void *object, bool removed)
{
	struct host_touched *touched;

	if (host->touched.count >= TOUCHED_MAX)
		host->touched_all = true;
	if (host->touched_all)
		return;
	touched = VEC_PUSH(&host->touched);
	touched->kind = kind;
	touched->removed = removed;
	memcpy(&touched->object, object, kind_of(kind)->size);
}

bool host_touched(const struct host *host, const struct host_touched **ret_items, size_t *ret_count)
{
	*ret_items = host->touched.items;
	*ret_count = host->touched.count;
	return !host->touched_all;
}

void host_touched_forget(struct host *host)
{
	host->touched.count = 0;
	host->touched_all = false;
}

/*
 * What is no news touches nothing: a neighbour that lives, a route told of twice. But for what was
 * ours and went: when we had put it back just before, nothing differs from what was observed, and
 * it is missing all the same.
 */
static void forget_touched(struct host *host, size_t from)
{
	size_t kept = from;

	for (size_t i = from; i < host->touched.count; i++) {
		const struct host_touched *touched = &host->touched.items[i];

		if (touched->removed && ((const struct object *)&touched->object)->ours)
			host->touched.items[kept++] = *touched;
	}
	host->touched.count = kept;
}

static bool tells_of_a_loss(const struct journal *journal)
{
	for (size_t i = 0; i < journal->changes.count; i++)
		if (journal->changes.items[i].removed &&
		    ((const struct object *)&journal->changes.items[i].object)->ours)
			return true;
	return false;
}

static bool merge_journal(struct host *host, enum object_kind kind, bool *ret_lost)
{
	bool all = host->touched_all, loss = tells_of_a_loss(&host->journals[kind]), news;
	size_t touched = host->touched.count;

	note_touched(host, kind);
	news = journal_merge(&host->journals[kind], kind_of(kind), &host->observed.sets[kind],
			     ret_lost);
	if (!news) {
		forget_touched(host, touched);
		host->touched_all = all || (host->touched_all && loss);
	}
	return news;
}

/* Merges what events told of the kinds that are not to be read anew anyway. */
static bool merge_journals(struct host *host)
{
	bool changed = false;

	for (int kind = 0; kind < OBJECT_KINDS; kind++) {
		bool fits = !(host->stale & STALE_NETLINK & STALE(kind)), lost = false;

		if (fits)
			changed |= merge_journal(host, (enum object_kind)kind, &lost);
		else
			journal_clear(&host->journals[kind]);
		if (lost)
			host->stale |= STALE(kind);
	}
	host->risen = false;
	return changed;
}

void host_mute(struct host *host, const struct plan *plan)
{
	if (host->muted)
		return;
	netlink_mute(&host->events, host->requests.port, RTM_NEWROUTE, RTM_DELROUTE);
	host->muted = true;
	host->unsure = false;
	/* Before they are taken over: the end of what they lean on may be told meanwhile. */
	for (size_t i = 0; i < plan->opens; i++)
		if (plan->items[i].kind == OBJECT_ROUTE)
			host_note_nexthop(host, plan->items[i].after);
}

/*
 * The kernel has answered for each route, and what others did meanwhile was told: it waits in the
 * journal, and is merged with what we did. To read a full table again would take a fifth of the time of
 * writing it.
 */
static void take_over(struct host *host, const struct plan *plan)
{
	struct object_set *set = &host->observed.sets[OBJECT_ROUTE], after;

	set_after(plan, OBJECT_ROUTE, &host->observed, &after);
	for (size_t i = 0; i < after.count; i++) {
		struct object *object = set_at(&after, &route_kind, i);

		object->place = (struct place){ 0 };
		object->feature = 0;
	}
	free(set->items);
	*set = after;
	set_trim(set, &route_kind);
	host->mender.stale = true;
}

void host_unmute(struct host *host, const struct plan *plan)
{
	if (!host->muted)
		return;
	netlink_unmute(&host->events);
	host->muted = false;
	if (plan && !host->unsure)
		take_over(host, plan);
	else
		host->stale |= STALE(OBJECT_ROUTE);
}

int host_settle(struct host *host, bool *ret_changed, bool *ret_resynced)
{
	bool changed = false, resynced = false, untold = false;
	int r;

	host_unmute(host, NULL); /* a plan that was broken off */
	r = host_receive(host);

	for (int i = 0; r == 0 && i < SETTLE_TRIES; i++) {
		changed |= merge_journals(host);
		if (!(host->stale & STALE_NETLINK))
			break;
		resynced = host->touched_all = true;
		r = host_dump(host, host->stale, &changed);
		if (r == 0)
			r = host_receive(host);
		/*
		 * A dump of rules passes over some when others go meanwhile, and does not say so (seen on
		 * 6.18).
		 */
		if (host->journals[OBJECT_RULE].changes.count)
			host->stale |= STALE(OBJECT_RULE);
	}
	if (r < 0) {
		host_reopen(host);
		return r;
	}
	changed |= merge_journals(host);
	if (host->stale & STALE(OBJECT_SYSCTL)) {
		links_forget_gone(host);
		untold = sysctls_refresh(host);
	}
	if (host->stale & STALE(OBJECT_FILTER))
		changed |= filters_refresh(host);
	if (host->stale & STALE_CGROUPS) {
		untold |= cgroups_refresh(host);
		untold |= attachments_refresh(host);
	}
	if (host->stale & STALE(OBJECT_RESPONDER))
		untold |= responders_refresh(host);
	host->stale &= ~(STALE(OBJECT_SYSCTL) | STALE_CGROUPS | STALE(OBJECT_RESPONDER));
	host->responders.stale |= resynced;
	responders_mirror(host);
	if (resynced || host->mender.stale)
		(void)sources_mirror(host);
	if (changed || untold) {
		taken_forget_gone(host);
		taken_give_back(host, NULL, 0);
	}
	host->touched_all |= untold;
	*ret_changed = changed || untold;
	*ret_resynced = resynced;
	return 0;
}

void host_resync(struct host *host)
{
	host->stale = STALE_ALL;
}

void host_reread_untold(struct host *host)
{
	host->stale |= STALE(OBJECT_SYSCTL) | STALE_CGROUPS | STALE(OBJECT_RESPONDER);
}

bool host_observe(struct host *host, enum object_kind kind, struct object_set *fresh)
{
	struct object_set *set = &host->observed.sets[kind];
	bool news;

	set_sort_observed(fresh, kind_of(kind));
	news = set_is_news(set, fresh, kind_of(kind));
	free(set->items);
	*set = *fresh;
	set_trim(set, kind_of(kind));
	return news;
}

bool host_observe_whole(struct host *host, enum object_kind kind, struct object_set *fresh)
{
	const struct object_set *before = &host->observed.sets[kind];
	const struct kind *of = kind_of(kind);
	size_t i = 0, j = 0;

	set_sort_observed(fresh, of);
	while (i < before->count || j < fresh->count) {
		const void *old = i < before->count ? set_at(before, of, i) : NULL;
		const void *new = j < fresh->count ? set_at(fresh, of, j) : NULL;
		int order = !old ? 1 : !new ? -1 : kind_compare(of, old, new);

		if (order < 0)
			touch(host, kind, old, true);
		else if (order > 0 || kind_is_news(of, old, new))
			touch(host, kind, new, false);
		i += order <= 0;
		j += order >= 0;
	}
	return host_observe(host, kind, fresh);
}

const struct state *host_observed(const struct host *host)
{
	return &host->observed;
}
