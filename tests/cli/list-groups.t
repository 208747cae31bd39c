#!/bin/bash
# pgw-list: selections, order, names, colours, the view that redraws, and the groups of gateways.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway script

# age FILE SECONDS: the last push was so long ago.
age() {
	local time
	time=$(($(date +%s) - $2))
	sed -i -E "s/^# pgw push [0-9]+\./# pgw push $time./; /^# pgw family/d" "spool/groups/$1"
}
# The first column of the table, without its heading, in one line.
jobs_of() {
	tail -n +2 <<<"$out" | sed 's/ .*//' | tr '\n' ' '
}

pgw-push -d spool -j c -l instance=db1 <<<$'a 1\nb 2\nc 3'
pgw-push -d spool -j a -l instance=db2 <<<'a 1'
pgw-push -d spool -j b <<<$'a{x="1"} 1\na{x="2"} 2\na{x="3"} 3\na{x="4"} 4'
pgw-push -d spool -j b <<<$'# TYPE a counter\na 1' 2>/dev/null
age job=c,instance=db1.prom 90000
age job=a,instance=db2.prom 400

# --- which ---
exits 0 "-s" pgw-list -d spool -s '{instance=~"db."}'
is "$(jobs_of)" "a c " "lists what it selects"
exits 0 "-s twice" pgw-list -d spool -s '{job="a"}' --select 'instance=""'
is "$(jobs_of)" "a b " "lists what either selects"
exits 0 "-s with -j" pgw-list -d spool -s '{instance!=""}' -j c
is "$(jobs_of)" "c " "lists what has both"
exits 64 "a bad selector" pgw-list -d spool -s '{job'
is "$(head -n 1 <<<"$err")" 'pgw-list: --select: "{job": column 5: expected =, !=, =~ or !~ after the name of a label' \
	"is refused"
exits 0 "--older-than" pgw-list -d spool --older-than 5m
is "$(jobs_of)" "a c " "lists by the last push"
exits 0 "--failed" pgw-list -d spool --failed
is "$(jobs_of)" "b " "lists those whose last push was refused"

# --- in which order ---
sorted() {
	exits 0 "$*" pgw-list -d spool "${@:2}"
	is "$(jobs_of)" "$1" "$* is that order"
}
sorted 'a b c '
sorted 'c b a ' -r
sorted 'a b c ' --sort job
sorted 'c b a ' --sort job -r
sorted 'b c a ' --sort labels
sorted 'b a c ' --sort PUSHED
sorted 'c a b ' --reverse --sort Pushed
sorted 'b a c ' --sort failed
sorted 'a b c ' --sort families
sorted 'a c b ' --sort series
sorted 'a c b ' --sort failed -r
exits 0 "--sort bytes" pgw-list -d spool --sort bytes
is "$(tail -n +2 <<<"$out" | awk '{ print $(NF - 1) }')" \
	"$(tail -n +2 <<<"$out" | awk '{ print $(NF - 1) }' | sort -n)" "sorts numbers"
exits 64 "no column" pgw-list -d spool --sort age
is "$(head -n 1 <<<"$err")" 'pgw-list: --sort: "age": not a column of the table' "is refused"
exits 0 "JSON" pgw-list -d spool --json --sort pushed -s '{instance=~"db."}'
is "$($PYTHON -c 'import json, sys; print([g["labels"]["job"] for g in json.load(sys.stdin)["groups"]])' <<<"$out")" \
	"['a', 'c']" "is selected and sorted as well"

# --- names ---
pgw-push -d spool -j $'x\ny' -l $'z=\033[31m"' <<<'a 1'
exits 0 "-0" pgw-list -d spool -0
is "$(tr '\0' '\n' <"$SCRATCH/out")" '{job="a",instance="db2"}
{job="b"}
{job="c",instance="db1"}
{job="x\ny",z="\x1b[31m\""}' "prints keys, with a NUL byte after each"
is "$(pgw-list -d spool -0 | xargs -0 -n 1 pgw-list -d spool -0 -s | tr '\0' '\n' | sort -u | wc -l)" 4 \
	"which are selectors"
