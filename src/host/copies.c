/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Linux keeps the forwarding of each link and one for all links, and whoever writes the latter writes
 * over the former (net/ipv4/devinet.c, net/ipv6/addrconf.c): of links that are there, of "default",
 * from which links to come take theirs; and IPv4 then takes redirects if, and only if, it is off.
 *
 * When such a setting is given back, the kernel writes once more over all of them, whatever the
 * administrator had set: so each one is remembered and put back by itself (sysctls.c).
 */
#include "host/copies.h"

#include "host/kind.h"

#include <stdio.h>
#include <string.h>

struct copying {
	const char *source;
	const char *over; /* '!' = the name of any link, or "default" */
	bool inverted;
};

static const struct copying copyings[] = {
	{ "net/ipv4/conf/all/forwarding", "net/ipv4/conf/!/forwarding", false },
	{ "net/ipv4/conf/all/forwarding", "net/ipv4/conf/all/accept_redirects", true },
	{ "net/ipv6/conf/all/forwarding", "net/ipv6/conf/!/forwarding", false },
};

static bool fits(const struct copying *copying, const char *name)
{
	const char *star = strchr(copying->over, '!');
	size_t head = star ? (size_t)(star - copying->over) : 0, tail = star ? strlen(star + 1) : 0;
	size_t length = strlen(name);

	if (!star)
		return !strcmp(name, copying->over);
	return length > head + tail && !strncmp(name, copying->over, head) &&
	       !strcmp(name + length - tail, star + 1) &&
	       !memchr(name + head, '/', length - head - tail) && strcmp(name, copying->source) != 0;
}

static const struct copying *copying_over(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(copyings); i++)
		if (fits(&copyings[i], name))
			return &copyings[i];
	return NULL;
}

/* The setting that is copied over @name; NULL = none is. */
static const char *copies_source(const char *name)
{
	const struct copying *copying = copying_over(name);

	return copying ? copying->source : NULL;
}

const char *copies_value(const char *name, const char *value)
{
	const struct copying *copying = copying_over(name);

	if (!copying || !copying->inverted)
		return value;
	return strcmp(value, "0") ? "0" : "1";
}

static void add_copy(struct copies *copies, const struct copying *copying, const char *link)
{
	const char *star = strchrnul(copying->over, '!');
	struct host_sysctl *copy = VEC_PUSH(&copies->items);

	snprintf(copy->name, sizeof(copy->name), "%.*s%s%s", (int)(star - copying->over),
		 copying->over, link, *star ? star + 1 : "");
}

void copies_of(const char *source, const struct state *links, struct copies *ret_copies)
{
	*ret_copies = (struct copies){ 0 };
	for (size_t i = 0; i < ARRAY_SIZE(copyings); i++) {
		const struct copying *copying = &copyings[i];

		if (strcmp(copying->source, source) != 0)
			continue;
		if (!strchr(copying->over, '!')) {
			add_copy(ret_copies, copying, "");
			continue;
		}
		add_copy(ret_copies, copying, "default");
		STATE_EACH(links, OBJECT_LINK, const struct host_link, link)
			add_copy(ret_copies, copying, link->name);
	}
}

void copies_free(struct copies *copies)
{
	VEC_FREE(&copies->items);
}

void copies_default(const char *source, char ret_name[sizeof(((struct host_sysctl *)0)->name)])
{
	const struct state nothing = { 0 };
	struct copies copies;

	copies_of(source, &nothing, &copies);
	memset(ret_name, 0, sizeof(((struct host_sysctl *)0)->name));
	if (copies.items.count)
		memcpy(ret_name, copies.items.items[0].name, sizeof(copies.items.items[0].name));
	copies_free(&copies);
}

static const struct host_sysctl *find(const struct object_set *set, const char *name)
{
	struct host_sysctl like = { 0 };
	size_t at;

	snprintf(like.name, sizeof(like.name), "%s", name);
	at = set_lower_bound(set, &sysctl_kind, &like);
	if (at == set->count || kind_compare(&sysctl_kind, set_at(set, &sysctl_kind, at), &like) != 0)
		return NULL;
	return set_at(set, &sysctl_kind, at);
}

bool copies_explain(const struct host_sysctl *sysctl, const struct object_set *desired)
{
	const char *source = copies_source(sysctl->name);

	return source && find(desired, source);
}

static bool is_source(const char *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(copyings); i++)
		if (!strcmp(copyings[i].source, name))
			return true;
	return false;
}

/* What an operation on a setting that is copied makes of the others. */
static void foresee_one(const struct host_sysctl *written, const struct object_set *desired,
			struct object_set *after)
{
	for (size_t i = 0; i < after->count; i++) {
		struct host_sysctl *other = set_at(after, &sysctl_kind, i);
		const char *source = copies_source(other->name), *value;

		if (!source || strcmp(source, written->name) != 0 || find(desired, other->name))
			continue;
		value = copies_value(other->name, written->value);
		if (!other->object.ours)
			memcpy(other->former, other->value, sizeof(other->former));
		other->object.ours = true;
		snprintf(other->value, sizeof(other->value), "%s", value);
	}
}

/* What was changed is remembered. */
static void note_former(const struct host_sysctl *before, const struct object_set *after)
{
	struct host_sysctl *now = (struct host_sysctl *)find(after, before->name);

	if (now && now->object.ours)
		memcpy(now->former, before->object.ours ? before->former : before->value,
		       sizeof(now->former));
}

void copies_foresee(const struct plan *plan, const struct object_set *desired,
		    struct object_set *after)
{
	for (size_t i = 0; i < plan->count; i++) {
		const struct operation *operation = &plan->items[i];

		if (operation->kind == OBJECT_SYSCTL && operation->type == OPERATION_CHANGE)
			note_former(operation->before, after);
		if (operation->kind == OBJECT_SYSCTL && operation->after &&
		    is_source(((const struct host_sysctl *)operation->after)->name))
			foresee_one(operation->after, desired, after);
	}
}
