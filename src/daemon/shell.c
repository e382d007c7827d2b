/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A worker is this program, executed anew, so that nothing of the engine's memory is in it. The
 * sockets stay open in the engine: when a worker dies, what waits in them waits for the next one,
 * and nobody is refused. A worker that does not take its messages is taken for dead.
 */
#include "daemon/shell.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "daemon/blobs.h"
#include "io/channel.h"
#include "io/sandbox.h"
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORKER_FD 3
#define BACK_OFF_FIRST_MS 50
#define BACK_OFF_MOST_MS 10000
#define GOOD_LIFE_US 10000000 /* a worker that lived that long starts again at once */
#define CHANNEL_BUFFER (8 << 20)

struct shell {
	struct shell_owner owner;
	const struct worker *worker;
	const struct config *configured; /* what that was made of */
	struct text configuration;	 /* sent last, or to be sent */
	struct text latest;		 /* the update, too */
	struct blobs blobs;
	VEC(char *) files;	     /* that it appends to */
	struct state given;	     /* the listeners that the worker has */
	const struct host *host;     /* whose sockets it gets */
	struct counters dead, alive; /* of former workers; of this one at its last report */
	struct counters sum;
	int channel;
	int pid;
	pthread_t thread;
	bool running;
	bool needed;	/* the worker has something to do without listeners */
	bool listening; /* or has listeners */
	int64_t started_us;
	unsigned back_off_ms, restarts;
	uint32_t asked; /* number of the report that is awaited; 0 = none */
	struct loop_watch *readable, *child, *again;
};

struct worker_thread {
	const struct worker *worker;
	int channel;
	unsigned threads;
};

/* A worker that cannot be spoken to is ended; on_child() sees to the rest. */
static void give_up(struct shell *shell, const char *why)
{
	if (!shell->running)
		return;
	log_warning("the %s worker %s; ending it", shell->worker->name, why);
	if (shell->pid)
		kill(shell->pid, SIGKILL);
}

static void note_sent(struct shell *shell, int r)
{
	if (r == -EAGAIN)
		give_up(shell, "does not take its messages");
	else if (r < 0 && r != -EPIPE && r != -ECONNRESET)
		log_warning("speaking to the %s worker: %s", shell->worker->name, strerror(-r));
}

static void send_message(struct shell *shell, struct channel_message *message)
{
	note_sent(shell, shell->running ? channel_send(shell->channel, message) : -EPIPE);
}

static void send_bytes(struct shell *shell, enum worker_message type, const struct text *bytes)
{
	struct channel_message message = {
		.type = (uint16_t)type,
		.bytes = bytes->data,
		.length = bytes->length,
	};

	send_message(shell, &message);
}

/* A file that cannot be opened is told; the worker keeps the one that it has. */
static void send_file(struct shell *shell, const char *path)
{
	AUTO_FD fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
			  0640);
	struct channel_message message = {
		.type = WORKER_FILE, .bytes = (void *)path, .length = strlen(path), .fd_count = 1
	};
	AUTO_TEXT text = { 0 };

	if (fd < 0) {
		text_printf(&text, "%s cannot be opened: %s", path, strerror(errno));
		shell->owner.told(shell->owner.data, text_string(&text));
		return;
	}
	message.fds[0] = fd;
	send_message(shell, &message);
}

/* Blobs go first, since the configuration names them. */
static void send_blobs(struct shell *shell)
{
	note_sent(shell, shell->running ? blobs_send(&shell->blobs, shell->channel) : -EPIPE);
}

static void send_listener(struct shell *shell, enum worker_message type,
			  const struct host_listener *listener)
{
	uint8_t bytes[32];
	struct wire_writer writer = wire_writer(bytes, sizeof(bytes));
	struct channel_message message = { .type = (uint16_t)type, .bytes = bytes };
	const int *sockets = NULL;

	wire_put_u8(&writer, listener->protocol);
	wire_put_u8(&writer, listener->address.family);
	wire_put_bytes(&writer, listener->address.bytes, sizeof(listener->address.bytes));
	wire_put_u16(&writer, listener->port);
	message.length = wire_written(&writer);
	if (type == WORKER_LISTENER) {
		sockets = host_listener_sockets(shell->host, listener);
		if (!sockets)
			return;
		message.fd_count = shell->owner.threads;
		memcpy(message.fds, sockets, sizeof(*sockets) * message.fd_count);
	}
	send_message(shell, &message);
}

