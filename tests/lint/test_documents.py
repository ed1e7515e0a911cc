#!/usr/bin/env python3
"""What documents name is there: files they link to, tests they call as witnesses."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import tree

WITNESS = re.compile(r"`((?:unit|torture|conformance|integration|e2e|lint)\.[a-z_]+)`")


def documents():
    return [name for name in tree.files() if name.endswith(".md")]


def dead_links(name, text):
    for target in re.findall(r"\]\(([^)#\s]+)", text):
        if "://" not in target and not (tree.TOP / name).parent.joinpath(target).exists():
            yield f"{name}: {target}"


def missing_witnesses(name, text):
    for witness in WITNESS.findall(text):
        group, subject = witness.split(".")
        if not any((tree.TOP / "tests" / group / f"test_{subject}.{suffix}").exists() for suffix in ("c", "py")):
            yield f"{name}: {witness}"


class Documents(unittest.TestCase):
    def found(self, search):
        return [breach for name in documents() for breach in search(name, (tree.TOP / name).read_text())]

    def test_links_lead_somewhere(self):
        self.assertEqual([], self.found(dead_links))
        self.assertEqual(["x.md: nowhere"], list(dead_links("x.md", "[a](README.md) [b](nowhere) [c](https://x.example)")))

    def test_witnesses_are_tests(self):
        self.assertEqual([], self.found(missing_witnesses))
        self.assertEqual(["x.md: e2e.nothing"], list(missing_witnesses("x.md", "`e2e.kill` `e2e.nothing`")))


if __name__ == "__main__":
    cases.main()
