/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/crew.h"
#include "feature/feature.h"
#include "feature/services/services_setup.h"
#include "feature/services/services_udp.h"

#include <errno.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char text[] =
	"services:\n"
	"  - { name: who, kind: whoami, listen: [\"2001:db8:1:1::/64\", 198.51.100.0/24], ports: "
	"[7777] }\n"
	"  - { name: near, kind: echo, listen: [198.51.100.64/26], ports: [\"7776-7777\"], "
	"protocols: [udp],\n"
	"      max-connections: 5, idle-timeout: 2s }\n";

struct scene {
	struct config *config;
	const void *services;
	struct state observed;
	struct facts facts;
	struct text bytes;
};

static void route_add(struct state *state, const char *prefix, uint8_t type, bool ours)
{
	struct host_route route = { .object.ours = ours, .table = RT_TABLE_LOCAL, .type = type };

	assert_int_equal(prefix_parse(prefix, &route.to), 0);
	state_add(state, OBJECT_ROUTE, &route);
}

static void scene_open(struct scene *scene)
{
	AUTO_DIAGS diags;

	diags_init(&diags);
	*scene = (struct scene){ 0 };
	assert_int_equal(
		feature_read(source_of_text("in.yaml", text, strlen(text)), &diags, &scene->config),
		0);
	for (size_t i = 0; i < feature_count; i++)
		if (features[i] == &services_feature)
			scene->services = scene->config->values[i];
	route_add(&scene->observed, "198.51.100.0/24", RTN_LOCAL, true);
	route_add(&scene->observed, "192.0.2.1/32", RTN_LOCAL, false);
	route_add(&scene->observed, "198.51.100.9/32", RTN_UNICAST, true);
	route_add(&scene->observed, "2001:db8:1:1::/64", RTN_LOCAL, true);
	state_sort(&scene->observed, NULL, NULL);
	scene->facts.observed = &scene->observed;
	services_configure(scene->services, &scene->facts, &scene->bytes);
}

static void scene_close(struct scene *scene)
{
	config_free(scene->config);
	state_free(&scene->observed);
	text_free(&scene->bytes);
}

static struct address address_of(const char *string)
{
	struct address address;

	assert_int_equal(address_parse(string, &address), 0);
	return address;
}

static void orders_arrive_as_they_were_given(void **state)
{
	struct services_orders orders;
	struct scene scene;

	scene_open(&scene);
	assert_int_equal(services_orders_read(scene.bytes.data, scene.bytes.length, &orders), 0);
	assert_int_equal(orders.services.count, 2);
	assert_string_equal(orders.services.items[0].name, "who");
	assert_int_equal(orders.services.items[0].kind, SERVICES_WHOAMI);
	assert_int_equal(orders.services.items[0].max_connections, 1024);
	assert_int_equal(orders.services.items[0].idle_ms, 30000);
	assert_int_equal(orders.services.items[1].max_connections, 5);
	assert_int_equal(orders.services.items[1].idle_ms, 2000);
	/* Two prefixes by two protocols, and one by one. */
	assert_int_equal(orders.rules.count, 5);
	assert_int_equal(orders.rules.items[4].first, 7776);
	assert_int_equal(orders.rules.items[4].last, 7777);
	assert_int_equal(orders.rules.items[4].service, 1);
	/* Local routes that are ours; neither an exception, nor somebody else's address. */
	assert_int_equal(orders.claims.count, 2);
	services_orders_free(&orders);
	scene_close(&scene);
}

static void orders_that_are_cut_or_changed_are_refused(void **state)
{
	struct services_orders orders;
	struct scene scene;
	char longer[2000] = { 0 };

	scene_open(&scene);
	for (size_t length = 0; length < scene.bytes.length; length++)
		assert_int_equal(services_orders_read(scene.bytes.data, length, &orders), -EPROTO);
	assert_true(scene.bytes.length < sizeof(longer));
	memcpy(longer, scene.bytes.data, scene.bytes.length);
	assert_int_equal(services_orders_read(longer, scene.bytes.length + 1, &orders), -EPROTO);
	/* The second service takes the name of the first; a kind and an index that do not exist. */
	longer[2 + 1 + 3 + 9] = 3;
	memcpy(longer + 2 + 1 + 3 + 9 + 1, "who", 3);
	assert_int_equal(services_orders_read(longer, scene.bytes.length, &orders), -EPROTO);
	scene.bytes.data[2 + 1 + 3] = SERVICES_KINDS;
	assert_int_equal(services_orders_read(scene.bytes.data, scene.bytes.length, &orders),
			 -EPROTO);
	scene_close(&scene);
}

static void nothing_is_served_without_a_configuration(void **state)
{
	struct services_orders orders;
	struct state observed = { 0 };
	AUTO_TEXT bytes = { 0 };

	state_sort(&observed, NULL, NULL);
	services_configure(NULL, &(struct facts){ .observed = &observed }, &bytes);
	assert_int_equal(services_orders_read(bytes.data, bytes.length, &orders), 0);
	assert_int_equal(orders.services.count + orders.rules.count + orders.claims.count, 0);
	services_orders_free(&orders);
	state_free(&observed);
}

