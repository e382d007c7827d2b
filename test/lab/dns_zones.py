# SPDX-License-Identifier: GPL-3.0-or-later
"""Small random zones with all that makes answers hard, and random questions about them."""

LABELS = ["a", "b", "c", "d", "*", "ns"]
TYPES = ["A", "AAAA", "TXT", "MX", "NS", "CNAME", "DNAME", "DS", "SOA", "SRV", "TYPE65280"]
DATA = {
    "A": lambda random, names: f"192.0.2.{random.randrange(1, 250)}",
    "AAAA": lambda random, names: f"2001:db8::{random.randrange(1, 250):x}",
    "TXT": lambda random, names: f'"{"t" * random.choice([1, 20, 200])}"',
    "MX": lambda random, names: f"{random.randrange(50)} {random.choice(names)}",
    "SRV": lambda random, names: f"0 0 53 {random.choice(names)}",
    "TYPE65280": lambda random, names: "\\# 3 010203",
}


class Zone:
    """A zone out of a random number generator: {name: {type: [data]}}, names relative to the origin."""

    def __init__(self, random, origin):
        self.random, self.origin = random, origin
        self.names = {}
        self.closed = []	# names below which nothing more may stand: cuts and DNAMEs
        for _ in range(random.randrange(4, 14)):
            self.add(self.any_name())

    def any_name(self):
        depth = self.random.choice([1, 1, 1, 2, 2, 3])
        return ".".join(self.random.choice(LABELS) for _ in range(depth))

    def target(self):
        """Where something points to: mostly into the zone."""
        inside = [f"{name}.{self.origin}" for name in self.names] + [f"{self.any_name()}.{self.origin}"]
        return self.random.choice(inside * 4 + ["www.elsewhere.test."])

    def is_closed(self, name):
        return any(name.endswith("." + above) or name == above for above in self.closed)

    def has_below(self, name):
        return any(other.endswith("." + name) for other in self.names)

    def add(self, name):
        if name in self.names or self.is_closed(name):
            return
        kind = self.random.choice(["data"] * 6 + ["cname"] * 3 + ["dname", "cut", "cut"])
        if kind == "cname":
            self.names[name] = {"CNAME": [self.target()]}
        elif kind == "dname" and not self.has_below(name) and "*" not in name:
            self.names[name] = {"DNAME": [self.target()], "TXT": ['"beside a DNAME"']}
            self.closed.append(name)
        elif kind == "cut" and "*" not in name and not self.has_below(name):
            self.add_cut(name)
        else:
            self.names[name] = self.data()

    def data(self):
        kinds = self.random.sample(sorted(DATA), self.random.randrange(1, 4))
        names = [f"{name}.{self.origin}" for name in self.names] + ["mail.elsewhere.test."]
        return {kind: sorted({DATA[kind](self.random, names) for _ in range(self.random.randrange(1, 3))})
                for kind in kinds}

    def add_cut(self, name):
        servers = self.random.sample([f"ns.{name}.{self.origin}", f"x.y.{name}.{self.origin}",
                                      f"ns.apex.{self.origin}", "ns.elsewhere.test."], self.random.randrange(1, 4))
        self.names[name] = {"NS": servers}
        if self.random.random() < 0.3:
            self.names[name]["DS"] = ["1 13 2 " + "ab" * 32]
        self.closed.append(name)
        for server in servers:
            if server.endswith(f".{name}.{self.origin}"):
                glue = server.removesuffix("." + self.origin)
                self.names[glue] = {kind: [DATA[kind](self.random, [])]
                                    for kind in self.random.choice([["A"], ["AAAA"], ["A", "AAAA"]])}

    def text(self):
        lines = [f"$ORIGIN {self.origin}", "$TTL 300",
                 "@ 600 SOA ns hostmaster 1 3600 600 86400 60", "@ NS ns.apex", "ns.apex A 192.0.2.53"]
        for name, sets in self.names.items():
            for kind, data in sets.items():
                lines += [f"{name} {kind} {one}" for one in data]
        return "\n".join(lines) + "\n"

    def question(self):
        """A name, mostly one of interest, in some case, and a type."""
        random = self.random
        name = random.choice([*self.names] * 3 + [self.any_name(), "", "ns.apex", "apex"])
        for _ in range(random.choice([0, 0, 0, 1, 1, 2])):
            name = random.choice(LABELS[:-1] + ["new"]) + ("." + name if name else "")
        if random.random() < 0.2 and "." in name:
            name = name.split(".", 1)[1]
        name = (name + "." if name else "") + self.origin
        if random.random() < 0.3:
            name = "".join(random.choice([letter.upper(), letter]) for letter in name)
        return name, random.choice(TYPES + ["A", "AAAA", "A"])
