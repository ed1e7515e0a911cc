#!/usr/bin/env python3
"""tests/run: what it asks ctest for and how it counts, with cmake and ctest played by scripts; a case that is none."""

import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e

GROUPS = ("lint", "unit", "torture", "conformance", "integration", "e2e")
CTEST = """#!/usr/bin/env bash
[ -z "$LATCHKEY_FULL" ] || full=" FULL=$LATCHKEY_FULL"
printf '%s\\n' "$*$full" >>"$ASKED"
while [ $# -gt 0 ]; do
	case "$1" in
	--test-dir) dir=$2 ;;
	--output-junit) report=$2 ;;
	*nothing*) echo 'No tests were found!!!'; exit 8 ;;
	*crash*) exit 1 ;;
	esac
	shift
done
mkdir -p "$dir/Testing/Temporary"
printf 'repetitions lost answers=100\\nrepetitions lost answers=100\\n' >"$dir/Testing/Temporary/LastTest.log"
printf '<testsuite name="x"\\n\\ttests="%s"\\n\\tfailures="%s"\\n\\tskipped="%s">\\n' $COUNTS >"$report"
echo '  2/5 Test  #2: unit.ids.something .....***Failed'
[ "${COUNTS:2:1}" = 0 ]
"""


class Run(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="lk-run-")
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.asked = self.folder / "asked"
        self.play("cmake", '#!/usr/bin/env bash\n[ -z "$BROKEN" ]\n')
        self.play("ctest", CTEST)
        self.play("dpkg-query", "#!/usr/bin/env bash\necho installed\n")

    def play(self, name, script):
        program = self.folder / "bin" / name
        program.parent.mkdir(exist_ok=True)
        program.write_text(script)
        program.chmod(0o755)

    def run_tests(self, *arguments, script="tests/run", counts="5 0 0", **more):
        """(exit status, lines said, lines that ctest was asked)"""
        self.asked.write_text("")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("LATCHKEY_")}
        environment |= {"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "LATCHKEY_TEST_BUILD": str(self.folder / "build"),
                        "ASKED": str(self.asked), "COUNTS": counts, **more}
        done = subprocess.run(["bash", e2e.TOP / script, *arguments], env=environment, capture_output=True, text=True,
                              timeout=30, check=False)
        return done.returncode, (done.stdout + done.stderr).splitlines(), self.asked.read_text().splitlines()

    def test_a_group_is_a_label_and_its_time_and_repetitions_are_shown(self):
        for group in GROUPS:
            status, said, asked = self.run_tests(group)
            self.assertEqual((0, "6 passed, 0 failed"), (status, said[-1]), said)
            self.assertIn(f"--label-regex ^{group}$", asked[0])
            self.assertEqual(1, said.count("repetitions lost answers=100"))
            self.assertTrue(any(line.endswith(f" s  {group} (gcc), 5") for line in said), said)

    def test_anything_else_is_a_pattern_that_must_name_something(self):
        _, _, asked = self.run_tests(r"unit\.ids")
        self.assertIn(r"--no-tests=error --tests-regex unit\.ids", asked[0])
        status, said, _ = self.run_tests("nothing.of.this.name")
        self.assertEqual((1, "1 passed, 1 failed"), (status, said[-1]))

    def test_what_fails_is_counted_and_shown(self):
        status, said, _ = self.run_tests("unit", counts="5 2 1")
        self.assertEqual((1, "3 passed, 2 failed"), (status, said[-1]), "the last line is always these two counts")
        self.assertRegex(said[-2], "^1 skipped")
        self.assertTrue(any("unit.ids.something" in line for line in said))
        status, said, _ = self.run_tests("crash")
        self.assertEqual((1, "1 passed, 1 failed"), (status, said[-1]))
        status, said, asked = self.run_tests("unit", BROKEN="yes")
        self.assertEqual((1, "0 passed, 1 failed", []), (status, said[-1], asked))

    def test_without_arguments_all_groups_run_and_the_sanitizers(self):
        status, said, asked = self.run_tests()
        self.assertEqual((0, f"{4 + 5 * (6 + 5 + 2)} passed, 0 failed"), (status, said[-1]))
        ran = [tuple(line.split("--test-dir ")[1].split()[0].rsplit("/", 1)[1:]) + (line.split("^")[1].split("$")[0],)
               for line in asked]
        self.assertEqual([("gcc", group) for group in GROUPS] + [("asan", group) for group in GROUPS[1:]] +
                         [("tsan", "unit"), ("tsan", "integration")], ran)

    def test_ci_asks_for_full_counts(self):
        status, _, asked = self.run_tests(script=".ci/run")
        self.assertEqual(0, status)
        self.assertTrue(all(line.endswith("FULL=1") for line in asked if "/gcc " in line), asked)

    def test_an_unknown_option_is_refused_before_anything_is_built(self):
        status, said, asked = self.run_tests("--everything")
        self.assertEqual((2, "run: what is '--everything'?", []), (status, said[-1], asked))
        status, said, asked = self.run_tests("--help")
        self.assertEqual((0, []), (status, asked))
        self.assertTrue(any("tests/run unit e2e" in line for line in said), said)


class Cases(unittest.TestCase):
    """A program of tests that is asked for a case it does not have did not pass."""

    def asked(self, *command):
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)

    def test_a_case_that_is_not_there_fails(self):
        compiled = [str(e2e.BUILD / "tests/test_unit_harness")]
        for program in (compiled, [sys.executable, __file__]):
            names = self.asked(*program, "--list").stdout.split()
            self.assertGreater(len(names), 3)
            self.assertEqual(len(names), len(set(names)))
            for arguments in (("no_such_case",), (names[0][:-1],), ("",), (names[0], names[1])):
                done = self.asked(*program, *arguments)
                self.assertEqual(2, done.returncode, f"{arguments}: {done.stdout}{done.stderr}")
        self.assertEqual(0, self.asked(*compiled, "a_case_runs_alone_by_its_name").returncode)

    def test_two_cases_of_one_name_fail_and_so_does_one_that_exits(self):
        script = ("import sys, unittest\nsys.path.insert(0, sys.argv.pop(1))\nimport cases\n"
                  "class A(unittest.TestCase):\n def test_same(self): pass\n"
                  "class B(unittest.TestCase):\n def test_same(self): pass\n def test_left(self): sys.exit(0)\n"
                  "cases.main()\n")
        for name, status in (("same", 2), ("left", 1)):
            done = self.asked(sys.executable, "-c", script, str(e2e.TOP / "tests/support"), name)
            self.assertEqual(status, done.returncode, done.stderr)


if __name__ == "__main__":
    e2e.main()
