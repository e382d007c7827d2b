#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""What multihome.h promises, the manual pages say: no more, no less, and in the same words.

Run as `pages_test.py HEADER FOLDER SOURCES`: the header, the folder of the pages, and that of the library's sources.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import unittest

HEADER, FOLDER, SOURCES = (pathlib.Path(word) for word in sys.argv[1:4])


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


def plain(text):
    """A declaration without what is a matter of layout."""
    return re.sub(r"\s*([*(),;{}])\s*", r"\1", " ".join(text.split()))


def signature(kind, name, parameters):
    """A function as its callers depend on it: the names of its parameters are not part of that."""
    types = [re.sub(r"(?<=[\s*])\w+$", "", parameter.strip()).strip() for parameter in parameters.split(",")]
    return plain(f"{kind} {name}({', '.join(types) if parameters.strip() != 'void' else 'void'})")


def members(body):
    """The members of a struct, each with its type: `int a, b;` is `int a; int b;`."""
    found = []
    for declaration in filter(None, (text.strip() for text in body.split(";"))):
        kind, names = re.fullmatch(r"(.*?[\s*])((?:\w+(?:\[\d+\])?(?:,\s*)?)+)", declaration, re.S).groups()
        found += [plain(f"{kind} {name}") for name in re.split(r",\s*", names)]
    return found


class Header:
    def __init__(self, text):
        text = without_comments(text)
        self.prototypes = {name: signature(kind, name, parameters) for kind, name, parameters in re.findall(
            r"^((?:int|void|bool|unsigned|struct mh_\w+ \*))\s*(mh_\w+)\(([^;]*)\);", text, re.M)}
        self.functions = set(re.findall(r"\b(mh_\w+)\(", text))
        self.constants = set(re.findall(r"^#define (MH_\w+) ", text, re.M))
        self.types = {name: members(body) for name, body in
                      re.findall(r"^(?:struct|union) (mh_\w+) \{(.*?)^\};", text, re.M | re.S)}


class Page:
    def __init__(self, path):
        self.name = path.stem
        self.text = path.read_text(encoding="utf-8")
        self.names = set(re.findall(r"^\.Nm (\w+)(?: ,)?$", self._section("NAME"), re.M))
        self.synopsis = self._section("SYNOPSIS")
        self.errors = set(re.findall(r"\bEr (E[A-Z0-9]+)", self.text))

    def _section(self, name):
        return re.search(rf"^\.Sh {name}\n(.*?)(?=^\.Sh )", self.text, re.M | re.S).group(1)

    def prototypes(self):
        """The functions of the synopsis as C writes them."""
        joined = re.sub(r"^\.Fo (\w+)\n((?:\.Fa .*\n)+)\.Fc$", lambda match: f".Fn {match.group(1)} " + " ".join(
            re.findall(r'".*"', match.group(2))), self.synopsis, flags=re.M)
        found = {}
        for kind, name, words in re.findall(r"^\.Ft (.*)\n\.Fn (\w+) (.*)$", joined, re.M):
            found[name] = signature(kind.strip('"'), name, ", ".join(re.findall(r'"([^"]*)"', words)))
        return found

    def types(self):
        return {name: members(body) for name, body in
                re.findall(r"^(?:struct|union) (mh_\w+) \{(.*?)^\};", self.synopsis, re.M | re.S)}


header = Header(HEADER.read_text(encoding="utf-8"))
pages = [Page(path) for path in sorted(FOLDER.glob("*.3"))]


def everywhere(what):
    """What all pages say together, each thing said by one page alone."""
    said = {}
    for page in pages:
        for name, text in what(page).items():
            assert name not in said, f"{name} is declared by two pages"
            said[name] = text
    return said


