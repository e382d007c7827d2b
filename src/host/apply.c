/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Carrying out a slice of a plan. Routes and addresses go as one round of netlink requests, many
 * in flight; sysctls and listeners are done one by one, in between, where the plan has them.
 *
 * An ADD never takes the place of anything (NLM_F_EXCL; a rule cannot: it may stand beside
 * others). A DELETE names all that we know of the object, our protocol included, so that a foreign
 * twin stays. A CHANGE of a route replaces it in one step, without a moment in which there is
 * none, where it is the only one of its key, for then the kernel can only hit ours; beside a
 * foreign twin, and for addresses, it is a delete and an add; for a rule, an add and then a
 * delete.
 */
#include "host/codec.h"
#include "host/inside.h"
#include "host/link_made.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* From so many operations on, to be told of each costs more than to read all again if need be. */
#define MUTED_FROM 4096
/* Fewer links than this are deleted one by one. */
#define TOGETHER_FROM 4
/* For each responder the kernel waits some 12 ms for all processors: others shall have their turn. */
#define RESPONDERS_AT_ONCE 16

enum step {
	STEP_ADD,
	STEP_REPLACE,
	STEP_DELETE,
	STEP_MAKE_ROOM,
	STEP_LEAVE,
	STEP_MARK,	/* of links that are deleted together */
	STEP_DELETE_ALL /* those that were marked, the last of which it is of */
};

struct errand {
	uint32_t operation; /* index in the round */
	enum step step;
};

struct outcome {
	int error;
	bool told;   /* answered by the kernel */
	bool again;  /* what was to be replaced is gone: add it */
	bool alone;  /* to be deleted by itself, since it did not go with others */
	bool onlink; /* its gateway is said to be on its link */
	char text[sizeof(((struct host_result *)0)->text)];
};

/* A run of operations that netlink carries out. */
struct round {
	struct host *host;
	const struct operation *operations;
	size_t count;
	struct errand errands[3 * HOST_SLICE];
	uint32_t errand_count;
	uint32_t together[HOST_SLICE]; /* of a STEP_DELETE_ALL: how many, it being the last */
	int unwritten;		       /* -errno: what links were cannot be remembered */
	struct outcome outcomes[HOST_SLICE];
	uint8_t fresh[HOST_SLICE];	      /* of a link: what is remembered for this */
	struct link_result links[HOST_SLICE]; /* of each operation */
};

/* Who hears of the results. */
struct audience {
	host_result_fn *told;
	void *data;
};

static bool is_gone(int error)
{
	return error == -ESRCH || error == -ENOENT || error == -EADDRNOTAVAIL || error == -ENODEV;
}

/* What is not of our making cannot be made. */
static bool may_be_added(const struct round *round, const struct errand *errand)
{
	const struct operation *operation = &round->operations[errand->operation];

	return operation->kind != OBJECT_LINK ||
	       ((const struct host_link *)operation->after)->group == HOST_PROTOCOL;
}

/* What goes back to what it was, and is gone already, needs no more. */
static bool is_given_back(const struct round *round, const struct errand *errand)
{
	const struct operation *operation = &round->operations[errand->operation];

	return operation->kind == OBJECT_LINK && operation->type == OPERATION_CHANGE &&
	       !((const struct host_link *)operation->after)->object.ours;
}

/* All that were marked, up to @last, are gone, or none of them. */
static void all_answered(struct round *round, uint32_t last, int error)
{
	for (uint32_t i = last + 1 - round->together[last]; i <= last; i++) {
		round->outcomes[i].alone |= error && !is_gone(error);
		round->outcomes[i].told = !round->outcomes[i].alone;
	}
}

