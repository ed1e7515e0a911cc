#!/usr/bin/env python3
"""One SQL text for two engines: every statement is prepared on both, and both schemas are the same."""

import json
import os
import pathlib
import re
import shlex
import sqlite3
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import cases
import postgres
import tree

BUILD = pathlib.Path(os.environ.get("LATCHKEY_BUILD", tree.TOP / "build"))
STATEMENT = re.compile(r'\bconst char (?:\w+_)?((?:Q|DDL)_\w+)\[\]\s*=\s*((?:"(?:\\.|[^"\\])*"\s*)+);')
PART = re.compile(r'"((?:\\.|[^"\\])*)"')
SCHEMA_TABLE = "lk_schema"
ONLY_POSTGRES = {"feed_counter"}  # what an INTEGER PRIMARY KEY of SQLite does by itself
KINDS = {"text": "text", "blob": "bytes", "bytea": "bytes", "bigint": "integer", "integer": "integer", "smallint": "integer"}


def statements():
    """(file, name, SQL) of every constant Q_… in the programs and libraries, macros expanded."""
    found = []
    for entry in json.loads((BUILD / "compile_commands.json").read_text()):
        name = str(pathlib.Path(entry["file"]).resolve().relative_to(tree.TOP))
        if not name.startswith(("common/", "services/")) or "/store/postgres" in name or "/store/sqlite" in name:
            continue
        if not re.search(r"\bQ_[A-Z]", tree.text(name)):
            continue
        words = shlex.split(entry["command"])
        words = [word for word in words if word not in ("-c", "ccache") and not word.endswith("/ccache")]
        at = words.index("-o")
        done = subprocess.run([*words[:at], *words[at + 2:], "-E", "-P"], cwd=entry["directory"], capture_output=True, text=True,
                              check=True)
        for constant, text in STATEMENT.findall(done.stdout):
            sql = "".join(PART.findall(text)).replace('\\"', '"').replace("\\n", "\n")
            found.append((name, constant, sql))
    return found


def migrations(engine):
    """All steps of all owners, one after the other."""
    steps = sorted(name for name in tree.files() if re.match(rf"(common|services)/\w+/migrations/{engine}/\d+_\w+\.sql$", name))
    return "\n".join(tree.text(name) for name in steps)


def schema_table():
    """The one table that is no migration: migrate.c makes it."""
    macro = re.search(r"#define DDL_SCHEMA(.*?)(?<!\\)\n", tree.text("common/store/migrate.c"), re.S).group(1)
    return "".join(PART.findall(macro)) + ";\n"


