/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sysctls as they are, and as we make them. /proc/sys/net shows the network namespace of the
 * process that reads it, so the names are the same in every namespace.
 *
 * A sysctl has no owner. Ours is one that we changed: memory.h keeps what it was. It is given back
 * only while it still has what we wrote; a value that somebody else set since then stays.
 */
#include "host/copies.h"
#include "host/inside.h"

#include "base/fd.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PROC "/proc/sys/"
#define NAME_SIZE sizeof(((struct host_sysctl *)0)->name)
#define VALUE_SIZE sizeof(((struct host_sysctl *)0)->value)

static int sysctl_open(const char *name, int flags)
{
	char path[sizeof(PROC) + sizeof(((struct host_sysctl *)0)->name)];
	int fd;

	if (!sysctl_name_is_valid(name))
		return -EINVAL;
	snprintf(path, sizeof(path), PROC "%s", name);
	fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW);
	return fd < 0 ? -errno : fd;
}

/* The kernel parts fields by tabs and ends with a newline; one space does for us. */
static int value_clean(const char *raw, char value[VALUE_SIZE])
{
	size_t length = 0;

	for (; *raw; raw++) {
		if (isspace((unsigned char)*raw) && (!length || value[length - 1] == ' '))
			continue;
		if (length == VALUE_SIZE - 1)
			return -E2BIG;
		value[length++] = isspace((unsigned char)*raw) ? ' ' : *raw;
	}
	while (length && value[length - 1] == ' ')
		length--;
	value[length] = '\0';
	return 0;
}

static int sysctl_read(const char *name, char value[VALUE_SIZE])
{
	AUTO_FD fd = sysctl_open(name, O_RDONLY);
	char raw[256];
	ssize_t length;

	if (fd < 0)
		return fd;
	length = read(fd, raw, sizeof(raw) - 1);
	if (length < 0)
		return -errno;
	raw[length] = '\0';
	return value_clean(raw, value);
}

static int sysctl_write(const char *name, const char *value)
{
	AUTO_FD fd = sysctl_open(name, O_WRONLY);
	ssize_t length = (ssize_t)strlen(value), written;

	if (fd < 0)
		return fd;
	written = write(fd, value, (size_t)length);
	return written < 0 ? -errno : written == length ? 0 : -EIO;
}

/* Adds the value of one name, as it is now. */
static void add_one(struct host *host, const char *name, struct object_set *into)
{
	const struct memory_entry *known = memory_find(&host->memory, name);
	struct host_sysctl sysctl = { 0 };
	int r = sysctl_read(name, sysctl.value);

	if (r == -ENOENT && known) {
		/* Its link is gone, and with it the value: a new link of that name starts anew. */
		(void)memory_forget(&host->memory, name);
		return;
	}
	if (r < 0) {
		if (r != -ENOENT)
			log_debug("sysctl %s cannot be read: %s", name, strerror(-r));
		return;
	}
	snprintf(sysctl.name, sizeof(sysctl.name), "%s", name);
	if (known) {
		sysctl.object.ours = true;
		memcpy(sysctl.former, known->former, sizeof(sysctl.former));
	}
	set_push(into, &sysctl_kind, &sysctl);
}

/* A component "*" of the name stands for every link, and for "all". */
static void add_named(struct host *host, const char *name, struct object_set *into)
{
	const char *star = strstr(name, "/*/");
	char full[sizeof(((struct host_sysctl *)0)->name)];

	if (!star) {
		add_one(host, name, into);
		return;
	}
	snprintf(full, sizeof(full), "%.*s/all%s", (int)(star - name), name, star + 2);
	add_one(host, full, into);
	STATE_EACH(&host->observed, OBJECT_LINK, const struct host_link, link) {
		snprintf(full, sizeof(full), "%.*s/%s%s", (int)(star - name), name, link->name,
			 star + 2);
		add_one(host, full, into);
	}
}

bool sysctls_refresh(struct host *host)
{
	struct object_set fresh = { 0 };

	for (char **name = host->taste.sysctls; *name; name++)
		add_named(host, *name, &fresh);
	/* Backwards: what follows one that is forgotten takes its place, and was seen then. */
	for (size_t i = host->memory.entries.count; i > 0; i--) {
		char name[sizeof(host->memory.entries.items[0].name)];

		memcpy(name, host->memory.entries.items[i - 1].name, sizeof(name));
		if (sysctl_name_is_valid(name))
			add_one(host, name, &fresh);
	}
	return host_observe(host, OBJECT_SYSCTL, &fresh);
}

static void say(struct host_result *result, int error, const char *format, const char *a,
		const char *b)
{
	result->error = error;
	snprintf(result->text, sizeof(result->text), format, a, b);
}

/* Writes what is desired, and looks what became of it. */
static int write_and_look(const struct host_sysctl *desired, struct host_result *result)
{
	char value[VALUE_SIZE];
	int r = sysctl_write(desired->name, desired->value);

	if (r < 0) {
		say(result, r, "the kernel does not take %s: %s", desired->value, strerror(-r));
		return r;
	}
	if (sysctl_read(desired->name, value) == 0 && strcmp(value, desired->value) != 0)
		say(result, -ERANGE, "the kernel made %s of %s", value, desired->value);
	return 0;
}

