/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/read_test.h"

#include "base/mem.h"

/* What stands around the value of one field, so that nothing else is wrong. */
#define SERVICE(field) "services:\n  - {name: a, kind: echo, listen: [192.0.2.0/24], " field "}\n"
#define TABLE(id) "routing: {tables: {a: {id: " id "}}}\n"
#define CLAIM(prefix) "prefixes:\n  - prefix: " prefix "\n"

static void assert_mistakes(const char *const cases[][2], size_t count)
{
	for (size_t i = 0; i < count; i++)
		assert_mistake(cases[i][0], cases[i][1]);
}

static const struct sample_service *first_service(const struct config *config)
{
	const struct config_list *services = config->values[1];

	assert_int_equal(services->count, 1);
	return services->items;
}

static void a_number_is_decimal_and_within_its_bounds(void **state)
{
	static const char *const cases[][2] = {
		{ SERVICE("connections: ^70000"), "70000 is above 65535" },
		{ SERVICE("connections: ^0"), "0 is below 1" },
		{ SERVICE("connections: ^-5"), "-5 is below 1" },
		{ TABLE("^4294967296"), "4294967296 is above 4294967295" },
		{ TABLE("^99999999999999999999999999"),
		  "99999999999999999999999999 is above 4294967295" },
		{ TABLE("^0x1F"), "0x1F: numbers are decimal here; write 31" },
		{ TABLE("^010"),
		  "010: zeros in front make a number octal to some programs; write 10" },
		{ TABLE("^00"),
		  "00: zeros in front make a number octal to some programs; write 0" },
		{ TABLE("^0o17"), "expected a number, found '0o17'" },
		{ TABLE("^1_000"), "expected a number, found '1_000'" },
		{ TABLE("^1.5"), "expected a number, found '1.5'" },
		{ TABLE("^0xzz"), "expected a number, found '0xzz'" },
		{ TABLE("^-x"), "expected a number, found '-x'" },
		{ TABLE("^''"), "expected a number, found ''" },
		{ TABLE("^~"), "expected a number, found nothing" },
		{ TABLE("^[1]"), "expected a number, found a list" },
		{ TABLE("^{}"), "expected a number, found a mapping" },
	};

	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void a_duration_has_a_unit(void **state)
{
	static const char *const cases[][2] = {
		{ SERVICE("idle: ^30"), "30: which unit? write 30s, 30ms, 30m or 30h" },
		{ SERVICE("idle: ^11m"), "11m is above 10m" },
		{ SERVICE("idle: ^999ms"), "999ms is below 1s" },
		{ SERVICE("idle: ^99999999999999999999h"), "99999999999999999999h is above 10m" },
		{ SERVICE("idle: ^030s"),
		  "030s: zeros in front make a number octal to some programs; write 30s" },
		{ SERVICE("idle: ^1.5s"),
		  "expected a duration such as 250ms, 30s, 5m or 1h, found '1.5s'" },
		{ SERVICE("idle: ^30 s"),
		  "expected a duration such as 250ms, 30s, 5m or 1h, found '30 s'" },
		{ SERVICE("idle: ^s"),
		  "expected a duration such as 250ms, 30s, 5m or 1h, found 's'" },
	};

	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void durations_are_kept_in_milliseconds(void **state)
{
	static const struct {
		const char *yaml;
		uint32_t milliseconds;
	} cases[] = {
		{ SERVICE("idle: 1500ms"), 1500 },
		{ SERVICE("idle: 2s"), 2000 },
		{ SERVICE("idle: \"10m\""), 600000 },
		{ SERVICE("ports: []"), 30000 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *config = read_good(cases[i].yaml);

		assert_int_equal(first_service(config)->idle_ms, cases[i].milliseconds);
		config_free(config);
	}
}

static void yes_no_on_off_are_booleans(void **state)
{
	static const struct {
		const char *yaml;
		bool symmetric;
	} cases[] = {
		{ "routing: {symmetric: true}", true },
		{ "routing: {symmetric: yes}", true },
		{ "routing: {symmetric: On}", true },
		{ "routing: {symmetric: false}", false },
		{ "routing: {symmetric: NO}", false },
		{ "routing: {symmetric: \"off\"}", false },
		{ "routing: {}", false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct config *config = read_good(cases[i].yaml);
		const struct sample_routing *routing = config->values[3];

		assert_int_equal(routing->symmetric, cases[i].symmetric);
		config_free(config);
	}
	assert_mistake("routing: {symmetric: ^maybe}\n", "expected true or false, found 'maybe'");
	assert_mistake("routing: {symmetric: ^1}\n", "expected true or false, found '1'");
}

static void a_prefix_with_host_bits_is_told_its_network(void **state)
{
	static const char *const cases[][2] = {
		{ CLAIM("^198.51.100.1/24"),
		  "198.51.100.1/24 has bits beyond /24; did you mean 198.51.100.0/24?" },
		{ CLAIM("^2001:db8::1/64"),
		  "2001:db8::1/64 has bits beyond /64; did you mean 2001:db8::/64?" },
		{ CLAIM("^198.51.100.0/33"),
		  "198.51.100.0/33: an IPv4 prefix has at most 32 bits" },
		{ CLAIM("^2001:db8::/129"), "2001:db8::/129: an IPv6 prefix has at most 128 bits" },
		{ CLAIM("^10.0.0.0/255.0.0.0"),
		  "10.0.0.0/255.0.0.0: the length is a number of bits; write 10.0.0.0/8" },
		{ CLAIM("^10.0.0.0/255.0.255.0"), "'10.0.0.0/255.0.255.0': after the '/' a number "
						  "of bits is expected, from 0 to 32" },
		{ CLAIM("^2001:db8::/64x"),
		  "'2001:db8::/64x': after the '/' a number of bits is expected, from 0 to 128" },
		{ CLAIM("^192.0.2.7"),
		  "192.0.2.7 has no length; write 192.0.2.7/32 for this one address" },
		{ CLAIM("^::1"), "::1 has no length; write ::1/128 for this one address" },
		{ CLAIM("^lan"),
		  "expected a prefix such as 192.0.2.0/24 or 2001:db8::/64, found 'lan'" },
		{ CLAIM("^lan/24"),
		  "expected a prefix such as 192.0.2.0/24 or 2001:db8::/64, found 'lan/24'" },
	};

	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void an_address_stands_alone(void **state)
{
	static const char *const cases[][2] = {
		{ SERVICE("source: ^192.0.2.1/24"),
		  "'192.0.2.1/24': one address is expected, without a length; write 192.0.2.1" },
		{ SERVICE("source: ^fe80::1%eth0"),
		  "'fe80::1%eth0': an address without a link is expected; write fe80::1" },
		{ SERVICE("source: ^192.0.2.256"),
		  "expected an address such as 192.0.2.1 or 2001:db8::1, found '192.0.2.256'" },
		{ SERVICE("source: ^192.0.2.01"),
		  "expected an address such as 192.0.2.1 or 2001:db8::1, found '192.0.2.01'" },
		{ CLAIM("192.0.2.0/24\n    except: [^gateway]"),
		  "expected an address or a prefix, found 'gateway'" },
	};

	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void an_address_that_yaml_would_cut_must_be_quoted(void **state)
{
	assert_mistake(SERVICE("source: [^::1]"), "within [ ] and { } an address that begins with "
						  "':' must be in quotes, as in [\"::1\"]");
	assert_mistake(SERVICE("ports: [^2001:db8::]"),
		       "within [ ] and { } an address that ends in ':' must be in quotes, as in "
		       "[\"2001:db8::\"]");
	assert_mistake(CLAIM("2001:db8::/64\n    except:\n      - ^2001:db8::"),
		       "an address that ends in ':' must be in quotes; write \"2001:db8::\"");
	assert_mistake(
		"prefixes:\n  - prefix: 2001:db8:^:\n",
		"a ':' cannot stand here; correct the indentation, or put the value in quotes");
}

static void an_address_may_come_with_its_network(void **state)
{
	static const char *const cases[][2] = {
		{ SERVICE("own: [^192.0.2.1]"), "192.0.2.1: how long is its network? write "
						"192.0.2.1/24, or /32 for this one address" },
		{ SERVICE("own: [^192.0.2.1/33]"),
		  "192.0.2.1/33: an IPv4 network has at most 32 bits" },
		{ SERVICE("own: [^192.0.2.1/255.255.255.0]"),
		  "192.0.2.1/255.255.255.0: the length is a number of bits; write 192.0.2.1/24" },
		{ SERVICE("own: [^eth0]"),
		  "expected an address with the length of its network such as "
		  "192.0.2.1/24 or 2001:db8::1/64, found 'eth0'" },
	};
	struct config *config = read_good(SERVICE("own: [192.0.2.1/24, \"2001:db8::1/64\"]"));
	const struct prefix *own = first_service(config)->own.items;

	assert_int_equal(own[0].bytes[3], 1);
	assert_int_equal(own[0].length, 24);
	assert_int_equal(own[1].family, AF_INET6);
	assert_int_equal(own[1].bytes[15], 1);
	config_free(config);
	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void a_mac_address_has_six_bytes(void **state)
{
	static const char *const cases[][2] = {
		{ SERVICE("mac: ^\"02:00:00:00:00\""),
		  "expected a MAC address such as 02:00:00:00:00:01, found '02:00:00:00:00'" },
		{ SERVICE("mac: ^\"02:00:00:00:00:01:02\""),
		  "expected a MAC address such as 02:00:00:00:00:01, found "
		  "'02:00:00:00:00:01:02'" },
		{ SERVICE("mac: ^\"02-00-00-00-00-01\""),
		  "expected a MAC address such as 02:00:00:00:00:01, found '02-00-00-00-00-01'" },
		{ SERVICE("mac: ^\"02:00:00:00:00:0g\""),
		  "expected a MAC address such as 02:00:00:00:00:01, found '02:00:00:00:00:0g'" },
	};
	struct config *config = read_good(SERVICE("mac: \"02:00:00:00:00:fE\""));

	assert_int_equal(first_service(config)->mac.bytes[5], 0xfe);
	config_free(config);
	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void a_word_of_a_feature_says_what_is_wrong_with_it(void **state)
{
	static const char *const cases[][2] = {
		{ SERVICE("grade: ^g"), "'g': grades go from a to f; write one of them" },
		{ SERVICE("grade: ^good"), "expected a grade such as a or f, found 'good'" },
		{ SERVICE("grade: ^[a]"), "expected a grade such as a or f, found a list" },
		{ SERVICE("grades: [a, ^x]"), "'x': grades go from a to f; write one of them" },
		{ SERVICE("grades: ^x"), "'x': grades go from a to f; write one of them" },
		{ SERVICE("grades: ^{}"), "expected a grade, or a list of grades, found a mapping; "
					  "put '- ' before its first key" },
		{ SERVICE("grades: ^"), "expected a grade, or a list of grades, found nothing; "
					"write [] for none, or delete the "
					"key" },
		{ SERVICE("grades: ^[a, b, c, d]"), "4 items; at most 3 are possible" },
	};

	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void one_may_stand_without_brackets_where_that_is_said(void **state)
{
	static const char *const texts[] = { SERVICE("grades: b"), SERVICE("grades: [b]") };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct config *config = read_good(texts[i]);
		const struct sample_service *service = first_service(config);

		assert_int_equal(service->grades.count, 1);
		assert_int_equal(*(const char *)service->grades.items, 'b');
		assert_true(place_known(service->grades.places[0]));
		config_free(config);
	}
}

static void ports_are_one_or_a_range(void **state)
{
	static const char *const cases[][2] = {
		{ SERVICE("control: ^80-70"), "80-70 runs backwards; did you mean 70-80?" },
		{ SERVICE("control: ^0"), "0: ports begin at 1" },
		{ SERVICE("control: ^0-7"), "0-7: ports begin at 1" },
		{ SERVICE("control: ^1-65536"), "1-65536 is above 65535" },
		{ SERVICE("control: ^080"), "080: write ports without zeros in front" },
		{ SERVICE("control: ^80-090"), "80-090: write ports without zeros in front" },
		{ SERVICE("control: ^0x50"), "0x50: numbers are decimal here; write 80" },
		{ SERVICE("control: ^80-"),
		  "expected a port or a range of ports such as 53 or 7000-7010, found '80-'" },
		{ SERVICE("control: ^80:90"),
		  "expected a port or a range of ports such as 53 or 7000-7010, found '80:90'" },
		{ SERVICE("control: ^http"),
		  "expected a port or a range of ports such as 53 or 7000-7010, found 'http'" },
	};
	struct config *config = read_good(SERVICE("ports: [53, 7000-7010, \"1-65535\"]"));
	const struct config_ports *ports = first_service(config)->ports.items;

	assert_int_equal(ports[0].first, 53);
	assert_int_equal(ports[0].last, 53);
	assert_int_equal(ports[1].first, 7000);
	assert_int_equal(ports[1].last, 7010);
	assert_int_equal(ports[2].last, 65535);
	config_free(config);
	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void names_have_their_letters_and_length(void **state)
{
	static const char *const cases[][2] = {
		{ "routing: {tables: {^a b: {id: 1}}}\n",
		  "'a b' is not a name; a name has 1 to 63 letters, digits, '-', '_' or '.'" },
		{ "routing: {tables: {^\"\": {id: 1}}}\n",
		  "'' is not a name; a name has 1 to 63 letters, digits, '-', '_' or '.'" },
		{ "links: {^sixteen-letters-: {}}\n", "'sixteen-letters-' is not the name of a "
						      "link; it has 1 to 15 bytes, no '/', ':', "
						      "'%' or white space" },
		{ "links: {^eth0/1: {}}\n", "'eth0/1' is not the name of a link; it has 1 to 15 "
					    "bytes, no '/', ':', '%' or white space" },
		{ "links: {^..: {}}\n", "'..' is not the name of a link; it has 1 to 15 bytes, no "
					"'/', ':', '%' or white space" },
		{ "links: {^\"a\\tb\": {}}\n", "'a?b' is not the name of a link; it has 1 to 15 "
					       "bytes, no '/', ':', '%' or white space" },
	};

	assert_mistakes(cases, ARRAY_SIZE(cases));
}

static void a_text_has_its_length_and_no_nul(void **state)
{
	assert_mistake(SERVICE("banner: ^x"), "a text of 1 bytes; it needs at least 2");
	assert_mistake(SERVICE("banner: ^twenty-one-bytes-long"),
		       "a text of 21 bytes; at most 20 fit");
	assert_mistake(SERVICE("banner: ^\"a\\0b\""),
		       "a NUL cannot stand in a value; delete the '\\0'");
}

static void a_word_that_is_nearly_right_is_suggested(void **state)
{
	assert_mistake("services: [{name: a, listen: [192.0.2.1], kind: ^ecoh}]\n",
		       "unknown word 'ecoh'; did you mean 'echo'?");
	assert_mistake("services: [{name: a, listen: [192.0.2.1], kind: ^gopher}]\n",
		       "expected one of echo, discard, whoami, found 'gopher'");
}

static void a_value_that_runs_on_into_the_next_line_is_doubted(void **state)
{
	assert_mistake("routing:\n  tables:\n    a:\n      id: ^1\n       2\n",
		       "this value goes on in the next line; is that one indented too far?");
}

static void what_yaml_would_guess_plays_no_part(void **state)
{
	struct config *config =
		read_good("links:\n  on: {}\n  1.5: {}\n  \"null\": {}\n  2001-01-01: {}\n");
	const struct config_list *links = config->values[2];
	const struct sample_link *link = links->items;

	assert_int_equal(links->count, 4);
	assert_string_equal(link[0].name, "on");
	assert_string_equal(link[1].name, "1.5");
	assert_string_equal(link[2].name, "null");
	assert_string_equal(link[3].name, "2001-01-01");
	config_free(config);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_number_is_decimal_and_within_its_bounds),
		cmocka_unit_test(a_duration_has_a_unit),
		cmocka_unit_test(durations_are_kept_in_milliseconds),
		cmocka_unit_test(yes_no_on_off_are_booleans),
		cmocka_unit_test(a_prefix_with_host_bits_is_told_its_network),
		cmocka_unit_test(an_address_stands_alone),
		cmocka_unit_test(an_address_that_yaml_would_cut_must_be_quoted),
		cmocka_unit_test(a_word_of_a_feature_says_what_is_wrong_with_it),
		cmocka_unit_test(one_may_stand_without_brackets_where_that_is_said),
		cmocka_unit_test(ports_are_one_or_a_range),
		cmocka_unit_test(an_address_may_come_with_its_network),
		cmocka_unit_test(a_mac_address_has_six_bytes),
		cmocka_unit_test(names_have_their_letters_and_length),
		cmocka_unit_test(a_text_has_its_length_and_no_nul),
		cmocka_unit_test(a_word_that_is_nearly_right_is_suggested),
		cmocka_unit_test(a_value_that_runs_on_into_the_next_line_is_doubted),
		cmocka_unit_test(what_yaml_would_guess_plays_no_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
