/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The child inherits everything, and so ends with its parent at once: else it would hold the lock
 * of a daemon that is started anew. A thread was rejected: it would have to have a copy of the host,
 * which fork() gives for the price of what changes meanwhile.
 */
#include "daemon/prover.h"

#include "base/fd.h"
#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

struct prover {
	struct loop *loop;
	struct loop_watch *watch;
	prover_fn *prove;
	prover_done_fn *done;
	void *data;
	int fd; /* where the child's diagnostics come from; -1 = none runs */
	pid_t child;
	struct text told;
};

/* What goes through the pipe for each diagnostic, before its text. */
struct head {
	enum diag_level level;
	struct place at, other;
	uint32_t length;
};

/* The last one, without a text: that nothing is missing. */
#define END UINT32_MAX

static void pack(const struct diags *diags, struct text *packed)
{
	struct head end = { .length = END };

	for (unsigned i = 0; i < diags->count; i++) {
		const struct diag *diag = &diags->items[i];
		struct head head = { .level = diag->level,
				     .at = diag->at,
				     .other = diag->other,
				     .length = (uint32_t)strlen(diag->text) };

		text_append(packed, (const char *)&head, sizeof(head));
		text_append(packed, diag->text, head.length);
	}
	text_append(packed, (const char *)&end, sizeof(end));
}

static void add(struct diags *diags, const struct head *head, const char *text)
{
	int length = (int)head->length;

	if (head->level == DIAG_WARNING)
		diag_warn(diags, head->at, "%.*s", length, text);
	else if (place_known(head->other))
		diag_between(diags, head->at, head->other, -EINVAL, "%.*s", length, text);
	else
		diag_at(diags, head->at, -EINVAL, "%.*s", length, text);
}

/* Returns whether all of it is there. */
static bool unpack(const struct text *packed, struct diags *diags)
{
	size_t at = 0;
	struct head head;

	while (packed->length - at >= sizeof(head)) {
		memcpy(&head, packed->data + at, sizeof(head));
		at += sizeof(head);
		if (head.length == END)
			return at == packed->length;
		if (head.length > packed->length - at)
			return false;
		add(diags, &head, packed->data + at);
		at += head.length;
	}
	return false;
}

static void finish(struct prover *prover)
{
	struct diags diags;
	bool whole;

	loop_unwatch(&prover->watch);
	fd_closep(&prover->fd);
	diags_init(&diags);
	whole = unpack(&prover->told, &diags);
	text_free(&prover->told);
	if (!whole)
		diags_free(&diags);
	prover->done(prover->data, whole ? &diags : NULL);
}

static void on_readable(void *data)
{
	struct prover *prover = data;
	char bytes[16384];
	ssize_t length = read(prover->fd, bytes, sizeof(bytes));

	if (length > 0)
		text_append(&prover->told, bytes, (size_t)length);
	else if (length == 0 || (errno != EAGAIN && errno != EINTR))
		finish(prover);
}

/* All of the child's life. */
static void live(const struct prover *prover, int fd, pid_t parent)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	AUTO_TEXT packed = { 0 };
	struct diags diags;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		return;
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++)
		signal(signals[i], SIG_DFL);
	(void)!nice(5);
	diags_init(&diags);
	prover->prove(prover->data, &diags);
	pack(&diags, &packed);
	for (size_t at = 0; at < packed.length;) {
		ssize_t length = write(fd, packed.data + at, packed.length - at);

		if (length < 0 && errno != EINTR)
			break;
		at += length > 0 ? (size_t)length : 0;
	}
	diags_free(&diags);
}

struct prover *prover_new(struct loop *loop, prover_fn *prove, prover_done_fn *done, void *data)
{
	struct prover *prover = mem_alloc(sizeof(*prover));

	*prover = (struct prover){ .loop = loop, .prove = prove, .done = done, .data = data, .fd = -1 };
	return prover;
}

void prover_free(struct prover *prover)
{
	if (!prover)
		return;
	if (prover->fd >= 0)
		kill(prover->child, SIGKILL);
	loop_unwatch(&prover->watch);
	fd_closep(&prover->fd);
	text_free(&prover->told);
	mem_freep(&prover);
}

int prover_start(struct prover *prover)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return -errno;
	prover->child = fork();
	if (prover->child == 0) {
		live(prover, fds[1], parent);
		_exit(0);
	}
	close(fds[1]);
	if (prover->child < 0) {
		close(fds[0]);
		return -EAGAIN;
	}
	fcntl(fds[0], F_SETFL, O_NONBLOCK);
	prover->fd = fds[0];
	prover->watch = loop_watch_fd(prover->loop, prover->fd, on_readable, prover);
	return 0;
}

bool prover_runs(const struct prover *prover)
{
	return prover->fd >= 0;
}
