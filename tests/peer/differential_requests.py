"""The requests that pgw-serve and the upstream must answer alike: SETUPS, each with its CASES of one request or several.

A case begins with an empty store. After each request that may change the store, what is in it is compared too."""

import dataclasses
import gzip
import json

import client_model as model


@dataclasses.dataclass
class Request:
    method: str
    path: str
    body: bytes = b""
    headers: dict = dataclasses.field(default_factory=dict)
    chunks: list = None  # the body's, instead of a Content-Length
    raw: bytes = None  # all of the request, instead of everything else


@dataclasses.dataclass
class Case:
    name: str
    requests: list


GROUP = "/metrics/job/differential"

TEXTS = [
    b"a 1\n",
    b"",
    b"\n",
    b" \t\n",
    b"a 1",
    b"a 1\r\n",
    b"a\n",
    b"a \n",
    b"a 1 \n",
    b"a 1 2\n",
    b"a 1 -2\n",
    b"a 1 2 3\n",
    b"a 1 2.5\n",
    b"a 1 x\n",
    b" \t a \t 1\n",
    b"a{} 1\n",
    b"a{ } 1\n",
    b"a{,} 1\n",
    b'a{b="c"} 1\n',
    b'a{b="c",} 1\n',
    b'a{b="c",,} 1\n',
    b'a{b="c" d="e"} 1\n',
    b't{ a = "1" , b="2", } 1\n',
    b'a{b="c"}1\n',
    b'a{b="c"\n',
    b'a{b="c\n"} 1\n',
    b"a{b=c} 1\n",
    b"a{b} 1\n",
    b'a{1b="c"} 1\n',
    b'a{b="c",b="d"} 1\n',
    b'a{__name__="b"} 1\n',
    b'a{__b="c"} 1\n',
    b'a{b="\\\\ \\" \\n"} 1\n',
    b'a{b="\\q"} 1\n',
    b'a{b="\\t"} 1\n',
    b'a{b="\xff"} 1\n',
    b'a{b="\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80"} 1\n',
    b'a{b=""} 1\n',
    b'a{b=""} 1\na 2\n',
    b'a{instance="i"} 1\n',
    b'a{instance=""} 1\n',
    b'a{job="j"} 1\n',
    b"1a 1\n",
    b"a-b 1\n",
    b":a:b 1\n",
    b"\xc3\xbc 1\n",
    b'{a="b"} 1\n',
    b"a 1e3\n",
    b"a .5\n",
    b"a 5.\n",
    b"a .\n",
    b"a +1\n",
    b"a --1\n",
    b"a -0\n",
    b"a 1e\n",
    b"a 1e400\n",
    b"a -1e400\n",
    b"a 1e-400\n",
    b"a 1e21\na2 1e20\na3 123456789\na4 1e-4\na5 0.00001\na6 0.1\n",
    b"a 4.9e-324\na2 1.7976931348623157e308\na3 9007199254740993\n",
    b"a 0x10\n",
    b"a 0x1p3\n",
    b"a 1_000\n",
    b"a NaN\n",
    b"a nan\n",
    b"a +nan\n",
    b"a inf\n",
    b"a -Inf\n",
    b"a +infinity\n",
    b"a infinit\n",
    b"a 1,5\n",
    b"#\na 1\n",
    b"#HELP a x\na 1\n",
    b"# HELP\na 1\n",
    b"# HELP a\na 1\n",
    b"# HELP a \na 1\n",
    b"# HELP a x\n# HELP a y\na 1\n",
    b"# HELP a back\\\\slash new\\nline \\q\na 1\n",
    b'# HELP a "quoted" \\"\na 1\n',
    b"# HELP a  two blanks  \na 1\n",
    b"# HELP 1a x\na 1\n",
    b"# HELP a x",
    b"# HELP a \xff\na 1\n",
    b"# TYPE\na 1\n",
    b"# TYPE a\na 1\n",
    b"# TYPE a gauge\na 1\n",
    b"# TYPE a counter\na 1\n",
    b"# TYPE a untyped\na 1\n",
    b"# TYPE a unknown\na 1\n",
    b"# TYPE a info\na 1\n",
    b"# TYPE a GAUGE\na 1\n",
    b"# TYPE a gauge \na 1\n",
    b"# TYPE a thing\na 1\n",
    b"# TYPE a gauge\n# TYPE a gauge\na 1\n",
    b"# TYPE a gauge\n# TYPE a counter\na 1\n",
    b"a 1\n# TYPE a gauge\n",
    b"a 1\n# HELP a x\n",
    b"# TYPE a gauge\n",
    b"# HELP a x\n",
    b"# TYPE a counter\n# HELP a After.\na 1\n",
    b"#\tTYPE\ta\tgauge\na 1\n",
    b"# EOF\na 1\n",
    b"a 1\na 1\n",
    b"a 1\na 2\n",
    b'a{x="1",y="2"} 1\na{y="2",x="1"} 2\n',
    b'a{x="1"} 1\nb 2\na{x="2"} 3\n',
    b'a{job="x"} 1\na{job="y"} 2\n',
    b"b 1\na 2\n",
    b'# TYPE s summary\ns{quantile="0.50"} 1\ns_sum 2\ns_count 3\n',
    b'# TYPE s summary\ns{quantile="0.5"} NaN\ns{quantile="0.9"} 2\ns_sum{x="y"} 2\n',
    b"# TYPE s summary\ns_sum 2\n",
    b'# TYPE s summary\ns{quantile="x"} 1\n',
    b"# TYPE s summary\ns 1\n",
    b"# TYPE s summary\ns_count -1\n",
    b"# TYPE s summary\ns_count 1.5\n",
    b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_sum 2\nh_count 3\n',
    b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 3\nh_sum 2.5\nh_count 3\n',
    b'# TYPE h histogram\nh_bucket{le="2"} 2\nh_bucket{le="1"} 1\nh_count 3\n',
    b'# TYPE h histogram\nh_bucket{le="1e3",x="y"} 1\nh_count{x="y"} 1\nh_bucket{le="1",x="z"} 4\nh_count{x="z"} 4\n',
    b'# TYPE h histogram\nh_bucket{le="x"} 1\n',
    b"# TYPE h histogram\nh_bucket 1\n",
    b"# TYPE h histogram\nh 5\n",
    b'# TYPE h histogram\nh_count 1\nh_bucket{le="+Inf"} 2\n',
    b'h_count 1\n# TYPE h histogram\nh_bucket{le="1"} 1\n',
    b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="1.0"} 1\n',
    b"# TYPE push_time_seconds counter\npush_time_seconds 1\n",
    b"push_time_seconds 1\n",
    b"# TYPE push_time_seconds gauge\npush_time_seconds 1\n",
    b"# TYPE push_failure_time_seconds gauge\npush_failure_time_seconds 7\n",
    b"pushgateway_build_info 1\n",
    b"# TYPE pushgateway_http_requests_total gauge\npushgateway_http_requests_total 1\n",
    b'# TYPE pushgateway_http_requests_total counter\npushgateway_http_requests_total{x="y"} 1\n',
    b'# TYPE go_goroutines counter\ngo_goroutines{x="y"} 1\n',
    b'# TYPE process_open_fds gauge\nprocess_open_fds{x="y"} 1\n',
]

