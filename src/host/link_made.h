/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_LINK_MADE_H
#define MH_HOST_LINK_MADE_H

#include "host/kind.h"

/*
 * What a link is made of (IFLA_LINKINFO), in messages. Pure.
 */
extern const struct word link_types[]; /* but LINK_PLAIN */

/* Reads what stands nested in @message into @link. */
void link_made_decode(struct host_link *link, const struct nlmsghdr *message);
/* Adds to the message that creates @object what its rows do not say. */
void link_made_encode(const void *object, struct nlmsghdr *message);
/*
 * Writes the message that makes @after of @before, both of one index and type: only what differs,
 * since the kernel refuses much that changes nothing.
 */
void link_change_encode(const struct host_link *before, const struct host_link *after,
			struct nlmsghdr *message);
/* The message that only brings the link up (LINK_UP) or takes it down. */
void link_state_encode(const struct host_link *link, enum link_state state, struct nlmsghdr *message);

/* It bears our mark, be it that of those that are about to go. */
bool link_is_made(const struct host_link *link);
/* The messages that mark it as one that goes, and that delete all that are so marked. */
void link_going_encode(const struct host_link *link, struct nlmsghdr *message);
void link_gone_encode(struct nlmsghdr *message);

/* The bond that the driver makes when it is loaded, as it comes, as far as it tells by itself. */
bool link_is_drivers_own(const struct host_link *link);
/* Before it is made @after: a bond takes no member that is up. */
bool link_must_be_down(const struct host_link *before, const struct host_link *after);

/* The hooks of link_kind. */
unsigned link_turn(const void *object);
bool link_is_recreated(const void *before, const void *after);
bool link_released(const void *before, const struct object_set *observed, void *ret_after);

#endif
