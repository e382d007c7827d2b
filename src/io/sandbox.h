/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_IO_SANDBOX_H
#define MH_IO_SANDBOX_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/*
 * Rights, given up for good. Both return 0 or -errno with one line in @error that says which
 * right is missing and for what.
 *
 * The engine keeps CAP_NET_ADMIN, CAP_NET_RAW, CAP_NET_BIND_SERVICE, CAP_BPF, CAP_PERFMON to write
 * the kernel's network, and CAP_SETUID, CAP_SETGID, CAP_SYS_CHROOT, CAP_SETPCAP, CAP_KILL to put
 * its workers out of reach; system calls that neither needs (mount, ptrace, modules, reboot, ...)
 * are refused from then on.
 */
int sandbox_engine(struct text *error);

/*
 * A worker: uid and gid of the user "multihomed" (of nobody where there is none), an empty root, no
 * capabilities, no new privileges, no files, and only the system calls that serving sockets needs;
 * but what @more names.
 */
struct sandbox_more {
	uint64_t capabilities;		 /* bits, 1 << CAP_X; those that the process has stay */
	const char *const *system_calls; /* ended by NULL; or NULL */
};
int sandbox_worker(const struct sandbox_more *more, struct text *error);
/* Whether workers become nobody, whom they share with others then, since their own user is missing. */
bool sandbox_user_is_missing(void);

/*
 * A process that runs what the administrator wrote: the same user, no capabilities, no new
 * privileges; but it sees the host's files, and may call what the engine may.
 */
int sandbox_helper(struct text *error);

#endif
