#!/usr/bin/env python3
"""Whole services on PostgreSQL: the main job of test_main_job.py once more, with another store-url and nothing else changed."""

import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import postgres
import test_main_job


class MainJobOnPostgres(test_main_job.MainJob):
    engine = "postgres"

    def test_a_services_role_reaches_no_schema_but_its_own(self):
        server = postgres.Server(os.environ["LATCHKEY_TEST_POSTGRES"])
        urls = [line.split(" = ")[1] for name in e2e.SERVICES
                for line in (self.state.path / f"{name}.conf").read_text().splitlines() if line.startswith("store-url")]
        schemas = [url.rsplit("schema=", 1)[1] for url in urls]
        for own in schemas:
            for other in schemas:
                readable = server.sql(f"SELECT has_schema_privilege('{own}', '{other}', 'USAGE')", postgres.DATABASE).strip()
                self.assertEqual("t" if own == other else "f", readable, f"{own} in {other}")


if __name__ == "__main__":
    e2e.main()
