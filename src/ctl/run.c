/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `run`: a program whose UDP answers leave from the address asked, without a daemon. Two means, and
 * each does what the other cannot:
 *
 * - eBPF on a cgroup (run_hook.c) mends what is answered from an unconnected socket, by programs of
 *   any kind. It takes rights, and a kernel that has the hooks. It does not see sockets that the
 *   program was handed by whoever started us.
 * - a preloaded library (preload/) gives a socket that is connected to its client the address asked.
 *   It takes a program that the dynamic loader starts. Where eBPF is missing, or
 *   does not see a socket, it mends what is answered from an unconnected socket as well.
 *
 * The program takes mhctl's place, by exec: so signals, job control, the terminal and the exit
 * status are its own, and whoever watches over the process watches over the program.
 *
 * Where neither is possible the program is not run: it would answer wrongly, and nobody knew.
 */
#include "base/mem.h"
#include "ctl/command.h"
#include "ctl/run_hook.h"
#include "ctl/run_program.h"
#include "net/address.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Those handed down have small numbers: 0 to 2 from inetd, 3 and up from systemd. */
#define HANDED_DOWN_MOST 64

struct run {
	const struct call *call;
	struct run_program program;
	struct text library; /* "" = not preloaded, for .no_library */
	struct text cgroup;  /* "" = no eBPF, for .no_hook */
	struct text no_library, no_hook;
	bool no_rights;	 /* that these are missing is .no_hook */
	bool no_file;	 /* that the library is missing is .no_library */
	int handed_down; /* a descriptor that eBPF does not see, or -1 */
};

static void run_free(struct run *run)
{
	run_program_free(&run->program);
	text_free(&run->library);
	text_free(&run->cgroup);
	text_free(&run->no_library);
	text_free(&run->no_hook);
}

static void __attribute__((format(printf, 2, 3))) say(const struct run *run, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(run->call->err, "mhctl: %s: ", run->call->words[0]);
	vfprintf(run->call->err, format, args);
	fputc('\n', run->call->err);
	va_end(args);
}

static void choose_library(struct run *run)
{
	const char *obstacle = text_string(&run->program.obstacle);

	if (run->call->no_preload)
		text_puts(&run->no_library, "--no-preload was given");
	else if (*obstacle)
		text_printf(&run->no_library, "it %s, so nothing can be preloaded", obstacle);
	else
		run->no_file = run_library_find(&run->library, &run->no_library) < 0;
}

static void choose_hook(struct run *run)
{
	if (run->call->no_hook)
		text_puts(&run->no_hook, "--no-hook was given");
	else
		run->no_rights = run_hook_enter(&run->cgroup, &run->no_hook) == -EPERM;
}

/* On the wildcard, or not bound yet. */
static bool is_udp_server(int fd)
{
	struct sockaddr_storage local;
	struct address address;
	socklen_t length = sizeof(int);
	uint16_t port;
	int protocol;

	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &length) < 0 || protocol != IPPROTO_UDP)
		return false;
	length = sizeof(local);
	return getsockname(fd, (struct sockaddr *)&local, &length) == 0 &&
	       address_from_sockaddr(&local, &address, &port) == 0 &&
	       address_is_unspecified(&address);
}

/*
 * A socket keeps the cgroup of its maker, and those which our caller opened for the program are not
 * of ours. All that is open here besides closes on exec.
 */
static int find_handed_down(void)
{
	for (int fd = 0; fd < HANDED_DOWN_MOST; fd++) {
		int flags = fcntl(fd, F_GETFD);

		if (flags >= 0 && !(flags & FD_CLOEXEC) && is_udp_server(fd))
			return fd;
	}
	return -1;
}

static bool library_does_all(const struct run *run)
{
	return !run->cgroup.length || run->handed_down >= 0;
}

/* What is not as one would expect is told; the rest to those who ask. */
static void tell(const struct run *run)
{
	const char *cgroup = text_string(&run->cgroup);
	bool verbose = run->call->verbose, broken = !*cgroup && !run->call->no_hook;

	if (!*cgroup && (verbose || (broken && !run->no_rights)))
		say(run, "no eBPF: %s", text_string(&run->no_hook));
	if (!run->library.length && (verbose || run->program.raises || run->no_file))
		say(run, "not preloaded: %s", text_string(&run->no_library));
	if (!run->library.length && run->handed_down >= 0)
		say(run, "descriptor %d was opened elsewhere: its answers are not mended",
		    run->handed_down);
	if (*cgroup && verbose)
		say(run, "eBPF on %s", cgroup);
	if (run->library.length && verbose)
		say(run, "preloaded for %s: %s",
		    library_does_all(run) ? "all of its sockets" : "sockets that it connects",
		    text_string(&run->library));
}

/* What is preloaded already stays, behind ours. */
static void preload(const struct run *run)
{
	const char *before = getenv("LD_PRELOAD");
	AUTO_MEM char *all = mem_printf("%s%s%s", text_string(&run->library),
					before && *before ? ":" : "", before ? before : "");

	setenv("LD_PRELOAD", all, 1);
	setenv("MULTIHOME_PRELOAD", library_does_all(run) ? "connect,send" : "connect", 1);
}

static int start(struct run *run)
{
	int error;

	if (run->library.length)
		preload(run);
	fflush(run->call->out);
	fflush(run->call->err);
	execvp(run->program.path, run->call->words);
	error = errno;
	say(run, "%s", strerror(error));
	return error == ENOENT ? RUN_NOT_FOUND : RUN_NOT_RUNNABLE;
}

int run_run(const struct call *call)
{
	struct run run = { .call = call, .handed_down = find_handed_down() };
	AUTO_TEXT error = { 0 };
	int status;

	if (call->no_hook && call->no_preload)
		return call_fail(call, "--no-hook and --no-preload leave nothing to help with");
	status = run_program_find(call->words[0], &run.program, &error);
	if (status)
		return call_end(call, status, text_string(&error));
	choose_library(&run);
	choose_hook(&run);
	if (run.cgroup.length || run.library.length) {
		tell(&run);
		status = start(&run);
	} else {
		say(&run, "cannot be helped, and was not run: %s; no eBPF: %s%s",
		    text_string(&run.no_library), text_string(&run.no_hook),
		    run.no_rights ? " (try as root)" : "");
		status = EXIT_MISTAKE;
	}
	run_free(&run);
	return status;
}
