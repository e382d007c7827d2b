/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The command line. Options may stand anywhere, as people type them: so they are all read first,
 * and only then is it known which command they have to suit. One table of options feeds
 * getopt_long(3), the check against the command, and --help.
 */
#include "ctl/call.h"

#include "base/mem.h"
#include "ctl/command.h"
#include "daemon/control.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONFIRM_LEAST_MS 1000u
#define CONFIRM_MOST_MS 86400000u

/* getopt_long's value for a word that is no option, given the leading '-' of its short options. */
#define WORD 1
#define LONG_BASE 256

struct option_row {
	const char *name;
	char letter; /* 0 = none */
	int has_argument;
	const char *shown; /* in --help */
	const char *help;
	unsigned only; /* OPTION_*, 0 = an option of every command */
	int (*set)(struct call *call, const char *value, struct text *error);
};

static int set_socket(struct call *call, const char *value, struct text *error)
{
	call->socket = value;
	mem_freep(&call->again);
	call->again = mem_printf("mhctl -s %s", value);
	return 0;
}

static int set_json(struct call *call, const char *value, struct text *error)
{
	call->json = true;
	return 0;
}

static int set_color(struct call *call, const char *value, struct text *error)
{
	static const char *const words[] = { "auto", "always", "never", NULL };
	const char *nearest;

	if (value && !strcmp(value, "auto"))
		return 0;
	if (!value || !strcmp(value, "always")) {
		call->colour_out = call->colour_err = true;
		return 0;
	}
	if (!strcmp(value, "never")) {
		call->colour_out = call->colour_err = false;
		return 0;
	}
	nearest = text_nearest(value, words);
	text_printf(error, "--color=%s: ", value);
	if (nearest)
		text_printf(error, "did you mean '%s'?", nearest);
	else
		text_puts(error, "write auto, always or never");
	return -EINVAL;
}

static int set_help(struct call *call, const char *value, struct text *error)
{
	call->help = true;
	return 0;
}

static int set_version(struct call *call, const char *value, struct text *error)
{
	call->version = true;
	return 0;
}

static int set_no_hook(struct call *call, const char *value, struct text *error)
{
	call->no_hook = true;
	return 0;
}

static int set_no_preload(struct call *call, const char *value, struct text *error)
{
	call->no_preload = true;
	return 0;
}

static int set_verbose(struct call *call, const char *value, struct text *error)
{
	call->verbose = true;
	return 0;
}

static int set_plan(struct call *call, const char *value, struct text *error)
{
	call->plan = true;
	return 0;
}

static int set_file(struct call *call, const char *value, struct text *error)
{
	call->file = value;
	return 0;
}

static int set_graph(struct call *call, const char *value, struct text *error)
{
	if (strcmp(value, "dot") != 0 && strcmp(value, "svg") != 0) {
		text_printf(error, "--graph=%s: write dot or svg", value);
		return -EINVAL;
	}
	call->graph = value;
	return 0;
}

static int set_port(struct call *call, const char *value, struct text *error)
{
	call->port = value;
	return 0;
}

static int set_address(struct call *call, const char *value, struct text *error)
{
	*VEC_PUSH(&call->addresses) = value;
	return 0;
}

static int set_prefix(struct call *call, const char *value, struct text *error)
{
	*VEC_PUSH(&call->prefixes) = value;
	return 0;
}

static int set_mac(struct call *call, const char *value, struct text *error)
{
	call->mac = value;
	return 0;
}

static int set_via(struct call *call, const char *value, struct text *error)
{
	call->via = value;
	return 0;
}

static int set_print(struct call *call, const char *value, struct text *error)
{
	call->print = true;
	return 0;
}

static int set_rollback(struct call *call, const char *value, struct text *error)
{
	call->rollback = true;
	return 0;
}

/* The durations of the configuration: a number and its unit, nothing left out. */
static int read_time(const char *option, const char *value, uint32_t *ret_milliseconds,
		     struct text *error)
{
	static const struct {
		const char *name;
		unsigned long milliseconds;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 } };
	char *unit = NULL;
	unsigned long number;

	errno = 0;
	number = strtoul(value, &unit, 10);
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (strcmp(unit, units[i].name) != 0 || *value < '0' || *value > '9' || errno)
			continue;
		if (number > CONFIRM_MOST_MS || number * units[i].milliseconds > CONFIRM_MOST_MS ||
		    number * units[i].milliseconds < CONFIRM_LEAST_MS)
			break;
		*ret_milliseconds = (uint32_t)(number * units[i].milliseconds);
		return 0;
	}
	text_printf(error, "--%s %s: write a time from 1s to 24h, such as 60s or 5m", option, value);
	return -EINVAL;
}

static int set_confirm(struct call *call, const char *value, struct text *error)
{
	return read_time("confirm", value, &call->confirm_ms, error);
}

static int set_extend(struct call *call, const char *value, struct text *error)
{
	return read_time("extend", value, &call->extend_ms, error);
}

