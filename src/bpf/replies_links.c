/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The programs on their cgroups: a link each. With a folder, a link is pinned there under the
 * number of its cgroup ("cgroup_4711_sendmsg4"; a bpffs takes no dots), and so works on when its
 * owner is gone, until somebody unpins it.
 */
#include "bpf/replies_internal.h"
#include "bpf/replies_trouble.h"

#include "base/fd.h"
#include "base/mem.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

static bool parse_name(const char *name, uint64_t *ret_cgroup, int *ret_program)
{
	int length = 0;

	if (sscanf(name, "cgroup_%" SCNu64 "_%n", ret_cgroup, &length) != 1 || !length)
		return false;
	for (int i = 0; i < REPLIES_PROGRAMS; i++)
		if (!strcmp(name + length, replies_program_names[i])) {
			*ret_program = i;
			return true;
		}
	return false;
}

bool replies_links_owns(const char *name)
{
	return !strncmp(name, "cgroup_", 7);
}

static char *pin_of(const struct replies *replies, uint64_t cgroup, int program)
{
	return mem_printf("%s/cgroup_%" PRIu64 "_%s", replies->folder, cgroup,
			  replies_program_names[program]);
}

static struct replies_attachment *find(struct replies *replies, uint64_t cgroup)
{
	for (size_t i = 0; i < replies->attachments.count; i++)
		if (replies->attachments.items[i].cgroup == cgroup)
			return &replies->attachments.items[i];
	return NULL;
}

static struct replies_attachment *add(struct replies *replies, uint64_t cgroup)
{
	struct replies_attachment *attachment = find(replies, cgroup);

	if (attachment)
		return attachment;
	attachment = VEC_PUSH(&replies->attachments);
	attachment->cgroup = cgroup;
	for (int i = 0; i < REPLIES_PROGRAMS; i++)
		attachment->links[i] = -1;
	return attachment;
}

/* A link may be held by others, too: so it is detached, not only let go. */
static void end_link(struct replies *replies, struct replies_attachment *attachment, int program)
{
	int *link = &attachment->links[program];

	if (*link < 0)
		return;
	if (replies->folder) {
		AUTO_MEM char *pin = pin_of(replies, attachment->cgroup, program);

		unlink(pin);
	}
	bpf_link_detach(*link);
	close(*link);
	*link = -1;
}

/* In the order in which nobody answers by what is no longer told. */
static void end_attachment(struct replies *replies, struct replies_attachment *attachment)
{
	for (int i = REPLIES_PROGRAMS - 1; i >= 0; i--)
		end_link(replies, attachment, i);
	*attachment = replies->attachments.items[--replies->attachments.count];
}

void replies_links_end(const char *path)
{
	int link = bpf_obj_get(path);

	unlink(path);
	if (link < 0)
		return;
	bpf_link_detach(link);
	close(link);
}

static bool is_complete(const struct replies_attachment *attachment)
{
	for (int i = 0; i < REPLIES_PROGRAMS; i++)
		if (attachment->links[i] < 0)
			return false;
	return true;
}

/* The kernel detaches a link when its cgroup is deleted; then it has none. */
static bool is_alive(const struct replies_attachment *attachment)
{
	for (int i = 0; i < REPLIES_PROGRAMS; i++) {
		struct bpf_link_info info = { 0 };
		uint32_t size = sizeof(info);

		if (attachment->links[i] < 0)
			continue;
		if (bpf_obj_get_info_by_fd(attachment->links[i], &info, &size) ||
		    !info.cgroup.cgroup_id)
			return false;
	}
	return true;
}

int replies_links_adopt(struct replies *replies, struct text *error)
{
	DIR *folder = opendir(replies->folder);
	struct dirent *entry;

	if (!folder)
		return trouble(-errno, error, "%s: %s", replies->folder, strerror(errno));
	while ((entry = readdir(folder))) {
		AUTO_MEM char *path = mem_printf("%s/%s", replies->folder, entry->d_name);
		AUTO_FD link = -1;
		uint64_t cgroup;
		int program;

		if (!replies_links_owns(entry->d_name))
			continue;
		if (parse_name(entry->d_name, &cgroup, &program))
			link = bpf_obj_get(path);
		if (link < 0 || bpf_link_update(link, replies->programs[program], NULL)) {
			replies_links_end(path);
			continue;
		}
		add(replies, cgroup)->links[program] = fd_take(&link);
	}
	closedir(folder);
	return 0;
}

