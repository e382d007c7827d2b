/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/message.h"
#include "dns/query.h"
#include "dns/type.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Messages in hexadecimal, with blanks where people want them. */
static size_t from_hex(const char *hex, uint8_t *bytes)
{
	size_t count = 0;

	for (; *hex; hex++) {
		if (*hex == ' ')
			continue;
		assert_int_equal(sscanf(hex, "%2hhx", &bytes[count++]), 1);
		hex++;
	}
	return count;
}

#define HEAD(flags, counts) "1234 " flags " " counts " "
#define ONE "0001 0000 0000 0000"
#define ONE_MORE "0001 0000 0000 0001"
#define WWW "03777777 076578616d706c65 00 0001 0001 "
#define OPT(size, ttl, options) "00 0029 " size " " ttl " " options

enum { SILENCE = -1 };

struct sample {
	const char *what, *hex;
	int rcode;
};

static const struct sample samples[] = {
	{ "a plain query", HEAD("0100", ONE) WWW, DNS_NOERROR },
	{ "eleven bytes", "1234 0000 0001 0000 0000 00", SILENCE },
	{ "nothing", "", SILENCE },
	{ "a response", HEAD("8000", ONE) WWW, SILENCE },
	{ "no question", HEAD("0000", "0000 0000 0000 0000"), DNS_FORMERR },
	{ "two questions", HEAD("0000", "0002 0000 0000 0000") WWW WWW, DNS_FORMERR },
	{ "a question that is not there", HEAD("0000", ONE), DNS_FORMERR },
	{ "a question cut in its name", HEAD("0000", ONE) "03 77 77", DNS_FORMERR },
	{ "a question cut in its class", HEAD("0000", ONE) "00 0001 00", DNS_FORMERR },
	{ "a pointer to itself", HEAD("0000", ONE) "c00c 0001 0001", DNS_FORMERR },
	{ "a pointer into the header", HEAD("0000", ONE) "c000 0001 0001", DNS_FORMERR },
	{ "a label of type 01", HEAD("0000", ONE) "4077 00 0001 0001", DNS_FORMERR },
	{ "bytes behind it all", HEAD("0000", ONE) WWW "00", DNS_FORMERR },
	{ "a record that is not there", HEAD("0000", ONE_MORE) WWW, DNS_FORMERR },
	{ "65535 records", HEAD("0000", "0001 ffff ffff ffff") WWW, DNS_FORMERR },
	{ "an answer that nobody asked for",
	  HEAD("0000", "0001 0001 0000 0000") WWW "c00c 0001 0001 00000000 0004 7f000001",
	  DNS_NOERROR },
	{ "EDNS", HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "0000"), DNS_NOERROR },
	{ "EDNS of size 0", HEAD("0000", ONE_MORE) WWW OPT("0000", "00000000", "0000"), DNS_NOERROR },
	{ "EDNS version 1", HEAD("0000", ONE_MORE) WWW OPT("04d0", "00010000", "0000"), DNS_BADVERS },
	{ "EDNS version 1 with a broken cookie",
	  HEAD("0000", ONE_MORE) WWW OPT("04d0", "00010000", "0005 000a 0001 00"), DNS_BADVERS },
	{ "EDNS twice",
	  HEAD("0000", "0001 0000 0000 0002") WWW OPT("04d0", "00000000", "0000")
		  OPT("04d0", "00000000", "0000"),
	  DNS_FORMERR },
	{ "EDNS of www.", HEAD("0000", ONE_MORE) WWW "03777777" OPT("04d0", "00000000", "0000"),
	  DNS_FORMERR },
	{ "EDNS of a name by a pointer", HEAD("0000", ONE_MORE) WWW "c00c 0029 04d0 00000000 0000",
	  DNS_FORMERR },
	{ "EDNS in the answer section",
	  HEAD("0000", "0001 0001 0000 0000") WWW OPT("04d0", "00000000", "0000"), DNS_FORMERR },
	{ "EDNS with half an option",
	  HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "0003 0003 00"), DNS_FORMERR },
	{ "EDNS with an option longer than it",
	  HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "0004 0003 0001"), DNS_FORMERR },
	{ "EDNS with an unknown option",
	  HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "0006 0064 0002 abcd"), DNS_NOERROR },
	{ "a cookie of five bytes",
	  HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "0009 000a 0005 0102030405"),
	  DNS_FORMERR },
	{ "a cookie of eight bytes",
	  HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "000c 000a 0008 0102030405060708"),
	  DNS_NOERROR },
	{ "a cookie of nine bytes",
	  HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "000d 000a 0009 010203040506070809"),
	  DNS_FORMERR },
	{ "a cookie and no question",
	  HEAD("0000", "0000 0000 0000 0001")
		  OPT("04d0", "00000000", "000c 000a 0008 0102030405060708"),
	  DNS_NOERROR },
	{ "no cookie and no question",
	  HEAD("0000", "0000 0000 0000 0001") OPT("04d0", "00000000", "0000"), DNS_FORMERR },
	{ "TSIG", HEAD("0000", ONE_MORE) WWW "00 00fa 00ff 00000000 0000", DNS_NOERROR },
	{ "TSIG before another record",
	  HEAD("0000", "0001 0000 0000 0002") WWW
	  "00 00fa 00ff 00000000 0000" OPT("04d0", "00000000", "0000"),
	  DNS_FORMERR },
	{ "TSIG in the answer section",
	  HEAD("0000", "0001 0001 0000 0000") WWW "00 00fa 00ff 00000000 0000", DNS_FORMERR },
	{ "opcode IQUERY", HEAD("0800", ONE) WWW, DNS_NOTIMP },
	{ "opcode STATUS and nothing else", HEAD("1000", "0000 0000 0000 0000"), DNS_NOTIMP },
	{ "opcode NOTIFY", HEAD("2000", ONE) WWW, DNS_NOTIMP },
	{ "opcode UPDATE and garbage", HEAD("2800", ONE) "ffff", DNS_NOTIMP },
	{ "opcode 15", HEAD("7800", "0000 0000 0000 0000"), DNS_NOTIMP },
};

