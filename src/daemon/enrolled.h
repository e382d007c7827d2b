/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_DAEMON_ENROLLED_H
#define MH_DAEMON_ENROLLED_H

#include "base/text.h"
#include "fact/subscribers.h"

/*
 * What was decided of subscribers by hand, as the file that keeps it and as the words that bring it.
 * The file has a line for each: "add alice port eth3 mac 02:00:00:00:00:07 address 10.1.2.7".
 */

/* Reads what was decided before; a line that makes no sense is told and left out. */
void enrolled_read(const char *path, struct subscriber_hands *ret_hands);
/* Keeps @hands over restarts: 0, or -errno and the file says what it said before. */
int enrolled_keep(const char *path, const struct subscriber_hands *hands);

/* Whether it can be the name of a subscriber: 1 to 63 bytes without blanks and the like. */
bool enrolled_is_name(const char *name);
/*
 * Puts @value as what @word ("port", "mac", "via", "address", "prefix") says of @hand. Returns 0, or
 * -EINVAL with one line in @error.
 */
int enrolled_set(struct subscriber_hand *hand, const char *word, const char *value,
		 struct text *error);
/* " port eth3 address 10.1.2.7": all that is said of it, each with a blank before it. */
void enrolled_print(const struct subscriber_hand *hand, struct text *text);

#endif
