/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_FIELD_H
#define MH_CONFIG_FIELD_H

#include "base/place.h"
#include "base/text.h"
#include "net/address.h"

#include <stddef.h>
#include <stdint.h>

/*
 * Text becomes structs by tables of fields. One table gives the parser, the defaults, the bounds,
 * the canonical print, the completion and the manual page.
 */
enum config_type {
	CONFIG_BOOL,	 /* bool; true/false/yes/no/on/off */
	CONFIG_U32,	 /* uint32_t; decimal */
	CONFIG_DURATION, /* uint32_t, milliseconds; "250ms", "30s", "5m", "1h" */
	CONFIG_NAME,	 /* const char *; 1 to 63 letters, digits, '-', '_', '.' */
	CONFIG_IFNAME,	 /* const char *; as Linux names links: 1 to 15, no '/', ':', space */
	CONFIG_STRING,	 /* const char *; any text, bounds are its length in bytes */
	CONFIG_ENUM,	 /* uint32_t; index into .words */
	CONFIG_ADDRESS,	 /* struct address */
	CONFIG_PREFIX,	 /* struct prefix, clean; "ADDRESS/LENGTH" */
	CONFIG_NET,	 /* struct prefix, clean; an address or a prefix */
	CONFIG_PLACED, /* struct prefix; "ADDRESS/LENGTH": an address and the length of its network */
	CONFIG_MAC,    /* struct config_mac; "02:00:00:00:00:01" */
	CONFIG_PORTS,  /* struct config_ports; "53" or "7000-7010" */
	CONFIG_FILE,   /* struct config_file; the path of a file whose text travels along */
	CONFIG_WORD,   /* a scalar that a feature brings along: .word */
	CONFIG_LIST,   /* struct config_list; of .item */
	CONFIG_RECORD, /* a struct of .size bytes, begins with struct config_record; .fields */
	CONFIG_MAP,    /* struct config_list of records; first field, a (IF)NAME: the key */
};

struct config_mac {
	bool given;
	uint8_t bytes[6];
};

struct config_ports {
	uint16_t first, last;
};

/*
 * A file that the configuration names: its text was read together with the configuration, by who
 * read that. Not given, all is NULL. .number is its place.file for what is wrong within it.
 */
struct source;

struct config_file {
	const char *name; /* as it was written */
	const char *text; /* NUL-terminated, but may hold NULs: see length */
	size_t length;
	const uint8_t *digest; /* DIGEST_SIZE bytes */
	const struct source *source;
	unsigned number;
};

/* Tells the name of each file that @text includes, to be attached as well. One too many is no harm. */
typedef void config_includes(const char *text, size_t length,
			     void (*told)(void *data, const char *name), void *data);

/*
 * A scalar of a feature's own: "09:00-18:00", "0x8/0xff". All bytes zero is "not given". The text
 * lives as long as the configuration, so that a value may point into it.
 */
struct config_word {
	size_t size;
	/* 0, or -EINVAL with what is wrong and the way out in @ret_error; "" there: "expected ..." */
	int (*parse)(const char *text, void *ret_value, struct text *ret_error);
	void (*print)(const void *value, struct text *text);
	const char *one, *many; /* "a time of day", "times of day" */
	const char *hint;	/* " such as 09:00-18:00"; or NULL */
	bool whole; /* the value is all that is needed: it keeps nothing of the text, which goes */
};

/* A list: .count items of the item's size, one after the other, and where each one stands. */
struct config_list {
	struct place place; /* of the list itself */
	unsigned count;
	void *items;
	const struct place *places;
};

/*
 * What every record's struct begins with. .places has the place of each field's value, by its
 * index in the table; line 0 = not given. A record within a record that was not given at all has
 * its defaults, no place, and NULL .places.
 */
struct config_record {
	struct place place; /* of the record; in a MAP of its key */
	const struct place *places;
};

/* Bounds are of numbers, durations (ms), lengths of texts and files, lists, maps; max 0 = none. */
struct config_field {
	const char *name;
	enum config_type type;
	size_t offset; /* in the record's struct */
	bool required;
	uint64_t min, max;
	uint64_t def;			   /* BOOL, U32, DURATION, ENUM: the value when not given */
	const char *const *words;	   /* ENUM: NULL-terminated */
	const struct config_word *word;	   /* WORD */
	config_includes *includes;	   /* FILE: or NULL */
	bool lone;			   /* LIST of scalars: one may stand without brackets */
	const struct config_field *item;   /* LIST: what its items are; MAP: a RECORD */
	const struct config_field *fields; /* RECORD: its table, ended by a NULL name */
	size_t size;			   /* RECORD: sizeof its struct */
	/* RECORD: the key (a scalar or list) whose value may stand for one that says no more; or NULL. */
	const char *bare;
	const char *help;    /* plain sentences for the manual, `keys` in backquotes; required */
	const char *example; /* a value as a user would write it; for the manual */
};

#endif
