/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer_stage.h"

#define ZONE                                                                                       \
	STAGE_HEAD "www 3600 A 192.0.2.250\nwww MX 10 mail\nmail A 192.0.2.2\nalias CNAME www\n"
#define A "answer www.example.com. 300 A 192.0.2.1\n"
#define AAAA "answer www.example.com. 300 AAAA 2001:db8::1\n"
#define SOA "authority example.com. 300 SOA ns.example.com.\n"
#define NOT_READY "000f0002000e"

static const char *ask(struct answer_stage *stage, const char *name, const char *type)
{
	return stage_ask(stage, &(struct ask){ .name = name, .type = type });
}

/* A server for which @name is its own, with up to two addresses. */
static struct answer_stage *server(struct self_source source, const char *name, const char *first,
				   const char *second)
{
	struct answer_stage *stage = stage_server(ZONE);
	struct dns_name wire = stage_name(name);
	struct address addresses[2];

	if (first)
		assert_int_equal(address_parse(first, &addresses[source.address_count++]), 0);
	if (second)
		assert_int_equal(address_parse(second, &addresses[source.address_count++]), 0);
	source.name = wire.wire;
	source.addresses = addresses;
	source.ttl = source.ttl ? source.ttl : 300;
	stage->server.selves = selves_new(&source, 1);
	return stage;
}

static void own_addresses_stand_in_for_those_of_the_zone(void **state)
{
	struct answer_stage *stage = server((struct self_source){ .mode = SELF_ADDRESSES },
					    "WWW.example.com.", "192.0.2.1", "2001:db8::1");

	assert_string_equal(ask(stage, "www.example.com.", "A"), "0 aa\n" A);
	assert_string_equal(ask(stage, "www.example.com.", "AAAA"), "0 aa\n" AAAA);
	assert_string_equal(ask(stage, "www.example.com.", "ANY"), "0 aa\n" A);
	assert_string_equal(ask(stage, "www.example.com.", "MX"),
			    "0 aa\nanswer www.example.com. 3600 MX\n");
	assert_string_equal(ask(stage, "www.example.com.", "TXT"), "0 aa\n" SOA);
	assert_string_equal(ask(stage, "mail.example.com.", "A"),
			    "0 aa\nanswer mail.example.com. 3600 A 192.0.2.2\n");
	assert_string_equal(ask(stage, "alias.example.com.", "A"),
			    "0 aa\nanswer alias.example.com. 3600 CNAME www.example.com.\n" A);
	stage_end(stage);
}

/* A resolver that believed "no address" longer than an address would miss the family that comes. */
static void the_other_family_is_no_data_for_no_longer_than_an_address(void **state)
{
	struct answer_stage *stage = server((struct self_source){ .mode = SELF_ADDRESSES, .ttl = 20 },
					    "www.example.com.", "192.0.2.1", NULL);

	assert_string_equal(ask(stage, "www.example.com.", "AAAA"),
			    "0 aa\nauthority example.com. 20 SOA ns.example.com.\n");
	stage_end(stage);
}

static void the_address_asked_is_the_answer(void **state)
{
	struct answer_stage *stage = server((struct self_source){ .mode = SELF_ASKED },
					    "www.example.com.", NULL, NULL);

	assert_string_equal(ask(stage, "www.example.com.", "A"),
			    "0 aa\nanswer www.example.com. 300 A 198.51.100.53\n");
	assert_string_equal(ask(stage, "www.example.com.", "AAAA"), "0 aa\n" SOA);
	assert_int_equal(address_parse("2001:db8:1::99", &stage->asker.asked), 0);
	assert_string_equal(ask(stage, "www.example.com.", "AAAA"),
			    "0 aa\nanswer www.example.com. 300 AAAA 2001:db8:1::99\n");
	assert_string_equal(ask(stage, "www.example.com.", "A"), "0 aa\n" SOA);
	stage_end(stage);
}

