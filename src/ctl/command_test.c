/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * mhctl as it is typed, with an engine at the other end of the socket that says what the test
 * wants it to say and remembers what it was asked.
 */
#include "ctl/command.h"

#include "base/fd.h"
#include "base/mem.h"
#include "config/source.h"
#include "daemon/control.h"
#include "io/channel.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#define WORDS_MOST 12
#define ANSWERS_MOST 4

struct answer {
	uint16_t type;
	const char *body; /* JSON with ' for ", so that it can be read here */
};

static struct engine {
	struct answer answers[ANSWERS_MOST];
	bool deaf;	 /* answers and hangs up with the request unread */
	bool interrupts; /* sends SIGINT to the process when it has answered, and stays */
	pthread_t thread;
	int listener;
	char *request; /* as it came */
	char *source;  /* "NAME\nTEXT" of the first file that came before it */
} engine;

static char folder[] = "/tmp/mhctl-test-XXXXXX";
static char *socket_path, *file_path;

/* What mhctl said. */
static struct said {
	char *out, *err;
	size_t out_size, err_size;
	int status;
} said;

static void engine_hear(int fd)
{
	struct channel_message message;

	while (channel_receive(fd, &message) == 1) {
		bool last = message.type == CONTROL_REQUEST;
		struct source *source = NULL;

		if (last) {
			engine.request = mem_strdup(message.bytes);
		} else if (message.type == CONTROL_SOURCE &&
			   source_unpack(message.bytes, message.length, &source) == 0) {
			engine.source = mem_printf("%s\n%s", source->files[0].name,
						   source->files[0].text);
			source_free(source);
		}
		channel_message_free(&message);
		if (last)
			return;
	}
}

static void *engine_live(void *data)
{
	struct channel_message rest;
	AUTO_FD fd = accept4(engine.listener, NULL, NULL, SOCK_CLOEXEC);
	struct pollfd asked = { .fd = fd, .events = POLLIN };

	if (engine.deaf)
		poll(&asked, 1, -1);
	else
		engine_hear(fd);
	for (unsigned i = 0; i < ANSWERS_MOST && engine.answers[i].body; i++) {
		AUTO_MEM char *body = mem_strdup(engine.answers[i].body);
		struct channel_message message = {
			.type = engine.answers[i].type,
			.number = 1,
			.bytes = body,
			.length = strlen(body),
		};

		for (char *at = body; (at = strchr(at, '\''));)
			*at = '"';
		channel_send(fd, &message);
	}
	if (engine.interrupts) {
		kill(getpid(), SIGINT);
		while (channel_receive(fd, &rest) == 1)
			channel_message_free(&rest);
	}
	return NULL;
}

