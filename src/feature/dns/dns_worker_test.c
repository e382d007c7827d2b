/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "feature/dns/dns_stage.h"

#define SOA "@ 3600 IN SOA ns hostmaster %u 7200 3600 1209600 300\n@ NS ns\nns A 192.0.2.1\n"
#define ZONE_WWW "www 60 A 192.0.2.%u\nbig TXT "
#define SETTINGS                                                                                   \
	{                                                                                          \
		.udp_size = 1232, .identity = "", .log_path = "", .log_sample = 1,                 \
		.tcp_idle_ms = 10000, .tcp_connections = 500, .tcp_per_client = 400                \
	}

static const struct dns_orders usual = SETTINGS;

static void serve_number(struct stage *stage, const struct dns_orders *settings, unsigned number)
{
	char text[4096];
	int length = snprintf(text, sizeof(text), SOA ZONE_WWW, number, number);

	for (unsigned i = 0; i < 10; i++)
		length += snprintf(text + length, sizeof(text) - (size_t)length, "\"%0200u\" ", i);
	snprintf(text + length, sizeof(text) - (size_t)length, "\n");
	stage_serve(stage, settings, text);
}

static void ask_udp(int fd, uint16_t id, const char *name)
{
	uint8_t query[300];
	size_t length = stage_query(query, id, name, DNS_A);

	assert_int_equal(send(fd, query + 2, length - 2, 0), (ssize_t)length - 2);
}

/* The rcode of the answer that comes next, of @id; its last byte is that of an address. */
static unsigned hear_udp(int fd, uint16_t id, uint8_t *ret_last)
{
	uint8_t reply[4096];
	ssize_t got = recv(fd, reply, sizeof(reply), 0);

	assert_in_range(got, DNS_HEADER, sizeof(reply));
	assert_int_equal(reply[0] << 8 | reply[1], id);
	*ret_last = reply[got - 1];
	return reply[3] & 15;
}

static void read_all(int fd, uint8_t *bytes, size_t length)
{
	for (size_t done = 0; done < length;) {
		ssize_t got = recv(fd, bytes + done, length - done, 0);

		assert_true(got > 0);
		done += (size_t)got;
	}
}

/* The length of the next reply over TCP. */
static size_t hear_tcp(int fd, uint16_t id)
{
	static uint8_t reply[65536];
	uint8_t head[2];
	size_t length;

	read_all(fd, head, 2);
	length = (size_t)head[0] << 8 | head[1];
	read_all(fd, reply, length);
	assert_int_equal(reply[0] << 8 | reply[1], id);
	return length;
}

/* A connected socket takes answers from the address that it asked alone. */
static void every_address_of_a_prefix_answers_from_itself(void **state)
{
	struct stage stage = stage_start();
	char address[32];
	uint8_t last;

	serve_number(&stage, &usual, 7);
	for (unsigned i = 0; i < 256; i++) {
		int fd;

		snprintf(address, sizeof(address), "127.5.3.%u", i);
		fd = stage_dial(SOCK_DGRAM, address, stage.port);
		ask_udp(fd, (uint16_t)i, "www.example.");
		assert_int_equal(hear_udp(fd, (uint16_t)i, &last), DNS_NOERROR);
		assert_int_equal(last, 7);
		close(fd);
	}
	assert_int_equal(stage_ask(&stage, "udp").answered, 256);
	assert_int_equal(stage_ask(&stage, "rcode NOERROR").answered, 256);
	assert_int_equal(stage_ask(&stage, "zone example.").answered, 256);
	assert_int_equal(stage_ask(&stage, "prefix 127.5.0.0/16").answered, 256);
	assert_int_equal(stage_ask(&stage, "address 127.5.3.9").asked, 1);
	assert_int_equal(stage_ask(&stage, "name www.example.").asked, 256);
	assert_int_equal(stage_end(&stage), 0);
}

