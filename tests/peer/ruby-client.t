#!/bin/bash
# Ruby's prometheus-client-mmap pushes to pgw-serve.
. "$(dirname "$0")/../lib.sh"
need ruby
export TMPDIR=$SCRATCH # where the library makes folders that it leaves

client=$TESTS/peer/clients/client.rb
start_serve -d spool
file=spool/groups/job=ruby%20job,instance=a:1.prom
key='instance="a:1",job="ruby job"'
replaced="# HELP ruby_jobs_total A counter.
# TYPE ruby_jobs_total counter
ruby_jobs_total{$key} 3
# HELP ruby_level A gauge.
# TYPE ruby_level gauge
ruby_level{$key,name=\"\\\"q\\\"\\\\\\n\"} -1.5e-07"

exits 0 "replace" ruby "$client" replace "$URL"
is "$out$err" 200 "is stored"
is "$(group_files spool)" "${file##*/}" "job and instance make the group"
is "$(normal "$file" | grep -v push_)" "$replaced" "the group file"
exits 0 "add" ruby "$client" add "$URL"
is "$out" 200 "is stored"
is "$(grep -cE '^ruby_(level|more){' "$file")" 2 "and keeps the other families"
exits 0 "replace again" ruby "$client" replace "$URL"
is "$(normal "$file" | grep -v push_)" "$replaced" "replaces all"
exits 0 "delete" ruby "$client" delete "$URL"
is "$out" 202 "is done"
is "$(group_files spool)" "(none)" "the group is gone"
answers 200 "another type elsewhere" PUT "$URL/metrics/job/x" --data-binary $'# TYPE ruby_more counter\nruby_more 1\n'
exits 0 "a push that clashes" ruby "$client" add "$URL"
like "$out" '^400'$'\n''pushed metrics are invalid or inconsistent with existing metrics: .*ruby_more' \
	"is refused, with the reason"
done_testing
