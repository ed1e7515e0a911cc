#!/usr/bin/env python3
"""The commands of the top README's main job, typed exactly as they stand there, one after the other."""

import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world

KEY_TEXT = r"lk_\w{26}_\w{49}"


def section(title):
    text = (e2e.TOP / "README.md").read_text()
    return text.split(f"\n## {title}\n", 1)[1].split("\n## ", 1)[0]


def commands():
    """What stands in code spans and begins as a command does; a span may go on in the next line."""
    spans = (" ".join(span.split()) for span in re.findall(r"`([^`]+)`", section("The main job"), re.S))
    return [span for span in spans if re.match(r"(LATCHKEY_API_KEY=\w+ )?latchkey ", span)]


class Readme(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.known = {}
        programs = self.state.folder / "bin"
        programs.mkdir()
        (programs / "aws").write_text('#!/bin/sh\necho "$* as $AWS_ACCESS_KEY_ID"\n')
        (programs / "aws").chmod(0o755)
        self.path = f"{programs}:{os.environ['PATH']}"

    def typed(self, command, stdin=""):
        """Run it in a shell that has sourced env.sh; the words in capitals stand for what was answered before."""
        for name, value in self.known.items():
            command = re.sub(rf"\b{name}\b", value, command)
        script = f'. "{self.state.path}/env.sh" && {command}'
        done = subprocess.run(["sh", "-c", script], input=stdin, capture_output=True, text=True, timeout=e2e.COMMAND_S,
                              env=self.state.environment({"PATH": self.path, "LATCHKEY_URL": ""}), check=False)
        self.assertEqual(0, done.returncode, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def learn(self, name, pattern, text):
        found = re.search(pattern, text)
        if found:
            self.known[name] = found[0]

    def input_of(self, command):
        return {"validate": self.known.get("KEY", ""), "credential add": world.AWS_FIELDS}.get(
            next((words for words in ("validate", "credential add") if words in command), None), "")

    def test_every_command_of_the_main_job_works_as_it_is_written(self):
        self.assertGreaterEqual(len(commands()), 14)
        for command in commands():
            said = self.typed(command, self.input_of(command))
            self.learn("TICKET", r"lkt_\w{26}_\w{49}", said)
            self.learn({"ingest-fleet": "FLEET", "samples-api": "SAMPLES"}.get(
                next((name for name in ("ingest-fleet", "samples-api") if name in command), None), "KEY"), KEY_TEXT, said)
            if "key create" in command:
                self.learn("ID", r"key_\w{26}", said)
            if " exec " in command:
                self.assertEqual("s3 ls as AKIAIOSFODNN7EXAMPLE\n", said)
        self.state.with_key(self.known["SAMPLES"]).refused("validate", "-", stdin=self.known["KEY"], reason="KEY_REFUSED")

    def test_the_two_commands_are_there(self):
        said = section("Two commands")
        for command in ("services/up", "tests/run"):
            self.assertIn(f"bash {command}", said)
            self.assertTrue((e2e.TOP / command).is_file())


if __name__ == "__main__":
    e2e.main()
