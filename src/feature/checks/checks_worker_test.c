/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The worker at work, in a thread, over its channel: what it is told, and which facts come back. */
#include "feature/checks/checks_work.h"

#include "base/clock.h"
#include "feature/checks/checks_wire.h"
#include "io/channel.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* For tests: a worker in a thread, its engine's end of the channel, and peers for its probes. */
#define STAGE_PATIENCE_US 20000000

struct stage {
	int engine, worker;
	pthread_t thread;
	struct check_list list;
	struct healths healths;
	uint32_t asked;
	VEC(char *) texts;
};

static void *stage_main(void *data)
{
	const struct stage *stage = data;

	if (checks_worker.prepare() == 0)
		checks_worker.main(stage->worker, 1);
	return NULL;
}

static void stage_open(struct stage *stage)
{
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	*stage = (struct stage){ .engine = pair[0], .worker = pair[1] };
	assert_int_equal(pthread_create(&stage->thread, NULL, stage_main, stage), 0);
}

static void stage_forget_checks(struct stage *stage)
{
	check_list_free(&stage->list);
	stage->list = (struct check_list){ 0 };
}

static void stage_close(struct stage *stage)
{
	shutdown(stage->engine, SHUT_RDWR);
	pthread_join(stage->thread, NULL);
	close(stage->engine);
	close(stage->worker);
	stage_forget_checks(stage);
	healths_free(&stage->healths);
	for (size_t i = 0; i < stage->texts.count; i++)
		mem_freep(&stage->texts.items[i]);
	VEC_FREE(&stage->texts);
}

static void stage_configure(struct stage *stage)
{
	AUTO_TEXT bytes = { 0 };
	struct channel_message message = { .type = WORKER_CONFIGURE };

	checks_orders_put(stage->list.items.items, (uint32_t)stage->list.items.count, &bytes);
	message.bytes = bytes.data;
	message.length = bytes.length;
	assert_int_equal(channel_send(stage->engine, &message), 0);
}

/* Hears one message; a report goes into @counters. */
static bool stage_hear(struct stage *stage, struct counters *counters)
{
	struct pollfd poller = { .fd = stage->engine, .events = POLLIN };
	struct channel_message message = { 0 };
	bool report;

	assert_int_equal(poll(&poller, 1, 10000), 1);
	assert_int_equal(channel_receive(stage->engine, &message), 1);
	report = message.type == WORKER_REPORT;
	if (report && counters)
		assert_int_equal(checks_worker.report(message.bytes, message.length, counters), 0);
	if (message.type == WORKER_FACT)
		assert_int_equal(checks_worker.fact(message.bytes, message.length, &stage->healths),
				 0);
	channel_message_free(&message);
	return report;
}

static void stage_report(struct stage *stage, struct counters *counters)
{
	struct channel_message message = { .type = WORKER_ASK, .number = ++stage->asked };

	assert_int_equal(channel_send(stage->engine, &message), 0);
	while (!stage_hear(stage, counters))
		;
}

static const struct health *stage_await(struct stage *stage, const char *name, enum health_state state)
{
	int64_t until = clock_now_us() + STAGE_PATIENCE_US;

	while (clock_now_us() < until) {
		const struct health *health = healths_find(&stage->healths, name);

		if (health && health->state == state)
			return health;
		stage_hear(stage, NULL);
	}
	fail_msg("%s does not become %s", name, health_state_word(state));
	return NULL;
}

/* Asks again and again, since what does not change is told only on demand. */
static void stage_await_reason(struct stage *stage, const char *name, const char *reason)
{
	int64_t until = clock_now_us() + STAGE_PATIENCE_US;
	const struct health *health = NULL;

	while (clock_now_us() < until) {
		stage_report(stage, NULL);
		health = healths_find(&stage->healths, name);
		if (health && strcmp(health->reason, reason) == 0)
			return;
		usleep(10000);
	}
	fail_msg("%s: \"%s\" instead of \"%s\"", name, health ? health->reason : "nothing", reason);
}

/* A server that says the same to everybody; "" closes at once, NULL is silent. */
struct stage_peer {
	int fd, stop[2], type;
	struct address address;
	uint16_t port;
	const char *volatile say;
	pthread_t thread;
};

