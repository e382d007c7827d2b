/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DNS_NOTIFY_H
#define MH_DNS_NOTIFY_H

#include "dns/tsig.h"
#include "dns/zone.h"
#include "net/wire.h"

/*
 * Tells a secondary that the zone has changed (RFC 1996), the new SOA with it as a hint. @session is
 * of tsig_ask(), or NULL. Returns the message's length, or 0 when there is no room.
 */
size_t notify_put(const struct zone *zone, uint16_t id, struct tsig_session *session, uint64_t now,
		  struct wire_writer *writer);

/*
 * Looks whether a datagram answers the notification @id of @zone. Returns its RCODE, or -EBADMSG
 * when it is something else.
 */
int notify_answer(const struct zone *zone, uint16_t id, const uint8_t *message, size_t length);

#endif