static void what_is_down_says_so_as_it_is_told_to(void **state)
{
	static const struct {
		enum self_mode mode;
		const char *a, *alias;
	} samples[] = {
		{ SELF_REFUSED, "5\n", "5\n" },
		{ SELF_SERVFAIL, "2\n", "2\n" },
		{ SELF_NODATA, "0 aa\n" SOA,
		  "0 aa\nanswer alias.example.com. 3600 CNAME www.example.com.\n" SOA },
		{ SELF_SILENT, "silence", "silence" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		struct answer_stage *stage = server((struct self_source){ .mode = samples[i].mode },
						    "www.example.com.", "192.0.2.1", "2001:db8::1");

		assert_string_equal(ask(stage, "www.example.com.", "A"), samples[i].a);
		assert_string_equal(ask(stage, "alias.example.com.", "AAAA"), samples[i].alias);
		assert_true(stage->scratch.outcome.self);
		/* The name server itself is well: all else is answered. */
		assert_string_equal(ask(stage, "www.example.com.", "MX"),
				    "0 aa\nanswer www.example.com. 3600 MX\n");
		stage_end(stage);
	}
}

static void an_answer_for_want_of_a_better_one_says_so(void **state)
{
	struct answer_stage *stage =
		server((struct self_source){ .mode = SELF_ADDRESSES, .not_ready = true },
		       "www.example.com.", "192.0.2.1", NULL);
	struct ask question = { .name = "www.example.com.", .type = "A", .udp_size = 1232 };

	assert_string_equal(stage_ask(stage, &question), "0 aa\n" A "opt " NOT_READY "\n");
	stage_end(stage);
	stage = server((struct self_source){ .mode = SELF_REFUSED }, "www.example.com.", NULL, NULL);
	assert_string_equal(stage_ask(stage, &question), "5\nopt " NOT_READY "\n");
	stage_end(stage);
}

static void a_name_at_the_top_or_nowhere_in_the_zone_may_be_ones_own(void **state)
{
	struct answer_stage *stage = server((struct self_source){ .mode = SELF_ADDRESSES },
					    "example.com.", "192.0.2.1", NULL);

	assert_string_equal(ask(stage, "example.com.", "A"),
			    "0 aa\nanswer example.com. 300 A 192.0.2.1\n");
	assert_string_equal(ask(stage, "example.com.", "NS"),
			    "0 aa\nanswer example.com. 3600 NS ns.elsewhere.net.\n");
	stage_end(stage);
	stage = server((struct self_source){ .mode = SELF_ADDRESSES }, "here.example.com.", NULL,
		       "2001:db8::1");
	assert_string_equal(ask(stage, "here.example.com.", "AAAA"),
			    "0 aa\nanswer here.example.com. 300 AAAA 2001:db8::1\n");
	assert_string_equal(ask(stage, "here.example.com.", "A"), "0 aa\n" SOA);
	assert_string_equal(ask(stage, "here.example.com.", "TXT"), "0 aa\n" SOA);
	stage_end(stage);
}

static void each_of_many_names_is_found_and_no_other(void **state)
{
	enum { COUNT = 1000 };
	struct self_source sources[COUNT] = { 0 };
	struct dns_name *names = mem_alloc(COUNT * sizeof(*names));
	struct selves *selves;
	char text[64];

	for (unsigned i = 0; i < COUNT; i++) {
		snprintf(text, sizeof(text), "h%u.example.com.", i);
		names[i] = stage_name(text);
		sources[i] = (struct self_source){ .name = names[i].wire, .ttl = i };
	}
	selves = selves_new(sources, COUNT);
	for (unsigned i = 0; i < COUNT; i++)
		assert_int_equal(selves_find(selves, &names[i])->ttl, i);
	names[0] = stage_name("h1000.example.com.");
	assert_null(selves_find(selves, &names[0]));
	assert_null(selves_find(NULL, &names[0]));
	selves_free(selves);
	free(names);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_addresses_stand_in_for_those_of_the_zone),
		cmocka_unit_test(the_other_family_is_no_data_for_no_longer_than_an_address),
		cmocka_unit_test(the_address_asked_is_the_answer),
		cmocka_unit_test(what_is_down_says_so_as_it_is_told_to),
		cmocka_unit_test(an_answer_for_want_of_a_better_one_says_so),
		cmocka_unit_test(a_name_at_the_top_or_nowhere_in_the_zone_may_be_ones_own),
		cmocka_unit_test(each_of_many_names_is_found_and_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
