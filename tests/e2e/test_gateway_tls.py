#!/usr/bin/env python3
"""The gateway as an operator sets it up: TLS of its own, hosts that select a tenant, and a listener for metrics."""

import base64
import pathlib
import re
import socket
import ssl
import subprocess
import sys
import time
import warnings

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import judges
import latchkey_e2e as e2e
import world

SAMPLE = re.compile(r'([a-z_]+)(\{(?:[a-z_]+="[^"\\\n]*",?)*\})? (-?[0-9]+(?:\.[0-9]+)?)')


class Certificates:
    """An authority of the test's own, made by openssl's command line."""

    def __init__(self, folder):
        self.folder = folder
        folder.mkdir()
        self.openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=test authority",
                     "-keyout", "ca.key", "-out", "ca.pem")

    def openssl(self, *words):
        subprocess.run(["openssl", *words], cwd=self.folder, check=True, capture_output=True)

    def server(self, name, days="2"):
        """NAME.pem and NAME.key of a server at 127.0.0.1."""
        (self.folder / "san").write_text("subjectAltName = IP:127.0.0.1, DNS:genomics.keys.example.org\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=gateway", "-keyout", f"{name}.key",
                     "-out", f"{name}.csr")
        self.openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", days, "-extfile",
                     "san", "-out", f"{name}.pem")
        (self.folder / f"{name}.key").chmod(0o600)


