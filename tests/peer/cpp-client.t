#!/bin/bash
# prometheus-cpp pushes to pgw-serve: text, by libcurl.
. "$(dirname "$0")/../lib.sh"
need g++

ok "the client is built" g++ -o client "$TESTS/peer/clients/client.cc" \
	-lprometheus-cpp-push -lprometheus-cpp-core || done_testing
start_serve -d spool
file=spool/groups/job=cpp,instance=b:1,zone=a.prom
key='instance="b:1",job="cpp"'
pushed="# HELP cpp_jobs_total A counter.
# TYPE cpp_jobs_total counter
cpp_jobs_total{$key,zone=\"a\"} 3
# HELP cpp_level A \"gauge\".
# TYPE cpp_level gauge
cpp_level{$key,l=\"\\\"q\\\"\\\\\\n\",zone=\"a\"} -1.5e-07
# HELP cpp_seconds A histogram.
# TYPE cpp_seconds histogram
cpp_seconds_bucket{$key,le=\"0.25\",zone=\"a\"} 0
cpp_seconds_bucket{$key,le=\"1\",zone=\"a\"} 1
cpp_seconds_bucket{$key,le=\"+Inf\",zone=\"a\"} 1
cpp_seconds_sum{$key,zone=\"a\"} 0.5
cpp_seconds_count{$key,zone=\"a\"} 1"

# This library's Push POSTs and its PushAdd PUTs.
exits 0 "PushAdd" ./client add 127.0.0.1 "$PORT"
is "$out" 200 "is stored"
is "$(group_files spool)" "${file##*/}" "its labels make the group"
is "$(grep -cE '^cpp_(jobs_total|more){' "$file")" 2 "with both families"
exits 0 "Push" ./client push 127.0.0.1 "$PORT"
is "$out" 200 "is stored"
is "$(normal "$file" | grep -v -e push_ -e cpp_more)" "$pushed" "the group file"
is "$(grep -c '^cpp_more{' "$file")" 1 "keeps the other family"
exits 0 "PushAdd again" ./client add 127.0.0.1 "$PORT"
is "$(grep -cE '^cpp_(jobs_total|more|level){' "$file")" 2 "replaces all"
exits 0 "DeleteForInstance" ./client delete 127.0.0.1 "$PORT"
is "$out" 202 "is done"
is "$(group_files spool)" "(none)" "the group is gone"
answers 200 "another type elsewhere" PUT "$URL/metrics/job/x" --data-binary $'# TYPE cpp_more counter\ncpp_more 1\n'
exits 0 "a push that clashes" ./client add 127.0.0.1 "$PORT"
like "$out" "^pushed metrics are invalid or inconsistent with existing metrics: .*cpp_more.*"$'\n'"400\$" \
	"is refused, with the reason"
done_testing
