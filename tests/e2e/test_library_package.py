#!/usr/bin/env python3
"""What `cmake --install` puts there is enough to build with: headers alone, pkg-config, the CMake package, the archive."""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

EXAMPLE = e2e.TOP / "clients/c/examples/validate.c"
PROJECT = """cmake_minimum_required(VERSION 3.25)
project(user LANGUAGES C)
find_package(latchkey 0.1 REQUIRED)
add_executable(user validate.c)
target_link_libraries(user PRIVATE latchkey::latchkey)
"""


def run(*command, **more):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=120, check=False, **more)
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


class Package(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="lk-package-"))
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        cls.prefix = cls.folder / "prefix"
        for part in ("clients/c", "clients/validator", "clients/cli"):
            run("cmake", "--install", e2e.BUILD / part, "--prefix", cls.prefix)
        cls.library = next(cls.prefix.rglob("liblatchkey.so.0")).parent
        if re.search(r"__[a-z]+san_", run("nm", "-D", cls.library / "liblatchkey.so.0")):
            raise unittest.SkipTest("programs of users are not built with sanitizers")

    def program_runs(self, program):
        """It starts, and says that it was told nothing."""
        done = subprocess.run([program], stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=20, check=False,
                              env={"LD_LIBRARY_PATH": str(self.library)})
        self.assertEqual((3, "nothing on standard input\n"), (done.returncode, done.stderr))

    def flags(self, *wanted, package="latchkey"):
        return run("pkg-config", *wanted, package, env={
            "PATH": "/usr/bin:/bin", "PKG_CONFIG_PATH": str(self.library / "pkgconfig"),
            "PKG_CONFIG_ALLOW_SYSTEM_CFLAGS": "1"}).split()

    def test_each_header_compiles_alone_as_c99_and_as_cpp17(self):
        headers = sorted((self.prefix / "include/latchkey").glob("*.h"))
        self.assertGreaterEqual(len(headers), 8)
        strict = ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-fsyntax-only", "-nostdinc++", f"-I{self.prefix}/include"]
        for header in headers:
            self.assertNotRegex(header.read_text(), r"protobuf|nng/|sodium")
            for language in (["-xc", "-std=c99"], ["-xc++", "-std=c++17"]):
                source = f"#include <latchkey/{header.name}>\nint main(void) {{ return 0; }}\n"
                run("gcc" if "-xc" in language else "g++", *language, *strict, "-", input=source)

    def test_a_program_builds_with_pkg_config(self):
        program = self.folder / "by-pkg-config"
        run("gcc", EXAMPLE, "-o", program, *self.flags("--cflags", "--libs"))
        self.program_runs(program)

    def test_a_program_builds_with_the_validators_pkg_config(self):
        program, source = self.folder / "validates", "#include <latchkey/validator.h>\nint main(void) { latchkey_validator_close(0); return 0; }\n"
        run("gcc", "-std=c99", "-xc", "-", "-o", program, *self.flags("--cflags", "--libs", package="latchkey-validator"), input=source)
        run(program, env={"LD_LIBRARY_PATH": str(self.library)})

    def test_a_program_builds_with_the_archive_alone(self):
        program = self.folder / "by-archive"
        libraries = [flag for flag in self.flags("--static", "--libs") if flag != "-llatchkey"]
        run("gcc", EXAMPLE, "-o", program, f"-I{self.prefix}/include", self.library / "liblatchkey.a", *libraries)
        self.assertNotIn("liblatchkey", run("ldd", program))
        self.program_runs(program)

    def test_a_program_builds_with_the_cmake_package(self):
        project = self.folder / "project"
        project.mkdir()
        (project / "CMakeLists.txt").write_text(PROJECT)
        shutil.copy(EXAMPLE, project)
        run("cmake", "-S", project, "-B", project / "build", f"-DCMAKE_PREFIX_PATH={self.prefix}")
        run("cmake", "--build", project / "build")
        self.program_runs(project / "build/user")

    def test_nothing_but_latchkey_is_visible(self):
        for library, options, least in ((self.library / "liblatchkey.so.0", ["-D"], 200), (self.library / "liblatchkey.a", [], 200),
                                        (self.library / "liblatchkey-validator.so.0", ["-D"], 5)):
            symbols = re.findall(r" [A-Z] (\S+)$", run("nm", *options, "--defined-only", "--extern-only", library), re.M)
            named = [symbol.split("@")[0] for symbol in symbols]
            self.assertEqual([], [name for name in named if not re.fullmatch(r"latchkey_[a-z]\w*|LATCHKEY_(VALIDATOR_)?0", name)])
            self.assertGreaterEqual(len(named), least)

    def test_programs_ask_for_this_major_version(self):
        self.assertRegex(run("readelf", "--dynamic", self.library / "liblatchkey.so"), r"SONAME.*\[liblatchkey\.so\.0\]")
        self.assertIn("LATCHKEY_0", run("readelf", "--version-info", self.library / "liblatchkey.so"))

    def test_every_declared_function_is_there(self):
        declared = set()
        for header in (self.prefix / "include/latchkey").glob("*.h"):
            declared |= set(re.findall(r"\b(latchkey_\w+)\(", re.sub(r"/\*.*?\*/|//[^\n]*", "", header.read_text(), flags=re.S)))
        libraries = (self.library / f"liblatchkey{more}.so.0" for more in ("", "-validator"))
        defined = {symbol.split("@")[0] for symbol in re.findall(r" T (\S+)$", run("nm", "-D", *libraries), re.M)}
        self.assertEqual(declared, defined)

    def test_manual_and_completion_are_installed(self):
        self.assertIn(".TH LATCHKEY 1", next(self.prefix.rglob("latchkey.1")).read_text())
        self.assertIn("complete ", next(self.prefix.rglob("bash-completion/completions/latchkey")).read_text())


e2e.main()
