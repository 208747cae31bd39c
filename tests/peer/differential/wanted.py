"""The answers in which pgw-serve and the upstream 1.5.1 differ as we want it, and why: rules for what is everywhere,
and WANTED."""

import dataclasses
import json
import re

import client_model as model

from .request import PROMETHEUS_3, UNCHECKED_TIMESTAMPS

PREFIX = "pushed metrics are invalid or inconsistent with existing metrics: "


def refusal(body):
    """The first line of a refusal, without what is in it on one side only; of several reasons each, a line each."""
    lines = body.split("\n")
    if re.fullmatch(re.escape(PREFIX) + "[0-9]+ error\\(s\\) occurred:", lines[0]):
        listed = [PREFIX + line[2:] for line in lines[1:] if line.startswith("* ")]
        return "\n".join(sorted({comparable(line) for line in listed}))
    return comparable(lines[0])


def one_of(theirs, ours):
    """Of several reasons the peer tells those that it came across, in an order that changes; we tell one of them."""
    refused = re.fullmatch(r'(400 \| )(".*")( \| [^"]*)', theirs)
    reasons = json.loads(refused[2]).split("\n") if refused else []
    return (
        ours
        if ours in [f"{refused[1]}{json.dumps(reason, ensure_ascii=False)}{refused[3]}" for reason in reasons]
        else theirs
    )


def comparable(line):
    """Our line or family number, group, labels in the form of the text format and quotes around names of strangers go;
    so does the peer's dump of the metric. Which one of two that clash the peer names depends on the order of a hash."""
    if not line.startswith(PREFIX):
        return line
    line = re.sub("^(line|metric family) [0-9]+: ", "", line[len(PREFIX) :])
    line = re.sub(r' (\{ ?label:<.* \}|\{instance=.*?"\}) ', " ", line)
    line = re.sub(r"(, which it is)? in group \{.*\}$", "", line)
    line = re.sub(r'name: "?([^"]*)"?$', r"name: \1", line)
    # Of its own families the peer has other types in the way, or another HELP.
    line = re.sub(r"^gathered metric family (\w+) has (type|help) .*$", r"own family \1", line)
    line = re.sub(r'^collected metric "(\w+)" is not a \w+, which it is among .* own metrics$', r"own family \1", line)
    line = re.sub(r" among the gateway's own metrics$", "", line)
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
    r"http\.|inetd|limit\.|push\.enable-utf8-names|spool|"
    r"web\.(systemd-socket|(idle|read|shutdown)-timeout|local-assets)"
)


@dataclasses.dataclass
class Wanted:
    answer: object  # None: the peer's. "as NAME": the peer's to that request, which comes before. Or a function of it
    store: str  # the name of a request before, after which the peer's store was as ours should be; None: of this one
    reason: str
    changes: list = dataclasses.field(
        default_factory=list
    )  # (regular expression, replacement): from that store to ours


# Stores in the state that these left.
STORED, NOTHING, FAILED = 'text "a 1\\n"', 'text "a\\n"', 'text "a 1 2\\n"'


TEXT_HEADERS = " | Content-Type: text/plain; charset=utf-8 | X-Content-Type-Options: nosniff"


def refused(line, status=400, header=TEXT_HEADERS):
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
UNSUPPORTED = refused("unsupported Content-Encoding", 415)
ENCODING = "the peer takes the body as it is"
LIBRARY = "the HTTP library answers it"
WORDS = "the same in other words"
STATIC = "there are no static files"
POSITIVE = [(r'([ "])-0($|")', r"\g<1>0\g<2>")]
ZERO = "the group file has 0 for -0, as the text has"
TIMESTAMP = refused("inconsistent: pushed metrics must not have timestamps")
SAYS_YES = "the peer says yes and means no"
CUT = protobuf_error("the message is cut short")
CHARACTER = "a character is not in the URL-safe alphabet"
LINE = "text format parsing error in line"
QUOTED = "the upstream knows names in quotes since 1.11"
OWN_SUMMARIES = ["pushgateway_http_push_duration_seconds", "pushgateway_http_push_size_bytes"]
REQUESTS = "pushgateway_http_requests_total"
SCRAPES = "promhttp_metric_handler_requests_total"
BAD_JOB = Wanted(
    refused('invalid base64 encoding in job name "?": ' + CHARACTER),
    None,
    "the peer shows what it decoded, not what it got",
)
BAD_TARGET = refused("invalid path or percent-encoding in the URL")


def not_utf8(path, label, value):
    answer = refused(f'value "{value}" of label "{label}" is not UTF-8')
    return everywhere(path, Wanted(answer, NOTHING, UTF8), Wanted(answer, None, UTF8))


