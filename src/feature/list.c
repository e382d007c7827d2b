/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every feature of multihomed, and every worker, a line each. */
#include "feature/checks/checks.h"
#include "feature/checks/checks_work.h"
#include "feature/dns/dns.h"
#include "feature/feature.h"
#include "feature/links/links.h"
#include "feature/neighbours/neighbours.h"
#include "feature/prefixes/prefixes.h"
#include "feature/replies/replies.h"
#include "feature/routing/routing.h"
#include "feature/services/services.h"
#include "feature/subscribers/subscribers.h"
#include "feature/worker.h"

#include <assert.h>

const struct feature *const features[] = {
	&links_feature,	  &routing_feature,  &prefixes_feature, &subscribers_feature,
	&replies_feature, &services_feature, &checks_feature,	&dns_feature,
};

const size_t feature_count = ARRAY_SIZE(features);

const struct worker *const workers[] = { &services_worker, &checks_worker, &dns_worker,
					 &neighbours_worker };

const size_t worker_count = ARRAY_SIZE(workers);

static_assert(ARRAY_SIZE(features) <= FEATURE_MAX,
	      "struct desired counts features in a byte, and so do the tables");
