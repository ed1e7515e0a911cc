#!/usr/bin/env python3
"""Fetches signed by an enrolled worker: who holds the key that signs tokens and every API key fetches nothing; nor does a replay."""

import ctypes
import ctypes.util
import hashlib
import json
import os
import pathlib
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

from base64url import b64, unb64
import latchkey_e2e as e2e
import latchkey_wire as wire
import transport_seal
import world

FETCH = "CredentialService/FetchCredential"
SECRET = world.AWS_FIELDS.split("\n")[1]


class Transport(transport_seal.Transport):
    def binding(self):
        """What a signature says of these keys: common/crypto/transport.h."""
        parts = (b"latchkey transport binding v1", self._send.raw, self._receive.raw)
        return hashlib.blake2b(b"".join(len(part).to_bytes(4, "little") + part for part in parts), digest_size=32).digest()


class Signer:
    """An Ed25519 key as `latchkey worker key` writes it; signs as common/auth/fetch_signature.h says."""

    def __init__(self, path):
        self.sodium = ctypes.CDLL(ctypes.util.find_library("sodium"))
        public, self.secret = ctypes.create_string_buffer(32), ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_seed_keypair(public, self.secret, unb64(path.read_text().split(" ")[1]))

    def signature(self, instance, worker, request, binding, at_ms=None, nonce=None):
        at_ms, nonce = at_ms or int(time.time() * 1000), nonce or os.urandom(16)
        texts = ["latchkey fetch v1", instance, worker,
                 *(request.get(name, "") for name in ("owner", "tenant", "provider", "purpose", "lease"))]
        fields = [text.encode() for text in texts] + [at_ms.to_bytes(8, "big"), nonce, binding]
        said = b"".join(len(field).to_bytes(4, "big") + field for field in fields)
        out = ctypes.create_string_buffer(64)
        self.sodium.crypto_sign_detached(out, None, said, ctypes.c_ulonglong(len(said)), self.secret)
        return {"signed_at_ms": at_ms, "nonce": nonce, "signature": out.raw}


