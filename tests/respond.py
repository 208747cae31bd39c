"""A gateway that answers every request alike: respond.py STATUS [BODY [SECONDS [TOGETHER [PORTS]]]]. Prints its URLs, one a
port, in a line, then one JSON line a request: method, path, headers, body and at_once, how many requests were there when it
came. It answers nothing until TOGETHER requests were there at once, then each after SECONDS."""

import http.server
import json
import sys
import threading
import time

status = int(sys.argv[1])
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
        global at_once, highest
        with changed:
            at_once += 1
            highest = max(highest, at_once)
            print(json.dumps({**record, "at_once": at_once}), flush=True)
            changed.notify_all()
            changed.wait_for(lambda: highest >= together)

    def leave(self):
        global at_once
        with changed:
            at_once -= 1

    def respond(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.enter({"method": self.command, "path": self.path, "headers": headers, "body": body.decode("latin-1")})
        time.sleep(delay)
        # Before the answer: whoever has that may send the next request.
        self.leave()
        self.send_response(status)
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
