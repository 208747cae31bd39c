"""What a scrape may ask for."""

import client_model as model

from .request import PROMETHEUS_3, Request, push, single

DELIMITED = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"

ACCEPT = [
    "",
    "*/*",
    "text/*",
    "text/plain",
    "text/html",
    "text/plain;version=0.0.4",
    "text/plain;version=0.0.3",
    "nonsense",
    ";;,,;q=x",
    model.CONTENT_TYPE,
    "application/vnd.google.protobuf",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=unknown",
    "application/vnd.google.protobuf;proto=other;encoding=delimited",
    f"{DELIMITED};q=0.3,text/plain;q=0.5",
    f"text/plain;q=0.3,{DELIMITED};q=0.5",
    f"{DELIMITED},text/plain;version=0.0.4",
    f"text/plain;version=0.0.4,{DELIMITED}",
    f"{DELIMITED};q=0,text/plain;q=0.1",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text",
    # Prometheus 2, without and with native histograms
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    f"{DELIMITED},"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    # Prometheus 3, without and with native histograms
    PROMETHEUS_3,
    f"{DELIMITED};q=0.7,{PROMETHEUS_3}",
    # a browser
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
]
ESCAPING = ["allow-utf-8", "underscores", "dots", "values", "nonsense", "", '"values"']
ESCAPED_FORMS = ["text/plain;version=0.0.4", "text/plain", "*/*", model.CONTENT_TYPE]
ACCEPT += [f"{form};escaping={escaping}" for form in ESCAPED_FORMS for escaping in ESCAPING]
ACCEPT_ENCODING = [
    "gzip",
    "gzip, deflate, br",
    "identity",
    "GZIP",
    "*",
    "gzip;q=0",
    "gzip;q=0.5",
    "deflate",
    "identity, gzip",
] + [
    "",
    "gzip;q=1.0, identity;q=0.5",
    "br, gzip",
    "gzip ;q=0.5",
    "deflate, gzip",
    "x-gzip",
    "zstd",
    "gzip2",
]
# Where GET is and what is there can be large: HEAD, and the codings.
READABLE = ["/metrics", "/api/v1/metrics", "/api/v1/status", "/-/ready", "/-/healthy", "/", "/status"]

ALL_TYPES = b"""# HELP c A counter.
# TYPE c counter
c{l="1"} 1
c{l="2"} 2e9
# TYPE g gauge
g NaN
# HELP h A histogram.
# TYPE h histogram
h_bucket{le="0.5"} 1
h_bucket{le="1"} 2
h_sum 2.5
h_count 3
# TYPE s summary
s{quantile="0.5"} 1
s{quantile="0.9"} NaN
s_sum 2
s_count 3
u{a="\\\\\\"\\n"} -Inf
"""


def cases():
    for accept in ACCEPT:
        yield single(f"Accept: {accept}", push(ALL_TYPES), Request("GET", "/metrics", headers={"Accept": accept}))
    for encoding in ACCEPT_ENCODING:
        headers = {"Accept-Encoding": encoding}
        yield single(f"Accept-Encoding: {encoding}", push(ALL_TYPES), Request("GET", "/metrics", headers=headers))
    for path in READABLE:
        for method in "GET", "HEAD":
            headers = {"Accept-Encoding": "gzip"}
            yield single(f"{method} {path}, gzip", push(ALL_TYPES), Request(method, path, headers=headers))
            headers = {"Accept": model.CONTENT_TYPE}
            yield single(f"{method} {path}, protobuf", push(ALL_TYPES), Request(method, path, headers=headers))
    cors = {"Origin": "http://x", "Access-Control-Request-Method": "GET"}
    yield single("CORS: a preflight", Request("OPTIONS", "/api/v1/metrics", headers=cors))
    yield single("CORS: a request", Request("GET", "/api/v1/metrics", headers={"Origin": "http://x"}))
    for path in "/api/v1/status", "/api/v1/admin/wipe", "/api/v1/nothing":
        yield single(f"CORS: a preflight of {path}", Request("OPTIONS", path, headers=cors))
        yield single(f"CORS: a request of {path}", Request("GET", path, headers={"Origin": "http://x"}))
    yield single("a preflight elsewhere", Request("OPTIONS", "/metrics", headers=cors))
