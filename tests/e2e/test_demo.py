#!/usr/bin/env python3
"""services/demo where only the least is installed: no AWS CLI, so that it shows what that would be told, the secret masked."""

import pathlib
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

PROGRAMS = ("bash", "mktemp", "rm", "sed")  # of what even the smallest Debian has


class Demo(e2e.Case):
    def test_without_the_aws_cli_the_answer_is_shown_masked(self):
        self.state.start()
        programs = self.state.folder / "bin"
        programs.mkdir()
        for name in PROGRAMS:
            (programs / name).symlink_to(f"/usr/bin/{name}")
        (programs / "latchkey").symlink_to(e2e.program("latchkey"))
        done = subprocess.run(["bash", e2e.TOP / "services/demo"], env=self.state.environment({"PATH": str(programs)}),
                              capture_output=True, text=True, timeout=60, check=False)
        said = done.stdout + done.stderr
        self.assertEqual(0, done.returncode, said)
        self.assertIn("The AWS CLI is not installed", said)
        self.assertRegex(said, r'"AccessKeyId": ?"AKIAIOSFODNN7EXAMPLE"')
        self.assertRegex(said, r'"SecretAccessKey": ?"\*{8}"')
        self.assertNotIn("wJalrXUtnFEMI", said)
        self.assertIn("main job is done", said)


if __name__ == "__main__":
    e2e.main()
