/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * libbpf tells its troubles in many lines on the standard error; a user needs one, which names what
 * is missing. So its lines are kept, and the last that tells something is quoted where no reason of
 * ours fits. It has one listener a process, hence the static buffer.
 */
#include "bpf/replies_trouble.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { REASON_SIZE = 240 };

static __thread char program[REASON_SIZE];
static __thread char verifier[REASON_SIZE];
static __thread char last[REASON_SIZE];

static void keep_line(char *keep, const char *line, size_t length)
{
	if (length >= REASON_SIZE)
		length = REASON_SIZE - 1;
	memcpy(keep, line, length);
	keep[length] = '\0';
}

/* The last line of the verifier's log before its statistics. */
static void keep_verifier(const char *log)
{
	const char *end = strstr(log, "-- END PROG LOAD LOG --");
	const char *line = strchr(log, '\n');

	while (line && *++line && line != end) {
		size_t length = strcspn(line, "\n");

		if (length && strncmp(line, "processed ", 10) &&
		    strncmp(line, "verification ", 13) && strncmp(line, "stack depth ", 12))
			keep_line(verifier, line, length);
		line = strchr(line, '\n');
	}
}

static int listen(enum libbpf_print_level level, const char *format, va_list arguments)
{
	const char *name;
	char *told;

	if (level > LIBBPF_INFO || vasprintf(&told, format, arguments) < 0)
		return 0;
	name = strstr(told, "prog '");
	if (name)
		keep_line(program, name + 6, strcspn(name + 6, "'"));
	if (strstr(told, "-- BEGIN PROG LOAD LOG --"))
		keep_verifier(told);
	else
		keep_line(last, told, strcspn(told, "\n"));
	free(told);
	return 0;
}

void trouble_listen(void)
{
	program[0] = verifier[0] = last[0] = '\0';
	libbpf_set_print(listen);
}

int trouble(int code, struct text *error, const char *format, ...)
{
	va_list arguments;
	char *what;

	va_start(arguments, format);
	if (vasprintf(&what, format, arguments) >= 0) {
		text_puts(error, what);
		free(what);
	}
	va_end(arguments);
	return code;
}

static bool has_hooks(void)
{
	return libbpf_probe_bpf_prog_type(BPF_PROG_TYPE_CGROUP_SOCK_ADDR, NULL) == 1;
}

/* What the verifier allows to some only, it calls prohibited "for !root" to others. */
static bool lacks_rights(int code)
{
	return (code == -EPERM || code == -EACCES) && (!verifier[0] || strstr(verifier, "!root"));
}

int trouble_with_programs(int code, struct text *error)
{
	if (lacks_rights(code))
		return trouble(code, error,
			       "loading BPF programs is not permitted: it needs CAP_BPF, "
			       "CAP_PERFMON and CAP_NET_ADMIN");
	if (code == -ENOSYS)
		return trouble(code, error, "this kernel has no BPF (CONFIG_BPF_SYSCALL)");
	if (verifier[0])
		return trouble(code, error, "the kernel refuses the BPF program %s: %s", program,
			       verifier);
	return trouble(code, error, "the BPF programs cannot be loaded: %s",
		       last[0] ? last : strerror(-code));
}

int trouble_with_load(int code, struct text *error)
{
	if (lacks_rights(code) || code == -ENOSYS || verifier[0])
		return trouble_with_programs(code, error);
	if (!has_hooks())
		return trouble(
			code, error,
			"this kernel has no BPF hooks for the addresses of a cgroup's sockets "
			"(CONFIG_CGROUP_BPF)");
	if (strstr(program, "recvmsg"))
		return trouble(code, error,
			       "this kernel has no BPF hooks for what a cgroup's sockets receive "
			       "(cgroup/recvmsg4, Linux 5.2)");
	return trouble_with_programs(code, error);
}
