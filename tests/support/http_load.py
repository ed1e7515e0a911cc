"""Clients that ask at a steady rate until told to stop, as a busy backend would, and what became of it."""

import http.client
import threading
import time

DEADLINE_S, CLIENTS = 10, 8
NOT_NOW = (None, 502, 503, 504)


class Load:
    """`connect(timeout_s)` opens an http.client connection; `expected` is the status of a right answer. An answer that says "not
    now", or a lost connection, is asked again until the client's deadline has passed: `again` counts those, `wrong` keeps what is
    neither, and what the deadline did not cover."""

    def __init__(self, connect, path, key, expected, rate=0):
        self.connect, self.path, self.key, self.expected = connect, path, key, expected
        self.pause_s = CLIENTS / rate if rate else 0
        self.right, self.again, self.wrong, self.longest_s = 0, 0, [], 0.0
        self.lock, self.over = threading.Lock(), threading.Event()
        self.threads = [threading.Thread(target=self._run) for _ in range(CLIENTS)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *unused):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def _once(self, connection):
        connection.request("GET", self.path, headers={"Authorization": f"Bearer {self.key}"})
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def _until_answered(self, connection):
        begun, asked, status = time.monotonic(), 0, None
        while status in NOT_NOW and time.monotonic() - begun < DEADLINE_S:
            if asked:
                time.sleep(0.02)
            asked += 1
            try:
                status = self._once(connection)
            except (OSError, http.client.HTTPException):
                connection.close()  # request() opens it again
                status = None
        return status, asked, time.monotonic() - begun

    def _run(self):
        connection, due = self.connect(DEADLINE_S), time.monotonic()
        while not self.over.is_set():
            status, asked, took_s = self._until_answered(connection)
            with self.lock:
                self.again += asked - 1
                self.longest_s = max(self.longest_s, took_s)
                if status == self.expected:
                    self.right += 1
                else:
                    self.wrong.append(status)
            due = max(due + self.pause_s, time.monotonic() - 1)
            time.sleep(max(0, due - time.monotonic()))
        connection.close()

    def __str__(self):
        return f"{self.right} right answers, {self.again} asked again, longest {self.longest_s:.2f} s"
