# SPDX-License-Identifier: GPL-3.0-or-later
"""The house obeys its rules, and each rule catches whoever breaks it."""

import os
import pathlib
import re
import subprocess

import house
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = (ROOT / os.environ.get("MH_BUILD", "build")).resolve()
GPL = "/* SPDX-License-Identifier: GPL-3.0-or-later */\n"
LONG_BODY = "int long_one(void)\n{\n" + "\twork();\n" * 81 + "}\n"

# For each rule: a tree that breaks it, the place it must name, and a tree that only looks like it.
FIXTURES = {
    "includes_go_only_down": (
        {"src/net/address.c": '#include "base/text.h"\n#include "host/state.h"\n'}, "src/net/address.c:2",
        {"src/host/state.c": '#include "net/address.h"\n#include "host/state.h"\n#include <net/if.h>\n',
         "src/ctl/ask.c": '#include "daemon/control.h"\n'}),
    "includes_never_go_sideways": (
        {"src/feature/services/services_check.c": '#include "feature/prefixes/prefixes.h"\n'},
        "src/feature/services/services_check.c:1",
        {"src/feature/list.c": '#include "feature/prefixes/prefixes.h"\n',
         "src/feature/prefixes/prefixes_check.c":
         '#include "feature/prefixes/prefixes.h"\n#include "feature/feature.h"\n'}),
    "the_library_stands_alone": (
        {"lib/udp.c": '#include "multihome.h"\n#include "base/mem.h"\n'}, "lib/udp.c:2",
        {"lib/udp.c": '#include "multihome.h"\n#include "private.h"\n#include <net/if.h>\n'}),
    "third_parties_stay_behind_their_door": (
        {"src/host/route.c": "#include <libmnl/libmnl.h>\n#include <jansson.h>\n"}, "src/host/route.c:2",
        {"src/feature/services/services_status.c": "#include <jansson.h>\n", "src/io/loop.c": "#include <ev.h>\n"}),
    "functions_are_short": (
        {"src/base/a.c": LONG_BODY}, "src/base/a.c:1: long_one() has 81 lines",
        {"src/base/a.c": "static const int table[] = {\n" + "\t1,\n" * 200 + "};\n"}),
    "functions_take_few_parameters": (
        {"src/base/a.c": "int wide(int a, int b, void (*c)(int, int),\n\t int d, int e, int f)\n{\n}\n"},
        "src/base/a.c:1: wide() takes 6",
        {"src/base/a.c": "int fine(int a, int b, void (*c)(int, int), int d, const char *format, ...)\n{\n}\n",
         "preload/a.c": "ssize_t recvfrom(int a, void *b, size_t c, int d, struct x *e, socklen_t *f)\n{\n}\n"}),
    "functions_nest_little": (
        {"src/base/a.c": "int deep(void)\n{\n\tfor (;;)\n\t\tif (a)\n\t\t\twhile (b)\n"
                         "\t\t\t\tif (c)\n\t\t\t\t\td();\n}\n"},
        "src/base/a.c:1: deep() nests",
        {"src/base/a.c": "int fine(void)\n{\n\tif (a)\n\t\tfor (;;)\n\t\t\tcall(a,\n\t\t\t\t\tforeign);\n}\n"}),
    "files_are_short": (
        {"src/base/a.h": "\n" * 121}, "src/base/a.h:121",
        {"src/base/a.h": "\n" * 120, "src/base/a.c": "\n" * 800}),
    "lines_are_short": (
        {"src/base/a.c": "\t" + "x" * 103 + "\n"}, "src/base/a.c:1: 111 columns",
        {"src/base/a.c": "\t" + "x" * 102 + "\n"}),
    "switches_over_our_enums_have_no_default": (
        {"src/base/a.h": "enum colour {\n\tCOLOUR_RED,\n\tCOLOUR_BLUE,\n};\n",
         "src/base/a.c": "\tswitch (colour) {\n\tcase COLOUR_RED:\n\t\treturn 1;\n\tdefault:\n\t\treturn 0;\n\t}\n"},
        "src/base/a.c:4",
        {"src/base/a.c": "enum { OPTION_ONE = 256 };\n"
                         "\tswitch (option) {\n\tcase 'c':\n\tcase OPTION_ONE:\n\t\treturn 1;\n"
                         "\tdefault:\n\t\treturn 0;\n\t}\n"
                         "\tswitch (family) {\n\tcase AF_INET:\n\t\treturn 1;\n\tdefault:\n\t\treturn 0;\n\t}\n"}),
    "static_functions_are_not_declared_ahead": (
        {"src/base/a.c": "int b;\nstatic int later(const char *text,\n\t\t int length);\n"}, "src/base/a.c:2",
        {"src/base/a.c": 'static int (*hook)(int);\nstatic const int x = f(1);\n/* static int f(void); */\n'
                         'static_assert(sizeof(int) == 4, "x");\nstatic int f(void)\n{\n\tg();\n}\n'}),
    "sources_name_their_licence": (
        {"src/base/a.c": "int a;\n", "lib/b.c": GPL}, "lib/b.c:1",
        {"src/base/a.c": GPL, "lib/b.c": "/* SPDX-License-Identifier: MIT */\n", "README.md": "text\n",
         "tools/run": "#!/bin/sh\n# SPDX-License-Identifier: GPL-3.0-or-later\n"}),
    "nothing_is_left_unfinished": (
        {"src/base/a.c": "/* TO" + "DO: the rest */\n"}, "src/base/a.c:1",
        {"src/base/a.c": "/* what is there to do */\nmkstemp(\"/tmp/mh-XXXXXX\");\n"}),
    "no_path_of_the_build_machine": (
        {"tools/run": "cd /home/" + "someone/multihomed\n"}, "tools/run:1",
        {"tools/run": "cat /etc/multihomed/multihomed.yaml; echo a/home/b\n"}),
    "every_feature_has_its_page_and_a_golden_case": (
        {"src/feature/uplinks/uplinks.h": GPL}, "src/feature/uplinks:0: no page",
        {"src/feature/uplinks/uplinks.md": "# uplinks\n", "test/golden/uplinks/one/plan": "",
         "test/golden/uplinks/two/error": ""}),
    "every_decoder_has_a_fuzzer": (
        {"test/fuzz/vrrp_fuzz.c": GPL, "test/fuzz/meson.build": "fuzzers = {}\n", "test/fuzz/seeds/vrrp/one": "x"},
        "test/fuzz/vrrp_fuzz.c:0: not in",
        {"test/fuzz/vrrp_fuzz.c": GPL, "test/fuzz/meson.build": "\t'vrrp': [net],\n", "test/fuzz/seeds/vrrp/one": "x"}),
    "links_lead_somewhere": (
        {"README.md": "Read\n[the guide](doc/guide.md#first).\n", "doc/guide.md": "# Second\n"}, "README.md:2",
        {"README.md": "[the guide](doc/guide.md#locked-out---confirm), [a site](https://example.com/x)\n",
         "doc/guide.md": "## Locked out: --confirm\n[up](#locked-out---confirm)\n```\n[x](nowhere)\n```\n"}),
    "every_test_is_run": (
        {"src/net/lpm_test.c": GPL, "src/net/meson.build": "foreach name : ['wire_test']\n"}, "src/net/lpm_test.c:0",
        {"src/net/lpm_test.c": GPL, "src/net/meson.build": "foreach name : ['lpm_test']\n"}),
}


