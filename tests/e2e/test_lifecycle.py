#!/usr/bin/env python3
"""Restarts that nobody notices, and what a running process reads again when it is told to."""

import http.client
import pathlib
import shutil
import signal
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_load
import latchkey_e2e as e2e
import world

RATE = 500  # requests a second

BALANCED = """
daemon off; master_process off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 256; }}
http {{
  access_log off;
  client_body_temp_path {folder}/b; proxy_temp_path {folder}/p; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream latchkey {{ server {one} max_fails=0; server {two} max_fails=0; keepalive 16; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{ proxy_pass http://latchkey; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_next_upstream error timeout http_503; }}
  }}
}}
"""


class Lifecycle(e2e.Case):
    def begin(self):
        self.state.start()
        self.state.start("gateway")
        self.genomics = world.Tenant(self.state, "genomics")
        self.key = self.genomics.admin.key().secret
        self.port = int(self.state.shell["LATCHKEY_HTTP_URL"].rsplit(":", 1)[1])

    def load(self, path, right, port=None):
        connect = lambda timeout: http.client.HTTPConnection("127.0.0.1", port or self.port, timeout=timeout)
        return http_load.Load(connect, path, self.key, right, RATE)

    def expect_answered(self, load):
        """Nothing that a client's own deadline does not cover."""
        print(load, flush=True)
        self.assertEqual([], load.wrong)
        self.assertGreater(load.right, 100)

    def expect_unnoticed(self, load):
        self.expect_answered(load)
        self.assertEqual(0, load.again)

    def test_a_service_that_is_restarted_under_load_fails_nobody(self):
        """The gateway asks again within its deadline; what is away for longer is said so, and asked again by the client."""
        self.begin()
        with self.load("/v1/me", 200) as load:
            for n in range(e2e.repeat("restarts", 50, 4)):
                self.state.restart(e2e.SERVICES[n % 2])
                time.sleep(0.1)
        self.expect_answered(load)

    def test_of_two_gateways_one_may_always_go(self):
        self.begin()
        folder = self.state.folder / "nginx"
        folder.mkdir()
        other, port = e2e.free_port(), e2e.free_port()
        text = (self.state.path / "gateway.conf").read_text().replace(f":{self.port}\n", f":{other}\n")
        (self.state.path / "gateway-2.conf").write_text(text)
        (folder / "conf").write_text(BALANCED.format(folder=folder, port=port, one=f"127.0.0.1:{self.port}", two=f"127.0.0.1:{other}"))
        second = self.start_second()
        nginx = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", folder / "conf"], stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (nginx.terminate(), nginx.wait(20)))
        e2e.wait_until(lambda: self.listens(port) and self.listens(other), 20, "nginx and the second gateway listen")
        with self.load("/auth", 204, port) as load:
            for _ in range(e2e.repeat("rolling restarts", 20, 3)):
                self.state.restart("gateway")
                second.terminate()
                self.assertEqual(0, second.wait(20))
                second = self.start_second()
                e2e.wait_until(lambda: self.listens(other), 20, "the second gateway listens again")
        self.expect_unnoticed(load)

    def start_second(self):
        with open(self.state.logs / "gateway-2.log", "ab") as log:
            second = subprocess.Popen([e2e.program("latchkey-gateway"), "--config", self.state.path / "gateway-2.conf"],
                                      stdout=log, stderr=log, env=self.state._service_environment())
        self.addCleanup(lambda: second.poll() is None and (second.kill(), second.wait()))
        return second

    @staticmethod
    def listens(port):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        try:
            connection.connect()
            connection.close()
            return True
        except OSError:
            return False

    # SIGHUP

    def reload(self, name, event="service.reloaded"):
        before = self.state.log(name).count(event)
        self.state.running[name].send_signal(signal.SIGHUP)
        e2e.wait_until(lambda: self.state.log(name).count(event) > before, 10, f"{name} says {event}")

    def test_sighup_reads_the_log_level_again(self):
        self.begin()
        conf = self.state.path / "keys.conf"
        self.genomics.admin.key()
        self.assertNotIn('"level":"debug"', self.state.log("keys"))
        conf.write_text(conf.read_text() + "log-level = debug\n")
        self.reload("keys")
        self.genomics.admin.key()
        self.assertIn("KeyService/CreateKey", self.state.log("keys"))
        conf.write_text(conf.read_text().replace("log-level = debug", "log-level = loud"))
        self.reload("keys", "service.reload_failed")
        conf.write_text(conf.read_text().replace("log-level = loud", "log-level = info"))
        self.reload("keys")
        lines = self.state.log("keys").count('"level":"debug"')
        self.genomics.admin.key()
        self.assertEqual(lines, self.state.log("keys").count('"level":"debug"'))
        self.reload("gateway")

    def test_an_operator_comes_and_goes_without_a_restart(self):
        self.begin()
        peers, secret = self.state.path / "peers", self.state.folder / "ops.ed25519"
        self.make_operator(secret, peers / "ops.pub")
        ops = self.state.person(LATCHKEY_OPERATOR_KEY_FILE=str(secret))
        ops.refused("tenant", "list", reason="ASSERTION_REFUSED")
        self.reload("keys")
        self.assertEqual(1, len(ops.json("tenant", "list")["tenants"]))
        (peers / "ops.pub").rename(peers / "ops.gone")
        self.reload("keys")
        ops.refused("tenant", "list", reason="ASSERTION_REFUSED")
        (peers / "broken.pub").write_text("not a key\n")
        (peers / "ops.gone").rename(peers / "ops.pub")
        self.reload("keys", "service.reload_failed")
        ops.refused("tenant", "list", reason="ASSERTION_REFUSED")
        (peers / "broken.pub").unlink()
        self.reload("keys")
        ops.ok("tenant", "list")

    def make_operator(self, secret, public):
        """The key of another installation's operator, under another name."""
        other = self.state.folder / "other"
        self.state.ok("init", "--state", other)
        shutil.copy(other / "secrets" / "operator.ed25519", secret)
        secret.chmod(0o600)
        secret.write_text(secret.read_text().replace(" operator", " ops"))
        public.write_text((other / "peers" / "operator.pub").read_text().replace(" operator operator", " operator ops"))


if __name__ == "__main__":
    e2e.main()
