#!/usr/bin/env python3
"""style.md where a program can check it: one case a rule, over every file of the tree."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import rules
import tree

TOP_LEVEL = {"CMakeLists.txt", "README.md", "proto", "services", "common", "clients", "tests", "docker", "LICENSE",
             "CMakePresets.json"}


class Style(unittest.TestCase):
    maxDiff = None

    def none(self, found):
        self.assertEqual("", "\n".join(f"{name}:{line}: {what}" for name, line, what in found))

    def test_every_rule_finds_its_breach(self):
        for rule, name, source in rules.BREACHES:
            self.assertTrue(list(rule(name, source)), f"{rule.__name__} misses {name}: {source!r}")
        self.assertEqual({breach[0] for breach in rules.BREACHES}, set(rules.C_RULES + rules.TEXT_RULES))

    def test_the_top_level_is_the_fixed_list(self):
        entries = {name.split("/")[0] for name in tree.files()}
        self.assertEqual(set(), {entry for entry in entries if not entry.startswith(".")} - TOP_LEVEL)

    def test_every_folder_has_a_readme(self):
        names = tree.files()
        folders = {"/".join(name.split("/")[:2]) for name in names
                   if name.startswith(("common/", "services/", "clients/")) and name.count("/") > 1}
        folders |= {"proto", "services", "clients", "tests", "common", "."} & (
            {name.split("/")[0] for name in names} | {"."})
        readmes = {name.rsplit("/", 1)[0] if "/" in name else "." for name in names if name.endswith("README.md")}
        self.assertEqual(set(), folders - readmes)

    def test_a_library_with_one_user_has_one_user(self):
        for library in rules.ONE_FILE:
            for place in rules.WRAPPERS[library]:
                users = [name for name in tree.files() if name.startswith(place) and name.endswith((".c", ".h"))
                         and re.search(rf'#\s*include\s*[<"]{re.escape(library)}', tree.text(name))]
                self.assertLessEqual(len(users), 1, f"{library} is included by {users}")

    def test_every_table_row_is_documented(self):
        found = []
        for name in tree.files():
            if not rules.is_product(name) or not name.endswith(("options.def", "metrics.def", "permissions.def")):
                continue
            for match in re.finditer(r"^LK_\w+\((.*?)\)\s*(?:/\*.*)?$", tree.text(name), re.M | re.S):
                if not re.search(r'"[^"]{12,}"', match.group(1)):
                    found.append((name, tree.line_of(tree.text(name), match.start()), "a row says what it is for"))
        self.none(found)

    def test_the_verifier_of_tokens_stays_small(self):
        lines = [line for name in ("common/auth/token.c", "common/auth/claims.c")
                 for line in tree.code(tree.text(name)).splitlines() if line.strip()]
        self.assertGreater(len(lines), 200)
        self.assertLessEqual(len(lines), 400)

    def test_functions_are_mostly_short(self):
        lengths = sorted(lines for name in tree.files() if rules.is_product(name) and name.endswith(".c")
                         for _, _, lines in rules.functions(tree.text(name)))
        self.assertLessEqual(lengths[len(lengths) // 2], 15, "the median function")
        self.assertLessEqual(lengths[len(lengths) * 9 // 10], 40, "nine functions in ten")


def one_rule(rule, wanted):
    def check(self):
        self.none([(name, line, what) for name in tree.files() if wanted(name)
                   for line, what in rule(name, tree.text(name))])
    return check


def is_prose_or_code(name):
    return tree.is_text(name) and name != "LICENSE" and "/corpus/" not in name


for rule in rules.C_RULES:
    setattr(Style, f"test_{rule.__name__}", one_rule(rule, tree.is_c))
for rule in rules.TEXT_RULES:
    setattr(Style, f"test_{rule.__name__}", one_rule(rule, is_prose_or_code))

if __name__ == "__main__":
    cases.main()
