/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_HOST_H
#define MH_HOST_HOST_H

#include "host/any.h"
#include "host/plan.h"

/*
 * The door to the running kernel: what it has is read into an observed state and kept true by
 * its events; plans are carried out against it, many requests in flight.
 */
struct host;

/*
 * Which foreign objects matter: everything else is dropped as it is read, so that a full routing
 * table costs nothing. Neighbours and addresses: all.
 */
struct host_interest {
	/* Foreign routes in tables main and local that overlap one, or whose gateway one holds. */
	const struct prefix *prefixes;
	size_t prefix_count;
	/* Names to read; a component "*" stands for every link and for "all". */
	const char *const *sysctls;
	size_t sysctl_count;
	bool local_routes;	/* every route in table local, whoever made it */
	bool all_routes;	/* every route in every table */
	bool link_routes;	/* of table main: default routes, and those without a gateway */
	const uint32_t *tables; /* of which every route matters */
	size_t table_count;
	const char *const *cgroups; /* control groups whose existence matters */
	size_t cgroup_count;
};

struct host_options {
	const char *memory_path; /* remembers what sysctls were over a restart; NULL = nowhere */
	const char *taken_path;	 /* the same of what others lose by what we do to links */
	unsigned sockets_per_listener; /* >= 1; more than one share their port by SO_REUSEPORT */
	/* A mounted bpffs, where attachments survive a restart; NULL = they end with the process. */
	const char *bpffs;
	bool only_look; /* needs no rights, but to see what is pinned; host_apply() must not be called */
};

/* The most requests of one slice. */
#define HOST_SLICE 1024

/*
 * One line that says what is missing goes to @error on failure (-EPERM: which capability and for
 * what).
 */
int host_open(const struct host_options *options, struct host **ret_host, struct text *error);
void host_close(struct host *host); /* leaves the kernel as it is; closes listeners */

/* Readable when there are events; host_receive() then only records them. */
int host_fd(const struct host *host);
/*
 * Records waiting events. Returns 0, or -errno when the socket is broken; lost events are
 * remembered, see host_settle().
 */
int host_receive(struct host *host);

/* Replaces the interest; the next host_settle() dumps again if it grew. */
void host_set_interest(struct host *host, const struct host_interest *interest);

/*
 * Brings the observed state up to date: applies the recorded events, or dumps everything again
 * where events were lost, a dump was interrupted, or a link went down (IPv4 routes vanish then
 * without an event). *ret_changed: whether anything differs from before; *ret_resynced: whether it
 * dumped.
 */
int host_settle(struct host *host, bool *ret_changed, bool *ret_resynced);
/* Asks the next host_settle() to dump everything again and to read the sysctls again. */
void host_resync(struct host *host);
/*
 * Asks it only for what the kernel tells hardly any change of, sysctls and attachments: ask now and
 * then. Cheap.
 */
void host_reread_untold(struct host *host);
const struct state *host_observed(const struct host *host);

/*
 * What events have told of, settled by now, since host_touched_forget(). False: too much, or all was
 * read again, so that anything may have changed.
 */
struct host_touched {
	enum object_kind kind;
	bool removed; /* the last thing that was told of it */
	union host_object object;
};
bool host_touched(const struct host *host, const struct host_touched **ret_items, size_t *ret_count);
void host_touched_forget(struct host *host);

struct host_result {
	const struct operation *operation;
	int error;	/* 0, or -errno */
	char text[160]; /* what the kernel said (extended ack), or our own explanation; "" = nothing */
	const char *whole; /* refused for one reason with others: what they are together; or NULL */
};
typedef void host_result_fn(void *data, const struct host_result *result);

/*
 * Carries out up to HOST_SLICE operations of @plan from *@at on and moves *@at, no deletes together
 * with what comes before them; each result is told in order. The events that they caused wait in
 * host_fd() then, and once all is done the plan's pointers into the observed state are void. Gone
 * objects that should be deleted (ESRCH, EADDRNOTAVAIL, ENODEV) and existing equal ones are successes.
 * The filter rules of a plan are one transaction, maybe beyond HOST_SLICE. Returns 0 or -errno.
 */
int host_apply(struct host *host, const struct plan *plan, size_t *at, host_result_fn *told,
	       void *data);

/* Tells what each filter rule of ours that stands in the kernel has counted, in their order. */
typedef void host_filter_fn(void *data, const struct host_filter *filter, uint64_t packets,
			    uint64_t bytes);
int host_filter_counters(struct host *host, host_filter_fn *told, void *data);

/* The sockets of a listener, host_options.sockets_per_listener of them; NULL when it is not open. */
const int *host_listener_sockets(const struct host *host, const struct host_listener *listener);
/* One that was opened before this process became what it is; takes @fds over. */
void host_adopt_listener(struct host *host, const struct host_listener *listener, int *fds);

#endif
