/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is left to the new program, in a memfd: a line of JSON (so that another version understands
 * what it knows of, and overlooks the rest), then the texts of the present configuration and of the
 * one before, as source_pack() writes them.
 *
 *	u32 length, JSON, u32 length, texts now, u32 length, texts before (or nothing)
 *
 * Numbers of descriptors stay what they are over an execve(2); FD_CLOEXEC is all that decides. The
 * workers are children of the same process still, and their channels stay open.
 */
#include "daemon/heir.h"

#include "base/fd.h"
#include "daemon/engine_internal.h"
#include "daemon/vitals.h"
#include "io/channel.h"
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define CHECK_SECONDS 60 /* to read a configuration of any size, or it is no heir */
#define RETIRE_MS 60000	 /* for connections of a former worker to come to an end */
#define WORDS_MOST 2000	 /* bytes of what a refused program says */

static void put(struct text *text, const void *bytes, size_t length)
{
	uint8_t head[4];
	struct wire_writer writer = wire_writer(head, sizeof(head));

	wire_put_u32(&writer, (uint32_t)length);
	text_append(text, head, sizeof(head));
	text_append(text, bytes, length);
}

static void put_source(struct text *text, const struct source *source)
{
	AUTO_TEXT packed = { 0 };

	if (source)
		source_pack(source, &packed);
	put(text, packed.data, packed.length);
}

static json_t *listeners_json(const struct engine *engine)
{
	json_t *list = json_array();

	STATE_EACH(host_observed(engine->host), OBJECT_LISTENER, const struct host_listener,
		   listener) {
		const int *sockets = host_listener_sockets(engine->host, listener);
		char address[ADDRESS_TEXT_SIZE];
		json_t *fds = json_array();

		for (unsigned i = 0; sockets && i < engine->threads; i++)
			json_array_append_new(fds, json_integer(sockets[i]));
		address_text(&listener->address, address);
		json_array_append_new(list, json_pack("{s:i,s:s,s:i,s:o}", "protocol",
						      listener->protocol, "address", address,
						      "port", listener->port, "fds", fds));
	}
	return list;
}

static json_t *counters_json(const struct counters *counters)
{
	json_t *all = json_object();

	for (size_t i = 0; i < counters->entries.count; i++) {
		const struct counters_entry *entry = &counters->entries.items[i];

		json_object_set_new(all, entry->key,
				    json_pack("[I,I,I,I]", (json_int_t)entry->counter.asked,
					      (json_int_t)entry->counter.answered,
					      (json_int_t)entry->counter.dropped,
					      (json_int_t)entry->counter.failed));
	}
	return all;
}

static json_t *health_json(const struct healths *healths)
{
	json_t *list = json_array();

	for (size_t i = 0; i < healths->items.count; i++) {
		const struct health *health = &healths->items.items[i];

		json_array_append_new(
			list, json_pack("{s:s,s:i,s:i,s:I,s:I,s:I,s:s}", "name", health->name,
					"state", (int)health->state, "weight", health->weight,
					"since_us", (json_int_t)health->since_us, "last_us",
					(json_int_t)health->last_us, "flips",
					(json_int_t)health->flips, "reason", health->reason));
	}
	return list;
}

typedef void worker_fn(void *data, const char *name, int pid, int channel);

/* All that serve: those of this program, and those of a former one that have not yet ended. */
static void workers_each(const struct engine *engine, worker_fn *told, void *data)
{
	const struct heritage *heritage = engine->heritage;
	struct shell_status status;

	for (size_t i = 0; i < worker_count; i++) {
		shell_status(engine->shells[i], &status);
		if (status.pid)
			told(data, status.name, status.pid, status.channel);
	}
	for (size_t i = 0; heritage && i < heritage->workers.count; i++) {
		const struct inherited_worker *worker = &heritage->workers.items[i];

		if (worker->channel >= 0)
			told(data, worker->name, worker->pid, worker->channel);
	}
}

static void worker_json(void *data, const char *name, int pid, int channel)
{
	json_array_append_new(
		data, json_pack("{s:s,s:i,s:i}", "name", name, "pid", pid, "channel", channel));
}

static json_t *testament(const struct engine *engine)
{
	json_t *serving = json_array(), *counters = json_object();

	workers_each(engine, worker_json, serving);
	for (size_t i = 0; i < worker_count; i++)
		json_object_set_new(counters, workers[i]->name,
				    counters_json(shell_counters(engine->shells[i])));
	return json_pack("{s:i,s:b,s:i,s:i,s:i,s:b,s:o,s:o,s:o,s:o}", "control",
			 server_fd(engine->server), "folder", server_made_folder(engine->server),
			 "threads", (int)engine->threads, "number", (int)engine->now->number,
			 "before", engine->before ? (int)engine->before->number : 0, "own",
			 engine->now->own, "listeners", listeners_json(engine), "workers", serving,
			 "counters", counters, "health", health_json(&engine->health));
}

