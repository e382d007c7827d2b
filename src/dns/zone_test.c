/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/base32.h"
#include "dns/type.h"
#include "dns/zone_stage_test.h"

static const char *found_as(const struct zone_node *node, char buffer[NAME_TEXT_SIZE])
{
	return node ? name_text(node->name, buffer) : "-";
}

/* What zone_find() says of @name, as text. */
static const char *find(const struct zone *zone, const char *name)
{
	static char text[5 * NAME_TEXT_SIZE];
	struct dns_name read = stage_name(name);
	char node[NAME_TEXT_SIZE], encloser[NAME_TEXT_SIZE], wildcard[NAME_TEXT_SIZE],
		cut[NAME_TEXT_SIZE], dname[NAME_TEXT_SIZE];
	struct zone_match match;

	zone_find(zone, &read, &match);
	snprintf(text, sizeof(text), "node %s encloser %s wildcard %s cut %s dname %s",
		 found_as(match.node, node), found_as(match.encloser, encloser),
		 found_as(match.wildcard, wildcard), found_as(match.cut, cut),
		 found_as(match.dname, dname));
	assert_memory_equal(match.encloser->name, read.wire + read.starts[match.label],
			    match.encloser->length);
	return text;
}

static void a_set_stands_as_it_goes_into_a_message(void **state)
{
	static const uint8_t records[] = "\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\4\xc0\0\2\1"
					 "\xc0\x0c\0\x01\0\x01\0\0\0\x3c\0\4\xc0\0\2\2";
	struct stage stage = { 0 };
	struct zone *zone = stage_load(&stage, STAGE_HEAD "www 60 A 192.0.2.1\n\tAAAA 2001:db8::1\n"
							  "\t60 A 192.0.2.2\nWWW TXT hello\n");
	struct dns_name name = stage_name("www.example.com.");
	struct zone_match match;

	assert_string_equal(text_string(&stage.problems), "");
	assert_non_null(zone);
	zone_find(zone, &name, &match);
	const struct zone_rrset *set = zone_rrset(match.node, DNS_A);

	assert_int_equal(set->count, 2);
	assert_int_equal(set->size, sizeof(records) - 1);
	assert_memory_equal(set->records, records, sizeof(records) - 1);
	assert_int_equal(zone_rrset_ttl(set), 60);
	assert_non_null(zone_rrset(match.node, DNS_TXT));
	assert_non_null(zone_rrset(match.node, DNS_AAAA));
	assert_null(zone_rrset(match.node, DNS_MX));
	assert_int_equal(zone->serial, 7);
	assert_int_equal(zone->negative_ttl, 300);
	assert_int_equal(zone->names, 2);
	assert_int_equal(zone->records, 6);
	zone_unref(zone);
}

static void what_lies_at_a_name_and_above_is_found(void **state)
{
	struct stage stage = { 0 };
	struct zone *zone = stage_load(&stage, STAGE_HEAD "a.deep A 192.0.2.1\n"
							  "*.wild A 192.0.2.2\n"
							  "x.y.wild A 192.0.2.3\n"
							  "cut NS ns.sub.cut\n"
							  "ns.sub.cut A 192.0.2.4\n"
							  "moved DNAME example.net.\n");

	assert_string_equal(text_string(&stage.problems), "");
	assert_string_equal(
		find(zone, "a.deep.example.com."),
		"node a.deep.example.com. encloser a.deep.example.com. wildcard - cut - dname -");
	assert_string_equal(
		find(zone, "deep.example.com."),
		"node deep.example.com. encloser deep.example.com. wildcard - cut - dname -");
	assert_string_equal(find(zone, "b.deep.example.com."),
			    "node - encloser deep.example.com. wildcard - cut - dname -");
	assert_string_equal(
		find(zone, "p.q.wild.example.com."),
		"node - encloser wild.example.com. wildcard *.wild.example.com. cut - dname -");
	/* A name that exists shields what is below it from the wildcard (RFC 4592, 2.2.1). */
	assert_string_equal(find(zone, "z.y.wild.example.com."),
			    "node - encloser y.wild.example.com. wildcard - cut - dname -");
	assert_string_equal(find(zone, "cut.example.com."),
			    "node cut.example.com. encloser cut.example.com. wildcard - cut "
			    "cut.example.com. dname -");
	assert_string_equal(
		find(zone, "ns.sub.cut.example.com."),
		"node ns.sub.cut.example.com. encloser ns.sub.cut.example.com. wildcard - "
		"cut cut.example.com. dname -");
	assert_string_equal(
		find(zone, "what.sub.cut.example.com."),
		"node - encloser sub.cut.example.com. wildcard - cut cut.example.com. dname -");
	assert_string_equal(
		find(zone, "moved.example.com."),
		"node moved.example.com. encloser moved.example.com. wildcard - cut - dname -");
	assert_string_equal(
		find(zone, "a.b.moved.example.com."),
		"node - encloser moved.example.com. wildcard - cut - dname moved.example.com.");
	assert_string_equal(find(zone, "no.example.com."),
			    "node - encloser example.com. wildcard - cut - dname -");
	zone_unref(zone);
}