static void answered(void *data, uint32_t number, int error, const char *text)
{
	struct round *round = data;
	const struct errand *errand = &round->errands[number];
	struct outcome *outcome = &round->outcomes[errand->operation];

	if (errand->step == STEP_MAKE_ROOM)
		return; /* if it failed, so will the add that follows, and says more */
	if (errand->step == STEP_MARK) {
		outcome->alone = error && !is_gone(error);
		return;
	}
	if (errand->step == STEP_DELETE_ALL) {
		all_answered(round, errand->operation, error);
		return;
	}
	if (errand->step == STEP_LEAVE) {
		if (error && !is_gone(error) && !outcome->error)
			outcome->error = error;
		return;
	}
	outcome->told = true;
	outcome->again = errand->step == STEP_REPLACE && is_gone(error) &&
			 may_be_added(round, errand);
	outcome->error = is_gone(error) && (errand->step == STEP_DELETE ||
					    is_given_back(round, errand)) ?
				 0 :
				 error;
	outcome->text[0] = '\0';
	if (*text)
		snprintf(outcome->text, sizeof(outcome->text), "%s", text);
}

static int send_off(struct round *round, uint32_t operation, enum step step, struct nlmsghdr *message)
{
	round->errands[round->errand_count++] = (struct errand){ .operation = operation,
								 .step = step };
	return netlink_request(&round->host->requests, message);
}

static int ask(struct round *round, uint32_t operation, enum step step, const void *object)
{
	const struct kind *kind = kind_of(round->operations[operation].kind);
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	bool deletes = step == STEP_DELETE || step == STEP_MAKE_ROOM || step == STEP_LEAVE;

	message->nlmsg_type = deletes ? kind->message_delete : kind->message_new;
	if (step == STEP_ADD)
		message->nlmsg_flags = NLM_F_CREATE | (kind->shares_key ? 0 : NLM_F_EXCL);
	else if (step == STEP_REPLACE)
		message->nlmsg_flags = NLM_F_REPLACE;
	if (deletes && kind->deleted_by_key)
		codec_encode_key(kind, object, message);
	else
		codec_encode(kind, object, message);
	if (round->outcomes[operation].onlink)
		onlink_encode(round->operations[operation].kind, message);
	return send_off(round, operation, step, message);
}

static int ask_link_state(struct round *round, uint32_t index, const struct host_link *link,
			  enum link_state state, enum step step)
{
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

	message->nlmsg_type = RTM_NEWLINK;
	link_state_encode(link, state, message);
	return send_off(round, index, step, message);
}

/*
 * A link cannot be replaced: what differs is changed, or it is made anew. One that joins a bond, or
 * gets another name (before Linux 6.2), is taken down first. A bond brings up who joins it and takes
 * down who leaves, and Linux 6.1 would do both after it looked at the flags of the message: so with
 * another master the state is told by itself.
 */
static int ask_link_change(struct round *round, uint32_t index)
{
	const struct host_link *before = round->operations[index].before;
	const struct host_link *after = round->operations[index].after;
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	int r = 0;

	if (link_is_recreated(before, after)) {
		r = ask(round, index, STEP_MAKE_ROOM, before);
		return r < 0 ? r : ask(round, index, STEP_ADD, after);
	}
	if (link_must_be_down(before, after))
		r = ask_link_state(round, index, before, LINK_DOWN, STEP_MAKE_ROOM);
	if (r < 0)
		return r;
	message->nlmsg_type = RTM_NEWLINK;
	link_change_encode(before, after, message);
	r = send_off(round, index, STEP_REPLACE, message);
	if (r == 0 && before->master != after->master)
		r = ask_link_state(round, index, after, (enum link_state)after->state, STEP_LEAVE);
	return r;
}

/* Nothing is asked for: it ended before. */
static int give_up(struct round *round, uint32_t index, int error)
{
	struct outcome *outcome = &round->outcomes[index];

	outcome->told = true;
	outcome->error = error;
	snprintf(outcome->text, sizeof(outcome->text),
		 "left as it is, since what it was cannot be kept in %s: %s",
		 round->host->memory.path, strerror(-error));
	return 0;
}