def plant(folder, tree):
    for path, text in tree.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


def fields(build):
    return subprocess.run([build / "test/house/fields"], capture_output=True, text=True, check=True).stdout


def help_of(*command):
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=30)
    assert done.returncode == 0, done.stderr
    assert not done.stderr
    return done.stdout


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_the_house_obeys(rule):
    broken = list(rule(ROOT))
    assert not broken, "\n" + "\n".join(broken)


@pytest.mark.parametrize("rule", house.RULES, ids=lambda rule: rule.__name__)
def test_a_violation_is_caught_at_its_place(rule, tmp_path):
    bad, place, fine = FIXTURES[rule.__name__]
    caught = list(rule(plant(tmp_path / "bad", bad)))
    assert any(line.startswith(place) for line in caught), caught
    assert not list(rule(plant(tmp_path / "fine", fine)))


def test_every_key_of_the_configuration_has_help():
    listing = fields(BUILD)
    assert "prefixes.prefix\t" in listing and "services.name\t" in listing
    assert not list(house.keys_without_help(listing))


def test_a_key_without_help_is_caught():
    listing = "prefixes\tWhole prefixes.\nprefixes.via\t\n"
    assert list(house.keys_without_help(listing)) == ["prefixes.via: no help text"]


@pytest.mark.parametrize("program", ["src/daemon/multihomed", "src/ctl/mhctl"])
def test_help_fits_a_screen(program):
    text = help_of(BUILD / program, "--help")
    assert pathlib.PurePath(program).name in text
    assert not list(house.help_beyond_a_screen(text))


def test_help_that_does_not_fit_a_screen_is_caught():
    assert list(house.help_beyond_a_screen("line\n" * 25)) == ["25 lines, above 24"]
    assert list(house.help_beyond_a_screen("x" * 81)) == ["1: 81 columns, above 80"]


def test_every_command_of_mhctl_is_in_its_help_page_and_completion():
    text = help_of(BUILD / "src/ctl/mhctl", "--help")
    page = (ROOT / "doc/mhctl.1").read_text()
    completion = (ROOT / "completion/mhctl.bash").read_text()
    for command in ["check", "plan", "apply", "confirm", "rollback", "status", "watch"]:
        assert f" {command}" in text
        assert f"Cm {command}" in page
        assert command in completion.split()


def test_the_code_is_as_the_formatter_leaves_it():
    formatter = subprocess.run(["clang-format", "--version"], capture_output=True, text=True).stdout
    if " version 14." not in formatter:
        pytest.skip("the formatter is clang-format 14; others differ in places")
    sources = [path for path in house.files(ROOT, ".c", ".h")]
    done = subprocess.run(["clang-format", "--dry-run", "--ferror-limit=0", *sources], cwd=ROOT,
                          capture_output=True, text=True)
    unlike = sorted(set(re.findall(r"^(\S+?):\d+:\d+: warning: code should be clang-formatted", done.stderr, re.M)))
    assert not unlike, "make format changes: " + " ".join(unlike)
