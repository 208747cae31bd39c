#!/bin/bash
# pgw-serve: its ways in, two servers on one spool, and its end.
. "$(dirname "$0")/../lib.sh"
need socat

get='GET /-/healthy HTTP/1.0\r\n\r\n'
post='POST /metrics/job/pipe HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nConnection: close\r\n\r\np 1\n'

# A pipe
# shellcheck disable=SC2059
like "$(printf "$get" | pgw-serve -d spool -i)" $'^HTTP/1\\.[01] 200 OK\r\n.*\r\n\r\nOK$' \
	"-i answers a request in a pipe"
# shellcheck disable=SC2059
like "$(printf "$post" | pgw-serve -d spool --inetd)" $'^HTTP/1\\.1 200 OK\r\n' "--inetd a push"
has "$(cat spool/groups/job=pipe.prom)" 'p{instance="",job="pipe"} 1' "which is stored"
exits 0 "no request" pgw-serve -d spool -i </dev/null
is "$out" "" "no answer"
# shellcheck disable=SC2059
exits 0 "two requests" sh -c "printf '${get/1.0/1.1\\r\\nHost: x}$get' | pgw-serve -d spool -i"
is "$(grep -ac '^\(OK\)*HTTP/1' out)" 2 "two answers"

# A connection, as inetd nowait has it; a listening socket, as inetd wait has it.
PORT=$(free_port)
start nowait socat "TCP-LISTEN:$PORT,bind=127.0.0.1,reuseaddr,fork" "EXEC:pgw-serve -d spool,nofork"
await "socat listens" curl -s -o /dev/null "http://127.0.0.1:$PORT/-/healthy"
answers 200 "a connected socket as fd 0" POST "http://127.0.0.1:$PORT/metrics/job/nowait" --data-binary $'n 1\n'
answers 200 "again" GET "http://127.0.0.1:$PORT/metrics"
has "$body" 'n{instance="",job="nowait"} 1' "has what the first stored"
cat >listen.py <<'END'
import os, socket, sys
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen()
print(listener.getsockname()[1], flush=True)
os.dup2(listener.fileno(), 0)
os.execvp(sys.argv[1], sys.argv[1:])
END
start wait $PYTHON listen.py pgw-serve -d spool
await "a port" grep -q '^[0-9]' wait.log
answers 200 "a listening socket as fd 0" GET "http://127.0.0.1:$(head -n 1 wait.log)/-/healthy"
stops TERM "$pid" 0 "ends with 0"

# Addresses
start several pgw-serve -d spool --web.listen-address=127.0.0.1:0 --web.listen-address=127.0.0.2:0 \
	--web.listen-address=unix:"$SCRATCH/socket"
several=$pid
await "three ready lines" sh -c '[ "$(grep -c "^pgw-serve: listening on " several.log)" -eq 3 ]'
for url in $(sed -n 's/^pgw-serve: listening on \(http:[^ ]*\).*/\1/p' several.log); do
	answers 200 "${url%:*}" GET "$url/-/healthy"
done
answers 200 "a unix socket" GET http://localhost/-/healthy --unix-socket "$SCRATCH/socket"
stops TERM "$several" 0 "ends with 0"
ok "its socket is gone" test ! -e "$SCRATCH/socket"

# IPv6, and all addresses
# shellcheck disable=SC2317 # called by await
ready() {
	grep -q '^pgw-serve: listening on ' "$1.log"
}
if grep -q '^0\{31\}1 ' /proc/net/if_inet6 2>/dev/null; then
	port=$(free_port)
	start six pgw-serve -d spool --web.listen-address="[::1]:$port"
	await "it is ready" ready six
	is "$(cat six.log)" "pgw-serve: listening on http://[::1]:$port" "[::1]:PORT has brackets"
	answers 200 "is IPv6" GET "http://[::1]:$port/-/healthy"
	answers 000 "and nothing else" GET "http://127.0.0.1:$port/-/healthy"
	stops TERM "$pid" 0 "ends with 0"
	start all pgw-serve -d spool --web.listen-address=:0
	await "it is ready" ready all
	like "$(cat all.log)" '^pgw-serve: listening on http://\[::]:[0-9]+$' ":0 is every address"
	port=$(sed -n 's/^pgw-serve: listening on .*://p' all.log)
	answers 200 "of IPv6" GET "http://[::1]:$port/-/healthy"
	answers 200 "and of IPv4" GET "http://127.0.0.1:$port/-/healthy"
	stops TERM "$pid" 0 "ends with 0"
