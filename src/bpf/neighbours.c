/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads the programs, and finds again what a former process left. In the folder are the maps, each
 * under its name, and what hangs on links (neighbours_links.c). The map "about" is written last, so
 * that what a killed process left half made is nobody's, as in replies.c.
 */
#include "bpf/neighbours.h"
#include "bpf/neighbours_internal.h"
#include "bpf/pins.h"
#include "bpf/replies_trouble.h"

#include "base/fd.h"
#include "base/mem.h"
#include "neighbours.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static const char *const map_names[MAPS] = { "rules", "links", "counts", "who", "claims", "about" };

static char *map_pin(const char *folder, int map)
{
	return mem_printf("%s/%s", folder, map_names[map]);
}

/* Whether what is pinned was left by one like us. */
static bool is_ours(const char *folder, uint64_t netns)
{
	AUTO_MEM char *path = map_pin(folder, MAP_ABOUT);
	AUTO_FD map = bpf_obj_get(path);
	struct bpf_map_info info = { 0 };
	uint32_t zero = 0, size = sizeof(info);
	struct neighbours_about found;

	if (map < 0 || bpf_obj_get_info_by_fd(map, &info, &size) ||
	    info.value_size != sizeof(found) || bpf_map_lookup_elem(map, &zero, &found))
		return false;
	return found.netns == netns && found.layout == NEIGHBOURS_LAYOUT;
}

static int load(struct neighbours *neighbours, struct text *error)
{
	int code = 0;

	neighbours->object = neighbours_bpf__open();
	if (!neighbours->object)
		return trouble_with_programs(-errno, error);
	for (int i = 0; neighbours->folder && !code && i < MAPS; i++) {
		AUTO_MEM char *path = map_pin(neighbours->folder, i);

		code = bpf_map__set_pin_path(
			bpf_object__find_map_by_name(neighbours->object->obj, map_names[i]), path);
	}
	if (!code)
		code = neighbours_bpf__load(neighbours->object);
	return code ? trouble_with_programs(code, error) : 0;
}

static void keep_descriptors(struct neighbours *neighbours)
{
	struct bpf_object *object = neighbours->object->obj;

	for (int i = 0; i < MAPS; i++)
		neighbours->maps[i] = bpf_map__fd(bpf_object__find_map_by_name(object, map_names[i]));
	neighbours->xdp = bpf_program__fd(neighbours->object->progs.neighbours_xdp);
	neighbours->tc = bpf_program__fd(neighbours->object->progs.neighbours_tc);
}

static int begin(struct neighbours *neighbours, struct text *error)
{
	struct neighbours_about about = { .layout = NEIGHBOURS_LAYOUT };
	uint64_t netns = 0;
	uint32_t zero = 0;
	int code = pins_netns(&netns, error);

	if (!code && neighbours->folder) {
		code = pins_make_folder(neighbours->folder, error);
		if (!code && !is_ours(neighbours->folder, netns))
			code = pins_empty_folder(neighbours->folder, neighbours_links_end, error);
	}
	if (!code)
		code = load(neighbours, error);
	if (code)
		return code;
	keep_descriptors(neighbours);
	about.netns = netns;
	code = bpf_map_update_elem(neighbours->maps[MAP_ABOUT], &zero, &about, BPF_ANY);
	if (code)
		return trouble(code, error, "the map \"about\": %s", strerror(-code));
	return neighbours->folder ? neighbours_links_adopt(neighbours, error) : 0;
}

int neighbours_open(const char *folder, struct neighbours **ret_neighbours, struct text *error)
{
	bool made = folder && access(folder, F_OK) < 0;
	struct neighbours *neighbours = mem_alloc(sizeof(*neighbours));
	int code;

	trouble_listen();
	if (folder)
		neighbours->folder = mem_strdup(folder);
	code = begin(neighbours, error);
	if (code) {
		AUTO_TEXT ignored = { 0 };

		neighbours_close(neighbours);
		/* What nobody left before us is not left by us either. */
		if (made && pins_is_bpffs(folder))
			(void)neighbours_remove_folder(folder, &ignored);
		return code;
	}
	*ret_neighbours = neighbours;
	return 0;
}

int neighbours_look(const char *folder, struct neighbours **ret_neighbours, struct text *error)
{
	struct neighbours *neighbours;
	uint64_t netns;
	int code = pins_netns(&netns, error);

	trouble_listen();
	if (code)
		return code;
	if (!is_ours(folder, netns))
		return trouble(-ENOENT, error, "%s: no responder is there", folder);
	neighbours = mem_alloc(sizeof(*neighbours));
	neighbours->folder = mem_strdup(folder);
	for (int i = 0; i < MAPS; i++) {
		AUTO_MEM char *path = map_pin(folder, i);

		neighbours->maps[i] = bpf_obj_get(path);
		if (neighbours->maps[i] < 0 && !code)
			code = trouble(neighbours->maps[i], error, "%s: %s", path,
				       strerror(-neighbours->maps[i]));
	}
	if (!code)
		code = neighbours_links_find(neighbours, error);
	if (code) {
		neighbours_close(neighbours);
		return code;
	}
	*ret_neighbours = neighbours;
	return 0;
}

void neighbours_close(struct neighbours *neighbours)
{
	if (!neighbours)
		return;
	neighbours_links_close(neighbours);
	if (neighbours->object)
		neighbours_bpf__destroy(neighbours->object);
	/* What was only looked at has its maps by itself. */
	for (int i = 0; !neighbours->object && i < MAPS; i++)
		if (neighbours->maps[i] > 0)
			close(neighbours->maps[i]);
	mem_freep(&neighbours->folder);
	mem_freep(&neighbours);
}

int neighbours_remove(struct neighbours *neighbours, struct text *error)
{
	AUTO_MEM char *folder = neighbours->folder ? mem_strdup(neighbours->folder) : NULL;

	/* The links go with the folder, or at once where there is none. */
	neighbours_close(neighbours);
	return folder ? neighbours_remove_folder(folder, error) : 0;
}

int neighbours_remove_folder(const char *folder, struct text *error)
{
	trouble_listen();
	return pins_remove_folder(folder, neighbours_links_end, error);
}
