/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An event says that something happened, never what: then all is looked at again, which for a few
 * local checks costs less than to keep account of what an event may mean. A file that is not there
 * cannot be watched: its folder is, and all folders above it that are there, so that one that is
 * moved away or comes back is seen as well. Ports are looked at apart from the rest, when one is
 * opened or closed: the former is an event by BPF, and where that is not to be had, it is looked for
 * often. Now and then they are looked at anyway: a UDP socket that connects is heard by its peer alone
 * from then on, and nobody tells. A process is watched by a descriptor of its own, which
 * also cannot be taken for another process that got its number (pidfd_open(2)).
 */
#include "daemon/sights.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "bpf/openings.h"
#include "bpf/replies.h"
#include "host/ports.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define LOOK_MS 1000   /* for whatever has no events here */
#define OPEN_MS 200    /* for a port to be opened, where that is no event */
#define PORTS_MS 10000 /* at ports whose events are told */
#define CALM_MS 20     /* between two looks, however many events there are */
#define PID_FILE_MOST 64
#define FOLDER_EVENTS                                                                              \
	(IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF)
#define FILE_EVENTS (IN_MODIFY | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ATTRIB)

struct sight {
	char *name, *path; /* the file that is looked at; NULL: a port */
	enum check_kind kind;
	bool cgroup, absent;
	uint8_t protocol;
	uint16_t port;
	struct address at;
	int pid, pidfd;
	struct loop_watch *ended;
	bool found; /* a port, while it is looked for */
	struct sights *sights;
};

struct sights {
	struct loop *loop;
	struct healths *healths;
	void (*seen)(void *data);
	void *data;
	loop_fn *look; /* at all of them */
	struct sight *items;
	size_t count;
	int files, ports;
	struct openings *openings; /* NULL: that a port is opened is no event */
	unsigned port_looks;	   /* that are due because of events */
	int64_t looked_us, ports_looked_us;
	struct loop_watch *files_watch, *ports_watch, *openings_watch, *again;
	struct text key; /* what was asked for last */
};

static void forget_process(struct sight *sight)
{
	loop_unwatch(&sight->ended);
	fd_closep(&sight->pidfd);
	sight->pid = 0;
}

static void forget_all(struct sights *sights)
{
	for (size_t i = 0; i < sights->count; i++) {
		forget_process(&sights->items[i]);
		mem_freep(&sights->items[i].name);
		mem_freep(&sights->items[i].path);
	}
	mem_freep(&sights->items);
	sights->count = 0;
	loop_unwatch(&sights->files_watch);
	loop_unwatch(&sights->ports_watch);
	loop_unwatch(&sights->openings_watch);
	openings_close(sights->openings);
	sights->openings = NULL;
	fd_closep(&sights->files);
	fd_closep(&sights->ports);
	mem_freep(&sights->healths->ports_by);
}

/* Watches the file and every folder above it, those that are there. */
static void watch_path(struct sights *sights, const char *path)
{
	AUTO_MEM char *above = mem_strdup(path);
	char *slash;

	if (sights->files < 0)
		return;
	(void)inotify_add_watch(sights->files, path, FILE_EVENTS);
	while ((slash = strrchr(above, '/'))) {
		slash[slash == above] = '\0';
		(void)inotify_add_watch(sights->files, above, FOLDER_EVENTS | IN_ONLYDIR);
		if (slash == above)
			break;
	}
}

static enum health_sight look_at_file(const struct sight *sight, struct text *reason)
{
	struct stat status;
	bool there = stat(sight->path, &status) == 0;

	text_puts(reason, there ? "the file is there" : "the file is not there");
	return there != sight->absent ? HEALTH_WELL : HEALTH_ILL;
}

