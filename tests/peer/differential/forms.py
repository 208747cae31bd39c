"""What is compared of an answer and of a store, in forms that are equal where the difference means nothing."""

import gzip
import json
import re

import client_model as model

from .wanted import NOT_COMMON_FLAGS, comparable_header, refusal, without_infinite_bucket

# Families of the gateway's own, whose HELP is each one's own.
OWN = ("process_", "pushgateway_", "promhttp_")
EMPTY_STORE = ["", '{"data": [], "status": "success"}']

# What is in the store.


def exposition(text):
    """Its lines, sorted, labels too. Only what was pushed: the gateway's own have no job. Times are told by whether
    they are 0."""
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
        if kind == "HELP" and name.startswith(OWN):
            continue
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
        return json.dumps(refusal(body.decode("utf-8", "backslashreplace")), ensure_ascii=False)
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
    "X-Content-Type-Options",
]


NO_ANSWER = "no answer"


def seen(request, answer, body):
    if answer is None:
        return NO_ANSWER
    parts = [str(answer.status), content(request, answer, body)]
    is_page = (answer.getheader("Content-Type") or "").startswith("text/html")
    for name in HEADERS:
        value = answer.getheader(name)
        if value and not (is_page and name == "X-Content-Type-Options"):  # ours alone has it
            parts.append(f"{name}: {comparable_header(name, value)}")
    return " | ".join(parts)


def changed(store, changes):
    """A store with changes from wanted.py: the lines of the text, and the text of the API, in their order again."""
    text, api = store
    for pattern, replacement in changes:
        text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        api = re.sub(pattern, replacement, api)
    return ["\n".join(sorted(text.splitlines())), json.dumps(ordered(json.loads(api)), ensure_ascii=False)]
