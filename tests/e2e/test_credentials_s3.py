#!/usr/bin/env python3
"""A third provider, S3-compatible storage: stored, checked, handed to the tools that speak its protocol."""

import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import aws_endpoint
import latchkey_e2e as e2e
import world

AWS_CLI = "/usr/bin/aws"
KEY_ID, SECRET = "minio-user", "minioUtnFEMI-secret-EXAMPLE"
DUMP = "import json, os; print(json.dumps(dict(os.environ)))"


def fields(endpoint="https://minio.lab.example:9000", *more):
    return "\n".join([endpoint, KEY_ID, SECRET, "lab-1", *more])


class S3(e2e.Case):
    """Ben stores, a fleet fetches."""

    def setUp(self):
        super().setUp()
        self.state.start()
        genomics = world.Tenant(self.state, "genomics")
        self.ben = genomics.user("ben", "key-manager")
        self.line = self.ben.command_line()
        self.fleet = self.state.with_key(world.principal(self.state, "fleet", ["credentials.fetch"], "genomics").secret)

    def environment(self, provider="s3", **before):
        return json.loads(self.fleet.ok("exec", "--owner", self.ben.email, provider, "--", sys.executable, "-c", DUMP, env=before))

    def test_it_is_stored_beside_the_others_and_never_shown(self):
        world.add_aws(self.ben)
        made = self.line.json("credential", "add", "s3", stdin=fields())
        self.assertEqual(("s3", "s3", KEY_ID), tuple(made[name] for name in ("provider", "label", "hint")))
        self.line.refused("credential", "add", "s3", stdin=fields(), reason="CREDENTIAL_EXISTS")
        self.assertEqual(["aws", "s3"], sorted(one["provider"] for one in self.line.json("credential", "list")["credentials"]))
        self.assertEqual([], self.state.files_holding(SECRET))

    def test_a_wrong_field_is_named(self):
        good = fields().split("\n")
        for place, field, value in ((0, "endpoint", "minio.lab.example"), (1, "access_key_id", "a b c"),
                                    (2, "secret_access_key", "short"), (3, "region", "lab 1")):
            result = self.line.refused("credential", "add", "s3", stdin="\n".join([*good[:place], value, *good[place + 1:]]))
            self.assertIn(field, result.err, result)
        self.line.refused("credential", "add", "s3", "--with", "path_style", stdin=fields(good[0], "perhaps"), reason="path_style")
        self.line.refused("credential", "add", "s3", "--with", "session_token", stdin=fields(good[0], "x"), reason="FIELD_UNKNOWN")
        self.line.refused("credential", "add", "s4", stdin=fields(), reason="aws, dnanexus, s3")

    def test_tools_find_endpoint_and_addressing_in_their_environment(self):
        made = self.line.json("credential", "add", "s3", "--with", "path_style", stdin=fields("http://127.0.0.1:9000", "no"))
        stale = {"AWS_ENDPOINT_URL_S3": "stale", "RCLONE_S3_ENDPOINT": "stale", "AWS_SESSION_TOKEN": "stale"}
        child = self.environment(**stale)
        told = {"AWS_ACCESS_KEY_ID": KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_REGION": "lab-1", "AWS_DEFAULT_REGION": "lab-1",
                "AWS_ENDPOINT_URL_S3": "http://127.0.0.1:9000", "RCLONE_S3_PROVIDER": "Other", "RCLONE_S3_ENV_AUTH": "true",
                "RCLONE_S3_ENDPOINT": "http://127.0.0.1:9000", "RCLONE_S3_REGION": "lab-1", "RCLONE_S3_FORCE_PATH_STYLE": "false"}
        self.assertEqual(told, {name: child.get(name) for name in told})
        self.assertNotIn("stale", child.values())
        self.line.ok("credential", "replace", made["id"], stdin=fields())
        self.assertEqual("true", self.environment()["RCLONE_S3_FORCE_PATH_STYLE"])

    def test_the_session_token_of_aws_is_given_where_it_is_asked_for(self):
        token = "FwoGZXIvYXdzEXAMPLEtoken//////////wEaDEXAMPLE="
        self.line.ok("credential", "add", "aws", "--with", "session_token", stdin=f"{world.AWS_FIELDS}\n{token}\n")
        self.assertEqual(token, self.environment("aws")["AWS_SESSION_TOKEN"])

    def test_credential_process_answers_for_it(self):
        self.line.ok("credential", "add", "s3", stdin=fields())
        answer = json.loads(self.fleet.ok("credential-process", "s3", "--owner", self.ben.email))
        self.assertEqual((1, KEY_ID, SECRET), tuple(answer[name] for name in ("Version", "AccessKeyId", "SecretAccessKey")))

    @e2e.unittest.skipUnless(os.path.exists(AWS_CLI), "the Debian package awscli is not installed")
    def test_the_aws_cli_signs_for_the_store(self):
        with aws_endpoint.Endpoint() as endpoint:
            self.line.ok("credential", "add", "s3", stdin=fields(endpoint.url))
            ask = 'exec "$0" --endpoint-url "$AWS_ENDPOINT_URL_S3" s3api list-buckets'
            self.fleet.ok("exec", "--owner", self.ben.email, "s3", "--", "sh", "-c", ask, AWS_CLI,
                          env={"AWS_EC2_METADATA_DISABLED": "true", "AWS_PAGER": ""})
            self.assertEqual(1, len(endpoint.requests))
            parts = aws_endpoint.authorization(endpoint.requests[0][2])
            self.assertEqual((KEY_ID, "lab-1", "s3"), tuple(parts[name] for name in ("access_key_id", "region", "service")))
            self.assertEqual(aws_endpoint.signature(endpoint.requests[0], SECRET), parts["signature"])


e2e.main()