/* A zone as a list of records, in which everything is searched for from the front. */
struct twin_record {
	struct dns_name owner;
	uint16_t type;
};

struct twin {
	VEC(struct twin_record) records;
};

static bool twin_exists(const struct twin *twin, const uint8_t *name)
{
	for (size_t i = 0; i < twin->records.count; i++)
		if (name_within(twin->records.items[i].owner.wire, name))
			return true;
	return false;
}

static bool twin_has(const struct twin *twin, const uint8_t *name, uint16_t type)
{
	for (size_t i = 0; i < twin->records.count; i++)
		if (twin->records.items[i].type == type &&
		    name_equal(twin->records.items[i].owner.wire, name))
			return true;
	return false;
}

static const char *twin_text(const uint8_t *wire, char buffer[NAME_TEXT_SIZE])
{
	return wire ? name_text(wire, buffer) : "-";
}

static const char *twin_find(const struct twin *twin, const char *text)
{
	static char result[5 * NAME_TEXT_SIZE];
	char a[NAME_TEXT_SIZE], b[NAME_TEXT_SIZE], c[NAME_TEXT_SIZE], d[NAME_TEXT_SIZE],
		e[NAME_TEXT_SIZE];
	struct dns_name name = stage_name(text);
	const uint8_t *cut = NULL, *dname = NULL, *encloser = NULL;
	uint8_t star[NAME_SIZE + 2] = "\1*";
	bool wild;

	for (unsigned i = 0; i + 2 <= name.labels; i++) {
		const uint8_t *at = name.wire + name.starts[i];

		if (i + 2 < name.labels && twin_has(twin, at, DNS_NS))
			cut = at;
		if (!encloser && twin_exists(twin, at))
			encloser = at;
	}
	bool exists = encloser == name.wire;

	memcpy(star + 2, encloser, name_length(encloser));
	wild = !exists && twin_exists(twin, star);
	if (!exists && !cut && twin_has(twin, encloser, DNS_DNAME))
		dname = encloser;
	snprintf(result, sizeof(result), "node %s encloser %s wildcard %s cut %s dname %s",
		 twin_text(exists ? name.wire : NULL, a), twin_text(encloser, b),
		 twin_text(wild ? star : NULL, c), twin_text(cut, d), twin_text(dname, e));
	return result;
}

static void random_name(char *text, size_t size)
{
	static const char *const labels[] = { "a", "b", "c", "*", "long-label-of-many-letters" };
	int depth = rand() % 5;

	*text = '\0';
	for (int i = 0; i < depth; i++) {
		strncat(text, labels[rand() % 5], size - strlen(text) - 1);
		strncat(text, ".", size - strlen(text) - 1);
	}
	strncat(text, "example.com.", size - strlen(text) - 1);
}

static void make_world(struct text *text, struct twin *twin)
{
	static const uint16_t types[] = { DNS_A, DNS_A, DNS_TXT, DNS_TXT, DNS_NS, DNS_DNAME };
	static const char *const data[] = { "A 192.0.2.%d", "A 192.0.3.%d", "TXT \"%d\"",
					    "TXT \"x%d\"",  "NS n%d.net.",  "DNAME n%d.net." };
	int records = rand() % 12;

	text_puts(text, STAGE_HEAD);
	*VEC_PUSH(&twin->records) = (struct twin_record){ .owner = stage_name("example.com."),
							  .type = DNS_SOA };
	for (int i = 0; i < records; i++) {
		int kind = rand() % 30 ? rand() % 5 : 5;
		char owner[200];

		random_name(owner, sizeof(owner));
		text_printf(text, "%s ", owner);
		text_printf(text, data[kind], rand() % 200);
		text_puts(text, "\n");
		*VEC_PUSH(&twin->records) = (struct twin_record){ .owner = stage_name(owner),
								  .type = types[kind] };
	}
}

/* Every record of the file is in the zone once, whatever the order they came in. */
static void same_records(const struct zone *zone, const struct twin *twin)
{
	for (size_t i = 0; i < twin->records.count; i++) {
		const struct twin_record *record = &twin->records.items[i];
		const struct zone_node *node = zone_node_at(zone, &record->owner, 0);

		assert_non_null(node);
		assert_non_null(zone_rrset(node, record->type));
	}
	for (const struct zone_node *node = NULL; (node = zone_node_next(zone, node));) {
		const struct zone_rrset *set = NULL;

		assert_int_equal(!(node->flags & ZONE_EMPTY), zone_rrset_next(node, NULL) != NULL);
		while ((set = zone_rrset_next(node, set)))
			assert_true(node->flags & ZONE_APEX || twin_has(twin, node->name, set->type));
	}
}

