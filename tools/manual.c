/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * manual BEFORE AFTER: prints multihomed.yaml(5). The body comes from the same tables that read the
 * file, so that the page cannot promise what the parser refuses; only what stands around it is
 * written by hand, in two files.
 */
#include "base/text.h"
#include "feature/feature.h"

#include <stdio.h>
#include <string.h>

#define PAGE_MAX_BYTES 65536

int main(int argc, char **argv)
{
	AUTO_TEXT before = { 0 };
	AUTO_TEXT after = { 0 };
	AUTO_TEXT page = { 0 };
	int r;

	if (argc != 3) {
		fputs("usage: manual BEFORE AFTER\n", stderr);
		return 2;
	}
	r = text_read_file(argv[1], PAGE_MAX_BYTES, &before);
	if (r == 0)
		r = text_read_file(argv[2], PAGE_MAX_BYTES, &after);
	if (r < 0) {
		fprintf(stderr, "manual: %s\n", strerror(-r));
		return 1;
	}
	config_manual(feature_sections(), feature_count, text_string(&before), text_string(&after),
		      &page);
	fputs(text_string(&page), stdout);
	return fflush(stdout) == 0 ? 0 : 1;
}
