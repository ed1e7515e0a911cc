#!/usr/bin/env python3
"""The life of a provider credential: renamed, replaced in one step, expired, one for each user or one for the tenant."""

import datetime
import json
import pathlib
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

NEWER = "AKIAIOSFODNN7NEWEREX\nnewerXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY\neu-west-1"


def seconds(instant):
    return datetime.datetime.fromisoformat(instant.replace("Z", "+00:00")).timestamp()


def secret_of(fields):
    return fields.split("\n")[1]


class Life(e2e.Case):
    """Ben has an AWS credential; Ada administers; a fleet fetches."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ada, self.ben = self.genomics.admin, self.genomics.user("ben", "key-manager")
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.line = self.ben.command_line()
        self.id = world.add_aws(self.ben)

    def fetched(self):
        return json.loads(self.fleet.ok("credential-process", "aws", "--owner", self.ben.email))

    def policy(self, **values):
        self.genomics.admin.caller.ok("keys", "AccountService/SetPolicy", values=[
            {"name": name, "value": value} for name, value in values.items()])

    def actions(self):
        events = self.ada.command_line().json("audit", "list", "--object", self.id)["events"]
        return [event["action"] for event in events]

    def test_a_policy_that_asks_for_more_than_a_fetch_can_show_hands_out_nothing(self):
        for name, reason in (("require_lease", "LEASE_REQUIRED"), ("require_signed_fetch", "SIGNATURE_REQUIRED")):
            self.ada.command_line().ok("policy", "set", f"{name}=yes")
            self.fleet.refused("credential-process", "aws", "--owner", self.ben.email, reason=reason)
            self.state.ok("policy", "set", f"{name}=no", "--tenant", "genomics")
        self.assertEqual(secret_of(world.AWS_FIELDS), self.fetched()["SecretAccessKey"])

    def test_renaming_changes_the_label_and_nothing_else(self):
        before = self.line.json("credential", "show", self.id)
        renamed = self.line.json("credential", "rename", self.id, "archive bucket")
        self.assertEqual({**before, "label": "archive bucket"}, renamed)
        self.assertEqual(renamed, self.line.json("credential", "show", self.id))
        self.assertEqual(secret_of(world.AWS_FIELDS), self.fetched()["SecretAccessKey"])
        self.line.refused("credential", "rename", self.id, "a\tb", reason="LABEL_INVALID")
        self.line.misused("credential", "rename", self.id)
        self.assertEqual(["credential.fetched", "credential.renamed", "credential.created"], self.actions())

    def test_replacing_is_a_new_version_with_a_life_of_its_own(self):
        before = self.line.json("credential", "show", self.id)
        replaced = self.line.json("credential", "replace", self.id, "--ttl", "10d", stdin=NEWER)
        self.assertEqual((self.id, before["label"], before["version"] + 1, NEWER.split("\n")[0]),
                         tuple(replaced[name] for name in ("id", "label", "version", "hint")))
        self.assertLess(replaced["expires_at"], before["expires_at"])
        self.assertEqual(secret_of(NEWER), self.fetched()["SecretAccessKey"])
        self.assertEqual([], self.state.files_holding(secret_of(NEWER)))
        self.assertEqual(["credential.fetched", "credential.replaced", "credential.created"], self.actions())

    def test_a_replacement_that_is_refused_leaves_the_old_one(self):
        wrong = NEWER.replace("eu-west-1", "Europe")
        self.line.refused("credential", "replace", self.id, stdin=wrong, reason="region")
        self.line.refused("credential", "replace", self.id, "--ttl", "90x", stdin=NEWER, reason="DURATION_INVALID")
        self.line.refused("credential", "replace", "crd_" + "0" * 26, stdin=NEWER, reason="CREDENTIAL_NOT_FOUND")
        reply = self.ben.caller.call("credentials", "CredentialService/ReplaceCredential", id=self.id)
        self.assertEqual("SECRET_MISSING", reply.reason, str(reply))
        self.assertEqual(secret_of(world.AWS_FIELDS), self.fetched()["SecretAccessKey"])
        self.assertEqual(1, self.line.json("credential", "show", self.id)["version"])

    def test_a_replacement_sent_again_happens_once(self):
        for _ in range(2):
            again = self.line.json("credential", "replace", self.id, "--idempotency-key", "rotate-1", stdin=NEWER)
            self.assertEqual(2, again["version"])
        self.line.refused("credential", "replace", self.id, "--idempotency-key", "rotate-1", stdin=world.AWS_FIELDS,
                          reason="IDEMPOTENCY_KEY_REUSED")

    def test_who_fetches_while_it_is_replaced_gets_one_version_whole(self):
        ends, seen = threading.Event(), []

        def fetch():
            while not ends.is_set() or len(seen) < 3:
                answer = self.fetched()
                seen.append((answer["AccessKeyId"], answer["SecretAccessKey"]))

        reader = threading.Thread(target=fetch)
        reader.start()
        rounds = e2e.repeat("replacements", 100, 10)
        for number in range(rounds):
            self.line.ok("credential", "replace", self.id, stdin=world.AWS_FIELDS if number % 2 else NEWER)
        ends.set()
        reader.join()
        whole = {tuple(fields.split("\n")[:2]) for fields in (world.AWS_FIELDS, NEWER)}
        self.assertLessEqual(set(seen), whole)
        self.assertEqual(rounds + 1, self.line.json("credential", "show", self.id)["version"])

    def test_owner_and_administrator_change_it_and_nobody_else(self):
        cat = self.genomics.user("cat", "key-manager").command_line()
        cat.refused("credential", "rename", self.id, "mine", reason="CREDENTIAL_NOT_FOUND")
        cat.refused("credential", "replace", self.id, stdin=NEWER, reason="CREDENTIAL_NOT_FOUND")
        ada = self.ada.command_line()
        self.assertEqual(self.ben.id, ada.json("credential", "rename", self.id, "by ada")["owner"])
        self.assertEqual(2, ada.json("credential", "replace", self.id, stdin=NEWER)["version"])
        self.assertEqual(secret_of(NEWER), self.fetched()["SecretAccessKey"])

    def test_an_expired_one_is_blocked_or_handed_out_with_a_warning(self):
        self.line.ok("credential", "replace", self.id, "--ttl", "1s", stdin=NEWER)
        e2e.wait_until(lambda: self.line.json("credential", "show", self.id)["state"] == "expired", 20, "expired")
        self.fleet.refused("credential-process", "aws", "--owner", self.ben.email, reason="CREDENTIAL_EXPIRED")
        self.policy(external_on_expiry="warn")
        for command in (("credential-process", "aws", "--owner", self.ben.email),
                        ("exec", "--owner", self.ben.email, "aws", "--", "true")):
            result = self.fleet.run(*command)
            self.assertEqual(0, result.code, result)
            self.assertIn("expired", result.err)
        self.assertNotIn("Expiration", self.fetched())  # AWS tools would not use one of the past
        self.line.ok("credential", "replace", self.id, stdin=NEWER)
        self.assertEqual("", self.fleet.run("exec", "--owner", self.ben.email, "aws", "--", "true").err)

    def test_the_longest_life_is_the_policys_also_for_a_replacement(self):
        self.policy(external_ttl_default="10d", external_ttl_max="30d")
        self.line.refused("credential", "replace", self.id, "--ttl", "31d", stdin=NEWER, reason="TTL_TOO_LONG")
        self.line.refused("credential", "replace", self.id, "--ttl", "never", stdin=NEWER, reason="TTL_TOO_LONG")
        replaced = self.line.json("credential", "replace", self.id, stdin=NEWER)
        self.assertLess(abs(seconds(replaced["expires_at"]) - time.time() - 10 * 86400), 3600)

    def test_where_the_tenant_has_one_place_a_second_user_is_refused(self):
        cat = self.genomics.user("cat", "key-manager")
        self.policy(external_unique_scope="tenant")
        add = ("credential", "add", "aws", "--label", "x")
        cat.command_line().refused(*add, stdin=world.AWS_FIELDS, reason="CREDENTIAL_EXISTS")
        self.line.ok("credential", "delete", self.id)
        made = cat.command_line().json(*add, stdin=world.AWS_FIELDS)
        self.line.refused(*add, stdin=world.AWS_FIELDS, reason="CREDENTIAL_EXISTS")
        cat.command_line().ok("credential", "replace", made["id"], stdin=NEWER)
        self.policy(external_unique_scope="user")
        self.line.ok(*add, stdin=world.AWS_FIELDS)

    def test_a_fetch_is_the_last_use_noted_once_a_minute(self):
        self.assertIsNone(self.line.json("credential", "show", self.id)["last_used_at"])
        begun = time.time()
        self.fetched()
        used = self.line.json("credential", "show", self.id)["last_used_at"]
        self.assertTrue(begun - 1 < seconds(used) < time.time() + 1, used)
        self.fetched()
        self.assertEqual(used, self.line.json("credential", "list")["credentials"][0]["last_used_at"])

    def test_a_disabled_owners_credential_is_not_handed_out(self):
        self.ada.caller.ok("keys", "AccountService/SetUserState", user=self.ben.id, state="disabled")
        self.fleet.refused("credential-process", "aws", "--owner", self.ben.email, reason="OWNER_NOT_ACTIVE")
        self.ada.caller.ok("keys", "AccountService/SetUserState", user=self.ben.id, state="active")
        self.assertEqual(secret_of(world.AWS_FIELDS), self.fetched()["SecretAccessKey"])


class Rate(e2e.Case):
    """Six fetches a minute are allowed to each worker, one of them at once."""

    def test_a_worker_that_fetches_too_often_waits_and_no_other(self):
        with open(self.state.path / "credentials.conf", "a", encoding="utf-8") as conf:
            conf.write("fetch-rate = 6\n")
        self.state.start()
        genomics = world.Tenant(self.state, "genomics")
        ben = genomics.user("ben", "key-manager")
        world.add_aws(ben)
        for name in ("fleet", "other-fleet"):
            worker = wire.signed_in(self.state, world.principal(self.state, name, ["credentials.fetch"], "genomics").secret)
            transport = worker.ok("credentials", "CredentialService/AgreeTransport", client_public_key=b"\x09" + bytes(31))
            replies = [worker.call("credentials", "CredentialService/FetchCredential", owner=ben.email, provider="aws", purpose="job-1",
                                   transport_id=transport["transport_id"]) for _ in range(3)]
            self.assertEqual(["OK", "RESOURCE_EXHAUSTED", "RESOURCE_EXHAUSTED"], [reply.status for reply in replies])
            self.assertEqual("FETCH_RATE", replies[1].reason)


e2e.main()
