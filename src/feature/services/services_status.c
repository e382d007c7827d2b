/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status services` tells: each service as it was asked for, and what it counted. */
#include "feature/services/services.h"

#include <jansson.h>
#include <stdio.h>

static void list_set(json_t *json, const char *key, const struct config_list *list,
		     const struct config_field *field)
{
	const char *item = list->items;
	json_t *array = json_array();

	for (unsigned i = 0; i < list->count; i++) {
		AUTO_TEXT text = { 0 };

		config_value_print(field, item + i * config_size(field), &text);
		json_array_append_new(array, json_string(text_string(&text)));
	}
	json_object_set_new(json, key, array);
}

static const struct config_field *item_field(size_t offset)
{
	const struct config_field *field = services_fields;

	while (field->offset != offset)
		field++;
	return field->item;
}

static void protocols_set(json_t *json, const struct config_list *protocols)
{
	const uint32_t *items = protocols->items;
	json_t *array = json_array();

	for (unsigned i = SERVICES_UDP; i <= SERVICES_TCP; i++) {
		bool wanted = !protocols->count;

		for (unsigned j = 0; j < protocols->count; j++)
			wanted = wanted || items[j] == i;
		if (wanted)
			json_array_append_new(array, json_string(services_protocol_words[i]));
	}
	json_object_set_new(json, "protocols", array);
}

static json_t *service_json(const struct services_item *item, const struct counters *counters)
{
	static const struct counter none;
	const struct counter *counter;
	json_t *json = json_object();
	char key[80];

	snprintf(key, sizeof(key), "service %s", item->name);
	counter = counters_find(counters, key);
	counter = counter ? counter : &none;
	json_object_set_new(json, "name", json_string(item->name));
	json_object_set_new(json, "kind", json_string(services_kind_words[item->kind]));
	list_set(json, "listen", &item->listen, item_field(offsetof(struct services_item, listen)));
	list_set(json, "ports", &item->ports, item_field(offsetof(struct services_item, ports)));
	protocols_set(json, &item->protocols);
	json_object_set_new(json, "asked", json_integer((json_int_t)counter->asked));
	json_object_set_new(json, "answered", json_integer((json_int_t)counter->answered));
	json_object_set_new(json, "dropped", json_integer((json_int_t)counter->dropped));
	json_object_set_new(json, "failed", json_integer((json_int_t)counter->failed));
	return json;
}

void services_status(const void *config, const struct facts *facts, const struct counters *counters,
		     struct json_t *status)
{
	const struct config_list *services = config;
	const struct services_item *item = services->items;
	const struct counter *outside = counters_find(counters, "outside");
	json_t *list = json_array();

	for (unsigned i = 0; i < services->count; i++, item++)
		json_array_append_new(list, service_json(item, counters));
	json_object_set_new(status, "services", list);
	/*
	 * What reached a socket, but no service: sent to an address of this host that none listens
	 * on.
	 */
	json_object_set_new(status, "outside",
			    json_integer((json_int_t)(outside ? outside->dropped : 0)));
}
