"""What a request and a case are."""

import dataclasses

GROUP = "/metrics/job/differential"
UNCHECKED_TIMESTAMPS = [b"a 1 5\n", b"a 1 0\n", b"a 1\nb 1 5\n", b'# TYPE s summary\ns{quantile="1"} 1 5\n']
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
TEXT = b"a 1\n"  # of a push where another part of it matters


@dataclasses.dataclass
class Request:
    method: str
    path: str
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    chunks: list = None  # the body's, instead of a Content-Length
    raw: bytes = None  # all of the request, instead of everything else

    def changes_the_store(self):
        return self.method in ("POST", "PUT", "DELETE") and not self.path.endswith("/-/quit")


@dataclasses.dataclass
class Case:
    name: str
    requests: list

    def named_requests(self):
        """Those of several are numbered."""
        if len(self.requests) == 1:
            return [(self.name, self.requests[0])]
        return [(f"{self.name}: {number}", request) for number, request in enumerate(self.requests, 1)]


def push(body, method="POST", path=GROUP, **headers):
    return Request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def single(name, *requests):
    return Case(name, list(requests))
