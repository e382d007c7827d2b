/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Prints multihomed.yaml(5). The body comes from the same tables that read the file, so that the
 * page cannot promise what the parser refuses; only what stands around it is written by hand.
 */
#include "base/text.h"
#include "feature/feature.h"

#include <stdio.h>

static const char intro[] =
	".Dd November 22, 2026\n"
	".Dt MULTIHOMED.YAML 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm multihomed.yaml\n"
	".Nd what a multihomed host should be\n"
	".Sh SYNOPSIS\n"
	".Pa /etc/multihomed/multihomed.yaml\n"
	".Pa /etc/multihomed/conf.d/*.yaml\n"
	".Sh DESCRIPTION\n"
	"The configuration of\n"
	".Xr multihomed 8\n"
	"is one YAML file and the\n"
	".Pa *.yaml\n"
	"of the folder\n"
	".Pa conf.d\n"
	"beside it, in the order of their names.\n"
	"Lists are joined, maps are merged; a key that two files give differently is a mistake.\n"
	"Every key is named below; every other key is a mistake, too.\n"
	"Anchors, aliases, tags, merge keys and duplicate keys are refused.\n"
	"An empty file is a valid configuration: nothing is asked for.\n"
	".Pp\n"
	"A duration is a number with a unit:\n"
	".Ql 250ms ,\n"
	".Ql 30s ,\n"
	".Ql 5m ,\n"
	".Ql 1h .\n"
	"Within brackets an IPv6 address is quoted, since YAML has a meaning of its own for the colon.\n"
	".Pp\n"
	".Dl mhctl check FILE\n"
	".Pp\n"
	"shows every mistake with its line and a caret, without the daemon and without rights;\n"
	".Dl mhctl plan FILE\n"
	".Pp\n"
	"shows what would change.\n";

static const char outro[] = ".Sh FILES\n"
			    ".Bl -tag -width Ds\n"
			    ".It Pa /etc/multihomed/multihomed.yaml\n"
			    "The configuration that\n"
			    ".Xr multihomed 8\n"
			    "reads unless it is given another.\n"
			    ".It Pa /etc/multihomed/conf.d/*.yaml\n"
			    "Joined to it.\n"
			    ".El\n"
			    ".Sh SEE ALSO\n"
			    ".Xr mhctl 1 ,\n"
			    ".Xr multihomed 8\n";

int main(void)
{
	AUTO_TEXT text = { 0 };

	config_manual(feature_sections(), feature_count, intro, outro, &text);
	return fwrite(text.data, 1, text.length, stdout) == text.length && fflush(stdout) == 0 ? 0 :
												 1;
}
