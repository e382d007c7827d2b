/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/services/services_stage.h"

#include <poll.h>

static int dial(const char *address, uint16_t port)
{
	return stage_dial(SOCK_STREAM, address, port);
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* Everything until the end, which must be a proper one. */
static const char *hear_all(int fd, char *text, size_t room)
{
	size_t length = 0;
	ssize_t got;

	while ((got = recv(fd, text + length, room - 1 - length, 0)) > 0)
		length += (size_t)got;
	assert_int_equal(got, 0);
	text[length] = '\0';
	close(fd);
	return text;
}

static uint16_t stage_tcp(const struct stage *stage, const char *const *lines, uint32_t most,
			  uint32_t idle_ms)
{
	uint16_t port = stage_port();

	stage_configure(stage, lines, port, most, idle_ms);
	stage_listen(stage, IPPROTO_TCP, port);
	return port;
}

static void echo_sends_everything_back_before_it_ends(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", NULL };
	static char sent[1 << 20], back[1 << 20];
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 10, 10000);
	int fd = dial("127.5.7.7", port);
	size_t length = 0;
	ssize_t got;

	for (size_t i = 0; i < sizeof(sent); i++)
		sent[i] = (char)(i * 31 >> 3);
	if (!fork()) {
		size_t at = 0;

		while (at < sizeof(sent)) {
			ssize_t more = send(fd, sent + at, sizeof(sent) - at, MSG_NOSIGNAL);

			if (more < 0)
				_exit(1);
			at += (size_t)more;
		}
		shutdown(fd, SHUT_WR);
		_exit(0);
	}
	while ((got = recv(fd, back + length, sizeof(back) - length, 0)) > 0)
		length += (size_t)got;
	assert_int_equal(length, sizeof(back));
	assert_memory_equal(sent, back, sizeof(back));
	while (got > 0 || (got < 0 && errno == EINTR))
		got = recv(fd, back, 1, 0);
	assert_int_equal(got, 0);
	close(fd);
	wait(NULL);
	assert_int_equal(stage_await(&stage, "service e", 1).answered, 1);
	assert_int_equal(stage_end(&stage), 0);
}

/* A peer that sends and never reads is stopped by its own window; what it sent is not lost. */
static void a_peer_that_does_not_read_is_not_read_from(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", NULL };
	static char bytes[65536];
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 10, 10000);
	struct timeval little = { .tv_usec = 300000 };
	size_t sent = 0, heard = 0;
	ssize_t got;
	int fd = dial("127.5.7.7", port);

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &little, sizeof(little));
	while ((got = send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL)) > 0)
		sent += (size_t)got;
	assert_int_equal(errno, EAGAIN);
	shutdown(fd, SHUT_WR);
	while ((got = recv(fd, bytes, sizeof(bytes), 0)) > 0)
		heard += (size_t)got;
	assert_int_equal(got, 0);
	assert_int_equal(heard, sent);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void discard_takes_everything_and_says_nothing(void **state)
{
	static const char *const lines[] = { "d discard 127.5.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 10, 10000);
	int fd = dial("127.5.7.7", port);
	char text[100];

	say(fd, "into the void\n");
	shutdown(fd, SHUT_WR);
	assert_string_equal(hear_all(fd, text, sizeof(text)), "");
	assert_int_equal(stage_end(&stage), 0);
}

static void whoami_tells_people_a_line(void **state)
{
	static const char *const lines[] = { "w whoami 127.5.0.0/16", NULL };
	static const char *const said[] = { "",	  "hello\r\n", "GET /\r\n",
					    "GE", "\r\n",      "get / HTTP/1.1\r\n" };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 10, 10000);
	char text[2000], wanted[200];

	for (size_t i = 0; i < 2 * ARRAY_SIZE(said); i++) {
		struct sockaddr_in local;
		socklen_t length = sizeof(local);
		int fd = dial("127.5.7.7", port);

		getsockname(fd, (void *)&local, &length);
		snprintf(wanted, sizeof(wanted),
			 "asked=127.5.7.7 port=%u peer=127.0.0.1:%u link=lo protocol=tcp "
			 "service=w\n",
			 port, ntohs(local.sin_port));
		if (*said[i / 2])
			say(fd, said[i / 2]);
		/* Once the peer falls silent, once it ends. */
		if (i % 2)
			shutdown(fd, SHUT_WR);
		assert_string_equal(hear_all(fd, text, sizeof(text)), wanted);
	}
	assert_int_equal(stage_end(&stage), 0);
}