static int write_all(int fd, const struct text *text)
{
	for (size_t done = 0; done < text->length;) {
		ssize_t more = write(fd, text->data + done, text->length - done);

		if (more < 0 && errno != EINTR)
			return -errno;
		done += more > 0 ? (size_t)more : 0;
	}
	return 0;
}

static int write_testament(const struct engine *engine, int *ret_fd)
{
	AUTO_TEXT text = { 0 };
	json_t *json = testament(engine);
	char *line = json_dumps(json, JSON_COMPACT);
	AUTO_FD fd = memfd_create("multihomed-heir", MFD_CLOEXEC);
	int r = fd < 0 ? -errno : line ? 0 : -ENOMEM;

	json_decref(json);
	if (r == 0) {
		put(&text, line, strlen(line));
		put_source(&text, generation_source(engine->now));
		put_source(&text, engine->before ? generation_source(engine->before) : NULL);
		r = write_all(fd, &text);
	}
	free(line);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static void keep_open(int fd, bool kept)
{
	fcntl(fd, F_SETFD, kept ? 0 : FD_CLOEXEC);
}

/* The child: @program reads the texts and says on @words what it does not like. */
static void exec_check(const char *program, int fd, int words)
{
	char number[16];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	alarm(CHECK_SECONDS);
	dup2(words, STDERR_FILENO);
	keep_open(fd, true);
	snprintf(number, sizeof(number), "%d", fd);
	execl(program, "multihomed", "--heir-check", number, (char *)NULL);
	dprintf(STDERR_FILENO, "it cannot be executed: %s\n", strerror(errno));
	_exit(127);
}

static void hear(int fd, struct text *words)
{
	char buffer[512];
	ssize_t got;

	while ((got = read(fd, buffer, sizeof(buffer))) > 0 || (got < 0 && errno == EINTR))
		if (got > 0 && words->length < WORDS_MOST)
			text_append(words, buffer, (size_t)got);
}

static int try_program(const char *program, int fd, struct text *error)
{
	AUTO_TEXT words = { 0 };
	int pipes[2], status = 0;
	pid_t pid;

	if (pipe2(pipes, O_CLOEXEC) < 0)
		return -errno;
	pid = fork();
	if (!pid)
		exec_check(program, fd, pipes[1]);
	close(pipes[1]);
	if (pid > 0)
		hear(pipes[0], &words);
	close(pipes[0]);
	if (pid < 0 || (waitpid(pid, &status, 0) < 0 && errno != ECHILD))
		return -errno;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	text_printf(error, "%s would not take over, and nothing was changed: %s", program,
		    words.length ? text_string(&words) : "it ended without a word");
	return -ENOEXEC;
}

int heir_prepare(struct engine *engine, const char *program, int *ret_fd, struct text *error)
{
	AUTO_FD fd = -1;
	int r = write_testament(engine, &fd);

	if (r < 0)
		text_printf(error, "what to leave to the new program: %s", strerror(-r));
	else
		r = try_program(program, fd, error);
	if (r == 0)
		*ret_fd = fd_take(&fd);
	return r;
}

static void keep_worker(void *data, const char *name, int pid, int channel)
{
	keep_open(channel, *(const bool *)data);
}

/* Everything that the new program is to find open. */
static void keep_all(const struct engine *engine, int fd, bool kept)
{
	keep_open(fd, kept);
	keep_open(server_fd(engine->server), kept);
	STATE_EACH(host_observed(engine->host), OBJECT_LISTENER, const struct host_listener,
		   listener) {
		const int *sockets = host_listener_sockets(engine->host, listener);

		for (unsigned i = 0; sockets && i < engine->threads; i++)
			keep_open(sockets[i], kept);
	}
	workers_each(engine, keep_worker, &kept);
}

int heir_execute(struct engine *engine, const char *program, int fd)
{
	const struct engine_options *options = &engine->options;
	const char *arguments[10] = { "multihomed",	    "-c",    options->config_path, "-s",
				      options->socket_path, "--heir" };
	char number[16];
	unsigned count = 6;
	sigset_t held;
	int error;

	snprintf(number, sizeof(number), "%d", fd);
	arguments[count++] = number;
	if (options->verbose)
		arguments[count++] = "--verbose";
	/* One that comes while nobody has a handler would end us all: it waits. */
	sigemptyset(&held);
	sigaddset(&held, SIGTERM);
	sigaddset(&held, SIGINT);
	sigaddset(&held, SIGHUP);
	sigprocmask(SIG_BLOCK, &held, NULL);
	keep_all(engine, fd, true);
	execv(program, (char **)arguments);
	error = errno;
	keep_all(engine, fd, false);
	sigprocmask(SIG_UNBLOCK, &held, NULL);
	return -error;
}

static struct source *source_of(struct wire_reader *reader)
{
	uint32_t length = wire_get_u32(reader);
	const void *bytes = wire_get_view(reader, length);
	struct source *source = NULL;

	if (length && (!bytes || source_unpack(bytes, length, &source) < 0))
		reader->broken = true;
	return source;
}

static json_t *json_of(struct wire_reader *reader)
{
	uint32_t length = wire_get_u32(reader);
	const char *bytes = wire_get_view(reader, length);
	json_t *json = bytes ? json_loadb(bytes, length, 0, NULL) : NULL;

	if (!json)
		reader->broken = true;
	return json;
}

static unsigned number_in(const json_t *json, const char *key)
{
	return (unsigned)json_integer_value(json_object_get(json, key));
}

/* A descriptor that is named, open, and from now on ours alone. */
static bool own_fd(const json_t *number, int *ret_fd)
{
	*ret_fd = json_is_integer(number) ? (int)json_integer_value(number) : -1;
	return *ret_fd > STDERR_FILENO && fcntl(*ret_fd, F_SETFD, FD_CLOEXEC) == 0;
}

static bool read_listener(struct heritage *heritage, const json_t *json)
{
	const json_t *fds = json_object_get(json, "fds");
	struct inherited_listener *heir = VEC_PUSH(&heritage->listeners);
	const char *address = json_string_value(json_object_get(json, "address"));
	bool fine = address && address_parse(address, &heir->listener.address) == 0 &&
		    json_array_size(fds) == heritage->threads;

	heir->listener.protocol = (uint8_t)number_in(json, "protocol");
	heir->listener.port = (uint16_t)number_in(json, "port");
	heir->listener.object.ours = true;
	heir->fds = mem_alloc((heritage->threads + 1) * sizeof(*heir->fds));
	for (unsigned i = 0; fine && i < heritage->threads; i++)
		fine = own_fd(json_array_get(fds, i), &heir->fds[i]);
	return fine;
}

static bool read_worker(struct heritage *heritage, const json_t *json)
{
	struct inherited_worker *worker = VEC_PUSH(&heritage->workers);

	worker->name = json_string_value(json_object_get(json, "name"));
	worker->pid = (int)number_in(json, "pid");
	return worker->name && worker->pid > 1 &&
	       own_fd(json_object_get(json, "channel"), &worker->channel);
}

static bool read_json(struct heritage *heritage)
{
	const json_t *json = heritage->json, *item;
	size_t i;

	heritage->threads = number_in(json, "threads");
	heritage->number = number_in(json, "number");
	heritage->number_before = number_in(json, "before");
	heritage->own = json_is_true(json_object_get(json, "own"));
	heritage->control_folder = json_is_true(json_object_get(json, "folder"));
	if (!heritage->threads || heritage->threads > CHANNEL_MAX_FDS || !heritage->number)
		return false;
	json_array_foreach(json_object_get(json, "listeners"), i,
			   item) if (!read_listener(heritage, item)) return false;
	json_array_foreach(json_object_get(json, "workers"), i,
			   item) if (!read_worker(heritage, item)) return false;
	return own_fd(json_object_get(json, "control"), &heritage->control);
}

static void heritage_free(struct heritage *heritage)
{
	if (!heritage)
		return;
	for (size_t i = 0; i < heritage->listeners.count; i++)
		free(heritage->listeners.items[i].fds);
	VEC_FREE(&heritage->listeners);
	VEC_FREE(&heritage->workers);
	source_free(heritage->now);
	source_free(heritage->before);
	json_decref(heritage->json);
	mem_freep(&heritage);
}

/* The texts alone: of descriptors, a child that only looks has none. */
static struct heritage *read_texts(int fd)
{
	struct heritage *heritage = mem_alloc(sizeof(*heritage));
	struct wire_reader reader;
	struct stat status;
	void *bytes;

	heritage->control = -1;
	if (fstat(fd, &status) < 0 || status.st_size <= 0 ||
	    (bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0)) ==
		    MAP_FAILED) {
		heritage_free(heritage);
		return NULL;
	}
	reader = wire_reader(bytes, (size_t)status.st_size);
	heritage->json = json_of(&reader);
	heritage->now = source_of(&reader);
	heritage->before = source_of(&reader);
	munmap(bytes, (size_t)status.st_size);
	if (!wire_done(&reader) || !heritage->now) {
		heritage_free(heritage);
		return NULL;
	}
	return heritage;
}

