/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One script is one process group, which is killed as a whole: at its time's end, when its first
 * process ends (what it left behind would be one more each time), and when nobody wants to know
 * any more. No shell: the words are the program's arguments.
 */
#include "feature/checks/runner.h"
#include "feature/checks/runner_orphans.h"

#include "base/clock.h"
#include "base/fd.h"
#include "base/log.h"
#include "base/mem.h"
#include "io/sandbox.h"
#include "net/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MOST 1024
#define FILES_MOST 256
#define PROCESSES_MOST 256
#define FILE_BYTES_MOST (16u << 20)
#define END_TRIES 200
#define END_PAUSE_US 5000
#define SEARCH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

struct script {
	uint32_t slot, turn;
	pid_t pid; /* 0 = this place is free */
	int out;   /* what it writes; -1 = it has closed it */
	int64_t until_us;
	bool late;
	size_t length;
	char line[RUNNER_LINE_SIZE];
};

/* An order that waits for a place. */
struct waiting {
	char *packet;
	size_t length;
};

struct runner {
	int fd, signals;
	struct script scripts[RUNNER_AT_ONCE];
	VEC(struct waiting) queue;
};

static void tell(struct runner *runner, const struct script *script, enum runner_end end,
		 uint32_t code)
{
	uint8_t packet[16 + RUNNER_LINE_SIZE];
	struct wire_writer writer = wire_writer(packet, sizeof(packet));
	size_t length = strcspn(script->line, "\r\n");

	wire_put_u32(&writer, script->slot);
	wire_put_u32(&writer, script->turn);
	wire_put_u32(&writer, end);
	wire_put_u32(&writer, code);
	wire_put_bytes(&writer, script->line, length);
	/* A worker that does not listen does not want to know. */
	send(runner->fd, packet, wire_written(&writer), MSG_NOSIGNAL | MSG_DONTWAIT);
}

/* What a script may use at most, so that one that runs wild is its own trouble. */
static void limit(uint32_t limit_ms)
{
	const struct {
		int what;
		rlim_t most;
	} limits[] = {
		{ RLIMIT_CORE, 0 },
		{ RLIMIT_CPU, limit_ms / 1000 + 2 },
		{ RLIMIT_NOFILE, FILES_MOST },
		{ RLIMIT_NPROC, PROCESSES_MOST },
		{ RLIMIT_FSIZE, FILE_BYTES_MOST },
	};

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		setrlimit(limits[i].what, &(struct rlimit){ limits[i].most, limits[i].most });
}

/* In the new process. */
static void become(const struct runner_order *order, int out)
{
	static char search[] = "PATH=" SEARCH, language[] = "LANG=C.UTF-8";
	static char mark[ORPHANS_MARK_SIZE];
	static char *environment[] = { search, language, mark, NULL };
	const char *words[WORDS_MOST + 1];
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	sigset_t none;

	memcpy(words, order->words, order->count * sizeof(*words));
	words[order->count] = NULL;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	dup2(nothing, 0);
	dup2(out, 1);
	dup2(out, 2);
	limit(order->limit_ms);
	orphans_mark(order->slot, order->turn, mark);
	environ = environment;
	execvp(words[0], (char *const *)words);
	dprintf(1, "%s cannot be run: %s\n", words[0], strerror(errno));
	_exit(127);
}

static void start(struct runner *runner, struct script *script, const struct runner_order *order)
{
	int out[2];

	*script = (struct script){ order->slot, order->turn, .out = -1 };
	if (pipe2(out, O_CLOEXEC | O_NONBLOCK) < 0) {
		tell(runner, script, RUNNER_NOT_STARTED, (uint32_t)errno);
		return;
	}
	/* Only our end is to be non-blocking: the other one is the program's standard output. */
	fcntl(out[1], F_SETFL, 0);
	script->pid = fork();
	if (!script->pid)
		become(order, out[1]);
	close(out[1]);
	script->out = out[0];
	if (script->pid < 0) {
		script->pid = 0;
		fd_closep(&script->out);
		tell(runner, script, RUNNER_NOT_STARTED, (uint32_t)errno);
		return;
	}
	setpgid(script->pid, script->pid);
	script->until_us = clock_now_us() + (int64_t)order->limit_ms * 1000;
}

