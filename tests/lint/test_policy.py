#!/usr/bin/env python3
"""Every value of policy is held to: for each row of policy.def there is a test that it allows and refuses."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import tree

ROW = re.compile(r'^LK_POLICY\(\w+,\s*"(\w+)"', re.M)
RUN_BY_C, RUN_BY_PYTHON = re.compile(r"_CASE\(POLICY_(\w+)_both_ways\)"), re.compile(r"def test_POLICY_(\w+)_both_ways\(self\)")


def tested():
    """The values with a test of both ways that is run, once for each."""
    found = []
    for name in tree.files():
        if re.match(r"tests/(unit|integration|e2e)/test_\w+\.(c|py)$", name):
            found += (RUN_BY_C if name.endswith(".c") else RUN_BY_PYTHON).findall(tree.text(name))
    return sorted(found)


class Policy(unittest.TestCase):
    def test_every_value_of_policy_is_tested_both_ways(self):
        rows = ROW.findall(tree.text("services/keys/policy.def"))
        self.assertGreater(len(rows), 20)
        self.assertEqual(sorted(rows), tested())


if __name__ == "__main__":
    cases.main()
