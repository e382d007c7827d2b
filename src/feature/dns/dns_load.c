/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_load.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

struct loading {
	const struct dns_order_zone *order;
	struct dns_blob_text *texts; /* of each file */
	struct text *error;
};

/* What the file @from calls @name: that name, or the same beside the file. */
static bool names_file(const char *from, const char *name, const char *file)
{
	const char *slash = strrchr(from, '/');
	size_t folder = slash ? (size_t)(slash - from) + 1 : 0;

	return strcmp(name, file) == 0 ||
	       (strncmp(from, file, folder) == 0 && strcmp(file + folder, name) == 0);
}

static int on_include(void *data, const struct zone_text *from, const char *name,
		      struct zone_text *ret_text)
{
	const struct loading *loading = data;
	const struct dns_order_zone *order = loading->order;

	for (uint32_t i = 1; i < order->file_count; i++)
		if (names_file(from->name, name, order->files[i].name)) {
			*ret_text = (struct zone_text){ order->files[i].name, loading->texts[i].text,
							loading->texts[i].length };
			return 0;
		}
	return -ENOENT;
}

/*
 * The first mistake is enough here: `mhctl check` tells them all, and knows of what is included
 * whether it may be shown.
 */
static void on_problem(void *data, const struct zone_problem *problem)
{
	struct loading *loading = data;

	if (!problem->warning && !loading->error->length)
		text_printf(loading->error, "%s:%u: %s", problem->file, problem->line,
			    strcmp(problem->file, loading->order->files[0].name) != 0 ?
				    "a mistake, which 'mhctl check' tells" :
				    problem->text);
}

static int texts_open(const struct loading *loading, struct dns_blobs *blobs)
{
	const struct dns_order_zone *order = loading->order;

	for (uint32_t i = 0; i < order->file_count; i++) {
		int r = dns_blob_open(blobs, order->files[i].digest, &loading->texts[i]);

		if (r < 0) {
			text_printf(loading->error, "the text of %s: %s", order->files[i].name,
				    strerror(-r));
			return r;
		}
	}
	return 0;
}

int dns_load(const struct dns_order_zone *order, struct dns_blobs *blobs, struct text *error,
	     struct zone **ret_zone)
{
	struct loading loading = {
		.order = order,
		.texts = mem_alloc(order->file_count * sizeof(*loading.texts)),
		.error = error,
	};
	struct zone_source source = {
		.now = time(NULL), .include = on_include, .problem = on_problem, .data = &loading
	};
	struct dns_name origin;
	int r = name_parse(order->name, &origin);

	if (!r)
		r = texts_open(&loading, blobs);
	if (!r) {
		source.origin = origin.wire;
		source.file = (struct zone_text){ order->files[0].name, loading.texts[0].text,
						  loading.texts[0].length };
		r = zone_load(&source, ret_zone);
	}
	for (uint32_t i = 0; i < order->file_count; i++)
		dns_blob_close(&loading.texts[i]);
	mem_freep(&loading.texts);
	return r;
}

bool dns_load_same(const struct dns_order_zone *a, const struct dns_order_zone *b)
{
	if (a->file_count != b->file_count || strcasecmp(a->name, b->name) != 0)
		return false;
	for (uint32_t i = 0; i < a->file_count; i++)
		if (strcmp(a->files[i].name, b->files[i].name) != 0 ||
		    memcmp(a->files[i].digest, b->files[i].digest, DNS_DIGEST_SIZE) != 0)
			return false;
	return true;
}
