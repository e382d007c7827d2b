/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attachments: the programs are loaded when the first one is desired, or when a former process has
 * left some, and unloaded with the last one. Where there is a bpffs they are pinned, in a folder of
 * this network namespace, so that they work on while the engine is away.
 */
#include "host/inside.h"

#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/statfs.h>
#include <unistd.h>

/* Of this network namespace, never used again until the next boot (Linux 5.14). 0 = unknown. */
static uint64_t netns_cookie(const struct host *host)
{
	uint64_t cookie = 0;
	socklen_t length = sizeof(cookie);

	if (getsockopt(host->events.fd, SOL_SOCKET, SO_NETNS_COOKIE, &cookie, &length) < 0)
		return 0;
	return cookie;
}

static bool is_bpffs(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 && status.f_type == BPF_FS_MAGIC;
}

const char *host_bpffs(void)
{
	const char *given = getenv("MULTIHOMED_BPFFS");

	return given && *given ? given : "/sys/fs/bpf";
}

char *pin_folder(const struct host *host, const char *bpffs, const char *what)
{
	uint64_t cookie = netns_cookie(host);

	return bpffs && cookie && is_bpffs(bpffs) ?
		       mem_printf("%s/%s-%" PRIu64, bpffs, what, cookie) :
		       NULL;
}

void attachments_open(struct host *host, const char *bpffs)
{
	host->mender.folder = host->only_look ? NULL : pin_folder(host, bpffs, "multihomed");
}

void attachments_close(struct host *host)
{
	struct mender *mender = &host->mender;

	if (mender->replies)
		replies_close(mender->replies);
	mender->replies = NULL;
	VEC_FREE(&mender->sources);
	VEC_FREE(&mender->found);
	mem_freep(&mender->folder);
}

/* Loads the programs, and lets them know what is local before they see anything. */
static int load(struct host *host, struct text *error)
{
	struct mender *mender = &host->mender;
	const struct replies_options options = { .folder = mender->folder };
	int r;

	if (mender->replies)
		return 0;
	r = replies_open(&options, &mender->replies, error);
	if (r < 0) {
		mender->replies = NULL;
		return r;
	}
	if (!mender->folder)
		log_notice("no bpffs is mounted where replies could be pinned: they end with this "
			   "process");
	r = replies_attached(mender->replies, &mender->found);
	if (r == 0)
		r = sources_adopt(host);
	return r < 0 ? r : sources_mirror(host);
}

/* With the last attachment everything goes. */
static int unload(struct host *host, struct text *error)
{
	struct mender *mender = &host->mender;
	int r = replies_remove(mender->replies, error);

	/* It is closed, whatever came of it. */
	mender->replies = NULL;
	VEC_FREE(&mender->sources);
	VEC_FREE(&mender->found);
	return r;
}

static int number_of(const char *name, uint64_t *ret_number, struct text *error)
{
	AUTO_TEXT path = { 0 };
	int r;

	if (name[0] == '#') {
		*ret_number = strtoull(name + 1, NULL, 10);
		return 0;
	}
	r = replies_cgroup_path(name, &path, error);
	return r < 0 ? r : replies_cgroup_number(text_string(&path), ret_number);
}

/* A control group that somebody asks for, and exists. */
struct asked {
	uint64_t number;
	const char *name;
};

struct all_asked {
	VEC(struct asked) items; /* by number */
};

static int compare_asked(const void *a, const void *b)
{
	const struct asked *one = a, *other = b;

	return one->number < other->number ? -1 : one->number > other->number;
}

static void collect_asked(const struct host *host, struct all_asked *ret_all)
{
	AUTO_TEXT root = { 0 };
	AUTO_TEXT error = { 0 };

	if (!host->taste.cgroups[0] || replies_cgroup_path("all", &root, &error) < 0)
		return;
	for (char **name = host->taste.cgroups; *name; name++) {
		AUTO_TEXT path = { 0 };
		uint64_t number;

		cgroup_path(&root, *name, &path);
		if (replies_cgroup_number(text_string(&path), &number) == 0)
			*VEC_PUSH(&ret_all->items) = (struct asked){ number, *name };
	}
	if (ret_all->items.count)
		qsort(ret_all->items.items, ret_all->items.count, sizeof(struct asked),
		      compare_asked);
}

