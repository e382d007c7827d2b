/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The programs are attached to the top of the cgroups, beside those of others, by links that are
 * not pinned. Below the top they would miss the sockets of programs elsewhere: then there is no
 * event to be had, and that is told.
 */
#include "bpf/openings.h"

#include "base/fd.h"
#include "base/mem.h"
#include "bpf/replies.h"
#include "bpf/replies_trouble.h"
#include "openings.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

enum { HOOKS = 3, TOP_NUMBER = 1 };

struct openings {
	struct openings_bpf *object;
	struct ring_buffer *events;
	struct bpf_link *links[HOOKS];
};

static int own_netns(__u64 *ret_netns, struct text *error)
{
	AUTO_FD fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t size = sizeof(*ret_netns);

	if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, ret_netns, &size) < 0)
		return trouble(-errno, error,
			       "this kernel does not number network namespaces (Linux 5.14)");
	return 0;
}

static int open_top(int *ret_fd, struct text *error)
{
	AUTO_TEXT path = { 0 };
	uint64_t number;
	int code = replies_cgroup_path("all", &path, error);

	if (code)
		return code;
	code = replies_cgroup_number(text_string(&path), &number);
	if (!code && number != TOP_NUMBER)
		return trouble(-ENODEV, error, "%s is not the top of this host's cgroups",
			       text_string(&path));
	*ret_fd = open(text_string(&path), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *ret_fd < 0 ? trouble(-errno, error, "%s: %s", text_string(&path), strerror(errno)) :
			     0;
}

static int on_event(void *data, void *event, size_t size)
{
	return 0;
}

static int load(struct openings *openings, size_t count, struct text *error)
{
	__u64 netns;
	int code = own_netns(&netns, error);

	if (code)
		return code;
	trouble_listen();
	openings->object = openings_bpf__open();
	if (!openings->object)
		return trouble_with_load(-errno, error);
	openings->object->rodata->own_netns = netns;
	code = bpf_map__set_max_entries(openings->object->maps.wanted, (unsigned)count + 1);
	if (!code)
		code = openings_bpf__load(openings->object);
	if (code)
		return trouble_with_load(code, error);
	openings->events = ring_buffer__new(bpf_map__fd(openings->object->maps.events), on_event,
					    NULL, NULL);
	return openings->events ? 0 : trouble(-errno, error, "a ring of events: %s", strerror(errno));
}

static int want(struct openings *openings, const struct opening *wanted, size_t count,
		struct text *error)
{
	const uint32_t yes = 1;

	for (size_t i = 0; i < count; i++) {
		uint32_t key = (uint32_t)wanted[i].protocol << 16 | wanted[i].port;
		int code = bpf_map__update_elem(openings->object->maps.wanted, &key, sizeof(key),
						&yes, sizeof(yes), BPF_ANY);

		if (code)
			return trouble(code, error, "the map \"wanted\": %s", strerror(-code));
	}
	return 0;
}

static bool is_among(const struct opening *wanted, size_t count, uint8_t protocol)
{
	for (size_t i = 0; i < count; i++)
		if (wanted[i].protocol == protocol)
			return true;
	return false;
}

/* Only the hooks that can tell something: each costs all sockets of the host a little. */
static int attach(struct openings *openings, const struct opening *wanted, size_t count,
		  struct text *error)
{
	const struct {
		struct bpf_program *program;
		uint8_t protocol;
	} hooks[HOOKS] = {
		{ openings->object->progs.openings_listen, IPPROTO_TCP },
		{ openings->object->progs.openings_bind4, IPPROTO_UDP },
		{ openings->object->progs.openings_bind6, IPPROTO_UDP },
	};
	AUTO_FD top = -1;
	int code = open_top(&top, error);

	for (int i = 0; i < HOOKS && !code; i++) {
		if (!is_among(wanted, count, hooks[i].protocol))
			continue;
		openings->links[i] = bpf_program__attach_cgroup(hooks[i].program, top);
		if (!openings->links[i])
			code = trouble(
				-errno, error,
				"the top cgroup takes no BPF program beside those of others: %s",
				strerror(errno));
	}
	return code;
}

int openings_open(const struct opening *wanted, size_t count, struct openings **ret_openings,
		  struct text *error)
{
	struct openings *openings = mem_alloc(sizeof(*openings));
	int code = load(openings, count, error);

	if (!code)
		code = want(openings, wanted, count, error);
	if (!code)
		code = attach(openings, wanted, count, error);
	if (code) {
		openings_close(openings);
		return code;
	}
	*ret_openings = openings;
	return 0;
}

void openings_close(struct openings *openings)
{
	if (!openings)
		return;
	for (int i = 0; i < HOOKS; i++) {
		if (!openings->links[i])
			continue;
		/* A child that was just forked may hold it as well: so it is detached. */
		(void)bpf_link__detach(openings->links[i]);
		bpf_link__destroy(openings->links[i]);
	}
	ring_buffer__free(openings->events);
	if (openings->object)
		openings_bpf__destroy(openings->object);
	mem_freep(&openings);
}

int openings_fd(const struct openings *openings)
{
	return ring_buffer__epoll_fd(openings->events);
}

void openings_receive(struct openings *openings)
{
	(void)ring_buffer__consume(openings->events);
}
