/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_CHECKS_WORK_H
#define MH_FEATURE_CHECKS_WORK_H

#include "feature/check.h"
#include "feature/counters.h"
#include "feature/worker.h"

/* What the worker counts, of each kind of check. */
struct checks_count {
	uint64_t started, good, bad, silent;
};

/* A report, and back: worker.report() adds "checks ping" and so on, of which .asked are the probes that were
 * started, .answered the good ones, .failed the bad ones, .dropped those without an answer. */
void checks_counts_put(const struct checks_count counts[CHECK_KINDS], struct text *message);
int checks_report(const void *bytes, size_t length, struct counters *counters);

/* What it is told: checks_order.c. */
bool checks_needed(const struct config *all, const struct facts *facts);
void checks_configure(const struct config *all, const struct facts *facts, struct text *message);
void checks_update(const struct config *all, const struct facts *facts, struct text *message);
void checks_blobs(const struct config *all, worker_blob_fn *told, void *data);

extern const struct worker checks_worker;

#endif
