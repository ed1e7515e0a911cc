#!/usr/bin/env python3
"""Passwords and sessions: signing in, what is refused and how, changing one's own, ending what is open."""

import concurrent.futures
import contextlib
import ctypes
import itertools
import pathlib
import sqlite3
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import postgres
import latchkey_wire as wire

PASSWORD, OTHER = "correct horse battery", "staple staple staple"


class SignIn(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics",
                               "--admin", "ada@genomics.example")
        self.ada = self.state.login("ada", made["admin"]["ticket"])
        self.ticket = self.ada.json("user", "create", "ben@genomics.example", "--role", "key-manager")["ticket"]

    def enrol(self):
        """Ben, signed in by his ticket, with a password from now on."""
        nobody = self.state.person()
        nobody.ok("--profile", "ben", "login", "--ticket", self.ticket, "--set-password", stdin=f"{PASSWORD}\n")
        return self.state.person(LATCHKEY_PROFILE="ben")

    def sign_in(self, password=PASSWORD, profile="ben2", email="ben@genomics.example", domain="genomics.example"):
        return self.state.person().run("--profile", profile, "login", email, "--tenant", domain, "--json", stdin=password + "\n")

    def session(self, profile="ben2"):
        result = self.sign_in(profile=profile)
        self.assertEqual(0, result.code, result)
        return self.state.person(LATCHKEY_PROFILE=profile)

    def test_a_password_set_with_the_ticket_opens_from_then_on(self):
        self.enrol()
        for domain in ("genomics.example", "genomics"):
            result = self.sign_in(domain=domain)
            self.assertEqual(0, result.code, result)
            self.assertEqual("ben@genomics.example", result.json()["email"])
        ben = self.state.person(LATCHKEY_PROFILE="ben2")
        self.assertEqual("ben@genomics.example", ben.json("whoami")["name"])
        ben.ok("key", "create", "laptop")
        self.state.kill("keys")
        self.state.start("keys")
        self.assertEqual(0, self.sign_in(profile="ben3").code)
        self.assertNotIn(PASSWORD, self.state.log("keys"))
        self.assertEqual([], self.state.files_holding(PASSWORD))

    def test_whatever_is_wrong_the_answer_is_the_same(self):
        self.enrol()
        answers = set()
        for wrong in ({"password": OTHER}, {"email": "cleo@genomics.example"}, {"domain": "nowhere.example"},
                      {"email": "ada@genomics.example"}):  # who has no password
            result = self.sign_in(**wrong)
            self.assertEqual(1, result.code, result)
            answers.add(result.err + result.out)
        self.ada.ok("user", "disable", "ben@genomics.example")
        answers.add((lambda r: r.err + r.out)(self.sign_in()))
        self.ada.ok("user", "enable", "ben@genomics.example")
        self.ada.ok("policy", "set", "password_login=off")
        answers.add((lambda r: r.err + r.out)(self.sign_in()))
        self.assertEqual(1, len(answers), answers)
        self.assertIn("SIGN_IN_REFUSED", answers.pop())
        self.ada.ok("policy", "set", "password_login=on")
        e2e.wait_until(lambda: self.sign_in().code == 0, 20, "the right password opens, after the delay that three wrong tries earn")

    def test_many_wrong_tries_are_spread_out_and_the_right_one_still_opens(self):
        self.enrol()
        for _ in range(3):
            self.assertIn("SIGN_IN_REFUSED", str(self.sign_in(password=OTHER)))
        self.assertIn("SIGN_IN_DELAYED", str(self.sign_in(password=OTHER)))
        e2e.wait_until(lambda: self.sign_in().code == 0, 20, "the right password opens after the delay")

    def test_the_delay_does_not_tell_which_accounts_there_are(self):
        self.enrol()
        for name in ("ben", "nobody"):
            for _ in range(3):
                self.assertIn("SIGN_IN_REFUSED", str(self.sign_in(password=OTHER, domain="genomics", email=f"{name}@genomics.example")))
            result = self.sign_in(password=OTHER, email=f"{name.upper()}@genomics.example")
            self.assertIn("SIGN_IN_DELAYED", str(result), name)

    def test_a_password_set_by_a_new_ticket_puts_out_who_is_in(self):
        ben = self.enrol()
        self.ticket = self.ada.json("user", "ticket", "ben@genomics.example")["ticket"]
        self.state.person().ok("--profile", "ben2", "login", "--ticket", self.ticket, "--set-password", stdin=f"{OTHER}\n")
        ben.refused("whoami")
        self.state.person(LATCHKEY_PROFILE="ben2").ok("whoami")
        self.assertEqual(1, self.sign_in(profile="ben3").code)

    def test_policy_off_takes_no_password_with_a_ticket(self):
        self.ada.ok("policy", "set", "password_login=off")
        result = self.state.person().run("--profile", "ben", "login", "--ticket", self.ticket, "--set-password", stdin=PASSWORD + "\n")
        self.assertEqual(1, result.code)
        self.assertIn("PASSWORDS_OFF", result.err)
        self.state.login("ben", self.ticket)  # the ticket was not used up

    def test_a_short_password_is_refused_before_the_ticket_is_used(self):
        result = self.state.person().run("--profile", "ben", "login", "--ticket", self.ticket, "--set-password", stdin="short\n")
        self.assertIn("PASSWORD_LENGTH", result.err)
        self.enrol()

    def test_G10_one_changes_ones_own_password_and_other_sessions_end(self):
        ben = self.enrol()
        other = self.session()
        ben.refused("password", stdin=f"{OTHER}\n{OTHER}\n", reason="PASSWORD_WRONG")
        ben.ok("password", stdin=f"{PASSWORD}\n{OTHER}\n")
        ben.ok("whoami")
        other.refused("whoami")
        self.assertEqual(1, self.sign_in(profile="ben3").code)
        self.assertEqual(0, self.sign_in(password=OTHER, profile="ben3").code)
        key = ben.json("key", "create", "k", "--permission", "api_keys.manage")["key"]
        self.state.with_key(key).refused("password", stdin=f"{OTHER}\n{PASSWORD}\n", reason="SESSION_REQUIRED")

    def test_G10_one_changes_ones_own_name(self):
        ben = self.enrol()
        self.assertEqual("Ben B.", ben.json("rename", "Ben B.")["name"])
        self.assertEqual("Ben B.", self.ada.json("user", "show", "ben@genomics.example")["name"])
        ben.refused("rename", "a\nb", reason="DISPLAY_NAME_INVALID")

    def test_sessions_are_listed_and_ended_by_oneself_or_an_administrator(self):
        ben = self.enrol()
        other = self.session()
        sessions = ben.json("session", "list")["sessions"]
        self.assertEqual([True, False], [session["current"] for session in sessions])
        ben.ok("session", "end", sessions[1]["id"])
        other.refused("whoami")
        self.assertEqual(1, len(ben.json("session", "list")["sessions"]))
        listed = self.ada.json("session", "list", "ben@genomics.example")["sessions"]
        self.assertEqual([sessions[0]["id"]], [session["id"] for session in listed])
        ben.refused("session", "list", "ada@genomics.example")
        self.ada.ok("session", "end", sessions[0]["id"])
        ben.refused("whoami")

    def test_a_session_ends_by_idleness_and_by_time(self):
        self.enrol()
        self.configure("session-idle = 5s", "session-ttl = 9s")
        used, unused = self.session("used"), self.session("unused")
        begun = time.monotonic()
        while time.monotonic() - begun < 6.5:
            used.ok("whoami")
            time.sleep(0.3)
        unused.refused("whoami")
        e2e.wait_until(lambda: used.run("whoami").code != 0, 6, "a session in use ends, too")
        self.assertGreater(time.monotonic() - begun, 7)
        listed = ("session", "list", "ben@genomics.example", "--tenant", "genomics")
        e2e.wait_until(lambda: not self.state.json(*listed)["sessions"], 3, "what ended is not listed")

    def configure(self, *lines):
        with open(self.state.path / "keys.conf", "a", encoding="utf-8") as config:
            config.write("\n".join(lines) + "\n")
        self.state.restart("keys")

    def test_a_keys_service_whose_workers_could_all_check_passwords_does_not_start(self):
        self.state.stop("keys")
        with open(self.state.path / "keys.conf", "a", encoding="utf-8") as config:
            config.write("workers = 2\npassword-checks = 2\n")
        done = subprocess.run([e2e.program("latchkey-keys"), "--config", self.state.path / "keys.conf"], capture_output=True,
                              text=True, timeout=30)
        self.assertEqual(2, done.returncode)
        self.assertIn("must be below workers", done.stderr)

    def test_a_refused_try_stands_in_the_trail(self):
        self.enrol()
        self.assertEqual(1, self.sign_in(password=OTHER).code)
        self.assertEqual(1, self.sign_in(email="nobody@genomics.example").code)

        def refused():
            events = self.ada.json("audit", "list", "--action", "session.started")["events"]
            return [event["owner"] for event in events if event["outcome"] == "SIGN_IN_REFUSED"]

        e2e.wait_until(lambda: len(refused()) == 1, 5, "one row, and none for who is nobody")

    def stored_hash(self, replace=None):
        statements = ["SELECT hash FROM user_passwords"]
        if replace:
            statements.insert(0, f"UPDATE user_passwords SET hash = '{replace}'")
        return [self.sql(statement) for statement in statements][-1]

    def sql(self, statement):
        """In the database of keys, whatever it is; the first value of the answer."""
        if self.engine == "postgres":
            script = f"SET search_path TO {self.state.schema('keys')}; {statement}"
            return self.state.server.sql(script, postgres.DATABASE).strip()
        with contextlib.closing(sqlite3.connect(self.state.path / "data/keys.db")) as database, database:
            return (database.execute(statement).fetchone() or [""])[0]

    def forget_seals(self):
        """As a database of before rows had MACs."""
        self.sql("UPDATE users SET mac = NULL, mac_pepper = 0")
        self.sql("DELETE FROM row_seals")
        self.sql("DELETE FROM audit_event WHERE action = 'rows.sealed'")
        self.sql("UPDATE audit_event SET sequence = NULL, chain_hash = NULL")
        self.sql("DELETE FROM audit_head")

    def test_a_hash_that_was_put_in_by_hand_opens_nothing(self):
        self.enrol()
        self.state.stop("keys")
        self.stored_hash(replace=self.stored_hash() + "x")
        self.state.start("keys")
        self.assertEqual(1, self.sign_in().code)
        listing = ("audit", "list", "--service", "keys", "--action", "user.damaged")
        e2e.wait_until(lambda: [event["outcome"] for event in self.state.json(*listing)["events"]] == ["ROW_DAMAGED"], 5, "the record")

    def test_a_weak_hash_of_old_is_replaced_at_the_next_sign_in(self):
        self.enrol()
        self.state.stop("keys")
        strong, weak = self.stored_hash(), ctypes.create_string_buffer(128)
        sodium = ctypes.CDLL("libsodium.so.23")
        self.assertEqual(0, sodium.crypto_pwhash_argon2id_str(
            weak, PASSWORD.encode(), ctypes.c_ulonglong(len(PASSWORD)), ctypes.c_ulonglong(1), ctypes.c_size_t(8 << 20)))
        self.assertIn("m=8192,t=1", self.stored_hash(replace=weak.value.decode()))
        self.forget_seals()
        self.state.start("keys")
        self.assertEqual(1, self.sign_in(password=OTHER).code)
        self.assertIn("m=8192,t=1", self.stored_hash())
        self.assertEqual(0, self.sign_in().code)
        self.assertEqual(strong.split("$")[:4], self.stored_hash().split("$")[:4])
        self.assertEqual(0, self.sign_in().code)

    def test_I8_a_token_is_made_from_user_name_and_password(self):
        self.enrol()
        nobody = self.state.person()
        arguments = ("token", "issue", "--user", "ben@genomics.example", "--tenant", "genomics.example")
        token = nobody.ok(*arguments, "--scope", "api_keys.manage", stdin=PASSWORD + "\n").strip()
        judge = self.state.json("principal", "create", "judge", "--permission", "tokens.validate", "--tenant", "ALL")["key"]
        said = self.state.with_key(judge).json("validate", "-", stdin=token)
        self.assertEqual((True, ["api_keys.manage"]), (said["active"], said["permissions"]))
        nobody.refused(*arguments, stdin=OTHER + "\n", reason="SIGN_IN_REFUSED")
        nobody.refused(*arguments, "--ttl", "2h", stdin=PASSWORD + "\n", reason="TTL_TOO_LONG")
        nobody.misused("token", "issue", "--user", "ben@genomics.example")
        self.ada.ok("session", "end", *[s["id"] for s in self.ada.json("session", "list", "ben@genomics.example")["sessions"]])
        self.assertFalse(self.state.with_key(judge).run("validate", "--json", "-", stdin=token).json()["active"])
        self.ada.ok("policy", "set", "password_login=off")
        nobody.refused(*arguments, stdin=PASSWORD + "\n", reason="SIGN_IN_REFUSED")

    def test_a_flood_of_sign_ins_starves_no_validation(self):
        self.enrol()
        key = self.ada.json("key", "create", "k")["key"]
        judge = self.state.json("principal", "create", "judge", "--permission", "tokens.validate", "--tenant", "ALL")["key"]
        backend, stop, said = self.state.with_key(judge), threading.Event(), []

        def flood(n):
            caller = wire.Caller(self.state)
            while not stop.is_set():
                try:
                    caller.ok("keys", "AccountService/SignIn", tenant="genomics", email=f"x{n}@y.example", secret_password=OTHER)
                except Exception as why:  # refused, delayed or busy: that is what is asked for
                    said.append(str(why))
            caller.close()

        threads = [threading.Thread(target=flood, args=(n,)) for n in range(12)]
        for thread in threads:
            thread.start()
        try:
            begun = time.monotonic()
            for _ in range(10):
                backend.ok("validate", "-", stdin=key)
            self.assertLess(time.monotonic() - begun, 20)
        finally:
            stop.set()
            for thread in threads:
                thread.join()
        self.assertTrue(any("SIGN_IN_BUSY" in word for word in said), said[:3])

    def test_the_gateway_says_where_one_signs_in_from_and_leaves_the_others_a_place(self):
        self.state.json("tenant", "create", "proteomics", "--domain", "proteomics.example", "--profile", "panomics",
                        "--admin", "eve@proteomics.example")
        self.state.start("gateway")
        tenants, http, numbers = ("genomics", "proteomics"), http_client.Gateway(self.state), itertools.count(1)

        def both(sign_in):
            """One try in each tenant at once, of accounts that were not tried before; the reasons."""
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                return list(pool.map(sign_in, tenants, [f"x{next(numbers)}@{name}.example" for name in tenants]))

        def through_gateway(tenant, email):
            return http.ask("POST", "/v1/sign-in", {"tenant": tenant, "email": email, "secretPassword": OTHER}).json()["reason"]

        def for_a_token(tenant, email):
            return http.ask("POST", "/v1/tokens", {"tenant": tenant, "user": email, "secretPassword": OTHER}).json()["reason"]

        def from_elsewhere(tenant, email):
            with contextlib.closing(wire.Caller(self.state)) as caller:
                return caller.call("keys", "AccountService/SignIn", tenant=tenant, email=email, secret_password=OTHER,
                                   source_address=f"203.0.113.{tenants.index(tenant)}").reason

        self.assertEqual({"SIGN_IN_REFUSED"}, {reason for _ in range(8) for reason in both(from_elsewhere)})
        for way in (through_gateway, for_a_token):
            e2e.wait_until(lambda: "SIGN_IN_BUSY" in both(way), 20, "two at once from one address are one too many")
        http.refused(400, "POST", "/v1/sign-in", {"tenant": "genomics", "email": "x@genomics.example", "secretPassword": OTHER,
                                                  "sourceAddress": "203.0.113.7"}, reason="FIELD_TWICE")


if __name__ == "__main__":
    e2e.main()
