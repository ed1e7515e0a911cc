#!/usr/bin/env python3
"""The command line's manners: exit statuses, where errors go, who speaks, help made from the rows, an installation's files."""

import json
import os
import pathlib
import pty
import re
import shlex
import signal
import sqlite3
import stat
import subprocess
import sys
import termios

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import world


class WithoutServices(e2e.Case):
    """Nothing runs here but the command line."""

    def test_used_wrongly_ends_with_two(self):
        for words in (["frobnicate"], [], ["key"], ["key", "list", "--frob"], ["tenant", "create", "g"],
                      ["validate", "a", "b"], ["--timeout", "soon", "status"], ["exec", "aws"], ["key", "list", "--limit", "3"]):
            result = self.state.misused(*words)
            self.assertRegex(result.err, r"\Alatchkey: .+; see latchkey help.*\n\Z")
            self.assertEqual("", result.out)
        result = self.state.misused("key", "list", "--json", "--frob")
        self.assertEqual("USAGE", json.loads(result.err)["error"]["reason"])

    def test_no_answer_ends_with_three(self):
        result = self.state.unavailable("status", "--timeout", "300ms")
        self.assertEqual(3, result.out.count("unavailable"))
        answer = json.loads(self.state.unavailable("status", "--json", "--timeout", "300ms").out)
        self.assertEqual(["keys", "tokens", "credentials"], [service["service"] for service in answer["services"]])
        self.state.unavailable("tenant", "list", "--timeout", "300ms", reason="SERVER_UNREACHABLE")

    def test_no_answer_ends_with_three_at_every_kind_of_command(self):
        """Nothing on standard output, and exec does not run its command."""
        key = self.state.with_key("lk_01arz3ndektsv4rrffq69g5fav_" + "0" * 43 + "000000")
        ran = self.state.folder / "ran"
        for person, words, stdin in (
                (self.state, ("tenant", "create", "g", "--domain", "g.example", "--admin", "a@g.example"), ""),
                (self.state, ("--profile", "a", "login", "-"), "lkt_x"), (self.state, ("audit", "list"), ""),
                (self.state, ("audit", "verify"), ""), (self.state, ("token", "jwks"), ""), (key, ("whoami",), ""),
                (key, ("key", "create", "laptop"), ""), (key, ("key", "list"), ""), (key, ("token", "issue"), ""),
                (key, ("validate", "-"), "x.y.z"), (key, ("credential", "add", "aws"), world.AWS_FIELDS),
                (key, ("credential-process", "aws", "--owner", "a@g.example"), ""),
                (key, ("exec", "--owner", "a@g.example", "aws", "--", "touch", str(ran)), "")):
            for more in ((), ("--json",)):
                result = person.unavailable("--timeout", "100ms", *more, *words, stdin=stdin)
                self.assertEqual("", result.out, result)
        self.assertFalse(ran.exists())

    def test_an_address_is_needed_and_checked(self):
        self.state.refused("status", env={"LATCHKEY_URL": ""}, reason="URL_MISSING")
        self.state.refused("--url", "ipc:///" + "x" * 120, "status", reason="URL_TOO_LONG")
        self.state.refused("--url", "http://localhost", "status", reason="URL_INVALID")

    def test_help_completion_and_manual_know_every_command(self):
        commands = re.findall(r'^COMMAND\("([^"]+)"', (e2e.TOP / "clients/cli/commands.def").read_text(), re.M)
        self.assertGreater(len(commands), 40)
        help_text, manual = self.state.ok("--help"), self.state.ok("help", "--man")
        for command in commands:
            self.assertIn(f"  {command} ", help_text)
            self.assertIn(f"usage: latchkey {command}", self.state.ok(*command.split(), "--help"))
            self.assertIn("latchkey " + command.replace("-", "\\-"), manual)
        self.assertEqual(self.state.ok("help", "key"), self.state.ok("key", "--help"))
        self.assertEqual(1, self.state.ok("tenant", "create", "--help").count("--profile "), "there it means the policy")
        self.assertEqual(self.state.ok("version"), self.state.ok("--version"))

    def completions(self, lines):
        """What bash offers for the last word of each line of words."""
        script = self.state.folder / "completion"
        script.write_text(self.state.ok("completion", "bash"))
        asked = [f". {script}"]
        for words in lines:
            asked.append(f"COMP_WORDS=({shlex.join(words)}); COMP_CWORD={len(words) - 1}; COMPREPLY=(); _latchkey; echo \"${{COMPREPLY[@]}}\"")
        done = subprocess.run(["bash", "-u"], input="\n".join(asked), capture_output=True, text=True, check=True)
        self.assertEqual("", done.stderr)
        return [line.split() for line in done.stdout.split("\n")[:-1]]

    def test_bash_completes_the_words_and_options_of_every_command(self):
        commands = re.findall(r'^COMMAND\("([^"]+)"', (e2e.TOP / "clients/cli/commands.def").read_text(), re.M)
        first = list(dict.fromkeys(command.split()[0] for command in commands))
        asked, wanted = [["latchkey", ""]], [first]
        for command in commands:
            words = command.split()
            options = re.findall(r"^  (--[\w-]+)", self.state.ok(*words, "--help"), re.M)
            asked += [["latchkey", *words, "--"], ["latchkey", *words[:-1], words[-1][:-1]]]
            wanted += [options, [words[-1]]]
        for group in first:
            asked.append(["latchkey", group, ""])
            wanted.append([command.split()[1] for command in commands if command.split()[0] == group and command != group])
        for words, expected, offered in zip(asked, wanted, self.completions(asked), strict=True):
            if words[-1]:  # what begins so; else all, of which options may follow
                self.assertLessEqual(set(expected), set(offered), words)
                self.assertEqual(len(offered), len(set(offered)), words)
            else:
                self.assertEqual(expected, [word for word in offered if not word.startswith("--")], words)
            if words[-1] == "--":
                self.assertEqual(sorted(expected), sorted(offered), words)

    def test_bash_completes_after_values_and_operands(self):
        def offered(*words):
            return self.completions([["latchkey", *words]])[0]

        self.assertEqual(offered("key", ""), offered("--profile", "ada", "key", ""))
        self.assertIn("revoke", offered("key", ""))
        self.assertEqual(["key"], offered("--profile", "=", "ada", "key"), "bash takes --profile=ada apart")
        self.assertIn("--source", offered("validate", "--permission", "keys.verify", "-", "--"))
        self.assertIn("--owner", offered("credential-process", "aws", "--"))
        self.assertIn("--purpose", offered("exec", "aws", "--owner", "key", "--"))
        self.assertNotIn("--ttl", offered("key", "list", "--"))
        for words in (("key", "create", "--out", ""), ("key", "create", "--out", "="), ("exec", "aws", "--", "--"), ("frob", "--")):
            self.assertEqual([], offered(*words), "nothing of ours: bash goes on with names of files")

    def test_the_manual_is_one_that_man_can_show(self):
        manual = self.state.folder / "latchkey.1"
        manual.write_text(self.state.ok("help", "--man"))
        if not os.path.exists("/usr/bin/groff"):
            self.skipTest("groff is not installed")
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", manual], capture_output=True, text=True, check=True)
        self.assertEqual("", done.stderr)
        self.assertIn("EXIT STATUS", re.sub(".\b", "", done.stdout))


