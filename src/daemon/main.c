/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/log.h"
#include "daemon/builtin.h"
#include "daemon/control.h"
#include "daemon/engine.h"
#include "daemon/heir.h"
#include "host/pins.h"

#include <getopt.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_CONFIG "/etc/multihomed/multihomed.yaml"

static const char usage[] =
	"Usage: multihomed [-c FILE] [-s SOCKET] [--one] [--verbose]\n"
	"Makes a host with many addresses behave: does what FILE asks, and keeps it so.\n"
	"\n"
	"  -c, --config FILE    configuration (" DEFAULT_CONFIG ");\n"
	"                       \"builtin\" = the built-in example, for a lab\n"
	"  -s, --socket SOCKET  control socket (" CONTROL_DEFAULT_SOCKET ",\n"
	"                       or $MULTIHOMED_SOCKET); one daemon a network namespace\n"
	"      --one            all roles in one process, for debugging\n"
	"      --verbose        tell more\n"
	"      --print-builtin  print the built-in example and exit\n"
	"  -h, --help           this\n"
	"  -V, --version        the version\n"
	"\n"
	"Stays in the foreground; prints \"ready\" once the first plan is applied.\n"
	"SIGHUP reads FILE again, SIGTERM takes back all that was done and ends.\n"
	"Everything else: mhctl --help, multihomed(8), multihomed.yaml(5).\n";

enum { OPTION_ONE = 256, OPTION_VERBOSE, OPTION_PRINT, OPTION_HEIR };

static const struct option options[] = {
	{ "config", required_argument, NULL, 'c' },
	{ "socket", required_argument, NULL, 's' },
	{ "one", no_argument, NULL, OPTION_ONE },
	{ "verbose", no_argument, NULL, OPTION_VERBOSE },
	{ "print-builtin", no_argument, NULL, OPTION_PRINT },
	{ "heir", required_argument, NULL, OPTION_HEIR }, /* of engine_upgrade() */
	{ "help", no_argument, NULL, 'h' },
	{ "version", no_argument, NULL, 'V' },
	{ 0 },
};

static int say(const char *text)
{
	fputs(text, stdout);
	return fflush(stdout) ? 1 : 0;
}

/*
 * What is large goes back to the kernel as soon as it is freed. By default the C library would keep
 * what it once had to fetch, and a configuration that was large for a moment would stay so.
 */
#define LARGE (64 << 10)

static int run(const struct engine_options *chosen, enum log_level quietest)
{
	struct engine *engine;
	int exit;

	mallopt(M_MMAP_THRESHOLD, LARGE);
	mallopt(M_TRIM_THRESHOLD, 2 * LARGE);
	mallopt(M_MMAP_MAX, INT_MAX);
	log_open("engine", quietest);
	engine = engine_new(chosen, &exit);
	if (!engine)
		return exit;
	exit = engine_run(engine);
	engine_free(engine);
	return exit;
}

/* Where this program stands as long as nobody has replaced it. */
static const char *own_path(void)
{
	static char path[PATH_MAX];
	ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 1);

	return length > 0 ? path : NULL;
}

int main(int argc, char **argv)
{
	const char *socket = getenv("MULTIHOMED_SOCKET"), *state = getenv("STATE_DIRECTORY");
	struct engine_options chosen = {
		.config_path = DEFAULT_CONFIG,
		.socket_path = socket && *socket ? socket : CONTROL_DEFAULT_SOCKET,
		.state_path = state && *state ? state : NULL,
		.bpffs = host_bpffs(),
	};
	enum log_level quietest = LOG_NOTICE;
	int option;

	if (argc == 3 && strcmp(argv[1], "--heir-check") == 0)
		return heir_check(atoi(argv[2]));
	chosen.program = own_path();
	if (argc == 4 && strcmp(argv[1], "--worker") == 0)
		return shell_worker_main(argv[2], argv[3]);
	while ((option = getopt_long(argc, argv, "c:s:hV", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			chosen.config_path = optarg;
			break;
		case 's':
			chosen.socket_path = optarg;
			break;
		case OPTION_ONE:
			chosen.one_process = true;
			break;
		case OPTION_VERBOSE:
			quietest = LOG_DEBUG;
			chosen.verbose = true;
			break;
		case OPTION_HEIR:
			chosen.heritage = heir_read(atoi(optarg));
			if (!chosen.heritage)
				return 1;
			break;
		case OPTION_PRINT:
			return say(builtin_configuration);
		case 'h':
			return say(usage);
		case 'V':
			return say("multihomed " MULTIHOMED_VERSION "\n");
		default:
			fputs("Try: multihomed --help\n", stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr,
			"multihomed: '%s' is not understood; multihomed takes options only. "
			"Try: multihomed --help\n",
			argv[optind]);
		return 2;
	}
	return run(&chosen, quietest);
}
