# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules of the house. Each rule is a function from a tree of sources to the places that break it.

A tree is a folder; a place is "PATH:LINE: what is wrong". The rules know C as this project writes it
(a function's brace stands alone in the first column), not C as such; clang-format sees to that.
"""

import os
import pathlib
import re

# From the ground up: a file includes its own floor and those below it.
FLOORS = ["base", "net", "dns", "io", "config", "bpf", "host", "model", "fact", "doctor", "feature", "daemon", "ctl"]
# The command and the daemon stand side by side; the one thing that they share is what they say to each other.
SHARED_ACROSS = {("ctl", "daemon/control.h")}
# Third-party headers, and the only places that may include them.
DOORS = {
    r"yaml\.h": [r"src/config/"],
    r"libmnl/.*": [r"src/io/", r"src/host/"],
    r"libnftnl/.*": [r"src/host/"],
    r"ev\.h": [r"src/io/loop\.c"],
    r"cap-ng\.h|seccomp\.h": [r"src/io/sandbox\.c"],
    r"bpf/(libbpf|bpf|btf|bpf_\w+)\.h": [r"src/bpf/"],
    r"libzscanner/.*": [r"src/dns/zone_load\.c"],
    r"openssl/.*": [r"src/dns/", r"src/feature/checks/probe_http\.c"],
    r"curl/.*": [r"src/feature/checks/probe_http\.c"],
    r"jansson\.h": [r"src/daemon/", r"src/ctl/", r"src/feature/\w+/\w+_(status|test)\.c"],
    # Tests, and what several of them share.
    r"cmocka\.h": [r".*_test\.[ch]", r".*_stage(_io)?\.[ch]", r".*/scene\.[ch]", r"test/"],
}
# What runs within the kernel, and what a unit test shares with it.
DUAL = re.compile(r"src/bpf/(\w+\.bpf\.c|replies_(line|slot|push|take|turn|settle|answer|look|shared)\.h|"
                  r"neighbours_(shared|frame|read|discovery|decide|reply|core)\.h)")
# What other programs link, load or start from, and the library's own fuzz target.
MIT = re.compile(r"(lib|include|preload|examples)/|test/fuzz/multihome_fuzz\.c")
FUNCTION_LINES, FILE_LINES, HEADER_LINES = 80, 800, 120
LINE_COLUMNS, PYTHON_COLUMNS = 110, 120
PARAMETERS, LEVELS = 5, 3
SOURCE_SUFFIXES = {".c", ".h", ".py", ".sh"}
SOURCE_NAMES = {"Makefile", "meson.build", "meson_options.txt"}
# Hand-written roff and the like name the licence, too.
OTHER_SUFFIXES = {".8", ".1", ".5", ".bash", ".service", ".sysusers", ".in"}


def files(tree, *suffixes):
    """Paths of the tree with one of the suffixes, relative, sorted; build folders and seeds are no sources."""
    for folder, folders, names in os.walk(tree):
        folders[:] = sorted(name for name in folders if not name.startswith((".", "build", "__pycache__", "seeds")))
        for name in sorted(names):
            if name != ".git" and (not suffixes or name.endswith(suffixes)):
                yield pathlib.Path(folder, name).relative_to(tree)


def read(tree, path):
    return (pathlib.Path(tree) / path).read_text(encoding="utf-8", errors="replace")


def without_comments(text):
    """The text with comments and the inside of literals blanked, lines and columns as they were."""
    def blank(match):
        word = match.group(0)
        if word.startswith("/"):
            return re.sub(r"[^\n]", " ", word)
        return word[0] + re.sub(r"[^\n]", "x", word[1:-1]) + word[-1]
    return re.sub(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", blank, text, flags=re.S)


class Function:
    """A function of a C file: the line of its signature, that text, and the lines of its body."""

    def __init__(self, line, signature, body):
        self.line, self.signature, self.body = line, signature, body
        self.name = re.search(r"(\w+)\s*\(", signature).group(1)

    def parameters(self):
        inside = self.signature[self.signature.index("(") + 1:self.signature.rindex(")")]
        depth, count = 0, 1
        for letter in inside:
            depth += (letter in "([") - (letter in ")]")
            count += letter == "," and depth == 0
        count -= inside.rstrip().endswith("...")
        return 0 if inside.strip() in ("", "void") else count


def functions(text):
    lines = without_comments(text).splitlines()
    start = None
    for number, line in enumerate(lines):
        if line == "{" and number and lines[number - 1].rstrip().endswith(")"):
            start = number
        elif line.startswith("}") and start is not None:
            first = start - 1
            while first > 0 and lines[first - 1].strip() and not re.search(r"[;}]\s*$|^#", lines[first - 1]):
                first -= 1
            yield Function(first + 1, " ".join(lines[first:start]), lines[start + 1:number])
            start = None


def includes(text):
    """Line number, the name and whether it was quoted, of each #include."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'\s*#\s*include\s+([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(2), match.group(1) == '"'


def floor_of(path):
    parts = pathlib.PurePath(path).parts
    return parts[0] if parts and parts[0] in FLOORS else None


def feature_of(path):
    parts = pathlib.PurePath(path).parts
    return parts[1] if len(parts) > 2 and parts[0] == "feature" else None


# The rules.

def includes_go_only_down(tree):
    for path in files(tree, ".c", ".h"):
        if path.parts[0] != "src":
            continue
        own = path.relative_to("src").as_posix()
        floor = floor_of(own)
        for number, name, quoted in includes(read(tree, path)):
            other = floor_of(name)
            if not quoted or not floor or not other or (floor, name) in SHARED_ACROSS:
                continue
            if {floor, other} == {"daemon", "ctl"} or FLOORS.index(other) > FLOORS.index(floor):
                yield f"{path}:{number}: {floor}/ may not include {name}, which stands above it"


def includes_never_go_sideways(tree):
    for path in files(tree, ".c", ".h"):
        if path.parts[0] != "src":
            continue
        own = feature_of(path.relative_to("src"))
        for number, name, _ in includes(read(tree, path)):
            other = feature_of(name)
            if own and other and own != other:
                yield f"{path}:{number}: feature {own} may not know feature {other}: {name}"


def the_library_stands_alone(tree):
    for path in files(tree, ".c", ".h"):
        if not MIT.match(path.as_posix()) or re.search(r"_(test|fuzz|stage)\.[ch]$", path.name):
            continue
        for number, name, quoted in includes(read(tree, path)):
            if (quoted and floor_of(name)) or (not quoted and any(re.fullmatch(door, name) for door in DOORS)):
                yield f"{path}:{number}: the library needs libc alone, not {name}"


def third_parties_stay_behind_their_door(tree):
    for path in files(tree, ".c", ".h"):
        for number, name, _ in includes(read(tree, path)):
            for header, doors in DOORS.items():
                if re.fullmatch(header, name) and not any(re.match(door, path.as_posix()) for door in doors):
                    yield f"{path}:{number}: <{name}> belongs behind {' or '.join(doors)}"


def functions_are_short(tree):
    for path in files(tree, ".c", ".h"):
        for function in functions(read(tree, path)):
            lines = len(function.body)
            if lines > FUNCTION_LINES:
                yield f"{path}:{function.line}: {function.name}() has {lines} lines, above {FUNCTION_LINES}"


def functions_take_few_parameters(tree):
    for path in files(tree, ".c", ".h"):
        for function in functions(read(tree, path)):
            count = function.parameters()
            # What stands in for a function of the C library takes what that takes.
            stands_in = path.parts[0] == "preload" and not function.signature.startswith("static")
            if count > PARAMETERS and not stands_in:
                yield f"{path}:{function.line}: {function.name}() takes {count} parameters, above {PARAMETERS}"


def functions_nest_little(tree):
    """A control word indented by four tabs is the fourth level; a switch does not indent its cases."""
    deep = re.compile(r"\t{%d,}(if|for|while|do|switch|\w+_EACH)\b\s*[({]" % (LEVELS + 1))
    for path in files(tree, ".c", ".h"):
        for function in functions(read(tree, path)):
            for line in function.body:
                if deep.match(line):
                    yield f"{path}:{function.line}: {function.name}() nests deeper than {LEVELS}: {line.strip()}"
                    break


def files_are_short(tree):
    for path in files(tree, ".c", ".h", ".py"):
        most = HEADER_LINES if path.suffix == ".h" else FILE_LINES
        count = len(read(tree, path).splitlines())
        if count > most:
            yield f"{path}:{count}: {count} lines, above {most}"


def lines_are_short(tree):
    for path in files(tree, ".c", ".h", ".py"):
        for number, line in enumerate(read(tree, path).splitlines(), 1):
            columns, most = len(line.expandtabs(8)), PYTHON_COLUMNS if path.suffix == ".py" else LINE_COLUMNS
            if columns > most:
                yield f"{path}:{number}: {columns} columns, above {most}"


def enumerators(tree):
    names = set()
    for path in files(tree, ".c", ".h"):
        text = without_comments(read(tree, path))
        for body in re.findall(r"\benum\b[^;{()]*\{([^}]*)\}", text):
            names.update(re.findall(r"(?:^|,)\s*([A-Z]\w+)", body))
    return names


def switches_over_our_enums_have_no_default(tree):
    """A new enumerator must make the compiler point at every switch that does not know it."""
    ours = enumerators(tree)
    for path in files(tree, ".c", ".h"):
        lines = without_comments(read(tree, path)).splitlines()
        for number, line in enumerate(lines, 1):
            match = re.match(r"(\t+)default:", line)
            if not match:
                continue
            labels = []
            for before in reversed(lines[:number - 1]):
                if re.match(match.group(1) + r"switch\b", before):
                    break
                labels += re.findall(r"^" + match.group(1) + r"case ([^:]+):", before)
            if labels and all(label in ours for label in labels):
                yield f"{path}:{number}: default: in a switch over an enum of ours"


def static_functions_are_not_declared_ahead(tree):
    declaration = re.compile(r"^static\s[\w\s*]+\((?!\s*\*)[^=;{}]*\)\s*;", re.M)
    for path in files(tree, ".c", ".h"):
        text = without_comments(read(tree, path))
        for match in declaration.finditer(text):
            number = text[:match.start()].count("\n") + 1
            yield f"{path}:{number}: a static function is declared ahead; put it above its callers"


def sources_name_their_licence(tree):
    for path in files(tree):
        text = read(tree, path)
        script = text.startswith("#!")
        if not (path.suffix in SOURCE_SUFFIXES | OTHER_SUFFIXES or path.name in SOURCE_NAMES or script):
            continue
        name = path.as_posix()
        licence = ("MIT" if MIT.match(name) else "GPL-2.0-only OR MIT" if DUAL.match(name) else "GPL-3.0-or-later")
        first = text.splitlines()[script:script + 1]
        if not first or not re.search(rf"SPDX-License-Identifier: {re.escape(licence)}( \*/)?$", first[0]):
            yield f"{path}:1: the first line does not say SPDX-License-Identifier: {licence}"


def nothing_is_left_unfinished(tree):
    words = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
    for path in files(tree, *SOURCE_SUFFIXES):
        if path.parts[:2] == ("test", "house"):
            continue
        for number, line in enumerate(read(tree, path).splitlines(), 1):
            if words.search(line) and "mkstemp" not in line and "XXXXXX" not in line:
                yield f"{path}:{number}: unfinished: {line.strip()}"


def no_path_of_the_build_machine(tree):
    here = re.escape(str(pathlib.Path(tree).resolve()))
    machine = re.compile(rf"(?:^|[\s\"'=(:])({here}|/home/\w+|/root|/work)/|pyenv")
    for path in files(tree):
        if path.parts[:2] == ("test", "house"):
            continue
        for number, line in enumerate(read(tree, path).splitlines(), 1):
            if machine.search(line):
                yield f"{path}:{number}: a path of one machine: {line.strip()}"


def every_feature_has_its_page_and_a_golden_case(tree):
    root = pathlib.Path(tree)
    for folder in sorted((root / "src/feature").glob("*/")):
        name = folder.name
        page = folder / f"{name}.md"
        if not page.exists() or not page.read_text(encoding="utf-8").strip():
            yield f"src/feature/{name}:0: no page {name}.md"
        # A worker that features share is a folder as well, but no key of the configuration.
        header = folder / f"{name}.h"
        if header.exists() and f"struct worker {name}_worker" in (text := header.read_text()) and \
                f"{name}_feature" not in text:
            continue
        for expected in ("plan", "error"):
            if not any((root / "test/golden" / name).glob(f"*/{expected}")):
                yield f"src/feature/{name}:0: no golden case with `{expected}` in test/golden/{name}/"


def every_decoder_has_a_fuzzer(tree):
    """A fuzz target without seeds starts from nothing; one that the build does not name is never run."""
    root = pathlib.Path(tree) / "test/fuzz"
    named = read(root, "meson.build") if (root / "meson.build").exists() else ""
    for target in sorted(root.glob("*_fuzz.c")):
        name = target.name.removesuffix("_fuzz.c")
        if not re.search(rf"'{name}'", named):
            yield f"test/fuzz/{target.name}:0: not in test/fuzz/meson.build"
        if not any((root / "seeds" / name).glob("*")):
            yield f"test/fuzz/{target.name}:0: no seeds in test/fuzz/seeds/{name}/"


def links_lead_somewhere(tree):
    """Links of a page to files of this project, and to headings of a page."""
    for path in files(tree, ".md"):
        text = re.sub(r"```.*?```", lambda code: "\n" * code.group(0).count("\n"), read(tree, path), flags=re.S)
        for number, line in enumerate(text.splitlines(), 1):
            for target in re.findall(r"\]\(([^)\s]+)\)", line):
                name, _, heading = target.partition("#")
                page = pathlib.Path(tree, path.parent, name) if name else pathlib.Path(tree, path)
                if "://" in target:
                    continue
                if not page.exists() or (heading and heading not in headings(page.read_text(encoding="utf-8"))):
                    yield f"{path}:{number}: leads nowhere: {target}"


def headings(page):
    """The anchors of a page's headings, as forges make them: small letters, dashes, no punctuation."""
    lines = re.findall(r"^#+ (.*)$", page, re.M)
    return {re.sub(r"[^\w\- ]", "", line.strip().lower()).replace(" ", "-") for line in lines}


def every_test_is_run(tree):
    """A x_test.c that no meson.build names is a test that never fails."""
    root = pathlib.Path(tree)
    named = "".join(read(tree, path) for path in files(tree, "meson.build"))
    for path in files(tree, "_test.c"):
        if not re.search(rf"'{path.stem}(\.c)?'", named) and path.parts[0] in ("src", "lib", "test"):
            yield f"{path}:0: no meson.build names {path.stem}"


RULES = [
    includes_go_only_down, includes_never_go_sideways, the_library_stands_alone, third_parties_stay_behind_their_door,
    functions_are_short, functions_take_few_parameters, functions_nest_little, files_are_short, lines_are_short,
    switches_over_our_enums_have_no_default, static_functions_are_not_declared_ahead, sources_name_their_licence,
    nothing_is_left_unfinished, no_path_of_the_build_machine, every_feature_has_its_page_and_a_golden_case,
    every_decoder_has_a_fuzzer, links_lead_somewhere, every_test_is_run,
]


# Rules about what the built programs say.

def keys_without_help(listing):
    """From the lines of the program `fields`: PATH, a tab, the help."""
    for line in listing.splitlines():
        path, _, help_text = line.partition("\t")
        if len(help_text.split()) < 2:
            yield f"{path}: no help text"


def help_beyond_a_screen(text):
    lines = text.splitlines()
    if len(lines) > 24:
        yield f"{len(lines)} lines, above 24"
    for number, line in enumerate(lines, 1):
        if len(line.expandtabs(8)) > 80:
            yield f"{number}: {len(line)} columns, above 80"
