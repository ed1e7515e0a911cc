"""The rules of style that a program can check on one file. Each takes (name, source) and yields (line, what is wrong)."""

import re

from tree import code, line_of

FILE_LINES = 600
FUNCTION_LINES = 70

# Which library may be included from where: style.md, "one wrapper per library".
WRAPPERS = {
    "nng/": ("common/rpc/", "common/feed/"),
    "sodium": ("common/crypto/", "common/id/"),
    "sqlite3": ("common/store/",),
    "libpq": ("common/store/",),
    "postgresql/": ("common/store/",),
    "jwt.h": ("services/tokens/", "common/auth/"),
    "openssl/": ("common/crypto/",),
    "p11-kit/": ("common/crypto/",),
    "microhttpd": ("services/gateway/",),
    "seccomp.h": ("common/daemon/",),
}
ONE_FILE = ("jwt.h", "microhttpd", "seccomp.h")

BANNED = {
    "strcpy": "lk_text_copy", "strcat": "snprintf", "strncpy": "lk_text_copy", "strncat": "snprintf",
    "sprintf": "snprintf", "vsprintf": "vsnprintf", "gets": "fgets", "strtok": "a parser", "alloca": "an arena",
    "atoi": "strtoll with its end checked", "atol": "strtoll", "atof": "strtod", "system": "posix_spawn",
    "popen": "posix_spawn", "tmpnam": "mkstemp", "mktemp": "mkstemp", "rand": "lk_random_fill",
}


def is_product(name):
    return name.startswith(("common/", "services/", "clients/"))


def short_files(name, source):
    count = source.count("\n")
    if count > FILE_LINES:
        yield FILE_LINES, f"{count} lines; a file holds one idea in at most {FILE_LINES}"


_FUNCTION = re.compile(r"^(\w+)\([^;{}]*\)\n\{\n(.*?)^\}", re.M | re.S)


def functions(source):
    """(line, name, lines) of each function defined in C formatted as ours is."""
    plain = code(source)
    for found in _FUNCTION.finditer(plain):
        yield line_of(plain, found.start()), found.group(1), found.group(0).count("\n") + 1


def short_functions(name, source):
    for line, function, lines in functions(source):
        if lines > FUNCTION_LINES:
            yield line, f"{function} has {lines} lines of at most {FUNCTION_LINES}"


def opening_words(name, source):
    start = source.removeprefix("#!/usr/bin/env bash\n").removeprefix("#!/usr/bin/env python3\n")
    begins = {".c": "/*", ".h": "/*", ".def": "/*", ".py": '"""', ".sql": "--", ".proto": "//", ".cmake": "#"}
    wanted = next((mark for ending, mark in begins.items() if name.endswith(ending)), None)
    if wanted and not start.startswith(wanted):
        yield 1, "a file opens by saying what it is for"


def no_banned_calls(name, source):
    plain = code(source)
    for found in re.finditer(r"(?<![\w.>])(\w+)\s*\(", plain):
        if found.group(1) in BANNED:
            yield line_of(plain, found.start()), f"{found.group(1)}: use {BANNED[found.group(1)]}"


def no_goto_beside_auto(name, source):
    plain = code(source)
    if "LK_AUTO(" not in plain:
        return
    for found in re.finditer(r"\bgoto\b", plain):
        yield line_of(plain, found.start()), "goto beside LK_AUTO"


def plain_installed_headers(name, source):
    if re.match("clients/[^/]+/include/", name):
        for found in re.finditer(r"LK_AUTO|__attribute__\(\(cleanup|#\s*include\s*<(nng|protobuf-c)/", source):
            yield line_of(source, found.start()), f"{found.group(0)} in a header that others compile"


