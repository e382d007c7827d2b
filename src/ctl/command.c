/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of subcommands and the way through it: what was typed is found in it, or what it was
 * probably meant to be; its texts are shown by help.c; its functions answer.
 */
#include "ctl/command.h"

#include <string.h>

#define PLACE_HELP "Each line ends with the place in the configuration that asks for it.\n"
#define FILE_HELP                                                                                  \
	"FILE is read here, with your rights, along with the conf.d/*.yaml beside it; '-'\n"       \
	"is standard input. Without FILE the daemon reads its own configuration again.\n"

const struct command commands[] = {
	{ "check", "FILE", "read a configuration, show each mistake; needs no daemon",
	  "Reads FILE and the conf.d/*.yaml beside it ('-': standard input) and shows\n"
	  "every mistake with its place and a way out. Needs no daemon and no rights.\n",
	  OPTION_PRINT, check_run },
	{ "plan", "[FILE]", "show what 'apply' would change; 1 = something would",
	  "Shows what would change, an operation a line, and changes nothing.\n" PLACE_HELP FILE_HELP,
	  OPTION_ROLLBACK, ask_plan },
	{ "apply", "[FILE]", "do it, whole or not at all",
	  "Makes the host what the configuration says. When the kernel refuses a part of\n"
	  "it, all is taken back.\n" FILE_HELP,
	  OPTION_CONFIRM, ask_apply },
	{ "confirm", "[ID]", "keep what was applied with --confirm",
	  "Keeps what was applied with --confirm. When this comes too late, the former\n"
	  "generation is back already. With ID (mhctl status shows it) only if it is that\n"
	  "one that waits.\n",
	  OPTION_EXTEND, ask_confirm },
	{ "rollback", NULL, "go back to the former configuration",
	  "Goes back to the generation of the configuration that was in force before.\n", 0,
	  ask_rollback },
	{ "status", "[FEATURE]", "what is in place, pending or failing, and why; counters",
	  "Shows what is desired, what is in place, what is pending or failing and why,\n"
	  "and counters. With FEATURE (prefixes, services) all of that feature.\n",
	  0, ask_status },
	{ "checks", "[ORDER]", "how the checks stand; drain one, force it, give it back",
	  "Lists the checks, also those that other features imply, and how they stand.\n"
	  "ORDER decides about one by hand: drain NAME (out of service for maintenance),\n"
	  "force-up NAME, force-down NAME, auto NAME (what is measured counts again). It\n"
	  "outlives restarts; the check goes on meanwhile.\n",
	  OPTION_TERMS, ask_checks },
	{ "subscriber", "[ACTION]", "who is where; add, move, remove one while it runs",
	  "Lists the subscribers, and where they are. ACTION decides about one by hand:\n"
	  "add NAME --port=LINK --address=ADDRESS..., move NAME --port=LINK, remove NAME,\n"
	  "auto NAME (again as the file says). It is done at once and outlives restarts;\n"
	  "what does not fit is told, and changes nothing.\n",
	  OPTION_TERMS | OPTION_PORT | OPTION_ADDRESS | OPTION_PREFIX | OPTION_MAC | OPTION_VIA,
	  subscriber_run },
	{ "metrics", NULL, "all counters and gauges, for Prometheus",
	  "Shows everything that is counted and measured, in the text format of\n"
	  "Prometheus: for the textfile collector of its node exporter, or a script.\n",
	  0, ask_metrics },
	{ "dns", "ACTION...", "zones, reload [ZONE], query NAME [TYPE] [@SERVER]",
	  "zones shows the zones that are served, with their serials. reload reads the\n"
	  "files of the running configuration again, or those of ZONE alone; what they\n"
	  "were is served until all of the new is there. query asks the running server\n"
	  "at its own address, or SERVER (192.0.2.1:5300, [2001:db8::1]:5300), and shows\n"
	  "the answer; 1 = there is none, or no such record.\n",
	  OPTION_TERMS, dns_run },
	{ "explain", "PACKET...", "which way a packet takes, and why; 1 = it gets nowhere",
	  "Tells which rule, table, route, next hop and source address a packet meets,\n"
	  "what our filter says, and the way of its reply. PACKET is 'to ADDRESS' and, in\n"
	  "any order, from ADDRESS, in LINK (else this host sends it), out LINK, proto P,\n"
	  "sport N, dport N, mark M, uid U, tos T. The kernel is asked, too. With proto\n"
	  "arp or nd: who answers on the link that asks for the address. Needs no daemon\n"
	  "and no rights. 1 = the packet gets nowhere, or the kernel differs.\n",
	  OPTION_TERMS | OPTION_PLAN | OPTION_FILE | OPTION_GRAPH, explain_run },
	{ "doctor", NULL, "what is wrong on this host, and how to mend it",
	  "Looks at links, addresses, rules, routes, neighbours and servers of this host,\n"
	  "whoever configured them, and tells what is wrong: where, why it hurts, how to\n"
	  "mend it in the file and by a command. Needs no daemon, no configuration, no\n"
	  "rights; what cannot be seen without them is said. 1 = something was found.\n",
	  0, doctor_run },
	{ "upgrade", NULL, "have the version that is installed take over",
	  "Has the program that stands where the daemon was started from take its place:\n"
	  "sockets, configuration, counters and health are handed over, no query is lost,\n"
	  "and connections end where they began. A program that would not take the present\n"
	  "configuration does not get so far: nothing is changed then.\n",
	  0, ask_upgrade },
	{ "watch", NULL, "events as they happen, until Ctrl-C",
	  "Shows a line for every event, as it happens, until Ctrl-C.\n", 0, watch_run },
	{ "run", "COMMAND...", "run a program whose answers leave from the address asked",
	  "Runs a program so that its UDP answers leave from the address asked. Needs no\n"
	  "daemon. With the rights for it (root) eBPF mends the answers of any program,\n"
	  "from a cgroup of its own; a library that is preloaded mends those of programs\n"
	  "that connect() to their clients and, without rights, all others that are not\n"
	  "linked statically. The program takes mhctl's place: its signals, its terminal\n"
	  "and its exit status are its own. 127: it was not found; 126: it cannot be run.\n",
	  OPTION_NO_HOOK | OPTION_NO_PRELOAD | OPTION_VERBOSE | OPTION_WORDS, run_run },
	{ "help", "[COMMAND]", "this text, or that of a command",
	  "Shows what mhctl, or COMMAND, does.\n", 0, help_run },
	{ "version", NULL, "the version of mhctl",
	  "Shows the version of mhctl; 'mhctl status' has the daemon's.\n", 0, version_run },
	{ 0 },
};

