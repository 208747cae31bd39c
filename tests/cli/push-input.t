#!/bin/bash
# The input of pgw-push: samples of the command line, filters, advice, OpenMetrics; into a spool, to pgw-serve and to
# the upstream.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway

# The samples of a group, without the gateway's own.
samples() {
	grep -v '^#\|^push_' "spool/groups/job=$1.prom" | sed 's/instance="",job="[a-z0-9_-]*",*//; s/,}/}/; s/{}//'
}
# The HELP and TYPE lines of a group, likewise.
heads() {
	grep '^# [HT][EY][LP][PE] ' "spool/groups/job=$1.prom" | grep -v '^# .* push_'
}
push="pgw-push -d spool"
cat >types.prom <<'END'
# HELP a_bytes Size.
# TYPE a_bytes gauge
a_bytes{x="y"} 1
# TYPE b_total counter
b_total 2
# TYPE h histogram
h_bucket{le="+Inf"} 3
h_sum 3
h_count 3
c 4
END

# Samples of the command line
exits 0 "-g and -c" $push -j quick -g a_bytes=1048576 -c 'b_total{disk="sda",on="/a=b}\"\\"}=2' \
	-g a_bytes'{x="y"}=-1e-7'
is "$out$err" "" "say nothing"
is "$(samples quick)" 'a_bytes 1.048576e+06
a_bytes{x="y"} -1e-07
b_total{disk="sda",on="/a=b}\"\\"} 2' "are the samples"
is "$(heads quick)" '# TYPE a_bytes gauge
# TYPE b_total counter' "of their types"
exits 0 "--gauge, --counter and --help-text" \
	$push -j help --gauge a=1 --help-text 'Of a\b.' --counter b_total=2 --help-text ' First
second.' -g n=3
is "$(heads help)" '# HELP a Of a\\b.
# TYPE a gauge
# HELP b_total First\nsecond.
# TYPE b_total counter
# TYPE n gauge' "describe the sample before them"
exits 0 "files join samples where they are named" \
	sh -c "$push -j join -g 'a_bytes{x=\"z\"}=5' -g d=6 types.prom </dev/null"
is "$(samples join)" 'a_bytes{x="y"} 1
a_bytes{x="z"} 5
b_total 2
c 4
d 6
h_bucket{le="+Inf"} 3
h_sum 3
h_count 3' "in their families"
mkfifo silent
# Who opens it to write as well waits for itself, for ever.
exits 0 "stdin is not read" timeout $DEADLINE $push -j waiting -g a=1 <>silent
is "$(samples waiting)" "a 1" "for samples alone"
exits 0 "- is stdin" sh -c "echo 'z 1' | $push -j dash -g a=1 -"
is "$(samples dash)" 'a 1
z 1' "beside samples"
exits 0 "-n of samples" $push -n -v -j dry -g a=1 -g b=2
is "$err" 'pgw-push: {job="dry"}: checked (families: 2, samples: 2)' "counts them"

# refused STATUS MESSAGE OPTION...: the first line of stderr is that one.
refused() {
	local status=$1 message=$2
	shift 2
	exits "$status" "$*" $push -j refused "$@"
	is "$(head -n 1 err)" "pgw-push: $message" "says why"
}
refused 64 '"a": a sample is given as NAME=VALUE or NAME{LABELS}=VALUE' -g a
refused 64 '"a=x": expected float as value, got "x"' -g a=x
refused 64 '"a 1=2": unexpected '"' ' behind the name" -g 'a 1=2'
refused 64 '"a{b=c}=1": expected '"'\"' at start of label value, found 'c'" -c 'a{b=c}=1'
refused 64 '"1a=1": invalid metric name' -c 1a=1
refused 64 '--help-text: there is no -g or -c before it' --help-text x -g a=1
refused 64 "option '--gauge' requires an argument" -g
refused 65 '"a_bytes=1": "a_bytes" has the type gauge already, not counter' -c a_bytes=1 types.prom
refused 65 '"a_bytes{x=\"z\"}=1": "a_bytes" has another help text already' -g 'a_bytes{x="z"}=1' --help-text Other \
	types.prom
