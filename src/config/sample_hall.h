/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_SAMPLE_HALL_H
#define MH_CONFIG_SAMPLE_HALL_H

#include "config/config.h"

/* Where it is all that is said of a guest, the seats alone stand for one; the guests for a hall. */
struct sample_guest {
	struct config_record record;
	const char *name;
	struct config_list seats;
};

struct sample_hall {
	struct config_record record;
	const char *name;
	struct config_list guests;
};

static const struct config_field sample_seat = { .type = CONFIG_U32, .max = 255 };
static const struct config_field sample_guest_fields[] = {
	{ "name", CONFIG_NAME, offsetof(struct sample_guest, name), .help = "who it is" },
	{ "seats", CONFIG_LIST, offsetof(struct sample_guest, seats), .item = &sample_seat,
	  .lone = true, .help = "where" },
	{ 0 }
};
static const struct config_field sample_guest = { .type = CONFIG_RECORD,
						  .fields = sample_guest_fields,
						  .size = sizeof(struct sample_guest),
						  .bare = "seats" };
static const struct config_field sample_hall_fields[] = {
	{ "name", CONFIG_NAME, offsetof(struct sample_hall, name), .help = "the name of the hall" },
	{ "guests", CONFIG_LIST, offsetof(struct sample_hall, guests), .item = &sample_guest,
	  .help = "who" },
	{ 0 }
};
static const struct config_field sample_hall = { .type = CONFIG_RECORD,
						 .fields = sample_hall_fields,
						 .size = sizeof(struct sample_hall),
						 .bare = "guests" };

#endif