def everywhere(path, wanted, deleted=None):
    """For a push with POST, one with PUT, and then a DELETE."""
    return {f"POST {path}": wanted, f"PUT, DELETE {path}: 1": wanted, f"PUT, DELETE {path}: 2": deleted or wanted}


def renamed(name, new):
    """The changes that give a family of a store another name."""
    return [(rf"^(# TYPE )?{name}(?=(_sum|_count)?[ \[])", rf"\g<1>{new}"), (rf'"{name}": \{{', f'"{new}": {{')]


def counted_in(family, kind):
    return Wanted('200 | ""', f'text "# TYPE a {kind}\\na{{x=\\"y\\"}} 1\\n"', OWN, renamed("a", family))


def escape_of_line_end():
    return Wanted(
        refused(f"{LINE} 1: invalid escape sequence '\\\\n'"), None, "the peer's first line ends in the middle"
    )


def twice(reason, line):
    return Wanted(
        refused(f"{LINE} {line}: {reason}"), NOTHING, "the peer takes the last, and drops the others without a word"
    )


def bad_base64(value, why):
    return Wanted(refused(f'invalid base64 encoding for label b="{value}": {why}'), None, WORDS)


DOUBLE = model.CONTENT_TYPE + "; encoding=delimited"

# The peer ends as soon as its server begins to, which may be before this answer is on its way.
MAY_BE_LOST = {"quit: POST": '200 | "Requesting termination... Goodbye!" | Content-Type: text/plain; charset=utf-8'}