/* A socket at socket_path that does not listen yet. */
static int socket_bind(int kind)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, kind | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, socket_path);
	unlink(socket_path);
	assert_return_code(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

/* From now on an engine answers at socket_path, with up to three messages. */
static void engine_start(struct answer first, struct answer second, struct answer third)
{
	sigset_t all, before;

	engine = (struct engine){ .answers = { first, second, third } };
	engine.listener = socket_bind(SOCK_SEQPACKET);
	assert_return_code(listen(engine.listener, 1), 0);
	/* Signals are for mhctl's thread. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	assert_int_equal(pthread_create(&engine.thread, NULL, engine_live, NULL), 0);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
}

#define NOTHING ((struct answer){ 0 })
#define REPLY(body) ((struct answer){ CONTROL_REPLY, body })
#define EVENT(body) ((struct answer){ CONTROL_EVENT, body })
#define engine_replies(body) engine_start(REPLY(body), NOTHING, NOTHING)

/* Waits until the engine has said all. */
static void engine_end(void)
{
	pthread_join(engine.thread, NULL);
	close(engine.listener);
	unlink(socket_path);
}

static void engine_forget(void)
{
	mem_freep(&engine.request);
	mem_freep(&engine.source);
}

static void forget(void)
{
	free(said.out);
	free(said.err);
	said = (struct said){ 0 };
}

/* Types "mhctl @line"; SOCKET and FILE stand for the test's own. */
static void type(const char *line)
{
	AUTO_MEM char *copy = mem_strdup(line);
	char *words[WORDS_MOST + 2] = { (char *)"mhctl" };
	FILE *out, *err;
	int count = 1;

	for (char *rest = copy, *word; (word = strsep(&rest, " ")) && count <= WORDS_MOST;)
		words[count++] = !strcmp(word, "SOCKET") ? socket_path :
				 !strcmp(word, "FILE")	 ? file_path :
							   word;
	forget();
	out = open_memstream(&said.out, &said.out_size);
	err = open_memstream(&said.err, &said.err_size);
	said.status = command_main(*line ? count : 1, words, out, err);
	fclose(out);
	fclose(err);
}

static void file_write(const char *text)
{
	FILE *file = fopen(file_path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void assert_said(int status, const char *out, const char *err)
{
	assert_string_equal(said.err, err);
	assert_string_equal(said.out, out);
	assert_int_equal(said.status, status);
}

/* A screen has 24 lines of 80 columns. */
static void assert_fits(const char *text)
{
	unsigned lines = 0;

	for (const char *line = text, *end; *line; line = end + 1, lines++) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (end - line > 80)
			fail_msg("too wide: %.*s", (int)(end - line), line);
	}
	assert_in_range(lines, 5, 24);
}

static void help_fits_a_screen(void **state)
{
	type("--help");
	assert_int_equal(said.status, 0);
	assert_fits(said.out);
	for (const struct command *command = commands; command->name; command++)
		assert_non_null(strstr(said.out, command->summary));
}

static void every_command_has_help(void **state)
{
	for (const struct command *command = commands; command->name; command++) {
		AUTO_MEM char *asked = mem_printf("%s --help", command->name);
		AUTO_MEM char *also = mem_printf("help %s", command->name);
		AUTO_MEM char *first = NULL;

		type(asked);
		first = mem_strdup(said.out);
		assert_int_equal(said.status, 0);
		assert_non_null(strstr(first, command->help));
		assert_fits(first);
		type(also);
		assert_said(0, first, "");
	}
}

static void options_are_told_where_they_belong(void **state)
{
	type("apply --help");
	assert_non_null(strstr(said.out, "--confirm=TIME"));
	type("plan --help");
	assert_null(strstr(said.out, "--confirm"));
	assert_non_null(strstr(said.out, "--rollback"));
	type("confirm --help");
	assert_non_null(strstr(said.out, "--extend=TIME"));
}

static void the_version_is_told(void **state)
{
	type("--version");
	assert_said(0, "mhctl " MULTIHOMED_VERSION "\n", "");
	type("--json version");
	assert_said(0, "{\"version\":\"" MULTIHOMED_VERSION "\"}\n", "");
}

static void a_mistake_in_the_call_is_one_line_with_a_way_out(void **state)
{
	static const struct {
		const char *line, *answer;
	} cases[] = {
		{ "", "which command? check, plan, apply, confirm, rollback, status, checks, "
		      "subscriber, metrics, dns, "
		      "explain, "
		      "doctor, upgrade, watch, run, "
		      "help, version; "
		      "see 'mhctl --help'" },
		{ "explain", "'explain' needs a PACKET...; see 'mhctl explain --help'" },
		{ "explain from 192.0.2.1", "where is it sent to? Add 'to ADDRESS'" },
		{ "explain to 192.0.2.1 --graph png", "--graph=png: write dot or svg" },
		{ "explain to 192.0.2.1 --plan --file x",
		  "'--plan' is for the daemon's own file, '--file' for another: leave one of them "
		  "out" },
		{ "explain to 192.0.2.1 --json=1", "--json takes no value; see 'mhctl --help'" },
		{ "doctor --graph svg",
		  "'doctor' has no option '--graph'; see 'mhctl doctor --help'" },
		{ "doctor eth0", "'eth0' is too much for 'doctor'; see 'mhctl doctor --help'" },
		{ "stauts", "no command 'stauts'; did you mean 'status'?" },
		{ "frobnicate", "no command 'frobnicate'; 'mhctl --help' lists them" },
		{ "help chekc", "no command 'chekc'; did you mean 'check'?" },
		{ "check", "'check' needs a FILE; see 'mhctl check --help'" },
		{ "check a b", "'b' is too much for 'check'; see 'mhctl check --help'" },
		{ "confirm now",
		  "'now' is no ID; 'mhctl status' shows what waits to be confirmed" },
		{ "confirm 3 4", "'4' is too much for 'confirm'; see 'mhctl confirm --help'" },
		{ "confirm --extend 0s",
		  "--extend 0s: write a time from 1s to 24h, such as 60s or 5m" },
		{ "apply --extend 5s",
		  "'apply' has no option '--extend'; see 'mhctl apply --help'" },
		{ "plan --rollback x.yaml",
		  "a rollback goes back to what was in force before; it needs no FILE" },
		{ "plan --jsno", "no option '--jsno'; did you mean '--json'?" },
		{ "plan --frobnicate=1", "no option '--frobnicate'; see 'mhctl --help'" },
		{ "plan -x", "no option '-x'; see 'mhctl --help'" },
		{ "plan --json=1", "--json takes no value; see 'mhctl --help'" },
		{ "plan -s", "-s needs a value; see 'mhctl --help'" },
		{ "plan --socket", "--socket needs a value; see 'mhctl --help'" },
		{ "plan --confirm 60s",
		  "'plan' has no option '--confirm'; see 'mhctl plan --help'" },
		{ "apply --print", "'apply' has no option '--print'; see 'mhctl apply --help'" },
		{ "apply --confirm 60",
		  "--confirm 60: write a time from 1s to 24h, such as 60s or 5m" },
		{ "apply --confirm -5s",
		  "--confirm -5s: write a time from 1s to 24h, such as 60s or 5m" },
		{ "apply --confirm 999ms",
		  "--confirm 999ms: write a time from 1s to 24h, such as 60s or 5m" },
		{ "apply --confirm 25h",
		  "--confirm 25h: write a time from 1s to 24h, such as 60s or 5m" },
		{ "apply --confirm 18446744073709551615h",
		  "--confirm 18446744073709551615h: write a time from 1s to 24h, such as 60s or "
		  "5m" },
		{ "run", "'run' needs a COMMAND...; see 'mhctl run --help'" },
		{ "run -v --", "'run' needs a COMMAND...; see 'mhctl run --help'" },
		{ "run --json true",
		  "'run' says nothing itself that could be JSON; an option of the "
		  "program comes behind its name" },
		{ "run --no-hook --no-preload true",
		  "--no-hook and --no-preload leave nothing to help with" },
		{ "run --no-hok true", "no option '--no-hok'; did you mean '--no-hook'?" },
		{ "plan -v", "'plan' has no option '--verbose'; see 'mhctl plan --help'" },
		{ "plan --color=alwys", "--color=alwys: did you mean 'always'?" },
		{ "plan --color=red", "--color=red: write auto, always or never" },
		{ "status prefxes", "no feature 'prefxes'; did you mean 'prefixes'?" },
		{ "status x", "no feature 'x'; there are: links, routing, prefixes, subscribers, "
			      "replies, services, checks, dns, neighbours" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		AUTO_MEM char *line = mem_printf("mhctl: %s\n", cases[i].answer);

		type(cases[i].line);
		assert_said(2, "", line);
	}
}

static void a_program_that_is_not_there_is_127_and_one_that_cannot_be_run_126(void **state)
{
	AUTO_MEM char *line = mem_printf("run -- %s --json -s", file_path);
	AUTO_MEM char *told = mem_printf("mhctl: %s: Permission denied\n", file_path);

	type("run no-such-program-anywhere --help");
	assert_said(127, "", "mhctl: no-such-program-anywhere: not found in PATH\n");
	type("run -v /no/such/program");
	assert_said(127, "", "mhctl: /no/such/program: No such file or directory\n");
	file_write("no program");
	type(line);
	assert_said(126, "", told);
}

static void a_missing_daemon_is_told_with_a_way_out(void **state)
{
	AUTO_MEM char *missing =
		mem_printf("mhctl: no daemon answers at %s: start it (systemctl start multihomed), "
			   "or name its socket with -s\n",
			   socket_path);
	AUTO_MEM char *dead = mem_printf(
		"mhctl: no daemon listens at %s any more: start it (systemctl start multihomed), "
		"or name its socket with -s\n",
		socket_path);
	AUTO_MEM char *strange = mem_printf(
		"mhctl: %s is not multihomed's control socket: name that with -s\n", socket_path);
	int fd;

	type("-s SOCKET status");
	assert_said(2, "", missing);
	type("-s SOCKET watch");
	assert_said(2, "", missing);
	type("status --json -s SOCKET");
	assert_non_null(strstr(said.out, "\"error\":\"no daemon answers at "));
	assert_int_equal(said.status, 2);
	assert_string_equal(said.err, "");

	fd = socket_bind(SOCK_SEQPACKET);
	type("status -s SOCKET");
	assert_said(2, "", dead);
	close(fd);
	fd = socket_bind(SOCK_DGRAM);
	type("status -s SOCKET");
	assert_said(2, "", strange);
	close(fd);
	unlink(socket_path);
}

static void the_socket_may_come_from_the_environment(void **state)
{
	setenv("MULTIHOMED_SOCKET", socket_path, 1);
	engine_replies("{'exit': 0, 'generation': 3}");
	type("confirm");
	engine_end();
	unsetenv("MULTIHOMED_SOCKET");
	assert_string_equal(engine.request, "{\"command\":\"confirm\"}");
	assert_said(0, "Confirmed: generation 3 stays.\n", "");
	engine_forget();
}

static void a_confirm_may_name_what_it_confirms_and_may_extend_it(void **state)
{
	engine_replies("{'exit': 0, 'generation': 3, 'confirm_ms': 60000}");
	type("confirm 3 --extend 60s -s SOCKET");
	engine_end();
	assert_string_equal(engine.request,
			    "{\"command\":\"confirm\",\"id\":3,\"extend_ms\":60000}");
	assert_non_null(strstr(said.out, "Extended.\nConfirm within "));
	engine_forget();
}

static void a_plan_may_be_that_of_a_rollback(void **state)
{
	engine_replies("{'exit': 0, 'operations': [], 'pending': [], 'diagnostics': []}");
	type("plan --rollback -s SOCKET");
	engine_end();
	assert_string_equal(engine.request, "{\"command\":\"plan\",\"rollback\":true}");
	assert_said(0, "Nothing to do.\n", "");
	engine_forget();
}

static void a_file_is_read_here_and_sent_before_the_request(void **state)
{
	AUTO_MEM char *sent = mem_printf("%s\nprefixes:\n  - prefix: 2001:db8:1:1::/64\n", file_path);

	file_write("prefixes:\n  - prefix: 2001:db8:1:1::/64\n");
	engine_replies("{'exit': 1, 'operations': [{'op': 'add', 'text': '+ x'}]}");
	type("plan FILE -s SOCKET");
	engine_end();
	assert_string_equal(engine.source, sent);
	assert_string_equal(engine.request, "{\"command\":\"plan\"}");
	assert_said(1, "+ x\n\nPlan: 1 to add, 0 to change, 0 to delete.\n", "");
	engine_forget();
}

static void without_a_file_the_engine_reads_its_own(void **state)
{
	engine_replies("{'exit': 0, 'operations': []}");
	type("plan -s SOCKET");
	engine_end();
	assert_null(engine.source);
	assert_said(0, "Nothing to do.\n", "");
	engine_forget();
}

static void a_file_that_cannot_be_read_asks_nobody(void **state)
{
	type("plan /no-such-folder/x.yaml -s SOCKET");
	assert_int_equal(said.status, 2);
	assert_string_equal(said.out, "");
	assert_non_null(strstr(said.err, "/no-such-folder/x.yaml"));
	type("plan /no-such-folder/x.yaml -s SOCKET --json");
	assert_int_equal(said.status, 2);
	assert_non_null(strstr(said.out, "{\"exit\":2,"));
	assert_non_null(strstr(said.out, "/no-such-folder/x.yaml"));
	assert_string_equal(said.err, "");
}

static void an_apply_sends_the_time_to_confirm_in_milliseconds(void **state)
{
	AUTO_MEM char *text = mem_printf("Applied: 1 operation; generation 2 is in force.\n"
					 "Confirm within 90 s with: mhctl -s %s confirm\n",
					 socket_path);

	engine_start((struct answer){ CONTROL_PROGRESS, "{'done': 1, 'total': 2}" },
		     REPLY("{'exit': 0, 'generation': 2, 'operations': 1, 'confirm_ms': 90000}"),
		     NOTHING);
	type("--confirm 90s -s SOCKET apply");
	engine_end();
	assert_string_equal(engine.request, "{\"command\":\"apply\",\"confirm_ms\":90000}");
	assert_said(0, text, "");
	engine_forget();
}

static void the_answer_no_is_one_and_its_reason_an_error(void **state)
{
	engine_replies("{'exit': 1, 'error': 'nothing waits for a confirm'}");
	type("confirm -s SOCKET");
	engine_end();
	assert_said(1, "", "mhctl: nothing waits for a confirm\n");
	engine_forget();
}

static void a_refused_configuration_goes_to_standard_error(void **state)
{
	engine_replies("{'exit': 2, 'diagnostics': [{'level': 'error', 'text': 't', "
		       "'rendered': 'f:1:1: error: t\\n'}]}");
	type("apply -s SOCKET");
	engine_end();
	assert_said(2, "", "f:1:1: error: t\n1 mistake: nothing was changed.\n");
	engine_forget();
}

static void a_status_asks_for_one_feature(void **state)
{
	engine_replies("{'exit': 0, 'features': {'prefixes': {'claims': ["
		       "{'prefix': '192.0.2.0/24'}]}}}");
	type("status prefixes -s SOCKET");
	engine_end();
	assert_string_equal(engine.request, "{\"command\":\"status\",\"feature\":\"prefixes\"}");
	assert_said(0, "prefixes\n  PREFIX\n  192.0.2.0/24\n", "");
	engine_forget();
}

static void json_is_the_reply_itself(void **state)
{
	engine_replies("{'exit': 1, 'new': [1, {'a': null}]}");
	type("rollback --json -s SOCKET");
	engine_end();
	assert_said(1, "{\"exit\":1,\"new\":[1,{\"a\":null}]}\n", "");
	engine_forget();
}

static void a_malformed_answer_is_one_line(void **state)
{
	static const struct answer answers[] = {
		{ CONTROL_REPLY, "" },
		{ CONTROL_REPLY, "{" },
		{ CONTROL_REPLY, "[]" },
		{ CONTROL_REPLY, "{'exit': 0, 'exit': 0}" },
		{ CONTROL_REPLY, "{'exit': 9}" },
		{ CONTROL_REPLY, "{'exit': 0, 'error': 1}" },
		{ CONTROL_REPLY, "{'exit': 0, 'operations': 'many'}" },
		{ CONTROL_EVENT, "{'exit': 0}" },
		{ CONTROL_REQUEST, "{'exit': 0}" },
		{ 77, "{'exit': 0}" },
	};
	AUTO_MEM char *line = mem_printf(
		"mhctl: the answer at %s is malformed; is the daemon of another version?\n",
		socket_path);

	for (size_t i = 0; i < ARRAY_SIZE(answers); i++) {
		engine_start(answers[i], NOTHING, NOTHING);
		type("plan -s SOCKET");
		engine_end();
		assert_said(2, "", line);
		engine_forget();
	}
}

static void a_daemon_that_goes_away_is_told(void **state)
{
	engine_start(NOTHING, NOTHING, NOTHING);
	type("plan -s SOCKET");
	engine_end();
	assert_said(2, "",
		    "mhctl: the daemon went away before it answered; "
		    "see its log (journalctl -u multihomed)\n");
	engine_forget();
}

/* The kernel tells of the reset before it gives out what waits behind it. */
static void the_last_words_of_a_daemon_that_would_not_listen_are_heard(void **state)
{
	engine_replies("{'exit': 2, 'error': 'too large'}");
	engine.deaf = true;
	type("plan -s SOCKET");
	engine_end();
	assert_said(2, "", "mhctl: too large\n");
	engine_forget();
}

static void a_watch_is_a_line_an_event_until_the_daemon_goes(void **state)
{
	setenv("TZ", "UTC", 1);
	engine_start(EVENT("{'event': 'hello'}"),
		     EVENT("{'event': 'link', 'time': 1700000000, 'text': 'eth0 is down'}"), NOTHING);
	type("watch -s SOCKET");
	engine_end();
	assert_string_equal(engine.request, "{\"command\":\"watch\"}");
	assert_said(1, "2023-11-14 22:13:20  link     eth0 is down\n",
		    "mhctl: the daemon went away\n");
	engine_forget();
}

static void a_watch_in_json_is_an_object_a_line(void **state)
{
	engine_start(EVENT("{'event': 'hello'}"),
		     EVENT("{'event': 'link',   'time': 1, 'text': 'x'}"), NOTHING);
	type("watch --json -s SOCKET");
	engine_end();
	assert_string_equal(said.err, "");
	assert_string_equal(
		said.out, "{\"event\":\"hello\"}\n{\"event\":\"link\",\"time\":1,\"text\":\"x\"}\n"
			  "{\"exit\":1,\"error\":\"the daemon went away\"}\n");
	assert_int_equal(said.status, 1);
	engine_forget();
}

static void a_watch_ends_well_on_ctrl_c(void **state)
{
	sigset_t pending;

	engine_start(EVENT("{'event': 'hello'}"), NOTHING, NOTHING);
	engine.interrupts = true;
	type("watch -s SOCKET");
	engine_end();
	assert_said(0, "", "");
	assert_return_code(sigpending(&pending), 0);
	assert_false(sigismember(&pending, SIGINT));
	engine_forget();
}

static void a_watch_that_is_refused_or_fed_nonsense_ends(void **state)
{
	AUTO_MEM char *line = mem_printf(
		"mhctl: what comes from %s is malformed; is the daemon of another version?\n",
		socket_path);

	engine_replies("{'exit': 1, 'error': 'too many watch already'}");
	type("watch -s SOCKET");
	engine_end();
	assert_said(1, "", "mhctl: too many watch already\n");
	engine_forget();
	engine_start(EVENT("{'event': 1}"), NOTHING, NOTHING);
	type("watch -s SOCKET");
	engine_end();
	assert_said(2, "", line);
	engine_forget();
}

static void a_good_file_is_fine(void **state)
{
	AUTO_MEM char *fine = mem_printf("%s: fine (2 prefixes, 1 service)\n", file_path);
	AUTO_MEM char *empty = mem_printf("%s: fine (empty)\n", file_path);

	file_write("prefixes:\n  - prefix: 2001:db8:1:1::/64\n  - prefix: 198.51.100.0/24\n"
		   "services:\n  - { name: echo, kind: echo, listen: [\"2001:db8:1:1::/64\"], "
		   "ports: [7] }\n");
	type("check FILE");
	assert_said(0, fine, "");
	file_write("# nothing yet\n");
	type("check FILE");
	assert_said(0, empty, "");
}

static void a_mistake_is_shown_with_its_place(void **state)
{
	AUTO_MEM char *place = mem_printf("%s:2:5: error: ", file_path);

	file_write("prefixes:\n  - prefx: 2001:db8:1:1::/64\n");
	type("check FILE");
	assert_int_equal(said.status, 2);
	assert_string_equal(said.out, "");
	assert_non_null(strstr(said.err, place));
	assert_non_null(strstr(said.err, "did you mean 'prefix'?"));
	assert_null(strchr(said.err, '\033'));
	type("check FILE --color=always");
	assert_non_null(strchr(said.err, '\033'));
	type("check FILE --json");
	assert_int_equal(said.status, 2);
	assert_string_equal(said.err, "");
	assert_non_null(strstr(said.out, "\"line\":2,\"column\":5"));
	type("check /no-such-folder/x.yaml");
	assert_int_equal(said.status, 2);
	assert_non_null(strstr(said.err, "/no-such-folder/x.yaml"));
}

static void print_gives_a_file_that_is_fine_and_prints_the_same(void **state)
{
	AUTO_MEM char *first = NULL;

	file_write(
		"prefixes: [ { prefix: \"2001:db8:1:1::/64\" }, { prefix: 198.51.100.0/24 } ]\n");
	type("check --print FILE");
	assert_int_equal(said.status, 0);
	first = mem_strdup(said.out);
	assert_non_null(strstr(first, "198.51.100.0/24"));
	file_write(first);
	type("check --print FILE");
	assert_said(0, first, "");
	type("check --print --json FILE");
	assert_non_null(strstr(said.out, "\"canonical\":\"prefixes:\\n"));
}

static void an_answer_that_cannot_be_written_is_no_answer(void **state)
{
	char *words[] = { (char *)"mhctl", (char *)"--help", NULL };
	FILE *full = fopen("/dev/full", "w"), *err;

	assert_non_null(full);
	forget();
	err = open_memstream(&said.err, &said.err_size);
	assert_int_equal(command_main(2, words, full, err), 2);
	fclose(full);
	fclose(err);
	assert_string_equal(said.err, "mhctl: the answer could not be written\n");
}

/* Whether "mhctl check FILE" on a terminal answers in colours. */
static bool coloured_on_a_terminal(void)
{
	char *words[] = { (char *)"mhctl", (char *)"check", file_path, NULL };
	AUTO_FD master = posix_openpt(O_RDWR | O_NOCTTY);
	char shown[4096];
	ssize_t length;
	FILE *terminal;

	if (master < 0 || grantpt(master) < 0 || unlockpt(master) < 0)
		skip();
	/* Not as our controlling terminal, whose end would be a SIGHUP. */
	terminal = fdopen(open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC), "r+");
	assert_non_null(terminal);
	assert_int_equal(command_main(3, words, terminal, terminal), 2);
	fflush(terminal);
	length = read(master, shown, sizeof(shown));
	fclose(terminal);
	assert_true(length > 0);
	return memchr(shown, '\033', (size_t)length) != NULL;
}

static void colours_are_for_terminals_and_those_who_want_them(void **state)
{
	file_write("prefixes: 7\n");
	setenv("TERM", "xterm", 1);
	unsetenv("NO_COLOR");
	assert_true(coloured_on_a_terminal());
	setenv("NO_COLOR", "1", 1);
	assert_false(coloured_on_a_terminal());
	setenv("NO_COLOR", "", 1);
	assert_true(coloured_on_a_terminal());
	setenv("TERM", "dumb", 1);
	assert_false(coloured_on_a_terminal());
	type("check FILE");
	assert_null(strchr(said.err, '\033'));
}

static int set_up(void **state)
{
	unsetenv("MULTIHOMED_SOCKET");
	if (!mkdtemp(folder))
		return -1;
	socket_path = mem_printf("%s/control.sock", folder);
	file_path = mem_printf("%s/multihomed.yaml", folder);
	return 0;
}

static int tear_down(void **state)
{
	forget();
	unlink(file_path);
	unlink(socket_path);
	rmdir(folder);
	mem_freep(&socket_path);
	mem_freep(&file_path);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(help_fits_a_screen),
		cmocka_unit_test(every_command_has_help),
		cmocka_unit_test(options_are_told_where_they_belong),
		cmocka_unit_test(the_version_is_told),
		cmocka_unit_test(a_mistake_in_the_call_is_one_line_with_a_way_out),
		cmocka_unit_test(a_program_that_is_not_there_is_127_and_one_that_cannot_be_run_126),
		cmocka_unit_test(a_missing_daemon_is_told_with_a_way_out),
		cmocka_unit_test(the_socket_may_come_from_the_environment),
		cmocka_unit_test(a_confirm_may_name_what_it_confirms_and_may_extend_it),
		cmocka_unit_test(a_plan_may_be_that_of_a_rollback),
		cmocka_unit_test(a_file_is_read_here_and_sent_before_the_request),
		cmocka_unit_test(without_a_file_the_engine_reads_its_own),
		cmocka_unit_test(a_file_that_cannot_be_read_asks_nobody),
		cmocka_unit_test(an_apply_sends_the_time_to_confirm_in_milliseconds),
		cmocka_unit_test(the_answer_no_is_one_and_its_reason_an_error),
		cmocka_unit_test(a_refused_configuration_goes_to_standard_error),
		cmocka_unit_test(a_status_asks_for_one_feature),
		cmocka_unit_test(json_is_the_reply_itself),
		cmocka_unit_test(a_malformed_answer_is_one_line),
		cmocka_unit_test(a_daemon_that_goes_away_is_told),
		cmocka_unit_test(the_last_words_of_a_daemon_that_would_not_listen_are_heard),
		cmocka_unit_test(a_watch_is_a_line_an_event_until_the_daemon_goes),
		cmocka_unit_test(a_watch_in_json_is_an_object_a_line),
		cmocka_unit_test(a_watch_ends_well_on_ctrl_c),
		cmocka_unit_test(a_watch_that_is_refused_or_fed_nonsense_ends),
		cmocka_unit_test(a_good_file_is_fine),
		cmocka_unit_test(a_mistake_is_shown_with_its_place),
		cmocka_unit_test(print_gives_a_file_that_is_fine_and_prints_the_same),
		cmocka_unit_test(an_answer_that_cannot_be_written_is_no_answer),
		cmocka_unit_test(colours_are_for_terminals_and_those_who_want_them),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