/* Whether a replacement can hit only the object of ours that the plan saw. */
static bool stands_alone(const struct host *host, const struct operation *operation)
{
	const struct object_set *set = &host->observed.sets[operation->kind];
	const struct kind *kind = kind_of(operation->kind);
	const char *before = operation->before;
	const char *last = set->items + (set->count - 1) * kind->size;

	if (kind->replaced)
		return true;
	if (operation->kind != OBJECT_ROUTE || ((const struct host_route *)operation->before)->hops)
		return false;
	return (before == set->items || kind_compare(kind, before - kind->size, before) != 0) &&
	       (before == last || kind_compare(kind, before + kind->size, before) != 0);
}

static int ask_for(struct round *round, uint32_t index)
{
	const struct operation *operation = &round->operations[index];
	int r;

	if (round->unwritten < 0 && link_is_remembered(operation))
		return give_up(round, index, round->unwritten);
	switch (operation->type) {
	case OPERATION_ADD:
		return ask(round, index, STEP_ADD, operation->after);
	case OPERATION_DELETE:
		return ask(round, index, STEP_DELETE, operation->before);
	case OPERATION_CHANGE:
		if (operation->kind == OBJECT_LINK)
			return ask_link_change(round, index);
		if (kind_of(operation->kind)->shares_key) {
			r = ask(round, index, STEP_ADD, operation->after);
			return r < 0 ? r : ask(round, index, STEP_LEAVE, operation->before);
		}
		if (stands_alone(round->host, operation))
			return ask(round, index, STEP_REPLACE, operation->after);
		r = ask(round, index, STEP_MAKE_ROOM, operation->before);
		return r < 0 ? r : ask(round, index, STEP_ADD, operation->after);
	}
	return -EINVAL;
}

static bool deletes_link(const struct operation *operation)
{
	return operation->kind == OBJECT_LINK && operation->type == OPERATION_DELETE;
}

/*
 * The kernel waits for all processors after each link that is deleted (some 30 ms), but once for all of a
 * group. So many in a row are marked first, which costs next to nothing.
 */
static uint32_t count_together(const struct round *round, uint32_t index)
{
	uint32_t end = index;

	while (end < round->count && deletes_link(&round->operations[end]))
		end++;
	return end - index >= TOGETHER_FROM ? end - index : 0;
}

static int ask_together(struct round *round, uint32_t index, uint32_t count)
{
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8)));
	uint32_t last = index + count - 1;
	int r = 0;

	round->together[last] = count;
	for (uint32_t i = index; r == 0 && i <= last + 1; i++) {
		struct nlmsghdr *message;
		bool marks = i <= last;

		memset(buffer, 0, sizeof(buffer));
		message = mnl_nlmsg_put_header(buffer);
		message->nlmsg_type = marks ? RTM_NEWLINK : RTM_DELLINK;
		if (marks)
			link_going_encode(round->operations[i].before, message);
		else
			link_gone_encode(message);
		r = send_off(round, marks ? i : last, marks ? STEP_MARK : STEP_DELETE_ALL, message);
	}
	return r;
}

/* Whether there is any such row, and nobody else's link would go along. */
static bool may_go_together(const struct round *round)
{
	for (uint32_t i = 0; i < round->count; i++)
		if (count_together(round, i))
			return links_may_go_together(round->host);
	return false;
}

static int run_round(struct round *round)
{
	bool may = may_go_together(round);
	int r = 0;

	netlink_begin(&round->host->requests, answered, round);
	for (uint32_t i = 0; r == 0 && i < round->count;) {
		uint32_t together = may ? count_together(round, i) : 0;

		r = together ? ask_together(round, i, together) : ask_for(round, i);
		i += together ? together : 1;
	}
	return r == 0 ? netlink_finish(&round->host->requests) : r;
}

/*
 * What was to be replaced had vanished: then it is to be added. What did not go with others (a link of
 * some type may refuse) goes by itself.
 */
static int run_again(struct round *round)
{
	bool any = false;
	int r = 0;

	for (uint32_t i = 0; i < round->count; i++)
		any |= round->outcomes[i].again || round->outcomes[i].alone;
	if (!any)
		return 0;
	round->host->unsure = true;
	round->errand_count = 0;
	netlink_begin(&round->host->requests, answered, round);
	for (uint32_t i = 0; r == 0 && i < round->count; i++)
		if (round->outcomes[i].again)
			r = ask(round, i, STEP_ADD, round->operations[i].after);
		else if (round->outcomes[i].alone)
			r = ask(round, i, STEP_DELETE, round->operations[i].before);
	return r == 0 ? netlink_finish(&round->host->requests) : r;
}