struct heritage *heir_read(int fd)
{
	struct heritage *heritage = read_texts(fd);

	close(fd);
	if (heritage && !read_json(heritage)) {
		heritage_free(heritage);
		heritage = NULL;
	}
	if (!heritage)
		log_error("what the former program left cannot be read");
	return heritage;
}

static int check_source(struct source *source)
{
	struct config *config = NULL;
	AUTO_TEXT text = { 0 };
	struct diags diags;
	int r;

	diags_init(&diags);
	r = feature_read(source, &diags, &config);
	if (r < 0) {
		diags_render(&diags, source, false, &text);
		fputs(text_string(&text), stderr);
	}
	diags_free(&diags);
	if (config)
		config_free(config);
	else
		source_free(source);
	return r;
}

int heir_check(int fd)
{
	struct heritage *heritage = read_texts(fd);
	int r;

	if (!heritage) {
		fputs("what the running program leaves cannot be read by this version\n", stderr);
		return 1;
	}
	r = check_source(heritage->now);
	heritage->now = NULL;
	heritage_free(heritage);
	return r < 0 ? 1 : 0;
}

static void take_counters(struct shell *shell, const json_t *json)
{
	struct counters counters = { 0 };
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)json, key, value)
	{
		struct counter *counter = counters_get(&counters, key);

		counter->asked = (uint64_t)json_integer_value(json_array_get(value, 0));
		counter->answered = (uint64_t)json_integer_value(json_array_get(value, 1));
		counter->dropped = (uint64_t)json_integer_value(json_array_get(value, 2));
		counter->failed = (uint64_t)json_integer_value(json_array_get(value, 3));
	}
	shell_inherit(shell, &counters);
	counters_free(&counters);
}

