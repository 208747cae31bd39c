"""The answers in which pgw-serve and the upstream 1.5.1 differ as we want it, and why: rules for what is everywhere, and WANTED."""

import dataclasses
import json
import re

import client_model as model

PREFIX = "pushed metrics are invalid or inconsistent with existing metrics: "


def comparable(line):
    """The first line of a refusal, without what is in it on one side only: our line or family number, group, labels in the
    form of the text format and quotes around names of strangers; the peer's dump of the metric. Which one of two that clash
    the peer names depends on the order of a hash."""
    if not line.startswith(PREFIX):
        return line
    line = re.sub("^(line|metric family) [0-9]+: ", "", line[len(PREFIX) :])
    line = re.sub(r' (\{ ?label:<.* \}|\{instance=.*?"\}) ', " ", line)
    line = re.sub(r"(, which it is)? in group \{.*\}$", "", line)
    line = re.sub(r'name: "?([^"]*)"?$', r"name: \1", line)
    clash = re.fullmatch(r'collected .* named "(\w+)" collides with previously collected .* named "(\w+)"', line)
    if clash:
        line = "a clash of " + " and ".join(sorted(clash.groups()))
    return "inconsistent: " + re.sub(r"is not a [A-Z]+$", "is of another type", line)


def comparable_header(name, value):
    if name == "Content-Type":  # 1.5.1 does not know of escaping
        return re.sub("; escaping=[a-z0-9-]+", "", value)
    if name == "Allow":  # HEAD is where GET is
        return ", ".join(sorted(set(value.replace(",", " ").split()) - {"HEAD"}))
    return value


def without_infinite_bucket(metric):
    """Our group file has the bucket that the text has, and so have the API and protobuf."""
    if "buckets" in metric and metric["buckets"].get("+Inf") == metric["count"]:
        del metric["buckets"]["+Inf"]
    histogram = metric.get("histogram", {})
    buckets = histogram.get("bucket")
    if buckets and buckets[-1] == {"upper_bound": float("inf"), "cumulative_count": histogram["sample_count"]}:
        del buckets[-1]


# Flags in /api/v1/status that are not in both: ours, 1.8's and 1.11's, one of Debian's.
NOT_COMMON_FLAGS = re.compile(
    r"http\.|inetd|limit\.|push\.enable-utf8-names|spool|web\.(systemd-socket|(idle|read|shutdown)-timeout|local-assets)"
)


@dataclasses.dataclass
class Wanted:
    answer: str  # None: the peer's. "as NAME": the peer's to that request, which comes before
    store: str  # the name of the request after which the peer's store was as ours should be; None: it is not compared
    reason: str


# Stores in the state that these left.
STORED, NOTHING, FAILED = 'text "a 1\\n"', 'text "a\\n"', 'text "a 1 2\\n"'


def refused(line, status=400, header=" | Content-Type: text/plain; charset=utf-8"):
    return f"{status} | {json.dumps(line, ensure_ascii=False)}{header}"


def protobuf_error(what):
    return refused(f"protobuf format parsing error in metric family 1: {what}")


def html_error(title, text):
    return f"<html><head><title>{title}</title></head><body>{text}</body></html>"


OWN = "the metric's own family is named and its type is what counts; HELP may differ"
UTF8 = "the peer keeps the group, and from then on refuses every push and every scrape"
PARSED = "names and values are checked when the body is parsed"
TAKEN = "the peer takes it, and then writes what nobody can parse"
PLACE = "says what is wrong, and where"
DAMAGED = "the peer takes what came before the damage"
ENCODING = "the peer takes the body as it is"
LIBRARY = "the HTTP library answers it"
WORDS = "the same in other words"
STATIC = "there are no static files"
ZERO = "the group file has 0 for -0, as the text has"
CUT = protobuf_error("the message is cut short")
ALPHABET = ": a character is not in the URL-safe alphabet"
BAD_JOB = Wanted(refused('invalid base64 encoding in job name "?"' + ALPHABET), NOTHING, "the peer shows what it decoded, not what it got")
BAD_TARGET = refused("invalid path or percent-encoding in the URL")


def not_utf8(label):
    return Wanted(refused(f'value "\\xff" of label "{label}" is not UTF-8'), NOTHING, UTF8)


DOUBLE = model.CONTENT_TYPE + "; encoding=delimited"