class SetUp(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.conf = self.state.path / "gateway.conf"
        self.plain_conf = self.conf.read_text()
        self.port = int(re.search(r"^listen = \S+:(\d+)", self.plain_conf, re.M).group(1))
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics",
                               "--admin", "ada@genomics.example")
        self.ticket = made["admin"]["ticket"]

    def configure(self, **options):
        self.conf.write_text(self.plain_conf + "".join(f"{name.replace('_', '-')} = {value}\n" for name, value in options.items()))

    # TLS

    def curl(self, *words):
        return subprocess.run(["curl", "--silent", "--show-error", "--include", *map(str, words)], capture_output=True, text=True, timeout=20)

    def tls(self, version=None):
        """The version that a handshake ended with; None where the server broke it off."""
        context = ssl.create_default_context(cafile=self.certificates.folder / "ca.pem")
        if version:
            warnings.simplefilter("ignore", DeprecationWarning)
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
        try:
            with socket.create_connection(("127.0.0.1", self.port), 10) as plain, context.wrap_socket(plain, server_hostname="127.0.0.1") as s:
                return s.version()
        except (ssl.SSLError, ConnectionError):
            return None

    def test_its_own_tls_is_of_today_and_nothing_else_is_spoken_there(self):
        self.certificates = Certificates(self.state.folder / "tls")
        self.certificates.server("gateway")
        folder = self.certificates.folder
        self.configure(tls_cert_file=folder / "gateway.pem", tls_key_file=folder / "gateway.key")
        self.state.start("gateway")
        url = f"https://127.0.0.1:{self.port}"
        ticket = '{"secretTicket": "%s"}' % self.ticket
        done = self.curl("--cacert", folder / "ca.pem", "-H", "Content-Type: application/json", "-d", ticket, f"{url}/v1/sessions")
        self.assertEqual(0, done.returncode, done.stderr)
        self.assertIn(" 201 ", done.stdout.splitlines()[0])
        self.assertIn("strict-transport-security: max-age=", done.stdout.lower())
        session = re.search(r'"secretSession":"([^"]+)"', done.stdout).group(1)
        self.assertIn("ada@genomics.example", self.curl("--cacert", folder / "ca.pem", "-u", f"apikey:{session}", f"{url}/v1/me").stdout)
        self.assertIn(f'"token_endpoint":"{url}/oauth2/token"', self.curl("--cacert", folder / "ca.pem", f"{url}/.well-known/oauth-authorization-server").stdout)
        self.assertEqual(60, self.curl(f"{url}/healthz").returncode)  # not of the machine's authorities
        self.assertNotEqual(0, self.curl(f"http://127.0.0.1:{self.port}/healthz").returncode)
        self.assertEqual(("TLSv1.3", "TLSv1.3", "TLSv1.2"), (self.tls(), self.tls(ssl.TLSVersion.TLSv1_3), self.tls(ssl.TLSVersion.TLSv1_2)))
        for old in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1):
            self.assertIsNone(self.tls(old))

    def test_certificates_that_no_client_would_take_are_told_at_the_start(self):
        self.certificates = Certificates(self.state.folder / "tls")
        for name, days in (("good", "2"), ("other", "2"), ("old", "-1")):
            self.certificates.server(name, days)
        folder = self.certificates.folder
        (folder / "text.pem").write_text("no certificate\n")
        broken = (folder / "good.pem").read_text() + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
        (folder / "broken.pem").write_text(broken)
        (folder / "open.key").write_bytes((folder / "good.key").read_bytes())
        self.certificates.openssl("pkcs8", "-topk8", "-in", "good.key", "-out", "locked.key", "-passout", "pass:x")
        (folder / "locked.key").chmod(0o600)
        (folder / "open.key").chmod(0o644)
        for certificate, key, reason in (
                ("good.pem", "other.key", "TLS_KEY_MISMATCH"), ("old.pem", "old.key", "TLS_CERTIFICATE_EXPIRED"),
                ("text.pem", "good.key", "TLS_CERTIFICATE_INVALID"), ("broken.pem", "good.key", "TLS_CERTIFICATE_INVALID"),
                ("none.pem", "good.key", "SECRET_FILE_MISSING"), ("good.pem", "ca.pem", "SECRET_FILE_MODE"),
                ("good.pem", "open.key", "SECRET_FILE_MODE"), ("good.pem", "locked.key", "TLS_KEY_INVALID"),
                ("good.pem", "none.key", "SECRET_FILE_MISSING")):
            self.configure(tls_cert_file=folder / certificate, tls_key_file=folder / key)
            done = subprocess.run([e2e.program("latchkey-gateway"), "--config", self.conf], capture_output=True, text=True, timeout=20)
            self.assertNotEqual(0, done.returncode)
            self.assertIn(reason, done.stdout + done.stderr)
        self.configure(tls_cert_file=folder / "good.pem")
        done = subprocess.run([e2e.program("latchkey-gateway"), "--config", self.conf], capture_output=True, text=True, timeout=20)
        self.assertIn("both or not at all", done.stdout + done.stderr)

    # Hosts

    def test_a_host_name_selects_the_tenant(self):
        self.configure(public_url="https://keys.example.org")
        self.state.start("gateway")
        http = http_client.Gateway(self.state)
        http.ok("POST", "/v1/sessions", {"secretTicket": self.ticket, "secretPassword": "a pass phrase"})
        body = {"email": "ada@genomics.example", "secretPassword": "a pass phrase"}
        basic = "Basic " + base64.b64encode(b"ada@genomics.example:a pass phrase").decode()

        def by_host(host, **more):
            signed_in = http.ask("POST", "/v1/sign-in", {**body, **more}, headers={"Host": host}).status
            token = http.ask("POST", "/v1/tokens", {"user": body["email"], "secretPassword": body["secretPassword"], **more},
                             headers={"Host": host}).status
            return signed_in, token, http.ask("POST", "/ica/rest/api/tokens", headers={"Host": host, "Authorization": basic}).status

        self.assertEqual((201, 200, 200), by_host("Genomics.example:443"))
        self.assertEqual((401, 401, 401), by_host("proteomics.example"))
        self.assertEqual(400, by_host("keys.example.org")[2])  # selects none, so the tenant is missing
        self.assertEqual((201, 200), by_host("proteomics.example", tenant="genomics")[:2])  # what is said counts
        self.state.stop("gateway")
        self.configure(tenant_domain="keys.example.org")
        self.state.start("gateway")
        self.assertEqual((201, 200, 200), by_host("genomics.keys.example.org"))
        for host in ("genomics.example", "a.genomics.keys.example.org", "genomicskeys.example.org", "keys.example.org"):
            self.assertEqual(400, by_host(host)[2], host)

    # Metrics

    def check_metrics(self, text):
        """The text format, by its own rules: a head for each family, families in one piece, no sample twice, buckets that grow."""
        families, current, seen, last = {}, None, set(), {}
        for line in text.splitlines():
            if line.startswith("# HELP "):
                current = line.split(" ")[2]
                self.assertNotIn(current, families)
                families[current] = None
            elif line.startswith("# TYPE "):
                self.assertEqual(current, line.split(" ")[2])
                families[current] = line.split(" ")[3]
            else:
                name, labels, value = SAMPLE.fullmatch(line).groups()
                self.assertEqual(current, re.sub("_(bucket|sum|count)$", "", name) if families[current] == "histogram" else name)
                self.assertNotIn((name, labels), seen)
                seen.add((name, labels))
                if name.endswith("_bucket"):
                    group = re.sub(r',?le="[^"]*"', "", labels)
                    self.assertGreaterEqual(float(value), last.get((name, group), 0.0))
                    last[name, group] = float(value)
        return {f"{name}{labels or ''}": float(value) for name, labels, value in (m.groups() for m in SAMPLE.finditer(text))}

    def services_tell(self, values):
        """Each service's own numbers, by name, and what of the gateway is no HTTP."""
        for service in ("keys", "tokens", "credentials"):
            own = f'service="{service}"'
            self.assertEqual(1, values[f"latchkey_up{{{own}}}"])
            for name in ("queue_depth", "store_queue_depth", "audit_unsealed_rows", "feed_lag_events", "memory_lock_failures_total"):
                self.assertGreaterEqual(values[f"latchkey_{name}{{{own}}}"], 0)
            self.assertGreater(values[f"latchkey_open_descriptors{{{own}}}"], 5)
            self.assertGreater(values[f"latchkey_call_duration_seconds_count{{{own}}}"], 0)
            self.assertEqual(0, values[f"latchkey_audit_verified_timestamp_seconds{{{own}}}"])
        self.assertGreater(values['latchkey_store_commits_total{service="keys"}'], 1)
        self.assertEqual(1, values['latchkey_calls_total{service="keys",method="RedeemTicket",code="OK"}'])
        self.assertEqual(1, values['latchkey_calls_total{service="tokens",method="IssueToken",code="OK"}'])
        now = time.time()
        self.assertLess(abs(values['latchkey_signing_key_active_since_timestamp_seconds{service="tokens"}'] - now), 600)
        self.assertGreater(values['latchkey_signing_key_due_timestamp_seconds{service="tokens"}'], now + 3600)
        self.assertEqual(1, values['latchkey_keks{service="credentials",state="active"}'])
        self.assertLess(abs(values['latchkey_kek_active_since_timestamp_seconds{service="credentials"}'] - now), 600)
        self.assertGreaterEqual(values['latchkey_feed_readers{service="keys"}'], 3)
        self.assertGreater(values['latchkey_open_descriptors{service="gateway"}'], 5)
        for feed in ("keys", "tokens"):
            self.assertIn(f'latchkey_validator_lease_left_seconds{{feed="{feed}"}}', values)

    def test_metrics_tell_of_services_that_are_away_and_of_trails_that_were_verified(self):
        port = e2e.free_port()
        self.configure(metrics_listen=f"127.0.0.1:{port}")
        self.state.start("gateway")
        http, metrics = http_client.Gateway(self.state), http_client.Gateway(self.state)
        metrics.port = port
        key = world.Tenant(self.state, "metered").admin.key().secret
        e2e.wait_until(lambda: 'lease_left_seconds{feed="tokens"} 1' in metrics.ask("GET", "/metrics").body, 10, "a lease of two seconds")
        for _ in range(3):
            self.assertEqual(204, http.ask("GET", "/auth", key=key).status)
        self.state.ok("audit", "verify")
        values = self.check_metrics(metrics.ask("GET", "/metrics").body)
        self.assertEqual((2, 1, 1), (values['latchkey_validator_decisions_total{from="memory"}'], values['latchkey_validator_decisions_total{from="service"}'],
                                     values["latchkey_validator_entries"]))
        for service in ("keys", "tokens", "credentials"):
            self.assertLess(abs(values[f'latchkey_audit_verified_timestamp_seconds{{service="{service}"}}'] - time.time()), 600)
        self.state.kill("credentials")
        values = self.check_metrics(metrics.ask("GET", "/metrics").body)
        self.assertEqual([1, 1, 0], [values[f'latchkey_up{{service="{service}"}}'] for service in ("keys", "tokens", "credentials")])

    def test_metrics_have_a_listener_of_their_own(self):
        port = e2e.free_port()
        self.configure(metrics_listen=f"127.0.0.1:{port}")
        self.state.start("gateway")
        http, metrics = http_client.Gateway(self.state), http_client.Gateway(self.state)
        metrics.port = port
        session = http.ok("POST", "/v1/sessions", {"secretTicket": self.ticket})["secretSession"]
        for _ in range(3):
            http.ok("GET", "/v1/me", key=session)
        http.ask("GET", "/auth")
        http.raw(b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n")
        http.refused(404, "GET", "/metrics")
        metrics.refused(404, "GET", "/v1/me", key=session)
        metrics.refused(404, "POST", "/metrics")
        with http.connect():
            answer = metrics.ask("GET", "/metrics")
        self.assertEqual((200, "text/plain; version=0.0.4; charset=utf-8"), (answer.status, answer.headers["Content-Type"]))
        values = self.check_metrics(answer.body)
        for name, value in (('latchkey_http_requests_total{method="GET",code="2xx"}', 3), ('latchkey_http_requests_total{method="POST",code="2xx"}', 1),
                            ('latchkey_http_requests_total{method="GET",code="4xx"}', 2), ("latchkey_http_refused_total", 1),
                            ("latchkey_http_request_duration_seconds_count", 6), ('latchkey_forward_auth_total{result="refused"}', 1),
                            ('latchkey_trades_total{result="issued"}', 1), ('latchkey_trades_total{result="remembered"}', 2),
                            ("latchkey_http_connections", 1), ('latchkey_upstream_calls_lost_total{service="keys"}', 0)):
            self.assertEqual(value, values[name], name)
        self.assertGreaterEqual(values['latchkey_upstream_call_duration_seconds_count{service="keys"}'], 4)
        self.assertNotIn(session, answer.body)
        self.services_tell(values)
        try:
            self.assertEqual("", judges.promtool(answer.body))
            self.assertNotEqual("", judges.promtool(answer.body.replace("# TYPE latchkey_http_connections gauge", "# TYPE latchkey_http_connections counter")))
        except judges.Missing as why:
            self.skipTest(str(why))


if __name__ == "__main__":
    e2e.main()
