#!/bin/bash
# pgw-delete of several groups: by their names, by selectors, by age; from a spool, pgw-serve and the upstream.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway script

fill() {
	rm -rf spool
	pgw-push -d spool -j backup <<<'a 1'
	pgw-push -d spool -j backup -l instance=db1 <<<'a 1'
	pgw-push -d spool -j backup_log -l instance=db2 <<<'a 1'
	pgw-push -d spool -j node -l instance=db1 <<<'a 1'
}
# age FILE SECONDS: the last push was so long ago.
age() {
	local time
	time=$(($(date +%s) - $2))
	sed -i -E "s/^# pgw push [0-9]+\./# pgw push $time./; /^# pgw family/d" "spool/groups/$1"
}
backup='job=backup.prom'
backup_db1='job=backup,instance=db1.prom'
log_db2='job=backup_log,instance=db2.prom'
node_db1='job=node,instance=db1.prom'
all="$backup_db1
$backup
$log_db2
$node_db1"

# --- selectors ---
fill
exits 0 "-s" pgw-delete -d spool -s '{job=~"backup.*",instance!=""}'
is "$(group_files spool)" "$backup"$'\n'"$node_db1" "deletes what it selects"
is "$out$err" "" "and says nothing"
fill
exits 0 "-s twice" pgw-delete -v -d spool -s 'instance="db2"' --select '{job="node"}'
is "$(group_files spool)" "$backup_db1"$'\n'"$backup" "deletes what either selects"
is "$err" 'pgw-delete: {job="backup_log",instance="db2"}: deleted
pgw-delete: {job="node",instance="db1"}: deleted' "-v names each"
fill
exits 0 "-s with -j and -l" pgw-delete -d spool -s '{instance=~"db."}' -j backup -l instance=db1
is "$(group_files spool)" "$backup"$'\n'"$log_db2"$'\n'"$node_db1" "deletes what has all of them"
fill
exits 0 "-l with an empty value" pgw-delete -d spool -a -l instance=
is "$(group_files spool)" "$backup_db1"$'\n'"$log_db2"$'\n'"$node_db1" "selects the groups without that label"
exits 64 "a bad selector" pgw-delete -d spool -s '{job=}'
is "$(head -n 1 <<<"$err")" 'pgw-delete: --select: "{job=}": column 6: expected a string in quotes' "has its column"
exits 64 "an empty one" pgw-delete -d spool -s '{}'
is "$(head -n 1 <<<"$err")" 'pgw-delete: --select: "{}": a selector without a matcher would select every group' \
	"is refused"
pgw-push -d deep -j aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabc <<<'a 1'
exits 64 "a regular expression that runs away" pgw-delete -d deep -s '{job=~"(?:(?:a|a)*)*b"}'
like "$err" '^pgw-delete: the regular expression ".*" takes too long to match "a*bc"' "has an end"
is "$(group_files deep | wc -l)" 1 "and deletes nothing"
is "$(group_files spool)" "$backup_db1"$'\n'"$log_db2"$'\n'"$node_db1" "changes nothing"

# --- age ---
fill
age "$backup" 86400
age "$log_db2" 3000000
exits 0 "--older-than" pgw-delete -d spool --older-than 30d
is "$(group_files spool)" "$backup_db1"$'\n'"$backup"$'\n'"$node_db1" "deletes by the last push"
exits 0 "--older-than with -s" pgw-delete -d spool --older-than 23h -s '{instance!=""}'
is "$(group_files spool)" "$backup_db1"$'\n'"$backup"$'\n'"$node_db1" "deletes what both have"
pgw-push -d spool -j refused <<<$'# TYPE a counter\na 1' 2>/dev/null
exits 0 "a push that was just refused" pgw-delete -d spool --older-than 1h
is "$(group_files spool)" "$backup_db1"$'\n'"$node_db1"$'\njob=refused.prom' "is a push"
exits 64 "a bad age" pgw-delete -d spool --older-than 1y
is "$(head -n 1 <<<"$err")" 'pgw-delete: --older-than: "1y": not an age, such as 30, 90s, 15m, 24h or 7d' "is refused"