static struct script *free_place(struct runner *runner)
{
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (!runner->scripts[i].pid)
			return &runner->scripts[i];
	return NULL;
}

static void end_order(struct runner *runner, const struct runner_order *order)
{
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++) {
		struct script *script = &runner->scripts[i];

		if (script->pid && script->slot == order->slot && script->turn == order->turn)
			kill(-script->pid, SIGKILL);
	}
	for (size_t i = 0; i < runner->queue.count; i++) {
		struct waiting *waiting = &runner->queue.items[i];
		struct runner_order other;
		const char *words[WORDS_MOST];

		if (runner_order_read(waiting->packet, waiting->length, &other, words, WORDS_MOST) ==
			    0 &&
		    other.slot == order->slot && other.turn == order->turn)
			waiting->length = 0;
	}
}

/* From the queue to where there is a place; orders that were ended have no length any more. */
static void start_waiting(struct runner *runner)
{
	const char *words[WORDS_MOST];
	struct runner_order order;
	struct script *place;
	size_t taken = 0;

	while (taken < runner->queue.count && (place = free_place(runner))) {
		struct waiting *waiting = &runner->queue.items[taken++];

		if (runner_order_read(waiting->packet, waiting->length, &order, words, WORDS_MOST) ==
		    0)
			start(runner, place, &order);
		mem_freep(&waiting->packet);
	}
	runner->queue.count -= taken;
	if (taken)
		memmove(runner->queue.items, runner->queue.items + taken,
			runner->queue.count * sizeof(*runner->queue.items));
}

static void on_script_output(struct script *script)
{
	char bytes[4096];
	ssize_t got = read(script->out, bytes, sizeof(bytes));
	size_t room = sizeof(script->line) - 1 - script->length;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		fd_closep(&script->out);
		return;
	}
	/* What follows the first line is read, since a full pipe would stop the script, and forgotten. */
	room = (size_t)got < room ? (size_t)got : room;
	memcpy(script->line + script->length, bytes, room);
	script->length += room;
}

static struct script *script_of(struct runner *runner, pid_t pid)
{
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (runner->scripts[i].pid == pid)
			return &runner->scripts[i];
	return NULL;
}

/* Between fork() and exec() a script has its parent's environment: so it is known by its number. */
static bool runs(void *data, pid_t pid, uint32_t slot, uint32_t turn)
{
	const struct runner *runner = data;

	for (size_t i = 0; i < RUNNER_AT_ONCE; i++) {
		const struct script *script = &runner->scripts[i];

		if (script->pid && !script->late &&
		    (script->pid == pid || (script->slot == slot && script->turn == turn)))
			return true;
	}
	return false;
}

static void reap(struct runner *runner)
{
	struct signalfd_siginfo info;
	bool any = false;
	int status;
	pid_t pid;

	while (read(runner->signals, &info, sizeof(info)) > 0)
		;
	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct script *script = script_of(runner, pid);

		any = true;
		if (!script)
			continue;
		if (script->out >= 0)
			on_script_output(script);
		kill(-pid, SIGKILL);
		fd_closep(&script->out);
		if (script->late)
			tell(runner, script, RUNNER_LATE, 0);
		else if (WIFSIGNALED(status))
			tell(runner, script, RUNNER_KILLED, (uint32_t)WTERMSIG(status));
		else
			tell(runner, script, RUNNER_EXITED, (uint32_t)WEXITSTATUS(status));
		script->pid = 0;
	}
	if (any)
		orphans_end(runs, runner);
}

