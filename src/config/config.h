/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_CONFIG_H
#define MH_CONFIG_CONFIG_H

#include "config/diag.h"
#include "config/field.h"
#include "config/source.h"

/* The size of one value of @field in a list or a struct. */
size_t config_size(const struct config_field *field);

/* Where the value of the field at @offset of @record stands; the record itself when it was not given. */
struct place config_place(const void *record, const struct config_field *fields, size_t offset);
#define CONFIG_PLACE(record, fields, type, member)                                                 \
	config_place(record, fields, offsetof(type, member))

/* One top-level key and the type of what stands below it. */
struct config_section {
	const char *name;
	const struct config_field *root; /* CONFIG_LIST, CONFIG_MAP or CONFIG_RECORD */
};

/*
 * A configuration that was read: for each section its value, or NULL when its key is in no file.
 * Everything, strings too, lives in the arena. After mistakes there is what a check may look at: of
 * a list or map the items that were whole; a record with a mistake anywhere in it is NULL.
 */
struct config {
	struct arena *arena;
	const struct source *source; /* owned */
	const void **values;	     /* by index of the section */
};

/*
 * Reads all files of @source (taken over in any case) against @sections. The same list or map
 * in several files is joined, in order. All mistakes go to @diags. Returns 0 and a configuration,
 * or -EINVAL when there was any error; *ret_config is written in both cases (.values of what could be
 * read) so that the diagnostics' source lives on. config_free() it.
 */
int config_read(struct source *source, const struct config_section *sections, size_t count,
		struct diags *diags, struct config **ret_config);
void config_free(struct config *config);

/*
 * Attaches to @source the files that it names in @sections, and those that they include. What cannot
 * be read is told by config_read(), at the line that names it.
 */
void config_attach(struct source *source, const struct config_section *sections, size_t count);
/*
 * The file that @file includes by @name. Returns 0, or -errno when it could not be read; *ret_file
 * is written on success.
 */
int config_file_beside(const struct config_file *file, const char *name,
		       struct config_file *ret_file);

/* Prints in canonical form, which reads back as the same: block style, without what is default. */
void config_print(const struct config *config, const struct config_section *sections, size_t count,
		  struct text *text);

/* A value in one line, as the canonical print writes it, lists as [a, b]: for diagnostics and plans. */
void config_value_print(const struct config_field *field, const void *value, struct text *text);

/*
 * multihomed.yaml(5) as mdoc, from the tables: a .Ss for each section. @intro is the mdoc before
 * them, up to and with the .Sh that they stand under; @outro is what follows.
 */
void config_manual(const struct config_section *sections, size_t count, const char *intro,
		   const char *outro, struct text *text);

#endif
