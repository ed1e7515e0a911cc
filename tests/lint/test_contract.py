#!/usr/bin/env python3
"""The contract in proto/: what its messages may hold (proto/README.md)."""

import pathlib
import re
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import tree

FIELD = re.compile(r"^\s*(repeated\s+|optional\s+)?([\w.]+)\s+(\w+)\s*=\s*\d+", re.M)


def messages(source):
    """{message: [(label, type, field)]} of one contract; comments are dropped, nested messages stand by themselves."""
    source = re.sub(r"//[^\n]*|/\*.*?\*/", "", source, flags=re.S)
    package = re.search(r"^package\s+([\w.]+);", source, re.M).group(1)
    found, open_names = {}, []
    for token in re.finditer(r"(message|enum|service|oneof|rpc)\s+(\w+)[^{};]*\{|([^{};]*;)|\}|\{", source):
        if token.group(1):
            open_names.append((token.group(1), token.group(2)))
        elif token.group(0) == "{":
            open_names.append(("block", ""))
        elif token.group(0) == "}":
            open_names.pop()
        elif open_names and open_names[-1][0] in ("message", "oneof"):
            path = ".".join(name for kind, name in open_names if kind == "message")
            field = FIELD.match(token.group(3).strip())
            if field:
                found.setdefault(f"{package}.{path}", []).append(field.groups())
    return package, found


def contracts():
    everything = {}
    for name in tree.files():
        if name.startswith("proto/") and name.endswith(".proto"):
            package, found = messages(tree.text(name))
            for message, fields in found.items():
                everything[message] = [(label, resolve(package, kind), field) for label, kind, field in fields]
    return everything


def resolve(package, kind):
    return kind if "." in kind else f"{package}.{kind}"


def reach(everything, message, seen):
    """The message types that a message holds, itself included."""
    name = next((full for full in everything if full == message or full.endswith("." + message)), None)
    if name is None or name in seen:
        return seen
    seen.add(name)
    for _, kind, _ in everything[name]:
        reach(everything, kind, seen)
    return seen


class Contract(unittest.TestCase):
    def setUp(self):
        self.messages = contracts()
        self.assertGreater(len(self.messages), 20)

    def test_P11_no_listing_holds_a_secret(self):
        listings = [m for m in self.messages if re.search(r"\.(List|Get|Describe|Search)\w*(Response|Reply)$", m)]
        self.assertTrue(listings)
        for listing in listings:
            for message in reach(self.messages, listing, set()):
                secrets = [field for _, _, field in self.messages[message] if field.startswith("secret_")]
                self.assertEqual([], secrets, f"{listing} reaches {message}")

    def test_no_message_holds_itself(self):
        for message, fields in self.messages.items():
            for _, kind, field in fields:
                self.assertNotIn(message, reach(self.messages, kind, set()), f"{message}.{field} is recursive")

    def test_instants_and_durations_name_their_unit(self):
        for message, fields in self.messages.items():
            for _, kind, field in fields:
                self.assertIsNone(re.search(r"_(at|ttl|timeout|seconds|time)$", field), f"{message}.{field}")

    def test_presence_is_a_one_member_oneof(self):
        for message, fields in self.messages.items():
            for label, _, field in fields:
                self.assertNotEqual("optional", (label or "").strip(), f"{message}.{field}: protoc-c 1.4.1 refuses it")


if __name__ == "__main__":
    cases.main()
