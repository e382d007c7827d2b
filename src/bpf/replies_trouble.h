/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_BPF_REPLIES_TROUBLE_H
#define MH_BPF_REPLIES_TROUBLE_H

#include "base/text.h"

/* From what libbpf and the kernel's verifier say, one line that names what is missing. */

/* From now on libbpf is listened to, and prints nothing. */
void trouble_listen(void);
/* Writes the line for a failed load of any programs. Returns @code. */
int trouble_with_programs(int code, struct text *error);
/* The same for those of replies, which need hooks on cgroups. */
int trouble_with_load(int code, struct text *error);
/* Writes "WHAT: reason". Returns @code. */
int trouble(int code, struct text *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
