/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "config/read_test.h"

#include "base/mem.h"

#include <stdlib.h>
#include <unistd.h>

static const char intro[] = ".Dd November 22, 2026\n"
			    ".Dt SAMPLE.YAML 5\n"
			    ".Os\n"
			    ".Sh NAME\n"
			    ".Nm sample.yaml\n"
			    ".Nd a sample\n"
			    ".Sh KEYS\n";

static void assert_tells(const char *manual, const char *part)
{
	if (!strstr(manual, part))
		fail_msg("not in the manual:\n%s\nthe manual:\n%s", part, manual);
}

static void each_field_tells_type_bounds_default_and_example(void **state)
{
	AUTO_TEXT manual = { 0 };

	config_manual(sample_sections, SAMPLE_SECTIONS, intro, ".Sh HISTORY\nNone.\n", &manual);
	assert_tells(manual.data,
		     ".Sh KEYS\n"
		     ".Ss prefixes\n"
		     "A list of mappings of prefix, except, neighbours, nonlocal-bind.\n"
		     "Prefixes.\n"
		     ".Bl -tag -width Ds\n"
		     ".It Cm prefix\n"
		     "A prefix; required.\n"
		     "The prefix to answer for.\n"
		     ".Pp\n"
		     "Example:\n"
		     ".Bd -literal -offset indent -compact\n"
		     "prefix: 2001:db8:1:1::/64\n"
		     ".Ed\n"
		     ".It Cm except\n"
		     "A list of addresses and prefixes.\n"
		     "What is left out.\n"
		     "Gateways are anyway.\n");
	assert_tells(manual.data, ".It Cm nonlocal-bind\n"
				  "True or false; default true.\n"
				  "\\&.sysctl 'of IPv6'.\n"
				  ".El\n");
	assert_tells(
		manual.data,
		".It Cm listen\nA list of addresses and prefixes, at least 1 item; required.\n");
	assert_tells(manual.data,
		     "A text, from 2 to 20 bytes.\nA greeting with a \\e in \\fBit\\fR.\n");
	assert_tells(manual.data, "A duration, from 1s to 10m; default 30s.\n");
	assert_tells(manual.data, "A number, from 1 to 65535; default 1000.\n");
	assert_tells(manual.data, ".Ss links\n"
				  "A mapping of names of links to their keys.\n"
				  ".Bl -tag -width Ds\n"
				  ".It Ar name\n"
				  "The name of a link.\n");
	assert_tells(manual.data, "One of balance-rr, 802.3ad, off; default balance-rr.\n");
	assert_tells(manual.data, "weights:\n  - [1, 2]\n  - [3, 4]\n.Ed\n");
	assert_tells(manual.data, ".El\n.El\n.Sh HISTORY\nNone.\n");
}

static void mandoc_finds_nothing_to_warn_of(void **state)
{
	char path[] = "/tmp/manual_test.XXXXXX.5";
	AUTO_TEXT manual = { 0 };
	AUTO_MEM char *command = NULL;
	int fd;

	if (system("command -v mandoc >/dev/null") != 0)
		skip();
	config_manual(sample_sections, SAMPLE_SECTIONS, intro, ".Sh HISTORY\nNone.\n", &manual);
	fd = mkstemps(path, 2);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, manual.data, manual.length), manual.length);
	close(fd);
	command = mem_printf("mandoc -T lint -W warning %s", path);
	assert_int_equal(system(command), 0);
	unlink(path);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_field_tells_type_bounds_default_and_example),
		cmocka_unit_test(mandoc_finds_nothing_to_warn_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
