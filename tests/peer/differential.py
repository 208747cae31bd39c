"""differential.py SETUP PEER OURS [STATE]: sends the requests of a setup to two gateways that were started alike, and
prints NAME, the peer's and our answer, a line each; the same of what is in the store after a request that may change it.
Where we want to differ, the wanted answer stands in the place of the peer's, from differential_wanted.py.

STATE is the base URL of a gateway on our store that is asked what is in it (default OURS)."""

import base64
import dataclasses
import gzip
import http.client
import json
import re
import socket
import sys
import time
import urllib.parse

import client_model as model
from differential_requests import SETUPS, Request, counted_requests
from differential_wanted import NOT_COMMON_FLAGS, WANTED, comparable, comparable_header, without_infinite_bucket

TIMEOUT = 30
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


# What is in the store.


def exposition(text):
    """Its lines, sorted, labels too. Only what was pushed: the gateway's own have no job. Times are told by whether they
    are 0."""
    lines, kept = [], set()
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        sample = re.fullmatch(r"([^{ ]+)(?:\{(.*)\})? (\S+)", line)
        if not sample:
            lines.append(f"no sample: {line}")
            continue
        name, labels, value = sample.groups()
        pairs = re.findall(r'([^=,]+)="((?:[^"\\]|\\.)*)"', labels or "")
        if "job" not in dict(pairs):
            continue
        kept.add(name)
        if re.fullmatch("push_(failure_)?time_seconds", name) and value != "0":
            value = "TIME"
        lines.append(f"{name}{sorted(pairs)} {value}")
    for kind, name, rest in re.findall(r"^# (HELP|TYPE) (\S+) ?(.*)$", text, re.MULTILINE):
        if {name, name + "_count", name + "_sum", name + "_bucket"} & kept:
            lines.append(f"# {kind} {name} {rest}")
    return "\n".join(sorted(lines))


def ordered(value):
    """Lists whose order means nothing, sorted."""
    if isinstance(value, dict):
        return {key: ordered(member) for key, member in sorted(value.items())}
    if isinstance(value, list):
        return sorted(map(ordered, value), key=lambda member: json.dumps(member, sort_keys=True))
    return value


def api_metrics(text):
    answer = json.loads(text)
    for group in answer["data"]:
        for name, family in group.items():
            if not isinstance(family, dict) or "metrics" not in family:
                continue
            if re.fullmatch(r"2\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?(Z|[+-]\d\d:\d\d)", family["time_stamp"]):
                family["time_stamp"] = "TIME"
            for metric in family["metrics"]:
                without_infinite_bucket(metric)
                if name in ("push_time_seconds", "push_failure_time_seconds") and metric["value"] != "0":
                    metric["value"] = "TIME"
    return json.dumps(ordered(answer), ensure_ascii=False)


def api_status(text):
    """The fields; the values are each gateway's own."""
    data = json.loads(text)["data"]
    flags = [name for name in sorted(data["flags"]) if not NOT_COMMON_FLAGS.match(name)]
    return json.dumps([sorted(data), sorted(data["build_information"]), flags, data["start_time"][:1]])


def protobuf(body):
    families = []
    for family in model.decode_delimited(body):
        metrics = [m for m in family["metric"] if any(label["name"] == "job" for label in m.get("label", []))]
        for metric in metrics:
            without_infinite_bucket(metric)
            metric["label"].sort(key=lambda label: label["name"])
            if family["name"].startswith("push_") and metric["gauge"]["value"] != 0:
                metric["gauge"]["value"] = "TIME"
        if metrics:
            families.append({**family, "help": family.get("help", ""), "metric": metrics})
    return repr(ordered(families))


# What is compared of an answer.


def content(request, answer, body):
    """The body in a form that can be compared."""
    if request.method == "HEAD":
        return "a body" if body else "no body"
    kind = answer.getheader("Content-Type") or ""
    if answer.getheader("Content-Encoding") == "gzip" and body:
        body = gzip.decompress(body)
    if answer.status >= 400:
        first = body.split(b"\n")[0].decode("utf-8", "backslashreplace")
        return json.dumps(comparable(first), ensure_ascii=False)
    if request.path in ("/", "/status", "/p/"):
        return "the page"
    if 300 <= answer.status < 400:
        return "" if body else "empty"
    if kind.startswith("application/vnd.google.protobuf") and "delimited" in kind:
        return protobuf(body)
    if body.startswith(b"{") and request.path.endswith("/api/v1/metrics"):
        return api_metrics(body)
    if body.startswith(b"{") and request.path.endswith("/api/v1/status"):
        return api_status(body)
    if b"\n# TYPE" in body:
        return "an exposition\n" + exposition(body.decode())
    return json.dumps(body.decode("utf-8", "backslashreplace"), ensure_ascii=False)


