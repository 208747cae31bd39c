"""Methods by routes."""

from .request import TEXT, Request, single

ROUTES = [
    "/",
    "/status",
    "/metrics",
    "/metrics/",
    "/metrics/x",
    "/metrics/job",
    "/metrics/job/a",
    "/metrics/job/a/b/c",
    "/metrics/job@base64/YQ",
    "/metrics/job@base64/YQ/b@base64/Yw",
    "/api",
    "/api/v1",
    "/api/v1/metrics",
    "/api/v1/metrics/",
    "/api/v1/status",
    "/api/v1/nothing",
    "/api/v1/admin/wipe",
    "/api/v2/metrics",
    "/-/healthy",
    "/-/healthy/",
    "/-/ready",
    "/-/quit",
    "/-/nothing",
    "/static/nothing",
    "/nothing",
    "/metricsx",
    "/favicon.ico",
]
METHODS = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"]


def cases():
    for route in ROUTES:
        for method in METHODS:
            if (route, method) not in [("/-/quit", "PUT"), ("/-/quit", "POST")]:
                yield single(
                    f"route: {method} {route}", Request(method, route, TEXT if method in ("POST", "PUT") else b"")
                )