static void stage_serve_one(struct stage_peer *peer)
{
	char bytes[2048];
	struct sockaddr_storage from;
	socklen_t size = sizeof(from);
	const char *say = peer->say;
	int fd;

	if (peer->type == SOCK_DGRAM) {
		if (recvfrom(peer->fd, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &size) >= 0 &&
		    say)
			sendto(peer->fd, say, strlen(say), 0, (struct sockaddr *)&from, size);
		return;
	}
	fd = accept(peer->fd, NULL, NULL);
	if (fd < 0)
		return;
	if (say && *say && send(fd, say, strlen(say), MSG_NOSIGNAL) > 0) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };

		/* What the client says is read, since closing over it would be a reset. */
		if (poll(&poller, 1, 20) > 0 && recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			bytes[0] = 0;
	} else if (say) {
		struct pollfd poller = { .fd = fd, .events = POLLIN };

		if (poll(&poller, 1, 20) > 0 && recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT) > 0)
			bytes[0] = 0;
	}
	close(fd);
}

static void *stage_serve(void *data)
{
	struct stage_peer *peer = data;
	struct pollfd polls[2] = { { peer->fd, POLLIN, 0 }, { peer->stop[0], POLLIN, 0 } };

	while (poll(polls, 2, -1) >= 0 && !polls[1].revents)
		if (polls[0].revents)
			stage_serve_one(peer);
	return NULL;
}

static uint16_t stage_bind(int fd, const char *host)
{
	struct sockaddr_storage name;
	struct address address;
	socklen_t size = sizeof(name);
	uint16_t port;

	address_parse(host, &address);
	size = address_to_sockaddr(&address, 0, &name);
	assert_int_equal(bind(fd, (struct sockaddr *)&name, size), 0);
	size = sizeof(name);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &size), 0);
	address_from_sockaddr(&name, &address, &port);
	return port;
}