/* Before @name is written: remembers it, and what the kernel will write over with it, all at once. */
static int remember(struct host *host, const char *name, const char *former, const char *written)
{
	struct copies copies;
	struct memory_entry *entries;
	size_t count = 1;
	int r;

	copies_of(name, &host->observed, &copies);
	if (!copies.items.count)
		return memory_remember(&host->memory, name, former, written);
	entries = mem_alloc((copies.items.count + 1) * sizeof(*entries));
	entries[0] = memory_next(&host->memory, name, former, written);
	for (size_t i = 0; i < copies.items.count; i++) {
		const char *copy = copies.items.items[i].name;
		char value[VALUE_SIZE];

		if (sysctl_read(copy, value) == 0)
			entries[count++] = memory_next(&host->memory, copy, value,
						       copies_value(copy, written));
	}
	r = memory_put(&host->memory, entries, count);
	free(entries);
	copies_free(&copies);
	return r;
}

/* What is to be remembered before @desired is written, where that is all there is to it. */
static bool entry_ahead(const struct host *host, const struct host_sysctl *desired,
			struct memory_entry *ret_entry)
{
	struct copies copies;
	char value[VALUE_SIZE];
	bool copied;

	copies_of(desired->name, &host->observed, &copies);
	copied = copies.items.count;
	copies_free(&copies);
	if (copied || sysctl_read(desired->name, value) < 0 ||
	    (!memory_find(&host->memory, desired->name) && !strcmp(value, desired->value)))
		return false;
	*ret_entry = memory_next(&host->memory, desired->name, value, desired->value);
	return true;
}

void sysctls_remember(struct host *host, const struct operation *operations, size_t count)
{
	struct memory_entry *entries = mem_alloc((count + 1) * sizeof(*entries));
	size_t ahead = 0;

	for (size_t i = 0; i < count; i++)
		ahead += operations[i].after &&
			 entry_ahead(host, operations[i].after, &entries[ahead]);
	/* What cannot be remembered now is told by each when it is tried again. */
	if (ahead > 1)
		(void)memory_put(&host->memory, entries, ahead);
	free(entries);
}

/* Of one that could not be written nothing is remembered, unless it was ours before. */
static void forget_unwritten(struct host *host, const char *name, const char *value)
{
	const struct memory_entry *known = memory_find(&host->memory, name);

	if (known && !strcmp(known->former, value))
		(void)memory_forget(&host->memory, name);
}

static void sysctl_set(struct host *host, const struct host_sysctl *desired,
		       struct host_result *result)
{
	bool known = memory_find(&host->memory, desired->name);
	char value[VALUE_SIZE];
	int r = sysctl_read(desired->name, value);

	if (r < 0) {
		say(result, r, "cannot be read: %s%s", strerror(-r),
		    r == -ENOENT ? " (no such link, or a kernel without it)" : "");
		return;
	}
	if (!known && !strcmp(value, desired->value))
		return;
	r = remember(host, desired->name, value, desired->value);
	if (r < 0) {
		say(result, r, "left as it is, since its former value cannot be kept in %s: %s",
		    host->memory.path, strerror(-r));
		return;
	}
	r = write_and_look(desired, result);
	if (r < 0)
		forget_unwritten(host, desired->name, value);
}

/* One that the kernel writes over while another is given back. */
struct overwritten {
	char name[NAME_SIZE];
	char present[VALUE_SIZE];
	bool released; /* it is given back by the same plan */
};

static bool is_still_ours(const struct memory_entry *known, const char *value)
{
	return !strcmp(value, known->written) || !strcmp(value, known->earlier);
}

/*
 * What it is to be once its source is what it was: what it was as well, if it goes by the same plan;
 * else as it is. A link that came later would have got what "default" was.
 */
static const char *wanted_after(const struct host *host, const struct overwritten *one,
				const char *source, const char *written)
{
	const struct memory_entry *known = memory_find(&host->memory, one->name), *first;
	char name[NAME_SIZE];

	if (known)
		return one->released && is_still_ours(known, one->present) ? known->former :
									     one->present;
	copies_default(source, name);
	first = memory_find(&host->memory, name);
	if (!first || strcmp(one->present, copies_value(one->name, written)) != 0)
		return one->present;
	return first->former;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct overwritten *)a)->name, ((const struct overwritten *)b)->name);
}

