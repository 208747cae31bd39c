#!/bin/bash
# A real Prometheus scrapes what was pushed as protobuf: by protobuf with its native histograms, by text without.
. "$(dirname "$0")/../lib.sh"
need prometheus curl socat

content_type='application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'

# message FILE FAMILY...
message() {
	local file=$1
	shift
	$PYTHON -B "$TESTS/peer/client_model.py" "$@" >"$file" || exit 1
}
# Schema 0 has a bucket for each power of two: 1 in (0.5, 1], 2 in (1, 2], none in (2, 4] and (4, 8], 1 in (8, 16];
# below zero 1 in [-1, -0.5); 1 near zero.
native="'sample_count': 6, 'sample_sum': 14.5, 'schema': 0, 'zero_threshold': 0.001, 'zero_count': 1,
'positive_span': [{'offset': 0, 'length': 2}, {'offset': 2, 'length': 1}], 'positive_delta': [1, 1, -1],
'negative_span': [{'offset': 0, 'length': 1}], 'negative_delta': [1]"
message native.pb "{'name': 'native_seconds', 'help': 'Native.', 'type': 4, 'metric': [
	{'label': [{'name': 'zone', 'value': 'a'}], 'histogram': {$native}}]}" \
	"{'name': 'both_seconds', 'type': 4, 'metric': [{'histogram': {$native, 'bucket': [
	{'cumulative_count': 3, 'upper_bound': 1.0}, {'cumulative_count': 6, 'upper_bound': 16.0}]}}]}" \
	"{'name': 'traced_total', 'type': 0, 'metric': [{'counter': {'value': 7.0, 'exemplar': {
	'label': [{'name': 'trace_id', 'value': 'abc'}], 'value': 1.0}}}]}"

start_serve -d spool
port=$PORT
answers 200 "a push of native histograms" PUT "$URL/metrics/job/native/instance/i" --data-binary @native.pb \
	-H "Content-Type: $content_type"
answers 200 "one of text" PUT "$URL/metrics/job/text" \
	--data-binary $'# TYPE text_seconds histogram\ntext_seconds_bucket{le="1"} 1
text_seconds_bucket{le="2"} 3\ntext_seconds_sum 4\ntext_seconds_count 4\n'
answers 200 "a scrape of text" GET "$URL/metrics"
has "$body" 'native_seconds_bucket{instance="i",job="native",le="+Inf",zone="a"} 6' \
	"has the count of a native histogram"
has "$body" 'both_seconds_bucket{instance="i",job="native",le="1"} 3' "and the buckets of one that is both"

# What scrape_classic_histograms asks for, which Debian's Prometheus (2.42) doesn't have yet: both parts in one answer.
answers 200 "a scrape of protobuf" GET "$URL/metrics" -H "Accept: $content_type"
is "$(PYTHONPATH=$TESTS/peer $PYTHON -B -c '
import client_model
for family in client_model.decode_delimited(open("body", "rb").read()):
	if family["name"] == "both_seconds":
		histogram = family["metric"][0]["histogram"]
		print(histogram["sample_count"], histogram["positive_delta"])
		print([(bucket["upper_bound"], bucket["cumulative_count"]) for bucket in histogram["bucket"]])')" \
	$'6 [1, 1, -1]\n[(1.0, 3), (16.0, 6)]' "has the native and the classic part of one that is both"

# start_prometheus NAME FLAG...: it scrapes the gateway through a relay, which keeps what is asked and answered. Sets
# $URL.
start_prometheus() {
	local name=$1
	shift
	start_peer "$name-relay" http://127.0.0.1:PORT/-/ready socat -r "$name.asked" -R "$name.answered" \
		TCP-LISTEN:PORT,bind=127.0.0.1,fork,reuseaddr "TCP:127.0.0.1:$port"
	cat >"$name.yml" <<END
global:
  scrape_interval: 1s
scrape_configs:
- job_name: gateway
  honor_labels: true
  static_configs:
  - targets: ['127.0.0.1:$PORT']
END
	start_peer "$name" http://127.0.0.1:PORT/-/ready prometheus "--config.file=$name.yml" \
		"--storage.tsdb.path=$name.tsdb" \
		--web.listen-address=127.0.0.1:PORT --log.level=error "$@"
	URL=http://127.0.0.1:$PORT
}
start_prometheus native --enable-feature=native-histograms,exemplar-storage
native=$URL
start_prometheus classic
classic=$URL

# query PROMETHEUS EXPRESSION: the values of the answer, one a line.
query() {
	curl -s -G --data-urlencode "query=$2" "$1/api/v1/query" | $PYTHON -c '
import json, sys
for result in json.load(sys.stdin)["data"]["result"]:
	print(result["value"][1])'
}
# shellcheck disable=SC2317
found() {
	[ -n "$(query "$1" "$2")" ]
}

await "Prometheus has scraped protobuf" found "$native" 'histogram_count(native_seconds)'
await "Prometheus has scraped text" found "$classic" 'native_seconds_count'

is "$(query "$native" 'histogram_count(native_seconds{job="native",instance="i",zone="a"})')" 6 "the count"
is "$(query "$native" 'histogram_sum(native_seconds)')" 14.5 "the sum"
# In order: -1 to -0.5, zero, 0.5 to 1, two in 1 to 2, 8 to 16. Linear within a bucket.
is "$(query "$native" 'histogram_quantile(0.75, native_seconds)')" 1.75 "a quantile in a bucket of two"
is "$(query "$native" 'histogram_quantile(1, native_seconds)')" 16 "the highest bucket is where its span is"
is "$(query "$native" 'histogram_quantile(0, native_seconds)')" -1 "and the lowest"
is "$(query "$native" 'histogram_fraction(0.5, 2, native_seconds)')" 0.5 "a fraction"
is "$(query "$native" 'histogram_count(both_seconds)')" 6 "of one that is both, the native part"
is "$(query "$native" 'histogram_quantile(0.5, text_seconds_bucket)')" 1.5 "a classic histogram that came as text"
is "$(query "$native" 'traced_total')" 7 "a counter"
is "$(curl -s -G --data-urlencode 'query=traced_total' -d start="$(($(date +%s) - 300))" \
	-d end="$(($(date +%s) + 300))" \
	"$native/api/v1/query_exemplars" | grep -o '"trace_id":"[a-z]*"')" '"trace_id":"abc"' "and its exemplar"
is "$(query "$native" 'up')" 1 "the target is up"

is "$(query "$classic" 'native_seconds_count')" 6 "as text: the count"
is "$(query "$classic" 'native_seconds_sum')" 14.5 "the sum"
is "$(query "$classic" 'native_seconds_bucket{le="+Inf"}')" 6 "all observations are below infinity"
is "$(query "$classic" 'histogram_quantile(0.5, both_seconds_bucket)')" 1 "the buckets of one that is both"
is "$(query "$classic" 'histogram_quantile(0.5, text_seconds_bucket)')" 1.5 "a classic histogram that came as text"
is "$(query "$classic" 'up')" 1 "the target is up"

# scraped NAME TYPE: what a Prometheus got was gzip of that type.
scraped() {
	ok "$1: asks for gzip" grep -qaix $'accept-encoding: gzip\r' "$1.asked"
	ok "$1: gets gzip" grep -qaix $'content-encoding: gzip\r' "$1.answered"
	ok "$1: of $2" grep -qai "^content-type: $2; " "$1.answered"
}
scraped native application/vnd.google.protobuf
scraped classic 'text/plain; version=0.0.4'
done_testing
