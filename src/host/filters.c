/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Our table of nftables. It is read as a whole, since it is written as a whole; the kernel's
 * generation tells whether anything came in between, and a batch that was made from an older one
 * is refused by the kernel and made again.
 *
 * A host without filter rules pays nothing. To ask for a table loads nf_tables, so we ask only where
 * it is there already: then a former process may have left a table. Events are listened to while
 * there is a table of ours, or while we make one.
 *
 * A table "multihomed" without our mark is somebody's. It is never written; who wants a filter is
 * told of it.
 */
#include "host/filters.h"

#include "host/inside.h"
#include "host/nft_table.h"
#include "host/sight.h"

#include "base/fd.h"
#include "base/log.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/chain.h>
#include <libnftnl/common.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#define TRIES 8		       /* to read a table that others change meanwhile */
#define REFUSALS 64	       /* operations that may be refused, each by a try of its own */
#define EVENTS_ROOM (8u << 20) /* bytes; events that are lost make us read anew */
#define EVENTS_AT_ONCE 65536
#define NO_OPERATION SIZE_MAX

static const unsigned event_groups[] = { NFNLGRP_NFTABLES, 0 };

void filters_close(struct host *host)
{
	netlink_close(&host->filters.events);
	netlink_close(&host->filters.requests);
}

static bool is_open(const struct netlink *netlink)
{
	return netlink->packets != NULL;
}

static void note_event(void *data, const struct nlmsghdr *message)
{
	if (nft_message_is_ours(message))
		((struct host *)data)->stale |= STALE(OBJECT_FILTER);
}

void filters_receive(struct host *host)
{
	int r = 0;

	if (is_open(&host->filters.events))
		r = netlink_receive(&host->filters.events, EVENTS_AT_ONCE, note_event, host);
	if (r < 0)
		host->stale |= STALE(OBJECT_FILTER);
	if (r < 0 && r != -ENOBUFS)
		filters_close(host);
}

/* Whether a line of @path has @word at the number @column. */
static bool file_has(const char *path, unsigned column, const char *word, bool *ret_exists)
{
	char line[512], found[64];
	FILE *file = fopen(path, "re");
	bool has = false;

	*ret_exists = file != NULL;
	while (file && !has && fgets(line, sizeof(line), file))
		has = sscanf(line, column ? "%*s %63s" : "%63s", found) == 1 && !strcmp(found, word);
	if (file)
		fclose(file);
	return has;
}

/*
 * Whether nf_tables is there without our asking for it: as a module; or built in, which shows by
 * nfnetlink being there (protocol 12) and no module. A kernel without modules loads none.
 */
static bool may_have_tables(void)
{
	bool modules, sockets;

	if (file_has("/proc/modules", 0, "nf_tables", &modules) || !modules)
		return true;
	return !file_has("/proc/modules", 0, "nfnetlink", &modules) &&
	       file_has("/proc/net/netlink", 1, "12", &sockets);
}

static void take(void *data, const struct nlmsghdr *message)
{
	nft_dump_take(data, message);
}

/* A question of @type about our table, and about its set @set if that is given. */
static int ask(struct host *host, uint16_t type, const char *set, struct nft_dump *dump)
{
	char buffer[512] __attribute__((aligned(8))) = { 0 };
	bool generation = type == NFT_MSG_GETGEN, table = type == NFT_MSG_GETTABLE;
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(
		buffer, type, generation ? NFPROTO_UNSPEC : NFPROTO_INET, 0, 0);

	/* The same number for all kinds. Chains are not selected by it. */
	if (!generation && type != NFT_MSG_GETCHAIN)
		mnl_attr_put_strz(request, NFTA_TABLE_NAME, NFT_TABLE);
	if (set)
		mnl_attr_put_strz(request, NFTA_SET_ELEM_LIST_SET, set);
	return generation || table ? netlink_ask(&host->filters.requests, request, take, dump) :
				     netlink_dump(&host->filters.requests, request, take, dump);
}

