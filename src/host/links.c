/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links as they are made, changed and given back. What we make bears our group and is ours like a
 * route. A link that is not of our making (hardware, or made by somebody else) has no mark for what
 * we changed of it: that is remembered like a sysctl, by the link's name, written before it is done.
 * It is given back only while it is still what we wrote.
 */
#include "host/codec.h"
#include "host/inside.h"
#include "host/link_made.h"

#include "base/log.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <stdio.h>
#include <string.h>

#define NAME_SIZE sizeof(((struct memory_entry *)0)->name)
#define VALUE_SIZE sizeof(((struct memory_entry *)0)->former)

/* Everything that may be remembered, as the name that it has there. */
static const struct {
	uint8_t bit;
	const char *name;
} formers[] = {
	{ LINK_FORMER_STATE, "state" }, { LINK_FORMER_MTU, "mtu" },
	{ LINK_FORMER_QUEUE, "queue" }, { LINK_FORMER_MASTER, "master" },
	{ LINK_FORMER_MAC, "mac" },	{ LINK_FORMER_ALLMULTI, "allmulti" },
};

static struct link_former present_of(const struct host_link *link)
{
	struct link_former present = { .state = link->state,
				       .allmulti = link->allmulti,
				       .mtu = link->mtu,
				       .queue = link->queue,
				       .master = link->master };

	memcpy(present.mac, link->mac, sizeof(present.mac));
	return present;
}

static void value_print(unsigned bit, const struct link_former *of, char value[VALUE_SIZE])
{
	switch (bit) {
	case LINK_FORMER_STATE:
		snprintf(value, VALUE_SIZE, "%u", of->state);
		break;
	case LINK_FORMER_ALLMULTI:
		snprintf(value, VALUE_SIZE, "%u", of->allmulti);
		break;
	case LINK_FORMER_MTU:
		snprintf(value, VALUE_SIZE, "%u", of->mtu);
		break;
	case LINK_FORMER_QUEUE:
		snprintf(value, VALUE_SIZE, "%u", of->queue);
		break;
	case LINK_FORMER_MASTER:
		snprintf(value, VALUE_SIZE, "%u", of->master);
		break;
	case LINK_FORMER_MAC:
		(void)mac_text(of->mac, value);
		break;
	}
}

/* False when it is nothing that value_print() writes. */
static bool value_parse(unsigned bit, const char *value, struct link_former *into)
{
	struct link_former parsed = *into;
	uint8_t *mac = parsed.mac;
	char again[VALUE_SIZE];
	unsigned number = 0;

	if (bit == LINK_FORMER_MAC)
		sscanf(value, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx", &mac[0], &mac[1], &mac[2],
		       &mac[3], &mac[4], &mac[5]);
	else
		sscanf(value, "%u", &number);
	if (bit == LINK_FORMER_STATE)
		parsed.state = (uint8_t)number;
	if (bit == LINK_FORMER_ALLMULTI)
		parsed.allmulti = number == 1;
	if (bit == LINK_FORMER_MTU)
		parsed.mtu = number;
	if (bit == LINK_FORMER_QUEUE)
		parsed.queue = number;
	if (bit == LINK_FORMER_MASTER)
		parsed.master = number;
	value_print(bit, &parsed, again);
	if (strcmp(again, value) != 0)
		return false;
	*into = parsed;
	return true;
}

static void name_print(const char *link, const char *property, char name[NAME_SIZE])
{
	snprintf(name, NAME_SIZE, MEMORY_OF_LINKS "%s/%s", link, property);
}

void links_recall(const struct host *host, struct host_link *link)
{
	const struct link_former present = present_of(link);

	if (!host->memory.entries.count || link_is_made(link))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(formers); i++) {
		char name[NAME_SIZE], value[VALUE_SIZE];
		const struct memory_entry *known;

		name_print(link->name, formers[i].name, name);
		known = memory_find(&host->memory, name);
		if (!known)
			continue;
		value_print(formers[i].bit, &present, value);
		if ((!strcmp(value, known->written) || !strcmp(value, known->earlier)) &&
		    value_parse(formers[i].bit, known->former, &link->former))
			link->former.known |= formers[i].bit;
	}
	link->object.ours = link->former.known;
}

