/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_SYNTAX_H
#define MH_CONFIG_SYNTAX_H

#include "config/diag.h"
#include "config/source.h"

#include <yaml.h>

/* A mark of libyaml as a place. */
struct place syntax_place(const yaml_mark_t *mark, unsigned number);

/* Refuses a file that is no text: NULs, control bytes, another encoding than UTF-8. 0 or -EINVAL. */
int syntax_check_text(const struct source_file *file, unsigned number, struct diags *diags);

/*
 * Tells people what libyaml stumbled over in @file, number @number of its source. @open is where the
 * innermost list or mapping begins that is not complete; no place for none. Returns -EINVAL.
 */
int syntax_error(const yaml_parser_t *parser, const struct source_file *file, unsigned number,
		 struct place open, struct diags *diags);

#endif