/* Who said so is not there any more: it is old, and means what the configuration says of that. */
static void take_health(struct engine *engine, const json_t *json)
{
	const json_t *item;
	size_t i;

	json_array_foreach(json, i, item)
	{
		const char *name = json_string_value(json_object_get(item, "name"));
		const char *reason = json_string_value(json_object_get(item, "reason"));
		struct health news = {
			.name = (char *)name,
			.state = (enum health_state)number_in(item, "state"),
			.old = true,
			.weight = (uint8_t)number_in(item, "weight"),
			.since_us = json_integer_value(json_object_get(item, "since_us")),
			.last_us = json_integer_value(json_object_get(item, "last_us")),
			.flips = number_in(item, "flips"),
			.reason = (char *)(reason ? reason : ""),
		};

		if (name && news.state < HEALTH_STATES)
			healths_tell(&engine->health, &news);
	}
}

void heir_take(struct engine *engine, struct heritage *heritage)
{
	const json_t *counters = json_object_get(heritage->json, "counters");

	for (size_t i = 0; i < heritage->listeners.count; i++) {
		struct inherited_listener *heir = &heritage->listeners.items[i];

		host_adopt_listener(engine->host, &heir->listener, heir->fds);
		heir->fds = NULL;
	}
	for (size_t i = 0; i < worker_count; i++)
		take_counters(engine->shells[i], json_object_get(counters, workers[i]->name));
	take_health(engine, json_object_get(heritage->json, "health"));
}

static void on_end(void *data)
{
	struct inherited_worker *worker = data;

	loop_unwatch(&worker->child);
	fd_closep(&worker->channel);
}

static void on_patience(void *data)
{
	struct engine *engine = data;

	for (size_t i = 0; i < engine->heritage->workers.count; i++)
		fd_closep(&engine->heritage->workers.items[i].channel);
}

void heir_retire(struct engine *engine)
{
	const struct channel_message message = { .type = WORKER_RETIRE };
	struct heritage *heritage = engine->heritage;

	if (!heritage || engine->patience)
		return;
	engine->patience = loop_watch_timer(engine->loop, on_patience, engine);
	loop_timer_set(engine->patience, RETIRE_MS);
	for (size_t i = 0; i < heritage->workers.count; i++) {
		struct inherited_worker *worker = &heritage->workers.items[i];

		worker->child = loop_watch_child(engine->loop, worker->pid, on_end, worker);
		channel_send(worker->channel, &message);
	}
	log_notice("the former program's %zu workers end when their connections do",
		   heritage->workers.count);
}

void heir_leave(struct engine *engine)
{
	struct heritage *heritage = engine->heritage;

	for (size_t i = 0; heritage && i < heritage->workers.count; i++) {
		loop_unwatch(&heritage->workers.items[i].child);
		fd_closep(&heritage->workers.items[i].channel);
	}
	heritage_free(heritage);
	engine->heritage = NULL;
}