else
	skip "[::1]:0 and :0" "no IPv6 here"
fi

# A socket file
# listen NAME SOCKET
listen() {
	start "$1" pgw-serve -d spool --web.listen-address=unix:"$2"
	await "$1 is ready" ready "$1"
}
listen killed "$SCRATCH/sock"
kill -KILL "$pid"
wait "$pid" 2>/dev/null
ok "a server that is killed leaves its socket file" test -S sock
listen again "$SCRATCH/sock"
again=$pid
answers 200 "the next one replaces it" GET http://localhost/-/healthy --unix-socket sock
exits 69 "one in use is kept" timeout $DEADLINE pgw-serve -d spool --web.listen-address=unix:"$SCRATCH/sock"
like "$err" "^pgw-serve: cannot listen on unix:$SCRATCH/sock: Address already in use " "and named"
answers 200 "its server goes on" GET http://localhost/-/healthy --unix-socket sock
echo mine >plain
exits 69 "a file that is no socket" pgw-serve -d spool --web.listen-address=unix:"$SCRATCH/plain"
is "$(cat plain)" mine "is kept"

# The clients on a socket file
exits 0 "pgw-push -u unix:" pgw-push -u "unix:$SCRATCH/sock" -j file -l x=y <<<'f 1'
has "$(cat spool/groups/job=file,x=y.prom)" 'f{instance="",job="file",x="y"} 1' "pushes"
exits 0 "the URL of a group there" pgw-push -u "unix:$SCRATCH/sock:/metrics/job/file/x/z" <<<'f 2'
has "$(cat spool/groups/job=file,x=z.prom)" 'f{instance="",job="file",x="z"} 2' "is pushed to"
start_responder target 200 $'r 1\n'
exits 0 "pgw-scrape-relay -u unix:" pgw-scrape-relay -u "unix:$SCRATCH/sock" -j relay "$URL/metrics"
has "$(cat spool/groups/job=relay.prom)" 'r{instance="",job="relay"} 1' "pushes"
start exporter socat "UNIX-LISTEN:$SCRATCH/exporter,fork" "TCP:127.0.0.1:$PORT"
await "socat listens" test -S exporter
exits 0 "from one socket file to another" pgw-scrape-relay -u "unix:$SCRATCH/sock" -j both \
	"unix:$SCRATCH/exporter:/metrics"
has "$(cat spool/groups/job=both.prom)" 'r{instance="",job="both"} 1' "too"
exits 0 "pgw-delete -u unix:" pgw-delete -u "unix:$SCRATCH/sock" -j file -l x=y
ok "deletes" test ! -e spool/groups/job=file,x=y.prom
stops TERM "$again" 0 "ends with 0"
exits 69 "nobody there" pgw-push -u "unix:$SCRATCH/sock" -j file <<<'f 1'
like "$err" "^pgw-push: unix:$SCRATCH/sock:/metrics/job/file: " "is named"

start_serve -d spool
taken=$PORT
exits 69 "an address that is taken" timeout $DEADLINE pgw-serve -d spool --web.listen-address=127.0.0.1:"$taken"
like "$err" "127\.0\.0\.1:$taken" "is named"
answers 200 "a second one beside it" GET "$URL/-/healthy"

# Two servers on one spool
first=$URL
first_pid=$pid
SERVE_NAME=second start_serve -d spool
second=$URL
for i in 1 2 3 4 5; do
	request POST "$first/metrics/job/shared" --data-binary $'s '"$i"$'\n'
	request GET "$second/metrics"
	has "$body" "s{instance=\"\",job=\"shared\"} $i" "the second sees push $i of the first"
done
pgw-push -d spool -j shared <<<'s 6'
request GET "$second/metrics"
has "$body" 's{instance="",job="shared"} 6' "and one of pgw-push"
answers 400 "a type that clashes with the other's group" POST "$second/metrics/job/other" \
	--data-binary $'# TYPE s gauge\ns 1\n'
