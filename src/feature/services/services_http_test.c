/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/services/services_http.h"

#include "feature/services/services_who.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static enum services_http read_text(const char *text, bool ended)
{
	return services_http_read(text, strlen(text), ended);
}

static void requests_are_told_from_other_talk(void **state)
{
	static const struct {
		const char *text;
		enum services_http open, ended;
	} cases[] = {
		{ "", SERVICES_HTTP_MAYBE, SERVICES_HTTP_NONE },
		{ "G", SERVICES_HTTP_MAYBE, SERVICES_HTTP_NONE },
		{ "GET", SERVICES_HTTP_MAYBE, SERVICES_HTTP_NONE },
		{ "GET / HTTP/1.1", SERVICES_HTTP_MAYBE, SERVICES_HTTP_NONE },
		{ "GET / HTTP/1.1\r\n", SERVICES_HTTP_PARTIAL, SERVICES_HTTP_BAD },
		{ "GET / HTTP/1.1\r\nHost: a\r\n", SERVICES_HTTP_PARTIAL, SERVICES_HTTP_BAD },
		{ "GET / HTTP/1.1\r\nHost: a\r\n\r\n", SERVICES_HTTP_GET, SERVICES_HTTP_GET },
		{ "GET / HTTP/1.1\nhost:a\n\n", SERVICES_HTTP_GET, SERVICES_HTTP_GET },
		{ "GET / HTTP/1.0\r\n\r\n", SERVICES_HTTP_GET, SERVICES_HTTP_GET },
		{ "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\nGET / HTTP/1.1\r\n",
		  SERVICES_HTTP_GET, SERVICES_HTTP_GET },
		{ "HEAD / HTTP/1.1\r\nHOST: a\r\nX: y\r\n\r\n", SERVICES_HTTP_HEAD,
		  SERVICES_HTTP_HEAD },
		{ "POST / HTTP/1.1\r\nHost: a\r\n\r\n", SERVICES_HTTP_OTHER, SERVICES_HTTP_OTHER },
		{ "GETTING / HTTP/1.1\r\nHost: "
		  "a\r\n\r\n",
		  SERVICES_HTTP_OTHER, SERVICES_HTTP_OTHER },
		{ "hello", SERVICES_HTTP_NONE, SERVICES_HTTP_NONE },
		{ "\r\n", SERVICES_HTTP_NONE, SERVICES_HTTP_NONE },
		{ "GET /\r\n", SERVICES_HTTP_NONE, SERVICES_HTTP_NONE },
		{ "HELLO WORLD\r\n", SERVICES_HTTP_NONE, SERVICES_HTTP_NONE },
		{ "ABCDEFGHIJKLMNOPQ", SERVICES_HTTP_NONE, SERVICES_HTTP_NONE },
		{ " GET / HTTP/1.1\r\n", SERVICES_HTTP_NONE, SERVICES_HTTP_NONE },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		assert_int_equal(read_text(cases[i].text, false), cases[i].open);
		assert_int_equal(read_text(cases[i].text, true), cases[i].ended);
	}
}

static void wrong_requests_are_refused(void **state)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\n\r\n", /* no host */
		"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n",
		"GET / HTTP/1.1\r\nHost : a\r\n\r\n",
		"GET / HTTP/1.1\r\nHost\r\n\r\n",
		"GET / HTTP/1.1\r\nHost: a\rb\r\n\r\n",
		"GET / HTTP/1.1\r\n: a\r\n\r\n",
		"GET  HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1\r\nHost: a\r\n\r\n",
		"GET / HTTP/1.12\r\nHost: a\r\n\r\n",
		"GET / HTTP/x.y\r\n",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		assert_int_equal(read_text(bad[i], false), SERVICES_HTTP_BAD);
	assert_int_equal(read_text("GET / HTTP/2.0\r\n", false), SERVICES_HTTP_VERSION);
	assert_int_equal(services_http_read("GET / HTTP/1.1\r\nHost: a\0b\r\n\r\n", 29, false),
			 SERVICES_HTTP_BAD);
}