/* Returns how many milliseconds there are until the next one is late; -1 = none runs. */
static int end_late(struct runner *runner)
{
	int64_t now = clock_now_us(), next = INT64_MAX;

	for (size_t i = 0; i < RUNNER_AT_ONCE; i++) {
		struct script *script = &runner->scripts[i];

		if (!script->pid || script->late)
			continue;
		if (script->until_us <= now) {
			script->late = true;
			kill(-script->pid, SIGKILL);
		} else if (script->until_us < next) {
			next = script->until_us;
		}
	}
	return next == INT64_MAX ? -1 : (int)((next - now + 999) / 1000);
}

/* False at the end of the worker, or of its reason. */
static bool take_order(struct runner *runner)
{
	char packet[RUNNER_PACKET_SIZE];
	const char *words[WORDS_MOST];
	struct runner_order order;
	struct waiting *waiting;
	ssize_t got = recv(runner->fd, packet, sizeof(packet), MSG_DONTWAIT);

	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (!got || runner_order_read(packet, (size_t)got, &order, words, WORDS_MOST) < 0)
		return false;
	if (!order.count) {
		end_order(runner, &order);
		return true;
	}
	waiting = VEC_PUSH(&runner->queue);
	waiting->packet = mem_alloc((size_t)got);
	waiting->length = (size_t)got;
	memcpy(waiting->packet, packet, (size_t)got);
	return true;
}

static bool turn(struct runner *runner)
{
	struct pollfd polls[2 + RUNNER_AT_ONCE] = { { runner->fd, POLLIN, 0 },
						    { runner->signals, POLLIN, 0 } };

	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		polls[2 + i] = (struct pollfd){ runner->scripts[i].pid ? runner->scripts[i].out : -1,
						POLLIN, 0 };
	if (poll(polls, ARRAY_SIZE(polls), end_late(runner)) < 0 && errno != EINTR)
		return false;
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (polls[2 + i].revents)
			on_script_output(&runner->scripts[i]);
	reap(runner);
	if (polls[0].revents && !take_order(runner))
		return false;
	start_waiting(runner);
	return true;
}

/* The ends of some make others our children; who does not end at once is stuck in the kernel. */
static void end_all(struct runner *runner)
{
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		if (runner->scripts[i].pid)
			kill(-runner->scripts[i].pid, SIGKILL);
	memset(runner->scripts, 0, sizeof(runner->scripts));
	for (unsigned tries = 0; tries < END_TRIES; tries++) {
		orphans_end(runs, runner);
		while (waitpid(-1, NULL, WNOHANG) > 0)
			;
		if (waitpid(-1, NULL, WNOHANG) < 0)
			return;
		usleep(END_PAUSE_US);
	}
}

static int runner_main(int fd)
{
	struct runner runner = { .fd = fd };
	AUTO_TEXT error = { 0 };
	sigset_t children;

	prctl(PR_SET_NAME, "mh-scripts");
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (chdir("/") < 0 || sandbox_helper(&error) < 0) {
		log_error("%s", text_string(&error));
		return 1;
	}
	sigemptyset(&children);
	sigaddset(&children, SIGCHLD);
	sigprocmask(SIG_BLOCK, &children, NULL);
	runner.signals = signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK);
	for (size_t i = 0; i < RUNNER_AT_ONCE; i++)
		runner.scripts[i].out = -1;
	while (runner.signals >= 0 && turn(&runner))
		;
	end_all(&runner);
	return 0;
}

int runner_start(void)
{
	int pair[2], size = 8 << 20;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return -errno;
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
	pid = fork();
	if (pid < 0) {
		close(pair[0]);
		close(pair[1]);
		return -errno;
	}
	if (pid) {
		close(pair[1]);
		return pair[0];
	}
	/* Whatever else the worker has open is none of its business: the channel to the engine above all. */
	dup2(pair[1], STDIN_FILENO);
	close_range(3, ~0u, 0);
	_exit(runner_main(STDIN_FILENO));
}