void replies_links_close(struct replies *replies)
{
	for (size_t i = 0; i < replies->attachments.count; i++)
		for (int program = 0; program < REPLIES_PROGRAMS; program++)
			fd_closep(&replies->attachments.items[i].links[program]);
	VEC_FREE(&replies->attachments);
}

static int make_link(struct replies *replies, struct replies_attachment *attachment, int program,
		     int cgroup)
{
	AUTO_FD link = bpf_link_create(replies->programs[program], cgroup,
				       replies->attach_types[program], NULL);

	if (link < 0)
		return link;
	if (replies->folder) {
		AUTO_MEM char *pin = pin_of(replies, attachment->cgroup, program);
		int code = bpf_obj_pin(link, pin);

		if (code)
			return code;
	}
	attachment->links[program] = fd_take(&link);
	return 0;
}

static int say_refusal(int code, int program, const char *path, struct text *error)
{
	if (code == -EBADF)
		return trouble(-EBADF, error, "%s: not a cgroup of the v2 hierarchy", path);
	if (code == -E2BIG)
		return trouble(
			code, error,
			"%s: 64 programs are there already, the kernel's limit; name a group "
			"below it",
			path);
	if (code == -EPERM)
		return trouble(
			code, error,
			"%s: attaching is not permitted: it needs CAP_NET_ADMIN, and no program "
			"above that holds its place alone",
			path);
	return trouble(code, error, "%s: the program %s cannot be attached: %s", path,
		       replies_program_names[program], strerror(-code));
}

int replies_attach(struct replies *replies, const char *path, struct text *error)
{
	AUTO_FD cgroup = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct replies_attachment *attachment;
	struct statfs fs;
	struct stat stat_;

	if (cgroup < 0 || fstat(cgroup, &stat_) < 0 || fstatfs(cgroup, &fs) < 0)
		return trouble(-errno, error, "%s: %s", path,
			       errno == ENOENT ? "no such cgroup" : strerror(errno));
	/* Numbers of other file systems mean nothing here. */
	if (fs.f_type != CGROUP2_SUPER_MAGIC)
		return say_refusal(-EBADF, 0, path, error);
	/* Somebody may have removed it, which is no reason to fail for ever. */
	if (replies->folder)
		(void)mkdir(replies->folder, 0700);
	attachment = add(replies, stat_.st_ino);
	for (int i = 0; i < REPLIES_PROGRAMS; i++) {
		int code = attachment->links[i] < 0 ? make_link(replies, attachment, i, cgroup) : 0;

		if (code) {
			end_attachment(replies, attachment);
			return say_refusal(code, i, path, error);
		}
	}
	return 0;
}

int replies_detach(struct replies *replies, uint64_t cgroup, struct text *error)
{
	struct replies_attachment *attachment = find(replies, cgroup);

	if (!attachment)
		return trouble(-ENOENT, error, "the cgroup %" PRIu64 " is not attached", cgroup);
	end_attachment(replies, attachment);
	return 0;
}

static int compare_cgroups(const void *a, const void *b)
{
	uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;

	return (left > right) - (left < right);
}

int replies_attached(struct replies *replies, struct replies_cgroups *ret_cgroups)
{
	size_t i = 0;

	ret_cgroups->count = 0;
	while (i < replies->attachments.count) {
		struct replies_attachment *attachment = &replies->attachments.items[i];

		if (!is_alive(attachment)) {
			end_attachment(replies, attachment);
			continue;
		}
		/* What a killed process left half done is not told, so that it is done. */
		if (is_complete(attachment))
			*VEC_PUSH(ret_cgroups) = attachment->cgroup;
		i++;
	}
	if (ret_cgroups->count)
		qsort(ret_cgroups->items, ret_cgroups->count, sizeof(*ret_cgroups->items),
		      compare_cgroups);
	return 0;
}