class TwoEngines(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.sqlite = sqlite3.connect(":memory:")
        cls.sqlite.executescript(schema_table() + migrations("sqlite"))
        cls.server = postgres.Server(os.environ["LATCHKEY_TEST_POSTGRES"])
        cls.schema = f"lint_{os.getpid()}"
        cls.server.sql(f"CREATE SCHEMA {cls.schema}; {cls.path()}; {schema_table()} {migrations('postgres')}", postgres.DATABASE)

    @classmethod
    def tearDownClass(cls):
        cls.server.sql(f"DROP SCHEMA {cls.schema} CASCADE", postgres.DATABASE)

    @classmethod
    def path(cls):
        return f"SET search_path = {cls.schema}; SET client_min_messages = error"

    def ask(self, statement):
        return self.server.sql(f"{self.path()}; {statement}", postgres.DATABASE)

    # Statements

    def test_every_statement_is_prepared_on_both_engines(self):
        found = statements()
        self.assertGreater(len(found), 60, "the statements are found")
        wrong = []
        for name, constant, sql in found:
            try:
                self.sqlite.execute("EXPLAIN " + sql, {word: None for word in set(re.findall(r"\$(\d+)", sql))})
            except sqlite3.Error as why:
                wrong.append(f"{name} {constant} on SQLite: {why}")
        script = [f"\\echo {number}\n{'' if sql.startswith('CREATE') else f'PREPARE p{number} AS'} {sql};"
                  for number, (_, _, sql) in enumerate(found)]
        errors = self.server.script(f"{self.path()};\n" + "\n".join(script), postgres.DATABASE)
        for number, why in re.findall(r"^(\d+)\n(?:psql:\S+ )?(?:ERROR:  )(.*)$", errors, re.M):
            name, constant, _ = found[int(number)]
            wrong.append(f"{name} {constant} on PostgreSQL: {why}")
        self.assertEqual([], wrong)

    def test_a_statement_of_one_engine_alone_would_be_seen(self):
        errors = self.server.script("\\echo 7\nPREPARE p AS SELECT x'00' GLOB 'a';\n", postgres.DATABASE)
        self.assertRegex(errors, r"7\n.*ERROR")

    # Schemas

    def sqlite_tables(self):
        tables = {}
        for (table,) in self.sqlite.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
            rows = self.sqlite.execute(f"PRAGMA table_info({table})").fetchall()
            columns = [(row[1], KINDS[row[2].lower()], bool(row[3] or row[5])) for row in rows]
            key = tuple(row[1] for row in sorted(rows, key=lambda row: row[5]) if row[5])
            unique, plain = {key}, set()
            for index in self.sqlite.execute(f"PRAGMA index_list({table})").fetchall():
                names = tuple(row[2] for row in self.sqlite.execute(f"PRAGMA index_info({index[1]})"))
                if index[3] != "pk":
                    (unique if index[2] else plain).add(names + ("partial",) * index[4])
            foreign = {(row[3], row[2]) for row in self.sqlite.execute(f"PRAGMA foreign_key_list({table})")}
            tables[table] = (columns, key, unique, plain, foreign)
        return tables

    def rows(self, statement):
        return [line.split("|") for line in self.ask(statement).splitlines()]

    def postgres_tables(self):
        tables = {}
        here = f"'{self.schema}'::regnamespace"
        for (table,) in self.rows(f"SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = {here}"):
            columns = [(name, KINDS[kind], notnull == "t") for name, kind, notnull in self.rows(
                "SELECT attname, format_type(atttypid, NULL), attnotnull FROM pg_attribute "
                f"WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped ORDER BY attnum")]
            key, unique, plain = (), set(), set()
            for names, is_key, is_unique, partial in self.rows(
                    "SELECT (SELECT string_agg(attname, ',' ORDER BY n) FROM unnest(indkey) WITH ORDINALITY AS k (num, n) "
                    "JOIN pg_attribute ON attrelid = indrelid AND attnum = num), indisprimary, indisunique, indpred IS NOT NULL "
                    f"FROM pg_index WHERE indrelid = '{table}'::regclass"):
                names = tuple(names.split(",")) + ("partial",) * (partial == "t")
                key = names if is_key == "t" else key
                (unique if is_unique == "t" else plain).add(names)
            foreign = {(column, other) for column, other in self.rows(
                "SELECT attname, confrelid::regclass FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1] "
                f"WHERE contype = 'f' AND conrelid = '{table}'::regclass")}
            tables[table] = (columns, key, unique, plain, foreign)
        return tables

    def test_both_schemas_have_the_same_tables_columns_and_indexes(self):
        ours, theirs = self.sqlite_tables(), self.postgres_tables()
        self.assertEqual(set(ours), set(theirs) - ONLY_POSTGRES)
        for table, shape in ours.items():
            for what, mine, other in zip(("columns", "key", "unique", "indexes", "references"), shape, theirs[table]):
                self.assertEqual(mine, other, f"{what} of {table}: SQLite, PostgreSQL")

    def test_text_compares_by_its_bytes_on_both_engines(self):
        self.assertEqual([], [row for row in self.rows(
            "SELECT attrelid::regclass, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid "
            f"WHERE relkind = 'r' AND relnamespace = '{self.schema}'::regnamespace AND attnum > 0 AND atttypid = 'text'::regtype "
            "AND attcollation <> 'pg_catalog.\"C\"'::regcollation") if row[0] != SCHEMA_TABLE])


if __name__ == "__main__":
    cases.main()
