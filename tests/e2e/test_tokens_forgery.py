#!/usr/bin/env python3
"""The forgery corpus against a running installation: by RPC as an outsider, in batches, and through liblatchkey as an operator.

The installation takes a signing key of ours, so that every lie can be told under a good signature."""

import ctypes
import json
import os
import pathlib
import subprocess
import sys

TESTS = pathlib.Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TESTS / "support"), str(TESTS / "conformance")]

from base64url import unb64
import latchkey_e2e as e2e
import latchkey_wire
import serve
import token_corpus
import world

LEAST, BATCH, RPC_MAX, SERVED_MAX = 150, 32, 16 * 1024, 8 * 1024
UNIFORM = {"TOKEN_REFUSED", "KEY_REFUSED", "KEY_MALFORMED"}


def decoded(part):
    return json.loads(unb64(part))


def is_text(token):
    try:
        return "\0" not in token.decode()
    except UnicodeDecodeError:
        return False


class Library:
    """latchkey_validate of the shared library, as the operator of this installation."""

    def __init__(self, state):
        path = e2e.BUILD / "clients/c/liblatchkey.so"
        if b"__asan_init" in path.read_bytes() or b"__tsan_init" in path.read_bytes():
            raise OSError("a sanitized library cannot be loaded here")
        os.environ.update({name: value for name, value in state.environment().items() if name.startswith("LATCHKEY_")})
        self.library = ctypes.CDLL(str(path))
        self.library.latchkey_validation_active.restype = ctypes.c_bool
        self.library.latchkey_validation_reason.restype = ctypes.c_char_p
        for name in ("active", "reason", "free"):
            getattr(self.library, f"latchkey_validation_{name}").argtypes = [ctypes.c_void_p]
        self.client = ctypes.c_void_p()
        assert self.library.latchkey_client_open(None, ctypes.byref(self.client), None) == 0

    def validate(self, token):
        """(active, reason); the reason is None where the library did not even ask, or was refused an answer."""
        answer = ctypes.c_void_p()
        if self.library.latchkey_validate(self.client, ctypes.c_char_p(token), None, None, ctypes.byref(answer), None) != 0:
            return False, None
        verdict = (self.library.latchkey_validation_active(answer), self.library.latchkey_validation_reason(answer).decode())
        self.library.latchkey_validation_free(answer)
        return verdict

    def close(self):
        self.library.latchkey_client_close(self.client)


class Forgeries(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        api = world.principal(self.state, "samples-api", ["tokens.validate"], "ALL")
        self.outsider = latchkey_wire.signed_in(self.state, api.secret)
        self.secret = self.genomics.admin.key("laptop").secret
        self.good = latchkey_wire.platform_token(self.state, self.secret)
        pem = self.state.folder / "own.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pem],
                       check=True, capture_output=True)
        pem.chmod(0o600)
        self.key = token_corpus.Key.from_pem(pem.read_text())
        self.assertEqual(self.key.kid, self.state.json("signing-key", "import", pem)["kid"])
        self.corpus = list(token_corpus.corpus(self.key, decoded(self.good.split(".")[1])))
        self.assertGreaterEqual(sum(reason != "" for _, _, reason in self.corpus), LEAST)

    def check(self, name, wanted, active, reason):
        self.assertEqual(wanted == "", active, f"{name}: {reason}")

    def test_outsiders_are_refused_without_a_reason(self):
        for name, token, wanted in self.corpus:
            if len(token) > 2**19:  # over the largest message: the service hangs up
                continue
            reply = self.outsider.call("tokens", "TokenService/ValidateToken", secret_credential=token)
            if reply.status != "OK":
                self.assertIn(reply.status, ("INVALID_ARGUMENT",), name)
                self.assertTrue(wanted != "" and (len(token) > RPC_MAX - 100 or not is_text(token)), name)
                continue
            self.check(name, wanted, reply.body["active"], reply.body["reason"])
            if wanted:
                self.assertIn(reply.body["reason"], UNIFORM, name)
                self.assertIsNone(reply.body["identity"], name)

    def test_a_batch_answers_each_for_itself(self):
        sendable = [row for row in self.corpus if is_text(row[1]) and len(row[1]) < RPC_MAX]
        for at in range(0, len(sendable), BATCH):
            rows = sendable[at:at + BATCH]
            answers = self.outsider.ok("tokens", "TokenService/ValidateTokens",
                                       requests=[{"secret_credential": token} for _, token, _ in rows])["responses"]
            for (name, _, wanted), answer in zip(rows, answers, strict=True):
                self.check(name, wanted, answer["active"], answer["reason"])

    def test_the_library_tells_operators_why(self):
        try:
            library = Library(self.state)
        except OSError as why:
            self.skipTest(str(why))
        for name, token, wanted in self.corpus:
            if b"\0" in token:
                continue  # ends there for C, and would be another token
            active, reason = library.validate(token)
            self.check(name, wanted, active, reason)
            if reason is not None and wanted and token.count(b".") == 2:
                self.assertEqual(wanted, reason, name)
        library.close()

    def test_the_validator_refuses_them_from_memory_too(self):
        """liblatchkey-validator, which `latchkey validate --serve` is: each lie twice, as what is remembered must be no better."""
        with serve.served(self.state, world.principal(self.state, "validator", ["tokens.validate", "feed.read"], "ALL").secret) as asker:
            for name, token, wanted in self.corpus:
                if not is_text(token) or len(token) > SERVED_MAX:
                    continue
                for _ in range(2):
                    said = asker.ask(id=1, credential=token.decode())
                    self.check(name, wanted, said.get("active", False), said)

    def test_tokens_of_others_are_refused(self):
        other = e2e.State()
        self.addCleanup(other.close)
        other.start()
        stranger = world.Tenant(other, "genomics").admin.key("laptop").secret
        instance = latchkey_wire.instance(self.state)
        strange = {
            "another installation": latchkey_wire.platform_token(other, stranger),
            "Latchkey's own audience": latchkey_wire.access_token(self.state, self.secret),
            "the other's own audience": latchkey_wire.access_token(other, stranger),
        }
        for what, token in strange.items():
            answer = self.outsider.ok("tokens", "TokenService/ValidateToken", secret_credential=token)
            self.assertEqual((False, "TOKEN_REFUSED"), (answer["active"], answer["reason"]), what)
        # and what opens Latchkey elsewhere, or is for the platform, opens nothing here
        for token in (*strange.values(), self.good):
            if token == strange["Latchkey's own audience"]:
                continue
            caller = latchkey_wire.Caller(self.state, token)
            for service, method in (("keys", "AccountService/GetMe"), ("credentials", "CredentialService/ListCredentials"),
                                    ("tokens", "TokenService/ValidateToken")):
                reply = caller.call(service, method)
                self.assertEqual(("UNAUTHENTICATED", "TOKEN_REFUSED"), (reply.status, reply.reason), (instance, service))
            caller.close()


if __name__ == "__main__":
    e2e.main()
