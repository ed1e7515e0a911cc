#!/usr/bin/env python3
"""Forward authentication behind a real nginx: a static site that only those see whom Latchkey lets in."""

import pathlib
import shutil
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e

CONFIGURATION = """
daemon off; master_process off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 64; }}
http {{
  access_log off;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  upstream latchkey {{ server {gateway}; keepalive 8; }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      auth_request /latchkey;
      auth_request_set $latchkey_user $upstream_http_x_latchkey_user;
      auth_request_set $latchkey_scopes $upstream_http_x_latchkey_scopes;
      add_header X-Seen-User $latchkey_user always;
      add_header X-Seen-Scopes $latchkey_scopes always;
      root {folder}/site;
    }}
    location = /latchkey {{
      internal;
      proxy_pass http://latchkey/auth{query};
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Original-URI $request_uri;
    }}
  }}
}}
"""


class Nginx(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.state.start("gateway")
        made = self.state.json("tenant", "create", "genomics", "--domain", "genomics.example", "--profile", "panomics",
                               "--admin", "ada@genomics.example")
        self.ada = self.state.login("ada", made["admin"]["ticket"])
        self.folder = self.state.folder / "nginx"
        (self.folder / "site").mkdir(parents=True)
        (self.folder / "site" / "index.html").write_text("the samples\n")

    def start_nginx(self, query=""):
        program = shutil.which("nginx") or "/usr/sbin/nginx"
        port = e2e.free_port()
        gateway = self.state.shell["LATCHKEY_HTTP_URL"].removeprefix("http://")
        text = CONFIGURATION.format(folder=self.folder, port=port, gateway=gateway, query=query)
        (self.folder / "nginx.conf").write_text(text)
        process = subprocess.Popen([program, "-p", self.folder, "-c", self.folder / "nginx.conf"],
                                   stderr=subprocess.DEVNULL)
        self.addCleanup(self.end, process)
        site = http_client.Gateway(self.state)
        site.port = port
        e2e.wait_until(lambda: self.listens(site) or process.poll() is not None, 20, "nginx listens")
        self.assertIsNone(process.poll())
        return site

    @staticmethod
    def listens(site):
        try:
            site.connect().close()
            return True
        except OSError:
            return False

    @staticmethod
    def end(process):
        process.terminate()
        process.wait(20)

    def test_only_a_good_key_or_token_opens_the_site(self):
        site = self.start_nginx()
        made = self.ada.json("key", "create", "k")
        key = made["key"]
        token = self.state.with_key(key).ok("token", "issue").strip()
        self.assertEqual(401, site.ask("GET", "/").status)
        self.assertEqual(401, site.ask("GET", "/", key="lk_nothing").status)
        for shown in (key, token):
            answer = site.ask("GET", "/", key=shown)
            self.assertEqual((200, "the samples\n"), (answer.status, answer.body))
            self.assertTrue(answer.headers["X-Seen-User"].startswith("usr_"))
        spoofed = {"X-Latchkey-User": "usr_01ARZ3NDEKTSV4RRFFQ69G5FAV", "X-Latchkey-Scopes": "tenants.manage"}
        answer = site.ask("GET", "/", key=key, headers=spoofed)
        self.assertNotEqual(spoofed["X-Latchkey-User"], answer.headers["X-Seen-User"])
        self.assertNotIn("tenants.manage", answer.headers["X-Seen-Scopes"])
        self.ada.ok("key", "revoke", made["id"])
        for shown in (key, token):
            self.assertEqual(401, site.ask("GET", "/", key=shown).status)

    def test_what_the_proxy_requires_is_forbidden_to_others(self):
        self.ada.json("user", "create", "cleo@genomics.example")
        key = self.ada.json("key", "create", "k", "--permission", "api_keys.manage")["key"]
        site = self.start_nginx("?permission=audit.read")
        self.assertEqual(403, site.ask("GET", "/?permission=api_keys.manage", key=key).status)
        self.assertEqual(401, site.ask("GET", "/").status)
        wide = self.ada.json("key", "create", "w", "--permission", "audit.read")["key"]
        self.assertEqual(200, site.ask("GET", "/", key=wide).status)

    def test_when_nobody_can_decide_nobody_is_let_through(self):
        key = self.ada.json("key", "create", "k")["key"]
        site = self.start_nginx()
        self.assertEqual(200, site.ask("GET", "/", key=key).status)
        self.state.kill("keys")
        e2e.wait_until(lambda: site.ask("GET", "/", key=key).status == 403, 4, "what is remembered counts for two seconds")
        self.state.start("keys")
        e2e.wait_until(lambda: site.ask("GET", "/", key=key).status == 200, 20, "let in again")

    def test_below_auth_the_query_is_the_clients(self):
        key = self.ada.json("key", "create", "k", "--permission", "api_keys.manage")["key"]
        http = http_client.Gateway(self.state)
        need = {"X-Latchkey-Require-Permission": "audit.read"}
        answer = http.ask("GET", "/auth/some/page?a=b&&=", key=key)  # Envoy takes nothing but 200 for a yes
        self.assertEqual((200, "", "0"), (answer.status, answer.body, answer.headers["Content-Length"]))
        self.assertEqual(403, http.ask("POST", "/auth/some/page?permission=api_keys.manage", key=key, headers=need).status)
        answer = http.ask("DELETE", "/auth?permission=api_keys.manage", key=key)
        self.assertEqual((204, ""), (answer.status, answer.body))


if __name__ == "__main__":
    e2e.main()