answers 202 "a DELETE on the second" DELETE "$second/metrics/job/shared"
request GET "$first/metrics"
unlike "$body" 'job="shared"' "is seen by the first"
answers 200 "now the type is free" POST "$first/metrics/job/other" --data-binary $'# TYPE s gauge\ns 1\n'
answers 400 "and fixed for both" POST "$second/metrics/job/shared" --data-binary $'s 1\n'
stops INT "$first_pid" 0 "SIGINT ends it with 0"
stops TERM "$pid" 0 "SIGTERM too"

# begin_upload JOB: the first half of a body, on descriptor 9. The server has asked for it, so it has seen the request.
begin_upload() {
	local line
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	printf 'POST /metrics/job/%s HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\nExpect: 100-continue\r\n\r\n' "$1" >&9
	read -r -t $DEADLINE line <&9
	is "$line" $'HTTP/1.1 100 Continue\r' "an upload begins"
	read -r -t $DEADLINE line <&9
	is "$line" $'\r' "and may go on"
	printf 'a 1\n' >&9
}

# SIGTERM while a body comes in
start_serve -d spool
begin_upload slow
kill -TERM "$pid"
await "new connections are refused" sh -c "! curl -s -m 5 -o /dev/null '$URL/-/healthy'"
ok "it waits for the upload" kill -0 "$pid"
printf 'b 2\n' >&9
like "$(timeout $DEADLINE cat <&9)" '^HTTP/1\.1 200 ' "the upload is answered with 200"
exec 9>&-
wait "$pid"
is $? 0 "then it ends with 0"
has "$(cat spool/groups/job=slow.prom)" 'b{instance="",job="slow"} 2' "and all is stored"

# A second signal
start_serve -d spool --web.shutdown-timeout=1h
begin_upload never
kill -TERM "$pid"
await "it stops" grep -q msg=stopping serve.log
await "no new connections" sh -c "! curl -s -m 5 -o /dev/null '$URL/-/healthy'"
ok "it waits for the upload" kill -0 "$pid"
stops TERM "$pid" 143 "the second signal ends it"
exec 9>&-
ok "nothing is stored" test ! -e spool/groups/job=never.prom

# The spool is removed while it runs
start_serve -d removed
answers 200 "a push" POST "$URL/metrics/job/a" --data-binary $'a 1\n'
answers 200 "it is ready" GET "$URL/-/ready"
rm -rf removed
for again in "" " again"; do
	answers 500 "no push when the spool is gone$again" POST "$URL/metrics/job/a" --data-binary $'a 1\n'
	is "$body" "removed was removed while it was in use; restart this program" "says what to do"
	answers 500 "no scrape when the spool is gone$again" GET "$URL/metrics"
	answers 503 "it isn't ready$again" GET "$URL/-/ready"
	is "$body" "removed was removed while it was in use; restart this program" "says what to do"
	answers 503 "nor for HEAD$again" HEAD "$URL/-/ready"
	answers 200 "it is healthy$again" GET "$URL/-/healthy"
	mkdir -p removed/groups
done
is "$(group_files removed)" "(none)" "a directory of that name is left alone"
stops TERM "$pid" 0 "ends with 0"

start_serve -d emptied
answers 200 "a push" POST "$URL/metrics/job/a" --data-binary $'a 1\n'
rm -rf emptied/groups
answers 503 "it isn't ready when groups/ is gone, before anything else is asked" GET "$URL/-/ready"
is "$body" "emptied/groups was removed while it was in use; restart this program" "says what to do"
answers 500 "nor does it take a push" POST "$URL/metrics/job/a" --data-binary $'a 1\n'
answers 200 "it is healthy" GET "$URL/-/healthy"
stops TERM "$pid" 0 "ends with 0"
start_serve -d emptied
answers 200 "it is ready when it was restarted" GET "$URL/-/ready"
stops TERM "$pid" 0 "ends with 0"

exits 0 "-h" pgw-serve -h
like "$out" '^usage: pgw-serve ' "prints the usage"
exits 0 "-V" pgw-serve -V
like "$out" '^pgw-serve [0-9.]+' "prints the version"
exits 64 "an unknown option" pgw-serve --nonsense
exits 64 "a bad address" pgw-serve -d spool --web.listen-address=nonsense:nonsense:1
done_testing