# Each with POST and a body of one sample.
PATHS = [
    "/metrics/job/a",
    "/metrics/job/a/",
    "/metrics/job/a/b",
    "/metrics/job/a/b/c",
    "/metrics/job/a/b/c/",
    "/metrics/job/a/b/c/d",
    "/metrics/job/a/b/c/b/d",
    "/metrics/job/a/job/b",
    "/metrics/job/a/instance/i",
    "/metrics/job/a/z/1/y/2/x/3",
    "/metrics/job/a%2Fb",
    "/metrics/job/a%2Fb%2Fc",
    "/metrics/job/a+b",
    "/metrics/job/a%20b",
    "/metrics/job/a%22%5C%0Ab",
    "/metrics/job/a;b=c",
    "/metrics/job/a%3Fb",
    "/metrics/job/%C3%BC",
    "/metrics/job/\u00fc",
    "/metrics/job/%",
    "/metrics/job/%zz",
    "/metrics/job",
    "/metrics/job/",
    "/metrics/job//b",
    "/metrics/jobs/a",
    "/metrics/job@base32/a",
    "/metrics/job@/a",
    "//metrics/job/a",
    "/metrics/./job/a",
    "/metrics/x/../job/a",
    "/metrics/job/a/../b",
    "/metrics/job/..",
    "/metrics/job/a//b",
    "/metrics/job@base64/YQ",
    "/metrics/job@base64/YQ==",
    "/metrics/job@base64/YQ=",
    "/metrics/job@base64/YR",
    "/metrics/job@base64/=",
    "/metrics/job@base64/?",
    "/metrics/job@base64/L3Zhci90bXA",
    "/metrics/job@base64/L3Zhci90bXA=",
    "/metrics/job@base64/YQ/b/c",
    "/metrics/job/a/b@base64/=",
    "/metrics/job/a/b@base64/%3F",
    "/metrics/job/a/b@base64/Pz8_",
    "/metrics/job/a/b@base64/Pz8%2F",
    "/metrics/job/a/b@base64/Pz8-",
    "/metrics/job/a/b@base64/_w",
    "/metrics/job/a/@base64/YQ",
    "/metrics/job/a/b@base64/YQ/b/c",
    "/metrics/job/a/1x/b",
    "/metrics/job/a/__x/b",
    "/metrics/job/a/a-b/c",
    "/metrics/job/a/a%20b/c",
    "/metrics/job/a/b/c?query=1",
    "/metrics/job/a/b/c#fragment",
    "/metrics/job/a/le/1",
    "/metrics/job/a/x/%ff",
    "/metrics/job/%ff",
]

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