class Init(e2e.Case):
    def snapshot(self, path):
        return {str(item.relative_to(path)): (stat.S_IMODE(item.stat().st_mode), item.read_bytes() if item.is_file() else b"")
                for item in sorted(path.rglob("*"))}

    def test_an_installation_is_private_and_complete(self):
        found = self.snapshot(self.state.path)
        modes = {name: mode for name, (mode, _) in found.items()}
        self.assertEqual({"run": 0o750, "data": 0o700, "secrets": 0o700}, {name: modes[name] for name in ("run", "data", "secrets")})
        secrets = {name for name in modes if name.startswith("secrets/")}
        self.assertEqual({f"secrets/{name}" for name in (
            "keys.pepper", "tokens.kek", "credentials.kek", "keys.ed25519", "tokens.ed25519", "credentials.ed25519",
            "gateway.ed25519", "operator.ed25519")}, secrets)
        self.assertEqual({0o600}, {modes[name] for name in secrets})
        self.assertEqual({f"peers/{name}.pub" for name in ("keys", "tokens", "credentials", "gateway", "operator")},
                         {name for name in modes if name.startswith("peers/")})

    def test_a_second_init_changes_nothing(self):
        before = self.snapshot(self.state.path)
        self.state.ok("init", "--state", self.state.path)
        self.assertEqual(before, self.snapshot(self.state.path))
        self.state.refused("init", "--state", self.state.path, "--instance", "other", reason="INSTANCE_DIFFERS")
        self.assertEqual(before, self.snapshot(self.state.path))

    def test_an_interrupted_init_is_finished_by_the_next(self):
        complete = self.snapshot(self.state.path)
        for step in range(0, 40):
            path = self.state.folder / f"i{step}"
            made = subprocess.Popen([e2e.program("latchkey"), "init", "--state", path], stdout=subprocess.DEVNULL)
            try:
                made.wait(step / 1000)
            except subprocess.TimeoutExpired:
                made.kill()
                made.wait()
            secrets = {item: item.read_bytes() for item in path.rglob("secrets/*.*") if ".tmp" not in item.name}
            self.state.ok("init", "--state", path)
            for item, content in secrets.items():
                if item.name in {name.split("/")[1] for name in complete if name.startswith("secrets/")}:
                    self.assertEqual(content, item.read_bytes(), "a secret is never written over")
            self.assertLessEqual(set(complete), set(self.snapshot(path)))

    def test_a_lost_secret_is_not_made_anew_over_its_data(self):
        self.state.start("keys")
        self.state.stop("keys")
        (self.state.path / "secrets/keys.pepper").unlink()
        self.state.refused("init", "--state", self.state.path, reason="SECRET_LOST")

    def test_a_public_key_is_made_again_and_must_fit(self):
        pub = self.state.path / "peers/operator.pub"
        line = pub.read_text()
        pub.unlink()
        self.state.ok("init", "--state", self.state.path)
        self.assertEqual(line, pub.read_text())
        pub.write_text((self.state.path / "peers/keys.pub").read_text().replace("service keys", "operator operator"))
        self.state.refused("init", "--state", self.state.path, reason="PEER_DIFFERS")

    def test_a_place_where_others_may_write_is_refused(self):
        for name, mode, below in (("open", 0o777, ""), ("group", 0o770, ""), ("peers", 0o757, "peers"), ("secrets", 0o730, "secrets")):
            path = self.state.folder / name
            (path / below).mkdir(parents=True)
            (path / below).chmod(mode)
            self.state.refused("init", "--state", path, reason="FOLDER_UNSAFE")
            self.assertEqual([], [item for item in path.rglob("*") if item.is_file()])

    def test_a_place_whose_sockets_have_no_room_is_refused(self):
        longest = self.state.folder / ("x" * (107 - len("/run/credentials.sock") - len(str(self.state.folder)) - 1))
        self.state.ok("init", "--state", longest)
        result = self.state.misused("init", "--state", f"{longest}x", reason="107")
        self.assertFalse(pathlib.Path(f"{longest}x").exists(), result)
        self.state.misused("init", "--state", self.state.folder / "a,b")
        self.state.misused("init")

    def test_env_sh_survives_any_path(self):
        path = self.state.folder / "it's a $HOME `x`"
        self.state.ok("init", "--state", path)
        done = subprocess.run(["sh", "-c", '. "$1" && printf "%s\\n" "$LATCHKEY_URL" "${LATCHKEY_API_KEY-unset}"', "sh",
                               path / "env.sh"], env=self.state.environment({"LATCHKEY_API_KEY": "x"}),
                              capture_output=True, text=True, check=True)
        self.assertEqual(f"ipc://{path}/run\nunset\n", done.stdout)


