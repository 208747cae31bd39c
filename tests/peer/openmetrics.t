#!/bin/bash
# What the Python client library writes as OpenMetrics arrives with the samples that its own parser finds in it.
. "$(dirname "$0")/../lib.sh"
need promtool

cat >write.py <<'END'
from prometheus_client import CollectorRegistry, Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client.core import (GaugeHistogramMetricFamily, StateSetMetricFamily, UnknownMetricFamily)
from prometheus_client.openmetrics.exposition import generate_latest

registry = CollectorRegistry()
counter = Counter("requests", 'Requests "served",\nby \\ path.', ["path"], registry=registry, unit="requests")
counter.labels('/"a"\n\\').inc(5, {"trace_id": 'a"b\\c'})
counter.labels("ü").inc(1e20)
Gauge("temperature_celsius", "", registry=registry).set(float("nan"))
histogram = Histogram("latency_seconds", "Latency.", ["x"], registry=registry, buckets=(0.005, 1, 2.5, 1e6))
for x in ("1", "2"):
    histogram.labels(x).observe(0.7, {"trace_id": "x"})
    histogram.labels(x).observe(3)
Summary("size_bytes", "Size.", registry=registry).observe(3)
Info("build", "Build.", registry=registry).info({"version": "1", "commit": "a=b,c}"})
Enum("state", "State.", states=["up", "down"], registry=registry).state("down")

class Others:
    def collect(self):
        queue = GaugeHistogramMetricFamily("queue_seconds", "Ages.", labels=["q"], unit="seconds")
        queue.add_metric(["1"], [("1.0", 2), ("+Inf", 3)], 2.5)
        queue.add_metric(["2"], [("1.0", 0), ("+Inf", 3)], 0)
        yield queue
        unknown = UnknownMetricFamily("unknown", "?", labels=["l"])
        unknown.add_metric(["1"], float("-inf"))
        yield unknown
        states = StateSetMetricFamily("states", "States.", labels=["l"])
        states.add_metric(["1"], {"a": True, "b": False})
        yield states

registry.register(Others())
open("all.om", "wb").write(generate_latest(registry))
END
# The samples of a text, but those that have no place in format 0.0.4, one a line.
cat >read.py <<'END'
import sys
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client import parser as text

parser = {"openmetrics": openmetrics, "text": text}[sys.argv[1]]
for family in parser.text_string_to_metric_families(sys.stdin.read()):
    for sample in family.samples:
        labels = {name: value for name, value in sample.labels.items() if name not in ("job", "instance")}
        if "le" in labels and family.type == "histogram":
            labels["le"] = float(labels["le"])
        if family.name.startswith("push_") or (sample.name.endswith("_created") and family.type != "gauge"):
            continue
        print(sample.name, sorted(labels.items()), float(sample.value))
END
exits 0 "the client library writes" $PYTHON write.py
is "$(tail -n 1 all.om)" "# EOF" "OpenMetrics"
$PYTHON read.py openmetrics <all.om | LC_ALL=C sort >expected
is "$(wc -l <expected)" 33 "of all kinds"
exits 0 "it is pushed" pgw-push -d spool -j python all.om
is "$err" "pgw-push: left out of OpenMetrics: exemplars and _created, which the text format can't have" "but for these"
$PYTHON read.py text <spool/groups/job=python.prom | LC_ALL=C sort >stored
same expected stored "with all of its samples"
exits 3 "promtool parses the group" sh -c "promtool check metrics <spool/groups/job=python.prom"
like "$err$out" 'queue_seconds_bucket non-histogram metrics should not have "le" label' "and has only advice to give"
done_testing
