#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a text file as C string literals, a line each: embed.py INPUT > OUTPUT."""
import json
import sys

with open(sys.argv[1], encoding="ascii") as text:
    for line in text:
        print(json.dumps(line))