static void random_zones_are_found_as_by_a_slow_twin(void **state)
{
	unsigned loaded = 0;

	srand(4711);
	for (int world = 0; world < 3000; world++) {
		struct stage stage = { 0 };
		struct twin twin = { 0 };
		AUTO_TEXT text = { 0 };

		make_world(&text, &twin);
		struct zone *zone = stage_load(&stage, text.data);

		if (zone) {
			loaded++;
			same_records(zone, &twin);
		}
		for (int i = 0; zone && i < 60; i++) {
			char name[200];

			random_name(name, sizeof(name));
			assert_string_equal(find(zone, name), twin_find(&twin, name));
		}
		zone_unref(zone);
		text_free(&stage.problems);
		VEC_FREE(&twin.records);
	}
	/* Names below a DNAME and a few others are refused. */
	assert_in_range(loaded, 2000, 3000);
}

static void pieces_of_a_name_are_put_together(void **state)
{
	struct stage stage = { 0 };
	AUTO_TEXT text = { 0 };

	text_puts(&text, STAGE_HEAD);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < 1000; i++)
			text_printf(&text, "n%d.m%d A 192.0.2.%d\n", i, i % 7, round + 1);
	struct zone *zone = stage_load(&stage, text.data);

	assert_string_equal(text_string(&stage.problems), "");
	/* The names, seven above them, the apex; nothing of the pieces stays behind. */
	assert_int_equal(zone->names, 1008);
	assert_int_equal(zone->records, 3002);
	assert_in_range(zone->size, 0, 1008 * 100);
	for (int i = 0; i < 1000; i++) {
		char name[100];

		snprintf(name, sizeof(name), "N%d.m%d.example.COM.", i, i % 7);
		struct dns_name read = stage_name(name);
		const struct zone_rrset *set = zone_rrset(zone_node_at(zone, &read, 0), DNS_A);

		assert_int_equal(set->count, 3);
		assert_int_equal(set->records[15], 1);
		assert_int_equal(set->records[47], 3);
	}
	zone_unref(zone);
}

static void deep_names_are_found_by_few_steps(void **state)
{
	struct stage stage = { 0 };
	struct zone *zone = stage_load(&stage,
				       STAGE_HEAD "1.2.3.4.5.6.7.8.9.10.11.12.13.14.15.16 TXT x\n");
	char encloser[NAME_TEXT_SIZE], name[600];
	struct zone_match match;

	assert_int_equal(zone->names, 17);
	for (int exists = 16; exists >= 0; exists--) {
		int at = snprintf(name, sizeof(name), "q.w.e.r.t.z.");

		for (int i = 17 - exists; i <= 16; i++)
			at += snprintf(name + at, sizeof(name) - (size_t)at, "%d.", i);
		snprintf(name + at, sizeof(name) - (size_t)at, "example.com.");
		struct dns_name read = stage_name(name);

		zone_find(zone, &read, &match);
		assert_null(match.node);
		assert_int_equal(match.label, 6);
		assert_string_equal(name_text(match.encloser->name, encloser), name + 12);
	}
	zone_unref(zone);
}

static void hashes_of_nsec3_are_those_of_rfc_5155(void **state)
{
	/* Its appendix A: 12 iterations, salt aabbccdd. */
	static const char *const expected[][2] = {
		{ "example.", "0p9mhaveqvm6t7vbl5lop2u3t2rp3tom" },
		{ "a.example.", "35mthgpgcu1qg68fab165klnsnk3dpvl" },
		{ "*.w.example.", "r53bq7cc2uvmubfu5ocmm6pers9tk9en" },
	};
	struct zone zone = { .iterations = 12,
			     .salt_length = 4,
			     .salt = (const uint8_t *)"\xaa\xbb\xcc\xdd" };
	uint8_t hash[ZONE_HASH_SIZE];
	char text[BASE32_HASH_SIZE + 1] = "";

	for (size_t i = 0; i < ARRAY_SIZE(expected); i++) {
		zone_nsec3_hash(&zone, stage_name(expected[i][0]).wire, hash);
		base32_put(hash, text);
		assert_string_equal(text, expected[i][1]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_set_stands_as_it_goes_into_a_message),
		cmocka_unit_test(what_lies_at_a_name_and_above_is_found),
		cmocka_unit_test(random_zones_are_found_as_by_a_slow_twin),
		cmocka_unit_test(pieces_of_a_name_are_put_together),
		cmocka_unit_test(deep_names_are_found_by_few_steps),
		cmocka_unit_test(hashes_of_nsec3_are_those_of_rfc_5155),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
