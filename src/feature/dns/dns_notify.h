/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_DNS_NOTIFY_H
#define MH_FEATURE_DNS_NOTIFY_H

#include "feature/dns/dns_setup.h"

/*
 * Tells secondaries that a zone changed (RFC 1996): each gets a message, again and again, ever more
 * rarely, until it answers. From sockets of their own, one for each secondary that is being told, so
 * that a port and a number that nobody can guess stand between us and a forged answer. Of the
 * main thread.
 */
struct dns_notifier;

/* *ret_poll: a descriptor that is readable when there is something for dns_notify_run(). */
int dns_notifier_new(int channel, int *ret_poll, struct dns_notifier **ret_notifier);
void dns_notifier_free(struct dns_notifier *notifier);

/* The zones of @setup whose serial is not that in @before (or NULL) are told of. */
void dns_notify_changes(struct dns_notifier *notifier, const struct dns_setup *setup,
			const struct dns_setup *before);
/* Sends what is due, takes answers. Returns the milliseconds until it is to be called again, or -1. */
int dns_notify_run(struct dns_notifier *notifier, int64_t now_us);
/* .asked: secondaries to tell; .answered: they know; .failed: never answered, or refused. */
const struct counter *dns_notify_counter(const struct dns_notifier *notifier);

#endif