static void whoami_tells_browsers_json(void **state)
{
	static const char *const lines[] = { "w whoami 127.5.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 10, 10000);
	char text[2000], length[40];
	const char *body;
	int fd = dial("127.5.7.7", port);

	say(fd, "GET /any?thing HTTP/1.1\r\nHo");
	say(fd, "st: x\r\nAccept: */*\r\n\r\n");
	hear_all(fd, text, sizeof(text));
	assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
	assert_non_null(strstr(text, "\r\nContent-Type: application/json\r\n"));
	assert_non_null(strstr(text, "\r\nConnection: close\r\n"));
	body = strstr(text, "\r\n\r\n") + 4;
	assert_memory_equal(body, "{\"asked\":\"127.5.7.7\",\"port\":", 28);
	assert_non_null(strstr(body, ",\"link\":\"lo\",\"protocol\":\"tcp\",\"service\":\"w\"}\n"));
	snprintf(length, sizeof(length), "\r\nContent-Length: %zu\r\n", strlen(body));
	assert_non_null(strstr(text, length));
	fd = dial("127.5.7.7", port);
	say(fd, "HEAD / HTTP/1.0\r\n\r\n");
	hear_all(fd, text, sizeof(text));
	assert_memory_equal(text, "HTTP/1.1 200 OK\r\n", 17);
	assert_string_equal(strstr(text, "\r\n\r\n"), "\r\n\r\n");
	assert_int_equal(stage_end(&stage), 0);
}

static void whoami_refuses_other_requests(void **state)
{
	static const char *const lines[] = { "w whoami 127.5.0.0/16", NULL };
	static const char *const cases[][2] = {
		{ "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello", "405" },
		{ "GET / HTTP/1.1\r\n\r\n", "400" },
		{ "GET / HTTP/2.0\r\n\r\n", "505" },
		{ "GET / HTTP/1.1\r\nHost: x\r\n folded\r\n\r\n", "400" },
	};
	static char large[20000];
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 10, 10000);
	char text[2000];
	int fd;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		fd = dial("127.5.7.7", port);
		say(fd, cases[i][0]);
		hear_all(fd, text, sizeof(text));
		assert_memory_equal(text, "HTTP/1.1 ", 9);
		assert_memory_equal(text + 9, cases[i][1], 3);
	}
	/* The answer arrives, though far more than it was read was sent. */
	memset(large, 'x', sizeof(large) - 1);
	memcpy(large, "GET / HTTP/1.1\r\nHost: x\r\nA: ", 28);
	fd = dial("127.5.7.7", port);
	say(fd, large);
	hear_all(fd, text, sizeof(text));
	assert_memory_equal(text + 9, "431", 3);
	assert_int_equal(stage_end(&stage), 0);
}

static void who_does_not_move_is_ended(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", "w whoami 127.6.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 10, 50);
	int idle = dial("127.5.7.7", port), slow = dial("127.6.0.1", port);
	char text[1000];

	assert_string_equal(hear_all(idle, text, sizeof(text)), "");
	say(slow, "GET / HTTP/1.1\r\n");
	hear_all(slow, text, sizeof(text));
	assert_memory_equal(text, "HTTP/1.1 408 ", 13);
	assert_int_equal(stage_end(&stage), 0);
}

