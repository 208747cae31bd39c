#!/bin/bash
# pgw-scrape-relay and targets that answer what they shouldn't.
. "$(dirname "$0")/../lib.sh"

start_exporter
exporter=$URL
printf '# TYPE good gauge\ngood 1\n' >exporter/good
group=spool/groups/job=x.prom

# down PATH EXIT MESSAGE [SIZE [OPTION...]]: the scrape fails with that message, behind the URL, and the target is down.
down() {
	local path=$1 expected=$2 message=$3 size=${4:-0}
	exits 0 "a good one" pgw-scrape-relay -d spool -j x "$exporter/static/good"
	exits "$expected" "$path ${*:5}" pgw-scrape-relay -d spool -j x "${@:5}" "$exporter/$path"
	is "$err" "pgw-scrape-relay: $exporter/$path: $message" "$path: the message"
	is "$(relayed $group)" "scrape_body_size_bytes $size
scrape_duration_seconds TIME
scrape_samples_scraped 0
up 0" "$path: is down"
}
# up PATH SIZE SAMPLES [OPTION...]: $group has the samples, and those of one that is up.
up() {
	local path=$1 size=$2 samples=$3
	rm -rf spool
	exits 0 "$path ${*:4}" pgw-scrape-relay -d spool -j x "${@:4}" "$exporter/$path"
	is "$err" "" "$path: no message"
	is "$(relayed $group | sort)" "$(sort <<<"$samples
scrape_body_size_bytes $size
scrape_duration_seconds TIME
scrape_samples_scraped $(grep -c . <<<"$samples")
up 1")" "$path: is up"
}

up static/good 25 'good 1'
up gzip/good 25 'good 1'
is "$(tail -n 1 exporter.log)" "/gzip/good text/plain;version=0.0.4;q=1,*/*;q=0.1" "text is asked for"

# No answer, or none that is one
down status/500 69 "the target answered with status 500"
down status/404 65 "the target answered with status 404"
down status/204 65 "the target answered with status 204"
down static/missing 69 "the target answered with status 503"
down half/answer 69 "transfer closed with 996 bytes remaining to read"
down reset/answer 69 "Recv failure: Connection reset by peer"
down junk/answer 65 "Received HTTP/0.9 when not allowed"
exits 69 "never" pgw-scrape-relay -t 2 -d spool -j x "$exporter/never/answer"
like "$err" "^pgw-scrape-relay: $exporter/never/answer: Operation timed out after [0-9]+ milliseconds with 0 bytes received\$" \
	"is cut off"
exits 69 "a byte now and then" pgw-scrape-relay -t 2 -d spool -j x "$exporter/drip/answer"
like "$err" "^pgw-scrape-relay: $exporter/drip/answer: Operation timed out after [0-9]+ milliseconds with [0-9]+ bytes received\$" \
	"is cut off"
down torn/answer 65 "the gzip data is cut off"
exits 69 "headers without an end" pgw-scrape-relay -d spool -j x "$exporter/headers_forever/answer"
like "$err" "^pgw-scrape-relay: $exporter/headers_forever/answer: .*[Tt]oo large" "are cut off"
like "$(relayed $group)" '^scrape_body_size_bytes 0.*up 0$' "is down"

# Redirections
up redirect/5/static/good 25 'good 1'
down redirect/6/static/good 65 "Maximum (5) redirects followed"
up redirect/1/static/good 25 'good 1' --max-redirects 1
down redirect/2/static/good 65 "Maximum (1) redirects followed" 0 --max-redirects 1
up static/good 25 'good 1' --max-redirects 0
down redirect/1/static/good 65 "the target answered with status 302" 0 --max-redirects 0
echo 'secret 1' >secret
down "elsewhere/file://$SCRATCH/secret" 65 'Protocol "file" not supported or disabled in libcurl'
down "elsewhere/unix:$SCRATCH/socket:/x" 65 'The redirect target URL could not be parsed: Unsupported URL scheme'
down "elsewhere/gopher://127.0.0.1:$PORT/x" 65 'Protocol "gopher" not supported or disabled in libcurl'

