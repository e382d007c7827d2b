/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_PROBE_DATAGRAM_H
#define MH_FEATURE_CHECKS_PROBE_DATAGRAM_H

#include "feature/checks/probe.h"

/*
 * A datagram out and some back, on a connected socket of its own: from a port that nobody can guess,
 * and only what comes from whom was asked comes in.
 */
struct probe_datagram {
	struct probe_watch watch;
	struct probe *probe;
	/* Looks at one that came: ends the probe, or waits for the next one. */
	void (*look)(struct probe *probe, const uint8_t *bytes, size_t length);
};

/* Sends; the probe's own is the exchange until probe_datagram_stop(). Or the probe is down at once. */
void probe_datagram_start(struct probe *probe, const void *bytes, size_t length,
			  void (*look)(struct probe *probe, const uint8_t *bytes, size_t length));
void probe_datagram_stop(struct probe *probe);

#endif