static void stage_listen(struct stage_peer *peer, const char *host, int type)
{
	*peer = (struct stage_peer){ .type = type };
	address_parse(host, &peer->address);
	peer->fd = socket(peer->address.family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	peer->port = stage_bind(peer->fd, host);
	if (type == SOCK_STREAM)
		assert_int_equal(listen(peer->fd, 1024), 0);
	assert_int_equal(pipe(peer->stop), 0);
	assert_int_equal(pthread_create(&peer->thread, NULL, stage_serve, peer), 0);
}

static void stage_unlisten(struct stage_peer *peer)
{
	close(peer->stop[1]);
	pthread_join(peer->thread, NULL);
	close(peer->stop[0]);
	close(peer->fd);
}

/* A port that nobody listens on: bound and let go. */
static uint16_t stage_free_port(const char *host)
{
	int fd = socket(strchr(host, ':') ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	uint16_t port = stage_bind(fd, host);

	close(fd);
	return port;
}

static struct check_spec *stage_last(struct stage *stage)
{
	return &stage->list.items.items[stage->list.items.count - 1];
}

static struct check_spec *stage_add(struct stage *stage, enum check_kind kind, const char *name)
{
	struct check_spec *spec = check_list_add(&stage->list, kind, name);

	spec->every_ms = 20;
	spec->timeout_ms = 500;
	return spec;
}

static struct check_spec *stage_check(struct stage *stage, enum check_kind kind, const char *name,
				      const struct stage_peer *peer)
{
	struct check_spec *spec = stage_add(stage, kind, name);

	spec->at = peer->address;
	spec->port = peer->port;
	return spec;
}

static struct check_spec *stage_http(struct stage *stage, const char *name,
				     const struct stage_peer *peer)
{
	struct check_spec *spec = stage_add(stage, CHECK_HTTP, name);
	char *url = mem_printf("http://127.0.0.1:%u/", peer->port);

	*VEC_PUSH(&stage->texts) = url;
	spec->http.url = url;
	return spec;
}

static struct check_spec *stage_script(struct stage *stage, const char *name,
				       const char *const *words, unsigned count)
{
	struct check_spec *spec = stage_add(stage, CHECK_SCRIPT, name);

	spec->words = words;
	spec->word_count = count;
	/* What is late is told by one that never ends: a busy machine is no reason. */
	spec->timeout_ms = 10000;
	return spec;
}

static const char *const hosts[] = { "127.0.0.1", "::1" };

static void a_port_that_listens_is_up_and_one_that_does_not_is_refused(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct stage stage;
		struct stage_peer peer;

		stage_open(&stage);
		stage_listen(&peer, hosts[i], SOCK_STREAM);
		stage_check(&stage, CHECK_TCP, "well", &peer);
		stage_check(&stage, CHECK_TCP, "ill", &peer)->port = stage_free_port(hosts[i]);
		stage_configure(&stage);
		assert_int_equal(stage_await(&stage, "well", HEALTH_UP)->state, HEALTH_UP);
		assert_string_equal(stage_await(&stage, "ill", HEALTH_DOWN)->reason,
				    "connection refused");
		stage_unlisten(&peer);
		assert_string_equal(stage_await(&stage, "well", HEALTH_DOWN)->reason,
				    "connection refused");
		stage_close(&stage);
	}
}

/* Many probes go over the same few sockets: a good one after a bad one, and the other way round. */
static void results_do_not_mix(void **state)
{
	struct stage stage;
	struct stage_peer peer;
	uint16_t closed = stage_free_port("127.0.0.1");

	stage_open(&stage);
	stage_listen(&peer, "127.0.0.1", SOCK_STREAM);
	for (unsigned i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%s%u", i % 2 ? "ill" : "well", i);
		stage_check(&stage, CHECK_TCP, name, &peer);
		if (i % 2)
			stage_last(&stage)->port = closed;
	}
	stage_configure(&stage);
	for (unsigned i = 0; i < 200; i++) {
		char name[16];

		snprintf(name, sizeof(name), "%s%u", i % 2 ? "ill" : "well", i);
		stage_await(&stage, name, i % 2 ? HEALTH_DOWN : HEALTH_UP);
		assert_int_equal(healths_find(&stage.healths, name)->flips, 0);
	}
	stage_unlisten(&peer);
	stage_close(&stage);
}

static void a_datagram_is_answered_as_expected_or_not(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(hosts); i++) {
		struct stage stage;
		struct stage_peer peer;

		stage_open(&stage);
		stage_listen(&peer, hosts[i], SOCK_DGRAM);
		peer.say = "PONG!";
		stage_check(&stage, CHECK_UDP, "any", &peer)->send.text = "PING";
		stage_check(&stage, CHECK_UDP, "right", &peer)->send.text = "PING";
		stage_last(&stage)->answer = (struct check_bytes){ "4f4e47", true };
		stage_check(&stage, CHECK_UDP, "wrong", &peer)->send.text = "PING";
		stage_last(&stage)->answer.text = "PUNG";
		stage_configure(&stage);
		stage_await(&stage, "any", HEALTH_UP);
		stage_await(&stage, "right", HEALTH_UP);
		assert_string_equal(stage_await(&stage, "wrong", HEALTH_DOWN)->reason,
				    "the answer of 5 bytes is not what is expected");
		stage_unlisten(&peer);
		stage_close(&stage);
	}
}

static void silence_is_told_with_how_long_it_was_waited_for(void **state)
{
	struct stage stage;
	struct stage_peer peer;

	stage_open(&stage);
	stage_listen(&peer, "127.0.0.1", SOCK_DGRAM);
	stage_check(&stage, CHECK_UDP, "mute", &peer)->send.text = "PING";
	stage_configure(&stage);
	assert_non_null(
		strstr(stage_await(&stage, "mute", HEALTH_DOWN)->reason, "no answer within "));
	stage_unlisten(&peer);
	stage_close(&stage);
}

static void an_agent_says_how_it_is(void **state)
{
	struct stage stage;
	struct stage_peer peer;
	const struct health *health;

	stage_open(&stage);
	stage_listen(&peer, "127.0.0.1", SOCK_STREAM);
	peer.say = "up 40%\n";
	stage_check(&stage, CHECK_AGENT, "agent", &peer);
	stage_configure(&stage);
	health = stage_await(&stage, "agent", HEALTH_UP);
	assert_int_equal(health->weight, 40);
	peer.say = "maint # new disk\n";
	assert_string_equal(stage_await(&stage, "agent", HEALTH_DOWN)->reason,
			    "the agent says in maintenance: new disk");
	peer.say = "";
	stage_await_reason(&stage, "agent", "the agent says nothing");
	stage_unlisten(&peer);
	stage_close(&stage);
}

