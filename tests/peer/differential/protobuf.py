"""Bodies of delimited protobuf, and the types that say what a body is."""

import client_model as model

from .request import TEXT, push, single

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
    "a gauge": model.delimited(family(model.GAUGE_TYPE, gauge(1.5), help='A "gauge"\\\n.')),
    "a counter": model.delimited(family(model.COUNTER_TYPE, {"label": LABEL, "counter": {"value": 3}}, help="")),
    "an untyped": model.delimited(family(model.UNTYPED_TYPE, {"label": LABEL, "untyped": {"value": -0.0}})),
    "a summary": model.delimited(family(model.SUMMARY_TYPE, {"label": LABEL, "summary": SUMMARY})),
    "a histogram": model.delimited(family(model.HISTOGRAM_TYPE, {"label": LABEL, "histogram": HISTOGRAM})),
    "a histogram with +Inf": model.delimited(family(model.HISTOGRAM_TYPE, {"histogram": INFINITE})),
    "two families": model.delimited(
        family(model.GAUGE_TYPE, gauge(1)), {**family(model.GAUGE_TYPE, gauge(2)), "name": "n"}
    ),
    "unsorted labels": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("z", "1"), ("a", "2")))),
    "an empty label": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("z", "")))),
    "job and instance": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("job", "x"), ("instance", "y")))),
    "no type": model.delimited({"name": "m", "metric": [{"counter": {"value": 2}}]}),
    "no metric": model.delimited({"name": "m", "type": model.GAUGE_TYPE}),
    "a timestamp": model.delimited(family(model.GAUGE_TYPE, gauge(1, timestamp_ms=1600000000000))),
    "a timestamp of 0": model.delimited(family(model.GAUGE_TYPE, gauge(1, timestamp_ms=0))),
    "the same twice": model.delimited(family(model.GAUGE_TYPE, gauge(1), gauge(2))),
    "a family twice": model.delimited(
        family(model.GAUGE_TYPE, gauge(1)), family(model.GAUGE_TYPE, gauge(2, ("l", "v")))
    ),
    "a label twice": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("l", "v"), ("l", "w")))),
    "a value of another type": model.delimited(family(model.COUNTER_TYPE, gauge(1))),
    "no value": model.delimited(family(model.GAUGE_TYPE, {"label": LABEL})),
    "no name": model.delimited({"type": model.GAUGE_TYPE, "metric": [gauge(1)]}),
    "a bad name": model.delimited({**family(model.GAUGE_TYPE, gauge(1)), "name": "1 x"}),
    "a bad label name": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("1-x", "v")))),
    "a reserved label name": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("__x", "v")))),
    "a quantile label": model.delimited(
        family(model.SUMMARY_TYPE, {"label": [{"name": "quantile", "value": "1"}], "summary": SUMMARY})
    ),
    "a le label": model.delimited(
        family(model.HISTOGRAM_TYPE, {"label": [{"name": "le", "value": "1"}], "histogram": HISTOGRAM})
    ),
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
    "a summary of nothing": model.delimited(family(model.SUMMARY_TYPE, {"summary": {}})),
    "a histogram of nothing": model.delimited(family(model.HISTOGRAM_TYPE, {"histogram": {}})),
    "a metric of nothing": model.delimited(family(model.GAUGE_TYPE, {})),
    "an untyped as a gauge": model.delimited(family(model.GAUGE_TYPE, {"untyped": {"value": 1.0}})),
    "a gauge as an untyped": model.delimited(family(model.UNTYPED_TYPE, gauge(1))),
    "a gauge as a summary": model.delimited(family(model.SUMMARY_TYPE, gauge(1))),
    "a gauge as a histogram": model.delimited(family(model.HISTOGRAM_TYPE, gauge(1))),
    "an empty label name": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("", "v")))),
    "a colon in a label name": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("a:b", "v")))),
    "a __name__ label": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("__name__", "v")))),
    "a quantile label of a gauge": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("quantile", "v")))),
    "a le label of a gauge": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("le", "v")))),
    "control characters": model.delimited(family(model.GAUGE_TYPE, gauge(1, ("l", '\x00\n"\\')), help="\n\\\t")),
    "a timestamp before 1970": model.delimited(family(model.GAUGE_TYPE, gauge(1, timestamp_ms=-1))),
    "the same under grouping labels": model.delimited(
        family(model.GAUGE_TYPE, gauge(1, ("job", "x")), gauge(2, ("job", "y")))
    ),
    "a suffix beside its histogram": model.delimited(
        family(model.HISTOGRAM_TYPE, {"histogram": HISTOGRAM}),
        {**family(model.GAUGE_TYPE, gauge(1)), "name": "m_count"},
    ),
    "an unknown field of a known wire type": framed(
        model.encode(family(model.GAUGE_TYPE, gauge(1))) + model.varint(50 << 3 | 2) + b"\x02xy"
    ),
    "an empty message": b"\x00",
}

# Of a push: the type, and which body is sent with it.
PROTOBUF = MESSAGES["a gauge"]
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
    model.CONTENT_TYPE.replace("protobuf;", "protobufx;"): TEXT,
    model.CONTENT_TYPE.replace("protobuf;", "protobuf+x;"): TEXT,
    model.CONTENT_TYPE.replace("protobuf;", "protobuf x;"): TEXT,
    model.CONTENT_TYPE.replace("protobuf;", "protobuf,"): TEXT,
    model.CONTENT_TYPE.replace("protobuf;", "protobuf \t ;"): PROTOBUF,
    model.CONTENT_TYPE.replace("; ", " ;\t").replace("=", " = ").replace("encoding", "ENCODING"): PROTOBUF,
    model.CONTENT_TYPE.replace("io.prometheus", "IO.Prometheus"): TEXT,
    model.CONTENT_TYPE.replace("=delimited", '="delim\\ited"'): TEXT,
    model.CONTENT_TYPE.replace("=delimited", '="delimited'): TEXT,
    model.CONTENT_TYPE.replace("=delimited", "="): TEXT,
    model.CONTENT_TYPE + ";": PROTOBUF,
    model.CONTENT_TYPE + " ; ;": TEXT,
    model.CONTENT_TYPE + "; x": TEXT,
    model.CONTENT_TYPE + "; x=y; z=\"; encoding=text\"": PROTOBUF,
    model.CONTENT_TYPE + ", text/plain": TEXT,
}


def cases():
    for name, message in MESSAGES.items():
        yield single(f"protobuf: {name}", push(message, Content_Type=model.CONTENT_TYPE))
    for content_type, body in CONTENT_TYPES.items():
        yield single(f"Content-Type: {content_type.expandtabs()}", push(body, Content_Type=content_type))