static int read_content(struct host *host, struct nft_dump *dump)
{
	static const uint16_t questions[] = { NFT_MSG_GETCHAIN, NFT_MSG_GETRULE, NFT_MSG_GETSET };
	int r = 0;

	for (size_t i = 0; r == 0 && i < ARRAY_SIZE(questions); i++)
		r = ask(host, questions[i], NULL, dump);
	for (size_t i = 0; r == 0 && i < dump->sets.count; i++)
		r = ask(host, NFT_MSG_GETSETELEM, dump->sets.items[i].name, dump);
	/* What was there a moment ago. */
	return r == -ENOENT ? -EINTR : r;
}

static int read_once(struct host *host, struct nft_dump *dump)
{
	struct nft_dump after = { 0 };
	int r = ask(host, NFT_MSG_GETGEN, NULL, dump);

	if (r == 0)
		r = ask(host, NFT_MSG_GETTABLE, NULL, dump);
	if (r == -ENOENT)
		r = 0;
	if (r == 0 && dump->ours)
		r = read_content(host, dump);
	if (r == 0)
		r = ask(host, NFT_MSG_GETGEN, NULL, &after);
	return r == 0 && after.generation != dump->generation ? -EINTR : r;
}

/* Returns 0, -EINTR when it changed all the time, or -errno. */
static int read_table(struct host *host, struct nft_dump *ret_dump)
{
	int r = -EINTR;

	for (int i = 0; i < TRIES && r == -EINTR; i++) {
		nft_dump_free(ret_dump);
		r = read_once(host, ret_dump);
	}
	return r;
}

static int open_requests(struct host *host)
{
	struct netlink *requests = &host->filters.requests;

	return is_open(requests) ?
		       0 :
		       netlink_open_protocol(requests, NETLINK_NETFILTER, NULL, ANSWERS_ROOM);
}

/* Events join those that host_fd() waits for. */
static int open_events(struct host *host)
{
	struct netlink *events = &host->filters.events;
	struct epoll_event event = { .events = EPOLLIN };
	int r = 0;

	if (is_open(events))
		return 0;
	r = netlink_open_protocol(events, NETLINK_NETFILTER, event_groups, EVENTS_ROOM);
	if (r == 0 && epoll_ctl(host->any_events, EPOLL_CTL_ADD, events->fd, &event) < 0)
		r = -errno;
	return r;
}

/* Reads what is there; listens to it from before the reading on if it is ours. */
static int look(struct host *host, struct nft_dump *ret_dump)
{
	bool listening = is_open(&host->filters.events);
	int r;

	if (!is_open(&host->filters.requests) && !may_have_tables())
		return 0;
	r = open_requests(host);
	if (r == 0)
		r = read_table(host, ret_dump);
	if (r == 0 && ret_dump->ours && !listening) {
		(void)open_events(host);
		r = read_table(host, ret_dump);
	}
	if (r == 0 && !ret_dump->ours)
		filters_close(host);
	return r;
}

int host_filters_error(const struct host *host)
{
	return host->filters.error;
}

bool filters_refresh(struct host *host)
{
	struct nft_entries entries = { 0 };
	struct object_set fresh = { 0 };
	struct nft_dump dump = { 0 };
	int r;

	host->stale &= ~STALE(OBJECT_FILTER);
	r = look(host, &dump);
	if (r == -EINTR)
		host->stale |= STALE(OBJECT_FILTER);
	host->filters.error = r == -EINTR ? 0 : r;
	if (r < 0) {
		log_debug("nftables cannot be read: %s", strerror(-r));
		dump.ours = false;
	}
	nft_read(&dump, &entries);
	for (size_t i = 0; i < entries.count; i++)
		set_push(&fresh, &filter_kind, &entries.items[i].filter);
	nft_dump_free(&dump);
	VEC_FREE(&entries);
	if (r == -EINTR) {
		free(fresh.items);
		return false;
	}
	return host_observe_whole(host, OBJECT_FILTER, &fresh);
}

/* What becomes of each operation. */
struct outcome {
	int error;
	char text[160];
};