def wrapper_law(name, source):
    if not is_product(name):
        return
    for found in re.finditer(r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', source, re.M):
        for library, places in WRAPPERS.items():
            if found.group(1).startswith(library) and not name.startswith(places):
                yield line_of(source, found.start()), f"{found.group(1)} belongs to {' and '.join(places)}"


def no_unfinished_words(name, source):
    for found in re.finditer(r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", source):
        yield line_of(source, found.start()), f"{found.group(1)}: finish it or leave it out"


def no_machine_paths(name, source):
    for found in re.finditer(r"(?<![\w.$}])/(?:work|root|Users)/|(?<![\w.$}])/home/(?!latchkey|you)\w+", source):
        yield line_of(source, found.start()), f"a path of one machine: {found.group(0)}"


def guarded_headers(name, source):
    if name.endswith(".h") and not re.search(r"#ifndef (\w+_H)\n#define \1\n", source):
        yield 1, "a header has an include guard"


def own_header_first(name, source):
    """x.c that includes an x.h includes it before anything else."""
    includes = re.findall(r'^#\s*include\s*[<"]([^>"]+)[>"]', source, re.M)
    stem = name.rsplit("/", 1)[-1].removesuffix(".c") + ".h"
    own = [i for i, path in enumerate(includes) if path.rsplit("/", 1)[-1] == stem]
    if name.endswith(".c") and is_product(name) and own and own[0] > 0:
        yield 1, f"{includes[own[0]]} is included first"


_STATEMENT = re.compile(r'"\s*(SELECT |INSERT INTO|UPDATE \w+ SET|DELETE FROM|CREATE TABLE)')


def sql_in_stores(name, source):
    if not name.startswith(("services/", "clients/")) or name.endswith("_store.c"):
        return
    if name.endswith((".c", ".h")):
        for found in _STATEMENT.finditer(source):
            yield line_of(source, found.start()), "SQL lives in *_store.c"


def portable_sql(name, source):
    if not name.endswith(("_store.c", ".sql")):
        return
    for found in re.finditer(r"\bLIKE\b|\bFOR UPDATE\b|=\s*ANY\b|\bgreatest\(|\bAUTOINCREMENT\b", source, re.I):
        yield line_of(source, found.start()), f"{found.group(0)} is outside the subset that both engines share"


def still_unit_tests(name, source):
    if not name.startswith("tests/unit/") or name == "tests/unit/test_clock.c":  # which tests the real one
        return
    plain = code(source)
    for found in re.finditer(r"\b(u?sleep|nanosleep|clock_gettime|gettimeofday|lk_clock_system)\s*\(", plain):
        yield line_of(plain, found.start()), f"{found.group(1)}: a unit test has a frozen clock and never waits"


def sentences(name, source):
    for found in re.finditer(r"^static void\n(\w+)\(void \*\*", source, re.M):
        if re.match(r"tests/(?!support/)\w+/test_", name) and found.group(1).count("_") < 2:
            yield line_of(source, found.start()), f"{found.group(1)}: a case is named by a sentence"


# Rules on C, and rules on every text file.
C_RULES = (short_functions, no_banned_calls, no_goto_beside_auto, plain_installed_headers, wrapper_law, guarded_headers,
           own_header_first, sql_in_stores, still_unit_tests, sentences)
TEXT_RULES = (short_files, opening_words, no_unfinished_words, no_machine_paths, portable_sql)

# For each rule a file that breaks it, so that a rule which finds nothing is noticed.
BREACHES = (
    (short_files, "common/a/a.c", "\n" * 601),
    (short_functions, "common/a/a.c", "static int\nf(int a,\n    int b)\n{\n" + "\tg();\n" * 69 + "}\n"),
    (opening_words, "common/a/a.c", "#include <x.h>\n"),
    (no_banned_calls, "common/a/a.c", "int x = atoi(text);"),
    (no_goto_beside_auto, "common/a/a.c", "LK_AUTO(f) int x; goto out;"),
    (plain_installed_headers, "clients/c/include/latchkey/a.h", "#include <nng/nng.h>\n"),
    (plain_installed_headers, "clients/validator/include/latchkey/a.h", "LK_AUTO(f) int x;"),
    (wrapper_law, "services/keys/a.c", "#include <sodium.h>\n"),
    (wrapper_law, "common/auth/a.c", "#include <nng/nng.h>\n"),
    (no_unfinished_words, "README.md", "TO" "DO: all"),
    (no_machine_paths, "README.md", "see /wo" "rk/here"),
    (guarded_headers, "common/a/a.h", "int f(void);\n"),
    (own_header_first, "common/a/a.c", '#include <stdio.h>\n#include "a/a.h"\n'),
    (sql_in_stores, "services/keys/service.c", 'const char *q = "SELECT id FROM keys";'),
    (portable_sql, "services/keys/key_store.c", '"SELECT id FROM keys WHERE name LIKE $1"'),
    (still_unit_tests, "tests/unit/test_a.c", "usleep(3);"),
    (sentences, "tests/unit/test_a.c", "static void\nworks(void **state)\n"),
)
