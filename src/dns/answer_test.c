/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/answer_stage.h"

#define SOA(ttl) "authority example.com. " #ttl " SOA ns.example.com.\n"

#define ZONE                                                                                       \
	STAGE_HEAD "ns 60 A 192.0.2.53\n"                                                          \
		   "www 60 A 192.0.2.1\n"                                                          \
		   "www 60 AAAA 2001:db8::1\n"                                                     \
		   "alias CNAME www\n"                                                             \
		   "away CNAME www.example.net.\n"                                                 \
		   "nowhere CNAME nobody\n"                                                        \
		   "loop1 CNAME loop2\n"                                                           \
		   "loop2 CNAME loop1\n"                                                           \
		   "*.wild A 192.0.2.9\n"                                                          \
		   "cut NS ns.cut\n"                                                               \
		   "cut NS ns\n"                                                                   \
		   "ns.cut A 192.0.2.54\n"                                                         \
		   "_x._tcp SRV 0 0 1 www\n"                                                       \
		   "old DNAME new\n"                                                               \
		   "www.new A 192.0.2.8\n"

static const char *ask(struct answer_stage *stage, const char *name, const char *type)
{
	return stage_ask(stage, &(struct ask){ .name = name, .type = type });
}

struct sample {
	const char *name, *type, *reply;
};

static const struct sample samples[] = {
	{ "www.example.com.", "A", "0 aa\nanswer www.example.com. 60 A 192.0.2.1\n" },
	{ "www.example.com.", "AAAA", "0 aa\nanswer www.example.com. 60 AAAA 2001:db8::1\n" },
	{ "www.example.com.", "TXT", "0 aa\n" SOA(300) },
	{ "nobody.example.com.", "A", "3 aa\n" SOA(300) },
	/* RFC 8020: nothing lies below what is not there; 4592: an empty name is there. */
	{ "deep.nobody.example.com.", "A", "3 aa\n" SOA(300) },
	{ "_tcp.example.com.", "A", "0 aa\n" SOA(300) },
	{ "alias.example.com.", "AAAA",
	  "0 aa\nanswer alias.example.com. 3600 CNAME www.example.com.\n"
	  "answer www.example.com. 60 AAAA 2001:db8::1\n" },
	{ "alias.example.com.", "CNAME",
	  "0 aa\nanswer alias.example.com. 3600 CNAME www.example.com.\n" },
	{ "alias.example.com.", "TXT",
	  "0 aa\nanswer alias.example.com. 3600 CNAME www.example.com.\n" SOA(300) },
	{ "away.example.com.", "A", "0 aa\nanswer away.example.com. 3600 CNAME www.example.net.\n" },
	/* RFC 6604: the rcode is that of the end of the chain. */
	{ "nowhere.example.com.", "A",
	  "3 aa\nanswer nowhere.example.com. 3600 CNAME nobody.example.com.\n" SOA(300) },
	{ "loop1.example.com.", "A",
	  "0 aa\nanswer loop1.example.com. 3600 CNAME loop2.example.com.\n"
	  "answer loop2.example.com. 3600 CNAME loop1.example.com.\n" },
	{ "a.b.wild.example.com.", "A", "0 aa\nanswer a.b.wild.example.com. 3600 A 192.0.2.9\n" },
	{ "a.wild.example.com.", "MX", "0 aa\n" SOA(300) },
	{ "host.cut.example.com.", "A",
	  "0\nauthority cut.example.com. 3600 NS ns.cut.example.com.\n"
	  "authority cut.example.com. 3600 NS ns.example.com.\n"
	  "more ns.cut.example.com. 3600 A 192.0.2.54\n"
	  "more ns.example.com. 60 A 192.0.2.53\n" },
	{ "cut.example.com.", "DS", "0 aa\n" SOA(300) },
	{ "ns.cut.example.com.", "DS",
	  "0\nauthority cut.example.com. 3600 NS ns.cut.example.com.\n"
	  "authority cut.example.com. 3600 NS ns.example.com.\n"
	  "more ns.cut.example.com. 3600 A 192.0.2.54\n"
	  "more ns.example.com. 60 A 192.0.2.53\n" },
	{ "www.old.example.com.", "A",
	  "0 aa\nanswer old.example.com. 3600 DNAME new.example.com.\n"
	  "answer www.old.example.com. 3600 CNAME www.new.example.com.\n"
	  "answer www.new.example.com. 3600 A 192.0.2.8\n" },
	{ "old.example.com.", "A", "0 aa\n" SOA(300) },
	{ "example.com.", "DS", "0 aa\n" SOA(300) },
	{ "example.com.", "ANY", "0 aa\nanswer example.com. 3600 NS ns.elsewhere.net.\n" },
	{ "example.com.", "SOA", "0 aa\nanswer example.com. 3600 SOA ns.example.com.\n" },
	{ "com.", "NS", "5\n" },
	{ ".", "NS", "5\n" },
	{ "www.example.com.", "OPT", "1\n" },
	{ "www.example.com.", "TYPE0", "1\n" },
	{ "www.example.com.", "TYPE254", "4\n" },
	{ "example.com.", "AXFR", "1\n" },
	{ "example.com.", "IXFR", "0 aa\nanswer example.com. 3600 SOA ns.example.com.\n" },
};