/* The process of a number, held by a descriptor: 0 or -errno. */
static int hold_process(struct sight *sight, int pid)
{
	if (pid == sight->pid)
		return 0;
	forget_process(sight);
	sight->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (sight->pidfd < 0)
		return -errno;
	sight->pid = pid;
	sight->ended = loop_watch_fd(sight->sights->loop, sight->pidfd, sight->sights->look,
				     sight->sights);
	return 0;
}

/* A descriptor of a process that has ended is readable; one that cannot be had is done without. */
static bool lives(struct sight *sight, int pid)
{
	int r = hold_process(sight, pid);
	struct pollfd process = { .fd = sight->pidfd, .events = POLLIN };

	if (r == 0)
		return poll(&process, 1, 0) == 0;
	return r != -ESRCH && (kill(pid, 0) == 0 || errno == EPERM);
}

static enum health_sight look_at_process(struct sight *sight, struct text *reason)
{
	AUTO_TEXT content = { 0 };
	int r = text_read_regular(sight->path, PID_FILE_MOST, &content);
	char *end;
	long pid = r < 0 ? 0 : strtol(text_string(&content), &end, 10);

	if (r < 0 || pid < 1 || pid > INT32_MAX) {
		forget_process(sight);
		if (r == -ENOENT)
			text_puts(reason, "there is no pid file");
		else if (r == -ENOTSUP)
			text_puts(reason, "the pid file is not a regular file");
		else if (r < 0)
			text_printf(reason, "the pid file cannot be read: %s", strerror(-r));
		else
			text_puts(reason, "there is no number in the pid file");
		return HEALTH_ILL;
	}
	if (!lives(sight, (int)pid)) {
		forget_process(sight);
		text_printf(reason, "process %ld has ended", pid);
		return HEALTH_ILL;
	}
	text_printf(reason, "process %ld lives", pid);
	return HEALTH_WELL;
}

static enum health_sight look_at_cgroup(const struct sight *sight, struct text *reason)
{
	AUTO_TEXT content = { 0 };

	if (text_read_regular(sight->path, 4096, &content) < 0) {
		text_puts(reason, "there is no such control group");
		return HEALTH_ILL;
	}
	if (strstr(text_string(&content), "populated 1")) {
		text_puts(reason, "a process lives in the control group");
		return HEALTH_WELL;
	}
	text_puts(reason, "no process lives in the control group");
	return HEALTH_ILL;
}

/* A socket for all addresses of IPv6 is reached over IPv4 as well, unless it was told not to be. */
static bool reaches(const struct port_seen *port, const struct address *at)
{
	static const struct address any;
	const struct address *bound = &port->address;

	if (!at->family)
		return true;
	if (memcmp(bound->bytes, any.bytes, sizeof(any.bytes)) == 0)
		return bound->family == at->family || (bound->family == AF_INET6 && !port->only_v6);
	return address_compare(bound, at) == 0;
}

static void on_port(void *data, const struct port_seen *port)
{
	struct sights *sights = data;

	for (size_t i = 0; i < sights->count; i++) {
		struct sight *sight = &sights->items[i];

		if (sight->kind == CHECK_PORT && sight->protocol == port->protocol &&
		    sight->port == port->port && reaches(port, &sight->at))
			sight->found = true;
	}
}

static void look_for_ports(struct sights *sights)
{
	static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
	bool wanted[2] = { false };

	if (!sights->healths->ports_by)
		return;
	sights->healths->ports_looks++;
	sights->ports_looked_us = clock_now_us();
	for (size_t i = 0; i < sights->count; i++) {
		sights->items[i].found = false;
		if (sights->items[i].kind == CHECK_PORT)
			wanted[sights->items[i].protocol == IPPROTO_UDP] = true;
	}
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (wanted[i] && ports_look(protocols[i], on_port, sights) < 0)
			log_debug("the ports of this host cannot be looked at");
}

/* All ports have both events: then only these are heeded. */
static bool has_port_events(const struct sights *sights)
{
	return sights->openings && sights->ports_watch;
}