#define COMMAND_ROWS (sizeof(commands) / sizeof(commands[0]))

const struct command *command_find(const char *name, struct text *error)
{
	const char *names[COMMAND_ROWS] = { 0 };
	const char *nearest;

	for (size_t i = 0; commands[i].name; i++) {
		if (!strcmp(commands[i].name, name))
			return &commands[i];
		names[i] = commands[i].name;
	}
	nearest = text_nearest(name, names);
	text_printf(error, "no command '%s'", name);
	if (nearest)
		text_printf(error, "; did you mean '%s'?", nearest);
	else
		text_puts(error, "; 'mhctl --help' lists them");
	return NULL;
}

void command_names(struct text *text)
{
	for (const struct command *command = commands; command->name; command++)
		text_printf(text, "%s%s", command == commands ? "" : ", ", command->name);
}

static int answer(struct call *call, int argc, char **argv)
{
	AUTO_TEXT error = { 0 };

	if (call_parse(call, argc, argv, &error) < 0) {
		fprintf(call->err, "mhctl: %s\n", text_string(&error));
		return EXIT_MISTAKE;
	}
	if (call->help)
		return help_show(call, call->command);
	if (call->version)
		return version_run(call);
	return call->command->run(call);
}

int command_main(int argc, char **argv, FILE *out, FILE *err)
{
	struct call call = { .out = out, .err = err };
	int status = answer(&call, argc, argv);

	/* A full disk or a closed pipe must not look like an answer. */
	if (fflush(out) != 0 || ferror(out)) {
		fprintf(err, "mhctl: the answer could not be written\n");
		status = EXIT_MISTAKE;
	}
	call_free(&call);
	return status;
}
