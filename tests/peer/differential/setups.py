"""The requests that pgw-serve and the upstream must answer alike: SETUPS, each with its cases of one request or
several.

A case begins with an empty store. After each request that may change the store, what is in it is compared too."""

import gzip

import client_model as model

from . import encodings, negotiation, paths, protobuf, routes, store, text
from .request import GROUP, TEXT, UNCHECKED_TIMESTAMPS, Request, push, single


def default_cases():
    for subject in text, paths, routes, protobuf, store, encodings, negotiation:
        yield from subject.cases()
    yield from paths.last_cases()


def locked_cases():
    """Without the admin API; with a lifecycle API, of which only what ends nothing is asked."""
    yield single("locked: wipe", push(TEXT), Request("PUT", "/api/v1/admin/wipe"), Request("DELETE", GROUP))
    for method in routes.METHODS:
        yield single(f"locked: {method} wipe", Request(method, "/api/v1/admin/wipe"))
    for method in routes.METHODS:
        if method not in ("POST", "PUT"):
            yield single(f"lifecycle: {method} quit", Request(method, "/-/quit"))


def prefix_cases():
    targets = [
        "/",
        "/p",
        "/p/",
        "/p/-/ready",
        "/p/-/healthy",
        "/p/t",
        "/p/metrics",
        "/t",
        "/p/api/v1/metrics",
        "/p/api/v1/status",
    ]
    targets += ["/metrics", "/-/ready", "/p/-/nothing", "/p/p/-/ready", "/px", "//p/t", "/p//t"]
    for path in targets:
        for method in routes.METHODS:
            yield single(f"prefix: {method} {path}", Request(method, path))
    yield single("prefix: a push", push(TEXT, path="/p" + GROUP), Request("DELETE", "/p" + GROUP))
    yield single("prefix: a push without it", push(TEXT))
    yield single("prefix: a push of nothing", push(TEXT, path="/p/metrics/job"))
    yield single("prefix: wipe", push(TEXT, path="/p" + GROUP), Request("PUT", "/p/api/v1/admin/wipe"))
    yield single("prefix: OPTIONS", Request("OPTIONS", "/p/api/v1/metrics"))


def unchecked_cases():
    yield single("unchecked: a push", push(TEXT), Request("DELETE", GROUP))
    yield single("unchecked: PUT", push(TEXT, "PUT"))
    yield single("unchecked: does not parse", push(b"a x\n"))
    yield single("unchecked: a bad label in the path", push(TEXT, path=GROUP + "/1x/y"))
    for body in UNCHECKED_TIMESTAMPS:
        for method in "POST", "PUT":
            yield single(f"unchecked: {method} {body.decode()!r}", push(TEXT), push(body, method))
    timestamp = model.delimited({"name": "a", "type": 1, "metric": [{"gauge": {"value": 1.0}, "timestamp_ms": 5}]})
    yield single("unchecked: a timestamp in protobuf", push(timestamp, Content_Type=model.CONTENT_TYPE))
    for name in "a summary", "a histogram", "two families", "not protobuf":
        yield single(f"unchecked: protobuf, {name}", push(protobuf.MESSAGES[name], Content_Type=model.CONTENT_TYPE))


def quit_cases():
    yield single("quit: POST", Request("POST", "/-/quit"))


def counted_requests():
    """What the gateways count, in their own metrics. No chunks: the peer does not know the size of such a body."""
    return [
        push(TEXT),
        push(b"a 1\nb 2\n", "PUT"),
        push(b"a 1 5\n"),
        push(b"a x\n"),
        push(TEXT, path=GROUP + "/1x/y"),
        push(gzip.compress(TEXT, mtime=0), Content_Encoding="gzip"),
        Request("DELETE", GROUP),
        Request("DELETE", GROUP + "/1x/y"),
        Request("GET", "/"),
        Request("GET", "/status"),
        Request("GET", "/-/healthy"),
        Request("GET", "/-/ready"),
        Request("GET", "/-/quit"),
        Request("GET", "/nothing"),
        Request("POST", "/metrics"),
        Request("GET", "/api/v1/metrics"),
        Request("GET", "/api/v1/status"),
        Request("OPTIONS", "/api/v1/metrics"),
        Request("PUT", "/api/v1/admin/wipe"),
        Request("GET", "/metrics"),
    ]


# The flags of a gateway, by the name of the setup; the cases. The last ends the gateways.
SETUPS = {
    "default": default_cases,
    "locked": locked_cases,
    "prefix": prefix_cases,
    "unchecked": unchecked_cases,
    "quit": quit_cases,
}
