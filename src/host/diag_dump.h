/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_HOST_DIAG_DUMP_H
#define MH_HOST_DIAG_DUMP_H

#include <libmnl/libmnl.h>
#include <stdint.h>

/*
 * Tells the sockets of this network namespace, IPv4 and then IPv6, of one protocol (IPPROTO_UDP,
 * IPPROTO_TCP) and of @states (bits of TCP_*), by sock_diag(7). 0 or -errno.
 */
int diag_dump(uint8_t protocol, uint32_t states, mnl_cb_t told, void *data);

#endif
