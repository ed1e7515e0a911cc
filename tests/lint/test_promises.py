#!/usr/bin/env python3
"""Every promise to users of the four platforms has a test that carries its id: P Panomics, G Geneious Biologics, L LabKey Server,
I Illumina Connected Analytics."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import tree

PROMISES = {f"{platform}{number}" for platform, last in (("P", 12), ("G", 10), ("L", 12), ("I", 15)) for number in range(1, last + 1)}
OF_THE_CONSOLE = {"L7"}  # what a copy button says
RUN_BY_C, RUN_BY_PYTHON = re.compile(r"(?:_CASE|IN_WORLD|CASE)(?:_WITH)?\((\w+)"), re.compile(r"def test_(\w+)\(self\)")


def carried(name):
    """The ids that a test's name begins with: P3_I12_one_key_…"""
    return set(re.match(r"(?:[A-Z]\d+_)*", name).group(0).split("_")) - {""}


def proven():
    found = set()
    for name in tree.files():
        if re.match(r"tests/(unit|conformance|integration|e2e)/test_\w+\.(c|py)$", name):
            for test in (RUN_BY_C if name.endswith(".c") else RUN_BY_PYTHON).findall(tree.text(name)):
                found |= carried(test)
    return found


class Promises(unittest.TestCase):
    def test_each_is_proven_by_a_test_that_carries_its_id(self):
        self.assertEqual({"P3", "I12"}, carried("P3_I12_one_key"))
        self.assertEqual(set(), carried("LIMITS_P3_x"))
        self.assertEqual(set(), PROMISES - OF_THE_CONSOLE - proven())


if __name__ == "__main__":
    cases.main()