class WithServices(e2e.Case):
    def setUp(self):
        super().setUp()
        self.state.start()
        self.genomics = world.Tenant(self.state, "genomics")

    def test_status_is_well_only_when_all_are(self):
        self.assertEqual(3, self.state.ok("status").count("serving"))
        self.state.kill("tokens")
        result = self.state.unavailable("status", "--timeout", "500ms")
        self.assertEqual((2, 1), (result.out.count("serving"), result.out.count("unavailable")))
        self.assertEqual(["keys"], [one["service"] for one in self.state.json("status", "keys")["services"]])
        self.state.unavailable("status", "tokens", "--timeout", "500ms")
        self.state.misused("status", "gateway", reason="none of keys, tokens, credentials")

    def test_an_operator_means_a_tenant_by_id_name_or_domain(self):
        """At every command that has the option: what answers for the id answers the same for the others, and nothing else."""
        botany = world.Tenant(self.state, "botany")
        for tenant in (self.genomics, botany):
            world.add_aws(tenant.admin)
        shown = self.state.json("tenant", "show", "genomics")
        for words in (("user", "list"), ("workgroup", "list"), ("policy", "show"), ("key", "list", "--all"),
                      ("user", "show", "ada@genomics.example"), ("credential", "list", "--all"),
                      ("audit", "list", "--action", "credential.created")):
            by_id = self.state.json(*words, "--tenant", shown["id"])
            self.assertNotIn(botany.admin.email, json.dumps(by_id))
            for said in ("genomics", "genomics.example"):
                self.assertEqual(by_id, self.state.json(*words, "--tenant", said), words)
            self.state.refused(*words, "--tenant", "nowhere", reason="TENANT_NOT_FOUND")
        self.assertEqual(1, len(self.state.json("audit", "list", "--action", "credential.created", "--tenant", "genomics")["events"]))
        self.assertEqual(1, len(self.state.json("credential", "list", "--all", "--tenant", "genomics")["credentials"]))

    def test_an_error_is_one_line_or_one_object(self):
        said = self.state.refused("tenant", "show", "nowhere")
        self.assertRegex(said.err, r"\Alatchkey: .+ \(TENANT_NOT_FOUND\)\n\Z")
        said = self.state.refused("tenant", "show", "nowhere", "--json")
        self.assertEqual(("", "NOT_FOUND", "TENANT_NOT_FOUND"), (
            said.out, json.loads(said.err)["error"]["status"], json.loads(said.err)["error"]["reason"]))

    def test_a_key_or_profile_goes_before_the_operator(self):
        key = self.genomics.admin.key().secret
        self.assertEqual("operator", self.state.json("whoami")["caller"])
        self.assertEqual("user", self.state.json("whoami", env={"LATCHKEY_API_KEY": key})["caller"])
        ticket = self.genomics.admin.command_line().json("user", "create", "ben@genomics.example")["ticket"]
        self.state.ok("login", "--ticket", ticket)
        self.assertEqual(("user", "default"), tuple(self.state.json("whoami")[name] for name in ("caller", "profile")))
        self.state.ok("logout")
        self.assertEqual("operator", self.state.json("whoami")["caller"])

    def test_a_change_sent_again_with_its_key_happens_once(self):
        ada = self.genomics.admin.command_line()
        first = ada.json("workgroup", "create", "readers", "--idempotency-key", "same")
        self.assertEqual(first, ada.json("workgroup", "create", "readers", "--idempotency-key", "same"))
        ada.refused("workgroup", "create", "others", "--idempotency-key", "same", reason="IDEMPOTENCY_KEY_REUSED")
        made = ada.json("key", "create", "laptop", "--idempotency-key", "key")
        ada.refused("key", "create", "laptop", "--idempotency-key", "key", reason="ALREADY_CREATED")
        self.assertEqual([made["id"]], [key["id"] for key in ada.json("key", "list")["keys"]])

    def test_a_write_outlives_the_process_that_took_it(self):
        """keys is killed with the request in its socket; the command sends it again under its key, and it happens once."""
        ada = self.genomics.admin
        arguments = [e2e.program("latchkey"), "--timeout", "30s", "user", "create", "", "--tenant", "genomics", "--json"]
        for round_number in range(e2e.repeat("killed writes", 10, 2)):
            arguments[5] = f"ben{round_number}@genomics.example"
            self.state.pause("keys")
            command = subprocess.Popen(arguments, env=self.state.environment(), stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, text=True)
            with self.assertRaises(subprocess.TimeoutExpired):
                command.wait(0.3)
            self.state.kill("keys")
            self.state.start("keys")
            out, err = command.communicate(timeout=40)
            self.assertEqual(0, command.returncode, out + err)
            self.state.ok("--profile", "ben", "login", "--ticket", json.loads(out)["ticket"])
            emails = [user["email"] for user in ada.command_line().json("user", "list")["users"]]
            self.assertEqual(1, emails.count(arguments[5]))

    def test_lists_longer_than_a_page_are_whole(self):
        ada = self.genomics.admin
        for start in range(0, 1005, 201):
            for n in range(start, start + 201):
                ada.caller.ok("keys", "AccountService/CreateWorkgroup", name=f"group-{n}")
        listed = ada.command_line().json("workgroup", "list")["workgroups"]
        self.assertEqual(1005, len({group["name"] for group in listed}))