static void look_for_ports_if_due(struct sights *sights)
{
	int64_t old_us = clock_now_us() - sights->ports_looked_us;

	if (has_port_events(sights) && !sights->port_looks && old_us < PORTS_MS * 1000LL)
		return;
	if (sights->port_looks)
		sights->port_looks--;
	look_for_ports(sights);
}

static enum health_sight look_at(struct sight *sight, struct text *reason)
{
	if (sight->kind == CHECK_FILE)
		return look_at_file(sight, reason);
	if (sight->kind == CHECK_PROCESS)
		return sight->cgroup ? look_at_cgroup(sight, reason) : look_at_process(sight, reason);
	text_printf(reason,
		    sight->found ? "somebody listens on port %u" : "nobody listens on port %u",
		    sight->port);
	return sight->found ? HEALTH_WELL : HEALTH_ILL;
}

static void look_again(void *data)
{
	struct sights *sights = data;
	bool news = false;

	sights->looked_us = clock_now_us();
	look_for_ports_if_due(sights);
	for (size_t i = 0; i < sights->count; i++) {
		struct sight *sight = &sights->items[i];
		AUTO_TEXT reason = { 0 };
		enum health_sight seen;

		if (sight->path)
			watch_path(sights, sight->path);
		seen = look_at(sight, &reason);
		news = healths_see(sights->healths, sight->name, seen, text_string(&reason)) || news;
	}
	if (news)
		sights->seen(sights->data);
}

static bool waits_for_port(const struct sights *sights)
{
	if (has_port_events(sights))
		return false;
	for (size_t i = 0; i < sights->count; i++)
		if (sights->items[i].kind == CHECK_PORT && !sights->items[i].found)
			return true;
	return false;
}

static void on_time(void *data)
{
	struct sights *sights = data;

	if (!sights->count)
		return;
	look_again(sights);
	loop_timer_set(sights->again, sights->port_looks     ? CALM_MS :
				      waits_for_port(sights) ? OPEN_MS :
							       LOOK_MS);
}

/* The first event is heeded at once; a flood of them costs fifty looks a second. */
static void look_soon(struct sights *sights)
{
	if (clock_now_us() - sights->looked_us < CALM_MS * 1000)
		loop_timer_set(sights->again, CALM_MS);
	else
		on_time(sights);
}

static void on_file(void *data)
{
	struct sights *sights = data;
	char events[4096] __attribute__((aligned(8)));

	while (read(sights->files, events, sizeof(events)) > 0)
		continue;
	look_soon(sights);
}

static void on_closed(void *data)
{
	struct sights *sights = data;

	ports_receive(sights->ports);
	if (!sights->port_looks)
		sights->port_looks = 1;
	look_soon(sights);
}

/* The event may be there before what it tells of: once more then. */
static void on_opened(void *data)
{
	struct sights *sights = data;

	openings_receive(sights->openings);
	sights->port_looks = 2;
	look_soon(sights);
}

static char *path_of(const struct check_spec *spec)
{
	AUTO_TEXT root = { 0 };
	AUTO_TEXT error = { 0 };

	if (!spec->cgroup)
		return spec->path ? mem_strdup(spec->path) : NULL;
	if (replies_cgroup_path("all", &root, &error) < 0)
		text_puts(&root, "/sys/fs/cgroup");
	return mem_printf("%s/%s/cgroup.events", text_string(&root), spec->cgroup);
}

static void add(struct sights *sights, const struct check_spec *spec)
{
	sights->items[sights->count++] = (struct sight){
		.name = mem_strdup(spec->name),
		.path = path_of(spec),
		.kind = spec->kind,
		.cgroup = spec->cgroup != NULL,
		.absent = spec->absent,
		.protocol = spec->protocol,
		.port = spec->port,
		.at = spec->at,
		.pidfd = -1,
		.sights = sights,
	};
}

static bool is_seen_here(const struct check_spec *spec)
{
	return check_is_local(spec) && spec->kind != CHECK_CARRIER;
}

