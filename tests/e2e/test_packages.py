#!/usr/bin/env python3
"""services/install-packages: what is missing, and nothing else, comes from Debian, as root or with sudo. Debian is played by scripts."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

PLAYED = {
    "id": "echo $PLAYED_UID",
    # a package is installed when its name is a line of the file $INSTALLED
    "dpkg-query": 'for last; do :; done\ngrep -qx "$last" "$INSTALLED" && echo installed || exit 1',
    "apt-get": 'echo "apt-get $*" >>"$ASKED"\ncase "$*" in *" update"*) exit 0 ;; esac\n'
               '[ ! -e "$STALE" ] || { rm "$STALE"; exit 100; }\n[ "${DEBIAN:-}" != away ]',
    "sudo": 'echo "sudo $1" >>"$ASKED"\nexec "$@"',
    "npm": "",
}


class Packages(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lk-packages-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "bin").mkdir()
        for name in ("env", "grep", "rm", "dirname"):
            (self.folder / "bin" / name).symlink_to(f"/usr/bin/{name}")
        for name, script in PLAYED.items():
            self.play(name, script)
        self.asked, self.installed, self.stale = (self.folder / name for name in ("asked", "installed", "stale"))
        self.have()

    def play(self, name, script):
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/bash\n{script}\n")
        path.chmod(0o755)

    def have(self, *packages):
        self.installed.write_text("".join(f"{package}\n" for package in packages))

    def install(self, what, uid=0, **more):
        """(exit status, what apt-get and sudo were asked, what was said)"""
        self.asked.write_text("")
        done = subprocess.run(["/bin/bash", e2e.TOP / "services/install-packages", what], capture_output=True, text=True, timeout=20,
                              check=False, env={"PATH": f"{self.folder}/bin", "PLAYED_UID": str(uid), "ASKED": str(self.asked),
                                                "INSTALLED": str(self.installed), "STALE": str(self.stale), **more})
        return done.returncode, self.asked.read_text().splitlines(), done.stderr

    def wanted(self, what):
        """The packages that are asked of Debian where nothing is installed."""
        status, asked, said = self.install(what)
        self.assertEqual((0, 1), (status, len(asked)), said)
        return asked[0].split("--no-install-recommends ")[1].split()

    def test_only_what_is_missing_is_installed_and_nothing_when_all_is_there(self):
        build, tests = self.wanted("build"), self.wanted("tests")
        self.assertLess(set(build), set(self.wanted("unit")))
        self.assertLess(set(self.wanted("unit")), set(tests))
        for package in ("gcc", "cmake", "libnng-dev", "libsodium-dev"):
            self.assertIn(package, build)
        self.have(*build)
        self.assertEqual((0, []), self.install("build")[:2])
        self.assertEqual(set(tests) - set(build), set(self.wanted("tests")))
        self.have(*tests)
        self.assertEqual((0, []), self.install("tests")[:2])

    def test_others_than_root_ask_by_sudo_or_are_told_what_root_has_to_do(self):
        status, asked, _ = self.install("build", uid=1000)
        self.assertEqual((0, "sudo env"), (status, asked[0]))
        self.assertIn(" install --yes ", asked[1])
        (self.folder / "bin" / "sudo").unlink()
        status, asked, said = self.install("build", uid=1000)
        self.assertEqual((3, []), (status, asked))
        self.assertRegex(said, r"Run as root:  apt-get install .*libnng-dev")

    def test_stale_lists_of_packages_are_fetched_and_the_install_tried_again(self):
        self.stale.write_text("")
        status, asked, _ = self.install("build")
        self.assertEqual(0, status)
        self.assertEqual(["install", "update", "install"], [next(word for word in line.split() if word in ("install", "update"))
                                                            for line in asked])

    def test_what_cannot_be_had_is_named(self):
        status, _, said = self.install("build", DEBIAN="away")
        self.assertEqual(3, status)
        self.assertIn("Debian could not install: gcc", said)

    def test_another_system_is_told_what_it_needs(self):
        (self.folder / "bin" / "dpkg-query").unlink()
        status, asked, said = self.install("build")
        self.assertEqual((3, []), (status, asked))
        self.assertIn("not a Debian system", said)

    @unittest.skipUnless(os.path.exists("/usr/bin/dpkg"), "only Debian knows its packages")
    def test_the_libraries_that_the_build_looks_for_are_of_these_packages(self):
        """Each .pc file and program that CMake asks for is of a package in the list, so that a machine without any gets it."""
        build = self.wanted("build")
        paths = [f"/usr/lib/*/pkgconfig/{name}.pc" for name in
                 ("libprotobuf-c", "libsodium", "sqlite3", "libpq", "libjwt", "libcrypto", "jansson", "libmicrohttpd")]
        for path in (*paths, "/usr/bin/protoc-c", "/usr/bin/ninja", "/usr/bin/cmake", "/usr/include/nng/nng.h"):
            done = subprocess.run(["dpkg", "--search", path], capture_output=True, text=True, check=False)
            self.assertIn(done.stdout.split(":")[0], build, path)


if __name__ == "__main__":
    e2e.main()