struct work {
	struct host *host;
	const struct operation *operations;
	size_t count;
	struct outcome *outcomes;
	size_t *by_key; /* the operations, sorted */
	struct nft_dump dump;
	struct nft_entries before, after;
	struct nft_batch batch;
	bool refused; /* somebody's message, in this try */
	int error;    /* of the whole */
	char text[160];
};

static const struct host_filter *filter_of(const struct operation *operation)
{
	return operation->after ? operation->after : operation->before;
}

static int compare_operations(const void *a, const void *b, void *data)
{
	const struct work *work = data;

	return kind_compare(&filter_kind, filter_of(&work->operations[*(const size_t *)a]),
			    filter_of(&work->operations[*(const size_t *)b]));
}

/* The operation on @filter's key; NULL: none. */
static const struct operation *operation_on(const struct work *work, const struct host_filter *filter)
{
	size_t low = 0, high = work->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct operation *operation = &work->operations[work->by_key[middle]];
		int r = kind_compare(&filter_kind, filter_of(operation), filter);

		if (r == 0)
			return operation;
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

static void fail(struct outcome *outcome, int error, const char *text)
{
	if (outcome->error)
		return;
	outcome->error = error;
	snprintf(outcome->text, sizeof(outcome->text), "%s", text);
}

/* What can never be written. */
static void check_words(struct work *work)
{
	for (size_t i = 0; i < work->count; i++) {
		const struct host_filter *filter = work->operations[i].after;
		AUTO_TEXT words = { 0 };
		int r = filter ? nft_words(filter, &words) : 0;

		if (r == -E2BIG)
			fail(&work->outcomes[i],
			     r, "it selects by more than the comment of a rule can say; make two of it");
		else if (r < 0)
			fail(&work->outcomes[i], r, "it cannot be written as the comment of a rule");
		else if (filter && (filter->sport.end || filter->dport.end) && !filter->ip_protocol)
			fail(&work->outcomes[i], -EINVAL,
			     "ports need a protocol that has some: tcp, udp, sctp");
	}
}

static void add_after(struct work *work, const struct host_filter *filter, size_t operation)
{
	struct nft_entry *entry = VEC_PUSH(&work->after);

	entry->filter = *filter;
	entry->operation = operation;
}

static int compare_entries(const void *a, const void *b)
{
	return kind_compare(&filter_kind, &((const struct nft_entry *)a)->filter,
			    &((const struct nft_entry *)b)->filter);
}

/* By all that a rule does, whatever its number. */
static int compare_content(const void *a, const void *b)
{
	struct host_filter one = (*(const struct nft_entry *const *)a)->filter;
	struct host_filter other = (*(const struct nft_entry *const *)b)->filter;
	int r = 0;

	one.order = other.order = 0;
	for (size_t i = 0; r == 0 && i < filter_kind.row_count; i++)
		r = property_compare(&filter_kind.rows[i], &one, &other);
	return r;
}

static int compare_content_and_key(const void *a, const void *b)
{
	const struct nft_entry *one = *(const struct nft_entry *const *)a;
	const struct nft_entry *other = *(const struct nft_entry *const *)b;
	int r = compare_content(a, b);

	return r ? r : kind_compare(&filter_kind, &one->filter, &other->filter);
}

/*
 * A rule that moves takes its counter along: it is the same rule to whoever reads it. On its way it
 * stands in both places for a moment; so does what the old one has counted until it goes.
 */
static void carry_counters(struct work *work)
{
	struct nft_entry **order = mem_alloc((work->after.count + 1) * sizeof(*order));

	for (size_t i = 0; i < work->after.count; i++)
		order[i] = &work->after.items[i];
	qsort(order, work->after.count, sizeof(*order), compare_content_and_key);
	for (size_t i = 0; i < work->before.count; i++) {
		const struct nft_entry *entry = &work->before.items[i];
		struct nft_entry **found = bsearch(&entry, order, work->after.count, sizeof(*order),
						   compare_content_and_key);

		if (!found)
			found = bsearch(&entry, order, work->after.count, sizeof(*order),
					compare_content);
		if (found && !entry->filter.altered) {
			(*found)->count.packets += entry->count.packets;
			(*found)->count.bytes += entry->count.bytes;
		}
	}
	free(order);
}

/* The content of the table with the operations done. Returns whether it differs from what is. */
static bool make_after(struct work *work)
{
	bool differs = false;

	work->after.count = 0;
	for (size_t i = 0; i < work->before.count; i++) {
		const struct host_filter *filter = &work->before.items[i].filter;
		const struct operation *operation = operation_on(work, filter);
		bool refused = operation && work->outcomes[operation - work->operations].error;

		differs |= filter->altered || (operation && !refused);
		if (!filter->altered && (!operation || refused))
			add_after(work, filter, NO_OPERATION);
	}
	for (size_t i = 0; i < work->count; i++) {
		if (!work->operations[i].after || work->outcomes[i].error)
			continue;
		add_after(work, work->operations[i].after, i);
		differs = true;
	}
	if (work->after.count)
		qsort(work->after.items, work->after.count, sizeof(*work->after.items),
		      compare_entries);
	carry_counters(work);
	return differs;
}

/*
 * Only the first refusal counts: the kernel looks at the whole table with each rule, and so refuses
 * all that follow a bad one.
 */
static void refused(void *data, uint32_t number, int error, const char *text)
{
	struct work *work = data;
	const struct nft_owner *owner = &work->batch.owners.items[number];
	bool known = false;

	if (work->refused || work->error)
		return;
	for (size_t i = owner->first; i < owner->first + owner->count; i++) {
		size_t operation = work->after.items[work->batch.order[i]].operation;

		known |= operation != NO_OPERATION;
		if (operation != NO_OPERATION)
			fail(&work->outcomes[operation], error, text);
	}
	work->refused = known;
	if (!known) {
		work->error = error;
		snprintf(work->text, sizeof(work->text), "%s", text);
	}
}

/*
 * One try. Returns 0 when it is done, -EAGAIN when it is to be made again, either because something
 * came in between or without the operations that were refused, or -errno.
 */
static int try_once(struct work *work)
{
	int r = read_table(work->host, &work->dump);

	if (r < 0)
		return r;
	if (work->dump.exists && !work->dump.ours)
		return -EEXIST;
	VEC_FREE(&work->before);
	nft_read(&work->dump, &work->before);
	if (!make_after(work))
		return 0;
	nft_batch_free(&work->batch);
	nft_batch_make(&work->dump, &work->after, &work->batch);
	work->error = 0;
	work->refused = false;
	r = netlink_transact(&work->host->filters.requests, work->batch.bytes.data,
			     work->batch.bytes.length, refused, work);
	if (r == 0 && (work->error == -ERESTART || work->refused))
		return -EAGAIN;
	return r < 0 ? r : work->error;
}

static int run(struct work *work)
{
	int r = open_requests(work->host);

	if (r == 0)
		r = open_events(work->host);
	if (r < 0)
		return r;
	check_words(work);
	r = -EAGAIN;
	for (int i = 0; i < REFUSALS && r == -EAGAIN; i++)
		r = try_once(work);
	return r == -EAGAIN ? work->error ? work->error : -ECANCELED : r;
}

static void tell(struct work *work, int error, host_result_fn *told, void *data)
{
	for (size_t i = 0; i < work->count; i++) {
		struct host_result result = { .operation = &work->operations[i] };

		if (error)
			fail(&work->outcomes[i], error, work->text);
		result.error = work->outcomes[i].error;
		if (result.error == -EEXIST)
			result.whole = FILTERS_WHOLE;
		if (result.error == -EEXIST)
			snprintf(result.text, sizeof(result.text),
				 "the nftables table 'inet " NFT_TABLE
				 "' is not ours; give it another "
				 "name or remove it (nft delete table inet " NFT_TABLE ")");
		else if (result.error)
			explain_refusal(work->host, &result, work->outcomes[i].text);
		told(data, &result);
	}
}

void filters_apply(struct host *host, const struct operation *operations, size_t count,
		   host_result_fn *told, void *data)
{
	struct work work = { .host = host,
			     .operations = operations,
			     .count = count,
			     .outcomes = mem_alloc(count * sizeof(struct outcome)),
			     .by_key = mem_alloc(count * sizeof(size_t)) };
	int r;

	for (size_t i = 0; i < count; i++)
		work.by_key[i] = i;
	qsort_r(work.by_key, count, sizeof(size_t), compare_operations, &work);
	r = run(&work);
	tell(&work, r, told, data);
	nft_dump_free(&work.dump);
	nft_batch_free(&work.batch);
	VEC_FREE(&work.before);
	VEC_FREE(&work.after);
	free(work.outcomes);
	free(work.by_key);
	host->stale |= STALE(OBJECT_FILTER);
}

int host_filter_counters(struct host *host, host_filter_fn *told, void *data)
{
	struct nft_entries entries = { 0 };
	struct nft_dump dump = { 0 };
	int r = is_open(&host->filters.requests) ? read_table(host, &dump) : 0;

	if (r == 0)
		nft_read(&dump, &entries);
	for (size_t i = 0; i < entries.count; i++)
		if (!entries.items[i].filter.altered)
			told(data, &entries.items[i].filter, entries.items[i].count.packets,
			     entries.items[i].count.bytes);
	nft_dump_free(&dump);
	VEC_FREE(&entries);
	return r;
}

/* Tables of others that see packets on their way out; those of one table follow one another. */
struct others {
	struct text *text;
	char table[64];
	uint32_t family;
	unsigned hooks; /* of the present table, as bits */
};

static const char *const hooks[] = {
	[NF_INET_FORWARD] = "forward",
	[NF_INET_LOCAL_OUT] = "output",
	[NF_INET_POST_ROUTING] = "postrouting",
};

static const char *family_word(uint32_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	}
	return NULL;
}

