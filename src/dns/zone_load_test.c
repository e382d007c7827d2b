/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/type.h"
#include "dns/zone_load.h"
#include "dns/zone_stage_test.h"

/* Loads STAGE_HEAD and @text, and compares what is told; "" is a zone about which there is nothing to say. */
static void is_told(const char *text, const char *expected)
{
	struct stage stage = { 0 };
	AUTO_TEXT whole = { 0 };
	struct zone *zone;

	text_printf(&whole, "%s%s", STAGE_HEAD, text);
	zone = stage_load(&stage, whole.data);
	assert_string_equal(text_string(&stage.problems), expected);
	assert_int_equal(zone == NULL, strstr(expected, ": error: ") != NULL);
	zone_unref(zone);
	text_free(&stage.problems);
}

static void a_zone_begins_with_one_soa_at_its_apex(void **state)
{
	struct stage stage = { 0 };

	assert_null(stage_load(&stage, "www 60 A 192.0.2.1\n"));
	assert_string_equal(text_string(&stage.problems),
			    "zone:1: error: the zone has no SOA at its apex example.com.; is that "
			    "the name of this zone?\n");
	assert_null(stage_load(&stage, ""));
	assert_null(stage_load(&stage, "$TTL 60\n@ SOA ns h 1 2 3 4 5\n"));
	assert_string_equal(text_string(&stage.problems),
			    "zone:2: error: the zone has no NS at its apex\n");
	text_free(&stage.problems);
	is_told("@ SOA ns hostmaster 8 3600 900 604800 300\n",
		"zone:4: error: a zone has one SOA; this is a further one\n");
	is_told("sub SOA ns hostmaster (\n 8 3600\n 900 604800 300 )\n",
		"zone:4: error: sub.example.com. has an SOA, but only the apex of a zone may; is "
		"it a zone of its own?\n");
}

static void records_outside_are_refused(void **state)
{
	is_told("www.example.net. A 192.0.2.1\n",
		"zone:4: error: www.example.net. lies outside of this zone\n");
	is_told("$ORIGIN com.\nanexample A 192.0.2.1\n",
		"zone:5: error: anexample.com. lies outside of this zone\n");
}

static void the_line_is_that_where_the_record_begins(void **state)
{
	is_told("; a comment\n\n$ORIGIN example.com.\na CNAME b.net.\n\n; another\na TXT (\n "
		"\"x\"\n)\n",
		"zone:10: error: a.example.com. has a CNAME, beside which there can be no TXT (RFC "
		"1034, 3.6.2)\n");
}

static void text_that_is_no_record_is_told(void **state)
{
	is_told("www A 192.0.2\nwww NOSUCH 1\nok A 192.0.2.1\nwww AAAA ::g\n",
		"zone:4: error: invalid IPv4 address\n"
		"zone:5: error: unsupported record type; is that a type of records, and the class "
		"IN?\n"
		"zone:7: error: invalid address character\n");
	is_told("www CH A 192.0.2.1\n", "zone:4: error: unsupported record type; is that a type of "
					"records, and the class IN?\n");
	is_told("$GENERATE 1-3 x$ A 192.0.2.$\n",
		"zone:4: error: invalid directive; there are $ORIGIN, $TTL and $INCLUDE\n");
	is_told("$ORIGIN sub\n",
		"zone:4: error: invalid FQDN zone origin; does it end with a dot?\n");
	is_told("www TXT (\n", "zone:5: error: unclosed last multiline block\n");
	is_told("www 2147483648 A 192.0.2.1\n",
		"zone:4: error: a TTL is at most 2147483647 seconds (RFC 2181, 8)\n");
}