class Trail(e2e.Case):
    """A trail that was tampered with is found broken, and the command says so by its exit status."""

    def setUp(self):
        super().setUp()
        self.state.start()
        genomics = world.Tenant(self.state, "genomics")
        for n in range(5):
            genomics.admin.key(f"key {n}")
        e2e.wait_until(self.verified, 10, "all rows are sealed and verified")

    def verified(self):
        return self.state.json("audit", "verify", "--service", "keys")["services"][0]["unsealed"] == 0

    def tampered(self, statement, *more):
        self.state.stop()
        with sqlite3.connect(self.state.path / "data/keys.db") as database:
            self.assertGreater(database.execute(statement, more).rowcount, 0)
        database.close()
        self.state.start()
        result = self.state.refused("audit", "verify", "--json", "--service", "keys")
        service = result.json()["services"][0]
        self.assertEqual("broken", service["result"])
        return service["reason"]

    def test_a_changed_row_is_found(self):
        self.assertEqual("AUDIT_ROW_BROKEN", self.tampered("UPDATE audit_event SET actor = 'usr_nobody' WHERE sequence = 3"))

    def test_a_deleted_row_is_found(self):
        self.assertEqual("AUDIT_GAP", self.tampered("DELETE FROM audit_event WHERE sequence = 3"))

    def test_swapped_rows_are_found(self):
        self.assertIn(self.tampered("UPDATE audit_event SET sequence = CASE sequence WHEN 3 THEN -4 ELSE -3 END "
                                    "WHERE sequence IN (3, 4)"), ("AUDIT_GAP", "AUDIT_ROW_BROKEN"))

    def test_a_cut_tail_is_found_by_what_was_verified_before(self):
        self.assertEqual("AUDIT_CUT", self.cut())

    def test_a_tail_that_was_written_anew_is_found(self):
        self.assertEqual("AUDIT_REWRITTEN", self.cut(then=lambda: [world.Tenant(self.state, f"t{n}") for n in range(3)]))

    def checkpoints(self):
        """Every service writes checkpoints into one file from now on."""
        place = self.state.folder / "checkpoints"
        for service in e2e.SERVICES:
            with open(self.state.path / f"{service}.conf", "a", encoding="utf-8") as conf:
                conf.write(f"audit-checkpoints = file:{place}\n")
        self.state.restart()
        return place

    def verify_anew(self, place, home, *more):
        """What somebody says who never verified this trail before."""
        (self.state.folder / home).mkdir()
        return self.state.run("audit", "verify", "--json", "--checkpoints", place, *more, env={"HOME": str(self.state.folder / home)})

    def with_checkpoints(self, place, home):
        return self.verify_anew(place, home, "--service", "keys").json()["services"][0]["reason"] or ""

    def test_a_cut_or_rewritten_trail_is_found_by_the_checkpoints_of_a_second_place(self):
        place = self.checkpoints()
        e2e.wait_until(lambda: "latchkey-audit-head" in place.read_text(), 5, "a checkpoint is written")
        self.assertEqual(0o600, place.stat().st_mode & 0o777)
        self.assertEqual("", self.with_checkpoints(place, "first"))
        self.cut(done=lambda: None)
        self.assertEqual("AUDIT_CUT", self.with_checkpoints(place, "second"))
        for n in range(3):
            world.Tenant(self.state, f"t{n}")
        e2e.wait_until(self.sealed, 10, "all rows are sealed")
        self.assertEqual("AUDIT_REWRITTEN", self.with_checkpoints(place, "third"))
        forged = place.with_name("forged")
        lines = [line.split(" ") for line in place.read_text().splitlines() if " keys " in line]
        lines[0][4] = str(int(lines[0][4]) + 1)
        forged.write_text("Nov 27 host logger: " + " ".join(lines[0]) + "\n")
        self.assertEqual("AUDIT_CHECKPOINT_FORGED", self.with_checkpoints(forged, "fourth"))

    def test_checkpoints_that_are_not_there_or_broken_are_no_proof(self):
        place = self.checkpoints()
        e2e.wait_until(lambda: all(f" {service} " in place.read_text() for service in e2e.SERVICES), 5, "each wrote one")
        self.assertEqual(0, self.verify_anew(place, "whole").code)
        lines = place.read_text().splitlines(keepends=True)
        part = place.with_name("part")
        part.write_text("".join(line for line in lines if " tokens " not in line))
        result = self.verify_anew(part, "part-of-it")
        self.assertEqual(e2e.UNPROVEN, result.code)
        self.assertEqual({"keys": ("ok", ""), "tokens": ("unproven", "CHECKPOINT_NONE"), "credentials": ("ok", "")},
                         {one["service"]: (one["result"], one["reason"] or "") for one in result.json()["services"]})
        part.write_text("")
        self.assertEqual(e2e.UNPROVEN, self.verify_anew(part, "empty").code)
        for number, changed in enumerate(("latchkey-audit-head v1 test keys 1\n", lines[0].replace("a", "g"), lines[0][:-2],
                                          "something else\n", "\0" + lines[0][1:])):
            part.write_text("".join(lines) + changed)
            result = self.verify_anew(part, f"broken-{number}")
            self.assertEqual((e2e.REFUSED, "CHECKPOINT_BROKEN"), (result.code, json.loads(result.err)["error"]["reason"]), changed)
        part.write_text("Nov 27 host kernel: something else\n" + "".join(f"Nov 27 host keys: {line}" for line in lines))
        self.assertEqual(0, self.verify_anew(part, "of-a-log").code)

    def test_checkpoints_go_on_when_their_file_is_moved_away(self):
        place = self.checkpoints()
        e2e.wait_until(lambda: all(f" {service} " in place.read_text() for service in e2e.SERVICES), 5, "each wrote one")
        place.rename(place.with_name("checkpoints.1"))
        e2e.wait_until(lambda: place.exists() and all(f" {service} " in place.read_text() for service in e2e.SERVICES), 5,
                       "each wrote into the new file, though nothing happened")
        self.assertEqual(0, self.verify_anew(place, "moved").code)

    def cut(self, then=lambda: None, done=None):
        """Drop the last rows and put the head before them, as one who can write the database would."""
        self.state.stop()
        with sqlite3.connect(self.state.path / "data/keys.db") as database:
            database.execute("DELETE FROM audit_event WHERE sequence > (SELECT sequence - 2 FROM audit_head)")
            database.execute("UPDATE audit_head SET (sequence, chain_hash) = (SELECT sequence, chain_hash FROM audit_event "
                             "WHERE sequence IS NOT NULL ORDER BY sequence DESC LIMIT 1)")
        database.close()
        self.state.start()
        then()
        e2e.wait_until(self.sealed, 10, "all rows are sealed")
        if done:
            return done()
        service = e2e.wait_until(self.broken, 10, "the trail is found broken")
        return service["reason"]

    def broken(self):
        result = self.state.run("audit", "verify", "--json", "--service", "keys")
        service = result.json()["services"][0]
        self.assertEqual(0 if service["result"] == "ok" else e2e.REFUSED, result.code)
        return service if service["result"] == "broken" else None

    def sealed(self):
        with sqlite3.connect(f"file:{self.state.path}/data/keys.db?mode=ro", uri=True) as database:
            (waiting,) = database.execute("SELECT count(*) FROM audit_event WHERE sequence IS NULL").fetchone()
        database.close()
        return waiting == 0


