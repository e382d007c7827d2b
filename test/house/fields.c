/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints every key of the configuration, one a line: its path, a tab, its help. The checker of the
 * house reads it; an empty help is a key that the manual page would name and not explain.
 */
#include "feature/feature.h"

#include <stdio.h>

/* Tables are trees that people write; a deeper one is a table that points back to itself. */
#define DEEPEST 12

/* The keys of the record that @field is, or is a list or map of. */
static void keys_print(const char *path, const struct config_field *field, unsigned depth)
{
	const struct config_field *record = field->item ? field->item : field;
	char whole[256];

	if (record->type != CONFIG_RECORD || depth > DEEPEST)
		return;
	for (const struct config_field *key = record->fields; key->name; key++) {
		snprintf(whole, sizeof(whole), "%s.%s", path, key->name);
		printf("%s\t%s\n", whole, key->help ? key->help : "");
		keys_print(whole, key, depth + 1);
	}
}

int main(void)
{
	const struct config_section *sections = feature_sections();

	for (size_t i = 0; i < feature_count; i++) {
		printf("%s\t%s\n", sections[i].name,
		       sections[i].root->help ? sections[i].root->help : "");
		keys_print(sections[i].name, sections[i].root, 0);
	}
	return ferror(stdout) ? 1 : 0;
}
