/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_UDP_H
#define MH_FEATURE_SERVICES_UDP_H

#include "feature/services/services_thread.h"
#include "feature/services/services_who.h"

/* Answers what waits in the socket. Returns whether more may wait. */
bool services_udp_serve(struct crew_thread *thread, struct crew_socket *socket);

/* The account of @asked on a socket, and true when it is a service's; else it is outside. */
bool services_udp_account(const struct services_setup *setup, struct services_socket *socket,
			  const struct address *asked, struct services_account *ret_account);

/*
 * Pure: from @peer_port something may come that answers answers, so that it is not answered on
 * @port.
 */
bool services_udp_guarded(uint16_t peer_port, uint16_t port);

#endif