static const struct option_row options[] = {
	{ "socket", 's', required_argument, "-s, --socket=SOCKET",
	  "of the engine; default $MULTIHOMED_SOCKET or\n" CONTROL_DEFAULT_SOCKET, 0, set_socket },
	{ "json", 0, no_argument, "    --json", "answer in JSON", 0, set_json },
	{ "color", 0, optional_argument, "    --color[=WHEN]", "auto, always or never", 0, set_color },
	{ "help", 'h', no_argument, "-h, --help", "this text, or that of a command", 0, set_help },
	{ "version", 'V', no_argument, "-V, --version", "the version of mhctl", 0, set_version },
	{ "print", 0, no_argument, "    --print", "print the configuration in canonical form",
	  OPTION_PRINT, set_print },
	{ "confirm", 0, required_argument, "    --confirm=TIME",
	  "go back after TIME (60s, 5m) unless 'mhctl confirm'\ncomes in time", OPTION_CONFIRM,
	  set_confirm },
	{ "extend", 0, required_argument, "    --extend=TIME",
	  "do not keep it yet: go back after TIME from now", OPTION_EXTEND, set_extend },
	{ "rollback", 0, no_argument, "    --rollback", "show what 'rollback' would change",
	  OPTION_ROLLBACK, set_rollback },
	{ "plan", 0, no_argument, "    --plan", "as it would be after 'mhctl apply'", OPTION_PLAN,
	  set_plan },
	{ "file", 0, required_argument, "    --file=FILE",
	  "as it would be after 'mhctl apply FILE'", OPTION_FILE, set_file },
	{ "graph", 0, required_argument, "    --graph=FORM", "draw the ways: dot or svg",
	  OPTION_GRAPH, set_graph },
	{ "port", 0, required_argument, "    --port=LINK", "the link that leads there", OPTION_PORT,
	  set_port },
	{ "address", 0, required_argument, "    --address=ADDRESS",
	  "its address; again for each further one", OPTION_ADDRESS, set_address },
	{ "prefix", 0, required_argument, "    --prefix=PREFIX",
	  "one that is routed to it; again for each further one", OPTION_PREFIX, set_prefix },
	{ "mac", 0, required_argument, "    --mac=MAC", "only this station has its addresses",
	  OPTION_MAC, set_mac },
	{ "via", 0, required_argument, "    --via=ADDRESS", "its router, which has the prefixes",
	  OPTION_VIA, set_via },
	{ "no-hook", 0, no_argument, "    --no-hook", "no eBPF, even with the rights for it",
	  OPTION_NO_HOOK, set_no_hook },
	{ "no-preload", 0, no_argument, "    --no-preload", "no preloaded library",
	  OPTION_NO_PRELOAD, set_no_preload },
	{ "verbose", 'v', no_argument, "-v, --verbose", "tell which way was taken", OPTION_VERBOSE,
	  set_verbose },
};

/* '-': words that are no options come in their order; ':': a missing value is told apart. */
static const char short_options[] = "-:s:hVv";

static const struct option_row *option_of(int value)
{
	if (value >= LONG_BASE)
		return &options[value - LONG_BASE];
	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		if (options[i].letter && options[i].letter == value)
			return &options[i];
	return NULL;
}

/* @word is what getopt_long() did not like; @code what it said. */
static int option_error(const char *word, int code, struct text *error)
{
	const struct option_row *row = option_of(optopt);
	const char *names[ARRAY_SIZE(options) + 1] = { 0 };
	const char *nearest = NULL;
	AUTO_MEM char *name = NULL;

	if (code == ':') {
		text_printf(error, "%s needs a value", word);
	} else if (row && row->letter != optopt) {
		text_printf(error, "--%s takes no value", row->name);
	} else if (strncmp(word, "--", 2) != 0) {
		text_printf(error, "no option '-%c'", optopt);
	} else {
		for (size_t i = 0; i < ARRAY_SIZE(options); i++)
			names[i] = options[i].name;
		name = mem_strdup(word + 2);
		name[strcspn(name, "=")] = '\0';
		nearest = text_nearest(name, names);
		text_printf(error, "no option '--%s'", name);
	}
	if (nearest)
		text_printf(error, "; did you mean '--%s'?", nearest);
	else
		text_puts(error, "; see 'mhctl --help'");
	return -EINVAL;
}

static int word_take(struct call *call, const char *word, struct text *error)
{
	if (!call->command) {
		call->command = command_find(word, error);
		return call->command ? 0 : -EINVAL;
	}
	if (call->command->options & OPTION_TERMS && call->term_count < CALL_TERMS) {
		call->terms[call->term_count++] = word;
		call->argument = call->terms[0];
		return 0;
	}
	if (call->argument || !call->command->argument) {
		text_printf(error, "'%s' is too much for '%s'; see 'mhctl %s --help'", word,
			    call->command->name, call->command->name);
		return -EINVAL;
	}
	call->argument = word;
	return 0;
}