static void note_hook(struct others *others, const struct nftnl_chain *chain)
{
	uint32_t hook = nftnl_chain_get_u32(chain, NFTNL_CHAIN_HOOKNUM);
	uint32_t family = nftnl_chain_get_u32(chain, NFTNL_CHAIN_FAMILY);
	const char *table = nftnl_chain_get_str(chain, NFTNL_CHAIN_TABLE);
	const char *word = family_word(family);

	if (hook >= ARRAY_SIZE(hooks) || !hooks[hook] || !table || !word ||
	    (family == NFPROTO_INET && !strcmp(table, NFT_TABLE)))
		return;
	if (family != others->family || strcmp(table, others->table) != 0) {
		text_printf(others->text, "%s%s %s (%s", others->hooks ? "), " : "", word, table,
			    hooks[hook]);
		others->family = family;
		others->hooks = 0;
		snprintf(others->table, sizeof(others->table), "%s", table);
	} else if (!(others->hooks & 1u << hook)) {
		text_printf(others->text, ", %s", hooks[hook]);
	}
	others->hooks |= 1u << hook;
}

static void take_chain(void *data, const struct nlmsghdr *message)
{
	struct nftnl_chain *chain = nftnl_chain_alloc();

	if (chain && nftnl_chain_nlmsg_parse(message, chain) == 0 &&
	    nftnl_chain_is_set(chain, NFTNL_CHAIN_HOOKNUM))
		note_hook(data, chain);
	nftnl_chain_free(chain);
}

void host_other_filters(struct host *host, struct text *text)
{
	char buffer[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *request = nftnl_nlmsg_build_hdr(buffer, NFT_MSG_GETCHAIN, NFPROTO_UNSPEC,
							 0, 0);
	struct others others = { .text = text };
	bool was_open = is_open(&host->filters.requests);

	if ((!was_open && !may_have_tables()) || open_requests(host) < 0)
		return;
	(void)netlink_dump(&host->filters.requests, request, take_chain, &others);
	if (others.hooks)
		text_puts(text, ")");
	if (!was_open)
		filters_close(host);
}