/* Entries that are put at once. */
struct entries {
	struct memory_entry *items;
	size_t count, room;
};

static void put_all(struct host *host, struct entries *entries)
{
	if (entries->count && memory_put(&host->memory, entries->items, entries->count) < 0)
		log_warning("%s cannot be written", host->memory.path);
	VEC_FREE(entries);
}

/* An entry without a value, by which what has its name is forgotten. */
static void forget(struct entries *entries, const char *name)
{
	struct memory_entry *entry = VEC_PUSH(entries);

	snprintf(entry->name, sizeof(entry->name), "%s", name);
}

void links_forget_gone(struct host *host)
{
	struct entries gone = { 0 };

	for (size_t i = 0; i < host->memory.entries.count; i++) {
		char name[NAME_SIZE], *slash;

		memcpy(name, host->memory.entries.items[i].name, sizeof(name));
		if (strncmp(name, MEMORY_OF_LINKS, strlen(MEMORY_OF_LINKS)) != 0)
			continue;
		slash = strrchr(name, '/');
		*slash = '\0';
		if (state_link_named(&host->observed, name + strlen(MEMORY_OF_LINKS)))
			continue;
		*slash = '/';
		forget(&gone, name);
	}
	put_all(host, &gone);
}

/*
 * A link that was a member of ours, and whose bond somebody removed, is down for that reason alone:
 * that is not what it was.
 */
static bool was_let_down(const struct host *host, const struct host_link *before)
{
	char name[NAME_SIZE];

	name_print(before->name, "master", name);
	return before->state == LINK_DOWN && !(before->former.known & LINK_FORMER_MASTER) &&
	       memory_find(&host->memory, name);
}

/* Returns which of it was not remembered yet (LINK_FORMER_*). */
static uint8_t remember(const struct host *host, const struct operation *operation,
			struct entries *entries)
{
	const struct host_link *before = operation->before, *after = operation->after;
	const struct link_former wanted = present_of(after);
	bool let_down = before && was_let_down(host, before);
	uint8_t fresh = 0;

	for (size_t i = 0; i < ARRAY_SIZE(formers); i++) {
		char name[NAME_SIZE], former[VALUE_SIZE], written[VALUE_SIZE];
		bool known;

		if (!(after->former.known & formers[i].bit))
			continue;
		name_print(after->name, formers[i].name, name);
		known = memory_find(&host->memory, name);
		if (!known && let_down && formers[i].bit == LINK_FORMER_STATE)
			continue;
		value_print(formers[i].bit, &after->former, former);
		value_print(formers[i].bit, &wanted, written);
		*VEC_PUSH(entries) = memory_next(&host->memory, name, former, written);
		if (!known)
			fresh |= formers[i].bit;
	}
	return fresh;
}

bool link_is_remembered(const struct operation *operation)
{
	return operation->kind == OBJECT_LINK && operation->after &&
	       ((const struct host_link *)operation->after)->former.known;
}

int links_remember(struct host *host, const struct operation *operations, size_t count,
		   uint8_t *ret_fresh)
{
	struct entries entries = { 0 };
	int r = 0;

	for (size_t i = 0; i < count; i++)
		ret_fresh[i] = link_is_remembered(&operations[i]) ?
				       remember(host, &operations[i], &entries) :
				       0;
	if (entries.count)
		r = memory_put(&host->memory, entries.items, entries.count);
	VEC_FREE(&entries);
	return r;
}

static void done(const struct operation *operation, const struct link_result *result,
		 struct entries *entries)
{
	const struct host_link *before = operation->before, *after = operation->after;
	unsigned known = before ? before->former.known : 0;
	unsigned wanted = after ? after->former.known : 0;
	unsigned forgotten = result->error ? result->fresh : known & ~wanted;

