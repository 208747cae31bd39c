"""A gateway that answers every request alike: respond.py STATUS [BODY [SECONDS [TOGETHER [PORTS]]]]. Prints its URLs,
one a port, in a line, then one JSON line a request: method, path, headers, body and at_once, how many requests were
there when it came. It answers nothing until TOGETHER requests were there at once, then each after SECONDS.

STATUS may be a list, such as 500,429:2,200: one for each request, and the last one for all that follow. After a colon
comes the Retry-After of an answer. Instead of a status, "never" takes the request and never answers, "half" sends half
of the answer and closes, "close" closes at once."""

import gzip
import http.server
import json
import sys
import threading
import time

statuses = sys.argv[1].split(",")
answer = (sys.argv[2] if len(sys.argv) > 2 else "").encode()
delay = float(sys.argv[3]) if len(sys.argv) > 3 else 0
together = int(sys.argv[4]) if len(sys.argv) > 4 else 1
ports = int(sys.argv[5]) if len(sys.argv) > 5 else 1

changed = threading.Condition()
at_once = 0
highest = 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def enter(self, record):
        """The status of this request's answer."""
        global at_once, highest
        with changed:
            at_once += 1
            highest = max(highest, at_once)
            print(json.dumps({**record, "at_once": at_once}), flush=True)
            changed.notify_all()
            changed.wait_for(lambda: highest >= together)
            return statuses.pop(0) if len(statuses) > 1 else statuses[0]

    def leave(self):
        global at_once
        with changed:
            at_once -= 1

    def respond(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        if headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        status = self.enter({"method": self.command, "path": self.path, "headers": headers,
                             "body": body.decode("latin-1")})
        time.sleep(delay)
        # Before the answer: whoever has that may send the next request.
        self.leave()
        if status == "never":
            threading.Event().wait()
        self.close_connection = status in ("close", "half")
        if status == "close":
            return
        if status == "half":
            self.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
            return
        number, _, wait = status.partition(":")
        self.send_response(int(number))
        if wait:
            self.send_header("Retry-After", wait)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = respond

    def log_message(self, *arguments):
        pass


servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) for _ in range(ports)]
print(*("http://127.0.0.1:%d" % server.server_port for server in servers), flush=True)
for server in servers:
    threading.Thread(target=server.serve_forever).start()
