#!/usr/bin/env python3
"""Leases: granted by owner or dispatcher, kept by heartbeats, ended by whoever may, and with them the commands that work under them."""

import os
import pathlib
import signal
import subprocess
import sys
import time
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import world


class Leases(e2e.Case):
    """Ben has an AWS credential in a tenant that requires leases; a dispatcher grants them, a fleet works."""

    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")
        self.ada, self.ben = self.genomics.admin, self.genomics.user("ben", "key-manager")
        self.state.ok("user", "roles", self.ben.email, "key-manager", "ingestion-worker", "--tenant", "genomics")
        self.cat, self.id = self.genomics.user("cat", "key-manager"), world.add_aws(self.ben)
        self.ada.command_line().ok("policy", "set", "require_lease=yes")
        self.line = self.ben.command_line()
        self.worker, self.fleet = self.principal("fleet", "credentials.fetch")
        _, self.dispatcher = self.principal("dispatcher", "credentials.lease")

    def principal(self, name, *permissions):
        key = world.principal(self.state, name, permissions, "genomics")
        return key.id, self.state.with_key(key.secret)

    def grant(self, granter=None, worker=None, job="job-17", **options):
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return (granter or self.dispatcher).json("lease", "grant", "aws", "--owner", self.ben.email, "--worker",
                                                 worker or self.worker, "--purpose", job, *words)

    def fetch(self, lease, *more):
        return ("credential-process", "aws", "--owner", self.ben.email, "--lease", lease["id"], *more)

    def state_of(self, lease):
        return {one["id"]: one["state"] for one in self.line.json("lease", "list", "--include-ended")["leases"]}[lease["id"]]

    def begin(self, lease, *command, stderr=subprocess.PIPE):
        """A command under the lease, once it runs."""
        started = self.state.folder / f"started-{lease['id']}"
        script = f"touch {started}; exec {' '.join(command)}"
        running = subprocess.Popen([e2e.program("latchkey"), "exec", "--owner", self.ben.email, "--lease", lease["id"], "aws",
                                    "--", "sh", "-c", script], env=self.fleet.environment(), stderr=stderr, text=True)
        if running.stderr:
            self.addCleanup(running.stderr.close)
        self.addCleanup(running.kill)
        e2e.wait_until(started.exists, 10, "the command runs")
        return running

    def assert_ends_soon(self, running, code, reason):
        begun = time.monotonic()
        self.assertEqual(code, running.wait(10))
        self.assertLess(time.monotonic() - begun, 3)
        self.assertIn(reason, running.stderr.read())

    def test_a_fetch_needs_a_lease_that_is_its_own(self):
        self.fleet.refused("credential-process", "aws", "--owner", self.ben.email, reason="LEASE_REQUIRED")
        lease = self.grant()
        self.assertEqual((self.ben.id, self.id, self.worker, "job-17", "active"),
                         tuple(lease[name] for name in ("owner", "credential", "worker", "job", "state")))
        self.fleet.ok(*self.fetch(lease))
        self.fleet.ok(*self.fetch(lease, "--purpose", "job-17"))
        self.fleet.refused(*self.fetch(lease, "--purpose", "job-18"), reason="LEASE_OF_OTHER")
        self.line.ok("credential", "add", "dnanexus", "--label", "x", stdin="dxtokenEXAMPLE0123456789abcdefgh")
        self.fleet.refused("exec", "--owner", self.ben.email, "--lease", lease["id"], "dnanexus", "--", "true",
                           reason="LEASE_OF_OTHER")
        _, other = self.principal("other-fleet", "credentials.fetch")
        other.refused(*self.fetch(lease), reason="LEASE_NOT_FOUND")
        other.refused("lease", "heartbeat", lease["id"], reason="LEASE_NOT_FOUND")
        other.refused("lease", "end", lease["id"], reason="LEASE_NOT_FOUND")
        self.assertEqual("ended", self.line.json("lease", "end", lease["id"])["state"])
        self.assertEqual(self.ben.id, self.line.json("lease", "end", lease["id"])["ended_by"])  # twice is fine
        self.fleet.refused(*self.fetch(lease), reason="LEASE_ENDED")
        self.fleet.refused("lease", "heartbeat", lease["id"], reason="LEASE_ENDED")
        events = self.ada.command_line().json("audit", "list", "--service", "credentials")["events"]
        told = [(event["action"], event["outcome"], event["purpose"]) for event in reversed(events)]
        self.assertIn(("lease.granted", "ok", "job-17"), told)
        self.assertIn(("credential.fetched", "ok", "job-17"), told)
        self.assertIn(("credential.fetched", "LEASE_REQUIRED", told[1][2]), told)
        self.assertEqual(1, [action for action, _, _ in told].count("lease.ended"))

    def test_the_owner_and_a_dispatcher_grant_and_the_fetching_worker_does_not(self):
        who, both = self.principal("both", "credentials.fetch", "credentials.lease")
        wish = ("lease", "grant", "aws", "--owner", self.ben.email, "--purpose", "job-1")
        both.refused(*wish, "--worker", who, reason="LEASE_TO_ONESELF")
        both.refused(*wish, reason="LEASE_TO_ONESELF")
        self.fleet.refused(*wish, "--worker", self.worker, reason="credentials.lease")
        both.ok(*wish, "--worker", self.worker)
        self.fleet.ok(*self.fetch(self.grant(self.line)))
        cat = self.cat.command_line()
        cat.refused(*wish, "--worker", self.worker, reason="NOT_FOUND")
        self.dispatcher.refused(*wish, "--worker", "somebody", reason="WORKER_INVALID")
        self.dispatcher.refused(*wish, "--worker", self.worker, "--ttl", "2d", reason="LEASE_TTL_INVALID")
        self.dispatcher.refused("lease", "grant", "s3", *wish[3:], "--worker", self.worker, reason="CREDENTIAL_NOT_FOUND")
        self.assertEqual(2, len(self.line.json("lease", "list")["leases"]))
        self.assertEqual(2, len(self.fleet.json("lease", "list")["leases"]))
        self.assertEqual(0, len(self.dispatcher.json("lease", "list")["leases"]))
        self.assertEqual(2, len(self.ada.command_line().json("lease", "list", "--all")["leases"]))
        self.assertEqual(2, len(self.state.json("lease", "list", "--tenant", "genomics")["leases"]))
        cat.refused("lease", "list", "--all", reason="credentials.manage_any")

    def test_heartbeats_keep_it_and_silence_lets_it_lapse(self):
        worker, lease = wire.signed_in(self.state, self.fleet.variables["LATCHKEY_API_KEY"]), self.grant(ttl="3s")
        for _ in range(3):
            time.sleep(1.2)
            worker.ok("credentials", "CredentialService/HeartbeatLease", id=lease["id"])
        self.fleet.ok(*self.fetch(lease))
        e2e.wait_until(lambda: self.state_of(lease) == "lapsed", 5, "no heartbeat came")
        self.fleet.refused("lease", "heartbeat", lease["id"], reason="LEASE_ENDED")
        self.fleet.refused(*self.fetch(lease), reason="LEASE_ENDED")

    def test_a_command_ends_soon_after_its_lease_or_its_credential(self):
        lease = self.grant(ttl="1d")  # no heartbeat would notice: the feed does
        running = self.begin(lease, "sleep", "60")
        self.dispatcher.ok("lease", "end", lease["id"])
        self.assert_ends_soon(running, -signal.SIGTERM, "LEASE_ENDED")
        lease = self.grant(ttl="1d")
        running = self.begin(lease, "sleep", "60")
        self.line.ok("credential", "delete", self.id)
        self.assert_ends_soon(running, -signal.SIGTERM, "LEASE_ENDED")
        self.assertEqual("ended", self.state_of(lease))

    def test_a_command_ends_when_its_owner_is_disabled_or_the_service_is_gone_for_too_long(self):
        running = self.begin(self.grant(ttl="1s"), "sleep", "60")
        time.sleep(1.5)
        self.assertIsNone(running.poll())  # heartbeats keep it
        self.state.ok("user", "disable", self.ben.email, "--tenant", "genomics")
        self.assert_ends_soon(running, -signal.SIGTERM, "OWNER_NOT_ACTIVE")
        self.state.ok("user", "enable", self.ben.email, "--tenant", "genomics")
        running = self.begin(self.grant(ttl="1s"), "sleep", "60")
        self.state.kill("credentials")
        self.assert_ends_soon(running, -signal.SIGTERM, "LEASE_ENDED")

    def test_no_lease_outlives_a_credential_that_policy_blocks(self):
        lease = self.grant()
        self.line.ok("credential", "replace", self.id, "--ttl", "1s", stdin=world.AWS_FIELDS)
        e2e.wait_until(lambda: self.line.json("credential", "show", self.id)["state"] == "expired", 5, "expired")
        self.fleet.refused("lease", "heartbeat", lease["id"], reason="CREDENTIAL_EXPIRED")
        self.ada.command_line().ok("policy", "set", "external_on_expiry=warn")
        self.fleet.ok("lease", "heartbeat", lease["id"])

    def test_the_end_of_a_tenant_destroys_its_secrets_and_ends_what_works_with_them(self):
        running = self.begin(self.grant(ttl="1d"), "sleep", "60")
        self.state.ok("tenant", "delete", "genomics", "--confirm", "genomics")
        self.assert_ends_soon(running, -signal.SIGTERM, "LEASE_NOT_FOUND")
        rows = world.rows(self.state)["credentials"]
        self.assertEqual(([], [], []), (rows["credential"], rows["tenant_key"], rows["lease"]))
        event = self.state.json("audit", "list", "--action", "tenant_key.destroyed")["events"][-1]
        self.assertEqual(self.genomics.id, event["object"])

    def test_signals_and_exit_status_pass_through_and_the_lease_ends_with_the_command(self):
        for command, sent, code in ((("sleep", "60"), signal.SIGTERM, -signal.SIGTERM), (("sleep", "60"), signal.SIGINT, -signal.SIGINT),
                                    (("sh", "-c", "'trap \"exit 7\" USR1; while :; do sleep 0.1; done'"), signal.SIGUSR1, 7)):
            lease = self.grant()
            running = self.begin(lease, *command)
            time.sleep(0.2)
            running.send_signal(sent)
            self.assertEqual(code, running.wait(10), running.stderr.read())
            self.assertEqual("ended", self.state_of(lease))
        lease = self.grant()
        self.fleet.fails(127, "exec", "--owner", self.ben.email, "--lease", lease["id"], "aws", "--", "no-such-command",
                         reason="COMMAND_FAILED")
        self.assertEqual("ended", self.state_of(lease))

    def test_signals_reach_the_one_thread_that_waits_for_them_and_a_full_pipe_stops_nothing(self):
        reading, writing = os.pipe()
        self.addCleanup(os.close, reading)
        os.set_blocking(writing, False)
        while True:
            try:
                os.write(writing, bytes(65536))
            except BlockingIOError:
                break
        os.set_blocking(writing, True)
        lease, child = self.grant(), self.state.folder / "child"
        running = self.begin(lease, "sh", "-c", f"'echo $$ >{child}; exec sleep 60'", stderr=writing)
        os.close(writing)
        pid = int(e2e.wait_until(lambda: child.exists() and child.read_text().strip(), 5, "the command's process"))
        e2e.wait_until(lambda: len(os.listdir(f"/proc/{running.pid}/task")) > 2, 5, "the client has threads")
        for task in pathlib.Path(f"/proc/{running.pid}/task").iterdir():
            blocked = int(next(line.split()[1] for line in (task / "status").read_text().splitlines() if line.startswith("SigBlk")), 16)
            for one in (signal.SIGCHLD, signal.SIGTERM, signal.SIGINT, signal.SIGRTMIN):
                self.assertTrue(blocked & 1 << (one - 1) or int(task.name) == running.pid, (task.name, one))
        self.line.ok("lease", "end", lease["id"])
        e2e.wait_until(lambda: not os.path.exists(f"/proc/{pid}"), 3, "the command is gone")

    @unittest.skipUnless(e2e.full(), "waits for ten seconds: only with LATCHKEY_FULL=1")
    def test_signals_do_not_put_off_the_end_of_a_command_that_ignores_it(self):
        lease = self.grant()
        running = self.begin(lease, "sh", "-c", "'trap \"\" TERM USR1; while :; do sleep 0.1; done'")
        self.line.ok("lease", "end", lease["id"])
        begun = time.monotonic()
        while running.poll() is None and time.monotonic() - begun < 15:
            running.send_signal(signal.SIGUSR1)
            time.sleep(0.5)
        self.assertEqual(-signal.SIGKILL, running.poll())
        self.assertGreater(time.monotonic() - begun, 9)

    def test_a_lease_of_ones_own_that_no_command_works_under_is_ended(self):
        world.add_aws(self.cat)
        line = self.cat.command_line()
        line.fails(1, "exec", "aws", "--", "true", reason="PERMISSION_MISSING")
        self.assertEqual(["ended"], [one["state"] for one in line.json("lease", "list", "--include-ended")["leases"]])

    def test_a_service_that_stands_still_holds_nobody_beyond_the_timeout(self):
        lease = self.grant(ttl="6s")  # the next heartbeat is under way when the command ends
        started = self.state.folder / "started"
        running = subprocess.Popen([e2e.program("latchkey"), "exec", "--timeout", "1s", "--owner", self.ben.email, "--lease", lease["id"], "aws",
                                    "--", "sh", "-c", f"touch {started}; sleep 2.5; exit 7"], env=self.fleet.environment())
        self.addCleanup(running.kill)
        e2e.wait_until(started.exists, 10, "the command runs")
        self.state.pause("credentials")
        begun = time.monotonic()
        code = running.wait(15)
        self.state.kill("credentials")  # who left it while it stood still may have cost it its listener
        self.assertEqual(7, code)
        self.assertLess(time.monotonic() - begun, 5)  # its own time, and the timeout

    def test_a_command_does_not_outlive_the_one_who_keeps_its_lease(self):
        lease = self.grant(ttl="1s")
        child = self.state.folder / "child"
        running = self.begin(lease, "sh", "-c", f"'echo $$ >{child}; exec sleep 60'")
        pid = int(e2e.wait_until(lambda: child.exists() and child.read_text().strip(), 5, "the command's process"))
        running.kill()
        running.wait(5)
        e2e.wait_until(lambda: not os.path.exists(f"/proc/{pid}") or "Z" in pathlib.Path(f"/proc/{pid}/stat").read_text().split()[2],
                       5, "the command is gone")
        e2e.wait_until(lambda: self.state_of(lease) == "lapsed", 5, "the lease lapsed")

    def test_the_owners_own_command_has_a_lease_for_its_life(self):
        run = ("exec", "aws", "--")
        self.assertEqual("in\n", self.line.ok(*run, "sh", "-c", 'test -n "$AWS_SECRET_ACCESS_KEY" && cat', stdin="in\n"))
        self.line.fails(42, *run, "sh", "-c", "exit 42", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))
        left_open = self.line.ok(*run, "sh", "-c", "echo /proc/$$/fd/*").split()
        self.assertLessEqual({path.rsplit("/", 1)[1] for path in left_open}, {"0", "1", "2", "3"})  # 3: the listing itself
        leases = self.line.json("lease", "list", "--include-ended")["leases"]
        self.assertEqual([("ended", self.ben.id, self.ben.id)] * 3,
                         [(one["state"], one["worker"], one["granted_by"]) for one in leases])
        self.assertEqual([], self.line.json("lease", "list")["leases"])

    def test_the_feed_tells_of_ended_leases_and_deleted_credentials(self):
        reader = wire.signed_in(self.state, world.principal(self.state, "reader", ["feed.read"], "genomics").secret)

        def read(**since):
            return reader.ok("credentials", "FeedService/ReadFeed", nonce=bytes(16), **since)

        before, lease = read(), self.grant()
        self.line.ok("lease", "end", lease["id"])
        self.line.ok("credential", "delete", self.id)
        told = read(epoch=before["epoch"], since=before["head"])["events"]
        self.assertEqual([("lease.ended", lease["id"]), ("credential.deleted", self.id)],
                         [(event["kind"], event["id"]) for event in told])


e2e.main()