refused 65 '"h_count=1": "h_count" belongs to the histogram "h"' -g h_count=1 types.prom
refused 65 '"a=2": collected metric "a" {instance="",job="refused"} was collected before with the same name and label values' \
	-g a=1 -g a=2
refused 65 '"a{__b=\"c\"}=1": collected metric "a" has a label with an invalid name: "__b"' -g 'a{__b="c"}=1'

# Filters
exits 0 "--keep" $push -j keep --keep 'a_.*' --keep 'b_total|h' types.prom
is "$(samples keep)" 'a_bytes{x="y"} 1
b_total 2
h_bucket{le="+Inf"} 3
h_sum 3
h_count 3' "lets families of whole names through"
exits 0 "--drop" $push -j drop --drop h --drop '.*_total' --drop a -g e=1 types.prom
is "$(samples drop)" 'a_bytes{x="y"} 1
c 4
e 1' "takes families out"
exits 0 "both" $push -j both --keep '.*_.*' --drop 'a.*' types.prom
is "$(samples both)" 'b_total 2' "leave what is kept and not dropped"
refused 65 "types.prom: the filter leaves no samples of the exposition" --keep x types.prom
exits 0 "--allow-empty" $push -j empty --allow-empty --keep x types.prom
refused 64 '--keep: "a(" is no regular expression: byte 3: missing closing parenthesis' --keep 'a(' types.prom
refused 64 '--drop: "*" is no regular expression: byte 1: quantifier does not follow a repeatable item' --drop '*' \
	types.prom
printf 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab 1\n' >long.prom
refused 64 'the regular expression "(a|aa)+" takes too long to match "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab"' \
	--drop '(a|aa)+' long.prom

# Timestamps
printf 'p 1\nq 2 1700000000000\nr 3 1700000000000\n' >stamps.prom
refused 65 "stamps.prom:2:5: pushed metrics must not have timestamps" stamps.prom
exits 0 "--drop-timestamps" $push -j stamps --drop-timestamps stamps.prom
is "$(samples stamps)" 'p 1
q 2
r 3' "pushes them without"
refused 65 "stamps.prom:3:5: pushed metrics must not have timestamps" --drop q stamps.prom
exits 0 "timestamps of a dropped family" $push -j stamps2 --drop '[qr]' stamps.prom
is "$(samples stamps2)" 'p 1' "do not matter"

# Advice
cat >advice.prom <<'END'
# HELP a_minutes Age.
# TYPE a_minutes gauge
a_minutes{camelCase="x"} 1

# TYPE jobs counter
jobs 1
END
exits 0 "--lint" $push -j lint --lint -g fileSize=1 types.prom advice.prom
is "$err" 'pgw-push: advice.prom:1: "a_minutes": use base unit "seconds" instead of "minutes"
pgw-push: advice.prom:1: "a_minutes": label names should be written in '"'snake_case' not 'camelCase'"'
pgw-push: types.prom:4: "b_total": no help text
pgw-push: types.prom:10: "c": no help text
pgw-push: "fileSize=1": "fileSize": no help text
pgw-push: "fileSize=1": "fileSize": metric names should be written in '"'snake_case' not 'camelCase'"'
pgw-push: types.prom:6: "h": no help text
pgw-push: advice.prom:5: "jobs": no help text
pgw-push: advice.prom:5: "jobs": counter metrics should have "_total" suffix' "gives advice"
is "$(samples lint | wc -l)" 9 "and pushes"
exits 0 "--lint -n -q" $push -j nolint --lint -n -q advice.prom
is "$(wc -l <err)" 4 "gives advice too"
ok "and pushes nothing" test ! -e spool/groups/job=nolint.prom
exits 0 "what is filtered out" $push -j lint2 --lint --drop 'a_.*|jobs' -g ok_bytes=1 --help-text x advice.prom
is "$err" "" "needs no advice"