/* Whether the word that was taken last begins a program, to which all that follows belongs. */
static bool words_end(struct call *call, char **rest)
{
	if (!call->argument || !(call->command->options & OPTION_WORDS))
		return false;
	call->words = rest;
	return true;
}

/* Reads everything in its order; *ret_given: which of the OPTION_* were there. */
static int words_read(struct call *call, int argc, char **argv, unsigned *ret_given,
		      struct text *error)
{
	struct option longs[ARRAY_SIZE(options) + 1] = { 0 };
	unsigned given = 0;
	int code, r = 0;

	for (size_t i = 0; i < ARRAY_SIZE(options); i++)
		longs[i] = (struct option){ options[i].name, options[i].has_argument, NULL,
					    LONG_BASE + (int)i };
	optind = 0;
	opterr = 0;
	while (r == 0 && (code = getopt_long(argc, argv, short_options, longs, NULL)) != -1) {
		const struct option_row *row = option_of(code);

		if (code == WORD) {
			r = word_take(call, optarg, error);
			if (words_end(call, argv + optind - 1))
				break;
		} else if (row) {
			given |= row->only;
			r = row->set(call, optarg, error);
		} else {
			r = option_error(argv[optind - 1], code, error);
		}
	}
	for (; r == 0 && !call->words && optind < argc; optind++) {
		r = word_take(call, argv[optind], error);
		words_end(call, argv + optind);
	}
	*ret_given = given;
	return r;
}

static int suits(const struct call *call, unsigned given, struct text *error)
{
	const struct command *command = call->command;

	if (call->help || call->version)
		return 0;
	if (!command) {
		text_puts(error, "which command? ");
		command_names(error);
		text_puts(error, "; see 'mhctl --help'");
		return -EINVAL;
	}
	if (call->json && (command->options & OPTION_WORDS)) {
		text_printf(error,
			    "'%s' says nothing itself that could be JSON; an option of the program "
			    "comes behind its name",
			    command->name);
		return -EINVAL;
	}
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (!(options[i].only & given & ~command->options))
			continue;
		text_printf(error, "'%s' has no option '--%s'; see 'mhctl %s --help'",
			    command->name, options[i].name, command->name);
		return -EINVAL;
	}
	if (command->argument && command->argument[0] != '[' && !call->argument) {
		text_printf(error, "'%s' needs a %s; see 'mhctl %s --help'", command->name,
			    command->argument, command->name);
		return -EINVAL;
	}
	return 0;
}

/* Colours are for people, on a terminal that can, unless they said no (https://no-color.org). */
static bool colour_by_itself(FILE *stream)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	if (no && *no)
		return false;
	return terminal && strcmp(terminal, "dumb") != 0 && isatty(fileno(stream));
}

int call_parse(struct call *call, int argc, char **argv, struct text *error)
{
	const char *socket = getenv("MULTIHOMED_SOCKET");
	unsigned given;
	int r;

	call->socket = socket && *socket ? socket : CONTROL_DEFAULT_SOCKET;
	call->again = mem_strdup("mhctl");
	call->colour_out = colour_by_itself(call->out);
	call->colour_err = colour_by_itself(call->err);
	r = words_read(call, argc, argv, &given, error);
	return r < 0 ? r : suits(call, given, error);
}

void call_free(struct call *call)
{
	mem_freep(&call->again);
	VEC_FREE(&call->addresses);
	VEC_FREE(&call->prefixes);
}

void call_options_help(const struct command *command, struct text *text)
{
	for (size_t i = 0; i < ARRAY_SIZE(options); i++) {
		const struct option_row *row = &options[i];
		const char *more = strchr(row->help, '\n');
		int first = more ? (int)(more - row->help) : (int)strlen(row->help);

		if (row->only && !(command && (command->options & row->only)))
			continue;
		text_printf(text, "  %-22s%.*s\n", row->shown, first, row->help);
		if (more)
			text_printf(text, "  %-22s%s\n", "", more + 1);
	}
}

int call_end(const struct call *call, int status, const char *error)
{
	json_t *object;

	if (!call->json) {
		fprintf(call->err, "mhctl: %s\n", error);
		return status;
	}
	object = json_pack("{s:i, s:s}", "exit", status, "error", error);
	if (!object)
		object = json_pack("{s:i, s:s}", "exit", status, "error", "(not UTF-8)");
	call_print_json(call, object);
	json_decref(object);
	return status;
}

int call_fail(const struct call *call, const char *format, ...)
{
	AUTO_MEM char *line = NULL;
	va_list args;

	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		line = NULL;
	va_end(args);
	return call_end(call, EXIT_MISTAKE, line ? line : format);
}

void call_print_json(const struct call *call, const json_t *object)
{
	if (json_dumpf(object, call->out, JSON_COMPACT) == 0)
		fputc('\n', call->out);
}