LABEL = [{"name": "l", "value": "v"}]


def family(kind, *metrics, **fields):
    return {"name": "m", "type": kind, "metric": list(metrics), **fields}


def gauge(number, *labels, **fields):
    return {"label": [dict(zip(("name", "value"), label)) for label in labels], "gauge": {"value": number}, **fields}


def framed(message):
    return model.varint(len(message)) + message


SUMMARY = {
    "sample_count": 3,
    "sample_sum": 2.5,
    "quantile": [{"quantile": 0.5, "value": 1.0}, {"quantile": 0.99, "value": float("nan")}],
}
HISTOGRAM = {
    "sample_count": 3,
    "sample_sum": 2.5,
    "bucket": [{"cumulative_count": 1, "upper_bound": 0.5}, {"cumulative_count": 2, "upper_bound": 1.0}],
}
INFINITE = {"sample_count": 3, "bucket": HISTOGRAM["bucket"] + [{"cumulative_count": 3, "upper_bound": float("inf")}]}

MESSAGES = {
    "nothing": b"",
    "a gauge": model.delimited(family(model.GAUGE_TYPE, gauge(1.5), help="A \"gauge\"\\\n.")),
    "a counter": model.delimited(family(model.COUNTER_TYPE, {"label": LABEL, "counter": {"value": 3}}, help="")),
    "an untyped": model.delimited(family(model.UNTYPED_TYPE, {"label": LABEL, "untyped": {"value": -0.0}})),
    "a summary": model.delimited(family(model.SUMMARY_TYPE, {"label": LABEL, "summary": SUMMARY})),
    "a histogram": model.delimited(family(model.HISTOGRAM_TYPE, {"label": LABEL, "histogram": HISTOGRAM})),
    "a histogram with +Inf": model.delimited(family(model.HISTOGRAM_TYPE, {"histogram": INFINITE})),
    "two families": model.delimited(family(model.GAUGE_TYPE, gauge(1)), {**family(model.GAUGE_TYPE, gauge(2)), "name": "n"}),
    "unsorted labels": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("z", "1"), ("a", "2")))),
    "an empty label": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("z", "")))),
    "job and instance": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("job", "x"), ("instance", "y")))),
    "no type": model.delimited({"name": "m", "metric": [{"counter": {"value": 2}}]}),
    "no metric": model.delimited({"name": "m", "type": model.GAUGE_TYPE}),
    "a timestamp": model.delimited(family(model.GAUGE_TYPE, gauge(1, timestamp_ms=1600000000000))),
    "a timestamp of 0": model.delimited(family(model.GAUGE_TYPE, gauge(1, timestamp_ms=0))),
    "the same twice": model.delimited(family(model.GAUGE_TYPE, gauge(1), gauge(2))),
    "a family twice": model.delimited(family(model.GAUGE_TYPE, gauge(1)), family(model.GAUGE_TYPE, gauge(2, ("l", "v")))),
    "a label twice": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("l", "v"), ("l", "w")))),
    "a value of another type": model.delimited(family(model.COUNTER_TYPE, gauge(1))),
    "no value": model.delimited(family(model.GAUGE_TYPE, {"label": LABEL})),
    "no name": model.delimited({"type": model.GAUGE_TYPE, "metric": [gauge(1)]}),
    "a bad name": model.delimited({**family(model.GAUGE_TYPE, gauge(1)), "name": "1 x"}),
    "a bad label name": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("1-x", "v")))),
    "a reserved label name": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("__x", "v")))),
    "a quantile label": model.delimited(family(model.SUMMARY_TYPE, {"label": [{"name": "quantile", "value": "1"}], "summary": SUMMARY})),
    "a le label": model.delimited(family(model.HISTOGRAM_TYPE, {"label": [{"name": "le", "value": "1"}], "histogram": HISTOGRAM})),
    "a value that is not UTF-8": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("l", b"\xff")))),
    "a name that is not UTF-8": model.delimited({**family(model.GAUGE_TYPE, gauge(1)), "name": b"\xff"}),
    "an unknown type": model.delimited(family(99, gauge(1))),
    "an unknown field": framed(model.encode(family(model.GAUGE_TYPE, gauge(1))) + model.varint(99 << 3) + b"\x01"),
    "cut short": model.delimited(family(model.GAUGE_TYPE, gauge(1)))[:-3],
    "cut in the length": b"\xff\xff",
    "a length that is too long": b"\xff" * 11,
    "a huge length": model.varint(1 << 40) + b"x",
    "not protobuf": b"a 1\n",
    "zero bytes": bytes(16),
}
# Of a push: the type, and which body is sent with it.
PROTOBUF, TEXT = MESSAGES["a gauge"], b"a 1\n"
CONTENT_TYPES = {
    "": TEXT,
    "text/plain": TEXT,
    "text/plain; version=0.0.4; charset=utf-8": TEXT,
    "text/plain; version=1.0.0; escaping=allow-utf-8": TEXT,
    "application/x-www-form-urlencoded": TEXT,
    "application/openmetrics-text; version=1.0.0": b"a 1\n# EOF\n",
    "application/json": TEXT,
    "nonsense;;;": TEXT,
    "application/vnd.google.protobuf": TEXT,
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text": TEXT,
    "application/vnd.google.protobuf; proto=other; encoding=delimited": TEXT,
    model.CONTENT_TYPE: PROTOBUF,
    "Application/Vnd.Google.Protobuf;encoding=delimited;proto=io.prometheus.client.MetricFamily": PROTOBUF,
    'application/vnd.google.protobuf; proto="io.prometheus.client.MetricFamily"; encoding="delimited"': PROTOBUF,
    model.CONTENT_TYPE + "; escaping=values": PROTOBUF,
    model.CONTENT_TYPE + "; encoding=delimited": TEXT,
    model.CONTENT_TYPE.replace("=delimited", "=Delimited"): TEXT,
    "application/vnd.google.protobuf; proto": TEXT,
}

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
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.3,text/plain;q=0.5",
    "text/plain;q=0.3,application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,text/plain;version=0.0.4",
    "text/plain;version=0.0.4,application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0,text/plain;q=0.1",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=text",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=compact-text",
    # Prometheus 2, without and with native histograms
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
    # a browser
    "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
]
ACCEPT_ENCODING = ["gzip", "gzip, deflate, br", "identity", "GZIP", "*", "gzip;q=0", "gzip;q=0.5", "deflate", "identity, gzip"]

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


