/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_COMMAND_H
#define MH_CTL_COMMAND_H

#include "ctl/call.h"

/* A subcommand: one row feeds dispatch, --help, "did you mean" and the test of the completion. */
struct command {
	const char *name;
	const char *argument;		     /* "FILE"; "[FILE]" = may be left out; NULL = none */
	const char *summary;		     /* one line of --help */
	const char *help;		     /* what its own --help tells */
	unsigned options;		     /* OPTION_* that it takes */
	int (*run)(const struct call *call); /* returns the exit status */
};

/* All of them, ended by a NULL name. */
extern const struct command commands[];

/* The command named @name, or NULL with one line in @error. */
const struct command *command_find(const char *name, struct text *error);
/* "check, plan, apply, ..." */
void command_names(struct text *text);

/* All of mhctl but its process: does what the command line says and returns the exit status. */
int command_main(int argc, char **argv, FILE *out, FILE *err);

/* check.c: needs no daemon. */
int check_run(const struct call *call);

/* ask.c: one request, one reply. */
int ask_plan(const struct call *call);
int ask_apply(const struct call *call);
int ask_confirm(const struct call *call);
int ask_rollback(const struct call *call);
int ask_status(const struct call *call);
int ask_metrics(const struct call *call);
int ask_checks(const struct call *call);
int ask_upgrade(const struct call *call);

/* subscriber.c */
int subscriber_run(const struct call *call);

/* dns.c */
int dns_run(const struct call *call);

/* explain.c: needs no daemon. */
int explain_run(const struct call *call);

/* doctor.c: needs no daemon. */
int doctor_run(const struct call *call);

/* watch.c */
int watch_run(const struct call *call);

/* run.c: needs no daemon. Returns only when the program could not be started. */
int run_run(const struct call *call);

/* help.c */
int help_run(const struct call *call);
int version_run(const struct call *call);
/* --help of mhctl (NULL), or of one command. */
int help_show(const struct call *call, const struct command *command);

#endif
