/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/zone_stage_test.h"
#include "dns/zones.h"

static struct zone *zone_of(const char *apex)
{
	struct dns_name origin = stage_name(apex);
	const char *text = "@ 60 SOA ns h 1 2 3 4 5\n@ 60 NS ns\nns 60 A 192.0.2.1\n";
	struct zone_source source = { .origin = origin.wire, .file = { "zone", text, strlen(text) } };
	struct zone *zone;

	assert_int_equal(zone_load(&source, &zone), 0);
	return zone;
}

static struct zones *zones_of(const char *const *apexes, size_t count)
{
	struct zone **list = mem_alloc((count + 1) * sizeof(struct zone *));
	struct zones *zones;

	for (size_t i = 0; i < count; i++)
		list[i] = zone_of(apexes[i]);
	zones = zones_new(list, count);
	for (size_t i = 0; i < count; i++)
		zone_unref(list[i]);
	free(list);
	return zones;
}

/* The place in the list of the zone that holds @text from @label on; -1 for none. */
static int find(const struct zones *zones, const char *text, unsigned label)
{
	struct dns_name name = stage_name(text);
	size_t index;

	return zones_find(zones, &name, label, &index) ? (int)index : -1;
}

static void the_longest_apex_wins(void **state)
{
	static const char *const apexes[] = { "example.com.", "sub.example.com.", "net.",
					      "a.b.c.d.e.f.g.h." };
	struct zones *zones = zones_of(apexes, 4);

	assert_int_equal(find(zones, "www.Example.COM.", 0), 0);
	assert_int_equal(find(zones, "example.com.", 0), 0);
	assert_int_equal(find(zones, "x.y.sub.example.com.", 0), 1);
	assert_int_equal(find(zones, "sub.example.com.", 0), 1);
	assert_int_equal(find(zones, "sub.example.com.", 1), 0);
	assert_int_equal(find(zones, "www.net.", 0), 2);
	assert_int_equal(find(zones, "com.", 0), -1);
	assert_int_equal(find(zones, "anexample.com.", 0), -1);
	assert_int_equal(find(zones, ".", 0), -1);
	assert_int_equal(find(zones, "b.c.d.e.f.g.h.", 0), -1);
	assert_int_equal(find(zones, "x.a.b.c.d.e.f.g.h.", 0), 3);
	zones_free(zones);
}

static void the_root_holds_everything(void **state)
{
	static const char *const apexes[] = { "." };
	struct zones *zones = zones_of(apexes, 1);

	assert_int_equal(find(zones, ".", 0), 0);
	assert_int_equal(find(zones, "what.ever.", 0), 0);
	assert_int_equal(find(zones, ".", 1), -1);
	zones_free(zones);
}

static void no_zones_hold_nothing(void **state)
{
	struct zones *zones = zones_new(NULL, 0);

	assert_int_equal(find(zones, "example.com.", 0), -1);
	zones_free(zones);
	zones_free(NULL);
}

static void many_zones_are_all_found(void **state)
{
	enum { COUNT = 3000 };
	static char texts[COUNT][40];
	static const char *apexes[COUNT];
	struct zones *zones;

	for (int i = 0; i < COUNT; i++) {
		snprintf(texts[i], sizeof(texts[i]), "z%d.%s", i / 2,
			 i % 2 ? "sub.example." : "example.");
		apexes[i] = texts[i];
	}
	zones = zones_of(apexes, COUNT);
	for (int i = 0; i < COUNT; i++) {
		char below[60];

		snprintf(below, sizeof(below), "www.%s", texts[i]);
		assert_int_equal(find(zones, below, 0), i);
		assert_int_equal(find(zones, texts[i], 1), -1);
	}
	zones_free(zones);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_longest_apex_wins),
		cmocka_unit_test(the_root_holds_everything),
		cmocka_unit_test(no_zones_hold_nothing),
		cmocka_unit_test(many_zones_are_all_found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