class Pages(unittest.TestCase):
    maxDiff = None

    def test_every_function_is_declared_as_in_the_header(self):
        self.assertEqual(set(header.prototypes), header.functions)
        self.assertEqual(everywhere(Page.prototypes), header.prototypes)

    def test_every_type_is_declared_as_in_the_header(self):
        self.assertGreater(len(header.types), 4)
        self.assertEqual(everywhere(Page.types), header.types)

    def test_every_function_is_found_by_its_name(self):
        build = (FOLDER / "meson.build").read_text(encoding="utf-8")
        own = {page.name for page in pages}
        for page in pages:
            for name in page.names - {page.name}:
                self.assertRegex(build, rf"'{name}': '{page.name}'", f"{name}.3 leads nowhere")
            self.assertEqual(page.names & set(header.prototypes), set(page.prototypes()), page.name)
        links = set(re.findall(r"'(mh_\w+)': '", build))
        self.assertEqual(links | (own - {"libmultihome"}), set(header.prototypes))
        installed = set(re.findall(r"'(\w+)\.3'", build))
        self.assertEqual(installed, own)

    def test_every_constant_is_explained(self):
        self.assertGreater(len(header.constants), 3)
        for name in header.constants:
            explained = [page.name for page in pages if re.search(rf"^\.It Dv {name}$", page.text, re.M)]
            self.assertEqual(len(explained), 1, f"{name}: {explained}")
        said = set(re.findall(r"\bDv (MH_\w+)", "".join(page.text for page in pages)))
        self.assertEqual(said, header.constants)

    def test_every_member_is_explained_where_its_type_is_declared(self):
        for page in pages:
            # Those of an answer are explained by the page of the call that looks at them.
            there = {"mh_udp_receive": "mh_udp_answer"}.get(page.name)
            text = page.text + "".join(other.text for other in pages if other.name == there)
            for name, declarations in page.types().items():
                for member in (re.search(r"(\w+)(\[\d+\])?$", one).group(1) for one in declarations):
                    self.assertRegex(text, rf"(?m)^\.It Va {member}$", f"{name}.{member}")

    def test_every_error_of_the_sources_is_explained(self):
        sources = [path for path in SOURCES.glob("*.c") if not path.name.endswith("_test.c")]
        text = "".join(without_comments(path.read_text(encoding="utf-8")) for path in sources)
        given = set(re.findall(r"-(E[A-Z0-9]+)\b|\bcase (E[A-Z0-9]+):", text))
        given = {name for pair in given for name in pair if name} - {"EINTR", "EWOULDBLOCK"}
        self.assertIn("ECONNABORTED", given)
        self.assertEqual(given - set().union(*(page.errors for page in pages)), set())

    def test_every_reference_among_the_pages_leads_to_one(self):
        names = {page.name for page in pages} | set(header.prototypes)
        for page in pages:
            for name in re.findall(r"^\.Xr ((?:lib)?mh?\w*) 3", page.text, re.M):
                if name.startswith(("mh_", "libmulti")):
                    self.assertIn(name, names, page.name)
            self.assertEqual(set(re.findall(r"\bFn (mh_\w+)", page.text)) - names, set(), page.name)

    @unittest.skipUnless(shutil.which("mandoc"), "no mandoc here")
    def test_mandoc_finds_no_fault(self):
        done = subprocess.run(["mandoc", "-T", "lint", "-W", "warning", *sorted(FOLDER.glob("*.3"))],
                              capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.returncode, 0)


class TheReaderItself(unittest.TestCase):
    """A reader that finds nothing would find no fault either."""

    def test_a_header_is_read(self):
        one = Header("#define MH_ONE 1 /* x */\nstruct mh_a {\n\tint b[4];\t/* c */\n\tconst void *d, e;\n};\n"
                     "int mh_f(const struct mh_a *a,\n\t int b);\nstruct mh_a *mh_g(void);\n")
        self.assertEqual(one.prototypes, {"mh_f": "int mh_f(const struct mh_a*,int)",
                                          "mh_g": "struct mh_a*mh_g(void)"})
        self.assertEqual(one.constants, {"MH_ONE"})
        self.assertEqual(one.types, {"mh_a": ["int b[4]", "const void*d", "const void*e"]})


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
