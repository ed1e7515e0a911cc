#!/usr/bin/env python3
"""docker/traefik and docker/envoy: what these recipes say that a proxy asks, asked of a real gateway, and what they hand on of its answers.

The proxies themselves are in no Debian; their part here is what their documentation says of them.
"""

import pathlib
import re
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import http_client
import latchkey_e2e as e2e
import world

DOCKER = e2e.TOP / "docker"
CLIENT = "192.0.2.44"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
ACCESS = "urn:ietf:params:oauth:token-type:access_token"


def recipe(path):
    try:
        import yaml  # Debian's; a machine that only builds and lists the tests has none
    except ImportError:
        return None
    return yaml.safe_load((DOCKER / path).read_text(encoding="utf-8"))


class Proxies(e2e.Case):
    def setUp(self):
        super().setUp()
        if recipe("traefik/dynamic.yaml") is None:
            self.skipTest("python3-yaml is not installed")
        conf = self.state.path / "gateway.conf"
        conf.write_text(conf.read_text() + "trusted-proxies = 127.0.0.1\n")
        self.state.start()
        self.state.start("gateway")
        self.http = http_client.Gateway(self.state)
        self.tenant = world.Tenant(self.state, "genomics")
        self.ben = self.tenant.user("ben", "key-manager")

    def identity(self, answer):
        """The names of what says who it is, in small letters."""
        return {name.lower() for name in answer.headers if name.lower().startswith("x-latchkey-")}

    def token_with_actor(self, key):
        """A worker's token that acts for the key's owner: everything that an answer can say."""
        worker = world.principal(self.state, "worker", ["users.act_for"], "ALL").secret
        subject, actor = (self.state.with_key(secret).ok("token", "issue").strip() for secret in (key.secret, worker))
        form = {"grant_type": "urn:ietf:params:oauth:grant-type:token-exchange", "subject_token": subject, "actor_token": actor,
                "subject_token_type": ACCESS, "actor_token_type": ACCESS}
        return self.http.ask("POST", "/oauth2/token", urllib.parse.urlencode(form), headers=FORM).json()["access_token"]

    def keys(self):
        return self.ben.key(), self.ben.key(source_networks=[f"{CLIENT}/32"]), self.ben.key(source_networks=["198.51.100.0/24"])

    def test_what_traefik_asks(self):
        forward = recipe("traefik/dynamic.yaml")["http"]["middlewares"]["latchkey"]["forwardAuth"]
        self.assertIs(False, forward["trustForwardHeader"])
        target = urllib.parse.urlsplit(forward["address"]).path
        sent = {"X-Forwarded-Method": "POST", "X-Forwarded-Uri": "/samples?a=b", "X-Forwarded-For": CLIENT}
        free, near, far = self.keys()
        for status, shown in ((204, free.secret), (204, near.secret), (403, far.secret), (401, None), (401, "lk_nothing")):
            self.assertEqual(status, self.http.ask("GET", target, key=shown, headers=sent).status)
        answer = self.http.ask("GET", target, key=self.token_with_actor(free), headers=sent)
        self.assertEqual(204, answer.status)
        self.assertIn("x-latchkey-actor", self.identity(answer))
        for name in self.identity(answer):  # what a client made up of these is taken off first
            self.assertTrue(re.search(forward["authResponseHeadersRegex"], name, re.IGNORECASE), name)

    def test_what_envoy_asks(self):
        listener = recipe("envoy/envoy.yaml")["static_resources"]["listeners"][0]
        manager = listener["filter_chains"][0]["filters"][0]["typed_config"]
        strip, ask, last = (one["typed_config"] for one in manager["http_filters"])
        self.assertTrue(last["@type"].endswith("Router"))
        self.assertEqual((False, True), (ask["failure_mode_allow"], manager["use_remote_address"]))
        self.assertEqual("REJECT_REQUEST", manager["common_http_protocol_options"]["headers_with_underscores_action"])
        service = ask["http_service"]
        target = service["path_prefix"] + "/samples/7?permission=tenants.manage"
        sent = {"X-Forwarded-For": f"198.51.100.7, {CLIENT}"}  # the first is the client's own invention
        free, near, far = self.keys()
        for method in ("GET", "POST", "DELETE"):
            for status, shown in ((200, free.secret), (200, near.secret), (403, far.secret), (401, None), (401, "lk_nothing")):
                answer = self.http.ask(method, target, key=shown, headers=sent)
                self.assertEqual((status, ""), (answer.status, answer.body))
        for pattern in ask["allowed_headers"]["patterns"]:  # where a key may stand, beside Authorization
            if pattern["exact"] != "x-forwarded-for":
                self.assertEqual(200, self.http.ask("GET", target, headers={pattern["exact"]: free.secret}).status)
        said = set()  # an empty one is not said: who reaches all workgroups, and a token of somebody who acts
        for shown in (world.principal(self.state, "fleet", ["credentials.fetch"], "ALL").secret, self.token_with_actor(free)):
            said |= self.identity(self.http.ask("GET", target, key=shown, headers=sent))
        self.assertEqual({one["remove"] for one in strip["mutations"]["request_mutations"]}, said)
        handed_on = [one["prefix"] for one in service["authorization_response"]["allowed_upstream_headers"]["patterns"]]
        self.assertTrue(all(name.startswith(tuple(handed_on)) for name in said))


if __name__ == "__main__":
    e2e.main()