static void take_report(struct shell *shell, const struct channel_message *message)
{
	struct counters counters = { 0 };

	if (shell->worker->report(message->bytes, message->length, &counters) < 0) {
		counters_free(&counters);
		give_up(shell, "sent a malformed report");
		return;
	}
	counters_free(&shell->alive);
	shell->alive = counters;
}

static void take_log(struct shell *shell, const struct channel_message *message)
{
	struct wire_reader reader = wire_reader(message->bytes, message->length);
	unsigned level = wire_get_u8(&reader);

	if (reader.broken || level > LOG_DEBUG) {
		give_up(shell, "sent a malformed line");
		return;
	}
	log_line((enum log_level)level, "%s worker: %.*s", shell->worker->name,
		 (int)wire_left(&reader), (const char *)reader.at);
}

static void take_fact(struct shell *shell, const struct channel_message *message)
{
	const struct worker *worker = shell->worker;
	struct healths news = { 0 };

	if (!worker->fact || worker->fact(message->bytes, message->length, &news) < 0)
		give_up(shell, "sent a malformed fact");
	else
		shell->owner.health(shell->owner.data, &news);
	healths_free(&news);
}

static void report_is_over(struct shell *shell)
{
	uint32_t number = shell->asked;

	shell->asked = 0;
	if (number)
		shell->owner.reported(shell->owner.data, number);
}

static void on_readable(void *data)
{
	struct shell *shell = data;
	struct channel_message message = { 0 };
	int r = channel_receive(shell->channel, &message);

	if (r == -EAGAIN)
		return;
	if (r <= 0) {
		/*
		 * The end of a process is told by on_child(); here there is only nothing more to
		 * read.
		 */
		loop_unwatch(&shell->readable);
		if (r < 0)
			give_up(shell, "sent a malformed message");
		return;
	}
	if (message.type == WORKER_REPORT) {
		take_report(shell, &message);
		/* One that was asked for earlier says nothing of what was sent since. */
		if (message.number == shell->asked)
			report_is_over(shell);
	} else if (message.type == WORKER_LOG) {
		take_log(shell, &message);
	} else if (message.type == WORKER_FACT) {
		take_fact(shell, &message);
	} else {
		give_up(shell, "sent what only the engine may send");
	}
	channel_message_free(&message);
}

static void forget_process(struct shell *shell)
{
	loop_unwatch(&shell->readable);
	loop_unwatch(&shell->child);
	fd_closep(&shell->channel);
	shell->running = false;
	shell->pid = 0;
	blobs_restart(&shell->blobs);
	counters_add(&shell->dead, &shell->alive);
	counters_free(&shell->alive);
}

static void on_child(void *data)
{
	struct shell *shell = data;
	bool good = clock_now_us() - shell->started_us > GOOD_LIFE_US;
	AUTO_TEXT text = { 0 };

	forget_process(shell);
	report_is_over(shell);
	shell->restarts++;
	if (good || !shell->back_off_ms)
		shell->back_off_ms = BACK_OFF_FIRST_MS;
	else if (shell->back_off_ms < BACK_OFF_MOST_MS)
		shell->back_off_ms *= 2;
	text_printf(&text, "the %s worker died; starting it again in %u ms, with the same sockets",
		    shell->worker->name, good ? 1 : shell->back_off_ms);
	shell->owner.told(shell->owner.data, text_string(&text));
	shell->owner.died(shell->owner.data, shell->worker);
	loop_timer_set(shell->again, good ? 1 : shell->back_off_ms);
}

static void exec_worker(const struct shell *shell, int channel)
{
	char threads[16];
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	snprintf(threads, sizeof(threads), "%u", shell->owner.threads);
	if (channel == WORKER_FD || dup2(channel, WORKER_FD) < 0)
		_exit(126);
	execl("/proc/self/exe", "multihomed", "--worker", shell->worker->name, threads, (char *)NULL);
	_exit(127);
}

