/* SPDX-License-Identifier: GPL-3.0-or-later */
#ifndef MH_CTL_CALL_H
#define MH_CTL_CALL_H

#include "base/mem.h"
#include "base/text.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct command;

/* As many words as anybody needs to describe a packet. */
#define CALL_TERMS 32

/* One call of mhctl: what was typed, and where to answer. */
struct call {
	FILE *out, *err;
	const struct command *command; /* NULL: none was named */
	const char *argument;	       /* FILE, FEATURE or COMMAND; NULL = not given */
	char **words;		       /* of `run`: the program and its arguments, ended by NULL */
	const char *terms[CALL_TERMS]; /* of `explain`: .argument and what follows */
	unsigned term_count;
	const char *socket;
	char *again; /* how a next call to the same engine begins: "mhctl", "mhctl -s SOCKET" */
	bool colour_out, colour_err;
	bool json, print, rollback, help, version;
	bool no_hook, no_preload, verbose, plan;
	const char *file;	      /* of `explain`; NULL = not given */
	const char *graph;	      /* "dot", "svg"; NULL = not given */
	const char *port, *mac, *via; /* of `subscriber`; NULL = not given */
	VEC(const char *) addresses, prefixes;
	uint32_t confirm_ms, extend_ms; /* 0 = not given */
};

/* Options that only some commands take; the others belong to all. */
#define OPTION_PRINT 1u
#define OPTION_CONFIRM 2u
#define OPTION_NO_HOOK 4u
#define OPTION_NO_PRELOAD 8u
#define OPTION_VERBOSE 16u
#define OPTION_EXTEND 64u
#define OPTION_ROLLBACK 128u
/* Of a command, no option: its argument and all behind it are the words of a program. */
#define OPTION_WORDS 32u
/* Of a command: its argument is several words. */
#define OPTION_TERMS 256u
#define OPTION_PLAN 512u
#define OPTION_FILE 1024u
#define OPTION_GRAPH 2048u
#define OPTION_PORT 4096u
#define OPTION_ADDRESS 8192u
#define OPTION_PREFIX 16384u
#define OPTION_MAC 32768u
#define OPTION_VIA 65536u

/* mhctl's exit status for what it finds itself. */
enum exit_status { EXIT_FINE, EXIT_NO, EXIT_MISTAKE };

/*
 * Reads the command line into @call, whose .out and .err are set. Returns 0, or -EINVAL with one
 * line in @error that names the mistake and a way out. call_free() it in both cases.
 */
int call_parse(struct call *call, int argc, char **argv, struct text *error);
void call_free(struct call *call);

/* The lines of --help for the options of a command; NULL = for those of all commands. */
void call_options_help(const struct command *command, struct text *text);

/* Says @error in the form that was asked for, and returns @status. */
int call_end(const struct call *call, int status, const char *error);
/* The same for what is a mistake: returns EXIT_MISTAKE. */
int call_fail(const struct call *call, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints @object, for --json, as one line. */
void call_print_json(const struct call *call, const json_t *object);

#endif
