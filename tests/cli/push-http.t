#!/bin/bash
# pgw-push to a gateway over HTTP.
. "$(dirname "$0")/../lib.sh"

printf 'a 1\n' >one.prom
start_serve -d spool
gateway=$URL

exits 0 "to a base URL" pgw-push -u "$gateway" -j base one.prom
has "$(cat spool/groups/job=base.prom)" 'a{instance="",job="base"} 1' "is stored"
exits 0 "to a base URL with a slash at its end" pgw-push -u "$gateway/" -j slash one.prom
exits 0 "to a URL without scheme" pgw-push -u "127.0.0.1:$PORT" -j bare one.prom
exits 0 "to \$PGW_URL" env PGW_URL="$gateway" pgw-push -j env one.prom
exits 0 "to the URL of a group" pgw-push -u "$gateway/metrics/job/path/x/y" one.prom
exits 0 "to the URL of a group and a label" pgw-push --url "$gateway/metrics/job/path" -l x=z one.prom
is "$(group_files spool)" 'job=bare.prom
job=base.prom
job=env.prom
job=path,x=y.prom
job=path,x=z.prom
job=slash.prom' "all got there"
exits 0 "keys that a path can't carry" pgw-push -u "$gateway" -j 'a/b' -l empty= -l dot=. -l dots=.. -l u='ü %+?#' \
	one.prom
is "$(group_files spool | grep dot)" "job=a%2Fb,dot=.,dots=..,empty=,u=%C3%BC%20%25+%3F%23.prom" "arrive as they are"

exits 65 "what the gateway refuses" pgw-push -u "$gateway" -j bad <<<$'# TYPE a gauge\na 1'
like "$err" '^pgw-push: .*pushed metrics are invalid or inconsistent with existing metrics: .*a' "comes with its reason"
exits 65 "what does not parse" pgw-push -u "$gateway" -j bad <<<'a x'
is "$err" 'pgw-push: <stdin>:1:3: expected float as value, got "x"' "is found before it is sent"
exits 0 "-n sends nothing" pgw-push -n -u "$gateway" -j dry one.prom
ok "no group" test ! -e spool/groups/job=dry.prom

start_responder fake 200
exits 0 "POST by default" pgw-push -u "$URL" -j x one.prom
exits 0 "PUT with -r" pgw-push -r -u "$URL" -j x one.prom
exits 0 "a bare prefix" pgw-push -u "$URL/prefix/" -j x -l y=z one.prom
printf 'a 1' >unfinished.prom
exits 0 "a missing newline is mended" pgw-push -u "$URL" -j x unfinished.prom
tail -n +2 fake.log >requests
is "$($PYTHON -c 'import json,sys
for line in sys.stdin:
	r = json.loads(line)
	print(r["method"], r["path"], repr(r["body"]))' <requests)" "POST /metrics/job/x 'a 1\\n'
PUT /metrics/job/x 'a 1\\n'
POST /prefix/metrics/job/x/y/z 'a 1\\n'
POST /metrics/job/x 'a 1\\n'" "what was sent"
like "$(head -n 1 requests)" '"content-type": "text/plain; ?version=0.0.4' "with the format's type"
unlike "$(cat requests)" '"expect"' "without waiting for 100 Continue"

# answered STATUS EXIT
answered() {
	start_responder "answer-$1" "$1" $'because of this\nand that\033[31m'
	exits "$2" "the answer $1 is exit $2" pgw-push -u "$URL" -j x one.prom
}
answered 202 0
answered 408 75
answered 429 75
answered 400 65
like "$err" '^pgw-push: .*because of this' "with the reason"
is "$(tr -d '\n[:print:]' <err | wc -c)" 0 "and without terminal escapes"
is "$(wc -l <err)" 1 "in one line"
answered 404 65
answered 413 65
answered 401 77
answered 403 77
answered 500 69
answered 503 69
exits 69 "nobody there" pgw-push -u "http://127.0.0.1:$(free_port)" -j x one.prom
like "$err" '^pgw-push: .*127\.0\.0\.1' "is named"
exits 64 "a URL of another kind" pgw-push -u "ftp://127.0.0.1/" -j x one.prom
start_responder slow 200 "" 20
exits 69 "-t" pgw-push -t 1 -u "$URL" -j x one.prom
like "$err" '^pgw-push: .*([Tt]ime|timed out)' "ends the wait for a slow gateway"
done_testing