WANTED = {
    # Text
    'text "a -0\\n"': Wanted(None, None, ZERO),
    'text "# HELP a \\"quoted\\" \\\\\\"\\na 1\\n"': Wanted('200 | ""', None, "the upstream takes the escape since 1.11"),
    'text "# HELP a \\udcff\\na 1\\n"': Wanted(
        refused('text format parsing error in line 1: the HELP text for metric name "a" is not UTF-8'), NOTHING, TAKEN
    ),
    'text "# TYPE s summary\\ns_count -1\\n"': Wanted(
        refused('text format parsing error in line 2: negative count for summary "s"'),
        NOTHING,
        "the peer converts it to an unsigned integer, with a result that depends on the processor",
    ),
    'text "# TYPE h histogram\\nh_bucket{le=\\"1\\"} 1\\nh_bucket{le=\\"1.0\\"} 1\\n"': Wanted(
        refused('inconsistent: collected metric "h" has two buckets with the same bound'),
        FAILED,
        "the peer then writes a text with the same series twice",
    ),
    'text "pushgateway_build_info 1\\n"': Wanted(
        refused(
            'inconsistent: collected metric "pushgateway_build_info" is not a GAUGE, which it is among the gateway\'s own metrics'
        ),
        FAILED,
        OWN,
    ),
    'text "# TYPE pushgateway_http_requests_total gauge\\npushgateway_http_requests_total 1\\n"': Wanted(
        refused(
            'inconsistent: collected metric "pushgateway_http_requests_total" is not a COUNTER, which it is among the gateway\'s'
            " own metrics"
        ),
        FAILED,
        OWN,
    ),
    'text "# TYPE pushgateway_http_requests_total counter\\npushgateway_http_requests_total{x=\\"y\\"} 1\\n"': Wanted(
        '200 | ""', None, OWN
    ),
    'text "# TYPE go_goroutines counter\\ngo_goroutines{x=\\"y\\"} 1\\n"': Wanted('200 | ""', None, "we have no Go runtime"),
    # Paths
    "POST /metrics/job/%": Wanted(BAD_TARGET, NOTHING, PLACE),
    "POST /metrics/job/%zz": Wanted(BAD_TARGET, NOTHING, PLACE),
    "POST /metrics/job/a/b@base64/%3F": Wanted(
        refused('invalid base64 encoding for label b="?"' + ALPHABET), NOTHING, WORDS
    ),
    "POST /metrics/job/a/b@base64/_w": not_utf8("b"),
    "POST /metrics/job/a/x/%ff": not_utf8("x"),
    "POST /metrics/job/%ff": not_utf8("job"),
    "DELETE /metrics/job/%ff after a push: 1": not_utf8("job"),
    "DELETE /metrics/job/%ff after a push: 2": not_utf8("job"),
    "POST of bad base64": BAD_JOB,
    "PUT of bad base64": BAD_JOB,
    "DELETE of bad base64": BAD_JOB,
    # Routes
    "route: GET /api/v1/metrics/": Wanted(
        "301 |  | Location: /api/v1/metrics | Content-Type: text/html; charset=utf-8", None, "the peer leads elsewhere"
    ),
    "route: HEAD /api/v1/metrics/": Wanted(
        "301 | no body | Location: /api/v1/metrics | Content-Type: text/html; charset=utf-8", None, "the peer leads elsewhere"
    ),
    **{
        f"{setup}: HEAD {path}": Wanted(
            "405 | no body | Allow: GET, OPTIONS, POST, PUT | Content-Type: text/plain; charset=utf-8",
            None,
            "GET has an answer of its own, HEAD the router's",
        )
        for setup, path in (("route", "/-/quit"), ("lifecycle", "quit"))
    },
    **{
        f"route: {method} /static/nothing": Wanted(refused("404 page not found", 404), NOTHING, STATIC)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW")
    },
    "unchecked: a timestamp": Wanted(
        refused("inconsistent: pushed metrics must not have timestamps"),
        "unchecked: a timestamp",
        "the peer says yes and means no",
    ),
    # Protobuf
    "protobuf: a counter": Wanted(None, None, "an empty HELP is none"),
    "protobuf: an untyped": Wanted(None, None, ZERO),
    "protobuf: no metric": Wanted(None, "protobuf: nothing", "a family without a metric is nothing, as it is in text"),
    "protobuf: no name": Wanted(protobuf_error('invalid metric name ""'), NOTHING, TAKEN),
    "protobuf: a bad name": Wanted(protobuf_error('invalid metric name "1 x"'), NOTHING, TAKEN),
    "protobuf: a bad label name": Wanted(
        protobuf_error('collected metric "m" has a label with an invalid name: "1-x"'), NOTHING, PARSED
    ),
    "protobuf: a value that is not UTF-8": Wanted(
        protobuf_error('collected metric "m" has a label named "l" whose value is not utf8: "\\xff"'), NOTHING, PARSED
    ),
    "protobuf: a name that is not UTF-8": Wanted(protobuf_error('invalid metric name "\\xff"'), NOTHING, TAKEN),
    "protobuf: an unknown type": Wanted(protobuf_error('unknown metric type 99 of metric name "m"'), NOTHING, TAKEN),
    "protobuf: a le label": Wanted(
        refused('inconsistent: collected metric "m" must not have an explicit "le" label'), FAILED, TAKEN
    ),
    "protobuf: cut short": Wanted(CUT, NOTHING, PLACE),
    "protobuf: cut in the length": Wanted(CUT, NOTHING, DAMAGED),
    "protobuf: a length that is too long": Wanted(CUT, NOTHING, PLACE),
    "protobuf: a huge length": Wanted(CUT, NOTHING, PLACE),
    "protobuf: not protobuf": Wanted(CUT, NOTHING, PLACE),
    "protobuf: zero bytes": Wanted(protobuf_error('invalid metric name ""'), NOTHING, TAKEN),
    "Content-Type: " + DOUBLE: Wanted(CUT, NOTHING, "the first of two equal parameters counts"),
    # Encodings
    "encoding: gzip in capitals": Wanted('200 | ""', STORED, "codings are the same in any case (RFC 9110, 8.4.1)"),
    "encoding: gzip cut short": Wanted(refused("the gzip data is cut off"), NOTHING, DAMAGED),
    "encoding: gzip cut in the header": Wanted(refused("the gzip data is cut off"), NOTHING, WORDS),
    "encoding: gzip with a wrong checksum": Wanted(
        refused("damaged gzip data: its checksum or length is wrong"), NOTHING, DAMAGED
    ),
    "encoding: gzip with bytes after it": Wanted(refused("the gzip data is followed by something else"), NOTHING, DAMAGED),
    "encoding: text that says gzip": Wanted(refused("the body is not gzip"), NOTHING, WORDS),
    "encoding: an empty body that says gzip": Wanted(
        refused("the body is empty where gzip data is announced"), NOTHING, WORDS
    ),
    "encoding: text that says snappy": Wanted(
        refused("the body is not snappy in its framing format: the stream identifier is missing"),
        NOTHING,
        "the upstream knows snappy since 1.6",
    ),
    "encoding: text that says br": Wanted(refused("unsupported Content-Encoding", 415), NOTHING, ENCODING),
    "encoding: text that says deflate": Wanted(refused("unsupported Content-Encoding", 415), NOTHING, ENCODING),
    "encoding: gzip, gzip": Wanted(refused("unsupported Content-Encoding", 415), NOTHING, ENCODING),
    # HTTP
    "Expect: nonsense": Wanted('200 | ""', STORED, "unknown expectations may be ignored (RFC 9110, 10.1.1)"),
    "raw: two lengths": Wanted(refused("more than one Content-Length"), NOTHING, PLACE),
    "raw: a bad chunk": Wanted(
        refused(html_error("Request malformed", "Your HTTP chunked encoding was syntactically incorrect."), header=""),
        NOTHING,
        "the peer stores what came before it",
    ),
    "raw: a request line of one word": Wanted("no answer", NOTHING, LIBRARY),
    "raw: HTTP/3.0": Wanted(
        refused(html_error("Requested HTTP version is not supported", "Requested HTTP version is not supported."), 505, ""), NOTHING, LIBRARY
    ),
    # Negotiation
    **{
        f"Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding={form}: 2": Wanted(
            "as Accept: */*: 2", None, "these forms are for people, and people can read text"
        )
        for form in ("text", "compact-text")
    },
    "Accept-Encoding: GZIP: 2": Wanted("as Accept-Encoding: gzip: 2", None, "codings are the same in any case"),
    "Accept-Encoding: gzip;q=0: 2": Wanted("as Accept-Encoding: identity: 2", None, "0 is not acceptable (RFC 9110, 12.4.2)"),
    "Accept-Encoding: identity, gzip: 2": Wanted(
        "as Accept-Encoding: identity: 2", None, "of two that are equally good the upstream takes the first since 1.10"
    ),
}