static void lines_of_megabytes_are_told(void **state)
{
	enum { LONG = 10 << 20 };
	struct stage stage = { 0 };
	char *text = mem_alloc(LONG + 200);
	size_t at = strlen(STAGE_HEAD "www TXT ");

	memcpy(text, STAGE_HEAD "www TXT ", at);
	memset(text + at, 'x', LONG);
	strcpy(text + at + LONG, "\nok A 192.0.2.1\n");
	assert_null(stage_load(&stage, text));
	assert_string_equal(text_string(&stage.problems), "zone:4: error: text is too long\n");
	memcpy(text + strlen(STAGE_HEAD), "xxxxxxxx", 8);
	assert_null(stage_load(&stage, text));
	assert_string_equal(text_string(&stage.problems),
			    "zone:4: error: maximal domain name label length has exceeded\n");
	text_free(&stage.problems);
	free(text);
}

static void data_that_are_given_as_bytes_are_looked_at(void **state)
{
	/* A name that points somewhere, as only messages have it, and one that never ends. */
	is_told("www CNAME \\# 2 c00c\n", "zone:4: error: these are no data of a CNAME\n");
	is_told("www NS \\# 3 026161\n", "zone:4: error: these are no data of a NS\n");
	is_told("www MX \\# 2 0001\n", "zone:4: error: these are no data of a MX\n");
	is_told("www A \\# 4 c0000201\nwww TYPE65280 \\# 2 c00c\nwww TYPE65281 \\# 0\n", "");
	is_told("www TYPE41 \\# 0\n",
		"zone:4: error: records of type OPT cannot stand in a zone\n");
	is_told("www TYPE252 \\# 0\n",
		"zone:4: error: records of type AXFR cannot stand in a zone\n");
}

static void every_usual_type_is_taken(void **state)
{
	is_told("a A 192.0.2.1\na AAAA ::1\nc CNAME a\n@ MX 10 a\np PTR a\nt TXT \"a\" b\n_x._tcp "
		"SRV 0 0 1 a\n"
		"n NAPTR 1 1 \"u\" \"\" \"!x!y!\" .\nh HINFO x y\nr RP a a\nl LOC 1 N 1 E 1m\nd "
		"DNAME x.net.\n"
		"ss SSHFP 1 1 0123456789012345678901234567890123456789\nu URI 1 1 "
		"\"http://x/\"\nca CAA 0 issue \"x\"\n"
		"tl TLSA 3 1 1 0123456789012345678901234567890123456789012345678901234567890123\n"
		"s SVCB 1 a alpn=h2 port=443\nhs HTTPS 0 a\ne EUI48 00-11-22-33-44-55\no "
		"OPENPGPKEY AAAA\n"
		"k KX 1 a\naf AFSDB 1 a\ncd CDS 1 8 2 "
		"0123456789012345678901234567890123456789012345678901234567890123\n"
		"ci CDNSKEY 256 3 8 AAAA\nce CERT 1 1 1 AAAA\nm MINFO a a\nip "
		"IPSECKEY 1 0 2 . AAAA\n"
		"dh DHCID AAAA\nap APL 1:192.0.2.0/24\n",
		"");
}

static void a_cname_stands_alone(void **state)
{
	is_told("a CNAME b.net.\na A 192.0.2.1\n",
		"zone:5: error: a.example.com. has a CNAME, beside which there can be no A (RFC "
		"1034, 3.6.2)\n");
	is_told("a CNAME b.net.\na CNAME c.net.\n",
		"zone:4: error: a.example.com. has 2 records of type CNAME; there can be one\n");
	is_told("a A 192.0.2.1\nb A 192.0.2.1\nA CNAME c.net.\n",
		"zone:4: error: a.example.com. has a CNAME, beside which there can be no A (RFC "
		"1034, 3.6.2)\n");
}

static void below_a_dname_there_is_nothing(void **state)
{
	is_told("a DNAME b.net.\nx.y.a A 192.0.2.1\n",
		"zone:5: error: x.y.a.example.com. lies below a DNAME, where there can be nothing "
		"(RFC 6672, 2.4)\n");
	is_told("a DNAME b.net.\na A 192.0.2.1\n", "");
}