static void http_is_judged_by_status_header_and_body(void **state)
{
	static const struct config_ports teapot = { 418, 418 };
	struct stage stage;
	struct stage_peer peer;

	stage_open(&stage);
	stage_listen(&peer, "127.0.0.1", SOCK_STREAM);
	peer.say = "HTTP/1.1 418 I'm a teapot\r\nX-State: serving tea\r\nContent-Length: "
		   "9\r\n\r\nall is ok";
	stage_http(&stage, "default", &peer);
	stage_http(&stage, "teapot", &peer)->http.status = &teapot;
	stage_last(&stage)->http.status_count = 1;
	stage_last(&stage)->http.header = "x-state: tea";
	stage_last(&stage)->http.body = "is ok";
	stage_last(&stage)->http.match = "^all .* o[jk]$";
	stage_http(&stage, "body", &peer)->http.status = &teapot;
	stage_last(&stage)->http.status_count = 1;
	stage_last(&stage)->http.body = "is not";
	stage_configure(&stage);
	assert_string_equal(stage_await(&stage, "default", HEALTH_DOWN)->reason, "status 418");
	stage_await(&stage, "teapot", HEALTH_UP);
	assert_string_equal(stage_await(&stage, "body", HEALTH_DOWN)->reason,
			    "status 418, but the body has no \"is not\"");
	peer.say = "SSH-2.0-OpenSSH_9.2\r\n";
	stage_await_reason(&stage, "default", "the answer is no HTTP");
	peer.say = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort";
	stage_await_reason(&stage, "default", "the answer is cut short");
	peer.say = "";
	stage_await_reason(&stage, "default", "it closed without an answer");
	stage_unlisten(&peer);
	stage_await_reason(&stage, "default", "connection refused");
	stage_close(&stage);
}

static void a_program_that_exits_with_0_is_up(void **state)
{
	static const char *const good[] = { "sh", "-c", "echo fine; echo more" },
				 *const bad[] = { "false" }, *const none[] = { "/no/such/program" },
				 *const slow[] = { "sleep", "100" };
	struct stage stage;

	stage_open(&stage);
	stage_script(&stage, "good", good, 3);
	stage_script(&stage, "bad", bad, 1);
	stage_script(&stage, "none", none, 1);
	stage_script(&stage, "slow", slow, 2)->timeout_ms = 500;
	stage_configure(&stage);
	assert_string_equal(stage_await(&stage, "good", HEALTH_UP)->reason, "fine");
	assert_string_equal(stage_await(&stage, "bad", HEALTH_DOWN)->reason, "exit status 1");
	assert_string_equal(
		stage_await(&stage, "none", HEALTH_DOWN)->reason,
		"exit status 127: /no/such/program cannot be run: No such file or directory");
	assert_non_null(
		strstr(stage_await(&stage, "slow", HEALTH_DOWN)->reason, "did not end within "));
	stage_close(&stage);
}

static void what_is_not_checked_any_more_is_not_asked(void **state)
{
	struct stage stage;
	struct stage_peer peer;
	struct counters counters = { 0 };
	uint64_t asked;

	stage_open(&stage);
	stage_listen(&peer, "127.0.0.1", SOCK_STREAM);
	stage_check(&stage, CHECK_TCP, "well", &peer);
	stage_configure(&stage);
	stage_await(&stage, "well", HEALTH_UP);
	stage_forget_checks(&stage);
	stage_configure(&stage);
	stage_report(&stage, &counters);
	asked = counters_get(&counters, "checks tcp")->asked;
	assert_true(asked > 0);
	usleep(100000);
	counters_free(&counters);
	stage_report(&stage, &counters);
	assert_int_equal(counters_get(&counters, "checks tcp")->asked, asked);
	counters_free(&counters);
	stage_unlisten(&peer);
	stage_close(&stage);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_port_that_listens_is_up_and_one_that_does_not_is_refused),
		cmocka_unit_test(results_do_not_mix),
		cmocka_unit_test(a_datagram_is_answered_as_expected_or_not),
		cmocka_unit_test(silence_is_told_with_how_long_it_was_waited_for),
		cmocka_unit_test(an_agent_says_how_it_is),
		cmocka_unit_test(http_is_judged_by_status_header_and_body),
		cmocka_unit_test(a_program_that_exits_with_0_is_up),
		cmocka_unit_test(what_is_not_checked_any_more_is_not_asked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
