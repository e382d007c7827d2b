/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * From the texts to one generation of the configuration, and from that and the facts to what is
 * desired: the same few lines for every feature.
 */
#include "feature/feature.h"

#include "feature/check.h"
#include "feature/own.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct conflict_data {
	struct diags *diags;
	const struct state *links;
};

const struct config_section *feature_sections(void)
{
	static struct config_section sections[FEATURE_MAX];

	for (size_t i = 0; i < feature_count; i++)
		sections[i] = (struct config_section){ .name = features[i]->name,
						       .root = features[i]->root };
	return sections;
}

int feature_load(const char *path, struct source **ret_source, struct diags *diags)
{
	int r = source_load(path, ret_source, diags);

	if (r == 0)
		config_attach(*ret_source, feature_sections(), feature_count);
	return r;
}

const void *feature_value(const struct config *all, const struct feature *feature)
{
	for (size_t i = 0; all && i < feature_count; i++)
		if (features[i] == feature)
			return all->values[i];
	return NULL;
}

void feature_own(const struct config *all, struct own_list *ret_list)
{
	*ret_list = (struct own_list){ 0 };
	for (size_t i = 0; all && i < feature_count; i++)
		if (all->values[i] && features[i]->own)
			features[i]->own(all->values[i], ret_list);
}

void feature_checks(const struct config *all, struct check_list *ret_list)
{
	*ret_list = (struct check_list){ 0 };
	for (size_t i = 0; all && i < feature_count; i++)
		if (all->values[i] && features[i]->checks)
			features[i]->checks(all->values[i], ret_list);
	check_list_index(ret_list);
}

int feature_read(struct source *source, struct diags *diags, struct config **ret_config)
{
	int r = config_read(source, feature_sections(), feature_count, diags, ret_config);

	/*
	 * A section that could be read is checked even if another one could not: all mistakes at
	 * once.
	 */
	for (size_t i = 0; i < feature_count; i++)
		if ((*ret_config)->values[i] && features[i]->check)
			features[i]->check((*ret_config)->values[i], diags);
	for (size_t i = 0; i < feature_count; i++)
		if ((*ret_config)->values[i] && features[i]->check_together)
			features[i]->check_together(*ret_config, (*ret_config)->values[i], diags);
	diags_sort(diags);
	return r < 0 || diags->errors ? -EINVAL : 0;
}

void desired_init(struct desired *desired, struct diags *diags)
{
	*desired = (struct desired){ .diags = diags };
}

void desired_free(struct desired *desired)
{
	state_free(&desired->state);
	for (size_t i = 0; i < desired->pending.count; i++)
		mem_freep(&desired->pending.items[i].text);
	VEC_FREE(&desired->pending);
	for (size_t i = 0; i < desired->tables.count; i++)
		mem_freep(&desired->tables.items[i].name);
	VEC_FREE(&desired->tables);
}

void desire_table_name(struct desired *desired, uint32_t table, const char *name)
{
	*VEC_PUSH(&desired->tables) = (struct table_name){ table, mem_strdup(name) };
}

void desire_object(struct desired *desired, enum object_kind kind, struct place place, void *object)
{
	*(struct object *)object =
		(struct object){ .place = place, .feature = desired->feature, .ours = true };
	state_add(&desired->state, kind, object);
}

const struct host_link *desired_link(const struct desired *desired, const struct facts *facts,
				     const char *name)
{
	STATE_EACH(&desired->state, OBJECT_LINK, const struct host_link, link)
		if (!strcmp(link->name, name))
			return link;
	return facts_link(facts, name);
}

void desire_pending(struct desired *desired, struct place place, const char *format, ...)
{
	struct pending *pending = VEC_PUSH(&desired->pending);
	va_list args;
	char *line = NULL;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		line = NULL;
	va_end(args);
	pending->place = place;
	pending->feature = desired->feature;
	pending->text = line ? line : mem_strdup(format);
}

void desire_again(struct desired *desired, time_t at)
{
	if (!desired->again_at || at < desired->again_at)
		desired->again_at = at;
}

static void tell_conflict(void *data, enum object_kind kind, const void *first, const void *second)
{
	const struct conflict_data *conflict = data;
	const struct object *a = first, *b = second;
	AUTO_TEXT one = { 0 }, other = { 0 };

	object_print(kind, first, conflict->links, &one);
	object_print(kind, second, conflict->links, &other);
	diag_between(conflict->diags, b->place, a->place, -EINVAL,
		     "'%s' contradicts '%s', which is asked for elsewhere; leave one of them out",
		     text_string(&other), text_string(&one));
}

void feature_desire(const struct config *config, const struct facts *facts,
		    struct desired *ret_desired)
{
	struct conflict_data conflict = { .diags = ret_desired->diags, .links = &ret_desired->state };

	ret_desired->state.others = facts->observed;
	for (size_t i = 0; config && i < feature_count; i++) {
		if (!config->values[i] || !features[i]->desire)
			continue;
		ret_desired->feature = (uint8_t)i;
		features[i]->desire(config->values[i], facts, ret_desired);
	}
	state_sort(&ret_desired->state, tell_conflict, &conflict);
}

static bool proves(const struct config *config, size_t feature)
{
	const struct feature *one = features[feature];
	const void *value = config ? config->values[feature] : NULL;

	return value && one->prove && (!one->proves || one->proves(value));
}

bool feature_proves(const struct config *config)
{
	for (size_t i = 0; i < feature_count; i++)
		if (proves(config, i))
			return true;
	return false;
}

void feature_prove(const struct config *config, const struct facts *facts,
		   const struct state *after, struct diags *diags)
{
	for (size_t i = 0; i < feature_count; i++)
		if (proves(config, i))
			features[i]->prove(config->values[i], facts, after, diags);
	diags_sort(diags);
}

void feature_interest(const struct config *config, struct interest *ret_interest)
{
	for (size_t i = 0; config && i < feature_count; i++)
		if (config->values[i] && features[i]->interest)
			features[i]->interest(config->values[i], ret_interest);
}

void interest_free(struct interest *interest)
{
	VEC_FREE(&interest->prefixes);
	VEC_FREE(&interest->sysctls);
	VEC_FREE(&interest->cgroups);
	VEC_FREE(&interest->tables);
}
