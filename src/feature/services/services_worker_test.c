/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/services/services_stage.h"

#include <netinet/udp.h>

static void ask(int fd, const char *address, uint16_t port, const void *bytes, size_t length)
{
	struct sockaddr_in to = stage_address(address, port);

	assert_int_equal(sendto(fd, bytes, length, 0, (void *)&to, sizeof(to)), (ssize_t)length);
}

/* "SOURCE: BYTES" of the next answer; "" when @flags say not to wait and none is there. */
static const char *answer(int fd, int flags, char text[600])
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	char bytes[520], source[INET_ADDRSTRLEN];
	ssize_t got = recvfrom(fd, bytes, sizeof(bytes), flags, (void *)&from, &length);

	text[0] = '\0';
	if (got >= 0)
		snprintf(text, 600, "%s: %.*s",
			 inet_ntop(AF_INET, &from.sin_addr, source, sizeof(source)), (int)got, bytes);
	return text;
}

static uint16_t local_port(int fd)
{
	struct sockaddr_in local;
	socklen_t length = sizeof(local);

	assert_int_equal(getsockname(fd, (void *)&local, &length), 0);
	return ntohs(local.sin_port);
}

static void every_datagram_is_answered_from_the_address_asked(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	char address[INET_ADDRSTRLEN], text[600], wanted[600];
	int fd = stage_client(SOCK_DGRAM);

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(address, sizeof(address), "127.5.%u.%u", i, 255 - i);
		snprintf(wanted, sizeof(wanted), "%s: hello %s", address, address);
		ask(fd, address, port, wanted + strlen(address) + 2,
		    strlen(wanted) - strlen(address) - 2);
		assert_string_equal(answer(fd, 0, text), wanted);
	}
	assert_int_equal(stage_await(&stage, "service e", 200).answered, 200);
	assert_int_equal(stage_await(&stage, "prefix 127.5.0.0/16", 200).answered, 200);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void an_empty_datagram_is_echoed_and_a_large_one_too(void **state)
{
	static const char *const lines[] = { "e echo 0.0.0.0/0", NULL };
	static char large[65507], back[65507];
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	int fd = stage_client(SOCK_DGRAM);

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	ask(fd, "127.1.2.3", port, "", 0);
	assert_int_equal(recv(fd, back, sizeof(back), 0), 0);
	memset(large, 'x', sizeof(large));
	ask(fd, "127.1.2.3", port, large, sizeof(large));
	assert_int_equal(recv(fd, back, sizeof(back), 0), sizeof(large));
	assert_memory_equal(back, large, sizeof(large));
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void the_longest_prefix_decides_and_whoami_tells(void **state)
{
	static const char *const lines[] = { "wide whoami 127.0.0.0/8", "near echo 127.6.0.0/16",
					     "one whoami 127.6.6.6/32", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	struct sockaddr_in own = stage_address("127.0.0.77", 0);
	char text[600], wanted[600];
	int fd = stage_client(SOCK_DGRAM);

	assert_int_equal(bind(fd, (void *)&own, sizeof(own)), 0);
	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	ask(fd, "127.6.6.7", port, "near", 4);
	assert_string_equal(answer(fd, 0, text), "127.6.6.7: near");
	ask(fd, "127.6.6.6", port, "?", 1);
	snprintf(wanted, sizeof(wanted),
		 "127.6.6.6: asked=127.6.6.6 port=%u peer=127.0.0.77:%u link=lo protocol=udp "
		 "service=one\n",
		 port, local_port(fd));
	assert_string_equal(answer(fd, 0, text), wanted);
	ask(fd, "127.7.0.1", port, "?", 1);
	assert_non_null(strstr(answer(fd, 0, text), "asked=127.7.0.1 "));
	assert_non_null(strstr(text, " service=wide\n"));
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void what_belongs_to_no_service_is_dropped_and_counted(void **state)
{
	static const char *const lines[] = { "e echo 127.5.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	int fd = stage_client(SOCK_DGRAM);
	char text[600];

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	ask(fd, "127.9.0.1", port, "?", 1);
	assert_int_equal(stage_await(&stage, "outside", 1).dropped, 1);
	assert_string_equal(answer(fd, MSG_DONTWAIT, text), "");
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_discarded_datagram_is_counted(void **state)
{
	static const char *const lines[] = { "d discard 127.5.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	int fd = stage_client(SOCK_DGRAM);
	char text[600];

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	ask(fd, "127.5.0.1", port, "gone", 4);
	assert_int_equal(stage_await(&stage, "service d", 1).dropped, 1);
	assert_string_equal(answer(fd, MSG_DONTWAIT, text), "");
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

/* Two echo servers that heard of each other would talk for ever. */
static void what_answers_answers_is_not_answered(void **state)
{
	static const char *const lines[] = { "e echo 0.0.0.0/0", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	struct sockaddr_in same = stage_address("127.44.0.1", port);
	int fd = stage_client(SOCK_DGRAM), on = 1;
	char text[600];

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
	assert_int_equal(bind(fd, (void *)&same, sizeof(same)), 0);
	ask(fd, "127.5.0.1", port, "?", 1);
	assert_int_equal(stage_await(&stage, "service e", 1).dropped, 1);
	assert_string_equal(answer(fd, MSG_DONTWAIT, text), "");
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_broadcast_is_not_answered(void **state)
{
	static const char *const lines[] = { "w whoami 0.0.0.0/0", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	int fd = stage_client(SOCK_DGRAM), on = 1;
	char text[600];

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	/* Each socket of the port gets a copy. */
	ask(fd, "127.255.255.255", port, "?", 1);
	assert_int_equal(stage_await(&stage, "service w", STAGE_THREADS).dropped, STAGE_THREADS);
	assert_string_equal(answer(fd, MSG_DONTWAIT, text), "");
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void every_datagram_of_a_train_is_answered(void **state)
{
	static const char *const lines[] = { "w whoami 127.5.0.0/16", "e echo 127.6.0.0/16", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	int fd = stage_client(SOCK_DGRAM), segment = 10;
	char text[600];

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	setsockopt(fd, SOL_UDP, UDP_SEGMENT, &segment, sizeof(segment));
	ask(fd, "127.6.0.1", port, "0123456789abcdefghijABCD", 24);
	assert_string_equal(answer(fd, 0, text), "127.6.0.1: 0123456789");
	assert_string_equal(answer(fd, 0, text), "127.6.0.1: abcdefghij");
	assert_string_equal(answer(fd, 0, text), "127.6.0.1: ABCD");
	ask(fd, "127.5.0.1", port, "0123456789abcdefghijABCD", 24);
	for (int i = 0; i < 3; i++)
		assert_non_null(strstr(answer(fd, 0, text), "127.5.0.1: asked=127.5.0.1 "));
	assert_int_equal(stage_await(&stage, "service w", 3).answered, 3);
	assert_int_equal(stage_await(&stage, "service e", 3).answered, 3);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

/* A listener that comes before its service holds what it gets until the service is there. */
static void a_reload_changes_who_answers_and_keeps_what_was_counted(void **state)
{
	static const char *const first[] = { "a whoami 127.5.0.0/16", "b echo 127.6.0.0/16", NULL };
	static const char *const second[] = { "b echo 127.5.0.0/16",
					      "c whoami "
					      "127.6.0.0/16",
					      NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	int fd = stage_client(SOCK_DGRAM);
	char text[600];

	stage_listen(&stage, IPPROTO_UDP, port);
	ask(fd, "127.6.0.1", port, "early", 5);
	stage_configure(&stage, first, port, 10, 1000);
	assert_string_equal(answer(fd, 0, text), "127.6.0.1: early");
	stage_await(&stage, "service b", 1);
	stage_configure(&stage, second, port, 10, 1000);
	stage_await(&stage, "service b", 1);
	ask(fd, "127.5.0.1", port, "?", 1);
	assert_string_equal(answer(fd, 0, text), "127.5.0.1: ?");
	ask(fd, "127.6.0.1", port, "?", 1);
	assert_non_null(strstr(answer(fd, 0, text), " service=c\n"));
	stage_await(&stage, "service b", 2);
	stage_await(&stage, "service c", 1);
	stage_await(&stage, "prefix 127.5.0.0/16", 1);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void reloads_under_load_lose_nothing(void **state)
{
	static const char *const lines[] = { "e echo 127.0.0.0/8", NULL };
	static const char *const other[] = { "x discard "
					     "127.99.0.0/16",
					     "e echo 127.0.0.0/8", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	int fd = stage_client(SOCK_DGRAM);
	char text[600];

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	for (unsigned i = 0; i < 300; i++) {
		for (unsigned j = 0; j < 8; j++)
			ask(fd, "127.5.0.1", port, "load", 4);
		stage_configure(&stage, i % 2 ? lines : other, port, 10, 1000);
		for (unsigned j = 0; j < 8; j++)
			assert_string_equal(answer(fd, 0, text), "127.5.0.1: load");
	}
	assert_int_equal(stage_await(&stage, "service e", 2400).answered, 2400);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_closed_listener_answers_what_came_before(void **state)
{
	static const char *const lines[] = { "e echo 127.0.0.0/8", NULL };
	struct stage stage = stage_start(0);
	uint16_t port = stage_port();
	struct sockaddr_in to = stage_address("127.0.0.1", port);
	int fd = stage_client(SOCK_DGRAM);
	uint8_t name[20];
	char text[600];

	stage_configure(&stage, lines, port, 10, 1000);
	stage_listen(&stage, IPPROTO_UDP, port);
	stage_await(&stage, "service e", 0);
	ask(fd, "127.5.0.1", port, "last", 4);
	stage_tell(&stage, WORKER_CLOSE, name, stage_name(IPPROTO_UDP, port, name));
	assert_string_equal(answer(fd, 0, text), "127.5.0.1: last");
	stage_await(&stage, "service e", 1);
	/* Nobody listens any more: the kernel refuses. */
	assert_int_equal(connect(fd, (void *)&to, sizeof(to)), 0);
	assert_int_equal(send(fd, "?", 1, 0), 1);
	assert_int_equal(recv(fd, text, 1, 0), -1);
	assert_int_equal(errno, ECONNREFUSED);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void nonsense_from_the_engine_ends_the_worker(void **state)
{
	static const struct {
		uint16_t type;
		const char *bytes;
		size_t length;
	} cases[] = { { WORKER_CONFIGURE, "", 0 },
		      { WORKER_LISTENER, "short", 5 },
		      { WORKER_CLOSE, "short", 5 },
		      { WORKER_REPORT, "", 0 },
		      { 99, "", 0 } };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct stage stage = stage_start(0);
		struct channel_message message;

		stage_tell(&stage, cases[i].type, cases[i].bytes, cases[i].length);
		assert_true(channel_receive(stage.channel, &message) <= 0);
		assert_int_equal(stage_end(&stage), 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_datagram_is_answered_from_the_address_asked),
		cmocka_unit_test(an_empty_datagram_is_echoed_and_a_large_one_too),
		cmocka_unit_test(the_longest_prefix_decides_and_whoami_tells),
		cmocka_unit_test(what_belongs_to_no_service_is_dropped_and_counted),
		cmocka_unit_test(a_discarded_datagram_is_counted),
		cmocka_unit_test(what_answers_answers_is_not_answered),
		cmocka_unit_test(a_broadcast_is_not_answered),
		cmocka_unit_test(every_datagram_of_a_train_is_answered),
		cmocka_unit_test(a_reload_changes_who_answers_and_keeps_what_was_counted),
		cmocka_unit_test(reloads_under_load_lose_nothing),
		cmocka_unit_test(a_closed_listener_answers_what_came_before),
		cmocka_unit_test(nonsense_from_the_engine_ends_the_worker),
	};

	srandom((unsigned)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
