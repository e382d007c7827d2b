/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FEATURE_REPLIES_H
#define MH_FEATURE_REPLIES_H

#include "feature/feature.h"

/* The UDP programs of one control group and of all below it. */
struct reply_group {
	struct config_record record;
	const char *cgroup; /* below the root of cgroup v2; "all" = the root */
};

#define REPLY_GROUP_ALL "all"

extern const struct config_field reply_group_fields[];
extern const struct feature replies_feature;

/* The outermost other group that holds @group; NULL = none. Pure. */
const struct reply_group *reply_group_above(const struct config_list *groups,
					    const struct reply_group *group);

/* How a UDP server answers who asks one of several addresses. */
enum reply_class {
	REPLY_BOUND,	   /* from the one address that it is bound to */
	REPLY_LISTS,	   /* the same, a socket for each address: it does not see prefixes */
	REPLY_UNCONNECTED, /* from any address; mended by the hook */
	REPLY_CONNECTS,	   /* from a socket that it connects to its client: needs mhctl run */
	REPLY_PACKET_INFORMATION, /* from the address asked, by itself */
	REPLY_UNSEEN,		  /* on the wildcard, hooked, and nobody asked it yet */
	REPLY_UNHOOKED,		  /* on the wildcard, in no group that is mended */
};

struct reply_evidence {
	uint64_t rewritten, chosen, connects;
};

/* Looks at @server among @servers; what the programs saw of its port is summed up in *@ret_seen. Pure. */
enum reply_class reply_classify(const struct host_servers *servers,
				const struct host_server *server, struct reply_evidence *ret_seen);

void replies_check(const void *config, struct diags *diags);
void replies_desire(const void *config, const struct facts *facts, struct desired *ret_desired);
void replies_status(const void *config, const struct facts *facts, const struct counters *counters,
		    struct json_t *status);

#endif
