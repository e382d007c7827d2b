/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The engine's filter names what is refused, since an engine that is killed by a new libc's new
 * system call would be a worse host than one without a filter. The worker's filter names what is
 * allowed, since it reads the wire and needs little.
 */
#include "io/sandbox.h"

#include "base/mem.h"

#include <cap-ng.h>
#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#define WORKER_USER "multihomed"
#define NOBODY 65534

static const struct {
	unsigned capability;
	const char *purpose;
	bool required;
} engine_rights[] = {
	{ CAP_NET_ADMIN, "it writes addresses, routes and settings with it", true },
	{ CAP_NET_BIND_SERVICE, "it opens ports below 1024 for its services with it", true },
	{ CAP_SETUID, "it puts its workers out of reach with it", true },
	{ CAP_SETGID, "it puts its workers out of reach with it", true },
	{ CAP_SYS_CHROOT, "it puts its workers into an empty root with it", true },
	{ CAP_SETPCAP, "it takes rights from its workers with it", false },
	{ CAP_KILL, "it ends its workers with it", false },
	{ CAP_NET_RAW, "it opens raw sockets with it", false },
	{ CAP_BPF, "it loads programs with it", false },
	{ CAP_PERFMON, "it loads programs with it", false },
};

/* What neither the engine nor any worker ever calls. */
static const char *const engine_refused[] = {
	"acct",
	"add_key",
	"adjtimex",
	"clock_adjtime",
	"clock_settime",
	"create_module",
	"delete_module",
	"finit_module",
	"fsconfig",
	"fsmount",
	"fsopen",
	"init_module",
	"io_uring_enter",
	"io_uring_register",
	"io_uring_setup",
	"ioperm",
	"iopl",
	"kexec_file_load",
	"kexec_load",
	"keyctl",
	"mknod",
	"mknodat",
	"mount",
	"mount_setattr",
	"move_mount",
	"name_to_handle_at",
	"nfsservctl",
	"open_by_handle_at",
	"open_tree",
	"perf_event_open",
	"personality",
	"pivot_root",
	"process_vm_readv",
	"process_vm_writev",
	"quotactl",
	"reboot",
	"request_key",
	"setdomainname",
	"sethostname",
	"setns",
	"settimeofday",
	"swapoff",
	"swapon",
	"syslog",
	"umount",
	"umount2",
	"unshare",
	"userfaultfd",
	"vhangup",
#ifndef __SANITIZE_ADDRESS__
	"ptrace", /* the leak checker looks at its own process with it */
#endif
};

static const char *const worker_allowed[] = {
	"accept",
	"accept4",
	"brk",
	"clock_gettime",
	"clock_nanosleep",
	"clone",
	"clone3",
	"close",
	"dup",
	"epoll_create1",
	"epoll_ctl",
	"epoll_pwait",
	"epoll_wait",
	"eventfd2",
	"exit",
	"exit_group",
	"fcntl",
	"fstat",
	"futex",
	"getpeername",
	"getpid",
	"getrandom",
	"getrlimit",
	"getsockname",
	"getsockopt",
	"gettid",
	"gettimeofday",
	"ioctl",
	"lseek",
	"madvise",
	"membarrier",
	"memfd_create",
	"mmap",
	"mprotect",
	"mremap",
	"munmap",
	"nanosleep",
	"newfstatat",
	"poll",
	"ppoll",
	"prctl",
	"pread64",
	"prlimit64",
	"read",
	"readv",
	"recvfrom",
	"recvmmsg",
	"recvmsg",
	"restart_syscall",
	"rseq",
	"rt_sigaction",
	"rt_sigprocmask",
	"rt_sigreturn",
	"sched_getaffinity",
	"sched_yield",
	"sendmmsg",
	"sendmsg",
	"sendto",
	"set_robust_list",
	"setsockopt",
	"shutdown",
	"sigaltstack",
	"socket",
	"splice",
	"tgkill",
	"timerfd_create",
	"timerfd_settime",
	"write",
	"writev",
};

static int seccomp_install(uint32_t otherwise, uint32_t action, const char *const *names, size_t count)
{
	scmp_filter_ctx filter = seccomp_init(otherwise);
	int r = 0;

	if (!filter)
		return -ENOMEM;
	for (size_t i = 0; i < count && !r; i++) {
		int number = seccomp_syscall_resolve_name(names[i]);

		/* A name that this architecture lacks is not there to be called. */
		if (number != __NR_SCMP_ERROR && number >= 0)
			r = seccomp_rule_add(filter, action, number, 0);
	}
	if (!r)
		r = seccomp_load(filter);
	seccomp_release(filter);
	return r;
}

static int failed(struct text *error, const char *what)
{
	int r = -errno;

	text_printf(error, "%s: %s", what, strerror(-r));
	return r;
}

static int missing(struct text *error, unsigned capability, const char *purpose)
{
	char name[64];

	snprintf(name, sizeof(name), "%s", capng_capability_to_name(capability));
	for (char *c = name; *c; c++)
		*c = (char)toupper(*c);
	text_printf(error,
		    "CAP_%s is missing: %s; run multihomed as root, or give it that capability",
		    name, purpose);
	return -EPERM;
}

static int no_new_privileges(struct text *error)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ?
		       failed(error, "giving up new privileges") :
		       0;
}