static void name_servers_have_addresses(void **state)
{
	is_told("sub NS ns.sub\n", "zone:4: error: the name server ns.sub.example.com. of "
				   "sub.example.com. lies below it, "
				   "but has no address here (glue)\n");
	is_told("sub NS ns.sub\nns.sub AAAA 2001:db8::1\n", "");
	is_told("sub NS ns.other\nother NS ns.other\nns.other A 192.0.2.1\n", "");
	is_told("@ NS ns\n",
		"zone:4: error: the name server ns.example.com. has no address in this zone\n");
	is_told("sub NS ns\n",
		"zone:4: warning: the name server ns.example.com. has no address in this zone\n");
	is_told("sub NS ns\n* A 192.0.2.1\n", "");
	is_told("sub NS ns\nns CNAME a\na A 192.0.2.1\n",
		"zone:4: error: the name server ns.example.com. is a CNAME (RFC 2181, 10.3)\n");
}

static void targets_that_lead_nowhere_are_told(void **state)
{
	is_told("@ MX 10 mail\n@ MX 20 alias\nalias CNAME www\nwww A 192.0.2.1\n_x._tcp SRV 0 0 1 "
		"gone\n@ MX 0 .\n",
		"zone:4: warning: the MX points to mail.example.com., which has no address\n"
		"zone:5: warning: the MX points to alias.example.com., which is a CNAME (RFC 2181, "
		"10.3)\n"
		"zone:8: warning: the SRV points to gone.example.com., which has no address\n");
}

static void what_a_delegation_hides_is_told(void **state)
{
	is_told("sub NS ns.net.\nsub TXT hidden\nx.sub MX 1 a.net.\nds DS 1 8 2 "
		"0123456789012345678901234567890123456789012345678901234567890123\n",
		"zone:5: warning: sub.example.com. is delegated; its TXT will never be an answer\n"
		"zone:6: warning: x.sub.example.com. lies below a delegation; its MX will never be "
		"an answer\n"
		"zone:7: warning: ds.example.com. has a DS but is not delegated\n");
}

static void a_set_has_one_ttl(void **state)
{
	is_told("a 60 A 192.0.2.1\na 61 A 192.0.2.2\na 62 AAAA ::1\n",
		"zone:5: error: one name and type has one TTL; it is 61 here and 60 elsewhere\n");
}

static void doubled_records_are_told_once_and_served_once(void **state)
{
	struct stage stage = { 0 };
	struct dns_name name = stage_name("a.example.com.");
	struct zone *zone = stage_load(&stage,
				       STAGE_HEAD "a A 192.0.2.1\nb A 192.0.2.1\na A 192.0.2.1\n");

	assert_string_equal(text_string(&stage.problems),
			    "zone:6: warning: this record stands here twice\n");
	assert_int_equal(zone_rrset(zone_node_at(zone, &name, 0), DNS_A)->count, 1);
	zone_unref(zone);
	text_free(&stage.problems);
}

static void a_set_that_fits_into_no_message_is_refused(void **state)
{
	AUTO_TEXT text = { 0 };

	for (int i = 0; i < 5000; i++)
		text_printf(&text, "a A 10.0.%d.%d\n", i / 200, i % 200);
	is_told(text.data, "zone:4: error: these records take 80000 bytes; more than 64240 fit "
			   "into no message\n");
}

static void files_are_included_with_their_own_lines(void **state)
{
	static const struct zone_text files[] = {
		{ .name = "main",
		  .text = STAGE_HEAD "$INCLUDE one sub.example.com.\nlast A 192.0.2\n" },
		{ .name = "one", .text = "www A 192.0.2.1\n\nbad A x\n" },
		{ 0 },
	};
	static const struct zone_text good[] = {
		{ .name = "main",
		  .text = STAGE_HEAD
		  "$INCLUDE \"one\" sub.example.com.\n$INCLUDE one\nlast MX 1 www\n" },
		{ .name = "one", .text = "www A 192.0.2.1" },
		{ 0 },
	};
	struct dns_name names[] = { stage_name("www.sub.example.com."),
				    stage_name("www.example.com."), stage_name("last.example.com.") };
	struct stage stage = { 0 };
	struct zone *zone;

	assert_null(stage_load_files(&stage, files));
	assert_string_equal(text_string(&stage.problems),
			    "main:5: error: invalid IPv4 address\n"
			    "one:3: error: invalid address character\n");
	zone = stage_load_files(&stage, good);
	assert_string_equal(text_string(&stage.problems), "");
	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		assert_non_null(zone_node_at(zone, &names[i], 0));
	zone_unref(zone);
}

