#!/bin/bash
# pgw-list: the table for people, JSON for programs.
. "$(dirname "$0")/../lib.sh"

exits 73 "no spool" pgw-list -d spool
like "$err" '^pgw-list: .*spool: No such file or directory$' "is named"
ok "and none is made" test ! -e spool

started=$(date +%s)
pgw-push -d spool -j backup -l instance=db1 <<<$'a 1\nb 2'
pgw-push -d spool -j 'say "hi"\' -l 'path=/x' <<<$'# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1'
pgw-push -d spool -j refused <<<$'# TYPE a gauge\na 1' 2>/dev/null

exits 0 "the table" pgw-list -d spool
is "$(echo "$out" | wc -l)" 4 "has a heading and a line a group"
# The ages of the two times differ from run to run.
is "$(echo "$out" | sed -E 's/ +[0-9]+s / AGE /; s/ +[0-9]+s / AGE /; s/ +[0-9]+( +-)$/\1/; s/  +/ /g')" \
	'JOB LABELS PUSHED FAILED FAMILIES SERIES BYTES TTL
backup instance="db1" AGE - 4 4 -
refused - never AGE 2 2 -
"say \"hi\"\\" path="/x" AGE - 3 3 -' "with labels, ages and counts"

exits 0 "--json" pgw-list -d spool --json
is "$($PYTHON - "$started" out <<'END'
import json, os, sys, time
groups = json.load(open(sys.argv[2]))["groups"]
started, now = int(sys.argv[1]), time.time() + 1
for group in groups:
	print(json.dumps(group["labels"], sort_keys=True), group["series"])
by_job = {group["labels"]["job"]: group for group in groups}
good, bad = by_job["backup"], by_job["refused"]
print(started <= good["push_time_seconds"] <= now, good["push_failure_time_seconds"], good["method"])
print(bad["push_time_seconds"], started <= bad["push_failure_time_seconds"] <= now, repr(bad["method"]))
print(good["bytes"] == os.stat("spool/groups/job=backup,instance=db1.prom").st_size)
END
)" '{"instance": "db1", "job": "backup"} 4
{"job": "refused"} 2
{"job": "say \"hi\"\\", "path": "/x"} 3
True 0 POST
0 True '\'''\''
True' "has labels, series, bytes and times"

exits 0 "an empty spool" sh -c 'rm spool/groups/*.prom; pgw-list -d spool --json'
is "$($PYTHON -c 'import json, sys; print(json.load(sys.stdin))' <<<"$out")" "{'groups': [], 'rejected': []}" \
	"is an empty list"
pgw-push -d spool -j good <<<'a 1'
echo 'a{' >spool/groups/job=bad.prom
exits 0 "a file that is left out" pgw-list -d spool
is "$err" 'pgw-list: job=bad.prom: left out: line 1: invalid label name for metric "a"' "is named with its reason"
like "$out" $'\ngood ' "the others are listed"
exits 0 "in JSON" pgw-list -d spool --json
is "$($PYTHON -c 'import json, sys; print(json.load(sys.stdin)["rejected"])' <<<"$out")" \
	"[{'file': 'job=bad.prom', 'reason': 'line 1: invalid label name for metric \"a\"'}]" "too"
pgw-push -d spool -j good -l x=1 <<<'a 1'
pgw-push -d spool -j other -l x=1 <<<'a 1'
exits 0 "-j and -l" pgw-list -d spool -j good -l x=1
is "$(tail -n +2 <<<"$out" | sed 's/ .*//')" "good" "choose groups that have all of the labels"
is "$(wc -l <<<"$out")" 2 "and no other"
exits 0 "\$PGW_SPOOL" env PGW_SPOOL=spool pgw-list
like "$out" $'\ngood ' "is the spool"
exits 64 "an unknown option" pgw-list --nonsense
exits 64 "an operand" pgw-list -d spool operand
exits 0 "-h" pgw-list -h
like "$out" '^usage: pgw-list ' "prints the usage"
exits 0 "-V" pgw-list -V
like "$out" '^pgw-list [0-9.]+$' "prints the version"
exits 74 "a full stdout" sh -c 'pgw-list -d spool >/dev/full'
done_testing