# Size
down endless/answer 65 "the answer is larger than 1048576 bytes" -1 --body-size-limit 1m
down bomb/100 65 "the answer is larger than 67108864 bytes" -1
down bomb/2 65 "the answer is larger than 1048576 bytes" -1 --body-size-limit 1m
down static/good 65 "the answer is larger than 24 bytes" -1 --body-size-limit 24
up static/good 25 'good 1' --body-size-limit 25
up gzip/good 25 'good 1' --body-size-limit 25
down gzip/good 65 "the answer is larger than 24 bytes" -1 --body-size-limit 24

# No exposition
# it FORMAT: what /static/it answers.
it() {
	# shellcheck disable=SC2059 # the argument is a format
	printf "$1" >exporter/it
}
it ''
down static/it 65 "the exposition is empty"
it '# HELP a A.\n'
down static/it 65 "the exposition has no samples" 12
it '<!DOCTYPE html>\n'
down static/it 65 "line 1, column 1: invalid metric name" 16
it 'a 1\n\0b 2\n'
down static/it 65 "line 2, column 1: invalid metric name" 9
it 'a{b="\377"} 1\n'
down static/it 65 'line 1, column 6: invalid label value "\xff"' 11
it 'a \033[31mred\n'
down static/it 65 'line 1, column 3: expected float as value, got "\x1b[31mred"' 11
it 'a 1\na 1\n'
down static/it 65 'line 2: collected metric "a" {instance="",job="x"} was collected before with the same name and label values' 8
it 'a 1\n# EOF\nb'
down static/it 65 'line 3, column 2: expected float as value, got ""' 11
it 'a 1'
rm -rf spool
exits 0 "a last line without its end" pgw-scrape-relay -d spool -j x "$exporter/static/it"
is "$err" "pgw-scrape-relay: $exporter/static/it: added the newline that is missing at the end" "is mended"

# Timestamps
it 'a 1 1000\n'
down static/it 65 "line 1, column 5: pushed metrics must not have timestamps" 9
up static/it 9 'a 1' --drop-timestamps

# What the relay says itself
it 'up 7\n# TYPE scrape_duration_seconds histogram\nscrape_duration_seconds_bucket{le="+Inf"} 3
scrape_duration_seconds_sum 3\nscrape_duration_seconds_count 3\nother 2\n'
rm -rf spool
exits 0 "a target with an up of its own" pgw-scrape-relay -d spool -j x "$exporter/static/it"
is "$(relayed $group)" "other 2
scrape_body_size_bytes 160
scrape_duration_seconds TIME
scrape_samples_scraped 5
up 1" "gets the relay's"
has "$(cat $group)" "# TYPE scrape_duration_seconds gauge" "also where it has another type"
start_serve -d served
gateway=$URL
exits 0 "also over HTTP" pgw-scrape-relay -u "$gateway" -j x "$exporter/static/it"
is "$(normal served/groups/job=x.prom)" "$(normal $group)" "the same"

# Labels without number
$PYTHON -c 'print("a{" + ",".join("l%d=\"%d\"" % (i, i) for i in range(5000)) + "} 1")' >exporter/labels
down static/labels 65 "line 1, column 1983: the sample has too many labels, over the limit of 200" \
	"$(wc -c <exporter/labels)"
# Two types, of which the last one counts
up types/answer 8 'types 1'
it 'a 1\n'
up almost/it 4 'a 1'

# Native histograms
# message FILE FAMILY...
message() {
	$PYTHON -B "$TESTS/peer/client_model.py" "${@:2}" >"$1"
}
message exporter/native.pb "{'name': 'native_seconds', 'help': 'Native.', 'type': 4, 'metric': [{'histogram': {'sample_count': 6,
	'sample_sum': 14.5, 'schema': 0, 'zero_threshold': 0.001, 'zero_count': 1,
	'positive_span': [{'offset': 0, 'length': 5}], 'positive_delta': [1, 0, 0, 0, 0]}}]}" \
	"{'name': 'plain', 'type': 1, 'metric': [{'gauge': {'value': 7.0}}]}"