	for (size_t i = 0; i < ARRAY_SIZE(formers); i++) {
		char name[NAME_SIZE];

		if (!(forgotten & formers[i].bit))
			continue;
		name_print((after ? after : before)->name, formers[i].name, name);
		forget(entries, name);
	}
}

void links_done(struct host *host, const struct operation *operations, size_t count,
		const struct link_result *results)
{
	struct entries entries = { 0 };

	for (size_t i = 0; i < count; i++)
		if (operations[i].kind == OBJECT_LINK)
			done(&operations[i], &results[i], &entries);
	if (entries.count)
		host->stale |= STALE(OBJECT_LINK);
	put_all(host, &entries);
}

static void note_stranger(void *data, const struct nlmsghdr *message)
{
	union host_object object;

	if (message->nlmsg_type == RTM_NEWLINK && codec_decode(&link_kind, message, &object) &&
	    object.link.group == LINK_GROUP_GOING && !object.object.ours)
		*(bool *)data = true;
}

bool links_may_go_together(struct host *host)
{
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	bool stranger = false;

	request->nlmsg_type = RTM_GETLINK;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	return netlink_dump(&host->requests, request, note_stranger, &stranger) == 0 && !stranger;
}

static bool adds_bond(const struct operation *operation)
{
	const struct host_link *after = operation->after;

	return operation->kind == OBJECT_LINK && operation->type == OPERATION_ADD &&
	       after->type == LINK_BOND;
}

static bool any_bond(const struct host *host)
{
	STATE_EACH(&host->observed, OBJECT_LINK, const struct host_link, link)
		if (link->type == LINK_BOND)
			return true;
	return false;
}

/* What came of that name since we last looked, or NULL. */
static const struct host_link *newcomer(const struct host *host, const char *name)
{
	const struct journal *journal = &host->journals[OBJECT_LINK];

	for (size_t i = journal->changes.count; i > 0; i--) {
		const struct change *change = &journal->changes.items[i - 1];

		if (!strcmp(change->object.link.name, name))
			return change->removed ? NULL : &change->object.link;
	}
	return NULL;
}

static void not_heard(void *data, uint32_t number, int error, const char *text)
{
}

static void ask_alone(struct host *host, struct nlmsghdr *message)
{
	netlink_begin(&host->requests, not_heard, NULL);
	if (netlink_request(&host->requests, message) == 0)
		(void)netlink_finish(&host->requests);
}

/*
 * The first bond of all has the kernel load its driver, and the driver makes one by itself, bond0:
 * which is the very name that people choose. So the driver is loaded by a request for a bond that
 * cannot be (its MAC address is none), and what it made is removed.
 */
void links_load_driver(struct host *host, const struct operation *operations, size_t count)
{
	char buffer[CODEC_MESSAGE_SIZE] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	size_t first = 0;

	while (first < count && !adds_bond(&operations[first]))
		first++;
	if (first == count || any_bond(host))
		return;
	message->nlmsg_type = RTM_NEWLINK;
	message->nlmsg_flags = NLM_F_CREATE | NLM_F_EXCL;
	codec_encode(&link_kind, &(struct host_link){ .type = LINK_BOND }, message);
	mnl_attr_put(message, IFLA_ADDRESS, 6, (const uint8_t[6]){ 0 });
	ask_alone(host, message);
	(void)host_receive(host);
	for (size_t i = first; i < count; i++) {
		const struct host_link *after = operations[i].after;
		const struct host_link *own = adds_bond(&operations[i]) ?
						      newcomer(host, after->name) :
						      NULL;

		if (!own || !link_is_drivers_own(own))
			continue;
		memset(buffer, 0, sizeof(buffer));
		message = mnl_nlmsg_put_header(buffer);
		message->nlmsg_type = RTM_DELLINK;
		codec_encode_key(&link_kind, own, message);
		ask_alone(host, message);
	}
}
