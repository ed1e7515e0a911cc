#!/usr/bin/env python3
"""No secret in any file in clear text: every secret of a main job is planted, then every file is searched for every form of it."""

import base64
import pathlib
import stat
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

AWS_SECRET = "plantedAwsSecret/9f2c71b4d0e8a6537c1f"
AWS_KEY_ID = "AKIAPLANTEDKEYID0001"
DNANEXUS_TOKEN = "plantedDnanexusToken6ad2f1908bc3e75d4"
BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"


def forms(secret):
    """The bytes by which a secret would be found: as it is, in hexadecimal, and inside base64 at any of its three offsets."""
    data = secret.encode() if isinstance(secret, str) else secret
    yield data
    yield data.hex().encode()
    yield data.hex().upper().encode()
    for offset in range(3):
        whole = base64.b64encode(bytes(offset) + data)
        inner = whole[4 if offset else 0:-4]  # without what the neighbours would change
        yield inner
        yield inner.translate(bytes.maketrans(b"+/", b"-_"))


def secret_of_key(text):
    """The 32 bytes in a key's text: its last 49 characters but the checksum."""
    value = 0
    for digit in text[-49:-6]:
        value = value * 62 + BASE62.index(digit)
    return value.to_bytes(32, "big")


class Planted(e2e.Case):
    def setUp(self):
        super().setUp()
        for service in e2e.SERVICES:  # as talkative as they can be
            with open(self.state.path / f"{service}.conf", "a") as conf:
                conf.write("log-level = debug\n")
        self.state.start()
        self.planted = {}
        self.live_a_little()

    def plant(self, name, secret):
        self.planted[name] = secret
        return secret

    def plant_key(self, name, text):
        """A key's text and the bytes in it."""
        self.plant(f"{name}, its random part", text[-49:])
        self.plant(f"{name}, its bytes", secret_of_key(text))
        return self.plant(name, text)

    def plant_token(self, name, token):
        self.plant(f"{name}, its signature", token.rsplit(".", 1)[1])
        return self.plant(name, token)

    def live_a_little(self):
        genomics = world.Tenant(self.state, "genomics")
        ada = genomics.admin
        answer = ada.caller.ok("keys", "AccountService/CreateUser", email="ben@genomics.example", roles=["key-manager"])
        ben = world.User(self.state, self.plant_key("a ticket that was redeemed", answer["secret_ticket"]))
        answer = ada.caller.ok("keys", "AccountService/CreateUser", email="cleo@genomics.example")
        self.plant_key("a ticket that was not", answer["secret_ticket"])
        self.plant_key("a session", ben.session)
        key = self.remembered_key(ben)
        fleet = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics")
        self.plant_key("a principal's key", fleet.secret)
        self.plant_token("an access token", ben.caller.token)
        token = self.plant_token("a platform's token", wire.platform_token(self.state, key.secret))
        world.add_aws(ben, fields="\n".join((AWS_KEY_ID, self.plant("an AWS secret", AWS_SECRET), "eu-central-1")))
        ben.command_line().ok("credential", "add", "dnanexus", "--label", "project",
                              stdin=self.plant("a DNAnexus token", DNANEXUS_TOKEN))
        self.use(ben, key, fleet, token)

    def remembered_key(self, ben):
        """Made with an idempotency key and a key to seal the remembered answer to; and once without the latter."""
        sealed = {"idempotency_key": "sealed", "reply_public_key": b"\x09" + bytes(31)}
        made = ben.caller.ok("keys", "KeyService/CreateKey", name="sealed", header=sealed)
        self.plant_key("a key whose answer is remembered sealed", made["secret_key"])
        made = ben.caller.ok("keys", "KeyService/CreateKey", name="laptop", header={"idempotency_key": "once"})
        self.plant_key("an API key", made["secret_key"])
        return world.Key(made["key"]["id"], made["secret_key"])

    def use(self, ben, key, fleet, token):
        """Everything that shows a secret to a process, what fails included."""
        worker = self.state.with_key(fleet.secret)
        fetched = worker.json("credential-process", "aws", "--owner", ben.email)
        self.assertEqual(AWS_SECRET, fetched["SecretAccessKey"])
        anybody = wire.Caller(self.state)
        for wrong in (key.secret[:-1], key.secret + "x", token[:-2], token + "x"):
            anybody.call("tokens", "TokenService/IssueToken", secret_key=wrong)
            anybody.call("keys", "AccountService/RedeemTicket", secret_ticket=wrong)
            wire.Caller(self.state, wrong).call("keys", "AccountService/GetMe")
        ben.command_line().run("credential", "add", "aws", "--label", "again", stdin=f"{AWS_KEY_ID}\n{AWS_SECRET}\nnowhere 1")
        ben.caller.ok("keys", "KeyService/ListKeys")

    def searched(self):
        """Every file of the state directory but the key files, and the logs."""
        for top in (self.state.path, self.state.logs):
            for path in top.rglob("*"):
                if path.is_file() and path.relative_to(top).parts[0] != "secrets":
                    yield path

    def assert_nothing_found(self):
        found, count = [], 0
        for path in self.searched():
            data, count = path.read_bytes(), count + 1
            for name, secret in self.planted.items():
                found += [f"{name} is in {path.name}" for form in set(forms(secret)) if form in data]
        self.assertEqual([], found)
        return count

    def test_no_file_holds_a_secret_while_the_services_run(self):
        self.assertGreater(self.assert_nothing_found(), 6)

    def test_no_file_holds_a_secret_after_kill_9_or_a_clean_stop(self):
        self.state.kill()
        self.assertTrue(list((self.state.path / "data").glob("*-wal")), "the logs of the databases are searched, too")
        self.assert_nothing_found()
        self.state.start()
        self.state.stop()
        self.assert_nothing_found()

    def test_the_search_would_find_what_is_there(self):
        for name, secret in self.planted.items():
            data = secret.encode() if isinstance(secret, str) else secret
            for written in (data, data.hex().encode(), base64.b64encode(data), base64.b64encode(b"x" + data),
                            base64.urlsafe_b64encode(b"xy" + data + b"z")):
                self.assertTrue(any(form in written for form in forms(secret)), name)
        found = [path for path in self.searched() if AWS_KEY_ID.encode() in path.read_bytes()]
        self.assertTrue(found, "the access key id is no secret, is shown in lists and so is found")

    def test_only_the_owner_may_read_anything_but_public_keys(self):
        for path in (self.state.path, *self.state.path.rglob("*")):
            mode = stat.S_IMODE(path.stat().st_mode)
            public = path.name == "peers" or path.suffix == ".pub"
            grouped = path in (self.state.path, self.state.path / "run") or path.is_socket()  # who may connect
            self.assertEqual(0, mode & (0o022 if public else 0o007 if grouped else 0o077), f"{path} {mode:o}")


if __name__ == "__main__":
    e2e.main()
