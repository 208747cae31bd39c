"""What a push, a second one, and a deletion make of the store."""

import client_model as model

from .negotiation import ALL_TYPES
from .protobuf import MESSAGES, PROTOBUF
from .request import GROUP, Request, push, single

OTHER = "/metrics/job/other"


def cases():
    yield from sequences()
    yield from clashes()
    yield from own_families()


def sequences():
    yield single("PUT replaces", push(b"a 1\nb 2\n"), push(b"c 3\n", "PUT"))
    yield single("POST keeps other families", push(b'a{x="1"} 1\nb 2\n'), push(b'a{x="2"} 3\n'))
    yield single("PUT with an empty body", push(b"a 1\n"), push(b"", "PUT"))
    yield single("POST with an empty body", push(b"a 1\n"), push(b""))
    yield single("a PUT that does not parse", push(b"a 1\n"), push(b"a x\n", "PUT"))
    yield single("a PUT that is refused", push(b"a 1\n"), push(b"a 1 5\n", "PUT"))
    yield single("a push after a refused one", push(b"a 1 5\n"), push(b"a 2\n"))
    yield single(
        "DELETE", push(b"a 1\n"), push(b"b 1\n", path=OTHER), Request("DELETE", GROUP), Request("DELETE", GROUP)
    )
    yield single("DELETE with a body", push(b"a 1\n"), Request("DELETE", GROUP, b"a x\n"))
    yield single(
        "DELETE is exact",
        push(b"a 1\n", path=GROUP + "/x/y"),
        Request("DELETE", GROUP),
        Request("DELETE", GROUP + "/x/z"),
    )
    yield single(
        "labels in another order", push(b"a 1\n", path=GROUP + "/x/1/y/2"), push(b"a 2\n", path=GROUP + "/y/2/x/1")
    )
    yield single("grouping labels win", push(b'a{job="x",y="1",instance="i"} 1\n', path=GROUP + "/y/2/instance/j"))
    yield single("the same series after labels are overwritten", push(b'a{y="1"} 1\na{y="2"} 1\n', path=GROUP + "/y/3"))
    yield single("a group of the empty label", push(b"a 1\n", path=GROUP + "/x@base64/="), push(b"a 2\n"))
    yield single("all types", push(ALL_TYPES))
    yield single(
        "text, then protobuf", push(b"# TYPE m gauge\nm 7\nn 1\n"), push(PROTOBUF, Content_Type=model.CONTENT_TYPE)
    )
    yield single(
        "protobuf, then text",
        push(MESSAGES["two families"], Content_Type=model.CONTENT_TYPE),
        push(b"# TYPE n gauge\nn 1\n"),
    )
    yield single("wipe", push(b"a 1\n"), push(b"b 1\n", path=OTHER), Request("PUT", "/api/v1/admin/wipe"))
    yield single("wipe with POST", push(b"a 1\n"), Request("POST", "/api/v1/admin/wipe"))
    yield single("wipe of nothing", Request("PUT", "/api/v1/admin/wipe"))
    yield single("wipe with a body", push(b"a 1\n"), Request("PUT", "/api/v1/admin/wipe", b"a 1\n"))
    yield single("PUT with comments only", push(b"a 1\n"), push(b"# HELP a x\n# TYPE a gauge\n", "PUT"))
    yield single("POST with comments only", push(b"a 1\n"), push(b"# HELP a x\n# TYPE a gauge\n"))
    yield single("a refused push, then DELETE", push(b"a 1 5\n"), Request("DELETE", GROUP))
    yield single("a PUT after a refused one", push(b"a 1 5\n"), push(b"a 2\n", "PUT"))
    yield single("two that are refused", push(b"a 1\n"), push(b"a 1 5\n"), push(b"a 2 6\n", "PUT"))
    yield single("a POST that does not parse, to nothing", push(b"a x\n"), push(b"a 1\n"))
    yield single(
        "a family of a group, deleted, with another type",
        push(b"# TYPE a gauge\na 1\n"),
        Request("DELETE", GROUP),
        push(b"a 1\n"),
    )
    yield single(
        "times in a push", push(b'# TYPE push_time_seconds gauge\npush_time_seconds{x="y"} 1\n'), push(b"a 1\n", "PUT")
    )
    yield single(
        "a family in two groups, one deleted", push(b"a 1\n"), push(b"a 2\n", path=OTHER), Request("DELETE", GROUP)
    )
    yield single("HELP is replaced", push(b"# HELP a x\na 1\n"), push(b"# HELP a y\na 1\n"), push(b"a 1\n"))