class SignedFetch(e2e.Case):
    """Ben has a credential where fetches must be signed; the fleet is enrolled."""

    def setUp(self):
        super().setUp()
        with open(self.state.path / "tokens.conf", "a", encoding="utf-8") as conf:
            conf.write("signing-key-publish-ahead = 1s\n")
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ada, self.ben = self.genomics.admin, self.genomics.user("ben", "key-manager")
        self.id = world.add_aws(self.ben)
        self.fleet = world.principal(self.state, "fleet", ["credentials.fetch"], "genomics")
        self.key = self.state.folder / "worker.key"
        self.state.ok("worker", "key", self.key)
        self.line = self.state.person(LATCHKEY_API_KEY=self.fleet.secret, LATCHKEY_WORKER_KEY_FILE=str(self.key))
        self.unsigned = self.state.with_key(self.fleet.secret)
        self.ask = ("credential-process", "aws", "--owner", self.ben.email)

    def enrol(self):
        self.state.ok("worker", "enrol", self.fleet.id, f"{self.key}.pub")
        self.ada.command_line().ok("policy", "set", "require_signed_fetch=yes")

    def agreed(self, caller):
        transport = Transport()
        answer = caller.ok("credentials", "CredentialService/AgreeTransport", client_public_key=transport.public)
        transport.agree(answer["server_public_key"])
        return transport, {"owner": self.ben.email, "provider": "aws", "purpose": "job-1", "transport_id": answer["transport_id"]}

    def test_an_enrolled_worker_signs_and_an_other_is_refused(self):
        self.ada.command_line().ok("policy", "set", "require_signed_fetch=yes")
        self.line.refused(*self.ask, reason="SIGNATURE_REQUIRED")  # signed, but nobody enrolled the key
        self.enrol()
        self.assertEqual(SECRET, json.loads(self.line.ok(*self.ask))["SecretAccessKey"])
        self.assertIn(SECRET, self.line.ok("exec", "--owner", self.ben.email, "aws", "--", "sh", "-c",
                                           'test -z "$LATCHKEY_WORKER_KEY_FILE" && echo "$AWS_SECRET_ACCESS_KEY"'))
        self.unsigned.refused(*self.ask, reason="SIGNATURE_REQUIRED")
        other = self.state.folder / "other.key"
        self.state.ok("worker", "key", other)
        self.line.refused(*self.ask, reason="SIGNATURE_REFUSED", env={"LATCHKEY_WORKER_KEY_FILE": str(other)})
        self.state.ok("policy", "set", "require_signed_fetch=no", "--tenant", "genomics")
        self.unsigned.refused(*self.ask, reason="SIGNATURE_REQUIRED")  # it is enrolled: always
        self.assertEqual([self.fleet.id], [one["id"] for one in self.state.json("worker", "list")["workers"]])
        self.state.ok("worker", "remove", self.fleet.id)
        self.unsigned.ok(*self.ask)
        self.state.refused("worker", "remove", self.fleet.id, reason="WORKER_NOT_FOUND")
        self.state.refused("worker", "enrol", "fleet", f"{self.key}.pub", reason="WORKER_INVALID")
        events = self.state.json("audit", "list", "--service", "credentials", "--object", self.fleet.id)["events"]
        self.assertEqual(["worker.removed", "worker.enrolled"], [event["action"] for event in events])

    def test_a_signature_is_good_for_its_request_its_time_and_once(self):
        self.enrol()
        caller, instance, signer = wire.signed_in(self.state, self.fleet.secret), wire.instance(self.state), Signer(self.key)
        transport, request = self.agreed(caller)

        def ask(request, **how):
            signed = signer.signature(instance, self.fleet.id, how.pop("signs", request), how.pop("binding", transport.binding()), **how)
            return caller.call("credentials", FETCH, signature=signed, **request)

        nonce = os.urandom(16)
        self.assertEqual("OK", ask(request, nonce=nonce).status)
        self.assertEqual("SIGNATURE_REPLAYED", ask(request, nonce=nonce).reason)
        self.state.kill("credentials")
        self.state.start("credentials")
        caller.drop("credentials")
        transport, request = self.agreed(caller)
        self.assertEqual("SIGNATURE_REPLAYED", ask(request, nonce=nonce).reason)  # durably
        now_ms = int(time.time() * 1000)
        for how in ({"at_ms": now_ms - 61000}, {"at_ms": now_ms + 61000}, {"nonce": b"short"}, {"binding": bytes(32)},
                    *({"signs": {**request, name: "other"}} for name in ("owner", "tenant", "provider", "purpose", "lease"))):
            self.assertEqual("SIGNATURE_REFUSED", ask(request, **how).reason, how)
        between, passed_on = self.agreed(caller)  # somebody between worker and service, with keys of their own
        self.assertNotEqual(between.binding(), transport.binding())
        self.assertEqual("SIGNATURE_REFUSED", ask({**request, "transport_id": passed_on["transport_id"]}).reason)
        self.assertEqual("OK", ask(request).status)

    # With the key that signs tokens, and every API key

    def forged(self, token, pem, **claims):
        head, body, _ = token.split(".")
        body = {**json.loads(unb64(body)), **claims}
        text = f"{head}.{b64(json.dumps(body).encode())}"
        der = subprocess.run(["openssl", "dgst", "-sha256", "-sign", pem], input=text.encode(), capture_output=True, check=True).stdout
        at, halves = 2, []  # ECDSA-Sig-Value: SEQUENCE of two INTEGERs
        for _ in range(2):
            halves.append(der[at + 2:at + 2 + der[at + 1]].lstrip(b"\0").rjust(32, b"\0"))
            at += 2 + der[at + 1]
        return wire.Caller(self.state, f"{text}.{b64(b''.join(halves))}")

    def signing_key(self):
        pem = self.state.folder / "own.pem"
        subprocess.run(["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", pem], check=True,
                       capture_output=True)
        pem.chmod(0o600)
        kid = self.state.json("signing-key", "import", pem)["kid"]

        def signs():
            return json.loads(unb64(wire.access_token(self.state, self.fleet.secret).split(".")[0]))["kid"] == kid

        e2e.wait_until(signs, 10, "the stolen key signs")
        return pem

    def test_with_the_signing_key_and_every_api_key_nothing_is_fetched(self):
        self.enrol()
        pem = self.signing_key()
        own = self.state.folder / "attacker.key"
        self.state.ok("worker", "key", own)
        instance, signer = wire.instance(self.state), Signer(own)
        no_worker = ("PERMISSION_MISSING", "PERMISSION_MISSING")  # whatever the token says: rights are looked up
        for secret, scope, reasons in (
                (self.fleet.secret, "credentials.fetch", ("SIGNATURE_REQUIRED", "SIGNATURE_REFUSED")),
                (self.ben.session, "credentials.fetch credentials.manage", no_worker),
                (self.ada.session, "credentials.fetch credentials.manage_any policy.manage", no_worker)):
            token = wire.access_token(self.state, secret)
            subject = json.loads(unb64(token.split(".")[1]))["sub"]
            for caller in (wire.Caller(self.state, token), self.forged(token, pem, scope=scope)):
                self.assertEqual("OK", caller.call("keys", "AccountService/GetMe").status)  # the forgery is a good one
                transport, request = self.agreed(caller)
                signed = signer.signature(instance, subject, request, transport.binding())
                replies = (caller.call("credentials", FETCH, **request), caller.call("credentials", FETCH, signature=signed, **request))
                self.assertEqual(reasons, tuple(reply.reason for reply in replies))
                self.assertEqual("PERMISSION_DENIED", caller.call("credentials", "CredentialService/EnrolWorker", worker=subject,
                                                                  public_key=bytes(32)).status)
                off = caller.call("keys", "AccountService/SetPolicy", values=[{"name": "require_signed_fetch", "value": "no"}])
                self.assertIn(off.reason, ("OPERATOR_REQUIRED", "PERMISSION_MISSING"), str(off))
        self.assertEqual(SECRET, json.loads(self.line.ok(*self.ask))["SecretAccessKey"])


e2e.main()
