#!/usr/bin/env python3
"""HTTP against what others would put there, in interleaved rounds of wrk: API keys checked, tokens issued, forward authentication.

    LATCHKEY_BUILD=build/tests/gcc python3 tests/bench/bench_gateway.py [--quick] [--asking]

--asking: the gateway has no key of its own, so it asks about every key and remembers nothing.
"""

import base64
import json
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import urllib.request

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import world

SUPPORT = pathlib.Path(__file__).resolve().parents[1] / "support"
QUICK = "--quick" in sys.argv
ROUNDS, SECONDS = (3, 1) if QUICK else (5, 4)
CONNECTIONS = 16

NGINX = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ worker_connections 512; }}
http {{
  access_log off; keepalive_requests 1000000;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u;
  scgi_temp_path {folder}/s;
  upstream latchkey {{ server {gateway}; keepalive 32; keepalive_requests 1000000; }}
  upstream static {{ server 127.0.0.1:{static}; keepalive 32; keepalive_requests 1000000; }}
  server {{ listen 127.0.0.1:{static}; location / {{ return 204; }} }}
  server {{
    listen 127.0.0.1:{port};
    location /ours/ {{ auth_request /latchkey; alias {folder}/site/; }}
    location /static/ {{ auth_request /nobody; alias {folder}/site/; }}
    location = /latchkey {{
      internal; proxy_pass http://latchkey/auth; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
    }}
    location = /nobody {{
      internal; proxy_pass http://static/; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_pass_request_body off; proxy_set_header Content-Length "";
    }}
  }}
}}
"""


def lua(text):
    return "[==[" + text + "]==]"


class Load:
    """One request, sent over and over."""

    def __init__(self, folder, name, url, method="GET", body="", **headers):
        self.url, self.script = url, folder / f"{name}.lua"
        lines = [f"wrk.method = {lua(method)}", f"wrk.body = {lua(body)}"]
        lines += [f"wrk.headers[ {lua(key.replace('_', '-'))} ] = {lua(value)}" for key, value in headers.items()]
        self.script.write_text("\n".join(lines) + "\n")
        request = urllib.request.Request(url, body.encode() or None, {key.replace("_", "-"): value for key, value in headers.items()}, method=method)
        with urllib.request.urlopen(request, timeout=20) as answer:  # it is served, and this is what comes
            self.answer = answer.read().decode()

    def rate(self, seconds=SECONDS):
        done = subprocess.run(["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "-s", self.script, self.url], capture_output=True, text=True,
                              check=True)
        assert "Non-2xx" not in done.stdout and "Socket errors" not in done.stdout, done.stdout
        return float(re.search(r"Requests/sec:\s+([\d.]+)", done.stdout).group(1))


def compare(what, ours, theirs, at_least):
    for load in (ours, theirs):
        load.rate(1)
    rounds = [(ours.rate(), theirs.rate()) for _ in range(ROUNDS)]
    ratio = statistics.median(a / b for a, b in rounds)
    mine, other = (statistics.median(column) for column in zip(*rounds))
    print(f"{what}: {mine:.0f}/s against {other:.0f}/s, ratio {ratio:.2f} (wanted {at_least})", flush=True)


def comparators(folder):
    """The process and what it says, or None where npm has nothing to give."""
    home = e2e.BUILD / "node_bench"
    home.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "comparators.mjs"):
        shutil.copy(SUPPORT / "node_bench" / name, home)
    if not (home / "node_modules").is_dir():
        npm = ["npm", "install", "--prefix", home, "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"]
        if not shutil.which("npm") or subprocess.run(npm, capture_output=True).returncode != 0:
            print("skipped: there is no npm, or it could not bring better-auth and oidc-provider")
            return None
    process = subprocess.Popen(["node", home / "comparators.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               stderr=open(folder / "comparators.log", "w"))
    return process, json.loads(process.stdout.readline())


def against_node(state, http, folder):
    started = comparators(folder)
    if not started:
        return
    process, theirs = started
    try:
        ben = world.Tenant(state, "bench").user("ben", "key-manager")
        key, judge = ben.key("laptop").secret, world.principal(state, "judge", ["tokens.validate"], "ALL").secret
        check = Load(folder, "check", f"{http.url}/v1/validate", "POST", json.dumps({"secretCredential": key}),
                     Authorization=f"Bearer {judge}", Content_Type="application/json")
        theirs_check = Load(folder, "better_auth", f"http://127.0.0.1:{theirs['verify']['port']}/", "POST",
                            json.dumps({"key": theirs["verify"]["key"]}), Content_Type="application/json")
        assert json.loads(check.answer)["active"] and json.loads(theirs_check.answer)["valid"]
        compare("API key check over HTTP, better-auth in memory", check, theirs_check, 20)

        def token(name, url, user, secret):
            basic = base64.b64encode(f"{user}:{secret}".encode()).decode()
            load = Load(folder, name, url, "POST", "grant_type=client_credentials", Authorization=f"Basic {basic}",
                        Content_Type="application/x-www-form-urlencoded")
            assert json.loads(load.answer)["access_token"].count(".") == 2
            return load

        compare("token issue over HTTP, oidc-provider in memory", token("issue", f"{http.url}/oauth2/token", "apikey", key),
                token("oidc_provider", f"http://127.0.0.1:{theirs['token']['port']}/token", theirs["token"]["id"], theirs["token"]["secret"]), 4)
        return key
    finally:
        process.stdin.close()
        process.wait(10)


def behind_nginx(state, http, folder):
    key = world.Tenant(state, "nginx").user("ben", "key-manager").key("laptop").secret
    (folder / "site").mkdir()
    (folder / "site" / "x").write_text("the samples\n")
    port, static = e2e.free_port(), e2e.free_port()
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, gateway=f"{http.host}:{http.port}", port=port, static=static))
    nginx = subprocess.Popen([shutil.which("nginx") or "/usr/sbin/nginx", "-p", folder, "-c", folder / "nginx.conf"], stderr=subprocess.DEVNULL)
    try:
        site = http_client.Gateway(state)
        site.port = port
        e2e.wait_until(lambda: listens(site), 20, "nginx listens")
        loads = [Load(folder, name, f"http://127.0.0.1:{port}/{name}/x", Authorization=f"Bearer {key}") for name in ("ours", "static")]
        compare("forward authentication behind nginx, a static empty 204 in its place", *loads, 0.8)
    finally:
        nginx.terminate()
        nginx.wait(10)


def listens(site):
    try:
        site.connect().close()
        return True
    except OSError:
        return False


def main():
    if not shutil.which("wrk"):
        print("skipped: wrk is not installed")
        return
    state = e2e.State()
    try:
        state.start()
        if "--asking" in sys.argv:
            conf = state.path / "gateway.conf"
            conf.write_text("".join(line for line in conf.read_text().splitlines(True) if not line.startswith("peer")))
        state.start("gateway")
        http = http_client.Gateway(state)
        against_node(state, http, state.folder)
        behind_nginx(state, http, state.folder)
    finally:
        state.close()


main()
