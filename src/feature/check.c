/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *check_kind_word(enum check_kind kind)
{
	static const char *const words[CHECK_KINDS] = {
		"ping",	  "arp",   "nd",   "tcp",     "http", "dns",	 "udp",
		"script", "agent", "port", "process", "file", "carrier", "combination",
	};

	return words[kind];
}

struct check_spec *check_list_add(struct check_list *list, enum check_kind kind, const char *name)
{
	struct check_spec *spec = VEC_PUSH(&list->items);
	char **own = VEC_PUSH(&list->names);

	mem_freep(&list->sorted);
	*own = mem_strdup(name);
	*spec = (struct check_spec){
		.name = *own,
		.kind = kind,
		.every_ms = 2000,
		.timeout_ms = 1000,
		.jitter_percent = 10,
		.rules = { .rise = 2, .fall = 3, .lost = 15, .half_life_ms = 60000 },
		.http = { .verify = true },
	};
	return spec;
}

static int by_name(const void *a, const void *b, void *data)
{
	const struct check_spec *items = data;

	return strcmp(items[*(const uint32_t *)a].name, items[*(const uint32_t *)b].name);
}

void check_list_index(struct check_list *list)
{
	mem_freep(&list->sorted);
	list->sorted = mem_alloc((list->items.count + 1) * sizeof(*list->sorted));
	for (size_t i = 0; i < list->items.count; i++)
		list->sorted[i] = (uint32_t)i;
	if (list->items.count)
		qsort_r(list->sorted, list->items.count, sizeof(*list->sorted), by_name,
			list->items.items);
}

const struct check_spec *check_list_find(const struct check_list *list, const char *name)
{
	size_t low = 0, high = list->sorted ? list->items.count : 0;

	for (size_t i = 0; !list->sorted && i < list->items.count; i++)
		if (strcmp(list->items.items[i].name, name) == 0)
			return &list->items.items[i];
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		const struct check_spec *spec = &list->items.items[list->sorted[middle]];
		int order = strcmp(spec->name, name);

		if (order == 0)
			return spec;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

void check_list_free(struct check_list *list)
{
	for (size_t i = 0; i < list->names.count; i++)
		mem_freep(&list->names.items[i]);
	VEC_FREE(&list->names);
	mem_freep(&list->sorted);
	VEC_FREE(&list->items);
}

static int digit_of(char digit)
{
	return digit >= '0' && digit <= '9' ? digit - '0' :
	       digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 :
	       digit >= 'A' && digit <= 'F' ? digit - 'A' + 10 :
					      0;
}

size_t check_bytes_read(const struct check_bytes *bytes, uint8_t *buffer, size_t room)
{
	size_t length = bytes->text ? strlen(bytes->text) / (bytes->hex ? 2 : 1) : 0;

	if (length > room)
		length = room;
	for (size_t i = 0; i < length; i++)
		buffer[i] = (uint8_t)(bytes->hex ? digit_of(bytes->text[2 * i]) << 4 |
							   digit_of(bytes->text[2 * i + 1]) :
						   bytes->text[i]);
	return length;
}

bool check_is_local(const struct check_spec *spec)
{
	switch (spec->kind) {
	case CHECK_PORT:
	case CHECK_PROCESS:
	case CHECK_FILE:
	case CHECK_CARRIER:
		return true;
	case CHECK_PING:
	case CHECK_ARP:
	case CHECK_ND:
	case CHECK_TCP:
	case CHECK_HTTP:
	case CHECK_DNS:
	case CHECK_UDP:
	case CHECK_SCRIPT:
	case CHECK_AGENT:
	case CHECK_COMBINED:
		return false;
	}
	return false;
}

bool check_verify_name(const struct check_list *list, const char *name, struct place place,
		       struct diags *diags)
{
	VEC(const char *) names = { 0 };
	const char *near;

	if (check_list_find(list, name))
		return true;
	for (size_t i = 0; i < list->items.count; i++)
		if (!strchr(list->items.items[i].name, ' '))
			*VEC_PUSH(&names) = list->items.items[i].name;
	*VEC_PUSH(&names) = NULL;
	near = text_nearest(name, names.items);
	if (near)
		diag_at(diags, place, -EINVAL, "there is no check '%s'; did you mean '%s'?", name,
			near);
	else
		diag_at(diags, place, -EINVAL, "there is no check '%s'; add it to `checks`", name);
	VEC_FREE(&names);
	return false;
}