# OpenMetrics
cat >open.om <<'END'
# HELP http_requests Requests \"served\".
# TYPE http_requests counter
# UNIT http_requests requests
http_requests_total{code="200"} 5.0 # {trace_id="abc"} 1.0 1700000000.123
http_requests_created{code="200"} 1.7e9
# TYPE latency_seconds histogram
# UNIT latency_seconds seconds
# HELP latency_seconds Latency.
latency_seconds_bucket{le="0.1"} 3 # {trace_id="x"} 0.05
latency_seconds_bucket{le="+Inf"} 4
latency_seconds_count 4
latency_seconds_sum 1.5
latency_seconds_created 1.7e9
# TYPE queue gaugehistogram
# HELP queue Ages.
queue_bucket{le="1.0"} 2
queue_bucket{le="+Inf"} 3
queue_gcount 3
queue_gsum 2.5
# TYPE build info
build_info{version="1"} 1
# TYPE state stateset
state{state="up"} 1
state{state="down"} 0
# TYPE other unknown
other 3
# TYPE size summary
size{quantile="0.5"} 1
size_count 2
size_sum 3
size_created 4
plain 1
# EOF
END
exits 0 "OpenMetrics" $push -j open open.om
left_out="pgw-push: left out of OpenMetrics: exemplars and _created, which the text format can't have"
is "$out$err" "$left_out" "is taken, and what gets lost is said"
exits 0 "with -q" $push -q -j open open.om
is "$out$err" "" "without a word"
printf '# TYPE a counter\na_total 1 # {x="y"} 1\n# EOF\n' >exemplar.om
printf '# TYPE a counter\n# UNIT a\na_total 1\na_created 1\n# EOF\n' >created.om
printf '# TYPE z_created gauge\nz_created 1\n# TYPE b_seconds gauge\n# UNIT b_seconds seconds\nb_seconds 1\n# EOF\n' >nothing.om
exits 0 "an exemplar" pgw-push -n -d nowhere -j x exemplar.om
is "$err" "$left_out" "is told"
exits 0 "_created" pgw-push -n -d nowhere -j x created.om nothing.om -g b_total=1
is "$err" "$left_out" "is told"
exits 0 "a gauge of that name, and a unit" pgw-push -n -d nowhere -j x nothing.om
is "$err" "" "is no loss"
open_samples='build_info{version="1"} 1
http_requests_total{code="200"} 5
latency_seconds_bucket{le="0.1"} 3
latency_seconds_bucket{le="+Inf"} 4
latency_seconds_sum 1.5
latency_seconds_count 4
other 3
plain 1
queue_bucket{le="1.0"} 2
queue_bucket{le="+Inf"} 3
queue_gcount 3
queue_gsum 2.5
size{quantile="0.5"} 1
size_sum 3
size_count 2
state{state="up"} 1
state{state="down"} 0'
is "$(samples open)" "$open_samples" "with its samples"
is "$(heads open)" '# TYPE build_info gauge
# HELP http_requests_total Requests "served".
# TYPE http_requests_total counter
# HELP latency_seconds Latency.
# TYPE latency_seconds histogram
# TYPE other untyped
# TYPE plain untyped
# HELP queue_bucket Ages.
# TYPE queue_bucket gauge
# HELP queue_gcount Ages.
# TYPE queue_gcount gauge
# HELP queue_gsum Ages.
# TYPE queue_gsum gauge
# TYPE size summary
# TYPE state gauge' "and types"
exits 0 "OpenMetrics beside the text format" $push -j mixed types.prom open.om
is "$(samples mixed | wc -l)" 23 "is pushed with it"
printf '# TYPE a counter\na_total 1\n# EOF' >unended.om
exits 0 "OpenMetrics without the last newline" $push -j unended unended.om
is "$err" "pgw-push: unended.om: added the newline that is missing at the end" "is mended"
is "$(samples unended)" "a_total 1" "and pushed"
printf '# TYPE a counter\na_total 1 1700000000.5\n# EOF\n' >stamped.om
refused 65 "stamped.om:2:11: pushed metrics must not have timestamps" stamped.om
exits 0 "--drop-timestamps" $push -j stamped --drop-timestamps stamped.om
is "$(samples stamped)" "a_total 1" "takes it out"
cat open.om open.om >twice.om
refused 65 'twice.om:33:1: unexpected text after "# EOF"' twice.om
printf '# TYPE a nonsense\na 1\n# EOF\n' >nonsense.om
refused 65 'nonsense.om:1:10: unknown metric type "nonsense"' nonsense.om
refused 65 'nonsense.om:1:10: unknown metric type "nonsense"' types.prom nonsense.om
printf '# EOF\n' >nothing.om
refused 65 'nothing.om: the exposition has no samples' nothing.om

