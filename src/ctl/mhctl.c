/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The command mhctl: its process and nothing else, so that a test can call the rest. */
#include "ctl/command.h"

int main(int argc, char **argv)
{
	return command_main(argc, argv, stdout, stderr);
}