def push(body, method="POST", path=GROUP, **headers):
    return Request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})


def single(name, *requests):
    return Case(name, list(requests))


def store_cases():
    """What a push, a second one, and a deletion make of the store."""
    other = "/metrics/job/other"
    yield single("PUT replaces", push(b"a 1\nb 2\n"), push(b"c 3\n", "PUT"))
    yield single("POST keeps other families", push(b'a{x="1"} 1\nb 2\n'), push(b'a{x="2"} 3\n'))
    yield single("PUT with an empty body", push(b"a 1\n"), push(b"", "PUT"))
    yield single("POST with an empty body", push(b"a 1\n"), push(b""))
    yield single("a PUT that does not parse", push(b"a 1\n"), push(b"a x\n", "PUT"))
    yield single("a PUT that is refused", push(b"a 1\n"), push(b"a 1 5\n", "PUT"))
    yield single("a push after a refused one", push(b"a 1 5\n"), push(b"a 2\n"))
    yield single("DELETE", push(b"a 1\n"), push(b"b 1\n", path=other), Request("DELETE", GROUP), Request("DELETE", GROUP))
    yield single("DELETE with a body", push(b"a 1\n"), Request("DELETE", GROUP, b"a x\n"))
    yield single("DELETE is exact", push(b"a 1\n", path=GROUP + "/x/y"), Request("DELETE", GROUP), Request("DELETE", GROUP + "/x/z"))
    yield single("labels in another order", push(b"a 1\n", path=GROUP + "/x/1/y/2"), push(b"a 2\n", path=GROUP + "/y/2/x/1"))
    yield single("grouping labels win", push(b'a{job="x",y="1",instance="i"} 1\n', path=GROUP + "/y/2/instance/j"))
    yield single("the same series after labels are overwritten", push(b'a{y="1"} 1\na{y="2"} 1\n', path=GROUP + "/y/3"))
    yield single("another type in another group", push(b"# TYPE a gauge\na 1\n"), push(b"# TYPE a counter\na 1\n", path=other))
    yield single("untyped in another group", push(b"# TYPE a gauge\na 1\n"), push(b"a 1\n", path=other))
    yield single("another type, POST", push(b"# TYPE a gauge\na 1\n"), push(b"# TYPE a counter\na 1\n"))
    yield single("another type, PUT", push(b"# TYPE a gauge\na 1\n"), push(b"# TYPE a counter\na 1\n", "PUT"))
    yield single("another HELP in another group", push(b"# HELP a x\na 1\n"), push(b"# HELP a y\nb 1\n", path=other))
    yield single("the same series in another group", push(b'a{instance="i"} 1\n'), push(b"a 2\n", path=GROUP + "/instance/i"))
    histogram = b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1\n'
    summary = b'# TYPE s summary\ns{quantile="0.5"} 1\ns_count 1\n'
    for suffix in "count", "sum", "bucket":
        name = b"h_" + suffix.encode()
        yield single(f"h_{suffix} beside a histogram", push(histogram), push(name + b" 1\n", path=other))
        yield single(f"a histogram beside h_{suffix}", push(name + b" 1\n"), push(histogram, path=other))
        yield single(f"s_{suffix} beside a summary", push(summary), push(b"s_" + suffix.encode() + b" 1\n", path=other))
        yield single(f"a summary beside s_{suffix}", push(b"s_" + suffix.encode() + b" 1\n"), push(summary, path=other))
    yield single("a counter like another's suffix", push(b"# TYPE a counter\na_count 1\n"), push(b"a 1\n", path=other))
    yield single("a group of the empty label", push(b"a 1\n", path=GROUP + "/x@base64/="), push(b"a 2\n"))
    yield single("all types", push(ALL_TYPES))
    yield single("text, then protobuf", push(b"# TYPE m gauge\nm 7\nn 1\n"), push(PROTOBUF, Content_Type=model.CONTENT_TYPE))
    yield single(
        "protobuf, then text", push(MESSAGES["two families"], Content_Type=model.CONTENT_TYPE), push(b"# TYPE n gauge\nn 1\n")
    )
    yield single("wipe", push(b"a 1\n"), push(b"b 1\n", path=other), Request("PUT", "/api/v1/admin/wipe"))
    yield single("wipe with POST", push(b"a 1\n"), Request("POST", "/api/v1/admin/wipe"))