HEADERS = ["Location", "Allow", "Content-Type", "Content-Encoding", "Access-Control-Allow-Origin"] + [
    "Access-Control-Allow-Methods",
    "Access-Control-Allow-Headers",
    "Access-Control-Expose-Headers",
]


def seen(request, answer, body):
    if answer is None:
        return "no answer"
    parts = [str(answer.status), content(request, answer, body)]
    for name in HEADERS:
        value = answer.getheader(name)
        if value:
            parts.append(f"{name}: {comparable_header(name, value)}")
    return " | ".join(parts)


def row(name, theirs, ours):
    print(name, json.dumps(theirs, ensure_ascii=False), json.dumps(ours, ensure_ascii=False), sep="\t")


def state(gateway):
    return [
        gateway.get(gateway.telemetry, exposition),
        gateway.get(gateway.prefix + "/api/v1/metrics", api_metrics),
    ]


def compare(case):
    for gateway in watched:
        if dirty[gateway]:
            gateway.clear()
            dirty[gateway] = False
    for number, request in enumerate(case.requests, 1):
        name = case.name if len(case.requests) == 1 else f"{case.name}: {number}"
        wanted = WANTED.get(name)
        # The peer has no HEAD: it is a GET without the body.
        asked = dataclasses.replace(request, method="GET") if request.method == "HEAD" else request
        answer, body = gateways[0].send(asked)
        theirs = seen(request, answer, b"" if request.method == "HEAD" else body)
        ours = seen(request, *gateways[1].send(request))
        answers[name] = theirs
        if wanted and wanted.answer:
            theirs = answers[wanted.answer[3:]] if wanted.answer.startswith("as ") else wanted.answer
        row(name, theirs, ours)
        if request.method not in ("POST", "PUT", "DELETE") or request.path.endswith("/-/quit"):
            continue
        our_store = state(watched[1])
        stores[name] = state(watched[0])
        # The peer stores what it does not check some time after its answer.
        deadline = time.monotonic() + TIMEOUT
        while setup == "unchecked" and stores[name][0] != our_store[0] and time.monotonic() < deadline:
            stores[name] = state(watched[0])
        for gateway, store in zip(watched, (stores[name], our_store)):
            dirty[gateway] = store != EMPTY_STORE
        if wanted and not wanted.store:
            continue
        for form, theirs, ours in zip(("exposition", "API"), stores[wanted.store if wanted else name], our_store):
            row(f"{name}: {form}", theirs, ours)


def counters(text):
    """The gateway's own counters of requests; of durations only how many there are."""
    wanted = r"pushgateway_http_(requests_total|push_size_bytes_(sum|count)|push_duration_seconds_count)\{"
    values = {}
    for line in text.splitlines():
        if re.match(wanted, line) and "job=" not in line:
            series, value = line.rsplit(" ", 1)
            values[series] = float(value)
    return values


def compare_counters():
    """A line for each of our and the peer's counters that these requests move: by how much."""
    moved = []
    for gateway in gateways:
        before = gateway.get("/metrics", counters)
        for request in counted_requests():
            gateway.send(request)
        after = gateway.get("/metrics", counters)
        moved.append({series: value - before.get(series, 0) for series, value in after.items()})
    for series in sorted(set(moved[0]) | set(moved[1])):
        row(f"counter {series}", *(f"{each.get(series, 0):g}" for each in moved))


EMPTY_STORE = ["", '{"data": [], "status": "success"}']

setup = sys.argv[1]
gateways = [Gateway(url, setup) for url in sys.argv[2:4]]
watched = [gateways[0], Gateway(sys.argv[4], setup) if len(sys.argv) > 4 else gateways[1]]
dirty = dict.fromkeys(watched, True)
answers = {}  # the peer's, by the name of the request
stores = {}  # what was in the peer's, by the name of the request before
for each in SETUPS[setup]():
    compare(each)
if setup == "default":
    compare_counters()
    others = ("prefix", "lifecycle", "unchecked")
    unknown = {name for name in set(WANTED) - set(answers) if not name.startswith(others)}
    if unknown:
        raise SystemExit(f"no request has the name {unknown}")
