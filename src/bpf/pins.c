/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "bpf/pins.h"
#include "bpf/replies_trouble.h"

#include "base/fd.h"
#include "base/mem.h"

#include <dirent.h>
#include <errno.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

int pins_netns(uint64_t *ret_netns, struct text *error)
{
	AUTO_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret_netns);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_netns, &size) < 0)
		return trouble(-errno, error,
			       "this kernel does not number network namespaces (Linux 5.14)");
	return 0;
}

bool pins_is_bpffs(const char *path)
{
	struct statfs about;

	return !statfs(path, &about) && (unsigned long)about.f_type == BPF_FS_MAGIC;
}

int pins_make_folder(const char *path, struct text *error)
{
	AUTO_MEM char *parent = mem_strdup(path);
	char *slash = strrchr(parent, '/');

	if (slash && slash != parent)
		*slash = '\0';
	if (!pins_is_bpffs(path) && !pins_is_bpffs(parent))
		return trouble(-ENOENT, error, "%s: no bpffs is mounted there (mount -t bpf)",
			       parent);
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return trouble(-errno, error, "%s: %s", path, strerror(errno));
	return 0;
}

int pins_empty_folder(const char *path, pins_end *end, struct text *error)
{
	DIR *folder = opendir(path);
	struct dirent *entry;
	int code = 0;

	if (!folder)
		return trouble(-errno, error, "%s: %s", path, strerror(errno));
	while ((entry = readdir(folder))) {
		AUTO_MEM char *file = mem_printf("%s/%s", path, entry->d_name);

		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!end(file, entry->d_name) && unlink(file) < 0 && !code)
			code = trouble(-errno, error, "%s: %s", file, strerror(errno));
	}
	closedir(folder);
	return code;
}

int pins_remove_folder(const char *path, pins_end *end, struct text *error)
{
	struct stat stat_;
	int code;

	if (stat(path, &stat_) < 0 && errno == ENOENT)
		return 0;
	/* Never to empty a folder of somebody's disk by a mistake in a path. */
	if (!pins_is_bpffs(path))
		return trouble(-EINVAL, error, "%s: not in a bpffs", path);
	code = pins_empty_folder(path, end, error);
	if (code)
		return code;
	if (rmdir(path) < 0)
		return trouble(-errno, error, "%s: %s", path, strerror(errno));
	return 0;
}