def encoding_cases():
    zipped = gzip.compress(b"a 1\n", mtime=0)
    bodies = {
        "gzip": (zipped, "gzip"),
        "gzip in capitals": (zipped, "GZIP"),
        "gzip of nothing": (gzip.compress(b"", mtime=0), "gzip"),
        "two gzip members": (zipped + gzip.compress(b"b 1\n", mtime=0), "gzip"),
        "gzip of protobuf": (gzip.compress(PROTOBUF, mtime=0), "gzip"),
        "gzip cut short": (zipped[:-5], "gzip"),
        "gzip cut in the header": (zipped[:5], "gzip"),
        "gzip with a wrong checksum": (zipped[:-8] + b"\x00" * 4 + zipped[-4:], "gzip"),
        "gzip with bytes after it": (zipped + b"x", "gzip"),
        "text that says gzip": (TEXT, "gzip"),
        "an empty body that says gzip": (b"", "gzip"),
        "gzip that does not say so": (zipped, ""),
        "identity": (TEXT, "identity"),
        "text that says snappy": (TEXT, "snappy"),
        "text that says br": (TEXT, "br"),
        "text that says deflate": (TEXT, "deflate"),
        "gzip, gzip": (gzip.compress(zipped, mtime=0), "gzip, gzip"),
    }
    for name, (body, encoding) in bodies.items():
        headers = {"Content-Encoding": encoding} if encoding else {}
        if "protobuf" in name:
            headers["Content-Type"] = model.CONTENT_TYPE
        yield single(f"encoding: {name}", Request("POST", GROUP, body, headers))
    chunks = [zipped[:7], zipped[7:]]
    yield single("chunked: gzip", Request("POST", GROUP, headers={"Content-Encoding": "gzip"}, chunks=chunks))
    yield single("chunked: text", Request("POST", GROUP, chunks=[b"a", b" 1", b"\nb 2\n"]))
    yield single("chunked: nothing", Request("PUT", GROUP, chunks=[]))
    yield single("chunked: protobuf", Request("PUT", GROUP, headers={"Content-Type": model.CONTENT_TYPE}, chunks=[PROTOBUF]))
    yield single("Expect: 100-continue", push(TEXT, Expect="100-continue"))
    yield single("Expect, chunked", Request("POST", GROUP, headers={"Expect": "100-continue"}, chunks=[TEXT]))
    yield single("Expect: nonsense", push(TEXT, Expect="nonsense"))


