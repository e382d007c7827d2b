/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_NEIGHBOURS_H
#define MH_MODEL_NEIGHBOURS_H

#include "model/model.h"

/*
 * Who answers when somebody on a link asks, by ARP or neighbour discovery, for the station of an
 * address. What our responder does is in bpf/neighbours_decide.h; here it is said once more, slowly.
 */
enum asked_end {
	ASKED_ANSWERED, /* by our responder */
	ASKED_DROPPED,	/* by its guard: the asker's own address is not his */
	ASKED_OWN,	/* nobody: the address is the asker's */
	ASKED_KERNEL,	/* by Linux: it is an address of this host */
	ASKED_PROXY,	/* by Linux for others: proxy_arp, proxy_ndp */
	ASKED_IGNORED,	/* nobody: arp_ignore may keep Linux from it */
	ASKED_NOBODY,
};

struct asking {
	uint32_t link;
	struct address sender; /* .family 0: nobody yet, who asks whether it is free (RFC 5227, DAD) */
	struct address target;
};

struct asked {
	enum asked_end end;
	const struct host_responder *responder; /* of the link, or NULL */
	const struct host_answer *rule;		/* that holds the target; or NULL */
	const struct host_answer *sender;	/* that holds the sender; or NULL */
	const struct host_route *route;		/* by which Linux knows it; or NULL */
};

void model_asked(const struct model *model, const struct asking *asking, struct asked *ret_asked);

/* Of the answers of @link the longest that holds @address; or NULL. */
const struct host_answer *model_answer(const struct model *model, uint32_t link,
				       const struct address *address);
/* Whether only those may come in by @link who have an address there. */
bool model_guarded(const struct model *model, uint32_t link);
/*
 * The guard of the link that @flow comes in by, when it drops it: its source is nobody's there. NULL
 * = it may come in. The MAC address that it comes from is not known here.
 */
const struct host_responder *model_guard(const struct model *model, const struct flow *flow);

#endif
