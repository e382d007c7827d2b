/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_SERVICES_THREAD_H
#define MH_FEATURE_SERVICES_THREAD_H

#include "feature/crew_thread.h"
#include "feature/services/services_setup.h"

struct services_socket {
	struct crew_socket base;
	const struct lpm *by_address; /* of the setup in force; NULL: nobody is served */
	struct services_memo memo;
};

struct services_thread {
	struct crew_thread base;
	struct services_setup *setup;
	struct counter *counters; /* setup->counters of this thread */
	char *scratch;
};

#define SERVICES_BATCH 64

/* What the crew knows of a thread or a socket, as the services know it. */
static inline struct services_thread *services_thread(struct crew_thread *base)
{
	return (struct services_thread *)(void *)base;
}

static inline struct services_socket *services_socket(struct crew_socket *base)
{
	return (struct services_socket *)(void *)base;
}

#endif