# --- all, -n, -e ---
fill
exits 0 "-n" pgw-delete -n -d spool -a -j backup
is "$out" '{job="backup",instance="db1"}
{job="backup"}' "prints the groups that would go"
is "$(group_files spool)" "$all" "and keeps them"
exits 0 "-a" pgw-delete -d spool --all
is "$(group_files spool)" '(none)' "deletes all"
exits 0 "-a of nothing" pgw-delete -d spool -a
exits 1 "-e" pgw-delete -e -d spool -a
is "$out$err" "" "is 1 where nothing matched"
exits 1 "-e of one group" pgw-delete --error-unmatch -d spool -j backup
exits 1 "-e and -n" pgw-delete -en -d spool -s '{job="backup"}'
fill
exits 0 "-e of a group that is there" pgw-delete -e -d spool -j backup
exits 0 "-e and -n of one" pgw-delete -en -d spool -s '{job="backup"}'
echo 'not metrics' >spool/groups/job=broken.prom
echo 'not metrics' >spool/groups/other.prom
exits 0 "-n of files that are left out" pgw-delete -n -d spool -a
is "$(tail -n 2 <<<"$out")" '{job="broken"}
"other.prom"' "names them"
exits 0 "-s of one" pgw-delete -d spool -s '{job=~"b.*n"}' -s '{other=""}'
is "$(group_files spool)" 'other.prom' "deletes those that have labels"
exits 0 "-a" pgw-delete -vd spool -a
is "$err" "pgw-delete: other.prom: deleted" "deletes them"
is "$(group_files spool)" '(none)' "all"

# --- names ---
fill
exits 0 "names as arguments" pgw-delete -v -d spool '{job="backup"}' "{instance='db1', job='node'}" '{job="none"}'
is "$(group_files spool)" "$backup_db1"$'\n'"$log_db2" "are deleted"
is "$err" 'pgw-delete: {job="backup"}: deleted
pgw-delete: {job="node",instance="db1"}: deleted
pgw-delete: {job="none"}: not there' "exactly those"
exits 0 "names on standard input" pgw-delete \
	-0 -d spool < <(printf '{job="backup",instance="db1"}\0{job="backup_log",instance="db2"}')
is "$(group_files spool)" '(none)' "are deleted, the last one also without a NUL byte"
fill
pgw-push -d spool -j $'a\nb' -l 'path=/x"y\' <<<'a 1'
exits 0 "pgw-list -0 | pgw-delete -0" sh -c 'pgw-list -0 -d spool | pgw-delete -0 -d spool'
is "$(group_files spool)" '(none)' "deletes all"
fill
pgw-push -d spool -j $'a\nb' -l 'path=/x"y\' <<<'a 1'
exits 0 "pgw-list -0 | xargs -0 pgw-delete" \
	sh -c 'pgw-list -0 -d spool -s "{instance!=\"db1\"}" | xargs -0 -n 2 pgw-delete -0 -d spool'
is "$(group_files spool)" "$backup_db1"$'\n'"$node_db1" "too"
exits 0 "no name at all" pgw-delete -0 -d spool </dev/null
exits 1 "is nothing for -e" pgw-delete -0e -d spool </dev/null
exits 65 "a bad name" pgw-delete -0 -d spool < <(printf '{job="backup",instance="db1"}\0{job=~"a"}\0')
is "$err" 'pgw-delete: <stdin>: "{job=~\"a\"}": column 2: the labels of one group are given with =' \
	"tells what is wrong"
is "$(group_files spool)" "$backup_db1"$'\n'"$node_db1" "and deletes nothing"
exits 64 "a bad argument" pgw-delete -d spool backup
is "$(head -n 1 <<<"$err")" 'pgw-delete: "backup": column 7: expected =, !=, =~ or !~ after the name of a label' "too"
exits 66 "a closed standard input" sh -c 'pgw-delete -0 -d spool <&-'
both='pgw-delete: groups are given by their names or selected, not both'
exits 64 "a name and -a" pgw-delete -d spool -a '{job="x"}'
is "$(head -n 1 <<<"$err")" "$both" "are too much"
exits 64 "-0 and -j" pgw-delete -d spool -0 -j x
is "$(head -n 1 <<<"$err")" "$both" "are too much"
exits 64 "a name and the URL of a group" pgw-delete -u localhost:1/metrics/job/a '{job="x"}'
is "$(head -n 1 <<<"$err")" "$both" "are too much"
exits 64 "nothing" pgw-delete -d spool
is "$(head -n 1 <<<"$err")" 'pgw-delete: which groups? Give a job (-j), a selection (-s, --older-than, --expired) or all (-a)' "is too little"

