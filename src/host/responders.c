/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Responders: our programs on links, loaded when the first one or its answers are desired, or when a
 * former process has left some, and unloaded with the last of both. Where there is a bpffs they are
 * pinned, in a folder of this network namespace, so that they answer on while the engine is away.
 *
 * Where there can be no programs (no rights, no BPF, a link that takes none) the worker answers, if any
 * way will do; what it shall say is then kept here alone, and the worker is given what is observed.
 *
 * Of each link the programs are told its MAC address and its link-local address: a mirror of what is
 * observed, as sources.c is one, and no line of a plan.
 */
#include "host/responders.h"

#include "host/answering.h"
#include "host/counted.h"
#include "host/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void responders_open(struct host *host, const char *bpffs)
{
	host->responders.folder = pin_folder(host, bpffs, "multihomed-neighbours");
}

void responders_close(struct host *host)
{
	struct responders *responders = &host->responders;

	neighbours_close(responders->neighbours);
	responders->neighbours = NULL;
	VEC_FREE(&responders->links);
	mem_freep(&responders->folder);
	mem_freep(&responders->why);
}

/* The index of the first link whose number is not less. */
static size_t lower_bound(const struct responders *responders, uint32_t link)
{
	size_t low = 0, high = responders->links.count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (responders->links.items[middle].link < link)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct served_link *find(const struct responders *responders, uint32_t link)
{
	size_t at = lower_bound(responders, link);

	return at < responders->links.count && responders->links.items[at].link == link ?
		       &responders->links.items[at] :
		       NULL;
}

const struct served_link *responders_find(const struct host *host, uint32_t link)
{
	return find(&host->responders, link);
}

static void put(struct responders *responders, const struct served_link *served)
{
	size_t at = lower_bound(responders, served->link);

	if (!find(responders, served->link)) {
		(void)VEC_PUSH(&responders->links);
		memmove(responders->links.items + at + 1, responders->links.items + at,
			(responders->links.count - 1 - at) * sizeof(*served));
	}
	responders->links.items[at] = *served;
}

static void drop(struct responders *responders, uint32_t link)
{
	struct served_link *served = find(responders, link);

	if (!served)
		return;
	memmove(served, served + 1,
		(char *)(responders->links.items + responders->links.count) - (char *)(served + 1));
	responders->links.count--;
}

/* What a former process set is known by the programs. */
static int adopt_links(struct responders *responders)
{
	struct neighbours_links attached = { 0 };
	int r = neighbours_attached(responders->neighbours, &attached);

	for (size_t i = 0; r == 0 && i < attached.count; i++) {
		struct served_link served = { .link = attached.items[i].link };

		if (neighbours_get_link(responders->neighbours, served.link, &served.set) == 0)
			put(responders, &served);
	}
	VEC_FREE(&attached);
	return r;
}

/* The kernel, or what we may do, has no room for the programs at all. */
static bool is_missing(int error)
{
	return error != -ENOMEM && error != -EMFILE && error != -ENFILE && error != -EINTR;
}

int responders_load(struct host *host, struct text *error)
{
	struct responders *responders = &host->responders;
	int r;

	if (responders->neighbours)
		return 0;
	if (responders->missing) {
		text_puts(error, responders->why);
		return responders->missing;
	}
	r = neighbours_open(responders->folder, &responders->neighbours, error);
	if (r == 0)
		r = adopt_links(responders);
	if (r < 0) {
		neighbours_close(responders->neighbours);
		responders->neighbours = NULL;
		if (is_missing(r)) {
			responders->missing = r;
			responders->why = mem_strdup(error->length ? text_string(error) :
								     strerror(-r));
			log_notice(
				"ARP and neighbour discovery are answered by a worker, where any "
				"way will do, and not in the kernel: %s",
				responders->why);
		}
		return r;
	}
	responders->stale = true;
	if (!responders->folder)
		log_notice("no bpffs is mounted where responders could be pinned: they end with "
			   "this process");
	return 0;
}

static bool serves_any(const struct responders *responders)
{
	for (size_t i = 0; i < responders->links.count; i++)
		if (!responders->links.items[i].by_worker)
			return true;
	return false;
}

void responders_unload(struct host *host)
{
	struct responders *responders = &host->responders;
	AUTO_TEXT error = { 0 };

	if (!responders->neighbours || responders->rules || serves_any(responders))
		return;
	if (neighbours_remove(responders->neighbours, &error) < 0)
		log_warning("the responder in the kernel is not removed: %s", text_string(&error));
	responders->neighbours = NULL;
}

/* Observing. */

static void take_over(struct host *host)
{
	struct responders *responders = &host->responders;
	AUTO_TEXT error = { 0 };
	int r;

	if (responders->neighbours || responders->broken || !responders->folder ||
	    access(responders->folder, F_OK) < 0)
		return;
	if (host->only_look) {
		r = neighbours_look(responders->folder, &responders->neighbours, &error);
		if (r == 0)
			r = adopt_links(responders);
	} else {
		r = responders_load(host, &error);
	}
	responders->broken = r < 0;
	if (r == 0)
		(void)answers_observe(host);
	else if (!host->only_look)
		log_warning("%s was left by a former process and cannot be taken over: %s",
			    responders->folder, text_string(&error));
}

static void observe(struct object_set *into, const struct served_link *served, enum neighbours_way way)
{
	const struct host_responder responder = { .object.ours = true,
						  .link = served->link,
						  .way = (uint8_t)way,
						  .guard = served->set.guard,
						  .router = served->set.router,
						  .owner = served->set.owner };

	set_push(into, &responder_kind, &responder);
}

/* Of a link that is gone nothing is kept; one that lost our program is not served. */
static void forget_lost(struct host *host, const struct object_set *seen)
{
	struct responders *responders = &host->responders;
	size_t kept = 0;

	for (size_t i = 0; i < responders->links.count; i++) {
		const struct served_link served = responders->links.items[i];
		const struct host_responder like = { .link = served.link };
		size_t at = set_lower_bound(seen, &responder_kind, &like);

		if (at < seen->count &&
		    ((const struct host_responder *)set_at(seen, &responder_kind, at))->link ==
			    served.link)
			responders->links.items[kept++] = served;
		else if (!served.by_worker && !host->only_look &&
			 !state_link(&host->observed, served.link))
			(void)neighbours_forget_link(responders->neighbours, served.link);
	}
	responders->links.count = kept;
}

bool responders_refresh(struct host *host)
{
	struct responders *responders = &host->responders;
	struct neighbours_links attached = { 0 };
	struct object_set fresh = { 0 };

	take_over(host);
	if (responders->unsure)
		(void)answers_observe(host);
	if (!responders->neighbours && !responders->links.count &&
	    !state_count(&host->observed, OBJECT_RESPONDER))
		return false;
	if (responders->neighbours && neighbours_attached(responders->neighbours, &attached) < 0)
		log_debug("responders cannot be listed");
	for (size_t i = 0; i < attached.count; i++) {
		const struct served_link *served = find(responders, attached.items[i].link);

		if (served && !served->by_worker)
			observe(&fresh, served, attached.items[i].way);
	}
	for (size_t i = 0; i < responders->links.count; i++) {
		const struct served_link *served = &responders->links.items[i];

		if (served->by_worker && state_link(&host->observed, served->link))
			observe(&fresh, served, NEIGHBOURS_WORKER);
	}
	VEC_FREE(&attached);
	set_sort_observed(&fresh, &responder_kind);
	forget_lost(host, &fresh);
	return host_observe_whole(host, OBJECT_RESPONDER, &fresh);
}

/* As the link is observed, or made by this very plan. False when it is gone. */
static bool describe(const struct host *host, uint32_t link, struct neighbours_link *set)
{
	const struct host_link like = { .index = link };
	const struct host_link *observed = explain_obstacle(host, OBJECT_LINK, &like);

	if (!observed)
		return false;
	memcpy(set->mac, observed->mac, sizeof(set->mac));
	set->link_local = link_local_of(&host->observed, link);
	return true;
}

static bool same_set(const struct neighbours_link *a, const struct neighbours_link *b)
{
	return !memcmp(a->mac, b->mac, sizeof(a->mac)) &&
	       address_equal(&a->link_local, &b->link_local) && a->guard == b->guard &&
	       a->router == b->router && a->owner == b->owner;
}

void responders_mirror(struct host *host)
{
	struct responders *responders = &host->responders;

	if (!responders->stale || !responders->neighbours || host->only_look)
		return;
	responders->stale = false;
	for (size_t i = 0; i < responders->links.count; i++) {
		struct served_link *served = &responders->links.items[i];
		struct neighbours_link set = served->set;
		int r = 0;

		if (served->by_worker || !describe(host, served->link, &set) ||
		    same_set(&set, &served->set))
			continue;
		r = neighbours_set_link(responders->neighbours, served->link, &set);
		if (r == 0)
			served->set = set;
		else
			log_error("the responder cannot be told what link %u is by now: %s",
				  served->link, strerror(-r));
	}
}

/* Carrying out. */

/* Where VLANs lie on a link its card may take their tags off, so that XDP cannot tell them apart. */
static bool has_vlan(const struct host *host, uint32_t index)
{
	const struct journal *told = &host->journals[OBJECT_LINK];

	STATE_EACH(&host->observed, OBJECT_LINK, const struct host_link, link)
		if (link->type == LINK_VLAN && link->parent == index)
			return true;
	for (size_t i = 0; i < told->changes.count; i++) {
		const struct host_link *link = &told->changes.items[i].object.link;

		if (link->type == LINK_VLAN && link->parent == index)
			return true;
	}
	return false;
}

static enum neighbours_way wish_of(const struct host *host, const struct host_responder *wanted)
{
	if (wanted->way == NEIGHBOURS_AUTO && has_vlan(host, wanted->link))
		return NEIGHBOURS_TC;
	return (enum neighbours_way)wanted->way;
}

/* The programs answer on the link; its answers are there before. */
static int serve(struct host *host, const struct host_responder *wanted, struct served_link *served,
		 enum neighbours_way *ret_way, struct text *error)
{
	struct responders *responders = &host->responders;
	const struct served_link *before = find(responders, wanted->link);
	int r = responders_load(host, error);

	if (r == 0)
		r = neighbours_set_link(responders->neighbours, wanted->link, &served->set);
	if (r == 0 && before && before->by_worker)
		r = answers_give(host, wanted->link);
	if (r == 0)
		r = neighbours_attach(responders->neighbours, wanted->link, wish_of(host, wanted),
				      ret_way, error);
	return r;
}

/* The worker does, and the programs leave it alone. */
static void leave_to_worker(struct host *host, uint32_t link)
{
	struct responders *responders = &host->responders;
	AUTO_TEXT error = { 0 };

	if (!responders->neighbours)
		return;
	(void)neighbours_detach(responders->neighbours, link, &error);
	(void)neighbours_forget_link(responders->neighbours, link);
	if (answers_take(host, link) < 0)
		log_warning("answers of link %u stay in the kernel's table, unused", link);
}

/* It was refused: all is as it was. */
static void go_back(struct host *host, uint32_t link)
{
	struct responders *responders = &host->responders;
	const struct served_link *before = find(responders, link);

	if (responders->neighbours && before && !before->by_worker) {
		(void)neighbours_set_link(responders->neighbours, link, &before->set);
		return;
	}
	if (before)
		leave_to_worker(host, link);
	else if (responders->neighbours)
		(void)neighbours_forget_link(responders->neighbours, link);
	responders_unload(host);
}

static bool any_way_will_do(const struct host_responder *wanted, int error)
{
	return wanted->way == NEIGHBOURS_AUTO && error != -ENODEV && is_missing(error);
}

static int answer_on(struct host *host, const struct host_responder *wanted, struct text *error)
{
	struct responders *responders = &host->responders;
	struct served_link served = {
		.link = wanted->link,
		.set = { .guard = wanted->guard, .router = wanted->router, .owner = wanted->owner }
	};
	enum neighbours_way way = NEIGHBOURS_WORKER;
	struct host_responder seen = *wanted;
	int r;

	(void)host_receive(host);
	r = describe(host, wanted->link, &served.set) ? 0 : -ENODEV;

	if (r == 0 && wanted->way != NEIGHBOURS_WORKER) {
		r = serve(host, wanted, &served, &way, error);
		if (r < 0 && any_way_will_do(wanted, r)) {
			if (!responders->missing)
				log_notice("a worker answers there instead: %s", text_string(error));
			way = NEIGHBOURS_WORKER;
			r = 0;
		}
	}
	if (r < 0) {
		go_back(host, wanted->link);
		return r;
	}
	served.by_worker = way == NEIGHBOURS_WORKER;
	put(responders, &served);
	if (served.by_worker)
		leave_to_worker(host, wanted->link);
	seen.way = (uint8_t)way;
	host_note(host, OBJECT_RESPONDER, &seen, false);
	return 0;
}

static int end(struct host *host, const struct host_responder *before, struct text *error)
{
	struct responders *responders = &host->responders;
	const struct served_link *served = find(responders, before->link);
	int r = 0;

	if (served && !served->by_worker && responders->neighbours) {
		r = neighbours_detach(responders->neighbours, before->link, error);
		if (r == 0)
			(void)neighbours_forget_link(responders->neighbours, before->link);
	}
	if (r < 0)
		return r;
	drop(responders, before->link);
	responders_unload(host);
	host_note(host, OBJECT_RESPONDER, before, true);
	return 0;
}

void responder_apply(struct host *host, const struct operation *operation, struct host_result *result)
{
	AUTO_TEXT error = { 0 };

	result->error = operation->type == OPERATION_DELETE ?
				end(host, operation->before, &error) :
				answer_on(host, operation->after, &error);
	if (result->error < 0)
		snprintf(result->text, sizeof(result->text), "%s",
			 error.length		  ? text_string(&error) :
			 result->error == -ENODEV ? "its link is gone" :
						    strerror(-result->error));
}

int host_neighbour_counts(struct host *host, struct neighbours_counts *ret_counts)
{
	*ret_counts = (struct neighbours_counts){ 0 };
	return host->responders.neighbours ?
		       neighbours_counts(host->responders.neighbours, ret_counts) :
		       0;
}

int host_neighbour_claimants(struct host *host, struct neighbours_claimants *ret_claimants)
{
	*ret_claimants = (struct neighbours_claimants){ 0 };
	return host->responders.neighbours ?
		       neighbours_claimants(host->responders.neighbours, ret_claimants) :
		       0;
}

const char *host_responders_missing(const struct host *host)
{
	return host->responders.why;
}
