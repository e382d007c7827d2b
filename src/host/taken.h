/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_TAKEN_H
#define MH_HOST_TAKEN_H

#include "host/disturb.h"
#include "io/netlink.h"

#include <linux/netlink.h>

struct host;

/*
 * What is not ours and went because of what we did to its link: addresses, next hops and routes, as
 * the kernel told of them. It is put back as soon as it can stand: at once, when its link was down
 * for a moment only, else when the link is given back. Kept in a file, since a death in between
 * must not forget it.
 */
struct taken_item {
	struct nlmsghdr *message; /* owned; the request that brings it back */
	uint32_t link;
	char name[IFNAMSIZ]; /* of the link */
	unsigned tries;	     /* since its link was last disturbed */
	int error;	     /* of the last one */
};

struct taken {
	char *path; /* NULL = only for the life of the process */
	VEC(struct taken_item) items;
	bool full; /* told that there is more than we keep */
};

void taken_open(struct host *host, const char *path);
void taken_close(struct host *host);

/*
 * Before these are done: keeps all that they may take. What they do not take after all is there
 * when it is to be put back, and so forgotten.
 */
void taken_keep(struct host *host, const struct operation *operations, size_t count);
/*
 * Puts back what can stand, of links as @operations leave them, or else as they are observed. What the
 * kernel refuses is tried again a few times, as the host changes. Cheap when nothing waits.
 */
void taken_give_back(struct host *host, const struct operation *operations, size_t count);

/* Tells all routes of these links (with many links, of others as well) to @told, as the kernel has them. */
void taken_read_routes(struct host *host, const struct link_list *links, netlink_message_fn *told,
		       void *data);
/* A link that is gone, and was not ours, does not come back with this index. */
void taken_forget_gone(struct host *host);

/* The message (an address, a next hop, a route that was dumped) as request. False: not one to keep. Pure. */
#define TAKEN_MESSAGE_MAX 4096
bool taken_request(const struct nlmsghdr *message, struct nlmsghdr *request);
/* The one of @links that the message is about; 0 = none. Pure. */
uint32_t taken_link(const struct nlmsghdr *message, const struct link_list *links);

#endif
