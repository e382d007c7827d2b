/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_INSIDE_H
#define MH_HOST_INSIDE_H

#include "host/filters.h"
#include "host/host.h"
#include "host/interest.h"
#include "host/journal.h"
#include "host/links.h"
#include "host/memory.h"
#include "host/mender.h"
#include "host/pins.h"
#include "host/responders.h"
#include "host/taken.h"
#include "io/netlink.h"

/*
 * What the files of the door share: host.c (events), dump.c, apply.c, explain.c, links.c, sysctls.c,
 * sockets.c, cgroups.c. Beside it: filters.h, links.h, mender.h, responders.h, taken.h.
 */

/* A listener that is open. */
struct open_listener {
	struct host_listener listener;
	int *fds; /* options.sockets_per_listener of them */
};

struct host {
	unsigned sockets_per_listener;
	struct netlink events, requests;
	struct state observed;
	struct journal journals[OBJECT_KINDS];
	VEC(struct host_touched) touched;
	bool touched_all; /* more than that */
	bool muted;	  /* what we do to routes is not told, */
	bool unsure;	  /* and not all of it went as it was asked: they are read again */
	unsigned stale;	  /* STALE() of each kind that has to be read anew */
	bool nexthops; /* a route that we keep leans on a nexthop object: its end is told, not theirs */
	bool foreign_nexthops; /* so does one of others, which shows what the object says */
	bool risen;	       /* a link rose since the last merge */
	struct taste taste;
	struct memory memory;
	struct taken taken;
	VEC(struct open_listener) listeners;
	struct mender mender;
	struct responders responders;
	bool only_look;
	struct filters filters;
	int cgroup_events; /* inotify: folders of control groups; -1 = none is watched */
	bool no_watches;   /* that was tried in vain */
	int any_events;	   /* epoll: all of the above that may be readable */
};

#define STALE(kind) (1u << (kind))
#define STALE_NETLINK                                                                              \
	(STALE(OBJECT_LINK) | STALE(OBJECT_NEIGHBOUR) | STALE(OBJECT_ADDRESS) |                    \
	 STALE(OBJECT_NEXTHOP) | STALE(OBJECT_ROUTE) | STALE(OBJECT_RULE))
#define STALE_CGROUPS (STALE(OBJECT_CGROUP) | STALE(OBJECT_ATTACHMENT))
#define STALE_ALL                                                                                  \
	(STALE_NETLINK | STALE(OBJECT_SYSCTL) | STALE(OBJECT_FILTER) | STALE_CGROUPS |             \
	 STALE(OBJECT_RESPONDER))

#define ANSWERS_ROOM (4u << 20) /* bytes of receive buffer of the requests' socket */

/* host.c: a route that is kept may lean on a nexthop object. */
void host_note_nexthop(struct host *host, const struct host_route *route);
/* Tells the journal of something that we did ourselves and that no event will tell. */
void host_note(struct host *host, enum object_kind kind, const void *object, bool removed);
/* host.c: until the next settling; for plans of which each event would be told. */
void host_mute(struct host *host, const struct plan *plan);
/* All of @plan is done. What it made of the routes is taken over, where that is sure. */
void host_unmute(struct host *host, const struct plan *plan);
/* A new socket for requests, when the old one may hold answers to nobody; all is read anew. */
void host_reopen(struct host *host);

/* dump.c: reads the kinds of @stale (netlink ones) anew; what stays stale is set in host->stale. */
int host_dump(struct host *host, unsigned stale, bool *ret_changed);

/* onlink.c: whether a refused operation succeeds when its gateway is said to be on its link; says so. */
bool onlink_helps(const struct host *host, const struct operation *operation, int error);
void onlink_encode(enum object_kind kind, struct nlmsghdr *message);

/* sysctls.c */
bool sysctls_refresh(struct host *host); /* true when anything changed */
/* Before a run of operations: remembers at once what each would write the whole memory for. */
void sysctls_remember(struct host *host, const struct operation *operations, size_t count);
void sysctl_apply(struct host *host, const struct plan *plan, const struct operation *operation,
		  struct host_result *result);

/* sockets.c */
void listener_apply(struct host *host, const struct operation *operation, struct host_result *result);
void listeners_close(struct host *host);

/* cgroups.c */
void cgroups_receive(struct host *host); /* records that something may have come or gone */
bool cgroups_refresh(struct host *host); /* true when anything changed */
/* Of a control group that is asked for, whose hierarchy is mounted on @root. */
void cgroup_path(const struct text *root, const char *name, struct text *ret_path);

/* Makes @fresh the observed set of @kind, and takes it over. True when that is news. */
bool host_observe(struct host *host, enum object_kind kind, struct object_set *fresh);
/* The same of a kind without twins that is only ever read whole: what differs was touched. */
bool host_observe_whole(struct host *host, enum object_kind kind, struct object_set *fresh);

/*
 * explain.c: writes the words for result->error: what the kernel said, or what its number means
 * here.
 */
void explain_refusal(const struct host *host, struct host_result *result, const char *kernel_text);
/*
 * The first object observed, or told by events that wait to be settled, that stands where @object
 * should; or NULL.
 */
const void *explain_obstacle(const struct host *host, enum object_kind kind, const void *object);

#endif