int sandbox_engine(struct text *error)
{
	bool have[ARRAY_SIZE(engine_rights)], bounding;
	int r;

	if (capng_get_caps_process() < 0)
		return failed(error, "reading the own capabilities");
	for (size_t i = 0; i < ARRAY_SIZE(engine_rights); i++) {
		have[i] = capng_have_capability(CAPNG_EFFECTIVE, engine_rights[i].capability);
		if (engine_rights[i].required && !have[i])
			return missing(error, engine_rights[i].capability, engine_rights[i].purpose);
	}
	bounding = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	capng_clear(CAPNG_SELECT_BOTH);
	for (size_t i = 0; i < ARRAY_SIZE(engine_rights); i++)
		if (have[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     engine_rights[i].capability);
	if (capng_apply(bounding ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS) < 0)
		return failed(error, "dropping capabilities");
	r = no_new_privileges(error);
	if (r < 0)
		return r;
	r = seccomp_install(SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM), engine_refused,
			    ARRAY_SIZE(engine_refused));
	if (r < 0)
		text_printf(error, "installing the system call filter: %s", strerror(-r));
	return r;
}

/* A folder that nobody can name any more: nothing is in it, and nothing can be put there. */
static int enter_empty_root(struct text *error)
{
	static const char *const parents[] = { "/run/multihomed", "/run", "/tmp" };
	char path[64];
	bool made = false;

	for (size_t i = 0; i < ARRAY_SIZE(parents) && !made; i++) {
		snprintf(path, sizeof(path), "%s/empty-XXXXXX", parents[i]);
		made = mkdtemp(path) != NULL;
	}
	if (!made)
		return failed(error, "making an empty root");
	if (chdir(path) < 0 || rmdir(path) < 0 || chroot(".") < 0)
		return failed(error, "entering an empty root");
	return 0;
}

/*
 * Where only root is mapped (a user namespace without newuidmap), there is no other user to become.
 */
static bool only_root_is_mapped(void)
{
	FILE *map = fopen("/proc/self/uid_map", "re");
	unsigned long inside, outside, count;
	bool only = false;

	if (!map)
		return false;
	only = fscanf(map, "%lu %lu %lu", &inside, &outside, &count) == 3 && inside == 0 &&
	       count == 1;
	fclose(map);
	return only;
}

static int become(uid_t uid, gid_t gid, struct text *error)
{
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return failed(error, "leaving the groups");
	if (setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return failed(error, "becoming the worker's user");
	return 0;
}

/* The capabilities of @bits that the process has are kept beyond the change of the user. */
static int keep_capabilities(uint64_t bits, struct text *error)
{
	if (capng_get_caps_process() < 0)
		return failed(error, "reading the own capabilities");
	for (unsigned capability = 0; capability < 64; capability++)
		if (bits >> capability & 1 && !capng_have_capability(CAPNG_PERMITTED, capability))
			bits &= ~((uint64_t)1 << capability);
	capng_clear(CAPNG_SELECT_BOTH);
	for (unsigned capability = 0; capability < 64; capability++)
		if (bits >> capability & 1)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, capability);
	return 0;
}

static int install_worker_filter(const struct sandbox_more *more)
{
	VEC(const char *) names = { 0 };
	int r;

	for (size_t i = 0; i < ARRAY_SIZE(worker_allowed); i++)
		*VEC_PUSH(&names) = worker_allowed[i];
	for (size_t i = 0; more->system_calls && more->system_calls[i]; i++)
		*VEC_PUSH(&names) = more->system_calls[i];
	r = seccomp_install(SCMP_ACT_ERRNO(EPERM), SCMP_ACT_ALLOW, names.items, names.count);
	VEC_FREE(&names);
	return r;
}

bool sandbox_user_is_missing(void)
{
	return !getpwnam(WORKER_USER) && !only_root_is_mapped();
}

static int give_up_user(const struct sandbox_more *more, struct text *error)
{
	const struct passwd *user = getpwnam(WORKER_USER);
	uid_t uid = user ? user->pw_uid : NOBODY;
	gid_t gid = user ? user->pw_gid : NOBODY;
	int r;

	if (only_root_is_mapped())
		return 0;
	if (more->capabilities && prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0)
		return failed(error, "keeping capabilities");
	r = become(uid, gid, error);
	if (more->capabilities && r == 0 && prctl(PR_SET_KEEPCAPS, 0, 0, 0, 0) < 0)
		return failed(error, "keeping capabilities");
	return r;
}

int sandbox_worker(const struct sandbox_more *more, struct text *error)
{
	int r = enter_empty_root(error);

	if (r < 0)
		return r;
	/* The bounding set goes first, while CAP_SETPCAP is there; the rest goes with the user. */
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return failed(error, "emptying the bounding set");
	r = give_up_user(more, error);
	if (r < 0)
		return r;
	r = keep_capabilities(more->capabilities, error);
	if (r < 0)
		return r;
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return failed(error, "dropping capabilities");
	r = no_new_privileges(error);
	if (r < 0)
		return r;
	r = install_worker_filter(more);
	if (r < 0)
		text_printf(error, "installing the system call filter: %s", strerror(-r));
	return r;
}

int sandbox_helper(struct text *error)
{
	const struct sandbox_more none = { 0 };
	int r;

	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_BOUNDS) < 0)
		return failed(error, "emptying the bounding set");
	r = give_up_user(&none, error);
	if (r < 0)
		return r;
	capng_clear(CAPNG_SELECT_BOTH);
	if (capng_apply(CAPNG_SELECT_CAPS) < 0)
		return failed(error, "dropping capabilities");
	return no_new_privileges(error);
}
