/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Who asked for an object of ours. On paper it bears the place in the file that was read; of the
 * running host the daemon knows it, which is asked for all of them at once. Where it does not answer,
 * the story is told without.
 */
#include "ctl/explain.h"

#include "base/fd.h"
#include "ctl/client.h"

#include <stdio.h>

static bool is_ours(const struct sentence *sentence)
{
	return sentence->object && ((const struct object *)sentence->object)->ours;
}

static void place_from_source(const struct source *source, struct sentence *sentence)
{
	const struct object *object = sentence->object;

	if (!is_ours(sentence) || !place_known(object->place) || object->place.file >= source->count)
		return;
	sentence->file = mem_strdup(source->files[object->place.file].name);
	sentence->line = object->place.line;
	sentence->column = object->place.column;
}

/* The object, as a plan shows it. */
static json_t *object_json(const struct state *state, const struct sentence *sentence)
{
	AUTO_TEXT text = { 0 };
	json_t *string;

	object_print(sentence->kind, sentence->object, state, &text);
	string = json_string(text_string(&text));
	return string ? string : json_string("");
}

static json_t *links_json(const struct state *state)
{
	AUTO_TEXT text = { 0 };
	json_t *string;

	STATE_EACH(state, OBJECT_LINK, const struct host_link, link) {
		text_printf(&text, "link %s index %u\n", link->name, link->index);
	}
	string = json_string(text_string(&text));
	return string ? string : json_string("");
}

static void take_places(struct story *story, const json_t *reply)
{
	const json_t *places = json_object_get(reply, "places");
	size_t at = 0;

	for (size_t i = 0; i < story->sentences.count; i++) {
		struct sentence *sentence = &story->sentences.items[i];
		const json_t *place;
		const char *file;

		if (!is_ours(sentence))
			continue;
		place = json_array_get(places, at++);
		file = json_string_value(json_object_get(place, "file"));
		if (!file)
			continue;
		sentence->file = mem_strdup(file);
		sentence->line = (unsigned)json_integer_value(json_object_get(place, "line"));
		sentence->column = (unsigned)json_integer_value(json_object_get(place, "column"));
	}
}

/* Asks the daemon about @objects, of which it takes over the reference. NULL when it does not answer. */
static json_t *ask_places(const struct call *call, const struct subject *subject, json_t *objects)
{
	json_t *request = json_pack("{s:s,s:o,s:o}", "command", "places", "links",
				    links_json(subject->state), "objects", objects);
	json_t *reply = NULL;
	AUTO_TEXT error = { 0 };
	AUTO_FD fd = -1;
	enum control_message type;
	bool answered = client_connect(call->socket, &fd, &error) == 0 &&
			client_send(fd, request, NULL) == 0 &&
			client_receive(fd, &type, &reply) == 0 && type == CONTROL_REPLY;

	json_decref(request);
	if (answered)
		return reply;
	json_decref(reply);
	return NULL;
}

json_t *subject_tables(const struct call *call, const struct subject *subject)
{
	const struct desired *desired = &subject->desired;
	json_t *tables = json_object(), *reply;
	char number[16];

	if (!subject->config) {
		reply = ask_places(call, subject, json_array());
		json_object_update(tables, json_object_get(reply, "tables"));
		json_decref(reply);
	}
	for (size_t i = 0; i < desired->tables.count; i++) {
		snprintf(number, sizeof(number), "%u", desired->tables.items[i].table);
		json_object_set_new(tables, number, json_string(desired->tables.items[i].name));
	}
	return tables;
}

static void ask_daemon(const struct call *call, const struct subject *subject, struct story *story)
{
	json_t *objects = json_array(), *reply;

	for (size_t i = 0; i < story->sentences.count; i++)
		if (is_ours(&story->sentences.items[i]))
			json_array_append_new(
				objects, object_json(subject->state, &story->sentences.items[i]));
	if (!json_array_size(objects)) {
		json_decref(objects);
		return;
	}
	reply = ask_places(call, subject, objects);
	take_places(story, reply);
	json_decref(reply);
}

void story_place(const struct call *call, const struct subject *subject, struct story *story)
{
	if (!subject->config) {
		ask_daemon(call, subject, story);
		return;
	}
	for (size_t i = 0; i < story->sentences.count; i++)
		place_from_source(subject->config->source, &story->sentences.items[i]);
}