static void a_setup_finds_the_service_of_a_packet(void **state)
{
	static const struct {
		uint8_t protocol;
		uint16_t port;
		const char *address;
		int service;
	} cases[] = {
		{ IPPROTO_UDP, 7777, "198.51.100.1", 0 },
		{ IPPROTO_UDP, 7777, "198.51.100.65", 1 },
		{ IPPROTO_TCP, 7777, "198.51.100.65", 0 },
		{ IPPROTO_UDP, 7776, "198.51.100.65", 1 },
		{ IPPROTO_UDP, 7776, "198.51.100.1", -1 },
		{ IPPROTO_TCP, 7777, "2001:db8:1:1:ffff::", 0 },
		{ IPPROTO_TCP, 7777, "2001:db8:1:2::", -1 },
	};
	struct services_socket sockets[2][2] = { 0 }, *socket;
	struct services_account account;
	struct services_orders orders;
	struct services_setup *setup;
	struct scene scene;

	scene_open(&scene);
	assert_int_equal(services_orders_read(scene.bytes.data, scene.bytes.length, &orders), 0);
	setup = services_setup_new(&orders, 2, NULL);
	assert_null(services_setup_port(setup, IPPROTO_TCP, 7776));
	/* In several orders, so that what is remembered is asked first. */
	for (size_t i = 0; i < 7 * ARRAY_SIZE(cases); i++) {
		size_t at = i * i % ARRAY_SIZE(cases);
		struct address address = address_of(cases[at].address);
		bool served;

		socket = &sockets[cases[at].protocol == IPPROTO_UDP][cases[at].port - 7776];
		socket->by_address = services_setup_port(setup, cases[at].protocol, cases[at].port);
		served = services_udp_account(setup, socket, &address, &account);
		assert_int_equal(served ? (int)account.service : -1, cases[at].service);
	}
	services_setup_succeed(NULL, setup);
	services_orders_free(&orders);
	scene_close(&scene);
}

static void counters_go_on_under_the_next_setup(void **state)
{
	struct services_setup *first, *second;
	struct services_orders orders;
	struct counters counters = { 0 };
	AUTO_TEXT report = { 0 };
	struct scene scene;

	scene_open(&scene);
	assert_int_equal(services_orders_read(scene.bytes.data, scene.bytes.length, &orders), 0);
	first = services_setup_new(&orders, 2, NULL);
	first->counters[0][1].asked = 3; /* near */
	first->counters[1][1].asked = 4;
	first->counters[1][2].answered = 5; /* the first claim */
	/* The services and the claims change their places. */
	orders.services.items[0] = orders.services.items[1];
	orders.services.count = 1;
	orders.rules.count = 0;
	orders.claims.items[3 - 2] = orders.claims.items[0];
	orders.claims.items[0] =
		(struct prefix){ .family = AF_INET, .length = 32, .bytes = { 192, 0, 2, 7 } };
	second = services_setup_new(&orders, 2, first);
	second->counters[0][0].asked = 10;
	services_setup_succeed(second, first);
	services_setup_report(second, &report);
	assert_int_equal(crew_report(report.data, report.length, &counters), 0);
	assert_int_equal(counters_find(&counters, "service near")->asked, 17);
	assert_int_equal(counters_find(&counters, "prefix 198.51.100.0/24")->answered, 5);
	assert_int_equal(counters.entries.count, 2);
	counters_free(&counters);
	services_setup_succeed(NULL, second);
	services_orders_free(&orders);
	scene_close(&scene);
}

static void a_report_is_taken_whole_or_not_at_all(void **state)
{
	struct counter counter = { 1, 2, 3, 4 };
	struct counters counters = { 0 };
	AUTO_TEXT report = { 0 };

	crew_report_put(&report, "service a", &counter);
	crew_report_put(&report, "service b", &counter);
	for (size_t length = 1; length < report.length; length++)
		if (length != report.length / 2)
			assert_int_equal(crew_report(report.data, length, &counters), -EPROTO);
	assert_int_equal(counters.entries.count, 0);
	assert_int_equal(crew_report(report.data, report.length, &counters), 0);
	assert_int_equal(counters_find(&counters, "service b")->failed, 4);
	counters_free(&counters);
}

static void status_tells_what_was_asked_for_and_counted(void **state)
{
	struct counters counters = { 0 };
	json_t *status = json_object(), *near;
	struct scene scene;

	scene_open(&scene);
	counters_get(&counters, "service near")->asked = 12;
	counters_get(&counters, "outside")->dropped = 2;
	services_status(scene.services, &scene.facts, &counters, status);
	near = json_array_get(json_object_get(status, "services"), 1);
	assert_string_equal(json_string_value(json_object_get(near, "name")), "near");
	assert_string_equal(json_string_value(json_object_get(near, "kind")), "echo");
	assert_string_equal(json_string_value(json_array_get(json_object_get(near, "listen"), 0)),
			    "198.51.100.64/26");
	assert_string_equal(json_string_value(json_array_get(json_object_get(near, "ports"), 0)),
			    "7776-7777");
	assert_int_equal(json_array_size(json_object_get(near, "protocols")), 1);
	assert_int_equal(json_integer_value(json_object_get(near, "asked")), 12);
	assert_int_equal(json_integer_value(json_object_get(status, "outside")), 2);
	json_decref(status);
	counters_free(&counters);
	scene_close(&scene);
}

static void simple_services_are_not_answered(void **state)
{
	assert_true(services_udp_guarded(0, 7777));
	assert_true(services_udp_guarded(7, 7777));
	assert_true(services_udp_guarded(19, 7777));
	assert_true(services_udp_guarded(7777, 7777));
	assert_false(services_udp_guarded(7778, 7777));
	assert_false(services_udp_guarded(53, 7));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(orders_arrive_as_they_were_given),
		cmocka_unit_test(orders_that_are_cut_or_changed_are_refused),
		cmocka_unit_test(nothing_is_served_without_a_configuration),
		cmocka_unit_test(a_setup_finds_the_service_of_a_packet),
		cmocka_unit_test(counters_go_on_under_the_next_setup),
		cmocka_unit_test(a_report_is_taken_whole_or_not_at_all),
		cmocka_unit_test(status_tells_what_was_asked_for_and_counted),
		cmocka_unit_test(simple_services_are_not_answered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
