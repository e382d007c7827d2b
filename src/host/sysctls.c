/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sysctls as they are, and as we make them. /proc/sys/net shows the network namespace of the
 * process that reads it, so the names are the same in every namespace.
 *
 * A sysctl has no owner. Ours is one that we changed: memory.h keeps what it was. It is given back
 * only while it still has what we wrote; a value that somebody else set since then stays.
 */
#include "host/inside.h"

#include "base/fd.h"
#include "base/log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PROC "/proc/sys/"
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
	/* Backwards: the last entry takes the place of one that is forgotten, and was seen then. */
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
	r = memory_remember(&host->memory, desired->name, value, desired->value);
	if (r < 0) {
		say(result, r, "left as it is, since its former value cannot be kept in %s: %s",
		    host->memory.path, strerror(-r));
		return;
	}
	r = write_and_look(desired, result);
	if (r < 0 && !known)
		(void)memory_forget(&host->memory, desired->name);
}

static void sysctl_give_back(struct host *host, const struct host_sysctl *before,
			     struct host_result *result)
{
	const struct memory_entry *known = memory_find(&host->memory, before->name);
	char value[VALUE_SIZE];
	int r;

	if (!known)
		return;
	r = sysctl_read(before->name, value);
	if (r == 0 && (!strcmp(value, known->written) || !strcmp(value, known->earlier)))
		r = sysctl_write(before->name, known->former);
	else if (r == 0 && strcmp(value, known->former) != 0)
		say(result, 0, "left at %s, which somebody else set%s", value, "");
	if (r < 0 && r != -ENOENT) {
		say(result, r, "does not go back to %s: %s", known->former, strerror(-r));
		return;
	}
	r = memory_forget(&host->memory, before->name);
	if (r < 0)
		log_warning("%s: %s", host->memory.path, strerror(-r));
}

void sysctl_apply(struct host *host, const struct operation *operation, struct host_result *result)
{
	if (operation->type == OPERATION_DELETE)
		sysctl_give_back(host, operation->before, result);
	else
		sysctl_set(host, operation->after, result);
	host->stale |= STALE(OBJECT_SYSCTL);
}