class Prompt(e2e.Case):
    """Secrets that are typed: asked for one by one, and not echoed."""

    def typed(self, person, *arguments, answers):
        """(what the terminal showed, exit status) of a command at a terminal where these lines are typed."""
        master, slave = pty.openpty()
        command = subprocess.Popen([e2e.program("latchkey"), *arguments], stdin=slave, stdout=slave, stderr=slave,
                                   env=person.environment(), start_new_session=True)
        os.close(slave)
        shown = b""
        for prompt, answer in answers:
            shown += self.read_until(master, prompt)
            os.write(master, answer.encode() + b"\n")
        shown += self.read_until(master, None)
        os.close(master)
        return shown.decode(), command.wait(e2e.COMMAND_S)

    @staticmethod
    def read_until(master, wanted):
        seen = b""
        while wanted is None or wanted.encode() not in seen:
            try:
                part = os.read(master, 4096)
            except OSError:  # the other end was closed
                return seen
            if not part:
                return seen
            seen += part
        return seen

    def test_typed_secrets_are_not_echoed(self):
        self.state.start()
        ben = world.Tenant(self.state, "genomics").user("ben", "key-manager").command_line()
        fields = world.AWS_FIELDS.split("\n")
        shown, status = self.typed(ben, "credential", "add", "aws", "--label", "typed", answers=list(zip(
            ("access_key_id: ", "secret_access_key: ", "region: "), fields, strict=True)))
        self.assertEqual(0, status, shown)
        self.assertIn(fields[0], shown)
        self.assertNotIn(fields[1], shown)
        self.assertEqual("typed", ben.json("credential", "list")["credentials"][0]["label"])

    def asking(self, person, script='exec "$@"'):
        """bash with a terminal of its own and its jobs runs the script, whose arguments are a command that asks for a hidden field; (pid,
        the terminal), once it asks and does not show what is typed."""
        pid, master = pty.fork()
        if pid == 0:
            os.execvpe("bash", ["bash", "-mc", script, "bash", str(e2e.program("latchkey")), "credential", "add", "aws", "--label", "x"],
                       person.environment())
        self.addCleanup(os.close, master)
        self.read_until(master, "access_key_id: ")
        os.write(master, b"AKIAIOSFODNN7EXAMPLE\n")
        self.read_until(master, "secret_access_key: ")
        self.assertFalse(self.shows(master))
        os.write(master, b"half-a-sec")
        return pid, master

    @staticmethod
    def shows(master):
        return bool(termios.tcgetattr(master)[3] & termios.ECHO)

    def test_a_terminal_shows_again_what_is_typed_whatever_ends_the_prompt(self):
        self.state.start()
        ben = world.Tenant(self.state, "genomics").user("ben", "key-manager").command_line()
        for key, sent in ((b"\x03", signal.SIGINT), (b"\x1c", signal.SIGQUIT), (None, signal.SIGTERM), (None, signal.SIGHUP)):
            pid, master = self.asking(ben)
            if key:
                os.write(master, key)
            else:
                os.kill(pid, sent)
            _, status = os.waitpid(pid, 0)
            self.assertTrue(os.WIFSIGNALED(status), (sent, status))
            self.assertEqual(sent, os.WTERMSIG(status))
            self.assertTrue(self.shows(master), sent)
        self.assertEqual([], ben.json("credential", "list")["credentials"])

    def test_a_prompt_that_was_stopped_hides_again_what_is_typed(self):
        self.state.start()
        ben = world.Tenant(self.state, "genomics").user("ben", "key-manager").command_line()
        pid, master = self.asking(ben, '"$@"; echo stopped; read -r go; fg >/dev/null; echo "ended $?"')
        os.write(master, b"\x1a")
        self.read_until(master, "stopped")
        self.assertTrue(self.shows(master))
        os.write(master, b"go\n")
        e2e.wait_until(lambda: not self.shows(master), 5, "what is typed is hidden again")
        fields = world.AWS_FIELDS.split("\n")
        os.write(master, fields[1].encode() + b"\n")
        shown = self.read_until(master, "region: ")
        os.write(master, fields[2].encode() + b"\n")
        shown += self.read_until(master, "ended 0")
        os.waitpid(pid, 0)
        self.assertNotIn(fields[1].encode(), shown)
        self.assertEqual(1, len(ben.json("credential", "list")["credentials"]))


e2e.main()
