"""Runs a file of unittest cases for ctest, one entry per method; a file ends with `cases.main()`.

    file.py              runs all cases
    file.py --list       prints them, one a line, without their `test_`
    file.py CASE         runs that case; exits 0 passed, 1 failed, 77 skipped, 2 unless exactly one case ran
"""

import sys
import unittest

PASSED, FAILED, MISUSED, SKIPPED = 0, 1, 2, 77


def _all(suite):
    for item in suite:
        if isinstance(item, unittest.TestSuite):
            yield from _all(item)
        else:
            yield item


def _name(case):
    return case.id().rsplit(".", 1)[-1].removeprefix("test_")


def main():
    cases = list(_all(unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])))
    if len(sys.argv) > 2:
        sys.exit(MISUSED)
    if not cases:
        print("a file of tests without a case tests nothing", file=sys.stderr)
        sys.exit(MISUSED)
    if sys.argv[1:] == ["--list"]:
        print("\n".join(_name(case) for case in cases))
        sys.exit(PASSED)
    wanted = [case for case in cases if sys.argv[1:] in ([], [_name(case)])]
    if sys.argv[1:] and len(wanted) != 1:
        print(f"{len(wanted)} cases are named {sys.argv[1]}; --list shows them", file=sys.stderr)
        sys.exit(MISUSED)
    result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(wanted))
    if result.testsRun != len(wanted) and not result.skipped:
        sys.exit(MISUSED)
    if not result.wasSuccessful():
        sys.exit(FAILED)
    sys.exit(SKIPPED if len(result.skipped) == len(wanted) else PASSED)
