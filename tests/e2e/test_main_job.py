#!/usr/bin/env python3
"""The main job, typed as a newcomer would: from tenant to audit trail, each answer checked."""

import datetime
import json
import os
import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import aws_endpoint
import latchkey_e2e as e2e

AWS_CLI = "/usr/bin/aws"
AWS_KEY_ID, AWS_SECRET, AWS_REGION = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "eu-central-1"
AWS_FIELDS = f"{AWS_KEY_ID}\n{AWS_SECRET}\n{AWS_REGION}\n"
DX_TOKEN = "dnanexusExampleToken0123456789abcdef"
BEN = "ben@genomics.example"
KEY_TEXT = re.compile(r"lk_[0-9a-z]{26}_[0-9A-Za-z]{49}")


class MainJob(e2e.Case):
    """Steps 1 and 2 of the job have happened when a case begins."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile",
                                      "panomics", "--admin", "ada@genomics.example")
        self.fleet_made = self.state.json("principal", "create", "ingest-fleet", "--permission", "credentials.fetch",
                                          "--tenant", "genomics")
        self.samples_made = self.state.json("principal", "create", "samples-api", "--permission", "tokens.validate",
                                            "--permission", "keys.verify", "--tenant", "ALL")
        self.fleet = self.state.with_key(self.fleet_made["key"])
        self.samples_api = self.state.with_key(self.samples_made["key"])
        self.ada = self.state.login("ada", self.tenant["admin"]["ticket"])
        self.ben_made = self.ada.json("user", "create", BEN, "--role", "key-manager")
        self.ben = self.state.login("ben", self.ben_made["ticket"])

    def make_key(self, *more):
        made = self.ben.json("key", "create", "laptop", "--ttl", "90d", *more)
        return made["id"], made["key"]

    def verdict(self, credential, *more):
        """What the samples API is told about a key or token; exit status and answer must agree."""
        result = self.samples_api.run("validate", "--json", "-", *more, stdin=credential)
        answer = result.json()
        self.assertEqual(0 if answer["active"] else e2e.REFUSED, result.code, result)
        return answer

    def store_aws(self):
        return self.ben.json("credential", "add", "aws", "--label", "sequencer bucket", stdin=AWS_FIELDS)

    # 1

    def test_the_operator_makes_a_tenant_and_enrols_principals(self):
        self.assertRegex(self.tenant["id"], r"^tnt_[0-9a-z]{26}$")
        self.assertEqual("panomics", self.tenant["profile"])
        self.assertEqual("ada@genomics.example", self.tenant["admin"]["email"])
        self.assertRegex(self.tenant["admin"]["id"], r"^usr_[0-9a-z]{26}$")
        self.assertRegex(self.fleet_made["key"], KEY_TEXT)
        self.assertEqual(["credentials.fetch"], self.fleet_made["permissions"])
        self.assertEqual([self.tenant["id"]], self.fleet_made["tenants"])
        self.assertTrue(self.samples_made["all_tenants"])
        self.state.refused("tenant", "create", "genomics", "--domain", "other.example", "--admin", "a@other.example")
        self.assertEqual(["genomics"], [tenant["name"] for tenant in self.state.json("tenant", "list")["tenants"]])
        for principal in (self.fleet, self.samples_api):
            principal.refused("tenant", "list", reason="OPERATORS_ONLY")

    # 2

    def test_a_ticket_opens_once(self):
        self.state.refused("--profile", "eve", "login", "--ticket", self.tenant["admin"]["ticket"])
        self.state.refused("--profile", "eve", "whoami", reason="PROFILE_MISSING")
        self.assertEqual("ada@genomics.example", self.ada.json("whoami")["name"])

    def test_a_ticket_is_not_used_up_when_there_is_no_place_for_the_session(self):
        ticket = self.ada.json("user", "create", "cleo@genomics.example")["ticket"]
        self.state.refused("login", "--ticket", ticket, env={"HOME": ""}, reason="CONFIG_DIR_UNKNOWN")
        self.state.refused("--profile", "../cleo", "login", "--ticket", ticket, reason="PROFILE_INVALID")
        (self.state.folder / "file").write_text("")
        self.state.unavailable("login", "--ticket", ticket, env={"XDG_CONFIG_HOME": str(self.state.folder / "file")})
        self.state.ok("--profile", "cleo", "login", "--ticket", ticket)

    def test_a_ticket_is_read_from_standard_input(self):
        made = self.ada.json("user", "create", "cleo@genomics.example")
        self.state.ok("--profile", "cleo", "login", "-", stdin=made["ticket"] + "\n")
        cleo = self.state.person(LATCHKEY_PROFILE="cleo")
        self.assertEqual(made["id"], cleo.json("whoami")["user"])
        cleo.ok("logout")
        cleo.refused("whoami", reason="PROFILE_MISSING")

    def test_logging_out_ends_the_session_itself(self):
        profile = self.state.folder / "home/.config/latchkey/profiles/ben"
        kept = profile.read_text()
        self.assertEqual(0o600, profile.stat().st_mode & 0o777)
        self.ben.ok("logout")
        profile.write_text(kept)
        profile.chmod(0o600)
        self.ben.refused("whoami", reason="REFUSED")

    # 3

    def test_a_key_is_shown_once_and_listed_masked(self):
        key_id, key = self.make_key()
        self.assertRegex(key, KEY_TEXT)
        listed = self.ben.json("key", "list")["keys"]
        self.assertEqual([key_id], [item["id"] for item in listed])
        self.assertEqual("laptop", listed[0]["name"])
        secret = key.rsplit("_", 1)[1]
        for output in (self.ben.ok("key", "list"), self.ben.ok("key", "list", "--json"), self.ben.ok("key", "show", key_id),
                       self.state.ok("audit", "list", "--json")):
            self.assertNotIn(secret[:12], output)
        self.assertIn(key[-4:], listed[0]["hint"])
        self.assertEqual([], self.state.files_holding(key, secret))

    def test_I5_a_key_goes_to_a_new_private_file(self):
        path = self.state.folder / "key"
        made = self.ben.json("key", "create", "file", "--out", path)
        self.assertNotIn("key", made)
        self.assertEqual(0o600, path.stat().st_mode & 0o777)
        self.assertRegex(path.read_text(), KEY_TEXT.pattern + r"\n\Z")
        self.ben.refused("key", "create", "again", "--out", path, reason="OUT_EXISTS")
        self.assertEqual(1, len(self.ben.json("key", "list")["keys"]))
        self.assertEqual(BEN, self.state.person(LATCHKEY_API_KEY_FILE=str(path)).json("whoami")["name"])

    def test_a_user_without_the_role_is_refused_keys_and_credentials_alike(self):
        cleo = self.state.login("cleo", self.ada.json("user", "create", "cleo@genomics.example")["ticket"])
        cleo.refused("key", "create", "laptop", reason="api_keys.manage")
        cleo.refused("credential", "list", reason="credentials.manage")
        cleo.refused("credential", "add", "aws", "--label", "x", reason="credentials.manage", stdin=AWS_FIELDS)
        self.ada.ok("user", "roles", "cleo@genomics.example", "key-manager")
        cleo.ok("key", "create", "laptop")

    # 4

    def test_key_and_token_tell_the_samples_api_who_calls(self):
        key_id, key = self.make_key()
        token = self.state.with_key(key).ok("token", "issue")
        self.assertRegex(token, r"\A[\w-]+\.[\w-]+\.[\w-]+\n\Z")
        for kind, credential in (("key", key), ("token", token)):
            answer = self.verdict(credential)
            self.assertTrue(answer["active"])
            self.assertEqual((kind, self.ben_made["id"], BEN, self.tenant["id"], key_id),
                             tuple(answer[name] for name in ("credential", "user", "name", "tenant", "key_id")))
            self.assertIn("credentials.manage", answer["permissions"])
            self.assertNotIn("api_keys.manage", answer["permissions"], "a key cannot make keys unless it was asked for")
            self.assertEqual([], answer["workgroups"])
            self.assertRegex(answer["expires_at"], r"^\d{4}-\d\d-\d\dT")
        self.assertLess(self.verdict(token)["expires_at"], self.verdict(key)["expires_at"])
        self.assertFalse(self.verdict(key, "--permission", "tenants.manage")["active"])
        self.fleet.refused("validate", "-", stdin=key, reason="tokens.validate")

    def test_workgroups_of_a_key_are_the_owners_now(self):
        group = self.ada.json("workgroup", "create", "readers")["id"]
        self.ada.ok("workgroup", "add", "readers", BEN)
        _, key = self.make_key()
        self.assertEqual([group], self.verdict(key)["workgroups"])
        self.assertTrue(self.verdict(key, "--workgroup", group)["active"])
        self.ada.ok("workgroup", "remove", "readers", BEN)
        self.assertEqual([], self.verdict(key)["workgroups"])
        self.assertFalse(self.verdict(key, "--workgroup", group)["active"])

    def test_the_example_program_validates(self):
        key_id, key = self.make_key()
        program = e2e.program("validate")

        def asked(credential):
            done = subprocess.run([program], input=credential, capture_output=True, text=True, timeout=30,
                                  env=self.samples_api.environment())
            return done.returncode, done.stdout

        group = self.ada.json("workgroup", "create", "readers")["id"]
        self.ada.ok("workgroup", "add", "readers", BEN)
        verdict = self.verdict(key)
        until = int(datetime.datetime.fromisoformat(verdict["expires_at"].replace("Z", "+00:00")).timestamp())
        self.assertEqual((0, f"{BEN} genomics credentials.manage {group} until {until}\n"), asked(key + "\n"))
        self.ben.ok("key", "revoke", key_id)
        self.assertEqual((1, "refused KEY_REFUSED\n"), asked(key))

    # 5

    def test_P10_P11_credentials_are_stored_once_and_never_shown(self):
        stored = self.store_aws()
        self.assertEqual(("aws", "sequencer bucket", AWS_KEY_ID),
                         tuple(stored[name] for name in ("provider", "label", "hint")))
        unnamed = self.ben.json("credential", "add", "dnanexus", stdin=DX_TOKEN)
        self.assertEqual(("dnanexus", "dnanexus"), (unnamed["provider"], unnamed["label"]))
        self.ben.refused("credential", "add", "aws", "--label", "another", stdin=AWS_FIELDS, reason="CREDENTIAL_EXISTS")
        listed = self.ben.json("credential", "list")["credentials"]
        self.assertEqual(["aws", "dnanexus"], sorted(item["provider"] for item in listed))
        for output in (self.ben.ok("credential", "list"), json.dumps(listed), self.ben.ok("credential", "show", stored["id"]),
                       self.state.ok("audit", "list", "--json")):
            self.assertNotIn(AWS_SECRET, output)
            self.assertNotIn(DX_TOKEN, output)
        self.assertEqual([], self.state.files_holding(AWS_SECRET, DX_TOKEN))
        self.ben.ok("credential", "delete", stored["id"])
        self.store_aws()

    # 6

    def test_exec_hands_over_the_credential_and_nothing_else(self):
        self.store_aws()
        self.ben.ok("credential", "add", "dnanexus", "--label", "project", stdin=DX_TOKEN)
        stale = {"AWS_PROFILE": "stale", "AWS_SESSION_TOKEN": "stale", "AWS_REGION": "stale", "AWS_PAGER": "kept"}
        for provider in ("aws", "dnanexus"):
            dumped = self.fleet.ok("exec", "--owner", BEN, provider, "--", sys.executable, "-c",
                                   "import json, os; print(json.dumps(dict(os.environ)))", env=stale)
            child = json.loads(dumped)
            secrets = {name for name in child if name.startswith("LATCHKEY_")}
            self.assertLessEqual(secrets, {"LATCHKEY_URL", "LATCHKEY_HTTP_URL", "LATCHKEY_BUILD", "LATCHKEY_FULL", "LATCHKEY_TEST_SEED"})
            self.assertEqual("kept", child["AWS_PAGER"])
            self.assertNotIn("stale", child.values())
            if provider == "aws":
                self.assertEqual([AWS_KEY_ID, AWS_SECRET, AWS_REGION, AWS_REGION], [child[name] for name in (
                    "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION")])
            else:
                self.assertEqual({"auth_token_type": "Bearer", "auth_token": DX_TOKEN},
                                 json.loads(child["DX_SECURITY_CONTEXT"]))

    def test_exec_ends_as_its_command_ends(self):
        self.store_aws()
        run = ("exec", "--owner", BEN, "aws", "--")
        self.fleet.fails(42, *run, "sh", "-c", "exit 42")
        self.fleet.fails(-15, *run, "sh", "-c", "kill -TERM $$")
        self.fleet.fails(127, *run, "no-such-command", reason="COMMAND_FAILED")
        self.assertEqual("from standard input", self.fleet.ok(*run, "cat", stdin="from standard input"))

    @e2e.unittest.skipUnless(os.path.exists(AWS_CLI), "the Debian package awscli is not installed")
    def test_the_aws_cli_signs_with_the_users_key(self):
        self.store_aws()
        config = self.state.folder / "home/.aws/config"
        config.parent.mkdir()
        config.write_text(f"[profile ben]\nregion = {AWS_REGION}\n"
                          f"credential_process = {e2e.program('latchkey')} credential-process aws --owner {BEN}\n")
        plain = {"AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""}
        with aws_endpoint.Endpoint() as endpoint:
            aws = [AWS_CLI, "--endpoint-url", endpoint.url, "s3api", "list-buckets"]
            by_profile = subprocess.run(aws, env=self.fleet.environment({**plain, "AWS_PROFILE": "ben"}), timeout=60,
                                        capture_output=True, text=True, check=False)
            self.assertEqual((0, "reads"), (by_profile.returncode, json.loads(by_profile.stdout or "{}").get(
                "Buckets", [{}])[0].get("Name")), by_profile.stderr)
            self.fleet.ok("exec", "--owner", BEN, "aws", "--", *aws, env=plain)
            self.assertEqual(2, len(endpoint.requests))
            for request in endpoint.requests:
                parts = aws_endpoint.authorization(request[2])
                self.assertEqual((AWS_KEY_ID, AWS_REGION, "s3"),
                                 (parts["access_key_id"], parts["region"], parts["service"]))
                self.assertEqual(aws_endpoint.signature(request, AWS_SECRET), parts["signature"])
                self.assertNotEqual(aws_endpoint.signature(request, AWS_SECRET + "x"), parts["signature"])

    def test_credential_process_answers_as_aws_documents_it(self):
        self.store_aws()
        answer = json.loads(self.fleet.ok("credential-process", "aws", "--owner", BEN))
        self.assertEqual({"Version", "AccessKeyId", "SecretAccessKey", "Expiration"}, set(answer))
        self.assertEqual((1, AWS_KEY_ID, AWS_SECRET), tuple(answer[name] for name in ("Version", "AccessKeyId", "SecretAccessKey")))
        self.assertEqual(self.ben.json("credential", "list")["credentials"][0]["expires_at"], answer["Expiration"])

    def test_only_the_fleet_fetches_and_only_from_its_tenants(self):
        self.store_aws()
        self.samples_api.refused("credential-process", "aws", "--owner", BEN, reason="credentials.fetch")
        self.fleet.refused("credential-process", "aws", "--owner", "nobody@genomics.example", reason="NOT_FOUND")
        self.fleet.refused("exec", "--owner", BEN, "dnanexus", "--", "true", reason="NOT_FOUND")
        other = self.state.json("principal", "create", "other-fleet", "--permission", "credentials.fetch", "--tenant",
                                self.state.json("tenant", "create", "botany", "--domain", "botany.example", "--admin",
                                                "bea@botany.example")["id"])
        self.state.with_key(other["key"]).refused("credential-process", "aws", "--owner", BEN)
        self.state.with_key(other["key"]).refused("credential-process", "aws", "--owner", self.ben_made["id"], "--tenant",
                                                  "genomics", reason="NOT_FOUND")

    # 7

    def test_a_revoked_key_and_its_token_are_refused_by_the_next_check(self):
        key_id, key = self.make_key()
        token = self.state.with_key(key).ok("token", "issue")
        self.assertTrue(self.verdict(key)["active"] and self.verdict(token)["active"])
        revoked = self.ben.json("key", "revoke", key_id, "--reason", "laptop lost")["keys"]
        self.assertEqual((key_id, "revoked", "laptop lost"), tuple(revoked[0][name] for name in ("id", "state", "revoke_reason")))
        self.assertEqual((False, "KEY_REFUSED"), tuple(self.verdict(key)[name] for name in ("active", "reason")))
        self.assertEqual((False, "TOKEN_REFUSED"), tuple(self.verdict(token)[name] for name in ("active", "reason")))
        self.assertEqual([], self.ben.json("key", "list")["keys"])
        self.state.with_key(key).refused("token", "issue", reason="REFUSED")

    def test_the_fetch_stands_in_the_trail_and_the_trail_is_whole(self):
        stored = self.store_aws()
        self.fleet.ok("credential-process", "aws", "--owner", BEN, "--purpose", "job-4711")
        fetched = self.state.json("audit", "list", "--action", "credential.fetched")["events"]
        self.assertEqual([("credentials", self.fleet_made["id"], stored["id"], self.ben_made["id"], "job-4711", "ok")],
                         [tuple(event[name] for name in ("service", "actor", "object", "owner", "purpose", "outcome"))
                          for event in fetched])
        self.fleet.ok("exec", "--owner", BEN, "aws", "--", "true")
        purposes = [event["purpose"] for event in self.state.json("audit", "list", "--action", "credential.fetched")["events"]]
        self.assertRegex(purposes[0], r"^exec:true@.+:\d+$")
        services = e2e.wait_until(self.all_sealed, 10, "rows are sealed")
        self.assertEqual([("keys", "ok"), ("tokens", "ok"), ("credentials", "ok")],
                         [(service["service"], service["result"]) for service in services])
        self.assertTrue(all(service["rows"] > 0 for service in services))
        seen = {event["tenant"] for event in self.ada.json("audit", "list")["events"]}
        self.assertEqual({self.tenant["id"]}, seen, "an administrator sees the trail of their own tenant")

    def all_sealed(self):
        services = self.state.json("audit", "verify")["services"]
        return services if not any(service["unsealed"] for service in services) else None


if __name__ == "__main__":
    e2e.main()
