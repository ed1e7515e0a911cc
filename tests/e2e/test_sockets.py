#!/usr/bin/env python3
"""What strangers do to a socket: connect and leave, send noise, send half; every service goes on answering."""

import os
import pathlib
import random
import resource
import socket
import struct
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import latchkey_e2e as e2e
import latchkey_wire as wire
import nng_wire
import world

SEED = int(os.environ.get("LATCHKEY_TEST_SEED", "20261121"))
HEALED_S = 10


class Sockets(e2e.Case):
    def setUp(self):
        super().setUp()
        print(f"seed {SEED}", flush=True)
        self.random = random.Random(SEED)
        suppressed = e2e.TOP / "tests" / "support" / "lost_listener.supp"
        self.state.shell["LSAN_OPTIONS"] = f"suppressions={suppressed}:print_suppressions=0"
        self.state.start()

    def answers_newcomers(self, service):
        try:
            caller = wire.Caller(self.state, seconds=0.5)
            answer = caller.ok(service, "HealthService/Check")
            caller.close()
            return answer["state"] == "serving"
        except ConnectionError:
            return False

    def assert_well(self):
        for service in e2e.SERVICES:
            e2e.wait_until(lambda name=service: self.answers_newcomers(name), HEALED_S, f"{service} answers newcomers")

    # Connect and leave

    def writes_go_on(self, ada, service, work):
        """One write after another on a connection that stands; ends with how many were answered."""
        caller, stop, answered, wrong = wire.Caller(self.state, ada.caller.token), threading.Event(), [], []

        def run():
            try:
                while not stop.is_set():
                    answered.append(work(caller, len(answered)))
            except BaseException as error:  # shown to the test
                wrong.append(error)

        work(caller, "first")
        thread = threading.Thread(target=run)
        thread.start()

        def finish():
            stop.set()
            thread.join(30)
            if wrong:
                raise wrong[0]
            return len(answered)
        return finish

    def test_two_hundred_who_connect_and_leave_harm_nobody(self):
        ada = world.Tenant(self.state, "genomics").admin
        key = ada.key()
        works = {
            "keys": lambda caller, n: caller.ok("keys", "AccountService/CreateWorkgroup", name=f"group {n}"),
            "tokens": lambda caller, n: caller.ok("tokens", "TokenService/IssueToken", secret_key=key.secret),
            "credentials": lambda caller, n: caller.ok("credentials", "CredentialService/AgreeTransport",
                                                       client_public_key=b"\x09" + bytes(31)),
        }
        for service, work in works.items():
            finish = self.writes_go_on(ada, service, work)
            try:
                for _ in range(200):
                    self.connect_and_leave(service)
                e2e.wait_until(lambda name=service: self.answers_newcomers(name), HEALED_S, f"{service} answers newcomers")
            finally:
                answered = finish()
            print(f"repetitions answered by {service} meanwhile={answered}", flush=True)
            print(f"repetitions {service} healed={self.state.log(service).count('healed')}", flush=True)
            self.assertGreater(answered, 0)
        self.assert_well()
        self.assertEqual(1, len(ada.caller.ok("keys", "KeyService/ListKeys")["keys"]))

    def connect_and_leave(self, service):
        try:
            nng_wire.connect_and_close(self.state.socket_path(service))
        except OSError:  # while the listener is replaced, the path may be away or its queue full
            pass

    def test_who_leaves_in_the_middle_of_a_word_harms_nobody(self):
        hello = b"\0SP\0" + struct.pack(">HH", nng_wire.REQ, 0)
        request = wire.request("latchkey.health.v1.HealthService/Check", {})
        message = b"\1" + struct.pack(">Q", len(request) + 4) + struct.pack(">I", 0x80000001) + request
        for service in e2e.SERVICES:
            for _ in range(40):
                said = (hello + message)[:self.random.randrange(len(hello + message))]
                try:
                    with nng_wire.socket.socket(nng_wire.socket.AF_UNIX) as connection:
                        connection.connect(self.state.socket_path(service))
                        connection.sendall(said)
                except OSError:
                    pass
        self.assert_well()

    # Noise

    def noise(self):
        """A frame that is none: random bytes, a good start and a random rest, a good request with flipped bytes."""
        method = self.random.choice(wire.CONTRACT.served_by("keys"))
        kind, data = self.random.randrange(5), self.random.randbytes(self.random.randrange(300))
        if kind == 0:
            return data
        if kind == 1:
            return nng_wire.frame(data, self.random.randbytes(20))
        if kind == 2:
            return b"LKR\1" + struct.pack(">I", self.random.getrandbits(32)) + data
        if kind == 3:
            return wire.request(method, {}) + data
        request = bytearray(wire.request(method, {}))
        for _ in range(self.random.randrange(1, 5)):
            request[self.random.randrange(8, len(request))] ^= 1 << self.random.randrange(8)
        return bytes(request)

    def test_random_frames_are_refused_and_change_nothing(self):
        world.Tenant(self.state, "genomics")
        before = world.rows(self.state)
        statuses = set()
        for service in e2e.SERVICES:
            nobody = wire.Caller(self.state)
            for _ in range(e2e.repeat(f"random frames to {service}", 5000, 500)):
                answer = nobody.exchange(service, self.noise())
                header_len = struct.unpack(">I", answer[4:8])[0]
                header = wire.CONTRACT.decode("latchkey.common.v1.ReplyHeader", answer[8:8 + header_len])
                statuses.add(wire.STATUSES[header["status"]])
                if header["status"] == 0:  # a flipped byte can leave a good request: of Check or the like
                    continue
                self.assertTrue(header["reason"] and header["message"], header)
        self.assertIn("INVALID_ARGUMENT", statuses)
        self.assertLessEqual(statuses, {"OK", "INVALID_ARGUMENT", "UNIMPLEMENTED", "UNAUTHENTICATED", "DEADLINE_EXCEEDED"})
        self.assertEqual(before, world.rows(self.state))
        self.assert_well()

    def test_random_bytes_in_place_of_nngs_own_protocol_harm_nobody(self):
        for service in e2e.SERVICES:
            for _ in range(60):
                try:
                    with nng_wire.socket.socket(nng_wire.socket.AF_UNIX) as connection:
                        connection.connect(self.state.socket_path(service))
                        connection.sendall(self.random.randbytes(self.random.randrange(1, 200)))
                except OSError:
                    pass
        self.assert_well()

    def test_a_message_that_says_it_is_huge_is_cut_off(self):
        for service in e2e.SERVICES:
            for size in (1 << 21, 1 << 40, (1 << 64) - 1):
                with nng_wire.Wire(self.state.socket_path(service)) as connection:
                    connection.send_raw(b"\1" + struct.pack(">Q", size) + bytes(64))
                    try:
                        self.assertIsNone(connection.receive())
                    except ConnectionResetError:
                        pass
        self.assert_well()

    # Connect and stay

    def stay(self, service):
        silent = socket.socket(socket.AF_UNIX)
        self.addCleanup(silent.close)
        silent.setblocking(False)
        e2e.wait_until(lambda: silent.connect_ex(self.state.socket_path(service)) == 0, HEALED_S, "a connection")

    def test_1100_connections_that_say_nothing_keep_nobody_out(self):
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE, limits)
        resource.setrlimit(resource.RLIMIT_NOFILE, (1024, limits[1]))
        self.state.restart()
        resource.setrlimit(resource.RLIMIT_NOFILE, (limits[1], limits[1]))
        for service in e2e.SERVICES:
            for _ in range(1100):
                self.stay(service)
            # Half a second may be too short for one of them, while those before it are taken in on a busy machine.
            e2e.wait_until(lambda name=service: self.answers_newcomers(name), HEALED_S, f"{service} answers newcomers beside them")

    # Ask and never read

    def ask_without_reading(self, service, seconds):
        """Requests on one connection until nobody takes any more of them."""
        connection = nng_wire.Wire(self.state.socket_path(service), seconds)
        self.addCleanup(connection.socket.close)
        method = wire.CONTRACT.full_name(service, "HealthService/Check")
        try:
            for _ in range(5000):
                connection.send(wire.request(method, {}))
        except OSError:
            pass

    def test_who_never_reads_delays_nobody_for_long(self):
        for service in e2e.SERVICES:
            threads = [threading.Thread(target=self.ask_without_reading, args=(service, 3)) for _ in range(4)]
            for thread in threads:
                thread.start()
            time.sleep(1)  # all four have filled what there is to fill
            caller, began = wire.Caller(self.state, seconds=5), time.monotonic()
            for _ in range(10):
                caller.ok(service, "HealthService/Check")
            self.assertLess(time.monotonic() - began, 4, service)
            for thread in threads:
                thread.join()
        self.assertNotIn("listener.healed", "".join(self.state.log(service) for service in e2e.SERVICES))
        self.state.kill()


if __name__ == "__main__":
    e2e.main()
