/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads the programs, and finds again what a former process left.
 *
 * In the folder are the maps, each under its name, and the links (replies_links.c). The map "about"
 * tells whose maps these are; it is written last, so that what a killed process left half made is
 * nobody's. Maps that are ours and of our layout are used on by the new programs, and each link goes
 * over to its new program in one step of the kernel: no datagram meets no program. Anything else
 * that is in the folder is ended, and made anew.
 */
#include "bpf/replies.h"
#include "bpf/pins.h"
#include "bpf/replies_internal.h"
#include "bpf/replies_trouble.h"

#include "base/fd.h"
#include "base/mem.h"
#include "replies.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PEERS = 65536 };

static const char *const map_names[MAPS] = { "lines", "peers", "sources", "ports", "counts", "about" };
const char *const replies_program_names[REPLIES_PROGRAMS] = {
	"ingress", "recvmsg4", "recvmsg6", "connect4", "connect6", "sendmsg4", "sendmsg6",
};

static bool end_pinned(const char *path, const char *name)
{
	if (!replies_links_owns(name))
		return false;
	replies_links_end(path);
	return true;
}

int replies_remove_folder(const char *folder, struct text *error)
{
	return pins_remove_folder(folder, end_pinned, error);
}

/* Whether what is pinned was left by one like us. */
static bool is_ours(const char *folder, const struct replies_about *wanted)
{
	AUTO_MEM char *path = mem_printf("%s/%s", folder, map_names[MAP_ABOUT]);
	AUTO_FD map = bpf_obj_get(path);
	struct bpf_map_info info = { 0 };
	uint32_t zero = 0, size = sizeof(info);
	struct replies_about found;

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size) ||
	    info.value_size != sizeof(found) || bpf_map_lookup_elem(map, &zero, &found))
		return false;
	return found.netns == wanted->netns && found.layout == wanted->layout &&
	       found.peers == wanted->peers;
}

/* Loading. */

static int set_up(struct replies *replies, const struct replies_about *about, bool looks)
{
	struct replies_bpf *object = replies->object;
	struct bpf_map *map;
	int code;

	object->rodata->own_netns = about->netns;
	object->rodata->looks = looks;
	code = bpf_map__set_max_entries(object->maps.peers, about->peers);
	for (int i = 0; replies->folder && !code && i < MAPS; i++) {
		AUTO_MEM char *path = mem_printf("%s/%s", replies->folder, map_names[i]);

		map = bpf_object__find_map_by_name(object->obj, map_names[i]);
		code = bpf_map__set_pin_path(map, path);
	}
	return code;
}

static int load(struct replies *replies, const struct replies_about *about, const char *types,
		bool looks)
{
	LIBBPF_OPTS(bpf_object_open_opts, options, .btf_custom_path = types);
	int code;

	replies->object = replies_bpf__open_opts(&options);
	if (!replies->object)
		return -errno;
	code = set_up(replies, about, looks);
	if (!code)
		code = replies_bpf__load(replies->object);
	if (!code) {
		replies->looks = looks;
		return 0;
	}
	replies_bpf__destroy(replies->object);
	replies->object = NULL;
	return code;
}

/*
 * Without looks the programs read nothing of the kernel's memory. libbpf wants to know its types
 * all the same; those that the object was compiled with stand in.
 */
static int load_blind(struct replies *replies, const struct replies_about *about)
{
	AUTO_FD file = memfd_create("replies", MFD_CLOEXEC);
	AUTO_MEM char *path = mem_printf("/proc/self/fd/%d", file);
	size_t size;
	const void *bytes = replies_bpf__elf_bytes(&size);

	if (file < 0)
		return -errno;
	if (write(file, bytes, size) != (ssize_t)size)
		return -EIO;
	return load(replies, about, path, false);
}

static void keep_descriptors(struct replies *replies)
{
	struct bpf_object *object = replies->object->obj;

	for (int i = 0; i < MAPS; i++)
		replies->maps[i] = bpf_map__fd(bpf_object__find_map_by_name(object, map_names[i]));
	for (int i = 0; i < REPLIES_PROGRAMS; i++) {
		AUTO_MEM char *name = mem_printf("replies_%s", replies_program_names[i]);
		struct bpf_program *program = bpf_object__find_program_by_name(object, name);

		replies->programs[i] = bpf_program__fd(program);
		replies->attach_types[i] = (int)bpf_program__expected_attach_type(program);
	}
}

static int begin(struct replies *replies, const struct replies_about *about, struct text *error)
{
	uint32_t zero = 0;
	int code = load(replies, about, NULL, true);

	if (code) {
		trouble_listen();
		code = load_blind(replies, about);
	}
	if (code)
		return trouble_with_load(code, error);
	keep_descriptors(replies);
	code = bpf_map_update_elem(replies->maps[MAP_ABOUT], &zero, about, BPF_ANY);
	if (code)
		return trouble(code, error, "the map \"about\": %s", strerror(-code));
	return replies->folder ? replies_links_adopt(replies, error) : 0;
}

static int prepare(struct replies *replies, const struct replies_options *options,
		   struct replies_about *ret_about, struct text *error)
{
	uint64_t netns = 0;
	int code;

	trouble_listen();
	replies->peers = options->peers ? options->peers : PEERS;
	*ret_about = (struct replies_about){ .layout = REPLIES_LAYOUT, .peers = replies->peers };
	code = pins_netns(&netns, error);
	ret_about->netns = netns;
	if (code || !options->folder)
		return code;
	replies->folder = mem_strdup(options->folder);
	code = pins_make_folder(options->folder, error);
	if (!code && !is_ours(options->folder, ret_about))
		code = pins_empty_folder(options->folder, end_pinned, error);
	return code;
}

int replies_open(const struct replies_options *options, struct replies **ret_replies,
		 struct text *error)
{
	bool made = options->folder && access(options->folder, F_OK) < 0;
	struct replies *replies = mem_alloc(sizeof(*replies));
	struct replies_about about;
	int code = prepare(replies, options, &about, error);

	if (!code)
		code = begin(replies, &about, error);
	if (code) {
		AUTO_TEXT ignored = { 0 };

		/* What nobody left before us is not left by us either. */
		if (made)
			(void)replies_remove_folder(options->folder, &ignored);
		replies_close(replies);
		return code;
	}
	*ret_replies = replies;
	return 0;
}

void replies_close(struct replies *replies)
{
	if (!replies)
		return;
	replies_links_close(replies);
	if (replies->object)
		replies_bpf__destroy(replies->object);
	mem_freep(&replies->folder);
	mem_freep(&replies);
}

int replies_remove(struct replies *replies, struct text *error)
{
	int code = 0;

	while (replies->attachments.count && !code)
		code = replies_detach(replies, replies->attachments.items[0].cgroup, error);
	if (replies->folder)
		code = replies_remove_folder(replies->folder, error);
	replies_close(replies);
	return code;
}