static void connections_beyond_the_limit_are_reset(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 2, 60000);
	int first = dial("127.5.0.1", port), second = dial("127.5.0.2", port), third;
	char byte;

	stage_await(&stage, "service e", 2);
	stage_assert_reset(dial("127.5.0.3", port));
	assert_int_equal(stage_await(&stage, "service e", 3).dropped, 1);
	say(first, "x");
	assert_int_equal(recv(first, &byte, 1, 0), 1);
	/* When the end of the first has been answered, its place is free. */
	shutdown(first, SHUT_WR);
	assert_int_equal(recv(first, &byte, 1, 0), 0);
	third = dial("127.5.0.3", port);
	say(third, "y");
	assert_int_equal(recv(third, &byte, 1, 0), 1);
	close(first);
	close(second);
	close(third);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_connection_to_no_service_is_reset(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 2, 60000);

	stage_assert_reset(dial("127.9.0.1", port));
	assert_int_equal(stage_await(&stage, "outside", 1).dropped, 1);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_reload_keeps_connections_whose_service_stays(void **state)
{
	static const char *const first[] = { "a echo 127.5.0.0/16", "b echo 127.6.0.0/16",
					     "c echo 127.7.0.0/16", NULL };
	static const char *const second[] = { "z whoami 127.8.0.0/16", "c echo 127.7.0.0/17",
					      "b discard 127.6.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, first, 2, 60000);
	int gone = dial("127.5.0.1", port), changed = dial("127.6.0.1", port),
	    stays = dial("127.7.0.1", port), outside = dial("127.7.200.1", port), more;
	char byte;

	stage_await(&stage, "service a", 1);
	stage_await(&stage, "service b", 1);
	stage_await(&stage, "service c", 2);
	stage_configure(&stage, second, port, 2, 60000);
	stage_assert_reset(gone);
	stage_assert_reset(changed);
	stage_assert_reset(outside);
	say(stays, "x");
	assert_int_equal(recv(stays, &byte, 1, 0), 1);
	/* One of the two places is free again. */
	more = dial("127.7.0.2", port);
	say(more, "y");
	assert_int_equal(recv(more, &byte, 1, 0), 1);
	stage_assert_reset(dial("127.7.0.3", port));
	close(stays);
	close(more);
	assert_int_equal(stage_end(&stage), 0);
}

/*
 * The worker may open so few files that most clients must wait for others to end; none is refused.
 */
static void without_descriptors_connections_wait(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", NULL };
	struct stage stage = stage_start(32);
	uint16_t port = stage_tcp(&stage, lines, 1000, 60000);
	struct pollfd polled[60];
	unsigned left = ARRAY_SIZE(polled);
	char byte;

	for (size_t i = 0; i < ARRAY_SIZE(polled); i++) {
		polled[i] = (struct pollfd){ .fd = dial("127.5.0.1", port), .events = POLLIN };
		say(polled[i].fd, "x");
	}
	while (left) {
		assert_true(poll(polled, ARRAY_SIZE(polled), 10000) > 0);
		for (size_t i = 0; i < ARRAY_SIZE(polled); i++) {
			if (!polled[i].revents)
				continue;
			assert_int_equal(recv(polled[i].fd, &byte, 1, 0), 1);
			close(polled[i].fd);
			polled[i].fd = -1;
			left--;
		}
	}
	assert_int_equal(stage_await(&stage, "service e", 60).answered, 60);
	assert_int_equal(stage_end(&stage), 0);
}

static void peers_that_reset_are_survived(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", "w whoami 127.6.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_tcp(&stage, lines, 1000, 60000);
	struct linger now = { 1, 0 };
	char byte;
	int fd;

	for (unsigned i = 0; i < 100; i++) {
		fd = dial(i % 2 ? "127.5.0.1" : "127.6.0.1", port);
		if (i % 3)
			say(fd, "some bytes\n");
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
	}
	fd = dial("127.5.0.1", port);
	say(fd, "x");
	assert_int_equal(recv(fd, &byte, 1, 0), 1);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(echo_sends_everything_back_before_it_ends),
		cmocka_unit_test(a_peer_that_does_not_read_is_not_read_from),
		cmocka_unit_test(discard_takes_everything_and_says_nothing),
		cmocka_unit_test(whoami_tells_people_a_line),
		cmocka_unit_test(whoami_tells_browsers_json),
		cmocka_unit_test(whoami_refuses_other_requests),
		cmocka_unit_test(who_does_not_move_is_ended),
		cmocka_unit_test(connections_beyond_the_limit_are_reset),
		cmocka_unit_test(a_connection_to_no_service_is_reset),
		cmocka_unit_test(a_reload_keeps_connections_whose_service_stays),
		cmocka_unit_test(without_descriptors_connections_wait),
		cmocka_unit_test(peers_that_reset_are_survived),
	};

	srandom((unsigned)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