pgw-delete -d spool -s '{job=~"x.*"}'
for pair in "--json -0" "-0 -w" "--json --watch"; do
	# shellcheck disable=SC2086
	exits 64 "$pair" pgw-list -d spool $pair
	is "$(head -n 1 <<<"$err")" "pgw-list: only one of --json, -0 and --watch can be given" "is too much"
done

# --- on a terminal ---
# typed VARIABLES COMMAND: its output on a terminal.
typed() {
	# shellcheck disable=SC2086
	out=$(env $1 script -qec "$2" /dev/null </dev/null | tr -d '\r')
}
exits 0 "to a file" pgw-list -d spool
unlike "$out" $'\033' "no colours"
typed TERM=xterm 'pgw-list -d spool'
like "$out" $'\033\\[1mJOB\033\\[m' "a bold heading on a terminal"
is "$(grep -o $'\033\\[31m[0-9]*s' <<<"$out" | wc -l)" 1 "a failed push in red"
typed 'TERM=xterm NO_COLOR=1' 'pgw-list -d spool'
unlike "$out" $'\033' "no colours with NO_COLOR"
typed 'TERM=xterm NO_COLOR=' 'pgw-list -d spool'
like "$out" $'\033\\[1mJOB' "an empty one says nothing"
typed TERM=dumb 'pgw-list -d spool'
unlike "$out" $'\033' "nor on a dumb terminal"

exits 64 "--watch to a file" pgw-list -d spool --watch
is "$(head -n 1 <<<"$err")" 'pgw-list: --watch needs a terminal on standard output' "is refused"
# watch SIZE COMMAND: runs it on a terminal of that size until it is signalled; its output is in the file screen.
watch() {
	rm -f screen watch.pid
	start watch script -qfec "stty $1; echo \$\$ >watch.pid; exec $2" screen
	watcher=$pid
}
# shows REGEX NAME: the screen comes to show it.
shows() {
	await "$2" grep -qaE "$1" screen && pass "$2"
}
watch 'rows 24 cols 200' 'pgw-list -d spool --watch'
shows '3 groups, [0-9]+ series, 0 files left out  spool' "--watch has a summary"
shows $'^\033\\[1mJOB|JOB' "and the table"
pgw-push -d spool -j new <<<'a 1'
shows '4 groups' "and sees a new group"
echo bad >spool/groups/job=bad.prom
shows '1 files left out' "and a file that is left out"
kill -INT "$(cat watch.pid)"
wait "$watcher"
is $? 130 "SIGINT ends it"
like "$(tail -c 120 screen)" $'\033\\[\\?25h\033\\[\\?1049l' "and the screen is as before"
# A shell with jobs, since nobody could continue a program without one.
cat >job <<'END'
sh -c 'echo $$ >job.pid; exec pgw-list -d spool --watch'
echo "stopped: $?"
fg >/dev/null
END
watch 'rows 24 cols 80' 'bash --norc -i job'
shows '4 groups' "--watch as a job"
kill -TSTP "$(cat job.pid)"
shows 'stopped: 148' "a stop is one"
like "$(tr -d '\r' <screen)" $'\033\\[\\?25h\033\\[\\?1049l.*stopped: 148' "which gives the screen back"
await "and takes it again" sh -c '[ "$(grep -ao "1049h" screen | wc -l)" -ge 2 ]'
kill -INT "$(cat job.pid)"
wait "$watcher"

watch 'rows 6 cols 20' 'pgw-list -d spool -w1'
shows 'and 3 more' "a small window has what fits"
is "$(tr -d '\r' <screen | grep -a '^a ' | head -n 1)" $'a    instance="db2" \033[K' "and cuts lines"
kill -TERM "$(cat watch.pid)"
wait "$watcher"
is $? 143 "SIGTERM ends it"
watch 'rows 24 cols 80' 'pgw-list -d nowhere --watch'
wait "$watcher"
is $? 73 "no spool to watch"
ok "the screen is left alone" sh -c '! grep -qa 1049 screen'

