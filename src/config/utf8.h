/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_UTF8_H
#define MH_CONFIG_UTF8_H

#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The character that @text starts with. Returns its bytes, 1 to 4, or 0 when this is not UTF-8. */
unsigned utf8_next(const char *text, size_t length, uint32_t *ret_code);

/* The bytes of the line break that @text starts with, by the rules of YAML 1.1; 0 = none. */
unsigned utf8_break(const char *text, size_t length);

/* May stand in a YAML file (YAML 1.1, section 5.1). A byte order mark may only begin it. */
bool utf8_in_yaml(uint32_t code);

/* Shows as itself on a terminal and turns nothing around: no control and no bidirectional override. */
bool utf8_shows(uint32_t code);

/* The columns that the character takes on a terminal: 0, 1 or 2. */
unsigned utf8_width(uint32_t code);

/* Appends at most @most characters, '?' for what does not show, and "..." when there was more. */
void utf8_append_shown(struct text *text, const char *bytes, size_t length, size_t most);

#endif
