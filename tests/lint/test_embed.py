#!/usr/bin/env python3
"""Migrations as they are embedded: the C table says what the file says, and numbers have no gaps and no doubles."""

import hashlib
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import tree

SCRIPT = tree.TOP / "common/store/embed_script.cmake"
PRINT = """#include <stdio.h>
#include "fruit_migrations.h"
int main(void)
{
	printf("%s\\n%s\\n", fruit_migrations.sqlite[0].name, fruit_migrations.sqlite[0].checksum);
	return fputs(fruit_migrations.sqlite[0].sql, stdout) < 0;
}
"""


class Embed(unittest.TestCase):
    def setUp(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="latchkey-embed-"))
        self.addCleanup(shutil.rmtree, self.dir)
        (self.dir / "sqlite").mkdir()

    def step(self, name, text="SELECT 1;\n"):
        (self.dir / "sqlite" / name).write_text(text, encoding="utf-8")

    def embed(self):
        return subprocess.run(["cmake", "-D", f"DIR={self.dir}", "-D", "OWNER=fruit", "-D", f"OUT={self.dir}/fruit_migrations",
                               "-P", SCRIPT], capture_output=True, text=True)

    def test_the_table_says_what_the_file_says(self):
        text = "-- it's \"quoted\" \\n ??/ ; [x] ${y} é %d\nCREATE TABLE a (id TEXT);\n\n"
        self.step("0001_apple.sql", text)
        self.assertEqual(0, self.embed().returncode)
        (self.dir / "print.c").write_text(PRINT)
        subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", f"-I{tree.TOP}/common", f"-I{self.dir}", "-o",
                        self.dir / "print", self.dir / "print.c", self.dir / "fruit_migrations.c"], check=True)
        shown = subprocess.run([self.dir / "print"], capture_output=True, check=True).stdout.decode()
        self.assertEqual(f"0001_apple.sql\n{hashlib.sha256(text.encode()).hexdigest()}\n{text}", shown)

    def test_a_gap_a_double_and_a_bad_name_are_refused(self):
        for wrong in (["0001_a.sql", "0003_b.sql"], ["0001_a.sql", "0001_b.sql"], ["0002_a.sql"], ["1_a.sql"], ["0001-a.sql"],
                      ["0001_A.sql"]):
            with self.subTest(wrong):
                shutil.rmtree(self.dir / "sqlite")
                (self.dir / "sqlite").mkdir()
                for name in wrong:
                    self.step(name)
                self.assertNotEqual(0, self.embed().returncode)

    def test_ten_steps_keep_their_order(self):
        for number in range(1, 13):
            self.step(f"{number:04}_step.sql")
        self.assertEqual(0, self.embed().returncode)
        table = (self.dir / "fruit_migrations.c").read_text()
        self.assertLess(table.index("0009_step"), table.index("0010_step"))
        self.assertIn("sqlite_steps, 12", table)


if __name__ == "__main__":
    cases.main()
