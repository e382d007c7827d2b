/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * --help: one screen of 24 lines and 80 columns for all, a few sentences for each command; the
 * manual page has the rest.
 */
#include "ctl/command.h"

static void help_all(struct text *text)
{
	text_puts(text, "Usage: mhctl [OPTION]... COMMAND [ARGUMENT]\n"
			"Asks and steers multihomed, the daemon for hosts with many addresses.\n");
	for (const struct command *command = commands; command->name; command++)
		text_printf(text, "  %-10s %-10s %s\n", command->name,
			    command->argument ? command->argument : "", command->summary);
	text_puts(text,
		  "Options: -s, --socket=SOCKET of the engine, else $MULTIHOMED_SOCKET or\n"
		  "  /run/multihomed/control.sock; --json; --color[=auto|always|never];\n"
		  "  -h, --help; -V, --version. Those of a command: mhctl COMMAND --help\n"
		  "Exit status: 0 fine, 1 the answer is \"no\", 2 a mistake. More: man mhctl\n");
}

static void help_one(const struct command *command, struct text *text)
{
	text_printf(text, "Usage: mhctl [OPTION]... %s%s%s\n", command->name,
		    command->argument ? " " : "", command->argument ? command->argument : "");
	text_puts(text, command->help);
	text_puts(text, "\nOptions:\n");
	call_options_help(command, text);
}

int help_show(const struct call *call, const struct command *command)
{
	AUTO_TEXT text = { 0 };

	if (command)
		help_one(command, &text);
	else
		help_all(&text);
	fputs(text_string(&text), call->out);
	return EXIT_FINE;
}

int help_run(const struct call *call)
{
	AUTO_TEXT error = { 0 };
	const struct command *command;

	if (!call->argument)
		return help_show(call, NULL);
	command = command_find(call->argument, &error);
	return command ? help_show(call, command) : call_fail(call, "%s", text_string(&error));
}

int version_run(const struct call *call)
{
	json_t *object;

	if (!call->json) {
		fprintf(call->out, "mhctl %s\n", MULTIHOMED_VERSION);
		return EXIT_FINE;
	}
	object = json_pack("{s:s}", "version", MULTIHOMED_VERSION);
	call_print_json(call, object);
	json_decref(object);
	return EXIT_FINE;
}
