"""A gateway that answers every request alike: respond.py STATUS [BODY [SECONDS]]. Prints its URL, then one JSON line a
request: method, path, headers, body."""

import http.server
import json
import sys
import time

status = int(sys.argv[1])
answer = (sys.argv[2] if len(sys.argv) > 2 else "").encode()
delay = float(sys.argv[3]) if len(sys.argv) > 3 else 0


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def respond(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        record = {"method": self.command, "path": self.path, "headers": headers, "body": body.decode("latin-1")}
        print(json.dumps(record), flush=True)
        time.sleep(delay)
        self.send_response(status)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_POST = do_PUT = do_DELETE = respond

    def log_message(self, *arguments):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()
