/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The programs on their links. What hangs there is pinned under how it does and the number of the
 * link ("tcx_4"), and so works on when its owner is gone, and is found again. In the place of a filter,
 * which nobody can pin, stands the program that it runs: a filter is ours if it runs that one. While a
 * filter goes over to a new program, this stands under "next_4".
 */
#include "bpf/neighbours_internal.h"
#include "bpf/replies_trouble.h"

#include "base/fd.h"
#include "base/mem.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* Linux 6.6; not in the headers of older ones. */
enum { ATTACH_TCX_INGRESS = 46 };

static const char *const hook_names[HOOKS] = { "xdp", "tcx", "filter", "qdisc" };

static bool is_filter(enum neighbours_hook hook)
{
	return hook == HOOK_FILTER || hook == HOOK_QDISC;
}

static enum neighbours_way way_of(enum neighbours_hook hook)
{
	return hook == HOOK_XDP ? NEIGHBOURS_XDP : NEIGHBOURS_TC;
}

static bool parse_name(const char *name, const char *word, uint32_t *ret_link)
{
	size_t length = strlen(word);
	char *end;

	if (strncmp(name, word, length) || name[length] != '_' || !name[length + 1])
		return false;
	*ret_link = (uint32_t)strtoul(name + length + 1, &end, 10);
	return !*end;
}

static bool parse_hook(const char *name, struct neighbours_hooked *ret_hooked)
{
	for (int i = 0; i < HOOKS; i++)
		if (parse_name(name, hook_names[i], &ret_hooked->link)) {
			ret_hooked->hook = (enum neighbours_hook)i;
			return true;
		}
	return false;
}

static char *pin_of(const struct neighbours *neighbours, const struct neighbours_hooked *hooked)
{
	return mem_printf("%s/%s_%u", neighbours->folder, hook_names[hooked->hook], hooked->link);
}

static char *next_pin_of(const struct neighbours *neighbours, uint32_t link)
{
	return mem_printf("%s/next_%u", neighbours->folder, link);
}

static bool runs_in_filter(uint32_t link, int program)
{
	struct bpf_prog_info info = { 0 };
	uint32_t size = sizeof(info), number;

	return !bpf_obj_get_info_by_fd(program, &info, &size) && !filter_program(link, &number) &&
	       number == info.id;
}

/* The kernel detaches what is on a link that goes away; others may have done so. */
static bool is_alive(const struct neighbours_hooked *hooked)
{
	struct bpf_link_info info = { 0 };
	uint32_t size = sizeof(info);

	if (is_filter(hooked->hook))
		return runs_in_filter(hooked->link, hooked->fd);
	/* In both kinds of links the number stands first. */
	return !bpf_obj_get_info_by_fd(hooked->fd, &info, &size) && info.xdp.ifindex == hooked->link;
}

/* A link of BPF may be held by others, too: so it is detached, not only let go. */
static void end(struct neighbours_hooked *hooked)
{
	if (!is_filter(hooked->hook))
		bpf_link_detach(hooked->fd);
	else if (runs_in_filter(hooked->link, hooked->fd))
		filter_detach(hooked->link);
	if (hooked->hook == HOOK_QDISC)
		filter_drop_qdisc(hooked->link);
	fd_closep(&hooked->fd);
}

bool neighbours_links_end(const char *path, const char *name)
{
	struct neighbours_hooked hooked;

	if (!parse_hook(name, &hooked))
		return false;
	hooked.fd = bpf_obj_get(path);
	unlink(path);
	if (hooked.fd >= 0)
		end(&hooked);
	return true;
}

static void end_at(struct neighbours *neighbours, size_t index)
{
	struct neighbours_hooked *hooked = &neighbours->hooked.items[index];

	if (neighbours->folder) {
		AUTO_MEM char *pin = pin_of(neighbours, hooked);

		unlink(pin);
	}
	end(hooked);
	*hooked = neighbours->hooked.items[--neighbours->hooked.count];
}

/* Taking over. */

/* A killed process may have left the filter with either program. */
static void finish_change(struct neighbours *neighbours, const struct neighbours_hooked *hooked,
			  int *fd)
{
	AUTO_MEM char *next = next_pin_of(neighbours, hooked->link);
	AUTO_MEM char *pin = pin_of(neighbours, hooked);
	AUTO_FD program = bpf_obj_get(next);

	if (program < 0)
		return;
	if (runs_in_filter(hooked->link, program) && !rename(next, pin)) {
		fd_closep(fd);
		*fd = fd_take(&program);
		return;
	}
	unlink(next);
}

static int change_filter(struct neighbours *neighbours, struct neighbours_hooked *hooked)
{
	AUTO_MEM char *next = next_pin_of(neighbours, hooked->link);
	AUTO_MEM char *pin = pin_of(neighbours, hooked);
	int code;

	finish_change(neighbours, hooked, &hooked->fd);
	if (!runs_in_filter(hooked->link, hooked->fd))
		return -ENOENT;
	code = bpf_obj_pin(neighbours->tc, next);
	if (!code)
		code = filter_attach(hooked->link, neighbours->tc, true);
	if (code) {
		unlink(next);
		return code;
	}
	if (rename(next, pin) < 0)
		return -errno;
	fd_closep(&hooked->fd);
	hooked->fd = bpf_obj_get(pin);
	return hooked->fd < 0 ? hooked->fd : 0;
}