# --- questions ---
# ask ANSWER COMMAND: runs it on a terminal, which doesn't show the answer: it would at any moment.
ask() {
	run script -E never -qec "$2" /dev/null <<<"$1"
	out=$(tr -d '\r' <<<"$out")
}
fill
ask n 'pgw-delete -d spool -s "{job=~\"backup.*\"}"'
is "$status" 1 "n is no"
is "$out" '{job="backup",instance="db1"}
{job="backup"}
{job="backup_log",instance="db2"}
pgw-delete: delete these 3 groups? [y/N] pgw-delete: nothing was deleted' "the question names the groups"
is "$(group_files spool)" "$all" "and they stay"
ask '' 'pgw-delete -d spool -a'
is "$status" 1 "nothing is no"
ask y 'pgw-delete -d spool -s "{job=~\"backup.*\"}"'
is "$status" 0 "y is yes"
is "$(group_files spool)" "$node_db1" "the groups go"
ask n 'pgw-delete -d spool -a'
is "$status" 0 "one group is no question"
is "$(group_files spool)" "(none)" "it goes"
fill
ask n 'pgw-delete -f -d spool -a'
is "$status" 0 "-f doesn't ask"
is "$(group_files spool)" "(none)" "the groups go"
for i in 1 2 3 4 5 6 7 8 9 10 11 12; do pgw-push -d spool --no-sync -j "$i" <<<'a 1'; done
ask n 'pgw-delete -d spool -a'
like "$out" 'and 2 more
pgw-delete: delete these 12 groups\?' "many are not named all"

# --- gateways ---
refill() {
	for group in backup backup/instance/db1 backup_log/instance/db2 "node/instance/db1/path@base64/L2E="; do
		curl -s -f --data-binary @- "$URL/metrics/job/$group" <<<'a 1'
	done
}
# The groups of a gateway.
groups() {
	curl -s "$URL/api/v1/metrics" | $PYTHON -c '
import json, sys
print("\n".join(sorted(",".join(k + "=" + v for k, v in sorted(g["labels"].items())) for g in json.load(sys.stdin)["data"])))'
}
try_gateway() {
	refill
	exits 0 "$1: -n -s" pgw-delete -n -u "$URL" -s '{job=~"backup.*",instance!=""}'
	is "$out" '{job="backup",instance="db1"}
{job="backup_log",instance="db2"}' "prints the groups"
	exits 0 "$1: -s" pgw-delete -v -u "$URL" -s '{job=~"backup.*",instance!=""}'
	is "$(sort <<<"$err")" 'pgw-delete: {job="backup",instance="db1"}: deleted
pgw-delete: {job="backup_log",instance="db2"}: deleted' "names those that went"
	is "$(groups)" 'instance=db1,job=node,path=/a
job=backup' "the others stay"
	exits 0 "$1: --older-than" pgw-delete -u "$URL" --older-than 1h
	is "$(groups)" 'instance=db1,job=node,path=/a
job=backup' "spares the young"
	exits 0 "$1: --older-than" pgw-delete -u "$URL/metrics/job/backup" --older-than 0
	is "$(groups)" 'instance=db1,job=node,path=/a' "takes the old, and labels from the URL"
	exits 1 "$1: -e of a group that is not there" pgw-delete -e -u "$URL" -j backup
	exits 0 "$1: -e of one that is" pgw-delete -e -u "$URL" '{job="node",path="/a",instance="db1"}' '{job="backup"}'
	is "$(groups)" '' "which goes"
	exits 1 "$1: -e with a selection" pgw-delete -e -u "$URL" -a
	for i in $(seq 50); do curl -s --data-binary @- "$URL/metrics/job/$i" <<<'a 1'; done
	exits 0 "$1: -a" pgw-delete -u "$URL" -a
	is "$(groups)" '' "deletes all"
	refill
	exits 0 "$1: names" sh -c "pgw-list -0 -u '$URL' -j backup | pgw-delete -0 -u '$URL'"
	is "$(groups)" 'instance=db1,job=node,path=/a
instance=db2,job=backup_log' "can be those of a list"
}
start_serve -d served
try_gateway pgw-serve
start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
	--web.listen-address=127.0.0.1:PORT
URL=http://127.0.0.1:$PORT
try_gateway upstream

