#!/usr/bin/env python3
"""Rules that other programs check: the formatter, the shell's linter, compilers on each header alone."""

import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import tree

FORMATTER = "14"  # other versions format differently
BUILD = pathlib.Path(os.environ.get("LATCHKEY_BUILD", tree.TOP / "build"))


def run(*command):
    done = subprocess.run(command, cwd=tree.TOP, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def tool(name):
    path = shutil.which(name)
    if not path:
        raise unittest.SkipTest(f"{name} is not installed")
    return path


class Tools(unittest.TestCase):
    maxDiff = None

    def all_pass(self, commands):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda command: run(*command), commands))
        self.assertEqual("", "\n".join(output for code, output in results if code != 0))

    def test_c_is_formatted(self):
        formatter = shutil.which(f"clang-format-{FORMATTER}") or tool("clang-format")
        if f"version {FORMATTER}." not in run(formatter, "--version")[1]:
            self.skipTest(f"clang-format {FORMATTER} is not installed")
        sources = [name for name in tree.files() if name.endswith((".c", ".h"))]
        code, output = run(formatter, "--dry-run", "--Werror", *sources)
        wrong = sorted({line.split(":")[0] for line in output.splitlines() if "error:" in line})
        self.assertEqual([], wrong, "clang-format -i these")
        self.assertEqual(0, code, output)

    def test_shell_scripts_are_clean(self):
        scripts = [name for name in tree.files() if tree.is_shell(name)]
        code, output = run(tool("shellcheck"), *scripts)
        self.assertEqual(0, code, output)

    def test_every_header_compiles_alone(self):
        headers = [name for name in tree.files() if name.endswith(".h") and not name.startswith("clients/c/include/")]
        where = ["common", "services", "clients/c/include", "clients/validator/include", "clients/c", "clients/c/src", "clients", "tests/support", BUILD / "proto"]
        where += sorted({made.parent for made in pathlib.Path(BUILD).glob("**/*_migrations.h")})
        includes = [f"-I{tree.TOP / folder}" for folder in where]
        includes += run("pkg-config", "--cflags-only-I", "libpq")[1].split()  # Debian keeps it in a folder of its own
        self.all_pass([["gcc", "-std=c17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-x", "c",
                        *includes, "-include", header, "/dev/null"] for header in headers])

    def test_installed_headers_compile_as_c99_and_cxx17_without_our_libraries(self):
        top = "clients/c/include/"
        headers = [name.removeprefix(top) for name in tree.files() if name.startswith(top)]
        if not headers:
            self.skipTest("no header is installed yet")
        strict = ["-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only", f"-I{top}"]
        with tempfile.TemporaryDirectory() as folder:
            commands = []
            for header in headers:
                user = pathlib.Path(folder) / (header.replace("/", "_") + ".c")
                user.write_text(f"#include <{header}>\n#include <{header}>\nint used;\n")
                commands.append(["gcc", "-std=c99", *strict, user])
                commands.append(["g++", "-std=c++17", "-x", "c++", *strict, user])
            self.all_pass(commands)


if __name__ == "__main__":
    cases.main()
