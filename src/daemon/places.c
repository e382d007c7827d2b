/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who asked for this? For mhctl, which reads the host by itself and knows no configuration. */
#include "daemon/places.h"

#include <jansson.h>
#include <stdio.h>

/* The only object of @state that is no link; or NULL, and then nothing is asked. */
static const void *the_object(const struct state *state, enum object_kind *ret_kind)
{
	for (enum object_kind kind = OBJECT_LINK + 1; kind < OBJECT_KINDS; kind++)
		if (state_count(state, kind)) {
			*ret_kind = kind;
			return state_at(state, kind, 0);
		}
	return NULL;
}

static json_t *place_json(const struct object *object, const struct source *source)
{
	if (!object || !place_known(object->place) || !source || object->place.file >= source->count)
		return json_null();
	return json_pack("{s:s,s:i,s:i,s:s}", "file", source->files[object->place.file].name,
			 "line", (int)object->place.line, "column", (int)object->place.column,
			 "feature", features[object->feature]->name);
}

/* One object, as a plan shows it. */
static json_t *find_place(const struct engine_status *status, const char *links, const char *line)
{
	const struct object *found = NULL;
	struct state asked = { 0 };
	AUTO_TEXT text = { 0 }, error = { 0 };
	enum object_kind kind;
	const void *like;
	json_t *json;

	text_printf(&text, "%s\n%s\n", links, line);
	if (state_parse(text_string(&text), &asked, &error) < 0)
		return json_null();
	like = the_object(&asked, &kind);
	if (like && status->desired)
		found = state_find(&status->desired->state, kind, like);
	json = place_json(found, generation_source(status->generation));
	state_free(&asked);
	return json ? json : json_null();
}

/* What the configuration calls its tables. */
static json_t *tables_json(const struct desired *desired)
{
	json_t *tables = json_object();

	for (size_t i = 0; desired && i < desired->tables.count; i++) {
		char number[16];

		snprintf(number, sizeof(number), "%u", desired->tables.items[i].table);
		json_object_set_new(tables, number, json_string(desired->tables.items[i].name));
	}
	return tables;
}

json_t *report_places(const struct engine_status *status, const json_t *request)
{
	const char *links = json_string_value(json_object_get(request, "links"));
	const json_t *objects = json_object_get(request, "objects"), *object;
	json_t *places = json_array();
	size_t index;

	json_array_foreach(objects, index, object)
	{
		const char *line = json_string_value(object);

		json_array_append_new(places, line && index < PLACES_MOST ?
						      find_place(status, links ? links : "", line) :
						      json_null());
	}
	return json_pack("{s:i,s:[],s:o,s:o}", "exit", 0, "diagnostics", "places", places, "tables",
			 tables_json(status->desired));
}