# What a gateway gets
start_responder fake 200
exits 0 "unchanged text" pgw-push -u "$URL" -j x types.prom
exits 0 "a filter that takes nothing out" pgw-push -u "$URL" -j x --drop x types.prom
exits 0 "a filter" pgw-push -u "$URL" -j x --keep 'a.*' types.prom
exits 0 "a sample" pgw-push -u "$URL" -j x -g 'a{b="c"}=1' --help-text 'A\B'
exits 0 "timestamps" pgw-push -u "$URL" -j x --drop-timestamps stamps.prom
exits 0 "OpenMetrics" pgw-push -u "$URL" -j x unended.om
tail -n +2 fake.log | $PYTHON -c 'import json,sys
for line in sys.stdin:
	print(json.loads(line)["body"], end="--\n")' >bodies
is "$(cat bodies)" "$(cat types.prom)
--
$(cat types.prom)
--
# HELP a_bytes Size.
# TYPE a_bytes gauge
a_bytes{x=\"y\"} 1
--
# HELP a A\\\\B
# TYPE a gauge
a{b=\"c\"} 1
--
# TYPE p untyped
p 1
# TYPE q untyped
q 2
# TYPE r untyped
r 3
--
# TYPE a_total counter
a_total 1
--" "is sent as it came or written anew"

# pgw-serve and the upstream store the same as a spool
start_serve -d served
served=$URL
start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
	--web.listen-address=127.0.0.1:PORT
upstream=http://127.0.0.1:$PORT
for gateway in "$served" "$upstream"; do
	exits 0 "all at once to a gateway" pgw-push -u "$gateway" -j open -g quick=7 --drop-timestamps --drop h \
		open.om stamps.prom types.prom \
		--drop 'p|c'
	curl -s -f "$gateway/metrics" | grep 'job="open"' | grep -v '^push_' |
		sed 's/instance="",job="open",*//; s/,}/}/; s/{}//' |
		LC_ALL=C sort >stored
	is "$(cat stored)" "$(printf '%s\na_bytes{x="y"} 1\nq 2\nr 3\nb_total 2\nquick 7\n' "$open_samples" |
		LC_ALL=C sort)" "stores it"
done

# A scrape of OpenMetrics
start_responder exporter 200 "$(cat open.om)"$'\n'
exits 0 "pgw-scrape-relay of OpenMetrics" pgw-scrape-relay -d spool -j relayed "$URL/metrics"
is "$(samples relayed | grep -v '^scrape_\|^up ')" "$open_samples" "into a spool"
exits 0 "pgw-scrape-relay of OpenMetrics" pgw-scrape-relay -u "$served" -j relayed "$URL/metrics"
is "$(grep -v '^#\|^push_\|^scrape_\|^up{' served/groups/job=relayed.prom |
	sed 's/instance="",job="relayed",*//; s/,}/}/; s/{}//')" \
	"$open_samples" "to a gateway"

done_testing