/* What stands in the way of an addition and is nobody's wish is replaced. */
static int run_over(struct round *round)
{
	bool any = false;
	int r = 0;

	for (uint32_t i = 0; i < round->count && r == 0; i++) {
		const struct operation *operation = &round->operations[i];
		const struct kind *kind = kind_of(operation->kind);
		const void *obstacle;
		union host_object after;

		if (round->outcomes[i].error != -EEXIST || !kind->yields || !operation->after)
			continue;
		if (!any) {
			(void)host_receive(round->host);
			round->errand_count = 0;
			netlink_begin(&round->host->requests, answered, round);
			any = true;
		}
		memcpy(&after, operation->after, kind->size);
		obstacle = explain_obstacle(round->host, operation->kind, operation->after);
		if (obstacle && kind->yields(obstacle, &after))
			r = ask(round, i, STEP_REPLACE, &after);
	}
	return any && r == 0 ? netlink_finish(&round->host->requests) : r;
}

/* Whether an operation failed, perhaps for want of one that is tried again. */
static bool leans_on_others(const struct round *round, uint32_t index)
{
	enum object_kind kind = round->operations[index].kind;

	return round->outcomes[index].error && (kind == OBJECT_NEXTHOP || kind == OBJECT_ROUTE);
}

/* Our own rules were in the way of a gateway: once more without the kernel's look-up, see onlink.c. */
static int run_onlink(struct round *round)
{
	bool any = false;
	int r = 0;

	for (uint32_t i = 0; i < round->count; i++) {
		struct outcome *outcome = &round->outcomes[i];

		if (!outcome->error)
			continue;
		if (!any)
			(void)host_receive(round->host);
		outcome->onlink = onlink_helps(round->host, &round->operations[i], outcome->error);
		any |= outcome->onlink;
	}
	if (!any)
		return 0;
	round->host->unsure = true;
	round->errand_count = 0;
	netlink_begin(&round->host->requests, answered, round);
	for (uint32_t i = 0; r == 0 && i < round->count; i++)
		if (leans_on_others(round, i))
			r = ask_for(round, i);
	return r == 0 ? netlink_finish(&round->host->requests) : r;
}

/* An equal object that came in between is what was wanted. */
static bool exists_equal(struct host *host, const struct operation *operation)
{
	const void *obstacle;

	(void)host_receive(host);
	obstacle = explain_obstacle(host, operation->kind, operation->after);
	return obstacle && kind_satisfies(kind_of(operation->kind), operation->after, obstacle);
}

static void tell(struct round *round, uint32_t index, const struct audience *audience)
{
	struct host_result result = { .operation = &round->operations[index],
				      .error = round->outcomes[index].error };

	round->host->unsure |= round->outcomes[index].error != 0;
	if (result.error == -EEXIST && result.operation->after &&
	    exists_equal(round->host, result.operation))
		result.error = 0;
	round->links[index] = (struct link_result){ result.error, round->fresh[index] };
	if (result.error)
		explain_refusal(round->host, &result, round->outcomes[index].text);
	else if (kind_of(result.operation->kind)->untold && result.operation->after)
		host_note(round->host, result.operation->kind, result.operation->after, false);
	audience->told(audience->data, &result);
}

/* @count operations from *@at on, all of which netlink carries out. */
static int apply_round(struct host *host, const struct plan *plan, size_t *at, size_t count,
		       const struct audience *audience)
{
	struct round *round = mem_alloc(sizeof(*round));
	uint32_t told = 0;
	int r;

	round->host = host;
	round->operations = plan->items + *at;
	round->count = count;
	links_load_driver(host, round->operations, count);
	taken_keep(host, round->operations, count);
	round->unwritten = links_remember(host, round->operations, count, round->fresh);
	r = run_round(round);
	if (r == 0)
		r = run_again(round);
	if (r == 0)
		r = run_over(round);
	if (r == 0)
		r = run_onlink(round);
	while (told < count && round->outcomes[told].told)
		tell(round, told++, audience);
	*at += told;
	links_done(host, round->operations, told, round->links);
	taken_give_back(host, round->operations, round->count);
	free(round);
	if (r < 0)
		host_reopen(host);
	return r;
}

