"""Targets of all kinds on one port: exporter.py FOLDER. Prints its URL, then a line for each request: its path and its
Accept.

/static/NAME answers with the file NAME of the folder as it is at that moment, or 503 where there is none; so do
/protobuf/NAME as delimited protobuf, where the request's Accept has that, and /gzip/NAME compressed. The other paths
are below."""

import http.server
import os
import socket
import sys
import threading
import time
import zlib

folder = sys.argv[1]
PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
ZEROS = b"# " + bytes(1 << 20).replace(b"\0", b"0")


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, body=b"", *headers):
        self.send_response(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def file(self, name, *headers, change=lambda data: data):
        try:
            with open(os.path.join(folder, name), "rb") as file:
                self.answer(200, change(file.read()), *headers)
        except FileNotFoundError:
            self.answer(503)

    def static(self, name):
        self.file(name, ("Content-Type", "text/plain; version=0.0.4"))

    def protobuf(self, name):
        asked = "application/vnd.google.protobuf" in self.headers.get("Accept", "")
        content_type = PROTOBUF if asked else "text/plain; version=0.0.4"
        self.file(name + (".pb" if asked else ".prom"), ("Content-Type", content_type))

    def almost(self, name):
        """A type that only begins as that of protobuf does."""
        self.file(name, ("Content-Type", PROTOBUF.replace("protobuf;", "protobufx;")))

    def gzip(self, name):
        assert self.headers["Accept-Encoding"] == "gzip"

        def compress(data):
            packer = zlib.compressobj(wbits=31)
            return packer.compress(data) + packer.flush()

        self.file(name, ("Content-Encoding", "gzip"), change=compress)

    def bomb(self, megabytes):
        """So many MB in a hundredth of that."""
        packer = zlib.compressobj(wbits=31)
        packed = b"".join(packer.compress(ZEROS) for _ in range(int(megabytes))) + packer.flush()
        self.answer(200, packed, ("Content-Encoding", "gzip"))

    def torn(self, name):
        """gzip without its end."""
        packer = zlib.compressobj(wbits=31)
        self.answer(200, (packer.compress(b"a 1\n" * 100) + packer.flush())[:-10], ("Content-Encoding", "gzip"))

    def endless(self, name):
        """A body without an end."""
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(ZEROS)

    def headers_forever(self, name):
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        for number in range(10**9):
            self.wfile.write(b"X-Header-%d: %s\r\n" % (number, b"x" * 1000))

    def drip(self, name):
        """A byte now and then."""
        self.send_response(200)
        self.end_headers()
        while True:
            self.wfile.write(b"#")
            time.sleep(0.05)

    def when(self, name):
        """When the folder has a file of that name."""
        while not os.path.exists(os.path.join(folder, name)):
            time.sleep(0.01)
        self.answer(200, b"when 1\n")

    def later(self, seconds):
        time.sleep(float(seconds))
        self.answer(200, b"later 1\n")

    def redirect(self, rest):
        """/redirect/N/PATH: N times, then to PATH."""
        number, _, path = rest.partition("/")
        left = int(number)
        self.answer(302, b"", ("Location", f"/redirect/{left - 1}/{path}" if left > 1 else f"/{path}"))

    def elsewhere(self, address):
        """To any URL."""
        self.answer(302, b"", ("Location", address))

    def types(self, name):
        """Two types that contradict each other."""
        self.answer(200, b"types 1\n", ("Content-Type", PROTOBUF), ("Content-Type", "text/plain"))

    def status(self, number):
        self.answer(int(number), b"a 1\n")

    def never(self, name):
        threading.Event().wait()

    def half(self, name):
        self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\na 1\n")
        self.close_connection = True

    def reset(self, name):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.connection.close()
        self.close_connection = True

    def junk(self, name):
        self.wfile.write(bytes(range(256)) * 16)
        self.close_connection = True

    def do_GET(self):
        print(self.path, self.headers.get("Accept", ""), flush=True)
        kind, _, rest = self.path[1:].partition("/")
        try:
            getattr(self, kind.replace("-", "_").partition("?")[0])(rest.partition("?")[0])
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def log_message(self, *arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    request_queue_size = 1000

    def handle_error(self, request, client_address):
        pass


server = Server(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