static void each_question_gets_its_answer(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		const char *reply = ask(stage, samples[i].name, samples[i].type);

		if (strcmp(reply, samples[i].reply))
			fail_msg("%s %s: got\n%sinstead of\n%s", samples[i].name, samples[i].type,
				 reply, samples[i].reply);
	}
	stage_end(stage);
}

static void the_question_is_copied_in_its_own_case(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);

	stage_write_query(stage, &(struct ask){ .name = "www.example.com.", .type = "A" });
	memcpy(stage->query + 12, "\3wWw\7ExAmPlE\3cOm", 16);
	assert_string_equal(stage_answer(stage), "0 aa\nanswer wWw.ExAmPlE.cOm. 60 A 192.0.2.1\n");
	stage_end(stage);
}

static void a_dname_that_makes_a_name_too_long_says_so(void **state)
{
	struct answer_stage *stage = stage_server(
		STAGE_HEAD
		"d DNAME xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example.net.\n");
	char name[256];

	memset(name, 'y', 240);
	for (unsigned i = 60; i < 240; i += 60)
		name[i] = '.';
	strcpy(name + 220, ".d.example.com.");
	assert_string_equal(ask(stage, name, "A"),
			    "6 aa\nanswer d.example.com. 3600 DNAME "
			    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx.example.net.\n");
	stage_end(stage);
}

static void an_answer_that_does_not_fit_is_cut_as_a_whole(void **state)
{
	AUTO_TEXT zone = { 0 };
	struct answer_stage *stage;

	text_printf(&zone, "%s", STAGE_HEAD);
	for (unsigned i = 0; i < 80; i++)
		text_printf(&zone, "big 60 A 192.0.2.%u\n", i);
	stage = stage_server(text_string(&zone));
	assert_string_equal(ask(stage, "big.example.com.", "A"), "0 aa tc\n");
	/* 80 records take 1280 bytes: beyond our own limit whatever the client takes. */
	assert_string_equal(stage_ask(stage, &(struct ask){ .name = "big.example.com.",
							    .type = "A",
							    .udp_size = 4096 }),
			    "0 aa tc\nopt\n");
	assert_true(strlen(stage_ask(stage, &(struct ask){ .name = "big.example.com.",
							   .type = "A",
							   .tcp = true })) > 80 * 20);
	stage_end(stage);
}

/* RFC 9471: without the address of a name server below the cut nobody gets there. */
static void glue_that_does_not_fit_is_told(void **state)
{
	AUTO_TEXT zone = { 0 };
	struct answer_stage *stage;

	text_printf(&zone, "%s", STAGE_HEAD);
	for (unsigned i = 0; i < 12; i++)
		text_printf(&zone,
			    "cut NS ns%u.cut\nns%u.cut A 192.0.2.1\nns%u.cut AAAA 2001:db8::1\n"
			    "fine NS ns%u.cut\n",
			    i, i, i, i);
	stage = stage_server(text_string(&zone));
	assert_int_equal(strncmp(ask(stage, "cut.example.com.", "A"), "0 tc\n", 5), 0);
	assert_int_equal(strncmp(ask(stage, "fine.example.com.", "A"), "0\n", 2), 0);
	stage_end(stage);
}

static void edns_is_answered_in_version_0(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	struct ask question = { .name = "www.example.com.", .type = "A", .udp_size = 1232 };

	stage->server.nsid = (const uint8_t *)"akl";
	stage->server.nsid_length = 3;
	stage->server.keepalive = 300;
	assert_string_equal(stage_ask(stage, &question),
			    "0 aa\nanswer www.example.com. 60 A 192.0.2.1\nopt\n");
	question.options = "0003 0000 0064 0001 ff 000b 0000";
	assert_string_equal(stage_ask(stage, &question),
			    "0 aa\nanswer www.example.com. 60 A 192.0.2.1\nopt 00030003616b6c\n");
	question.options = "000b 0000";
	question.tcp = true;
	assert_string_equal(stage_ask(stage, &question),
			    "0 aa\nanswer www.example.com. 60 A 192.0.2.1\nopt 000b0002012c\n");
	question = (struct ask){ .name = "example.com.",
				 .type = "SOA",
				 .udp_size = 1232,
				 .options = "0009 0000 0013 0000" };
	assert_string_equal(stage_ask(stage, &question),
			    "0 aa\nanswer example.com. 3600 SOA ns.example.com.\n"
			    "opt 0009000400093a8000130006020000000007\n");
	stage_end(stage);
}

static void names_of_this_server_are_of_class_chaos(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	struct ask question = { .name = "id.server.", .type = "TXT", .class = DNS_CH };

	assert_string_equal(stage_ask(stage, &question), "5\n");
	stage->server.identity = "auckland";
	stage->server.version = "multihomed";
	assert_string_equal(stage_ask(stage, &question), "0 aa\nanswer id.server. 0 TXT\n");
	question.name = "version.bind.";
	assert_string_equal(stage_ask(stage, &question), "0 aa\nanswer version.bind. 0 TXT\n");
	question.name = "www.example.com.";
	assert_string_equal(stage_ask(stage, &question), "5\n");
	question = (struct ask){ .name = "www.example.com.", .type = "A", .class = 4 };
	assert_string_equal(stage_ask(stage, &question), "5\n");
	stage_end(stage);
}

static void a_cookie_gets_a_cookie(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	struct ask question = { .name = "www.example.com.",
				.type = "A",
				.udp_size = 1232,
				.options = "000a 0008 2464c4abcf10c957" };
	char options[128];
	const char *reply;

	stage->server.cookies = (struct cookie_secrets){ .count = 1, .secret[0] = "a secret of some" };
	reply = strstr(stage_ask(stage, &question), "opt ");
	assert_int_equal(strncmp(reply, "opt 000a00182464c4abcf10c95701000000", 36), 0);
	assert_false(stage->scratch.outcome.cookie);
	snprintf(options, sizeof(options), "%.56s", reply + 4);
	question.options = options;
	stage_ask(stage, &question);
	assert_true(stage->scratch.outcome.cookie);
	stage_end(stage);
}

/* What floods us is sent to TCP, and who has a cookie, or none but wants one, does not go short. */
static void over_the_limit_a_cookie_still_gets_through(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	struct ask plain = { .name = "www.example.com.", .type = "A" };
	struct ask wanting = { .name = "www.example.com.",
			       .type = "A",
			       .udp_size = 1232,
			       .options = "000a 0008 2464c4abcf10c957" };
	struct ask having = wanting;
	char options[128];

	stage->server.cookies = (struct cookie_secrets){ .count = 1, .secret[0] = "a secret of some" };
	stage->scratch.rrl = rrl_new(&(struct rrl_options){ .per_second = 10, .slip = 1 },
				     (const uint8_t *)"0123456789abcdef");
	snprintf(options, sizeof(options), "%.56s", strstr(stage_ask(stage, &wanting), "opt ") + 4);
	having.options = options;
	for (unsigned i = 0; i < 100; i++)
		stage_ask(stage, &plain);
	assert_string_equal(stage_ask(stage, &plain), "0 tc\n");
	assert_int_equal(strncmp(stage_ask(stage, &wanting), "23\nopt 000a0018", 15), 0);
	assert_int_equal(strncmp(stage_ask(stage, &having), "0 aa\nanswer", 11), 0);
	plain.tcp = true;
	assert_int_equal(strncmp(stage_ask(stage, &plain), "0 aa\nanswer", 11), 0);
	stage_end(stage);
}

static void a_transfer_is_found_and_left_to_others(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	struct ask question = { .name = "example.com.", .type = "AXFR", .tcp = true };

	assert_string_equal(stage_ask(stage, &question), "silence");
	assert_ptr_equal(stage->scratch.outcome.transfer, stage->server.zones->items[0]);
	assert_false(stage->scratch.outcome.silent);
	stage->length = dns_refuse(&stage->scratch, DNS_REFUSED, DNS_EDE_PROHIBITED, stage->reply,
				   sizeof(stage->reply));
	text_free(&stage->text);
	assert_string_equal(stage_render(stage), "5\n");
	question.name = "www.example.com.";
	assert_string_equal(stage_ask(stage, &question), "9\n");
	stage_end(stage);
}

/* It is for speed alone: whatever it is given, nothing changes. */
static void looking_ahead_changes_no_answer(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	struct dns_ahead ahead;

	((struct zones *)stage->server.zones)->large = true;
	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		stage_write_query(stage,
				  &(struct ask){ .name = samples[i].name, .type = samples[i].type });
		for (size_t length = 0; length <= stage->length; length++) {
			dns_look_ahead(&stage->server, &stage->scratch, stage->query, length, &ahead);
			dns_look_again(&ahead);
		}
		assert_string_equal(stage_answer(stage), samples[i].reply);
	}
	stage_end(stage);
}