/* The name by which somebody asks for cgroup @number. */
static const char *name_asked(const struct all_asked *all, uint64_t number)
{
	const struct asked like = { .number = number }, *found = NULL;

	if (all->items.count)
		found = bsearch(&like, all->items.items, all->items.count, sizeof(like),
				compare_asked);
	return found ? found->name : NULL;
}

static bool was_found(const struct host *host, uint64_t number)
{
	const struct replies_cgroups *found = &host->mender.found;

	for (size_t i = 0; i < found->count; i++)
		if (found->items[i] == number)
			return true;
	return false;
}

/*
 * What a former process left and nobody asks for is to be taken back. A group that was asked for and
 * is gone takes its attachment along, somewhat later: that is no business of a plan.
 */
static void add_observed(const struct host *host, const struct all_asked *all, uint64_t number,
			 struct object_set *into)
{
	struct host_attachment attachment = { .object.ours = true };
	const char *name = name_asked(all, number);

	if (!name && !was_found(host, number))
		return;
	if (name)
		snprintf(attachment.cgroup, sizeof(attachment.cgroup), "%s", name);
	else
		snprintf(attachment.cgroup, sizeof(attachment.cgroup), "#%" PRIu64, number);
	set_push(into, &attachment_kind, &attachment);
}

bool attachments_refresh(struct host *host)
{
	struct mender *mender = &host->mender;
	struct replies_cgroups numbers = { 0 };
	struct object_set fresh = { 0 };
	struct all_asked all = { 0 };
	AUTO_TEXT error = { 0 };
	int r = 0;

	if (!mender->replies && !mender->broken && mender->folder &&
	    access(mender->folder, F_OK) == 0) {
		r = load(host, &error);
		mender->broken = r < 0;
		if (r < 0)
			log_warning("%s was left by a former process and cannot be taken over: %s",
				    mender->folder, text_string(&error));
	}
	if (r == 0 && mender->replies)
		r = replies_attached(mender->replies, &numbers);
	if (r < 0)
		log_debug("attachments cannot be listed: %s", strerror(-r));
	if (numbers.count)
		collect_asked(host, &all);
	for (size_t i = 0; i < numbers.count; i++)
		add_observed(host, &all, numbers.items[i], &fresh);
	VEC_FREE(&all.items);
	VEC_FREE(&numbers);
	return host_observe(host, OBJECT_ATTACHMENT, &fresh);
}

static int attach(struct host *host, const char *name, struct text *error)
{
	AUTO_TEXT path = { 0 };
	int r = replies_cgroup_path(name, &path, error);

	if (r == 0)
		r = load(host, error);
	return r < 0 ? r : replies_attach(host->mender.replies, text_string(&path), error);
}

static int detach(struct host *host, const char *name, struct text *error)
{
	struct replies_cgroups left = { 0 };
	uint64_t number;
	int r;

	if (!host->mender.replies)
		return 0;
	/* A cgroup that is gone took its attachment along. */
	r = number_of(name, &number, error);
	if (r == 0)
		r = replies_detach(host->mender.replies, number, error);
	if (r == 0 || r == -ENOENT)
		r = replies_attached(host->mender.replies, &left);
	if (r == 0 && !left.count)
		r = unload(host, error);
	VEC_FREE(&left);
	return r;
}

void attachment_apply(struct host *host, const struct operation *operation, struct host_result *result)
{
	const struct host_attachment *before = operation->before, *after = operation->after;
	AUTO_TEXT error = { 0 };

	result->error = operation->type == OPERATION_DELETE ? detach(host, before->cgroup, &error) :
							      attach(host, after->cgroup, &error);
	if (result->error < 0)
		snprintf(result->text, sizeof(result->text), "%s",
			 error.length ? text_string(&error) : strerror(-result->error));
	host->stale |= STALE_CGROUPS;
}
