"""An HTTP client that costs as little as one in Python can, so that what is measured is the server: it reads an answer
into one buffer of 1 MiB and looks at its head and its end only."""

import http.client
import random
import socket
import time

import body

# What Prometheus 2 sends.
SCRAPE_HEADERS = (
    b"Host: 127.0.0.1\r\n"
    b"Accept: application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    b"text/plain;version=0.0.4;q=0.5,*/*;q=0.1\r\n")
LAST_CHUNK = b"\r\n0\r\n\r\n"


class Failed(Exception):
    """Something could not be measured. The text says what and why."""


class Client:
    """One connection that is kept open."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = memoryview(bytearray(1 << 20))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, request):
        self.socket.sendall(request)

    def _receive(self):
        count = self.socket.recv_into(self.buffer)
        if count == 0:
            raise Failed("the server closed the connection within an answer")
        return count

    def receive(self):
        """Reads an answer to its end; returns its status, and whether it is gzip."""
        data = b""
        while b"\r\n\r\n" not in data:
            data += bytes(self.buffer[:self._receive()])
        head, rest = data.split(b"\r\n\r\n", 1)
        fields = head.lower().split(b"\r\n")
        status = int(fields[0].split()[1])
        gzip = b"content-encoding: gzip" in fields
        length = next((int(field.split(b":")[1]) for field in fields if field.startswith(b"content-length:")), None)
        if length is not None:
            count = len(rest)
            while count < length:
                count += self._receive()
        elif status != 204:
            # A head of its own is at least as long as the last chunk.
            tail = data[-len(LAST_CHUNK):]
            while tail != LAST_CHUNK:
                count = self._receive()
                tail = (tail + bytes(self.buffer[max(0, count - len(LAST_CHUNK)):count]))[-len(LAST_CHUNK):]
        return status, gzip

    def get(self, path, gzip=False):
        """The seconds from the request to the end of the answer."""
        encoding = b"Accept-Encoding: gzip\r\n" if gzip else b""
        request = b"GET " + path.encode() + b" HTTP/1.1\r\n" + SCRAPE_HEADERS + encoding + b"\r\n"
        begin = time.perf_counter()
        self.send(request)
        status, compressed = self.receive()
        seconds = time.perf_counter() - begin
        if status != 200 or compressed != gzip:
            raise Failed(f"GET {path} was answered with {status}, {'gzip' if compressed else 'not gzip'}")
        return seconds


def push_request(group, text):
    return (f"POST /metrics/job/bench/instance/host{group} HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Content-Length: {len(text)}\r\n\r\n").encode() + text


def push_all(port, groups, connections=16):
    """Pushes once to each of the groups."""
    bodies = body.variants()
    clients = [Client(port) for _ in range(connections)]
    try:
        for start in range(0, len(groups), len(clients)):
            batch = list(zip(clients, groups[start:start + len(clients)]))
            for client, group in batch:
                client.send(push_request(group, random.choice(bodies)))
            for client, group in batch:
                status, _ = client.receive()
                if status not in (200, 202):
                    raise Failed(f"a push to group {group} was answered with {status}")
    finally:
        for client in clients:
            client.socket.close()


def fetch(port, path="/metrics"):
    """The body of an answer, for looking at it rather than for measuring."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read()
    except http.client.HTTPException as error:
        raise Failed(f"GET {path}: {error!r}") from None
    finally:
        connection.close()
    if answer.status != 200:
        raise Failed(f"GET {path} was answered with {answer.status}")
    return text


def check_groups(port, groups):
    """That a server has as many groups with all their samples, so that nothing is fast because it lost something."""
    text = fetch(port)
    for family, expected in (("push_time_seconds", groups), ("batch_stage_duration_seconds", 10 * groups),
                             ("batch_records_processed_total", 10 * groups)):
        found = text.count(f"\n{family}{{".encode())
        if found != expected:
            raise Failed(f"the server has {found} samples of {family} instead of {expected}")
