/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/check.h"

#include <errno.h>
#include <string.h>

struct check_spec *check_list_add(struct check_list *list, enum check_kind kind, const char *name)
{
	struct check_spec *spec = VEC_PUSH(&list->items);
	char **own = VEC_PUSH(&list->names);

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

const struct check_spec *check_list_find(const struct check_list *list, const char *name)
{
	for (size_t i = 0; i < list->items.count; i++)
		if (strcmp(list->items.items[i].name, name) == 0)
			return &list->items.items[i];
	return NULL;
}

void check_list_free(struct check_list *list)
{
	for (size_t i = 0; i < list->names.count; i++)
		mem_freep(&list->names.items[i]);
	VEC_FREE(&list->names);
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
