"""Validators in processes of their own, under load."""

import signal
import subprocess

import latchkey_e2e as e2e


class Worker:
    """A validator process under load; see tests/support/validator_worker.c."""

    def __init__(self, state, staleness_ms, key, mode="ask", **addresses):
        environment = state.person(LATCHKEY_API_KEY=key, **addresses).environment()
        self.process = subprocess.Popen(
            [e2e.program("validator_worker"), str(staleness_ms), str(state.path / "peers"), mode],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)

    def say(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()

    def add(self, credential):
        self.say(f"add {credential}")
        return int(self.process.stdout.readline())

    def report(self):
        """[(accepted, refused, failed, when the last call that accepted began, in seconds)] of each credential."""
        self.say("report")
        rows = []
        while (line := self.process.stdout.readline().split()) != ["end"]:
            assert line, "the worker ended"
            rows.append((int(line[1]), int(line[2]), int(line[3]), int(line[4]) / 1e6))
        return rows

    def close(self):
        self.process.send_signal(signal.SIGCONT)
        self.process.stdin.close()
        self.process.wait(10)
        self.process.stdout.close()