# --- families named like what a gateway's list has besides ---
# hide GROUP...: groups with such families.
hide() {
	for group; do
		curl -s -f --data-binary $'labels 1\nlast_push_successful 2\npgw_labels 3\n' "$URL/metrics/job/$group"
	done
}
same_groups=(b/instance/x "c/instance@base64/=" d/instance/y/metrics/z)
pgw-delete -u "$URL" -a
hide a "${same_groups[@]}"
uncertain='a metric family named labels hides whether the group has an empty label instance'
exits 0 "upstream: families named labels" pgw-list -u "$URL" -0
is "$out" '{job="b",instance="x"}{job="d",instance="y",metrics="z"}' "hide no group that has an instance"
is "$err" "pgw-list: job=a.prom: left out: $uncertain
pgw-list: job=c.prom: left out: $uncertain" "the others are named"
exits 0 "upstream: -n" pgw-delete -n -u "$URL" -a
is "$out" '{job="b",instance="x"}
{job="d",instance="y",metrics="z"}' "shows what is certain"
is "$err" "pgw-delete: {job=\"a\"}: stays: $uncertain
pgw-delete: {job=\"c\"}: stays: $uncertain" "and what isn't"
exits 65 "upstream: -a" pgw-delete -v -u "$URL" -a
has "$err" 'pgw-delete: 2 of 4 groups could not be deleted' "deletes what is certain"
has "$err" "pgw-delete: {job=\"a\"}: $URL/metrics/job/a: stays: $uncertain" "and tells of the others"
exits 65 "upstream: one of them" pgw-delete -u "$URL" -s '{job="c"}'
is "$err" "pgw-delete: $URL/metrics/job/c: stays: $uncertain" "stays"
exits 0 "upstream: one that is named" pgw-delete -e -u "$URL" -j a
exits 0 "upstream: and the other" pgw-delete -u "$URL" -j c -l instance=
printf 'url = "%s/metrics/job/large/x/%070000d"\ndata-binary = "a 1\n"\n' "$URL" 0 >large
curl -s -f -K large
curl -s -f --data-binary @- "$URL/metrics/job/small" <<<'a 1'
exits 65 "upstream: labels over the limits" pgw-delete -v -u "$URL" -a
has "$err" 'pgw-delete: {job="small"}: deleted' "keep no other group"
has "$err" "pgw-delete: {job=\"large\"}: $URL/metrics/job/large: stays: value of label \"x\" is longer than 65536 bytes" \
	"and stay"
sed -i 's/^data.*/request = DELETE/' large
curl -s -f -K large
is "$(pgw-list -u "$URL" -0 2>&1)" "" "are gone"
start_serve -d hidden
hide a "${same_groups[@]}"
exits 0 "pgw-serve: families named labels" pgw-list -u "$URL" -0
is "$out$err" '{job="a"}{job="b",instance="x"}{job="c",instance=""}{job="d",instance="y",metrics="z"}' "hide no group"
exits 0 "pgw-serve: one of two" pgw-delete -v -e -u "$URL" -s '{job="c"}'
is "$err" 'pgw-delete: {job="c",instance=""}: deleted' "is the right one"
exits 0 "pgw-serve: -a" pgw-delete -u "$URL" -a
is "$(pgw-list -u "$URL" -0 2>&1)" "" "deletes all"

list='{"status":"success","data":[{"labels":{"job":"a"}},{"labels":{"job":"b"}},{"labels":{"job":"c"}}]}'
# A gateway that lists groups and refuses to delete them.
start refuses $PYTHON -c '
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
	def do_GET(self):
		self.send_response(200)
		self.end_headers()
		self.wfile.write(sys.argv[1].encode())
	def do_DELETE(self):
		self.send_response(int(sys.argv[2]) if self.path.endswith("b") else 202)
		self.end_headers()
		self.wfile.write(b"no\n")
	def log_message(self, *arguments):
		pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print("http://127.0.0.1:%d" % server.server_port, flush=True)
server.serve_forever()' "$list" 403
await "it is ready" grep -q ^http refuses.log
URL=$(cat refuses.log)
exits 77 "a gateway that forbids one" pgw-delete -u "$URL" -a
is "$(tail -n 1 <<<"$err")" 'pgw-delete: 1 of 3 groups could not be deleted' "tells how many"
is "$(head -n 1 <<<"$err")" "pgw-delete: {job=\"b\"}: $URL/metrics/job/b: 403: no" "and which"
for list in '' '[' '[]' '{"data":{}}' '{"data":[1]}' '{"data":[{"labels":{"job":1}}]}' \
	'{"data":[{"labels":{"x":"y"}}]}' \
	'{"data":[{"labels":{"job":"a","job":"b"}}]}' '{"data":[{"labels":{"job":"a"},"labels":{"job":"b"}}]}' \
	'{"data":[{"labels":{"metrics":[]},"push_time_seconds":{"metrics":[{"labels":{"metrics":[]}}]}}]}' \
	'{"data":[{"labels":{"job":"a","__x":"y"}}]}' "$(printf '[%.0s' {1..17})"; do
	start_responder lies 200 "$list"
	exits 69 "a list of $list" pgw-delete -u "$URL" -a
	like "$err" "^pgw-delete: $URL/api/v1/metrics: the answer is no list of groups: " "is none"
done
start_responder missing 404 'no such page'
exits 65 "a gateway without lists" pgw-delete -u "$URL" -a
like "$err" 'api/v1/metrics: .*404.*no such page' "has its answer in the message"
start_responder fails 500
exits 69 "one that fails" pgw-delete -u "$URL" -s '{job="a"}'
exits 69 "none there" pgw-delete -u "http://127.0.0.1:$(free_port)" -a
done_testing