static int change_program(struct neighbours *neighbours, struct neighbours_hooked *hooked)
{
	if (is_filter(hooked->hook))
		return change_filter(neighbours, hooked);
	return bpf_link_update(hooked->fd,
			       hooked->hook == HOOK_XDP ? neighbours->xdp : neighbours->tc, NULL);
}

static int each_pin(struct neighbours *neighbours, bool adopt, struct text *error)
{
	DIR *folder = opendir(neighbours->folder);
	struct dirent *entry;

	if (!folder)
		return trouble(-errno, error, "%s: %s", neighbours->folder, strerror(errno));
	while ((entry = readdir(folder))) {
		struct neighbours_hooked hooked;
		AUTO_MEM char *path = NULL;

		if (!parse_hook(entry->d_name, &hooked))
			continue;
		path = mem_printf("%s/%s", neighbours->folder, entry->d_name);
		hooked.fd = bpf_obj_get(path);
		if (hooked.fd < 0 || (adopt && change_program(neighbours, &hooked))) {
			if (adopt)
				neighbours_links_end(path, entry->d_name);
			fd_closep(&hooked.fd);
			continue;
		}
		*VEC_PUSH(&neighbours->hooked) = hooked;
	}
	closedir(folder);
	return 0;
}

int neighbours_links_adopt(struct neighbours *neighbours, struct text *error)
{
	return each_pin(neighbours, true, error);
}

int neighbours_links_find(struct neighbours *neighbours, struct text *error)
{
	return each_pin(neighbours, false, error);
}

void neighbours_links_close(struct neighbours *neighbours)
{
	while (!neighbours->folder && neighbours->hooked.count)
		end_at(neighbours, 0);
	for (size_t i = 0; i < neighbours->hooked.count; i++)
		fd_closep(&neighbours->hooked.items[i].fd);
	VEC_FREE(&neighbours->hooked);
}

/* Attaching. */

static int attach_link(struct neighbours *neighbours, uint32_t link, enum neighbours_hook hook)
{
	LIBBPF_OPTS(bpf_link_create_opts, native, .flags = XDP_FLAGS_DRV_MODE);
	struct neighbours_hooked hooked = { .link = link, .hook = hook };

	hooked.fd = hook == HOOK_XDP ?
			    bpf_link_create(neighbours->xdp, (int)link, BPF_XDP, &native) :
			    bpf_link_create(neighbours->tc, (int)link,
					    (enum bpf_attach_type)ATTACH_TCX_INGRESS, NULL);
	if (hooked.fd < 0)
		return hooked.fd;
	if (neighbours->folder) {
		AUTO_MEM char *pin = pin_of(neighbours, &hooked);
		int code;

		unlink(pin);
		code = bpf_obj_pin(hooked.fd, pin);
		if (code) {
			fd_closep(&hooked.fd);
			return code;
		}
	}
	*VEC_PUSH(&neighbours->hooked) = hooked;
	return 0;
}

/* Pinned as one that made the qdisc before it does so: who is killed in between leaves nothing. */
static int attach_filter(struct neighbours *neighbours, uint32_t link)
{
	struct neighbours_hooked hooked = { .link = link, .hook = HOOK_QDISC };
	AUTO_MEM char *pin = neighbours->folder ? pin_of(neighbours, &hooked) : NULL;
	int code;

	if (pin) {
		unlink(pin);
		code = bpf_obj_pin(neighbours->tc, pin);
		if (code)
			return code;
	}
	hooked.fd = dup(neighbours->tc);
	code = hooked.fd < 0 ? -errno : filter_make_qdisc(link);
	if (code == -EEXIST) {
		AUTO_MEM char *other = NULL;

		hooked.hook = HOOK_FILTER;
		other = pin ? pin_of(neighbours, &hooked) : NULL;
		code = pin && rename(pin, other) < 0 ? -errno : 0;
	}
	if (!code)
		code = filter_attach(link, neighbours->tc, false);
	*VEC_PUSH(&neighbours->hooked) = hooked;
	if (code)
		end_at(neighbours, neighbours->hooked.count - 1);
	return code;
}

static int attach_tc(struct neighbours *neighbours, uint32_t link)
{
	int code = neighbours->without_tcx ? -EINVAL : attach_link(neighbours, link, HOOK_TCX);

	/* A kernel that does not know the hook. */
	return code == -EINVAL || code == -EOPNOTSUPP ? attach_filter(neighbours, link) : code;
}

/* What a link is: its hardware, and its driver's name where it tells one. */
static int describe(uint32_t link, uint16_t *ret_hardware, char driver[static 32])
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	AUTO_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	driver[0] = '\0';
	if (fd < 0)
		return -errno;
	if (!if_indextoname(link, request.ifr_name))
		return -ENODEV;
	if (ioctl(fd, SIOCGIFHWADDR, &request) < 0)
		return -errno;
	*ret_hardware = request.ifr_hwaddr.sa_family;
	request.ifr_data = (void *)&info;
	if (!ioctl(fd, SIOCETHTOOL, &request))
		memcpy(driver, info.driver, sizeof(info.driver));
	return 0;
}