static void apply_one(struct host *host, const struct plan *plan, const struct operation *operation,
		      const struct audience *audience)
{
	struct host_result result = { .operation = operation };

	if (operation->kind == OBJECT_SYSCTL)
		sysctl_apply(host, plan, operation, &result);
	else if (operation->kind == OBJECT_LISTENER)
		listener_apply(host, operation, &result);
	else if (operation->kind == OBJECT_RESPONDER)
		responder_apply(host, operation, &result);
	else if (operation->kind == OBJECT_ATTACHMENT)
		attachment_apply(host, operation, &result);
	else
		result.error = -EOPNOTSUPP;
	audience->told(audience->data, &result);
}

static bool goes_by_netlink(const struct operation *operation)
{
	return operation->kind == OBJECT_LINK || operation->kind == OBJECT_ADDRESS ||
	       operation->kind == OBJECT_NEIGHBOUR || operation->kind == OBJECT_NEXTHOP ||
	       operation->kind == OBJECT_ROUTE || operation->kind == OBJECT_RULE;
}

/* Filter rules are one transaction, however many they are: no slice of them stands alone. */
static int apply_filters(struct host *host, const struct plan *plan, size_t *at, size_t last,
			 const struct audience *audience)
{
	size_t first = *at;

	while (*at < last && plan->items[*at].kind == OBJECT_FILTER)
		(*at)++;
	filters_apply(host, plan->items + first, *at - first, audience->told, audience->data);
	return 0;
}

static void apply_sysctls(struct host *host, const struct plan *plan, size_t *at, size_t end,
			  const struct audience *audience)
{
	size_t last = *at;

	while (last < end && plan->items[last].kind == OBJECT_SYSCTL)
		last++;
	sysctls_remember(host, plan->items + *at, last - *at);
	while (*at < last)
		apply_one(host, plan, &plan->items[(*at)++], audience);
}

static void apply_answers(struct host *host, const struct plan *plan, size_t *at, size_t end,
			  const struct audience *audience)
{
	size_t first = *at;

	while (*at < end && plan->items[*at].kind == OBJECT_ANSWER)
		(*at)++;
	answers_apply(host, plan->items + first, *at - first, audience->told, audience->data);
}

int host_apply(struct host *host, const struct plan *plan, size_t *at, host_result_fn *told,
	       void *data)
{
	const struct audience audience = { told, data };
	size_t last = *at < plan->opens ? plan->opens : plan->count;
	size_t end = last - *at > HOST_SLICE ? *at + HOST_SLICE : last;
	unsigned responders = 0;
	int r = 0;

	if (plan->count > MUTED_FROM)
		host_mute(host, plan);
	while (r == 0 && *at < end && responders < RESPONDERS_AT_ONCE) {
		size_t run = *at;

		responders += plan->items[*at].kind == OBJECT_RESPONDER;
		while (run < end && goes_by_netlink(&plan->items[run]))
			run++;
		if (run > *at)
			r = apply_round(host, plan, at, run - *at, &audience);
		else if (plan->items[*at].kind == OBJECT_FILTER)
			r = apply_filters(host, plan, at, last, &audience);
		else if (plan->items[*at].kind == OBJECT_SYSCTL)
			apply_sysctls(host, plan, at, end, &audience);
		else if (plan->items[*at].kind == OBJECT_ANSWER)
			apply_answers(host, plan, at, end, &audience);
		else
			apply_one(host, plan, &plan->items[(*at)++], &audience);
	}
	if (r == 0 && *at == plan->count)
		host_unmute(host, plan);
	return r;
}
