#!/usr/bin/env python3
"""kill -9 of any process at any moment: nothing that was answered is lost, what was lost is sent again and happens once."""

import itertools
import os
import pathlib
import random
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world

SEED = int(os.environ.get("LATCHKEY_TEST_SEED", "20261121"))


class Load:
    """Threads that each repeat one call and remember what was answered; a lost answer is not an answer."""

    def __init__(self):
        self.stop, self.threads, self.answered, self.surprises = threading.Event(), [], {}, []

    def add(self, name, caller, work):
        """`work(caller, answered)` makes one call and appends what was answered."""
        answered = self.answered.setdefault(name, [])
        thread = threading.Thread(target=self._run, args=(caller, work, answered), name=name)
        self.threads.append(thread)
        thread.start()

    def _run(self, caller, work, answered):
        while not self.stop.is_set():
            try:
                work(caller, answered)
            except (ConnectionError, Unavailable):
                time.sleep(0.005)
            except BaseException as wrong:  # shown by finish()
                self.surprises.append(wrong)
                return

    def finish(self):
        self.stop.set()
        for thread in self.threads:
            thread.join(30)
        if self.surprises:
            raise self.surprises[0]


class Unavailable(Exception):
    """A service that the asked one needs was away: said, not guessed."""


def answer(reply):
    if reply.status in ("UNAVAILABLE", "DEADLINE_EXCEEDED", "UNKNOWN"):
        raise Unavailable(str(reply))
    assert reply.status == "OK", str(reply)
    return reply.body


