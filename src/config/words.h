/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CONFIG_WORDS_H
#define MH_CONFIG_WORDS_H

#include "config/config.h"

/* A type as a person calls it: "an address", "a list of ports". For diagnostics and the manual. */
void words_of_one(const struct config_field *field, struct text *text);
/* The same with how it is written: "an address such as ...". */
void words_of_example(const struct config_field *field, struct text *text);
/* Several of it: "addresses", "ports". */
void words_of_many(const struct config_field *field, struct text *text);

/* "a, b, c" of a NULL-terminated list. */
void words_join(const char *const *words, struct text *text);

#endif
