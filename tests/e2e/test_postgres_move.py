#!/usr/bin/env python3
"""An installation moves from SQLite to PostgreSQL and back by `latchkey store migrate`, with all that its people did, killed at any
moment, and refused wherever it would do harm."""

import hashlib
import json
import pathlib
import random
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import postgres
import test_openid
import world


class Moves(e2e.Case):
    """An installation that was used and stopped."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.tenant = world.Tenant(self.state, "genomics")
        self.ada, self.ben = self.tenant.admin, self.tenant.user("ben", "key-manager")
        self.api = world.principal(self.state, "api", ["tokens.validate", "keys.verify", "feed.read"], "ALL")
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)
        self.use()
        self.state.stop()
        self.from_url = f"sqlite://{self.state.path}/data/{{service}}.db"
        self.to_url = self.state.new_schemas()

    def use(self):
        """Something in every table that people fill."""
        self.ada.command_line().ok("policy", "set", "token_ttl_max=20m")
        self.sign_in()
        group = self.ada.caller.ok("keys", "AccountService/CreateWorkgroup", name="readers")["workgroup"]["id"]
        self.ada.command_line().ok("workgroup", "add", group, self.ben.email)
        self.kept, self.gone = self.ben.key("kept", ttl="30d"), self.ben.key("gone", ttl="1d")
        self.ben.caller.ok("keys", "KeyService/RevokeKeys", ids=[self.gone.id], reason="lost")
        self.once = self.make_once()
        idp = test_openid.Issuer(self.state.folder, "ES256")
        self.ada.command_line().ok("issuer", "add", test_openid.ISSUER, "--audience", test_openid.AUDIENCE, "--jwks", idp.jwks)
        self.ada.command_line().ok("user", "link", self.ben.email, "--issuer", test_openid.ISSUER, "--subject", "ben-at-idp")
        self.idp = idp
        self.token, self.dead_token = (wire.platform_token(self.state, self.kept.secret) for _ in range(2))
        self.ada.caller.ok("tokens", "TokenService/RevokeToken", secret_token=self.dead_token)
        world.add_aws(self.ben)
        self.state.ok("audit", "verify")

    def sign_in(self):
        """The old sessions, at the services that run now."""
        for user in (self.ada, self.ben):
            user.caller = wire.signed_in(self.state, user.session)

    def make_once(self):
        return self.ada.caller.ok("keys", "AccountService/CreateWorkgroup", name="once", header={"idempotency_key": "made-once"})

    def migrate(self, *more, **options):
        return self.state.run("store", "migrate", "--from", self.from_url, "--to", self.to_url, *more, **options)

    def moved(self, from_url, to_url):
        """{(service, table): (rows, digest)}, and what was said meanwhile."""
        result = self.state.run("store", "migrate", "--from", from_url, "--to", to_url, "--json")
        self.assertEqual(0, result.code, result)
        tables = result.json()["tables"]
        self.progress = [json.loads(line)["progress"] for line in result.err.splitlines()]
        return {(table["service"], table["table"]): (table["rows"], table["digest"]) for table in tables}

    def start_on(self, url):
        for name in e2e.SERVICES:
            self.state.use_store(name, url.replace("{service}", name))
        self.state.start()
        self.sign_in()

    def files(self):
        return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (self.state.path / "data").glob("*.db")}

    # There and back

    def everything_is_as_it_was(self):
        api = wire.signed_in(self.state, self.api.secret)
        for key, active in ((self.kept, True), (self.gone, False)):
            self.assertEqual(active, api.ok("keys", "KeyService/VerifyKey", secret_key=key.secret)["active"])
        for token, active in ((self.token, True), (self.dead_token, False)):
            self.assertEqual(active, api.ok("tokens", "TokenService/ValidateToken", secret_credential=token)["active"])
        self.assertEqual(self.once, self.make_once())
        answer = json.loads(self.fleet.ok("credential-process", "aws", "--owner", self.ben.email))
        self.assertEqual(world.AWS_FIELDS.split("\n")[1], answer["SecretAccessKey"])
        self.state.person().ok("token", "issue", "--assertion", "--tenant", "genomics", stdin=self.idp.token())
        self.assertEqual("20m", self.ada.command_line().json("policy", "show")["values"]["token_ttl_max"])

    def life_goes_on(self):
        """New rows are numbered after the old ones, and the trail is one chain with what was verified before the move."""
        api = wire.signed_in(self.state, self.api.secret)
        read = lambda **since: api.ok("keys", "FeedService/ReadFeed", nonce=bytes(16), **since)
        before = read(epoch="", since=0)
        key = self.ben.key("new")
        self.ben.caller.ok("keys", "KeyService/RevokeKeys", ids=[key.id])
        after = read(epoch=before["epoch"], since=before["head"])
        self.assertEqual([key.id], [event["id"] for event in after["events"]])
        self.assertEqual(before["head"] + 1, after["head"])
        services = e2e.wait_until(self.sealed, 10, "rows are sealed")
        self.assertEqual({"ok"}, {service["result"] for service in services})
        return after["head"]

    def sealed(self):
        services = self.state.json("audit", "verify")["services"]
        return services if not any(service["unsealed"] for service in services) else None

    def test_an_installation_moves_there_and_back_with_all_that_was_done(self):
        files = self.files()
        there = self.moved(self.from_url, self.to_url)
        self.assertEqual(files, self.files(), "the source stays as it is")
        for table in ("users", "api_keys", "workgroup_members", "sessions", "idempotency", "trusted_issuers", "linked_subjects",
                      "audit_event", "feed_event"):
            self.assertGreater(there["keys", table][0], 0, table)
        self.assertGreater(there["tokens", "revoked_token"][0], 0)
        self.assertGreater(there["credentials", "credential"][0], 0)
        self.assertLessEqual({"copying", "comparing"}, {line["step"] for line in self.progress})
        self.assertEqual(there, self.moved(self.from_url, self.to_url), "a second run finds the same and changes nothing")

        self.start_on(self.to_url)
        self.everything_is_as_it_was()
        head = self.life_goes_on()
        self.state.stop()
        refused = self.migrate()
        self.assertEqual(e2e.REFUSED, refused.code, refused)
        self.assertIn("STORE_NOT_EMPTY", refused.err)

        (self.state.path / "back").mkdir(mode=0o700)
        back_url = f"sqlite://{self.state.path}/back/{{service}}.db"
        back = self.moved(self.to_url, back_url)
        self.assertEqual(set(there), set(back))
        self.assertGreater(back["keys", "audit_event"][0], there["keys", "audit_event"][0])
        self.start_on(back_url)
        self.everything_is_as_it_was()
        self.assertGreater(self.life_goes_on(), head)

    # Killed

    def spawn(self, service):
        child = subprocess.Popen([e2e.program(f"latchkey-{service}"), "store-migrate"], stdin=subprocess.PIPE,
                                 stdout=subprocess.PIPE, text=True)
        child.stdin.write("".join(url.replace("{service}", service) + "\n" for url in (self.from_url, self.to_url)))
        child.stdin.close()
        return child

    def start_is_refused(self, reason):
        """The service itself says why it does not start on the target."""
        url = self.to_url.replace("{service}", "keys")
        done = subprocess.run([e2e.program("latchkey-keys"), "--config", self.state.path / "keys.conf", "--store-url", url],
                              capture_output=True, text=True, timeout=30, env={"PATH": "/usr/bin:/bin"})
        self.assertEqual(1, done.returncode, done.stderr)
        self.assertIn(reason, done.stderr + done.stdout)

    def test_a_move_that_is_killed_anywhere_harms_nothing_and_is_run_again(self):
        files, lines = self.files(), 0
        child = self.spawn("keys")
        whole = child.stdout.read().splitlines()
        self.assertEqual((0, {"done": True}), (child.wait(), json.loads(whole[-1])))
        self.to_url = self.state.new_schemas()
        chosen = random.Random(20261127).sample(range(1, len(whole) - 1), e2e.repeat("kills", 60, 6))
        for lines in sorted(chosen):
            child = self.spawn("keys")
            for _ in range(lines):
                child.stdout.readline()
            child.kill()
            child.stdout.close()
            child.wait()
        self.start_is_refused("STORE_HALF_MOVED")
        for _ in range(e2e.repeat("kills by the clock", 60, 4)):
            child = self.spawn("keys")
            time.sleep(random.uniform(0, 0.15))
            child.kill()
            child.stdout.close()
            child.wait()
        self.assertEqual(files, self.files())
        self.moved(self.from_url, self.to_url)
        self.start_on(self.to_url)
        self.everything_is_as_it_was()

    # Refused

    def test_what_would_do_harm_is_refused_in_words(self):
        cases = (("a running source", self.from_url, self.to_url, "STORE_IN_USE"),
                 ("no source", f"sqlite://{self.state.path}/data/no-{{service}}.db", self.to_url, "STORE_NOT_FOUND"),
                 ("no database", self.from_url, "mysql://{service}@localhost/latchkey", "STORE_URL_INVALID"),
                 ("a role of another", self.from_url, self.to_url.replace("{service}@", "tokens@"), "STORE_REFUSED"))
        for what, source, target, reason in cases:
            if reason == "STORE_IN_USE":
                self.state.start("keys")
            result = self.state.run("store", "migrate", "--from", source, "--to", target, "--json")
            self.assertEqual((e2e.REFUSED, ""), (result.code, result.out), f"{what}: {result}")
            error = json.loads(result.err.splitlines()[-1])["error"]
            self.assertEqual(reason, error["reason"], f"{what}: {error}")
            if reason == "STORE_IN_USE":
                self.state.stop("keys")
        self.assertEqual("0", self.state.server.sql(
            "SELECT count(*) FROM information_schema.tables WHERE table_schema = "
            f"'{self.to_url.rsplit('schema=', 1)[1].replace('{service}', 'keys')}'", postgres.DATABASE).strip())
        self.state.misused("store", "migrate", "--from", self.from_url)
        self.state.misused("store", "migrate", "--from", "sqlite:///a.db", "--to", "sqlite:///b.db", reason="{service}")
        self.state.misused("store", "migrate", "--from", "sqlite:///a.db", "--to", "sqlite:///b.db", "--service", "gateway")

    def test_a_target_that_is_in_use_is_refused(self):
        for name in e2e.SERVICES:
            self.state.use_store(name, self.to_url.replace("{service}", name))
        self.state.start()
        result = self.migrate("--service", "tokens")
        self.assertEqual(e2e.REFUSED, result.code, result)
        self.assertIn("STORE_IN_USE", result.err)
        self.state.stop()
        result = self.migrate("--service", "tokens")
        self.assertIn("STORE_NOT_EMPTY", result.err)


if __name__ == "__main__":
    e2e.main()