static void a_request_without_end_is_too_large(void **state)
{
	static char text[2 * SERVICES_HTTP_MAX];

	memset(text, 'a', sizeof(text));
	memcpy(text, "GET /", 5);
	assert_int_equal(services_http_read(text, SERVICES_HTTP_MAX - 1, false), SERVICES_HTTP_MAYBE);
	assert_int_equal(services_http_read(text, SERVICES_HTTP_MAX, false), SERVICES_HTTP_LARGE);
	memcpy(text, "GET / HTTP/1.1\r\nA: ", 19);
	assert_int_equal(services_http_read(text, SERVICES_HTTP_MAX - 1, false),
			 SERVICES_HTTP_PARTIAL);
	assert_int_equal(services_http_read(text, SERVICES_HTTP_MAX, false), SERVICES_HTTP_LARGE);
	assert_int_equal(services_http_read(text, sizeof(text), false), SERVICES_HTTP_LARGE);
}

static void answers_have_what_http_wants(void **state)
{
	char answer[1000];
	size_t length = services_http_write(SERVICES_HTTP_GET, "{}\n", 784111777, answer,
					    sizeof(answer));

	assert_int_equal(length, strlen(answer));
	/* The example of RFC 9110, 5.6.7. */
	assert_string_equal(
		answer,
		"HTTP/1.1 200 OK\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\n"
		"Content-Type: application/json\r\nContent-Length: 3\r\nCache-Control: no-store\r\n"
		"Connection: close\r\n\r\n{}\n");
	services_http_write(SERVICES_HTTP_HEAD, "{}\n", 0, answer, sizeof(answer));
	assert_non_null(strstr(answer, "\r\nContent-Length: 3\r\n"));
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	services_http_write(SERVICES_HTTP_OTHER, "{}\n", 0, answer, sizeof(answer));
	assert_memory_equal(answer, "HTTP/1.1 405 ", 13);
	assert_non_null(strstr(answer, "\r\nAllow: GET, HEAD\r\n"));
	assert_string_equal(strstr(answer, "\r\n\r\n") + 4, "405 Method Not Allowed\n");
	assert_int_equal(services_http_write(SERVICES_HTTP_GET, "{}\n", 0, answer, 100), 0);
}

static void whoami_says_the_same_words_in_the_same_order(void **state)
{
	struct services_who who = {
		.port = 7777, .peer_port = 5353, .link = "eth0", .protocol = "udp", .service = "who"
	};
	char text[SERVICES_WHO_SIZE];
	size_t length;

	assert_int_equal(address_parse("2001:db8:1:1::42", &who.asked), 0);
	assert_int_equal(address_parse("2001:db8::2", &who.peer), 0);
	length = services_who_line(&who, text);
	assert_int_equal(length, strlen(text));
	assert_string_equal(
		text,
		"asked=2001:db8:1:1::42 port=7777 peer=[2001:db8::2]:5353 link=eth0 protocol=udp "
		"service=who\n");
	length = services_who_json(&who, text);
	assert_int_equal(length, strlen(text));
	assert_string_equal(text, "{\"asked\":\"2001:db8:1:1::42\",\"port\":7777,\"peer\":\"2001:"
				  "db8::2\",\"peer_port\":5353,"
				  "\"link\":\"eth0\",\"protocol\":\"udp\",\"service\":\"who\"}\n");
	assert_int_equal(address_parse("192.0.2.1", &who.peer), 0);
	services_who_line(&who, text);
	assert_non_null(strstr(text, " peer=192.0.2.1:5353 "));
}

/* Linux takes nearly any bytes for the name of a link. */
static void odd_names_of_links_do_no_harm(void **state)
{
	struct services_who who = {
		.asked.family = AF_INET, .peer.family = AF_INET, .protocol = "udp", .service = "who"
	};
	char text[SERVICES_WHO_SIZE];

	who.link = "a\x1b[1mb\xff";
	services_who_line(&who, text);
	assert_non_null(strstr(text, " link=a?[1mb? "));
	who.link = "a\"},\\x";
	services_who_json(&who, text);
	assert_non_null(strstr(text, "\"link\":\"a\\\"},\\\\x\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_are_told_from_other_talk),
		cmocka_unit_test(wrong_requests_are_refused),
		cmocka_unit_test(a_request_without_end_is_too_large),
		cmocka_unit_test(answers_have_what_http_wants),
		cmocka_unit_test(whoami_says_the_same_words_in_the_same_order),
		cmocka_unit_test(odd_names_of_links_do_no_harm),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
