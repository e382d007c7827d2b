/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_MODEL_REPLY_H
#define MH_MODEL_REPLY_H

#include "model/model.h"

/*
 * The packet that answers @flow, which took hop number @hop of @there: sent by this host when @there
 * ends here, else coming in by the link that @flow left by. Translations of addresses are undone
 * before the routing of a reply, so it bears those of @flow. Returns false when @flow got nowhere
 * (by that hop), or to many.
 */
bool model_reply(const struct model *model, const struct flow *flow, const struct verdict *there,
		 unsigned hop, struct flow *ret_reply);

/*
 * Every hop of the reply's verdict @back leads out where @flow came in, or it ends here if it began
 * here.
 */
bool model_is_symmetric(const struct model *model, const struct flow *flow,
			const struct verdict *back);

/* Words: "leaves", "no forwarding"; for a single DOUBT_*: why the kernel may do otherwise. */
const char *verdict_end_name(enum verdict_end end);
const char *verdict_doubt_text(unsigned doubt);

#endif