def raw_cases():
    requests = {
        "HTTP/1.0": b"POST /metrics/job/a HTTP/1.0\r\nContent-Length: 4\r\n\r\na 1\n",
        "HTTP/1.0 without a length": b"POST /metrics/job/a HTTP/1.0\r\n\r\n",
        "no length": b"POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "no Host": b"GET /-/ready HTTP/1.1\r\nConnection: close\r\n\r\n",
        "an absolute URL": b"POST http://x/metrics/job/a HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 4\r\n\r\na 1\n",
        "two lengths": b"POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\na 1\n",
        "a bad chunk": b"POST /metrics/job/a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nx\r\na 1\n\r\n0\r\n\r\n",
        "OPTIONS *": b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        "a request line of one word": b"NONSENSE\r\n\r\n",
        "HTTP/3.0": b"GET /-/ready HTTP/3.0\r\nHost: x\r\n\r\n",
    }
    for name, raw in requests.items():
        yield single(f"raw: {name}", Request("POST", "/metrics/job/a", raw=raw))


def default_cases():
    for text in TEXTS:
        name = json.dumps(text.decode("utf-8", "surrogateescape"), ensure_ascii=False)
        yield single("text " + name.encode("utf-8", "backslashreplace").decode(), push(text))
    for path in PATHS:
        yield single(f"POST {path}", push(TEXT, path=path))
    for path in ["/metrics/job/a", "/metrics/job/a/1x/b", "/metrics/job/a/b", "/metrics/job/%ff"]:
        yield single(f"DELETE {path} after a push", push(TEXT, path=path), Request("DELETE", path))
    for route in ROUTES:
        for method in METHODS:
            if (route, method) not in [("/-/quit", "PUT"), ("/-/quit", "POST")]:
                yield single(f"route: {method} {route}", Request(method, route, TEXT if method in ("POST", "PUT") else b""))
    for name, message in MESSAGES.items():
        yield single(f"protobuf: {name}", push(message, Content_Type=model.CONTENT_TYPE))
    for content_type, body in CONTENT_TYPES.items():
        yield single(f"Content-Type: {content_type}", push(body, Content_Type=content_type))
    yield from store_cases()
    yield from encoding_cases()
    yield from raw_cases()
    for accept in ACCEPT:
        yield single(f"Accept: {accept}", push(ALL_TYPES), Request("GET", "/metrics", headers={"Accept": accept}))
    for encoding in ACCEPT_ENCODING:
        headers = {"Accept-Encoding": encoding}
        yield single(f"Accept-Encoding: {encoding}", push(ALL_TYPES), Request("GET", "/metrics", headers=headers))
    yield single("HEAD /metrics, gzip", Request("HEAD", "/metrics", headers={"Accept-Encoding": "gzip"}))
    yield single("GET /api/v1/metrics, gzip", Request("GET", "/api/v1/metrics", headers={"Accept-Encoding": "gzip"}))
    cors = {"Origin": "http://x", "Access-Control-Request-Method": "GET"}
    yield single("CORS: a preflight", Request("OPTIONS", "/api/v1/metrics", headers=cors))
    yield single("CORS: a request", Request("GET", "/api/v1/metrics", headers={"Origin": "http://x"}))
    yield single("a preflight elsewhere", Request("OPTIONS", "/metrics", headers=cors))
    # At the end: the peer answers no other request of this method to job@base64 after one of these.
    for method in "POST", "PUT", "DELETE":
        yield single(f"{method} of bad base64", push(TEXT, method, "/metrics/job@base64/%3F"))


def locked_cases():
    """Without the admin API; with a lifecycle API, of which only what ends nothing is asked."""
    yield single("locked: wipe", push(TEXT), Request("PUT", "/api/v1/admin/wipe"), Request("DELETE", GROUP))
    yield single("locked: OPTIONS wipe", Request("OPTIONS", "/api/v1/admin/wipe"))
    for method in "GET", "DELETE", "HEAD":
        yield single(f"lifecycle: {method} quit", Request(method, "/-/quit"))


def prefix_cases():
    paths = ["/", "/p", "/p/", "/p/-/ready", "/p/-/healthy", "/p/t", "/p/metrics", "/t", "/p/api/v1/metrics", "/p/api/v1/status"]
    for path in paths + ["/metrics", "/-/ready", "/p/-/nothing", "/p/p/-/ready", "/px", "//p/t", "/p//t"]:
        yield single(f"prefix: GET {path}", Request("GET", path))
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
    yield single("unchecked: a timestamp", push(b"a 1 5\n"))


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