/* What is asked for, as bytes: the same means that nothing needs to be done. */
static void key_of(const struct check_list *list, struct text *key)
{
	char buffer[ADDRESS_TEXT_SIZE];

	for (size_t i = 0; i < list->items.count; i++) {
		const struct check_spec *spec = &list->items.items[i];

		if (is_seen_here(spec))
			text_printf(key, "%s %u %s %s %d %u %u %s\n", spec->name, spec->kind,
				    spec->path ? spec->path : "", spec->cgroup ? spec->cgroup : "",
				    spec->absent, spec->protocol, spec->port,
				    spec->at.family ? address_text(&spec->at, buffer) : "");
	}
}

static void open_events(struct sights *sights)
{
	sights->files = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	if (sights->files >= 0)
		sights->files_watch = loop_watch_fd(sights->loop, sights->files, on_file, sights);
	else
		log_warning(
			"files cannot be watched (%s; see fs.inotify.max_user_instances): they are "
			"looked at every second",
			strerror(errno));
	if (ports_open(&sights->ports) == 0)
		sights->ports_watch = loop_watch_fd(sights->loop, sights->ports, on_closed, sights);
	else
		log_warning(
			"the kernel does not tell of sockets that are closed: they are looked at "
			"every second");
}

/* Without BPF all works, but less well. Which it is, status tells. */
static void open_openings(struct sights *sights)
{
	struct opening *wanted = mem_alloc((sights->count + 1) * sizeof(*wanted));
	AUTO_TEXT error = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < sights->count; i++)
		if (sights->items[i].kind == CHECK_PORT)
			wanted[count++] = (struct opening){ sights->items[i].protocol,
							    sights->items[i].port };
	if (!count) {
		mem_freep(&wanted);
		return;
	}
	if (!sights->ports_watch)
		text_puts(&error, "the kernel does not tell of sockets that are closed");
	else if (openings_open(wanted, count, &sights->openings, &error) == 0)
		sights->openings_watch = loop_watch_fd(sights->loop, openings_fd(sights->openings),
						       on_opened, sights);
	if (sights->openings)
		sights->healths->ports_by = mem_strdup("events");
	else
		sights->healths->ports_by = mem_printf("looked for five times a second: %s",
						       text_string(&error));
	if (!sights->openings)
		log_notice("ports that open are %s", sights->healths->ports_by);
	mem_freep(&wanted);
}

void sights_follow(struct sights *sights, const struct check_list *list)
{
	AUTO_TEXT key = { 0 };

	key_of(list, &key);
	if (strcmp(text_string(&key), text_string(&sights->key)) == 0)
		return;
	text_free(&sights->key);
	sights->key = key;
	key = (struct text){ 0 };
	forget_all(sights);
	sights->items = mem_alloc((list->items.count + 1) * sizeof(*sights->items));
	for (size_t i = 0; i < list->items.count; i++)
		if (is_seen_here(&list->items.items[i]))
			add(sights, &list->items.items[i]);
	if (!sights->count)
		return;
	open_events(sights);
	open_openings(sights);
	/* From now on every change is told, so what is looked at now is true until then. */
	sights->port_looks = 1;
	on_time(sights);
}

struct sights *sights_new(struct loop *loop, struct healths *healths, void (*seen)(void *data),
			  void *data)
{
	struct sights *sights = mem_alloc(sizeof(*sights));

	*sights = (struct sights){ .loop = loop,
				   .healths = healths,
				   .seen = seen,
				   .data = data,
				   .look = look_again,
				   .files = -1,
				   .ports = -1 };
	sights->again = loop_watch_timer(loop, on_time, sights);
	return sights;
}

void sights_free(struct sights *sights)
{
	if (!sights)
		return;
	forget_all(sights);
	loop_unwatch(&sights->again);
	text_free(&sights->key);
	mem_freep(&sights);
}
