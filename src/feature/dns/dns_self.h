/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_SELF_H
#define MH_FEATURE_DNS_SELF_H

#include "feature/dns/dns_value.h"
#include "feature/dns/dns_wire.h"

/*
 * How names with addresses of this server's own are answered, as the health of the service and of
 * the peers has it. Pure.
 */
struct dns_decision {
	enum dns_self_mode mode;
	bool not_ready;		     /* everybody is down, and yet it is answered: EDE 14 */
	const struct dns_peer *peer; /* whose addresses are told; NULL = none */
	bool no_address;	     /* the link that it is to be answered from has none */
};

/* @name: the whole name, "www.example.com.". */
struct dns_decision dns_self_decide(const struct dns_self *self, const char *name,
				    const struct facts *facts);

/* Told of each name of its own addresses. */
typedef void dns_self_fn(void *data, const struct dns_zone *zone, const struct dns_self *self,
			 const char *name);
void dns_self_each(const struct dns_config *config, dns_self_fn *told, void *data);

/* The addresses of a decision: own ones or a peer's; none for the address asked. In @arena. */
uint32_t dns_self_addresses(const struct dns_self *self, const struct dns_decision *decision,
			    const struct facts *facts, struct arena *arena,
			    struct address **ret_addresses);

/* All of them, in an arena; dns_selves_free(). */
void dns_selves_make(const struct dns_config *config, const struct facts *facts,
		     struct dns_self_orders *ret_orders);

/* "dns peer chicago www.example.com", the check that a peer implies. */
void dns_peer_check_name(const struct dns_peer *peer, const char *name, struct text *text);

#endif
