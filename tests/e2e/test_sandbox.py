#!/usr/bin/env python3
"""Every process confines itself before it answers, and what it does in its sandbox is all that it did without."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

PROCESSES = (*e2e.SERVICES, "gateway")


class Sandbox(e2e.Case):
    def limits(self, name):
        lines = pathlib.Path(f"/proc/{self.state.pid(name)}/status").read_text(encoding="utf-8").splitlines()
        found = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        return found["NoNewPrivs"].strip(), found["Seccomp"].strip()

    def test_each_process_is_confined_unless_its_configuration_says_no(self):
        self.state.start()
        self.state.start("gateway")
        sanitized = "-fsanitize" in (e2e.BUILD / "build.ninja").read_text(encoding="utf-8")
        for name in PROCESSES:
            self.assertEqual(("0", "0") if sanitized else ("1", "2"), self.limits(name), name)
        path = self.state.path / "keys.conf"
        path.write_text(path.read_text() + "sandbox = no\n")
        self.state.restart("keys")
        self.assertEqual(("0", "0"), self.limits("keys"))
        self.state.ok("status")


if __name__ == "__main__":
    e2e.main()