static int read_sample(const char *hex, struct dns_query *query, uint8_t *bytes)
{
	size_t length = from_hex(hex, bytes);

	return query_read(bytes, length, false, query) ? query->rcode : SILENCE;
}

static void each_shape_gets_its_rcode(void **state)
{
	uint8_t bytes[1024];
	struct dns_query query;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		int rcode = read_sample(samples[i].hex, &query, bytes);

		if (rcode != samples[i].rcode)
			fail_msg("%s: %d instead of %d", samples[i].what, rcode, samples[i].rcode);
	}
}

static void a_broken_query_keeps_what_could_be_read(void **state)
{
	uint8_t bytes[1024];
	struct dns_query query;

	assert_int_equal(read_sample(HEAD("0100", ONE_MORE)
					     WWW OPT("04d0", "00008000", "0009 000a 0005 0102030405"),
				     &query, bytes),
			 DNS_FORMERR);
	assert_int_equal(query.id, 0x1234);
	assert_true(query.recursion_desired);
	assert_true(query.question);
	assert_int_equal(query.question_end, 12 + 13 + 4);
	assert_true(query.edns.present && query.edns.dnssec_ok);
	assert_null(query.edns.cookie);
}

static void a_name_of_255_bytes_is_one_and_of_256_is_none(void **state)
{
	uint8_t bytes[512] = { 0x12, 0x34, 0, 0, 0, 1 };
	struct dns_query query;
	size_t at = 12;

	for (unsigned i = 0; i < 127; i++, at += 2)
		memcpy(bytes + at, "\1x", 2);
	memcpy(bytes + at, "\0\0\1\0\1", 5);
	assert_true(query_read(bytes, at + 5, false, &query));
	assert_int_equal(query.rcode, DNS_NOERROR);
	assert_int_equal(query.name.labels, 127);
	memcpy(bytes + at, "\1x\0\0\1\0\1", 7);
	assert_true(query_read(bytes, at + 7, false, &query));
	assert_int_equal(query.rcode, DNS_FORMERR);
	assert_false(query.question);
}

static void keepalive_counts_over_tcp_alone(void **state)
{
	uint8_t bytes[1024];
	size_t length = from_hex(
		HEAD("0000", ONE_MORE) WWW OPT("04d0", "00000000", "0006 000b 0002 0001"), bytes);
	struct dns_query query;

	assert_true(query_read(bytes, length, false, &query));
	assert_int_equal(query.rcode, DNS_NOERROR);
	assert_false(query.edns.keepalive);
	assert_true(query_read(bytes, length, true, &query));
	assert_int_equal(query.rcode, DNS_FORMERR);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_shape_gets_its_rcode),
		cmocka_unit_test(a_broken_query_keeps_what_could_be_read),
		cmocka_unit_test(a_name_of_255_bytes_is_one_and_of_256_is_none),
		cmocka_unit_test(keepalive_counts_over_tcp_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
