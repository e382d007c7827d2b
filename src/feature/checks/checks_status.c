/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What `mhctl status checks` and `mhctl checks` tell: each check and how it stands. */
#include "base/clock.h"
#include "feature/checks/checks.h"

#include <jansson.h>
#include <string.h>

static void set_age(json_t *json, const char *key, int64_t then_us, int64_t now_us)
{
	if (then_us)
		json_object_set_new(json, key, json_real((double)(now_us - then_us) / 1e6));
}

static json_t *check_json(const struct check_spec *spec, const struct health *health, int64_t now_us)
{
	json_t *json = json_object();

	json_object_set_new(json, "name", json_string(spec->name));
	json_object_set_new(
		json, "kind",
		json_string(health && health->kind ? health->kind : check_kind_word(spec->kind)));
	if (!health)
		return json;
	json_object_set_new(json, "state", json_string(health_state_word(health->state)));
	json_object_set_new(json, "hand", json_string(health_hand_word(health->hand)));
	json_object_set_new(json, "usable", json_boolean(health_usable(health)));
	json_object_set_new(json, "old", json_boolean(health->old));
	json_object_set_new(json, "weight", json_integer(health->weight));
	json_object_set_new(json, "flips", json_integer(health->flips));
	json_object_set_new(json, "reason", json_string(health->reason));
	set_age(json, "since_s", health->since_us, now_us);
	set_age(json, "checked_s_ago", health->last_us, now_us);
	if (health->took_us)
		json_object_set_new(json, "took_us", json_integer(health->took_us));
	if (health->next_us > now_us)
		json_object_set_new(json, "next_s",
				    json_real((double)(health->next_us - now_us) / 1e6));
	return json;
}

static json_t *ports_json(const struct healths *healths)
{
	json_t *json = json_object();

	json_object_set_new(json, "opened", json_string(healths->ports_by));
	json_object_set_new(json, "looks", json_integer((json_int_t)healths->ports_looks));
	return json;
}

void checks_status(const void *config, const struct facts *facts, const struct counters *counters,
		   struct json_t *status)
{
	int64_t now_us = clock_now_us();
	struct check_list list = { 0 };
	json_t *array = json_array();

	if (config)
		checks_specs(config, &list);
	for (size_t i = 0; i < list.items.count; i++)
		json_array_append_new(
			array, check_json(&list.items.items[i],
					  facts_health(facts, list.items.items[i].name), now_us));
	/* Those of other features. */
	for (size_t i = 0; facts->health && i < facts->health->items.count; i++) {
		const struct health *health = &facts->health->items.items[i];

		if (strchr(health->name, ' '))
			json_array_append_new(
				array, check_json(&(struct check_spec){ .name = health->name },
						  health, now_us));
	}
	json_object_set_new(status, "checks", array);
	if (facts->health && facts->health->ports_by) {
		array = json_array();
		json_array_append_new(array, ports_json(facts->health));
		json_object_set_new(status, "ports", array);
	}
	check_list_free(&list);
}
