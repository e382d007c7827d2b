/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_CODEC_H
#define MH_HOST_CODEC_H

#include "host/any.h"
#include "host/kind.h"

/* Objects to rtnetlink messages and back, by the rows of their kinds. Pure: no socket, no clock. */

/* Enough for the message of any object. */
#define CODEC_MESSAGE_SIZE 512

/*
 * The kind that a message is about (RTM_NEWROUTE and RTM_DELROUTE: a route), or -1. *ret_removed
 * tells that the object is gone.
 */
int codec_kind(const struct nlmsghdr *message, bool *ret_removed);

/* Reads an object. False when it is malformed, or nothing that we look at. The message is whole. */
bool codec_decode(const struct kind *kind, const struct nlmsghdr *message,
		  union host_object *ret_object);

/* Writes @object after the netlink header that @message has. */
void codec_encode(const struct kind *kind, const void *object, struct nlmsghdr *message);
/* The same, only with what tells it apart: kind.deleted_by_key. */
void codec_encode_key(const struct kind *kind, const void *object, struct nlmsghdr *message);

#endif