static void *thread_main(void *data)
{
	struct worker_thread *thread = data;

	if (!thread->worker->prepare || thread->worker->prepare() == 0)
		thread->worker->main(thread->channel, thread->threads);
	mem_freep(&thread);
	return NULL;
}

static int start_thread(struct shell *shell, int channel)
{
	struct worker_thread *thread = mem_alloc(sizeof(*thread));

	*thread = (struct worker_thread){ shell->worker, channel, shell->owner.threads };
	return -pthread_create(&shell->thread, NULL, thread_main, thread);
}

static int start_process(struct shell *shell, int channel)
{
	pid_t pid = fork();

	if (pid < 0)
		return -errno;
	if (!pid)
		exec_worker(shell, channel);
	close(channel);
	shell->pid = pid;
	shell->child = loop_watch_child(shell->owner.loop, pid, on_child, shell);
	return 0;
}

/* The channel: our end in *ret_ours does not block, the worker's may. */
static int channel_pair(int *ret_ours, int *ret_theirs)
{
	int pair[2], size = CHANNEL_BUFFER;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	/*
	 * With CAP_NET_ADMIN beyond the host's limit, without it up to that: a burst of listeners
	 * fits either way.
	 */
	if (setsockopt(pair[0], SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	*ret_ours = pair[0];
	*ret_theirs = pair[1];
	return 0;
}

/* Once; whoever is nobody as well could trace a worker, or send it signals. */
static void warn_of_nobody(void)
{
	static bool looked;

	if (!looked && sandbox_user_is_missing())
		log_warning(
			"there is no user multihomed: workers run as nobody, beside whatever else "
			"does; make it with: useradd --system --user-group --no-create-home "
			"--shell /usr/sbin/nologin multihomed");
	looked = true;
}

static int begin(struct shell *shell)
{
	int theirs, r = channel_pair(&shell->channel, &theirs);

	if (r < 0)
		return r;
	if (!shell->owner.one_process)
		warn_of_nobody();
	r = shell->owner.one_process ? start_thread(shell, theirs) : start_process(shell, theirs);
	if (r < 0) {
		close(theirs);
		fd_closep(&shell->channel);
	}
	return r;
}

static void files_forget(struct shell *shell)
{
	for (size_t i = 0; i < shell->files.count; i++)
		mem_freep(&shell->files.items[i]);
	VEC_FREE(&shell->files);
}

static void file_add(void *data, const char *path)
{
	struct shell *shell = data;

	*VEC_PUSH(&shell->files) = mem_strdup(path);
}

void shell_reopen(struct shell *shell)
{
	for (size_t i = 0; shell->running && i < shell->files.count; i++)
		send_file(shell, shell->files.items[i]);
}

static void shell_start(void *data)
{
	struct shell *shell = data;
	int r;

	if (shell->running || !(shell->listening || shell->needed))
		return;
	shell->started_us = clock_now_us();
	r = begin(shell);
	if (r < 0) {
		log_error("starting the %s worker: %s; trying again in %u ms", shell->worker->name,
			  strerror(-r), BACK_OFF_MOST_MS);
		loop_timer_set(shell->again, BACK_OFF_MOST_MS);
		return;
	}
	shell->running = true;
	shell->readable = loop_watch_fd(shell->owner.loop, shell->channel, on_readable, shell);
	send_blobs(shell);
	shell_reopen(shell);
	send_bytes(shell, WORKER_CONFIGURE, &shell->configuration);
	if (shell->worker->update)
		send_bytes(shell, WORKER_UPDATE, &shell->latest);
	STATE_EACH(&shell->given, OBJECT_LISTENER, const struct host_listener, listener)
		send_listener(shell, WORKER_LISTENER, listener);
}

struct shell *shell_new(const struct shell_owner *owner, const struct worker *worker)
{
	struct shell *shell = mem_alloc(sizeof(*shell));

	shell->owner = *owner;
	shell->worker = worker;
	shell->channel = -1;
	shell->again = loop_watch_timer(owner->loop, shell_start, shell);
	return shell;
}

/* The end of the channel ends the worker; one that does not end is ended. */
static void wait_for_end(struct shell *shell)
{
	shutdown(shell->channel, SHUT_RDWR);
	if (!shell->pid) {
		pthread_join(shell->thread, NULL);
		return;
	}
	for (unsigned tries = 0; tries < 200; tries++) {
		if (waitpid(shell->pid, NULL, WNOHANG) != 0)
			return;
		usleep(10000);
	}
	kill(shell->pid, SIGKILL);
	waitpid(shell->pid, NULL, 0);
}

void shell_free(struct shell *shell)
{
	if (!shell)
		return;
	if (shell->running) {
		loop_unwatch(&shell->child);
		wait_for_end(shell);
		forget_process(shell);
	}
	loop_unwatch(&shell->again);
	text_free(&shell->configuration);
	text_free(&shell->latest);
	blobs_free(&shell->blobs);
	files_forget(shell);
	state_free(&shell->given);
	counters_free(&shell->dead);
	counters_free(&shell->sum);
	mem_freep(&shell);
}

static bool same(const struct text *a, const struct text *b)
{
	return a->length == b->length && (!a->length || memcmp(a->data, b->data, a->length) == 0);
}

/* Makes @now what is sent, when it differs; returns whether it does. */
static bool differs(struct text *sent, struct text *now)
{
	if (same(sent, now))
		return false;
	text_free(sent);
	*sent = *now;
	*now = (struct text){ 0 };
	return true;
}

/* Files that are new to the worker are opened; the others when somebody asks, shell_reopen(). */
static void take_files(struct shell *shell, const struct config *config)
{
	const struct worker *worker = shell->worker;

	files_forget(shell);
	if (worker->files && config)
		worker->files(config, file_add, shell);
}

static void start_soon(struct shell *shell)
{
	if ((shell->listening || shell->needed) && !shell->running &&
	    !loop_timer_pending(shell->again))
		shell_start(shell);
}

bool shell_update(struct shell *shell, const struct config *config, const struct facts *facts)
{
	const struct worker *worker = shell->worker;
	AUTO_TEXT update = { 0 };

	if (!worker->update)
		return false;
	worker->update(config, facts, &update);
	if (!differs(&shell->latest, &update))
		return false;
	send_bytes(shell, WORKER_UPDATE, &shell->latest);
	return true;
}

/* Twenty thousand zones take a while to be put into bytes, and events come by the hundred. */
static bool is_known(const struct shell *shell, const struct config *config)
{
	return shell->worker->heeds_no_facts && shell->configured && shell->configured == config;
}

bool shell_configure(struct shell *shell, const struct config *config, const struct facts *facts)
{
	const struct worker *worker = shell->worker;
	AUTO_TEXT configuration = { 0 };
	bool told = false;

	if (!is_known(shell, config)) {
		shell->configured = config;
		blobs_want(&shell->blobs, worker, config);
		send_blobs(shell);
		take_files(shell, config);
		worker->configure(config, facts, &configuration);
		told = differs(&shell->configuration, &configuration);
		shell->needed = config && worker->needed && worker->needed(config, facts);
	}
	if (told) {
		shell_reopen(shell);
		send_bytes(shell, WORKER_CONFIGURE, &shell->configuration);
	}
	told = shell_update(shell, config, facts) || told;
	if (shell->running)
		note_sent(shell, blobs_forget(&shell->blobs, shell->channel));
	start_soon(shell);
	return told;
}

bool shell_differs(const struct shell *shell, const struct config *config, const struct facts *facts)
{
	const struct worker *worker = shell->worker;
	AUTO_TEXT configuration = { 0 }, update = { 0 };

	worker->configure(config, facts, &configuration);
	if (worker->update)
		worker->update(config, facts, &update);
	return !same(&shell->configuration, &configuration) || !same(&shell->latest, &update);
}

/* A listener is of the feature that desires it; one that nobody does any more stays where it is. */
static bool is_mine(const struct shell *shell, const struct state *desired,
		    const struct host_listener *listener)
{
	const struct host_listener *asked = state_find(desired, OBJECT_LISTENER, listener);

	if (!asked)
		return state_find(&shell->given, OBJECT_LISTENER, listener);
	return features[asked->object.feature]->worker == shell->worker;
}

void shell_sync(struct shell *shell, const struct host *host, const struct state *desired)
{
	const struct state *open = host_observed(host);
	struct state given = { 0 };

	shell->host = host;
	STATE_EACH(open, OBJECT_LISTENER, const struct host_listener, listener)
		if (host_listener_sockets(host, listener) && is_mine(shell, desired, listener))
			state_add(&given, OBJECT_LISTENER, listener);
	state_sort(&given, NULL, NULL);
	STATE_EACH(&given, OBJECT_LISTENER, const struct host_listener, listener)
		if (!state_find(&shell->given, OBJECT_LISTENER, listener))
			send_listener(shell, WORKER_LISTENER, listener);
	STATE_EACH(&shell->given, OBJECT_LISTENER, const struct host_listener, listener)
		if (!state_find(&given, OBJECT_LISTENER, listener))
			send_listener(shell, WORKER_CLOSE, listener);
	state_free(&shell->given);
	shell->given = given;
	shell->listening = state_count(&given, OBJECT_LISTENER) > 0;
	start_soon(shell);
}

bool shell_ask(struct shell *shell, uint32_t number)
{
	struct channel_message message = { .type = WORKER_ASK, .number = number };

	if (!shell->running)
		return false;
	shell->asked = number;
	send_message(shell, &message);
	return true;
}

void shell_end_silent(struct shell *shell)
{
	struct pollfd heard = { .fd = shell->channel, .events = POLLIN };

	/* What it said while we were busy ourselves waits to be read. */
	if (shell->asked && shell->worker->fact && poll(&heard, 1, 0) == 0)
		give_up(shell, "does not answer");
}

bool shell_awaited(const struct shell *shell)
{
	return shell->asked;
}

const struct counters *shell_counters(struct shell *shell)
{
	counters_free(&shell->sum);
	counters_add(&shell->sum, &shell->dead);
	counters_add(&shell->sum, &shell->alive);
	return &shell->sum;
}

void shell_inherit(struct shell *shell, const struct counters *counters)
{
	counters_add(&shell->dead, counters);
}

void shell_status(const struct shell *shell, struct shell_status *ret_status)
{
	*ret_status = (struct shell_status){
		.name = shell->worker->name,
		.pid = shell->pid,
		.channel = shell->channel,
		.restarts = shell->restarts,
		.listeners = state_count(&shell->given, OBJECT_LISTENER),
	};
}

bool shell_matters(const struct shell_status *status)
{
	return status->pid || status->listeners || status->restarts;
}

static const struct worker *worker_named(const char *name)
{
	for (size_t i = 0; i < worker_count; i++)
		if (strcmp(workers[i]->name, name) == 0)
			return workers[i];
	return NULL;
}

int shell_worker_main(const char *name, const char *threads)
{
	const struct worker *worker = worker_named(name);
	struct sandbox_more more = { 0 };
	AUTO_TEXT error = { 0 };
	struct rlimit files;
	int r;

	if (!worker || atoi(threads) < 1 || atoi(threads) > CHANNEL_MAX_FDS) {
		fprintf(stderr, "multihomed: --worker is for the engine's own use\n");
		return 2;
	}
	more = (struct sandbox_more){ worker->capabilities, worker->system_calls };
	log_open(name, LOG_NOTICE);
	if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
		files.rlim_cur = files.rlim_max;
		setrlimit(RLIMIT_NOFILE, &files);
	}
	r = worker->prepare ? worker->prepare() : 0;
	if (r < 0) {
		log_error("preparing: %s", strerror(-r));
		return 1;
	}
	if (sandbox_worker(&more, &error) < 0) {
		log_error("%s", text_string(&error));
		return 1;
	}
	/* Nothing is left to be flushed, and a checker for leaks could not look around in here. */
	_exit(worker->main(WORKER_FD, (unsigned)atoi(threads)));
}