def clashes():
    """The rules of consistency, between groups and within one."""
    yield single(
        "another type in another group", push(b"# TYPE a gauge\na 1\n"), push(b"# TYPE a counter\na 1\n", path=OTHER)
    )
    yield single("untyped in another group", push(b"# TYPE a gauge\na 1\n"), push(b"a 1\n", path=OTHER))
    yield single("another type, POST", push(b"# TYPE a gauge\na 1\n"), push(b"# TYPE a counter\na 1\n"))
    yield single("another type, PUT", push(b"# TYPE a gauge\na 1\n"), push(b"# TYPE a counter\na 1\n", "PUT"))
    yield single("another HELP in another group", push(b"# HELP a x\na 1\n"), push(b"# HELP a y\nb 1\n", path=OTHER))
    yield single(
        "the same series in another group", push(b'a{instance="i"} 1\n'), push(b"a 2\n", path=GROUP + "/instance/i")
    )
    histogram = b'# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1\n'
    summary = b'# TYPE s summary\ns{quantile="0.5"} 1\ns_count 1\n'
    for suffix in "count", "sum", "bucket":
        name = b"h_" + suffix.encode()
        yield single(f"h_{suffix} beside a histogram", push(histogram), push(name + b" 1\n", path=OTHER))
        yield single(f"a histogram beside h_{suffix}", push(name + b" 1\n"), push(histogram, path=OTHER))
        yield single(f"s_{suffix} beside a summary", push(summary), push(b"s_" + suffix.encode() + b" 1\n", path=OTHER))
        yield single(f"a summary beside s_{suffix}", push(b"s_" + suffix.encode() + b" 1\n"), push(summary, path=OTHER))
    yield single("a counter like another's suffix", push(b"# TYPE a counter\na_count 1\n"), push(b"a 1\n", path=OTHER))
    for kind, samples in [("summary", summary), ("histogram", histogram)]:
        family = kind[:1].encode()
        for suffix in b"_count", b"_sum", b"_bucket":
            name = family + suffix
            case = f"{name.decode()} beside its {kind} in one push"
            yield single(f"{case}, before it", push(name + b" 1\n" + samples))
            typed = b"# TYPE %s gauge\n%s 1\n" % (name, name)
            yield single(f"{case}, as a gauge", push(typed + samples))
            yield single(f"{case}, after it", push(samples + typed))
            yield single(f"{name.decode()} beside its {kind} of the group, POST", push(samples), push(typed))
            yield single(f"{name.decode()} instead of its {kind}, PUT", push(samples), push(typed, "PUT"))
    yield single("a histogram instead of a summary", push(summary), push(b"# TYPE s histogram\ns_count 1\n"))
    yield single(
        "a histogram and a summary elsewhere", push(summary), push(b"# TYPE s histogram\ns_count 1\n", path=OTHER)
    )
    kinds = ["counter", "gauge", "untyped", "summary", "histogram"]
    for first in kinds:
        for second in kinds:
            bodies = [f'# TYPE a {kind}\na{{x="y"}} 1\n'.encode() for kind in (first, second)]
            yield single(f"a {first}, and a {second} elsewhere", push(bodies[0]), push(bodies[1], path=OTHER))
    for labels in b'job="other"', b'instance="i"', b'job="other",instance="i"', b'x="1",x_="2"':
        name = labels.decode()
        yield single(f"a sample with {name}, and without", push(b"a{%s} 1\na 2\n" % labels))
        yield single(
            f"a sample with {name}, and without elsewhere", push(b"a{%s} 1\n" % labels), push(b"a 2\n", path=OTHER)
        )
    yield single(
        "the same sample by other quantiles", push(b'# TYPE s summary\ns{quantile="1"} 1\ns{quantile="1.0"} 2\n')
    )
    yield single("a timestamp beside a sample without", push(b"a 1\nb 1 5\n"), push(b'a{x="1"} 1\na{x="2"} 1 5\n'))
    yield single(
        "a timestamp of a family of another type", push(b"# TYPE a gauge\na 1\n"), push(b"# TYPE a counter\na 1 5\n")
    )
    yield single("grouping by quantile, a summary", push(summary, path=GROUP + "/quantile/1"))
    yield single("grouping by le, a timestamp", push(b"a 1 5\n", path=GROUP + "/le/1"))
    yield single("grouping by le, a histogram", push(histogram, path=GROUP + "/le/1"))
    yield single("grouping by quantile, a gauge", push(b"# TYPE a gauge\na 1\n", path=GROUP + "/quantile/1"))
    yield single(
        "two groups that differ in an empty label", push(b"a 1\n"), push(b"a 2\n", path=GROUP + "/instance@base64/=")
    )


OWN_FAMILIES = [
    "pushgateway_http_push_duration_seconds",
    "pushgateway_http_push_size_bytes",
    "process_cpu_seconds_total",
] + [
    "process_max_fds",
    "promhttp_metric_handler_requests_total",
]


def own_families():
    """Names and suffixes of what the gateway has of its own."""
    for family in OWN_FAMILIES:
        for kind in "untyped", "counter", "gauge", "summary", "histogram":
            body = f'# TYPE {family} {kind}\n{family}{{x="y"}} 1\n'.encode()
            yield single(f"own family: {family}, a {kind}", push(body))
    for suffix in "_count", "_sum", "_bucket":
        name = f"pushgateway_http_push_size_bytes{suffix}"
        yield single(f"own family: {name}", push(f"{name} 1\n".encode()))
    for name in "push_time_seconds", "push_failure_time_seconds":
        for kind in "counter", "summary", "histogram":
            yield single(f"own family: {name}, a {kind}", push(f"# TYPE {name} {kind}\n{name} 1\n".encode()))
        for suffix in "_count", "_sum", "_bucket":
            yield single(f"own family: {name}{suffix}", push(f"{name}{suffix} 1\n".encode()))
    yield single("own family: push_time, a summary", push(b"# TYPE push_time summary\npush_time_count 1\n"))
