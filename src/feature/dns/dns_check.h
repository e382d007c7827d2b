/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_CHECK_H
#define MH_FEATURE_DNS_CHECK_H

#include "feature/dns/dns_self.h"

/* Refuse what is wrong with the own addresses of @zone, and with what its file says. */
void dns_check_selves(const struct dns_zone *zone, struct diags *diags);
void dns_check_zone(const struct dns_zone *zone, struct diags *diags);

#endif
