#!/bin/bash
# pgw-serve's limits: sizes, counts, slow clients, many clients.
. "$(dirname "$0")/../lib.sh"

start_serve -d spool --limit.body=64k --limit.groups=3 --limit.series=40 --limit.labels=5 --limit.name=20 \
	--limit.label-value=30
push=$URL/metrics/job

# Sizes
awk 'BEGIN { for (i = 0; i < 70000 / 10; i++) printf "#23456789\n" }' >large.prom
answers 413 "a body over the limit" POST "$push/a" --data-binary @large.prom
answers 413 "announced" POST "$push/a" --data-binary @large.prom -H 'Expect: 100-continue'
unlike "$(head -n 1 headers)" ' 100 ' "is not asked for"
answers 413 "or chunked" POST "$push/a" --data-binary @large.prom -H 'Transfer-Encoding: chunked'
(head -c 65532 large.prom | head -c -1; printf '\n') >fits.prom
echo 'a 1' >>fits.prom
is "$(stat -c %s fits.prom)" 65536 "a body of the limit"
answers 200 "is taken" POST "$push/a" --data-binary @fits.prom
has "$(cat spool/groups/job=a.prom)" 'a{instance="",job="a"} 1' "and stored"
answers 413 "a long name" POST "$push/a" --data-binary $'a23456789012345678901 1\n'
answers 200 "one of the limit" POST "$push/a" --data-binary $'a2345678901234567890 1\n'
answers 413 "a long label name" POST "$push/a" --data-binary $'a{a23456789012345678901="1"} 1\n'
answers 413 "a long label value" POST "$push/a" --data-binary $'a{b="1234567890123456789012345678901"} 1\n'
answers 413 "many labels" POST "$push/a" --data-binary $'a{a="",b="",c="",d="",e="",f=""} 1\n'
answers 413 "a long grouping label" POST "$push/a/x/1234567890123456789012345678901" --data-binary $'a 1\n'
answers 413 "many grouping labels" POST "$push/a/b/1/c/1/d/1/e/1/f/1" --data-binary $'a 1\n'
is "$(group_files spool)" "job=a.prom" "none of these is stored"
awk 'BEGIN { printf "GET /-/healthy HTTP/1.1\r\nHost: x\r\n"; for (i = 0; i < 100000; i++) printf "X-%d: y\r\n", i; printf "\r\n" }' >headers.raw
unlike "$(timeout $DEADLINE socat -t 5 - "TCP:127.0.0.1:$PORT" <headers.raw 2>/dev/null)" '^HTTP/1.. 200' \
	"endless headers are refused"
long=$(printf '%08000d' 0)
answers 200 "a request line of 8,000 bytes" GET "$URL/-/healthy?$long"
answers 200 "a header of as many" GET "$URL/-/healthy" -H "X: $long"
answers 414 "a request line of 20,000" GET "$URL/-/healthy?$long$long${long:4000}"
answers 431 "a header of as many" GET "$URL/-/healthy" -H "X: $long$long${long:4000}"

# Counts
answers 200 "a second group" POST "$push/b" --data-binary $'a 1\n'
answers 200 "a third" POST "$push/c" --data-binary $'a 1\n'
answers 507 "one too many" POST "$push/d" --data-binary $'a 1\n'
is "$(group_files spool)" $'job=a.prom\njob=b.prom\njob=c.prom' "is not stored"
answers 200 "a push to those that are there" POST "$push/c" --data-binary $'a 2\n'
awk 'BEGIN { for (i = 0; i < 40; i++) printf "s{i=\"%d\"} 1\n", i }' >series.prom
answers 507 "too many series" POST "$push/c" --data-binary @series.prom
has "$(cat spool/groups/job=c.prom)" 'a{instance="",job="c"} 2' "the group is as it was"
answers 202 "a group goes" DELETE "$push/b"
answers 200 "and makes room" POST "$push/d" --data-binary $'a 1\n'
stops TERM "$pid" 0 "it ends with 0"