/* With the sanitizers, which have an allocator of their own, nothing is counted. */
static unsigned allocations;

#if !defined(__SANITIZE_ADDRESS__)
void *__libc_malloc(size_t size);
void *malloc(size_t size);

void *malloc(size_t size)
{
	allocations++;
	return __libc_malloc(size);
}
#endif

static void an_answer_takes_no_memory(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	unsigned before;

	for (size_t i = 0; i < ARRAY_SIZE(samples); i++) {
		stage_write_query(
			stage, &(struct ask){ .name = samples[i].name,
					      .type = samples[i].type,
					      .udp_size = 1232,
					      .dnssec_ok = true,
					      .options = "0003 0000 000a 0008 0102030405060708" });
		stage->asker.query = stage->query;
		stage->asker.length = stage->length;
		before = allocations;
		dns_answer(&stage->server, &stage->scratch, &stage->asker, stage->reply,
			   sizeof(stage->reply));
		assert_int_equal(allocations, before);
	}
#if !defined(__SANITIZE_ADDRESS__)
	free(malloc(1));
	assert_true(allocations > before);
#endif
	stage_end(stage);
}

/* Asks for www.example.com signed by @key at @time; what the reply's TSIG is worth to who asked. */
static unsigned ask_signed(struct answer_stage *stage, const struct tsig_key *key, uint64_t time)
{
	struct tsig_session session;
	struct tsig tsig;
	size_t unsigned_length;

	stage_write_query(
		stage, &(struct ask){ .name = "www.example.com.", .type = "A", .udp_size = 1232 });
	tsig_ask(key, &session);
	stage->length = tsig_sign(&session, time, stage->query, stage->length, sizeof(stage->query));
	assert_true(stage->length > 0);
	stage_answer(stage);
	/* The TSIG is the last record, and what it signs ends with the OPT. */
	unsigned_length = stage->length - tsig_size(&stage->scratch.session);
	assert_int_equal(tsig_read(stage->reply, stage->length, unsigned_length, &tsig), 0);
	return tsig.mac_size ? tsig_verify_answer(&tsig, &session, time) : tsig.error;
}

