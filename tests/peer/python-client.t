#!/bin/bash
# The Python client library pushes to pgw-serve.
. "$(dirname "$0")/../lib.sh"

start_serve -d spool
cat >client.py <<'END'
import sys
from prometheus_client import (CollectorRegistry, Counter, Gauge, Histogram, Summary, delete_from_gateway,
                               push_to_gateway, pushadd_to_gateway)

gateway, action = sys.argv[1:]
key = {"instance": "a/b", "empty": "", "plain": "x.y"}
registry = CollectorRegistry()
gauge = Gauge("g", 'A "gauge"\\\n.', ["l"], registry=registry)
gauge.labels('v"\\\n').set(1.5)
if action == "push":
    Counter("c", "A counter.", registry=registry).inc(3)
    Histogram("h", "A histogram.", buckets=[1, 2.5], registry=registry).observe(2)
    Summary("s", "A summary.", registry=registry).observe(4)
    push_to_gateway(gateway, "py", registry, grouping_key=key)
elif action == "add":
    gauge.labels("second").set(float("inf"))
    pushadd_to_gateway(gateway, "py", registry, grouping_key=key)
elif action == "replace":
    push_to_gateway(gateway, "py", registry, grouping_key=key)
elif action == "delete":
    delete_from_gateway(gateway, "py", grouping_key=key)
END
file=spool/groups/job=py,empty=,instance=a%2Fb,plain=x.y.prom
labels='empty="",instance="a/b",job="py"'

exits 0 "push_to_gateway" $PYTHON client.py "$URL" push
is "$(group_files spool)" "${file##*/}" "base64 and plain labels make the group"
# _created is the time at which the client made the metric.
is "$(normal "$file" | grep -v '_created' | grep -v push_)" "# HELP c_total A counter.
# TYPE c_total counter
c_total{$labels,plain=\"x.y\"} 3
# HELP g A \"gauge\"\\\\\\n.
# TYPE g gauge
g{$(sed 's/job="py"/job="py",l="v\\"\\\\\\n"/' <<<"$labels"),plain=\"x.y\"} 1.5
# HELP h A histogram.
# TYPE h histogram
h_bucket{$labels,le=\"1\",plain=\"x.y\"} 0
h_bucket{$labels,le=\"2.5\",plain=\"x.y\"} 1
h_bucket{$labels,le=\"+Inf\",plain=\"x.y\"} 1
h_sum{$labels,plain=\"x.y\"} 2
h_count{$labels,plain=\"x.y\"} 1
# HELP s A summary.
# TYPE s summary
s_sum{$labels,plain=\"x.y\"} 4
s_count{$labels,plain=\"x.y\"} 1" "the group file"
exits 0 "pushadd_to_gateway" $PYTHON client.py "$URL" add
is "$(grep -cE '^(g|c_total){' "$file")" 3 "replaces one family"
exits 0 "push_to_gateway" $PYTHON client.py "$URL" replace
is "$(grep -cE '^(g|c_total){' "$file")" 1 "replaces all"
exits 0 "delete_from_gateway" $PYTHON client.py "$URL" delete
is "$(group_files spool)" "(none)" "deletes the group"
done_testing