# --- gateways ---
try_gateway() {
	curl -s -f --data-binary @- "$URL/metrics/job/a/instance/db1" <<<$'a 1\nb 2'
	curl -s -f --data-binary @- "$URL/metrics/job/b" <<<$'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="+Inf"} 2\nh_count 2\nh_sum 3'
	curl -s --data-binary @- "$URL/metrics/job/b" <<<$'# TYPE a counter\na 1' >/dev/null
	exits 0 "$1" pgw-list -u "$URL"
	is "$(sed -E 's/ +[0-9]+s / AGE /; s/ +[0-9]+s / AGE /; s/  +/ /g' <<<"$out")" \
		'JOB LABELS PUSHED FAILED FAMILIES SERIES BYTES TTL
a instance="db1" AGE - 4 4 - -
b - AGE AGE 3 3 - -' "has a table"
	exits 0 "$1: --failed" pgw-list -u "$URL" --failed
	is "$(jobs_of)" "b " "lists those whose last push was refused"
	exits 0 "$1: JSON" pgw-list -u "$URL" --json -s '{instance="db1"}'
	is "$(sed -E 's/"push_time_seconds":1[^,]*/"push_time_seconds":TIME/' <<<"$out")" \
		'{"groups":[{"labels":{"instance":"db1","job":"a"},"push_time_seconds":TIME,"push_failure_time_seconds":0,"families":4,"series":4,"file":"job=a,instance=db1.prom"}],"rejected":[]}' "has what is known"
	exits 0 "$1: names" pgw-list -u "$URL" -0
	is "$(tr '\0' ' ' <"$SCRATCH/out")" '{job="a",instance="db1"} {job="b"} ' "are those of a spool"
	exits 0 "$1: a group's URL" pgw-list -u "$URL/metrics/job/b"
	is "$(jobs_of)" "b " "selects by its labels"
	exits 0 "$1: by the environment" env PGW_URL="$URL" pgw-list --older-than 1h
	is "$(jobs_of)" "" "no group is that old"
}
served_port=$(free_port)
SERVE_PORT=$served_port start_serve -d served
pid_served=$pid
try_gateway pgw-serve
watch 'rows 24 cols 100' "pgw-list -u $URL --watch=0.2"
shows "2 groups, 7 series, 0 files left out  $URL" "--watch of a gateway"
pgw-push -d served -j c <<<'a 1'
shows '3 groups' "asks again"
kill -KILL "$pid_served"
wait "$pid_served" 2>/dev/null
shows "[0-9]  $URL/api/v1/metrics: Failed to connect" "says that the gateway is away"
cp screen screen.before
SERVE_PORT=$served_port start_serve -d served
back() {
	tail -c "+$(stat -c %s screen.before)" screen | grep -qa '3 groups'
}
await "and goes on when it is back" back && pass "and goes on when it is back"
kill -TERM "$(cat watch.pid)"
wait "$watcher"
start_responder once '200,never' '{"data":[]}'
watch 'rows 24 cols 100' "pgw-list -u $URL --watch=0.2 -t 1d"
asked_twice() {
	[ "$(grep -c '"GET"' once.log)" -eq 2 ]
}
await "a gateway that stops to answer" asked_twice
kill -INT "$(cat watch.pid)"
wait "$watcher"
is $? 130 "doesn't hold up SIGINT"
like "$(tail -c 120 screen)" $'\033\\[\\?25h\033\\[\\?1049l' "which gives the screen back"
start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
	--web.listen-address=127.0.0.1:PORT
URL=http://127.0.0.1:$PORT
try_gateway upstream
start_responder forbids 401
exits 77 "a gateway that forbids" pgw-list -u "$URL"
start_responder hangs 200 '{"data":[]}' 60
exits 69 "one that takes too long" pgw-list -t 0.2 -u "$URL"
exits 64 "two gateways" pgw-list -u "$URL" -u localhost:1
is "$(head -n 1 <<<"$err")" 'pgw-list: groups can be listed of one gateway at a time (-u)' "are too much"
exits 64 "a spool and a gateway" pgw-list -d spool -u "$URL"
done_testing