class Kill(e2e.Case):
    def setUp(self):
        super().setUp()
        print(f"seed {SEED}", flush=True)
        self.random = random.Random(SEED)

    def begin(self):
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ada = self.genomics.admin

    def caller(self, user):
        return wire.Caller(self.state, user.caller.token)

    def all_pages(self, service, method, field, **request):
        caller, cursor, found = self.caller(self.ada), "", []
        while True:
            page = caller.ok(service, method, page={"size": 1000, "cursor": cursor}, **request)
            found += page[field]
            cursor = (page["page"] or {}).get("next_cursor", "")
            if not cursor:
                return found

    # Under load

    def make_keys(self, caller, made):
        body = answer(caller.call("keys", "KeyService/CreateKey", name="under load", ttl="1d"))
        made.append((body["key"]["id"], body["secret_key"]))

    def make_and_revoke(self, caller, revoked):
        body = answer(caller.call("keys", "KeyService/CreateKey", name="to revoke", ttl="1d"))
        answer(caller.call("keys", "KeyService/RevokeKeys", ids=[body["key"]["id"]]))
        revoked.append((body["key"]["id"], body["secret_key"]))

    def issue_tokens(self, caller, issued):
        source = self.laptop.secret if len(issued) % 2 else self.ada.session  # keys are remembered, sessions are not
        body = answer(caller.call("tokens", "TokenService/IssueToken", secret_key=source))
        issued.append(body["token_id"])

    def fetch(self, caller, purposes):
        purpose = f"job-{len(purposes)}-{self.random.getrandbits(64):x}"
        transport = answer(caller.call("credentials", "CredentialService/AgreeTransport",
                                       client_public_key=b"\x09" + bytes(31)))["transport_id"]
        answer(caller.call("credentials", "CredentialService/FetchCredential", owner=self.ada.id, provider="aws",
                           purpose=purpose, transport_id=transport))
        purposes.append(purpose)

    def test_nothing_that_was_answered_is_lost(self):
        self.begin()
        world.add_aws(self.ada)
        self.laptop = self.ada.key()
        fleet = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics")
        fleet_token = wire.access_token(self.state, fleet.secret)
        load = Load()
        load.add("keys", self.caller(self.ada), self.make_keys)
        load.add("revoked", self.caller(self.ada), self.make_and_revoke)
        load.add("tokens", wire.Caller(self.state), self.issue_tokens)
        load.add("fetches", wire.Caller(self.state, fleet_token), self.fetch)
        try:
            for _ in range(e2e.repeat("kills", 200, 20)):
                time.sleep(self.random.uniform(0, 0.08))
                victim = self.random.choice(e2e.SERVICES)
                self.state.kill(victim)
                self.state.start(victim)
        finally:
            load.finish()
        for name, answered in load.answered.items():
            print(f"repetitions answered {name}={len(answered)}", flush=True)
            self.assertGreater(len(answered), 0, name)
        self.assert_all_there(load.answered)

    def assert_all_there(self, answered):
        keys = {key["id"]: key for key in self.all_pages("keys", "KeyService/ListKeys", "keys", include_revoked=True)}
        self.assertEqual([], [key for key, _ in answered["keys"] if keys.get(key, {}).get("state") != "active"])
        self.assertEqual([], [key for key, _ in answered["revoked"] if keys.get(key, {}).get("state") != "revoked"])
        api = wire.signed_in(self.state, world.principal(self.state, "api", ["keys.verify"], "ALL").secret)
        for name, good in (("keys", True), ("revoked", False)):
            for at in range(0, len(answered[name]), 64):
                requests = [{"secret_key": secret} for _, secret in answered[name][at:at + 64]]
                replies = api.ok("keys", "KeyService/VerifyKeys", requests=requests)["responses"]
                self.assertEqual({good}, {reply["active"] for reply in replies}, name)
        issued = {event["object"] for event in self.trail("tokens", "token.issued")}
        self.assertEqual([], [token for token in answered["tokens"] if token not in issued])
        fetched = {event["purpose"] for event in self.trail("credentials", "credential.fetched")}
        self.assertEqual([], [purpose for purpose in answered["fetches"] if purpose not in fetched])
        created = {event["object"] for event in self.trail("keys", "key.created")}
        self.assertEqual([], [key for key, _ in answered["keys"] + answered["revoked"] if key not in created])
        self.state.ok("audit", "verify")

    def trail(self, service, action):
        return self.all_pages(service, "AuditService/ListEvents", "events", action=action)

    # Any order

    def test_the_services_start_in_any_order_and_recover_by_themselves(self):
        self.begin()
        key = self.ada.key()
        api = world.principal(self.state, "api", ["tokens.validate"], "ALL")
        self.state.stop()
        for order in itertools.permutations(e2e.SERVICES):
            for name in order:
                self.state.start(name)
            e2e.wait_until(lambda: self.state.run("status").code == 0, 10, f"all answer, started as {order}")
            asker = wire.signed_in(self.state, api.secret)
            token = wire.platform_token(self.state, key.secret)
            self.assertTrue(asker.ok("tokens", "TokenService/ValidateToken", secret_credential=token)["active"])
            self.caller(self.ada).ok("credentials", "CredentialService/ListCredentials")
            self.state.stop(*self.random.sample(order, len(order)))

    def test_while_one_service_is_away_the_others_say_so_and_then_go_on(self):
        self.begin()
        key = self.ada.key()
        anybody = wire.Caller(self.state)
        self.state.kill("keys")
        reply = anybody.call("tokens", "TokenService/IssueToken", secret_key=key.secret)
        self.assertEqual("UNAVAILABLE", reply.status, str(reply))
        self.assertEqual("UNAVAILABLE", self.caller(self.ada).call("credentials", "CredentialService/ListCredentials").status)
        self.state.start("keys")
        back = lambda: anybody.call("tokens", "TokenService/IssueToken", secret_key=key.secret).status == "OK"
        e2e.wait_until(back, 5, "tokens finds keys again")
        self.caller(self.ada).ok("credentials", "CredentialService/ListCredentials")

    # Once

    def named(self, name):
        return [key["id"] for key in self.all_pages("keys", "KeyService/ListKeys", "keys") if key["name"] == name]

    def send_and_leave(self, user, name, once, wait_s):
        """Ask for a key and hang up before the answer can be read."""
        caller = self.caller(user)
        data = wire.request("latchkey.keys.v1.KeyService/CreateKey", {"name": name, "ttl": "1d"}, caller.token,
                            idempotency_key=once)
        caller.ok("keys", "HealthService/Check")  # the connection stands
        caller.wires["keys"].send(data)
        time.sleep(wait_s)
        caller.close()

    def test_a_write_whose_answer_was_lost_happens_once_when_sent_again(self):
        self.begin()
        done_before = 0
        for n in range(e2e.repeat("lost answers", 100, 15)):
            self.send_and_leave(self.ada, f"lost {n}", f"once-{n}", self.random.uniform(0, 0.001))
            reply = self.caller(self.ada).call("keys", "KeyService/CreateKey", name=f"lost {n}", ttl="1d",
                                               header={"idempotency_key": f"once-{n}"})
            self.assertIn((reply.status, reply.reason), (("OK", ""), ("ALREADY_EXISTS", "ALREADY_CREATED")), str(reply))
            made = self.named(f"lost {n}")
            self.assertEqual(1, len(made))
            if reply.status == "ALREADY_EXISTS":
                self.assertIn(made[0], reply.message)
                done_before += 1
        print(f"repetitions lost answers done before={done_before}", flush=True)

    def test_a_write_that_kill_9_interrupted_happens_once_when_sent_again(self):
        self.begin()
        done_before = 0
        for n in range(e2e.repeat("interrupted writes", 100, 15)):
            killer = threading.Timer(self.random.uniform(0, 0.004), self.state.kill, ["keys"])
            killer.start()
            try:
                self.send_and_leave(self.ada, f"killed {n}", f"once-{n}", 0.006)
            except (ConnectionError, AssertionError, OSError):
                pass
            killer.join()
            self.state.start("keys")
            header = {"idempotency_key": f"once-{n}"}
            reply = self.caller(self.ada).call("keys", "KeyService/CreateKey", name=f"killed {n}", ttl="1d", header=header)
            self.assertIn((reply.status, reply.reason), (("OK", ""), ("ALREADY_EXISTS", "ALREADY_CREATED")), str(reply))
            self.assertEqual(1, len(self.named(f"killed {n}")))
            done_before += reply.status == "ALREADY_EXISTS"
        print(f"repetitions interrupted writes done before={done_before}", flush=True)

    def test_the_same_write_sent_again_gets_the_same_answer_and_another_one_is_refused(self):
        self.begin()
        caller, once = self.caller(self.ada), {"idempotency_key": "once"}
        first = caller.ok("keys", "AccountService/CreateWorkgroup", name="readers", header=once)
        self.assertEqual(first, caller.ok("keys", "AccountService/CreateWorkgroup", name="readers", header=once))
        self.state.kill("keys")
        self.state.start("keys")
        caller = self.caller(self.ada)
        self.assertEqual(first, caller.ok("keys", "AccountService/CreateWorkgroup", name="readers", header=once))
        reply = caller.call("keys", "AccountService/CreateWorkgroup", name="writers", header=once)
        self.assertEqual(("INVALID_ARGUMENT", "IDEMPOTENCY_KEY_REUSED"), (reply.status, reply.reason), str(reply))
        self.assertEqual(["readers"], [group["name"] for group in
                                       self.all_pages("keys", "AccountService/ListWorkgroups", "workgroups")])

    def test_an_idempotency_key_is_its_callers_own(self):
        self.begin()
        ben, once = self.genomics.user("ben", "key-manager"), {"idempotency_key": "once"}
        hers = self.caller(self.ada).ok("keys", "KeyService/CreateKey", name="laptop", header=once)
        his = self.caller(ben).ok("keys", "KeyService/CreateKey", name="laptop", header=once)
        self.assertNotEqual(hers["key"]["id"], his["key"]["id"])


if __name__ == "__main__":
    e2e.main()