WANTED = {
    # Text
    'text "a -0\\n"': Wanted(None, None, ZERO, POSITIVE),
    'text "# HELP a \\"quoted\\" \\\\\\"\\na 1\\n"': Wanted(
        '200 | ""', 'text "# HELP a \\"quoted\\" \\"\\na 1\\n"', "the upstream takes the escape since 1.11"
    ),
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
    f'text "# TYPE {REQUESTS} counter\\n{REQUESTS}{{x=\\"y\\"}} 1\\n"': counted_in(REQUESTS, "counter"),
    'text "# TYPE go_goroutines counter\\ngo_goroutines{x=\\"y\\"} 1\\n"': Wanted(
        '200 | ""',
        'text "# TYPE a counter\\na{x=\\"y\\"} 1\\n"',
        "we have no Go runtime",
        renamed("a", "go_goroutines"),
    ),
    **{f"own family: {family}, a summary": counted_in(family, "summary") for family in OWN_SUMMARIES},
    **{
        f"own family: {SCRAPES}, a {kind}": Wanted(
            refused(f"inconsistent: own family {SCRAPES}"),
            FAILED,
            "the peer then writes the family twice, with two types",
        )
        for kind in ("untyped", "gauge", "summary", "histogram")
    },
    'text "# HELP a x\\\\\\na 1\\n"': escape_of_line_end(),
    'text "a{b=\\"\\\\\\n\\"} 1\\n"': escape_of_line_end(),
    'text "# TYPE a gaugehistogram\\na 1\\n"': Wanted(
        '200 | ""', 'text "# TYPE a histogram\\na 1\\n"', "a type since client_golang 1.20"
    ),
    'text "\\"a\\" 1\\n"': Wanted('200 | ""', STORED, QUOTED),
    'text "a{\\"b\\"=\\"c\\"} 1\\n"': Wanted('200 | ""', 'text "a{b=\\"c\\"} 1\\n"', QUOTED),
    'text "a{\\"b\\"} 1\\n"': Wanted(refused(f"{LINE} 1: expected '=' after label name, found '}}'"), None, QUOTED),
    f'text "a {"9" * 400}\\n"': Wanted(
        lambda answer: answer.replace("9" * 400, "9" * 194 + "..."), None, "a message has its limit"
    ),
    'text "# TYPE s summary\\ns{quantile=\\"0.5\\",quantile=\\"0.9\\"} 1\\n"': twice(
        'duplicate label names for metric "s"', 2
    ),
    'text "# TYPE h histogram\\nh_bucket{le=\\"1\\",le=\\"2\\"} 1\\n"': twice(
        'duplicate label names for metric "h"', 2
    ),
    'text "# TYPE s summary\\ns_count 1\\ns_count 2\\n"': twice('second count for summary "s"', 3),
    'text "# TYPE s summary\\ns_sum 1\\ns_sum 2\\n"': twice('second sum for summary "s"', 3),
    'text "# TYPE h histogram\\nh_count 1\\nh_count 2\\n"': twice('second count for histogram "h"', 3),
    'text "# TYPE h histogram\\nh_bucket{le=\\"1\\"} 1.5\\nh_count 2\\n"': Wanted(
        None,
        None,
        "the upstream has float histograms since 1.11",
        [(r"(?<='le', '1'\)\] )1", "1.5"), ('"1": "1"', '"1": "1.5"')],
    ),
    # Clashes
    "the same sample by other quantiles": Wanted(
        refused('inconsistent: collected metric "s" has two quantiles with the same bound'),
        FAILED,
        "the peer then writes a text with the same series twice",
    ),
    "grouping by quantile, a summary": Wanted(
        refused(
            'inconsistent: collected metric "s" is a summary, whose samples can\'t have the grouping label "quantile"'
        ),
        None,
        PLACE,
    ),
    "grouping by le, a histogram": Wanted(
        refused('inconsistent: collected metric "h" is a histogram, whose samples can\'t have the grouping label "le"'),
        "grouping by le, a timestamp",
        "the peer then writes buckets with two labels le",
    ),
    "two groups that differ in an empty label: 2": Wanted(
        None,
        "two groups that differ in an empty label: 1",
        "the peer then fails every scrape, as the times of the two clash",
    ),
    # Paths
    **{
        key: wanted
        for path in ("%", "%zz", "a%", "a%2")
        for key, wanted in everywhere(f"/metrics/job/{path}", Wanted(BAD_TARGET, None, PLACE)).items()
    },
    **{
        key: wanted
        for path, value, why in (
            ("%3F", "?", CHARACTER),
            ("Y", "Y", "one character is left over at its end"),
            ("Y=Q", "Y=Q", CHARACTER),
            ("Y%20Q", "Y Q", CHARACTER),
            ("Pz8+", "Pz8+", CHARACTER),
        )
        for key, wanted in everywhere(f"/metrics/job/a/b@base64/{path}", bad_base64(value, why)).items()
    },
    **not_utf8("/metrics/job/a/b@base64/_w", "b", r"\xff"),
    **not_utf8("/metrics/job/a/b@base64/7aCA", "b", r"\xed\xa0\x80"),
    **not_utf8("/metrics/job/a/x/%ff", "x", r"\xff"),
    **not_utf8("/metrics/job/a/x/%C3%28", "x", r"\xc3("),
    **not_utf8("/metrics/job/a/x/%ED%A0%80", "x", r"\xed\xa0\x80"),
    **not_utf8("/metrics/job/a%C3", "job", r"a\xc3"),
    **not_utf8("/metrics/job/%ff", "job", r"\xff"),
    "POST of bad base64": BAD_JOB,
    "PUT of bad base64": BAD_JOB,
    "DELETE of bad base64": BAD_JOB,
    # Routes
    "route: GET /api/v1/metrics/": Wanted(
        "301 |  | Location: /api/v1/metrics | Content-Type: text/html; charset=utf-8", None, "the peer leads elsewhere"
    ),
    "route: HEAD /api/v1/metrics/": Wanted(
        "301 | no body | Location: /api/v1/metrics | Content-Type: text/html; charset=utf-8",
        None,
        "the peer leads elsewhere",
    ),
    **{
        f"{setup}: HEAD {path}": Wanted(
            "405 | no body | Allow: GET, OPTIONS, POST, PUT" + TEXT_HEADERS,
            None,
            "GET has an answer of its own, HEAD the router's",
        )
        for setup, path in (("route", "/-/quit"), ("lifecycle", "quit"))
    },
    **{
        f"route: {method} /static/nothing": Wanted(refused("404 page not found", 404), None, STATIC)
        for method in ("POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW")
    },
    **{
        f"unchecked: {push}: 2": Wanted(TIMESTAMP, None, SAYS_YES)
        for method in ("POST", "PUT")
        for body in UNCHECKED_TIMESTAMPS
        for push in [f"{method} {body.decode()!r}"]
    },
    "unchecked: a timestamp in protobuf": Wanted(TIMESTAMP, None, SAYS_YES),
    "unchecked: protobuf, not protobuf": Wanted(CUT, None, PLACE),
    # Protobuf
    "protobuf: a counter": Wanted(None, None, "an empty HELP is none", [("# HELP m \n", "")]),
    "protobuf: an untyped": Wanted(None, None, ZERO, POSITIVE),
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
    "protobuf: cut short": Wanted(CUT, None, PLACE),
    "protobuf: cut in the length": Wanted(CUT, NOTHING, DAMAGED),
    "protobuf: a length that is too long": Wanted(CUT, None, PLACE),
    "protobuf: a huge length": Wanted(CUT, None, PLACE),
    "protobuf: not protobuf": Wanted(CUT, None, PLACE),
    "protobuf: an empty message": Wanted(protobuf_error('invalid metric name ""'), NOTHING, TAKEN),
    "protobuf: an empty label name": Wanted(
        protobuf_error('collected metric "m" has a label with an invalid name: ""'), NOTHING, PARSED
    ),
    "protobuf: a colon in a label name": Wanted(
        protobuf_error('collected metric "m" has a label with an invalid name: "a:b"'), NOTHING, PARSED
    ),
    "protobuf: a __name__ label": Wanted(protobuf_error('label name "__name__" is reserved'), NOTHING, PARSED),
    "protobuf: zero bytes": Wanted(protobuf_error('invalid metric name ""'), NOTHING, TAKEN),
    "Content-Type: " + DOUBLE: Wanted(CUT, NOTHING, "the first of two equal parameters counts"),
    # Encodings
    "encoding: gzip in capitals": Wanted('200 | ""', STORED, "codings are the same in any case (RFC 9110, 8.4.1)"),
    "encoding: gzip cut short": Wanted(refused("the gzip data is cut off"), NOTHING, DAMAGED),
    "encoding: gzip cut in the header": Wanted(refused("the gzip data is cut off"), None, WORDS),
    "encoding: gzip with a wrong checksum": Wanted(
        refused("damaged gzip data: its checksum or length is wrong"), NOTHING, DAMAGED
    ),
    "encoding: gzip with bytes after it": Wanted(
        refused("the gzip data is followed by something else"), NOTHING, DAMAGED
    ),
    "encoding: text that says gzip": Wanted(refused("the body is not gzip"), None, WORDS),
    "encoding: an empty body that says gzip": Wanted(
        refused("the body is empty where gzip data is announced"), None, WORDS
    ),
    "encoding: text that says snappy": Wanted(
        refused("the body is not snappy in its framing format: the stream identifier is missing"),
        NOTHING,
        "the upstream knows snappy since 1.6",
    ),
    **{
        f"encoding: text that says {name}": Wanted(UNSUPPORTED, NOTHING, ENCODING)
        for name in ("br", "deflate", "zstd", "compress", "nonsense", "*")
    },
    "encoding: a comma alone": Wanted(UNSUPPORTED, NOTHING, ENCODING),
    **{
        f"encoding: {name}": Wanted(UNSUPPORTED, None, "the peer parses the body as it is")
        for name in (
            "gzip, gzip",
            "gzip with a parameter",
            "identity, gzip",
            "gzip, identity",
            "zlib that says deflate",
        )
    },
    "encoding: x-gzip": Wanted('200 | ""', STORED, "x-gzip is gzip (RFC 9110, 8.4.1.3)"),
    "encoding: gzip of another method": Wanted(refused("gzip data of an unknown compression method"), None, WORDS),
    "encoding: gzip with a wrong length": Wanted(
        refused("damaged gzip data: its checksum or length is wrong"), NOTHING, DAMAGED
    ),
    "encoding: gzip of a wrong block": Wanted(refused("damaged gzip data"), NOTHING, DAMAGED),
    "encoding: zlib that says gzip": Wanted(refused("the body is not gzip"), None, WORDS),
    # HTTP
    "Expect: nonsense": Wanted('200 | ""', STORED, "unknown expectations may be ignored (RFC 9110, 10.1.1)"),
    "raw: two lengths": Wanted(refused("more than one Content-Length"), None, PLACE),
    "raw: a bad chunk": Wanted(
        refused(html_error("Request malformed", "Your HTTP chunked encoding was syntactically incorrect."), header=""),
        NOTHING,
        "the peer stores what came before it",
    ),
    "raw: a request line of one word": Wanted("no answer", None, LIBRARY),
    "raw: HTTP/3.0": Wanted(
        refused(
            html_error("Requested HTTP version is not supported", "Requested HTTP version is not supported."), 505, ""
        ),
        None,
        LIBRARY,
    ),
    # Negotiation
    **{
        f"Accept: application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding={form}: 2": Wanted(
            "as Accept: */*: 2", None, "these forms are for people, and people can read text"
        )
        for form in ("text", "compact-text")
    },
    f"Accept: {PROMETHEUS_3}: 2": Wanted(
        lambda answer: answer.replace("version=0.0.4", "version=1.0.0"),
        None,
        "the upstream knows text 1.0.0 since 1.11",
    ),
    "Accept-Encoding: gzip ;q=0.5: 2": Wanted(
        "as Accept-Encoding: gzip: 2", None, "blanks may stand before a semicolon (RFC 9110, 5.6.6)"
    ),
    "Accept-Encoding: x-gzip: 2": Wanted("as Accept-Encoding: gzip: 2", None, "x-gzip is gzip (RFC 9110, 8.4.1.3)"),
    "Accept-Encoding: GZIP: 2": Wanted("as Accept-Encoding: gzip: 2", None, "codings are the same in any case"),
    "Accept-Encoding: gzip;q=0: 2": Wanted(
        "as Accept-Encoding: identity: 2", None, "0 is not acceptable (RFC 9110, 12.4.2)"
    ),
    "Accept-Encoding: identity, gzip: 2": Wanted(
        "as Accept-Encoding: identity: 2", None, "of two that are equally good the upstream takes the first since 1.10"
    ),
}