/* Those that can be read, by name. */
static struct overwritten *find_overwritten(struct host *host, const struct plan *plan,
					    const char *source, size_t *ret_count)
{
	struct overwritten *found, *one;
	struct copies copies;
	size_t count = 0;

	copies_of(source, &host->observed, &copies);
	found = mem_alloc((copies.items.count + 1) * sizeof(*found));
	for (size_t i = 0; i < copies.items.count; i++) {
		struct overwritten like = { 0 };

		memcpy(like.name, copies.items.items[i].name, sizeof(like.name));
		if (sysctl_read(like.name, like.present) == 0)
			found[count++] = like;
	}
	copies_free(&copies);
	qsort(found, count, sizeof(*found), by_name);
	for (size_t i = plan->opens; count && i < plan->count; i++) {
		if (plan->items[i].kind != OBJECT_SYSCTL || plan->items[i].type != OPERATION_DELETE)
			continue;
		one = bsearch(((const struct host_sysctl *)plan->items[i].before)->name, found,
			      count, sizeof(*found), by_name);
		if (one)
			one->released = true;
	}
	*ret_count = count;
	return found;
}

/*
 * What is remembered while the kernel may have written over @one or not: after a death in between
 * it has the copied value, which counts as ours then.
 */
static struct memory_entry entry_meanwhile(const struct host *host, const struct overwritten *one,
					   const char *wanted, const char *copied)
{
	const struct memory_entry *known = memory_find(&host->memory, one->name);
	bool ours = known && is_still_ours(known, one->present);
	struct memory_entry entry = { 0 };

	snprintf(entry.name, sizeof(entry.name), "%s", one->name);
	snprintf(entry.former, sizeof(entry.former), "%s", ours ? known->former : wanted);
	snprintf(entry.written, sizeof(entry.written), "%s", copied);
	snprintf(entry.earlier, sizeof(entry.earlier), "%s", one->present);
	return entry;
}

static struct memory_entry entry_as_it_is(const struct host *host, const char *name)
{
	const struct memory_entry *known = memory_find(&host->memory, name);
	struct memory_entry entry = { 0 };

	if (known)
		return *known;
	snprintf(entry.name, sizeof(entry.name), "%s", name);
	return entry;
}

/*
 * Makes @source what it was, and all that the kernel writes over then what it is to be. The gap, in
 * which a link that forwards does not, is that of a few writes.
 */
static int write_back_copied(struct host *host, const struct plan *plan, const char *source)
{
	struct memory_entry known = *memory_find(&host->memory, source), *meanwhile, *before;
	size_t count, held = 0;
	struct overwritten *one = find_overwritten(host, plan, source, &count);
	int r;

	meanwhile = mem_alloc((count + 1) * sizeof(*meanwhile));
	before = mem_alloc((count + 1) * sizeof(*before));
	for (size_t i = 0; i < count; i++) {
		const char *copied = copies_value(one[i].name, known.former);
		const char *wanted = wanted_after(host, &one[i], source, known.written);

		if (!strcmp(wanted, copied))
			continue;
		before[held] = entry_as_it_is(host, one[i].name);
		meanwhile[held] = entry_meanwhile(host, &one[i], wanted, copied);
		one[held] = one[i];
		snprintf(one[held++].present, VALUE_SIZE, "%s", wanted);
	}
	r = held ? memory_put(&host->memory, meanwhile, held) : 0;
	if (r == 0)
		r = sysctl_write(source, known.former);
	for (size_t i = 0; r == 0 && i < held; i++)
		if (sysctl_write(one[i].name, one[i].present) < 0)
			before[i] = meanwhile[i]; /* tried again by its own operation, or its link is gone */
	if (held && memory_put(&host->memory, before, held) < 0)
		log_warning("%s cannot be written", host->memory.path);
	free(before);
	free(meanwhile);
	free(one);
	return r;
}

static int write_back(struct host *host, const struct plan *plan, const struct memory_entry *known)
{
	struct copies copies;
	bool copied;

	copies_of(known->name, &host->observed, &copies);
	copied = copies.items.count;
	copies_free(&copies);
	return copied ? write_back_copied(host, plan, known->name) :
			sysctl_write(known->name, known->former);
}

static void sysctl_give_back(struct host *host, const struct plan *plan,
			     const struct host_sysctl *before, struct host_result *result)
{
	const struct memory_entry *known = memory_find(&host->memory, before->name);
	char value[VALUE_SIZE], former[VALUE_SIZE];
	int r;

	if (!known)
		return;
	memcpy(former, known->former, sizeof(former));
	r = sysctl_read(before->name, value);
	if (r == 0 && strcmp(value, former) != 0) {
		if (is_still_ours(known, value))
			r = write_back(host, plan, known);
		else
			say(result, 0, "left at %s, which somebody else set%s", value, "");
	}
	if (r < 0 && r != -ENOENT) {
		say(result, r, "does not go back to %s: %s", former, strerror(-r));
		return;
	}
	r = memory_forget(&host->memory, before->name);
	if (r < 0)
		log_warning("%s: %s", host->memory.path, strerror(-r));
}

void sysctl_apply(struct host *host, const struct plan *plan, const struct operation *operation,
		  struct host_result *result)
{
	if (operation->type == OPERATION_DELETE)
		sysctl_give_back(host, plan, operation->before, result);
	else
		sysctl_set(host, operation->after, result);
	host->stale |= STALE(OBJECT_SYSCTL);
}