static void files_that_include_themselves_are_told(void **state)
{
	static const struct zone_text files[] = {
		{ .name = "main", .text = STAGE_HEAD "$INCLUDE one\n$INCLUDE gone\n" },
		{ .name = "one", .text = "\n$INCLUDE two\n" },
		{ .name = "two", .text = "\n\n$INCLUDE one\na A 192.0.2.1\n" },
		{ 0 },
	};
	struct stage stage = { 0 };

	assert_null(stage_load_files(&stage, files));
	assert_string_equal(text_string(&stage.problems),
			    "main:5: error: cannot include gone: No such file or directory\n"
			    "two:3: error: one includes itself\n");
	text_free(&stage.problems);
}

static void a_chain_of_includes_ends(void **state)
{
	struct zone_text files[21] = { 0 };
	char texts[20][200], names[20][20];
	struct stage stage = { 0 };

	for (int i = 0; i < 20; i++) {
		snprintf(names[i], sizeof(names[i]), "f%d", i);
		snprintf(texts[i], sizeof(texts[i]), "%s$INCLUDE f%d\n", i ? "" : STAGE_HEAD, i + 1);
		files[i] = (struct zone_text){ .name = names[i], .text = texts[i] };
	}
	assert_null(stage_load_files(&stage, files));
	assert_string_equal(text_string(&stage.problems),
			    "f7:1: error: f8 is included by too many files in a row\n");
	text_free(&stage.problems);
}

static void of_many_problems_the_first_are_told(void **state)
{
	struct stage stage = { 0 };
	AUTO_TEXT text = { 0 };
	unsigned lines = 0;

	text_puts(&text, STAGE_HEAD);
	for (int i = 0; i < 1000; i++)
		text_printf(&text, "n%d A x\n", i);
	assert_null(stage_load(&stage, text.data));
	for (const char *at = stage.problems.data; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(lines, 51);
	assert_non_null(strstr(stage.problems.data,
			       "zone:53: error: and there are 950 errors and 0 warnings more\n"));
	text_free(&stage.problems);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_zone_begins_with_one_soa_at_its_apex),
		cmocka_unit_test(records_outside_are_refused),
		cmocka_unit_test(the_line_is_that_where_the_record_begins),
		cmocka_unit_test(text_that_is_no_record_is_told),
		cmocka_unit_test(lines_of_megabytes_are_told),
		cmocka_unit_test(data_that_are_given_as_bytes_are_looked_at),
		cmocka_unit_test(every_usual_type_is_taken),
		cmocka_unit_test(a_cname_stands_alone),
		cmocka_unit_test(below_a_dname_there_is_nothing),
		cmocka_unit_test(name_servers_have_addresses),
		cmocka_unit_test(targets_that_lead_nowhere_are_told),
		cmocka_unit_test(what_a_delegation_hides_is_told),
		cmocka_unit_test(a_set_has_one_ttl),
		cmocka_unit_test(doubled_records_are_told_once_and_served_once),
		cmocka_unit_test(a_set_that_fits_into_no_message_is_refused),
		cmocka_unit_test(files_are_included_with_their_own_lines),
		cmocka_unit_test(files_that_include_themselves_are_told),
		cmocka_unit_test(a_chain_of_includes_ends),
		cmocka_unit_test(of_many_problems_the_first_are_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
