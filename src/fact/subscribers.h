/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_FACT_SUBSCRIBERS_H
#define MH_FACT_SUBSCRIBERS_H

#include "base/mem.h"
#include "net/address.h"

#include <stdbool.h>

/*
 * What was decided of subscribers by hand (`mhctl subscriber`): it stands beside the file until
 * `auto` takes it back. The desire() of the feature merges the two.
 */
enum subscriber_what {
	SUBSCRIBER_ADD = 1, /* one that the file does not have, or has otherwise */
	SUBSCRIBER_MOVE,    /* one of the file, to another port */
	SUBSCRIBER_REMOVE,  /* one of the file */
	SUBSCRIBER_AUTO,    /* again as the file says: only asked for, never kept */
};
#define SUBSCRIBER_WHATS (SUBSCRIBER_AUTO + 1)

struct subscriber_hand {
	char *name;
	enum subscriber_what what;
	char *port; /* ADD, MOVE; else NULL */
	/* The rest is of ADD alone. */
	VEC(struct address) addresses;
	VEC(struct prefix) prefixes;
	bool bound; /* to .mac */
	uint8_t mac[6];
	struct address via; /* family 0 = none */
};

/* By name, each once. */
struct subscriber_hands {
	VEC(struct subscriber_hand) items;
};

/* The one of that name, or NULL; so for no hands at all. */
const struct subscriber_hand *subscriber_hands_find(const struct subscriber_hands *hands,
						    const char *name);
/*
 * Takes in one more decision, which was found fit (feature/subscribers/): what was added and is moved
 * stays added; what is removed and is not in the file (@filed) leaves nothing. Copies it.
 */
void subscriber_hands_take(struct subscriber_hands *hands, const struct subscriber_hand *one,
			   bool filed);
void subscriber_hands_copy(const struct subscriber_hands *hands, struct subscriber_hands *ret_copy);
void subscriber_hands_free(struct subscriber_hands *hands);
void subscriber_hand_free(struct subscriber_hand *hand);

const char *subscriber_what_word(enum subscriber_what what); /* "add" */

#endif