static void a_signed_query_gets_a_signed_answer(void **state)
{
	struct answer_stage *stage = stage_server(ZONE);
	static const struct tsig_key key = {
		.name = "\3key", .algorithm = TSIG_SHA256, .secret = "one", .secret_length = 3
	};
	static const struct tsig_key other = {
		.name = "\3key", .algorithm = TSIG_SHA256, .secret = "two", .secret_length = 3
	};
	static const struct tsig_key stranger = {
		.name = "\4mine", .algorithm = TSIG_SHA256, .secret = "one", .secret_length = 3
	};
	static const struct tsig_key *const keys[] = { &key };

	stage->server.keys = keys;
	stage->server.key_count = 1;
	assert_int_equal(ask_signed(stage, &key, stage->asker.now), 0);
	assert_int_equal(stage->scratch.outcome.rcode, DNS_NOERROR);
	assert_ptr_equal(stage->scratch.session.key, &key);
	assert_int_equal(ask_signed(stage, &other, stage->asker.now), TSIG_BADSIG);
	assert_int_equal(stage->scratch.outcome.rcode, DNS_NOTAUTH);
	assert_int_equal(ask_signed(stage, &stranger, stage->asker.now), TSIG_BADKEY);
	assert_int_equal(stage->scratch.outcome.rcode, DNS_NOTAUTH);
	ask_signed(stage, &key, stage->asker.now + 1000);
	assert_int_equal(stage->scratch.session.error, TSIG_BADTIME);
	assert_int_equal(stage->scratch.outcome.rcode, DNS_NOTAUTH);
	/* An unsigned question after that is an unsigned one. */
	ask(stage, "www.example.com.", "A");
	assert_null(stage->scratch.session.key);
	stage_end(stage);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_question_gets_its_answer),
		cmocka_unit_test(the_question_is_copied_in_its_own_case),
		cmocka_unit_test(a_dname_that_makes_a_name_too_long_says_so),
		cmocka_unit_test(an_answer_that_does_not_fit_is_cut_as_a_whole),
		cmocka_unit_test(glue_that_does_not_fit_is_told),
		cmocka_unit_test(edns_is_answered_in_version_0),
		cmocka_unit_test(names_of_this_server_are_of_class_chaos),
		cmocka_unit_test(a_cookie_gets_a_cookie),
		cmocka_unit_test(over_the_limit_a_cookie_still_gets_through),
		cmocka_unit_test(a_transfer_is_found_and_left_to_others),
		cmocka_unit_test(a_signed_query_gets_a_signed_answer),
		cmocka_unit_test(looking_ahead_changes_no_answer),
		cmocka_unit_test(an_answer_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
