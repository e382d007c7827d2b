/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "dns/cookie.h"
#include "dns/siphash.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void from_hex(const char *hex, uint8_t *bytes)
{
	for (; *hex; hex += 2)
		sscanf(hex, "%2hhx", bytes++);
}

static struct address address(const char *text)
{
	struct address address;

	assert_int_equal(address_parse(text, &address), 0);
	return address;
}

/* The vectors that SipHash's authors give: key 00..0f, message 00, 01, ... */
static void siphash_is_the_one_of_its_authors(void **state)
{
	uint8_t key[16], message[15];

	for (uint8_t i = 0; i < 16; i++)
		key[i] = i;
	for (uint8_t i = 0; i < 15; i++)
		message[i] = i;
	assert_true(siphash(key, message, 0) == UINT64_C(0x726fdb47dd0e0e31));
	assert_true(siphash(key, message, 8) == UINT64_C(0x93f5f5799a932462));
	assert_true(siphash(key, message, 15) == UINT64_C(0xa129ca6149be45e5));
}

struct vector {
	const char *secret, *client, *peer, *server;
	uint32_t now;
};

/* RFC 9018, appendix A. */
static const struct vector vectors[] = {
	{ "e5e973e5a6b2a43f48e7dc849e37bfcf", "2464c4abcf10c957", "198.51.100.100",
	  "010000005cf79f111f8130c3eee29480", 1559731985 },
	{ "e5e973e5a6b2a43f48e7dc849e37bfcf", "fc93fc62807ddb86", "203.0.113.203",
	  "010000005cf7a9acf73a7810aca2381e", 1559734700 },
	{ "445536bcd2513298075a5d379663c962", "22681ab97d52c298",
	  "2001:db8:220:1:59de:d0f4:8769:82b8", "010000005cf7c609a6bb79d16625507a", 1559741961 },
};

/* A client's part of eight bytes and ours behind it. */
static void make(const struct cookie_secrets *secrets, const char *client, const char *peer,
		 uint32_t now, uint8_t ret_cookie[24])
{
	struct address from = address(peer);

	from_hex(client, ret_cookie);
	cookie_make(secrets, ret_cookie, &from, now, ret_cookie + 8);
}

static bool valid(const struct cookie_secrets *secrets, const uint8_t *cookie, const char *peer,
		  uint32_t now)
{
	struct address from = address(peer);

	return cookie_valid(secrets, cookie, 24, &from, now);
}

static void cookies_are_those_of_other_makers(void **state)
{
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const struct vector *v = &vectors[i];
		uint8_t expected[16], cookie[24];
		struct cookie_secrets secrets = { .count = 1 };

		from_hex(v->secret, secrets.secret[0]);
		from_hex(v->server, expected);
		make(&secrets, v->client, v->peer, v->now, cookie);
		assert_memory_equal(cookie + 8, expected, 16);
		assert_true(valid(&secrets, cookie, v->peer, v->now));
	}
}

#define CLIENT "2464c4abcf10c957"
#define NOW 1700000000

static void a_cookie_is_for_one_client_and_one_hour(void **state)
{
	struct cookie_secrets secrets = { .count = 1, .secret[0] = "0123456789abcde" };
	struct address peer = address("192.0.2.7");
	uint8_t cookie[24];

	make(&secrets, CLIENT, "192.0.2.7", NOW, cookie);
	assert_true(valid(&secrets, cookie, "192.0.2.7", NOW + 3600));
	assert_false(valid(&secrets, cookie, "192.0.2.7", NOW + 3601));
	assert_true(valid(&secrets, cookie, "192.0.2.7", NOW - 300));
	assert_false(valid(&secrets, cookie, "192.0.2.7", NOW - 301));
	assert_false(valid(&secrets, cookie, "192.0.2.8", NOW));
	assert_false(cookie_valid(&secrets, cookie, 23, &peer, NOW));
	cookie[0] ^= 1;
	assert_false(valid(&secrets, cookie, "192.0.2.7", NOW));
	cookie[0] ^= 1;
	cookie[9] = 1;
	assert_false(valid(&secrets, cookie, "192.0.2.7", NOW));
}

static void an_old_secret_is_believed_until_it_goes(void **state)
{
	struct cookie_secrets old = { .count = 1, .secret[0] = "0123456789abcde" };
	struct cookie_secrets new = { .count = 1, .secret[0] = "fedcba987654321" };
	struct cookie_secrets both = { .count = 2, .secret[0] = "fedcba987654321" };
	uint8_t cookie[24], fresh[24];

	memcpy(both.secret[1], old.secret[0], 16);
	make(&old, CLIENT, "2001:db8::7", NOW, cookie);
	make(&both, CLIENT, "2001:db8::7", NOW, fresh);
	assert_true(valid(&both, cookie, "2001:db8::7", NOW));
	assert_true(valid(&new, fresh, "2001:db8::7", NOW));
	assert_false(valid(&new, cookie, "2001:db8::7", NOW));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(siphash_is_the_one_of_its_authors),
		cmocka_unit_test(cookies_are_those_of_other_makers),
		cmocka_unit_test(a_cookie_is_for_one_client_and_one_hour),
		cmocka_unit_test(an_old_secret_is_believed_until_it_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