static void what_is_not_listened_on_is_silent(void **state)
{
	struct stage stage = stage_start();
	int fd = stage_dial(SOCK_DGRAM, "127.6.0.1", stage.port);

	serve_number(&stage, &usual, 7);
	stage_ask(&stage, "udp");
	ask_udp(fd, 1, "www.example.");
	close(fd);
	stage_assert_reset(stage_dial(SOCK_STREAM, "127.6.0.1", stage.port));
	assert_int_equal(stage_ask(&stage, "connections").dropped, 1);
	assert_int_equal(stage_ask(&stage, "udp").answered, 0);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_hundred_questions_in_a_row_get_a_hundred_answers(void **state)
{
	struct stage stage = stage_start();
	static uint8_t all[100 * 300];
	size_t length = 0;
	int fd;

	serve_number(&stage, &usual, 7);
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
	for (uint16_t i = 0; i < 100; i++)
		length += stage_query(all + length, i, i % 3 ? "www.example." : "big.example.",
				      i % 3 ? DNS_A : DNS_TXT);
	assert_int_equal(send(fd, all, length, 0), (ssize_t)length);
	for (uint16_t i = 0; i < 100; i++)
		assert_in_range(hear_tcp(fd, i), i % 3 ? 20 : 2000, 4000);
	close(fd);
	assert_int_equal(stage_ask(&stage, "tcp").answered, 100);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_question_may_come_byte_by_byte(void **state)
{
	struct stage stage = stage_start();
	uint8_t query[300];
	size_t length = stage_query(query, 9, "www.example.", DNS_A);
	int fd;

	serve_number(&stage, &usual, 7);
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
	for (unsigned round = 0; round < 2; round++) {
		for (size_t i = 0; i < length; i++) {
			assert_int_equal(send(fd, query + i, 1, MSG_NOSIGNAL), 1);
			usleep(200);
		}
		assert_in_range(hear_tcp(fd, 9), 20, 100);
	}
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_message_of_64_kib_is_heard_to_its_end(void **state)
{
	struct stage stage = stage_start();
	static uint8_t huge[2 + 65535 + 300] = { 0xff, 0xff };
	size_t length;
	int fd;

	serve_number(&stage, &usual, 7);
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
	/* One question, and then bytes that mean nothing; and a proper question behind. */
	stage_query(huge, 5, "www.example.", DNS_A);
	huge[0] = huge[1] = 0xff;
	length = stage_query(huge + 2 + 65535, 6, "www.example.", DNS_A);
	assert_int_equal(send(fd, huge, 2 + 65535 + length, 0), (ssize_t)(2 + 65535 + length));
	assert_in_range(hear_tcp(fd, 5), DNS_HEADER, 100);
	assert_in_range(hear_tcp(fd, 6), 20, 100);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_length_of_nothing_ends_the_connection(void **state)
{
	struct stage stage = stage_start();
	uint8_t byte;
	int fd;

	serve_number(&stage, &usual, 7);
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
	assert_int_equal(send(fd, "\0\0", 2, 0), 2);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

/* Who asks and does not listen is stopped by its own window, and nothing is lost once it listens. */
static void answers_wait_for_a_slow_reader(void **state)
{
	struct stage stage = stage_start();
	struct timeval little = { .tv_usec = 200000 };
	uint8_t query[300];
	size_t length = stage_query(query, 3, "big.example.", DNS_TXT), sent = 0, part;
	int fd;

	serve_number(&stage, &usual, 7);
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &little, sizeof(little));
	for (;;) {
		ssize_t went = send(fd, query + sent % length, length - sent % length, MSG_NOSIGNAL);

		if (went < 0)
			break;
		sent += (size_t)went;
	}
	assert_int_equal(errno, EAGAIN);
	part = sent % length;
	for (size_t i = 0; i < sent / length; i++)
		assert_in_range(hear_tcp(fd, 3), 2000, 3000);
	/* What had begun is finished, and answered. */
	assert_int_equal(send(fd, query + part, length - part, MSG_NOSIGNAL),
			 (ssize_t)(length - part));
	assert_in_range(hear_tcp(fd, 3), 2000, 3000);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_client_has_so_many_connections_and_no_more(void **state)
{
	struct dns_orders few = SETTINGS;
	struct stage stage = stage_start();
	uint8_t query[300];
	int fds[3];

	few.tcp_per_client = 3;
	serve_number(&stage, &few, 7);
	stage_ask(&stage, "udp");
	for (unsigned i = 0; i < 3; i++) {
		size_t length = stage_query(query, (uint16_t)i, "www.example.", DNS_A);

		fds[i] = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
		assert_int_equal(send(fds[i], query, length, 0), (ssize_t)length);
		hear_tcp(fds[i], (uint16_t)i);
	}
	stage_assert_reset(stage_dial(SOCK_STREAM, "127.5.1.1", stage.port));
	for (unsigned i = 0; i < 3; i++)
		close(fds[i]);
	assert_int_equal(stage_end(&stage), 0);
}

static void idle_connections_are_ended(void **state)
{
	struct dns_orders hasty = SETTINGS;
	struct stage stage = stage_start();
	uint8_t byte;
	int fd;

	hasty.tcp_idle_ms = 100;
	serve_number(&stage, &hasty, 7);
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
	assert_int_equal(recv(fd, &byte, 1, 0), 0);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

/* Questions go on while zones come and go; each is answered, by the one or the other. */
static void a_new_zone_loses_no_question(void **state)
{
	struct stage stage = stage_start();
	int udp, tcp, changed = 0;
	uint8_t query[300], last;

	serve_number(&stage, &usual, 1);
	stage_ask(&stage, "udp");
	udp = stage_dial(SOCK_DGRAM, "127.5.1.1", stage.port);
	tcp = stage_dial(SOCK_STREAM, "127.5.1.1", stage.port);
	for (uint16_t i = 0; i < 2000; i++) {
		size_t length = stage_query(query, i, "www.example.", DNS_A);

		if (i % 20 == 0)
			serve_number(&stage, &usual, 1 + i / 20);
		ask_udp(udp, i, "www.example.");
		assert_int_equal(hear_udp(udp, i, &last), DNS_NOERROR);
		assert_in_range(last, changed, 1 + i / 20);
		changed = last;
		assert_int_equal(send(tcp, query, length, MSG_NOSIGNAL), (ssize_t)length);
		hear_tcp(tcp, i);
	}
	stage_ask(&stage, "udp");
	ask_udp(udp, 1, "www.example.");
	assert_int_equal(hear_udp(udp, 1, &last), DNS_NOERROR);
	assert_int_equal(last, 100);
	assert_int_equal(stage_ask(&stage, "zone example.").answered, 4001);
	close(udp);
	close(tcp);
	assert_int_equal(stage_end(&stage), 0);
}

static void a_broken_zone_leaves_the_old_one(void **state)
{
	struct stage stage = stage_start();
	uint8_t last;
	int fd;

	serve_number(&stage, &usual, 1);
	stage_serve(&stage, &usual, "this is no zone\n");
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_DGRAM, "127.5.1.1", stage.port);
	ask_udp(fd, 1, "www.example.");
	assert_int_equal(hear_udp(fd, 1, &last), DNS_NOERROR);
	assert_int_equal(last, 1);
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void an_own_address_follows_its_table(void **state)
{
	struct address own = { AF_INET, { 203, 0, 113, 9 } };
	struct dns_order_self self = {
		"example.", "www.example.", DNS_SELF_ADDRESSES, false, 5, &own, 1
	};
	struct dns_self_orders orders = { .selves = &self, .self_count = 1 };
	static const struct {
		uint8_t mode;
		unsigned rcode;
	} steps[] = { { DNS_SELF_ADDRESSES, DNS_NOERROR },
		      { DNS_SELF_REFUSED, DNS_REFUSED },
		      { DNS_SELF_SERVFAIL, DNS_SERVFAIL },
		      { DNS_SELF_ADDRESSES, DNS_NOERROR } };
	struct stage stage = stage_start();
	uint8_t last;
	int fd;

	serve_number(&stage, &usual, 1);
	fd = stage_dial(SOCK_DGRAM, "127.5.1.1", stage.port);
	for (uint16_t i = 0; i < ARRAY_SIZE(steps); i++) {
		struct channel_message message = { .type = WORKER_UPDATE };
		AUTO_TEXT bytes = { 0 };

		self.mode = steps[i].mode;
		dns_selves_put(&orders, &bytes);
		message.bytes = bytes.data;
		message.length = bytes.length;
		stage_send(&stage, &message);
		stage_ask(&stage, "udp");
		ask_udp(fd, i, "www.example.");
		assert_int_equal(hear_udp(fd, i, &last), steps[i].rcode);
		assert_true(steps[i].rcode != DNS_NOERROR || last == 9);
	}
	close(fd);
	assert_int_equal(stage_end(&stage), 0);
}

static void the_log_names_what_was_asked(void **state)
{
	struct dns_orders logging = SETTINGS;
	struct stage stage = stage_start();
	struct channel_message message = {
		.type = WORKER_FILE, .bytes = (void *)"/log", .length = 4, .fd_count = 1
	};
	char text[1024] = "";
	uint8_t last;
	int ends[2], fd;

	assert_int_equal(pipe(ends), 0);
	message.fds[0] = ends[1];
	stage_send(&stage, &message);
	close(ends[1]);
	logging.log_path = "/log";
	logging.log_answers = true;
	serve_number(&stage, &logging, 1);
	stage_ask(&stage, "udp");
	fd = stage_dial(SOCK_DGRAM, "127.5.1.77", stage.port);
	ask_udp(fd, 1, "www.example.");
	hear_udp(fd, 1, &last);
	assert_in_range(read(ends[0], text, sizeof(text) - 1), 50, sizeof(text));
	assert_non_null(strstr(text,
			       "\"asked\":\"127.5.1.77\",\"name\":\"www.example.\","
			       "\"type\":\"A\",\"transport\":\"udp\",\"peer\":\"127.0.0.1\""));
	assert_int_equal(stage_ask(&stage, "log").answered, 1);
	close(fd);
	close(ends[0]);
	assert_int_equal(stage_end(&stage), 0);
}

static void nonsense_of_the_engine_ends_the_worker(void **state)
{
	struct channel_message message = { .type = WORKER_CONFIGURE,
					   .bytes = (void *)"x",
					   .length = 1 };
	struct stage stage = stage_start();

	stage_send(&stage, &message);
	assert_int_equal(channel_receive(stage.channel, &message), 0);
	assert_int_equal(stage_end(&stage), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_address_of_a_prefix_answers_from_itself),
		cmocka_unit_test(what_is_not_listened_on_is_silent),
		cmocka_unit_test(a_hundred_questions_in_a_row_get_a_hundred_answers),
		cmocka_unit_test(a_question_may_come_byte_by_byte),
		cmocka_unit_test(a_message_of_64_kib_is_heard_to_its_end),
		cmocka_unit_test(a_length_of_nothing_ends_the_connection),
		cmocka_unit_test(answers_wait_for_a_slow_reader),
		cmocka_unit_test(a_client_has_so_many_connections_and_no_more),
		cmocka_unit_test(idle_connections_are_ended),
		cmocka_unit_test(a_new_zone_loses_no_question),
		cmocka_unit_test(a_broken_zone_leaves_the_old_one),
		cmocka_unit_test(an_own_address_follows_its_table),
		cmocka_unit_test(the_log_names_what_was_asked),
		cmocka_unit_test(nonsense_of_the_engine_ends_the_worker),
	};

	srandom((unsigned)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
