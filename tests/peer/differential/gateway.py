"""A gateway that requests are sent to, byte by byte as they are written."""

import base64
import http.client
import json
import socket
import urllib.parse

from .forms import api_metrics, exposition
from .request import Request

TIMEOUT = 30  # seconds
PREFIXES = {"prefix": "/p"}
TELEMETRY = {"prefix": "/p/t"}


class Gateway:
    def __init__(self, url, setup):
        address = urllib.parse.urlsplit(url)
        self.address = (address.hostname, address.port)
        self.prefix = PREFIXES.get(setup, "")
        self.wipes = setup in ("default", "prefix")
        self.telemetry = TELEMETRY.get(setup, "/metrics")

    def send(self, request):
        """The answer and its body."""
        with socket.create_connection(self.address, TIMEOUT) as connection:
            connection.sendall(request.raw or written(request, self.address))
            if request.raw:
                connection.shutdown(socket.SHUT_WR)
            answer = http.client.HTTPResponse(connection, method=request.method)
            try:
                answer.begin()
            except (http.client.BadStatusLine, ConnectionResetError):
                return None, b""
            return answer, answer.read()

    def get(self, path, form):
        """The body in a form, or the status of a gateway that fails."""
        answer, body = self.send(Request("GET", path))
        return form(body.decode("utf-8", "backslashreplace")) if answer.status == 200 else str(answer.status)

    def state(self):
        """What is in the store: as text, and by the API."""
        return [self.get(self.telemetry, exposition), self.get(self.prefix + "/api/v1/metrics", api_metrics)]

    def clear(self):
        """Deletes all groups: by the admin API where it is enabled, which takes labels that are not UTF-8 too."""
        requests = [Request("PUT", self.prefix + "/api/v1/admin/wipe")]
        if not self.wipes:
            requests = [
                Request("DELETE", self.prefix + path_of(group["labels"]))
                for group in json.loads(self.get(self.prefix + "/api/v1/metrics", str))["data"]
            ]
        for request in requests:
            answer, body = self.send(request)
            if answer.status != 202:
                raise SystemExit(f"{request.method} {request.path} at {self.address}: {answer.status} {body}")


def path_of(labels):
    def component(name, value):
        return f"/{name}@base64/{base64.urlsafe_b64encode(value.encode()).decode() or '='}"

    others = "".join(component(name, value) for name, value in labels.items() if name != "job")
    return "/metrics" + component("job", labels["job"]) + others


def written(request, address):
    lines = [f"{request.method} {request.path} HTTP/1.1", "Host: %s:%d" % address, "Connection: close"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if request.chunks is not None:
        lines.append("Transfer-Encoding: chunked")
        body = b"".join(b"%x\r\n%s\r\n" % (len(chunk), chunk) for chunk in request.chunks) + b"0\r\n\r\n"
    else:
        lines.append(f"Content-Length: {len(request.body)}")
        body = request.body
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
