#!/usr/bin/env python3
"""What keys said of an owner is remembered under a lease of its feed: a change is seen by the very next fetch, a lost lease by all."""

import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import transport_seal
import world

FETCH = "CredentialService/FetchCredential"
STALENESS_S = 5


class Worker:
    """Fetches the AWS credential of somebody, with one transport key."""

    def __init__(self, state, secret):
        self.state, self.secret = state, secret
        self.begin()

    def begin(self):
        self.caller, self.transport = wire.signed_in(self.state, self.secret), transport_seal.Transport()
        self.id = self.caller.ok("credentials", "CredentialService/AgreeTransport", client_public_key=self.transport.public)["transport_id"]

    def fetch(self, owner, **wish):
        """The reason of a refusal, or "OK"."""
        reply = self.caller.call("credentials", FETCH, owner=owner, provider="aws", purpose="job-1", transport_id=self.id, **wish)
        return reply.reason if reply.status != "OK" else "OK"


class Fetches(e2e.Case):
    """Ben has a credential; a fleet fetches it, and so does Wes, who shares a workgroup with him."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ben = self.genomics.user("ben", "key-manager")
        world.add_aws(self.ben)
        self.fleet = Worker(self.state, world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)

    def assert_fetches(self, owner, worker=None):
        """The second is answered by what the first was told."""
        self.assertEqual(["OK", "OK"], [(worker or self.fleet).fetch(owner) for _ in range(2)])

    def ask_keys(self, method, **message):
        """As the administrator, with a new token: what narrows rights ends the old ones."""
        ada = wire.signed_in(self.state, self.genomics.admin.session)
        try:
            return ada.ok("keys", f"AccountService/{method}", **message)
        finally:
            ada.close()


class Remembered(Fetches):
    def test_every_change_of_an_owner_is_seen_by_the_very_next_fetch(self):
        ben, old = self.ben.id, self.ben.email
        for owner in (ben, old):
            self.assert_fetches(owner)
            self.ask_keys("SetUserState", user=ben, state="disabled")
            self.assertEqual("OWNER_NOT_ACTIVE", self.fleet.fetch(owner))
            self.ask_keys("SetUserState", user=ben, state="active")
            self.assert_fetches(owner)
            self.ask_keys("SetPolicy", values=[{"name": "require_lease", "value": "yes"}])
            self.assertEqual("LEASE_REQUIRED", self.fleet.fetch(owner))
            self.ask_keys("SetPolicy", values=[{"name": "require_lease", "value": "no"}])
            self.assert_fetches(owner)
            self.state.ok("tenant", "suspend", "genomics")
            self.assertEqual("OWNER_NOT_ACTIVE", self.fleet.fetch(owner))
            self.state.ok("tenant", "resume", "genomics")
        self.assert_fetches(old)
        self.ask_keys("UpdateUser", user=ben, email="benedict@genomics.example")
        self.assertEqual("USER_NOT_FOUND", self.fleet.fetch(old))
        self.ask_keys("CreateUser", email=old)
        self.assertEqual("CREDENTIAL_NOT_FOUND", self.fleet.fetch(old))  # of the new Ben, who has none
        self.assert_fetches(ben)
        self.ask_keys("DeleteUser", user=ben)
        self.assertEqual("USER_NOT_FOUND", self.fleet.fetch(ben))

    def test_a_worker_who_left_the_workgroup_or_shows_a_narrower_token_is_another(self):
        wes = self.genomics.user("wes")
        self.state.ok("user", "roles", wes.email, "ingestion-worker", "--tenant", "genomics")
        group = self.ask_keys("CreateWorkgroup", name="plants")["workgroup"]["id"]
        for user in (wes.id, self.ben.id):
            self.ask_keys("AddWorkgroupMember", workgroup=group, user=user)
        worker = Worker(self.state, wes.session)
        self.assert_fetches(self.ben.id, worker)
        self.ask_keys("RemoveWorkgroupMember", workgroup=group, user=self.ben.id)
        self.assertEqual("USER_NOT_FOUND", worker.fetch(self.ben.id))
        self.ask_keys("AddWorkgroupMember", workgroup=group, user=self.ben.id)
        self.assert_fetches(self.ben.id, worker)
        self.ask_keys("RemoveWorkgroupMember", workgroup=group, user=wes.id)
        worker.begin()
        self.assertEqual("USER_NOT_FOUND", worker.fetch(self.ben.id))
        self.assert_fetches(self.ben.id)
        stranger = Worker(self.state, world.principal(self.state, "strangers", ["credentials.fetch"], "ALL").secret)
        world.Tenant(self.state, "proteomics")
        self.assertEqual("USER_NOT_FOUND", stranger.fetch(self.ben.id, tenant="proteomics"))
        self.assertEqual("OK", stranger.fetch(self.ben.id, tenant="genomics"))


class Leased(Fetches):
    def test_without_keys_the_lease_bounds_what_is_remembered_and_a_restored_database_is_another_epoch(self):
        self.state.kill("keys")
        shutil.copytree(self.state.path / "data", self.state.folder / "before")
        self.state.start("keys")
        self.ask_keys("SetPolicy", values=[{"name": "require_lease", "value": "yes"}])
        self.assertEqual("LEASE_REQUIRED", self.fleet.fetch(self.ben.id))
        self.state.kill("keys")
        for file in (self.state.path / "data").glob("keys.db*"):
            file.unlink()
        for file in (self.state.folder / "before").glob("keys.db*"):
            shutil.copy(file, self.state.path / "data")
        self.state.start("keys")
        e2e.wait_until(lambda: self.fleet.fetch(self.ben.id) == "OK", STALENESS_S, "a fetch by the database that was put back")
        self.assert_fetches(self.ben.id)
        self.state.kill("keys")
        self.assertEqual("OK", self.fleet.fetch(self.ben.id))  # keys is not asked
        e2e.wait_until(lambda: self.fleet.fetch(self.ben.id) != "OK", STALENESS_S + 1, "the end of the lease")
        self.state.start("keys")
        e2e.wait_until(lambda: self.fleet.fetch(self.ben.id) == "OK", STALENESS_S, "a fetch with keys again")


if __name__ == "__main__":
    e2e.main()
