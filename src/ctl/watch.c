/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `watch` has two ends: Ctrl-C, which is how one leaves and no failure, and a daemon that goes
 * away, which is an event worth an exit status. Signals are read as a descriptor, so that none of
 * them falls between two waits.
 */
#include "base/fd.h"
#include "ctl/client.h"
#include "ctl/command.h"
#include "ctl/render.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

static int malformed(const struct call *call)
{
	return call_fail(call, "what comes from %s is malformed; is the daemon of another version?",
			 call->socket);
}

static int event_show(const struct call *call, const json_t *event)
{
	struct view view = { .colour = call->colour_out, .again = call->again };
	bool broken;

	render_event(&view, event);
	broken = view.broken;
	if (!broken && call->json)
		call_print_json(call, event);
	else if (!broken)
		fputs(text_string(&view.text), call->out);
	text_free(&view.text);
	if (broken)
		return malformed(call);
	/* Each line is there when it happened, in a pipe too; a reader that is gone ends it. */
	return fflush(call->out) == 0 ? -1 : EXIT_MISTAKE;
}

/* Instead of events: why not. */
static int refusal_show(const struct call *call, const json_t *reply)
{
	struct view view = { 0 };
	int status = view_exit(&view, reply);

	view_puts(&view, view_string(&view, reply, "error"));
	if (view.broken)
		status = malformed(call);
	else if (call->json)
		call_print_json(call, reply);
	else if (view.text.length)
		fprintf(call->err, "mhctl: %s\n", text_string(&view.text));
	text_free(&view.text);
	return status;
}

/* Takes one message. Returns the exit status with which to end, or -1 to go on. */
static int message_take(const struct call *call, int fd)
{
	enum control_message type;
	json_t *body;
	int r, status = -1;

	r = client_receive(fd, &type, &body);
	if (r == -EPIPE)
		return call_end(call, EXIT_NO, "the daemon went away");
	if (r < 0)
		return r == -EPROTO ? malformed(call) :
				      call_fail(call, "%s: %s", call->socket, strerror(-r));
	switch (type) {
	case CONTROL_EVENT:
		status = event_show(call, body);
		break;
	case CONTROL_REPLY:
		status = refusal_show(call, body);
		break;
	case CONTROL_PROGRESS:
		break;
	case CONTROL_REQUEST:
	case CONTROL_SOURCE:
		status = malformed(call);
		break;
	}
	json_decref(body);
	return status;
}

static int watch_events(const struct call *call, int fd, int signals)
{
	struct pollfd ready[2] = { { .fd = fd, .events = POLLIN },
				   { .fd = signals, .events = POLLIN } };
	struct signalfd_siginfo signal;
	int status = -1;

	while (status < 0) {
		if (poll(ready, 2, -1) < 0) {
			if (errno == EINTR)
				continue;
			return call_fail(call, "poll: %s", strerror(errno));
		}
		/* Taken from the queue, or it would strike as soon as signals are let in again. */
		if (ready[1].revents && read(signals, &signal, sizeof(signal)) > 0)
			return EXIT_FINE;
		if (ready[0].revents)
			status = message_take(call, fd);
	}
	return status;
}

static int watch_begin(const struct call *call, int signals)
{
	json_t *request = json_pack("{s:s}", "command", "watch");
	AUTO_TEXT error = { 0 };
	AUTO_FD fd = -1;
	int r;

	r = client_connect(call->socket, &fd, &error);
	if (r == 0) {
		r = client_send(fd, request, NULL);
		if (r < 0)
			text_printf(&error, "%s: %s", call->socket, strerror(-r));
	}
	json_decref(request);
	if (r < 0)
		return call_fail(call, "%s", text_string(&error));
	if (isatty(fileno(call->err)))
		fprintf(call->err, "watching %s; Ctrl-C ends\n", call->socket);
	return watch_events(call, fd, signals);
}

int watch_run(const struct call *call)
{
	sigset_t ending, before;
	AUTO_FD signals = -1;
	int status;

	sigemptyset(&ending);
	sigaddset(&ending, SIGINT);
	sigaddset(&ending, SIGTERM);
	sigprocmask(SIG_BLOCK, &ending, &before);
	signals = signalfd(-1, &ending, SFD_CLOEXEC);
	status = signals < 0 ? call_fail(call, "signalfd: %s", strerror(errno)) :
			       watch_begin(call, signals);
	sigprocmask(SIG_SETMASK, &before, NULL);
	return status;
}
