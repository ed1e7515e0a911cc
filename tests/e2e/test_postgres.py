#!/usr/bin/env python3
"""Whole services on PostgreSQL: the suites of the main job, of kill -9, revocation, signing in, isolation and feeds once more,
with another store-url and nothing else changed."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import postgres
import test_backup
import test_credentials_many
import test_feed
import test_fetch_remembered
import test_isolation
import test_kill
import test_main_job
import test_revocation
import test_sandbox
import test_sign_in


class MainJobOnPostgres(test_main_job.MainJob):
    engine = "postgres"

    def test_a_services_role_reaches_no_schema_but_its_own(self):
        for own in e2e.SERVICES:
            for other in e2e.SERVICES:
                schema, role = self.state.schema(other), self.state.schema(own)
                said = self.state.server.script(f"SET ROLE {role};\nSELECT count(*) >= 0 FROM {schema}.audit_event;\n"
                                                f"DELETE FROM {schema}.audit_event WHERE row_id < 0;\n"
                                                f"CREATE TABLE {schema}.mine (n int);\n", postgres.DATABASE).splitlines()
                if own == other:
                    self.assertEqual(["t"], said)
                else:
                    denied = [line for line in said if f"permission denied for schema {schema}" in line]
                    self.assertEqual(3, len(denied), f"{own} in {other}: {said}")


class FetchesOnPostgres(test_fetch_remembered.Remembered):
    """Nothing is remembered where others may write beside keys."""

    engine = "postgres"

    def test_a_fetch_asks_keys_each_time(self):
        self.assert_fetches(self.ben.id)
        self.state.kill("keys")
        self.assertNotEqual("OK", self.fleet.fetch(self.ben.id))
        self.state.start("keys")
        e2e.wait_until(lambda: self.fleet.fetch(self.ben.id) == "OK", 10, "a fetch with keys again")


class DrillOnPostgres(test_backup.Drill):
    engine = "postgres"


class CredentialsOnPostgres(test_credentials_many.Many):
    engine = "postgres"


class KillOnPostgres(test_kill.Kill):
    engine = "postgres"


class RevocationOnPostgres(test_revocation.Revocation):
    engine = "postgres"


class SignInOnPostgres(test_sign_in.SignIn):
    engine = "postgres"


class TwoTenantsOnPostgres(test_isolation.TwoTenants):
    engine = "postgres"


class WorkerOfATenantOnPostgres(test_isolation.WorkerOfATenant):
    engine = "postgres"


class NobodyOnPostgres(test_isolation.Nobody):
    engine = "postgres"


class SandboxOnPostgres(test_sandbox.Sandbox):
    engine = "postgres"
    services_differ = {**test_sandbox.OPENS_SOCKETS, "connects_to_another_host": "0",
                       "opens_a_foreign_file": "0"}  # libpq reads what its URL names


class FeedsOnPostgres(test_feed.Feeds):
    engine = "postgres"
    leased = False  # decisions/0018: readers ask


if __name__ == "__main__":
    e2e.main()