# Slow clients: cut off without an answer, or with 408.
start_serve -d spool --web.read-timeout=1s --web.idle-timeout=1s
# cut_off NAME FORMAT: sends the bytes, then nothing.
cut_off() {
	exec 9<>"/dev/tcp/127.0.0.1/$PORT"
	# shellcheck disable=SC2059
	printf "$2" >&9
	timeout $DEADLINE cat <&9 >answer
	is $? 0 "$1: the connection ends"
	exec 9>&-
	like "$(head -n 1 answer)" '^(HTTP/1\.[01] 408 .*)?$' "$1: without success"
}
cut_off "nothing" ''
cut_off "half a request line" 'GET /metr'
cut_off "half a header" 'GET /metrics HTTP/1.1\r\nHost: x\r\nX-'
cut_off "half a body" 'POST /metrics/job/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\na 1\n'
cut_off "half a chunk" 'POST /metrics/job/slow HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n10\r\na 1\n'
ok "nothing of it is stored" test ! -e spool/groups/job=slow.prom
exec 9<>"/dev/tcp/127.0.0.1/$PORT"
(while printf 'X-Slow: y\r\n'; do sleep 0.1; done) 2>/dev/null >&9 &
dripping=$!
timeout $DEADLINE cat <&9 >answer 2>cat.err
dripped=$?
# A drop that came in the moment of the end makes it a reset.
[ $dripped -eq 0 ] || is "$(cat cat.err)" "cat: -: Connection reset by peer" "it is a reset"
ok "a header that drips in without end is cut off" test $dripped -le 1
{
	kill -9 $dripping
	wait $dripping
} 2>/dev/null
exec 9>&-
exec 9<>"/dev/tcp/127.0.0.1/$PORT"
printf 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n' >&9
timeout $DEADLINE cat <&9 >answer
is $? 0 "an idle connection ends"
exec 9>&-
like "$(head -n 1 answer)" '^HTTP/1.1 200 ' "after its answer"
await "the server is well" curl -s -f -o /dev/null "$URL/-/healthy"
stops TERM "$pid" 0 "and ends with 0"

# Connections
SERVE_NAME=few start_serve -d few --limit.connections=2
exec 8<>"/dev/tcp/127.0.0.1/$PORT" 9<>"/dev/tcp/127.0.0.1/$PORT"
printf 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n' >&8
printf 'GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n' >&9
read -r line <&8
like "$line" '^HTTP/1.1 200 ' "two connections"
read -r line <&9
like "$line" '^HTTP/1.1 200 ' "are served"
is "$(curl -s -m 1 -o /dev/null -w '%{http_code}' "$URL/-/healthy")" 000 "a third is not"
exec 8>&- 9>&-
await "until they are gone" curl -s -f -m 5 -o /dev/null "$URL/-/healthy"
answers 200 "then it is" GET "$URL/-/healthy"

# Requests whose end a proxy in front could see elsewhere are refused, and the connection ends.
# framed NAME REQUEST: the first line of the answer is 400.
framed() {
	printf '%b' "$2" | timeout $DEADLINE socat -t $DEADLINE - "TCP:127.0.0.1:$PORT" >answer
	like "$(head -n 1 answer)" '^HTTP/1.1 400 ' "$1"
	is "$(grep -c '^HTTP/1.1 ' answer)" 1 "$1: one answer"
}
rest='4\r\na 1\n\r\n0\r\n\r\nGET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\n'
post='POST /metrics/job/framed HTTP/1.1\r\nHost: x\r\n'
framed "two ends of a body" "${post}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n$rest"
framed "two lengths" "${post}Content-Length: 4\r\nContent-Length: 9\r\n\r\n$rest"
framed "a blank before the colon" "${post}Transfer-Encoding : chunked\r\nContent-Length: 4\r\n\r\n$rest"
ok "nothing was pushed" test ! -e few/groups/job=framed.prom

# The gateway's own text and its files' lines are not what the limits are for.
SERVE_NAME=small start_serve -d small --limit.name=20 --limit.label-value=4 --limit.body=512
answers 200 "a push within small limits" POST "$URL/metrics/job/a" \
	--data-binary $'# TYPE h histogram\nh_bucket{le="1e-7"} 1\n'
answers 200 "a scrape within small limits" GET "$URL/metrics"
has "$body" 'h_bucket{instance="",job="a",le="1e-07"} 1' "has what was pushed"
exits 0 "another process" pgw-list -d small
is "$err" "" "reads it too"

# What decompresses bodies is memory, too: with it, so much of it as eight of the largest bodies take may be in use.
exits 0 "compressed bodies that wait" $PYTHON - "$PORT" <<'END'
import gzip, http.client, socket, sys
port = int(sys.argv[1])
body = gzip.compress(b"m 1\n")
def push():
    client = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    client.request("PUT", "/metrics/job/z", body, {"Content-Encoding": "gzip"})
    return client.getresponse().status
assert push() == 200
waiting = []
for _ in range(8):
    waiting.append(socket.create_connection(("127.0.0.1", port)))
    waiting[-1].sendall(b"PUT /metrics/job/z HTTP/1.1\r\nHost: x\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n"
                        b"Expect: 100-continue\r\n\r\n" % len(body))
    # The header has been read.
    assert waiting[-1].recv(100).startswith(b"HTTP/1.1 100 ")
assert push() == 503
for client in waiting:
    client.sendall(body)
    assert client.recv(100).startswith(b"HTTP/1.1 200 ")
assert push() == 200
END

for option in --limit.body=x --limit.groups=-1 --web.read-timeout=x --spool.sync=maybe --log.level=loud; do
	exits 64 "$option" pgw-serve -d few $option
done
done_testing
