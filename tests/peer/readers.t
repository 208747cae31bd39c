#!/bin/bash
# Others read what pgw writes: promtool, and node_exporter's textfile collector on the groups folder.
. "$(dirname "$0")/../lib.sh"
need promtool prometheus-node-exporter

cat >clean.prom <<'END'
# HELP jobs_total Jobs "done" in C:\\jobs\nand elsewhere.
# TYPE jobs_total counter
jobs_total{path="C:\\jobs",say="\"hi\"\n"} 1e6
# HELP temperature_celsius Degrees.
# TYPE temperature_celsius gauge
temperature_celsius{room="küche"} NaN
temperature_celsius{room="keller"} -Inf
# HELP request_seconds Requests.
# TYPE request_seconds histogram
request_seconds_bucket{le="0.1"} 1
request_seconds_sum 0.3
request_seconds_count 2
# HELP size_bytes Sizes.
# TYPE size_bytes summary
size_bytes{quantile="0.50"} 10
size_bytes_sum 30
size_bytes_count 4
END
exits 0 "a push" pgw-push -d spool -j 'a "b"\' clean.prom
exits 0 "one in another group" pgw-push -d spool -j b -l instance=x clean.prom
exits 0 "one without HELP" pgw-push -d spool -j c <<<$'# TYPE other_total counter\nother_total 1'
for file in spool/groups/job=*b*.prom; do
	exits 0 "promtool takes ${file#spool/groups/}" sh -c "promtool check metrics <'$file'"
	is "$out$err" "" "and has nothing to say"
done
start_serve -d spool
request GET "$URL/metrics"
request GET "$URL/metrics"
exits 3 "promtool parses the whole exposition" sh -c 'promtool check metrics <body'
is "$out$err" "other_total no help text" "and misses only the HELP that was not pushed"
pgw-delete -d spool -j c
request GET "$URL/metrics"
exits 0 "promtool takes the whole exposition" sh -c 'promtool check metrics <body'
is "$out$err" "" "and has nothing to say"

start_peer exporter http://127.0.0.1:PORT/metrics prometheus-node-exporter --web.listen-address=127.0.0.1:PORT \
	--log.level=error --collector.disable-defaults --collector.textfile --collector.textfile.directory=spool/groups \
	--web.disable-exporter-metrics
answers 200 "node_exporter" GET "http://127.0.0.1:$PORT/metrics"
has "$body" 'node_textfile_scrape_error 0' "reads the folder without an error"
is "$(grep -c '^node_textfile_mtime_seconds{' body)" 2 "and both files"
# The exporter says untyped for gauges in some versions, and adds no label: the samples are the same.
sort spool/groups/*.prom | grep -v '^#' >expected
grep -vE '^(#|node_|promhttp_)' body | sort >served
same expected served "every sample is there as it is in the files"

# What comes out of the exporter goes in again unchanged.
curl -s "http://127.0.0.1:$PORT/metrics" |
	grep -E '^(# (HELP|TYPE) )?(jobs_total|size_bytes|request_seconds|temperature)' >again.prom
exits 0 "its output is pushed" pgw-push -d second -j 'a "b"\' again.prom
done_testing
