"""kill.py SPOOL ROUNDS [PGW-SERVE OPTION...]: kills pgw-serve with SIGKILL at random moments, ROUNDS times, while 32
connections push and delete and a pgw-push works on the same spool, which is killed too. After each: every group is as
the last answer said, or as the request that was not answered would have it; the next server's view is that of a fresh
scan; the catalog says what the files do; and the next writer leaves no debris."""

import os
import random
import re
import selectors
import socket
import subprocess
import sys
import time

from spool import Failure, Server, compare_catalog, compare_views, debris, run, tool

CONNECTIONS = 32
GROUPS = 6  # of each connection
LIFE_MAX = 0.08  # seconds from the first answer until it is killed, at most
REFUSED = object()

spool, rounds, options = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
seed = int(os.environ.get("TORTURE_SEED", random.SystemRandom().randrange(2**32)))
rng = random.Random(seed)


def body_of(number):
    """Different sizes and series, and a family whose type may be refused."""
    lines = [f"number {number}", *(f'filler{{i="{i}"}} {number}' for i in range(number % 7))]
    if number % 5 == 0:
        kind = ("gauge", "counter")[number // 5 % 2]
        lines += [f"# TYPE typed{number % 3} {kind}", f"typed{number % 3} {number}"]
    if number % 97 == 0:
        lines += [f'wide{{i="{i}"}} {number}' for i in range(300)]
    return "\n".join(lines).encode() + b"\n"


class Group:
    def __init__(self, name):
        self.name = name
        self.file = os.path.join(spool, "groups", f"job={name}.prom")
        self.stored = None  # the number that was answered for; None for none

    def read(self):
        try:
            with open(self.file, "rb") as file:
                text = file.read()
        except FileNotFoundError:
            return None
        found = re.search(rb"^number\{.*\} ([0-9]+)$", text, re.MULTILINE)
        number = int(found.group(1)) if found else None
        if number is not None and text.count(b"\nfiller{") < number % 7:
            raise Failure(f"{self.file} has not all of push {number}")
        return number


class Connection:
    def __init__(self, name):
        self.groups = [Group(f"{name}-{i}") for i in range(GROUPS)]
        self.number = 0
        self.answers = 0
        self.waits = False

    def open(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.received = b""
        self.send()

    def send(self):
        self.number += 1
        self.group = rng.choice(self.groups)
        method = rng.choices(("PUT", "POST", "DELETE"), (6, 3, 2))[0]
        self.wanted = None if method == "DELETE" else self.number
        body = b"" if method == "DELETE" else body_of(self.number)
        head = f"{method} /metrics/job/{self.group.name} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        self.waits = True
        self.socket.sendall(head.encode() + body)

    def receive(self):
        """Whether the connection goes on."""
        try:
            got = self.socket.recv(65536)
        except ConnectionResetError:
            got = b""
        self.received += got
        head, end, rest = self.received.partition(b"\r\n\r\n")
        length = re.search(rb"(?i)\r\ncontent-length: *([0-9]+)", head) if end else None
        if length and len(rest) >= int(length.group(1)):
            self.take_answer(int(head.split()[1]), head)
            self.received = b""
        return bool(got)

    def take_answer(self, code, head):
        self.answers += 1
        self.waits = False
        if code in (200, 202):
            self.group.stored = self.wanted
        elif code != 400:
            raise Failure(f"a push is answered with {head.decode()}")

    def drain(self):
        """What was answered before the end."""
        while self.receive():
            pass
        self.socket.close()


def check(connection, when, settles):
    """A push that was cut short may come through later, by recovery, until another server has started."""
    for group in connection.groups:
        there = group.read()
        allowed = {group.stored}
        if connection.waits and group is connection.group:
            allowed.add(connection.wanted)
        if there not in allowed:
            raise Failure(f"{when}: {group.file} has {there}, not one of {allowed}")
        if settles:
            group.stored = there
    connection.waits &= not settles


def work(server, connections):
    """Until it is to be killed."""
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            connection.open(server.port)
            selector.register(connection.socket, selectors.EVENT_READ, connection)
        end = None
        before = sum(c.answers for c in connections)
        while end is None or time.monotonic() < end:
            for key, _ in selector.select(0.001):
                if not key.data.receive():
                    raise Failure("pgw-serve ended a connection")
                if not key.data.waits:
                    key.data.send()
            if end is None and sum(c.answers for c in connections) > before:
                end = time.monotonic() + rng.random() * LIFE_MAX


def push_beside(number):
    command = [tool("pgw-push"), "-d", spool, "-j", f"beside{number % 4}"]
    if "--spool.sync=none" in options:
        command.append("--no-sync")
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    process.stdin.write(f"beside {number}\n".encode())
    process.stdin.close()
    return process


def main():
    connections = [Connection(f"c{i}") for i in range(CONNECTIONS)]
    catalogs = 0
    server = Server(spool, options, "kill.log")
    for number in range(rounds):
        beside = push_beside(number)
        work(server, connections)
        if rng.random() < 0.5:
            beside.kill()
        if server.end(9) != -9:
            raise Failure("pgw-serve ended before it was killed: see kill.log")
        if beside.wait() not in (0, -9):
            raise Failure(f"pgw-push: status {beside.returncode}")
        for connection in connections:
            connection.drain()
        for connection in connections:
            check(connection, "when it was killed", False)
        server = Server(spool, options, "kill.log")
        for connection in connections:
            check(connection, "after recovery", True)
        exposition = compare_views(spool, [server])
        for group in (g for c in connections for g in c.groups if g.stored is not None):
            if f'\nnumber{{instance="",job="{group.name}"}} {group.stored}\n'.encode() not in exposition:
                raise Failure(f"the exposition lacks {group.name} {group.stored}")
        catalogs += compare_catalog(spool)
        run([tool("pgw-push"), "-d", spool, "-j", "last"], b"last 1\n")
        if debris(spool, [server]):
            raise Failure(f"debris: {debris(spool, [server])}")
        for connection in connections:
            check(connection, "after the next writer", True)
    if server.end(15) != 0:
        raise Failure("pgw-serve does not end with 0 on SIGTERM: see kill.log")
    print(f"{rounds} kills, {sum(c.answers for c in connections)} answers, {catalogs} catalogs compared")


try:
    main()
except Failure as failure:
    print(f"seed {seed}: {failure}", file=sys.stderr)
    sys.exit(1)