message exporter/plain.pb "{'name': 'plain', 'type': 1, 'metric': [{'gauge': {'value': 7.0}}]}"
message exporter/stamped.pb "{'name': 'plain', 'type': 1, 'metric': [{'gauge': {'value': 7.0}, 'timestamp_ms': 1000}]}"
printf '# TYPE plain gauge\nplain 7\n' | tee exporter/native.prom >exporter/plain
size=$(wc -c <exporter/native.pb)
rm -rf spool
exits 0 "without --native-histograms" pgw-scrape-relay -d spool -j x "$exporter/protobuf/native"
is "$(sed -n '$s/.* \(.*\)/\1/p' exporter.log)" "text/plain;version=0.0.4;q=1,*/*;q=0.1" "text is asked for"
is "$(relayed $group | head -n 1)" "plain 7" "and taken"
exits 0 "with it" pgw-scrape-relay -d spool -j x --native-histograms "$exporter/protobuf/native"
is "$(tail -n 1 exporter.log)" "/protobuf/native application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;\
encoding=delimited;q=1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1" "protobuf is asked for"
exits 0 "over HTTP" pgw-scrape-relay -u "$gateway" -j x -r --native-histograms "$exporter/protobuf/native"
# native FILE: the native histogram in a group file, as pgw-serve gives it.
native() {
	start_serve -d "$1"
	answers 200 "$1: a scrape of protobuf" GET "$URL/metrics" -H "Accept: ${protobuf#*: }"
	is "$(PYTHONPATH=$TESTS/peer $PYTHON -B -c '
import client_model
for family in client_model.decode_delimited(open("body", "rb").read()):
	if family["name"] == "native_seconds":
		histogram = family["metric"][0]["histogram"]
		print(family["help"], histogram["sample_count"], histogram["sample_sum"], histogram["zero_count"],
			histogram["positive_span"], histogram["positive_delta"])')" \
		"Native. 6 14.5 1 [{'offset': 0, 'length': 5}] [1, 0, 0, 0, 0]" "$1: has the native histogram"
}
native spool
native served
is "$(normal served/groups/job=x.prom)" "$(normal $group)" "the same in both"
is "$(relayed $group | grep -v native)" "plain 7
scrape_body_size_bytes $size
scrape_duration_seconds TIME
scrape_samples_scraped 3
up 1" "with the rest"
up protobuf/plain "$(wc -c <exporter/plain.pb)" 'plain 7' --native-histograms
exits 0 "protobuf without native histograms" pgw-scrape-relay -u "$gateway" -r -j x \
	--native-histograms "$exporter/protobuf/plain"
is "$(relayed served/groups/job=x.prom)" "$(relayed $group)" "over HTTP"
up static/good 25 'good 1' --native-histograms
down protobuf/stamped 65 "metric family 1, metric 1: pushed metrics must not have timestamps" \
	"$(wc -c <exporter/stamped.pb)" --native-histograms
up protobuf/stamped "$(wc -c <exporter/stamped.pb)" 'plain 7' --native-histograms --drop-timestamps
head -c 10 exporter/native.pb >exporter/cut.pb
down protobuf/cut 65 "metric family 1: the message is cut short" 10 --native-histograms
: >exporter/empty.pb
down protobuf/empty 65 "the exposition is empty" 0 --native-histograms

# --ttl
rm -rf spool
exits 0 "--ttl" pgw-scrape-relay -d spool -j x --ttl 1h "$exporter/static/good"
is "$(sed -n 's/^# pgw ttl //p' $group)" 3600 "is that of the group"
exits 0 "--ttl over HTTP" pgw-scrape-relay -u "$gateway" -j x --ttl 1h "$exporter/static/good"
is "$(sed -n 's/^# pgw ttl //p' served/groups/job=x.prom)" 3600 "also"
exits 69 "--ttl of one that is down" pgw-scrape-relay -d spool -j x --ttl 2h "$exporter/status/500"
is "$(sed -n 's/^# pgw ttl //p' $group)" 7200 "also"
done_testing
