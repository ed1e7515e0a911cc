#!/usr/bin/env python3
"""The options of the service processes: --help and the printed table say every row, --check-config finds what is wrong."""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

PROCESSES = (*e2e.SERVICES, "gateway")


def rows(name):
    """The options in the tables of a process."""
    text = (e2e.TOP / f"services/{name}/options.def").read_text()
    if "options_common.def" in text:
        text += (e2e.TOP / "common/daemon/options_common.def").read_text()
    return re.findall(r'^LK_OPTION\(.*?, "([a-z0-9-]+)", ', text, re.M)


class Options(e2e.Case):
    """Nothing runs here but the processes that answer and leave."""

    def answer(self, name, *arguments, **variables):
        command = [e2e.program(f"latchkey-{name}"), *arguments]
        done = subprocess.run(command, env={"PATH": "/usr/bin:/bin", **variables}, capture_output=True, text=True, timeout=20,
                              check=False)
        return done.returncode, done.stdout, done.stderr

    def configured(self, name, *arguments, **variables):
        return self.answer(name, "--config", self.state.path / f"{name}.conf", *arguments, **variables)

    def test_help_and_the_printed_table_say_every_row(self):
        for name in PROCESSES:
            self.assertGreater(len(rows(name)), 10)
            for asked, shape in (("--help", "  --{}"), ("--print-options=markdown", "`--{}`")):
                status, said, wrong = self.answer(name, asked)
                self.assertEqual((0, ""), (status, wrong))
                self.assertEqual([], [row for row in rows(name) if shape.format(row) not in said], f"{name} {asked}")

    def test_what_init_wrote_is_a_good_configuration(self):
        for name in PROCESSES:
            self.assertEqual((0, "ok\n", ""), self.configured(name, "--check-config"))
            status, said, _ = self.configured(name, "--print-config")
            self.assertEqual(0, status)
            self.assertNotIn((self.state.path / "secrets/operator.ed25519").read_text().split()[-1], said)

    def test_what_is_wrong_is_named_with_where_it_stands(self):
        for name in PROCESSES:
            broken = self.state.folder / f"{name}.conf"
            broken.write_text((self.state.path / f"{name}.conf").read_text() + "workers = many\n")
            for status, _, said in (self.configured(name, "--check-config", "--workers", "0"),
                                    self.configured(name, "--check-config", LATCHKEY_WORKERS="0"),
                                    self.answer(name, "--config", broken, "--check-config"),
                                    self.answer(name, "--config", broken)):
                self.assertEqual(2, status, said)
                self.assertRegex(said, r"\Alatchkey-\w+: workers \(.+\) must be a whole number")
            status, _, said = self.configured(name, "--frobnicate")
            self.assertEqual((2, True), (status, "--frobnicate" in said), said)

    def test_what_no_option_says_alone_is_checked_before_the_start(self):
        for name, option, value, also in (*((name, "workers", "64", "contexts") for name in e2e.SERVICES),
                                          ("keys", "password-checks", "16", "workers"),
                                          ("tokens", "audience", None, "Latchkey itself"),
                                          ("tokens", "signing-key-life", "1h", "publish-ahead"),
                                          ("gateway", "listen", "0.0.0.0:80", "allow-plain-http")):
            value = value or "latchkey:" + re.search(r"(?m)^instance\s*=\s*(\S+)", (self.state.path / "tokens.conf").read_text())[1]
            for asked in ("--check-config",), ():
                status, said, wrong = self.configured(name, *asked, f"--{option}", value)
                self.assertEqual((2, ""), (status, said), f"{name} {option}")
                self.assertIn(also, wrong)

    def test_arguments_go_before_the_environment_and_that_before_the_file(self):
        conf = self.state.path / "keys.conf"
        conf.write_text(conf.read_text() + "workers = 5\n")
        for wanted, arguments, variables in ((5, (), {}), (6, (), {"LATCHKEY_WORKERS": "6"}),
                                             (7, ("--workers", "7"), {"LATCHKEY_WORKERS": "6"})):
            said = self.configured("keys", "--print-config", *arguments, **variables)[1]
            self.assertRegex(said, rf"(?m)^workers +{wanted} ")


if __name__ == "__main__":
    e2e.main()