static struct neighbours_hooked *find(struct neighbours *neighbours, uint32_t link,
				      enum neighbours_way way)
{
	for (size_t i = 0; i < neighbours->hooked.count; i++) {
		struct neighbours_hooked *hooked = &neighbours->hooked.items[i];

		if (hooked->link == link && (way == NEIGHBOURS_AUTO || way_of(hooked->hook) == way))
			return hooked;
	}
	return NULL;
}

/* Before its place is taken again. */
static void end_dead(struct neighbours *neighbours, uint32_t link)
{
	for (size_t i = neighbours->hooked.count; i-- > 0;)
		if (neighbours->hooked.items[i].link == link &&
		    !is_alive(&neighbours->hooked.items[i]))
			end_at(neighbours, i);
}

static void end_other_way(struct neighbours *neighbours, uint32_t link, enum neighbours_way way)
{
	for (size_t i = neighbours->hooked.count; i-- > 0;)
		if (neighbours->hooked.items[i].link == link &&
		    way_of(neighbours->hooked.items[i].hook) != way)
			end_at(neighbours, i);
}

static int say_refusal(int code, uint32_t link, enum neighbours_way wish, struct text *error)
{
	char name[IF_NAMESIZE] = "";

	if (code == -ENODEV || !if_indextoname(link, name))
		return trouble(-ENODEV, error, "there is no link %u", link);
	if (wish == NEIGHBOURS_XDP && code == -EOPNOTSUPP)
		return trouble(code, error, "%s: its driver has no XDP; use tc", name);
	if (wish == NEIGHBOURS_XDP && (code == -EBUSY || code == -EEXIST))
		return trouble(code, error, "%s: another program has its XDP; use tc", name);
	return trouble(code, error, "%s: the responder cannot be attached: %s", name,
		       strerror(-code));
}

static int attach_new(struct neighbours *neighbours, uint32_t link, enum neighbours_way wish,
		      const char *driver)
{
	int code = -EOPNOTSUPP;

	/*
	 * XDP_TX of a veth reaches nobody unless the other end has it as well. A bond takes a program to
	 * run it at its members, where it sees their index in the place of the bond's: it would neither
	 * answer nor guard.
	 */
	if (strcmp(driver, "bonding") != 0 &&
	    (wish == NEIGHBOURS_XDP || (wish == NEIGHBOURS_AUTO && strcmp(driver, "veth") != 0)))
		code = attach_link(neighbours, link, HOOK_XDP);
	if (code && wish != NEIGHBOURS_XDP)
		code = attach_tc(neighbours, link);
	return code;
}

int neighbours_attach(struct neighbours *neighbours, uint32_t link, enum neighbours_way wish,
		      enum neighbours_way *ret_way, struct text *error)
{
	char driver[32] = "", name[IF_NAMESIZE] = "";
	const struct neighbours_hooked *hooked;
	uint16_t hardware = 0;
	int code = wish == NEIGHBOURS_WORKER ? -EINVAL : describe(link, &hardware, driver);

	if (code)
		return say_refusal(code, link, wish, error);
	if (hardware != ARPHRD_ETHER)
		return trouble(-EOPNOTSUPP, error,
			       "%s: not an Ethernet: nobody asks for neighbours there",
			       if_indextoname(link, name) ? name : "?");
	end_dead(neighbours, link);
	hooked = find(neighbours, link, wish);
	if (!hooked) {
		code = attach_new(neighbours, link, wish, driver);
		if (code)
			return say_refusal(code, link, wish, error);
		hooked = &neighbours->hooked.items[neighbours->hooked.count - 1];
	}
	*ret_way = way_of(hooked->hook);
	/* The new way stands before the old one goes. */
	end_other_way(neighbours, link, *ret_way);
	return 0;
}

int neighbours_detach(struct neighbours *neighbours, uint32_t link, struct text *error)
{
	(void)error;
	for (size_t i = neighbours->hooked.count; i-- > 0;)
		if (neighbours->hooked.items[i].link == link)
			end_at(neighbours, i);
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct neighbours_attachment *left = a, *right = b;

	return (left->link > right->link) - (left->link < right->link);
}

int neighbours_attached(struct neighbours *neighbours, struct neighbours_links *ret_links)
{
	ret_links->count = 0;
	for (size_t i = neighbours->hooked.count; i-- > 0;) {
		const struct neighbours_hooked *hooked = &neighbours->hooked.items[i];

		/* With two ways, of a change that was killed, it is the first. */
		if (find(neighbours, hooked->link, NEIGHBOURS_AUTO) != hooked)
			continue;
		if (is_alive(hooked))
			*VEC_PUSH(ret_links) =
				(struct neighbours_attachment){ hooked->link, way_of(hooked->hook) };
		else if (neighbours->object)
			end_at(neighbours, i);
	}
	if (ret_links->count)
		qsort(ret_links->items, ret_links->count, sizeof(*ret_links->items), compare);
	return 0;
}
