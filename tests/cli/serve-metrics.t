#!/bin/bash
# The metrics that pgw-serve has of itself, and its log.
. "$(dirname "$0")/../lib.sh"

# The gateway's own metrics
start_serve -d spool --web.enable-admin-api
answers 200 "the first scrape" GET "$URL/metrics"
has "$body" 'promhttp_metric_handler_requests_total{code="200"} 0' "is not yet counted"
unlike "$body" 'pushgateway_http_requests_total' "nor is anything else"
version=$(pgw-serve --version)
has "$body" "pushgateway_build_info{branch=\"\",goarch=\"\",goos=\"\",goversion=\"\",revision=\"\",tags=\"\",version=\"${version#* }\"} 1" "the build has upstream's labels"
for name in process_cpu_seconds_total process_max_fds process_open_fds process_resident_memory_bytes \
	process_start_time_seconds process_virtual_memory_bytes process_network_receive_bytes_total \
		process_network_transmit_bytes_total \
	pgw_scrape_dropped_series_total pgw_build_info pgw_spool_groups pgw_spool_series pgw_spool_bytes \
		pgw_spool_rejected_groups; do
	ok "has $name" grep -q "^${name}[ {]" body
done
answers 200 "PUT" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
answers 200 "POST" POST "$URL/metrics/job/a" --data-binary $'m 1\n'
answers 400 "a refused POST" POST "$URL/metrics/job/a" --data-binary $'m\n'
answers 400 "one with a bad group" POST "$URL/metrics/job/a/__x/y" --data-binary $'m 1\n'
answers 202 "DELETE" DELETE "$URL/metrics/job/a"
answers 202 "wipe" PUT "$URL/api/v1/admin/wipe"
for path in /-/healthy /-/ready / /status /api/v1/status /api/v1/metrics; do
	answers 200 "$path" GET "$URL$path"
done
answers 200 "OPTIONS" OPTIONS "$URL/api/v1/metrics"
answers 404 "what is not there" GET "$URL/nothing"
answers 405 "what is not allowed" PUT "$URL/metrics"
answers 301 "what is elsewhere" GET "$URL/metrics/"
answers 403 "/-/quit" PUT "$URL/-/quit"
answers 200 "/metrics" GET "$URL/metrics"
is "$(grep '^pushgateway_http_requests_total' <<<"$body")" \
	'pushgateway_http_requests_total{code="200",handler="api/v1/metrics",method="get"} 1
pushgateway_http_requests_total{code="200",handler="api/v1/options",method="options"} 1
pushgateway_http_requests_total{code="200",handler="api/v1/status",method="get"} 1
pushgateway_http_requests_total{code="200",handler="healthy",method="get"} 1
pushgateway_http_requests_total{code="200",handler="push",method="post"} 1
pushgateway_http_requests_total{code="200",handler="push",method="put"} 1
pushgateway_http_requests_total{code="200",handler="ready",method="get"} 1
pushgateway_http_requests_total{code="200",handler="status",method="get"} 2
pushgateway_http_requests_total{code="202",handler="delete",method="delete"} 1
pushgateway_http_requests_total{code="202",handler="wipe",method="put"} 1
pushgateway_http_requests_total{code="400",handler="push",method="post"} 2' "requests are counted as by the upstream"
has "$body" 'promhttp_metric_handler_requests_total{code="200"} 1' "so are scrapes"
has "$body" 'pushgateway_http_push_duration_seconds_count{method="post"} 3' "and durations of pushes"
has "$body" 'pushgateway_http_push_duration_seconds_count{method="put"} 1' "by method"
# What Go counts: target, method, protocol, fields without the name Host, body.
raw "PUT /metrics/job/s HTTP/1.1\r\nHost: xyz\r\nContent-Length: 4\r\nConnection: close\r\n\r\nm 1\n" >/dev/null
answers 200 "/metrics" GET "$URL/metrics"
before=$(sed -n 's/^pushgateway_http_push_size_bytes_sum{method="put"} //p' <<<"$body")
raw "PUT /metrics/job/s HTTP/1.1\r\nHost: xyz\r\nContent-Length: 4\r\nConnection: close\r\n\r\nm 1\n" >/dev/null
answers 200 "/metrics" GET "$URL/metrics"
after=$(sed -n 's/^pushgateway_http_push_size_bytes_sum{method="put"} //p' <<<"$body")
is $((after - before)) $((14 + 3 + 8 + 3 + 15 + 15 + 4)) "the size of a push is the upstream's"
printf 'PUT /metrics/job/i HTTP/1.0\r\nContent-Length: 4\r\n\r\nm 1\n' | pgw-serve -i -d spool >/dev/null 2>&1
answers 200 "/metrics" GET "$URL/metrics"
has "$body" 'pushgateway_http_requests_total{code="200",handler="push",method="put"} 4' \
	"what another process served counts too"
stops TERM "$pid" 0 "the gateway ends"

# What was counted is in the file soon, without another request: a process that is killed then takes nothing with it.
one_shot_has() {
	printf 'GET /metrics HTTP/1.0\r\n\r\n' | pgw-serve -i -d "$1" 2>/dev/null | grep -qxF "$2"
}
start_serve -d killed
for _ in 1 2 3 4 5; do
	request POST "$URL/metrics/job/a" --data-binary $'m 1\n'
done
await "the counts are stored" one_shot_has killed \
	'pushgateway_http_requests_total{code="200",handler="push",method="post"} 5'
stops KILL "$pid" 137 "the gateway is killed"
start_serve -d killed
request POST "$URL/metrics/job/a" --data-binary $'m 1\n'
answers 200 "/metrics" GET "$URL/metrics"
has "$body" 'pushgateway_http_requests_total{code="200",handler="push",method="post"} 6' "and nothing counted is lost"
stops TERM "$pid" 0 "the gateway ends"
mkdir -p uncounted && pgw-push -d uncounted -j a <<<'m 1' && mkdir uncounted/counters
start_serve -d uncounted
answers 200 "where nothing can be counted" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
answers 200 "scrapes work as well" GET "$URL/metrics"
has "$body" 'm{instance="",job="a"} 1' "and have the groups"
is "$(grep -c 'msg="requests are not counted"' serve.log)" 1 "one warning tells"
stops TERM "$pid" 0 "the gateway ends"

# The counters may be damaged, cut or deleted while they are in use.
SERVE_NAME=damaged start_serve -d damaged
request POST "$URL/metrics/job/a" --data-binary $'a 1\n'
truncate -s 10 damaged/counters
answers 200 "a scrape after the counters were cut" GET "$URL/metrics"
rm damaged/counters
answers 200 "a push after they were deleted" POST "$URL/metrics/job/a" --data-binary $'a 1\n'
answers 200 "and a scrape" GET "$URL/metrics"
has "$body" 'pushgateway_http_requests_total{code="200",handler="push",method="post"} 1' "counts anew"
$PYTHON -c 'import os
with open("damaged/counters", "r+b") as f:
    f.seek(16)
    f.write(b"\xff" * (os.path.getsize("damaged/counters") - 16))'
answers 200 "a scrape of damaged counters" GET "$URL/metrics"
unlike "$body" 'handler="push"' "begins at zero"
like "$(cat damaged.log)" 'level=error msg="the counters are damaged and start again"' "and is logged"
stops TERM "$pid" 0 "the gateway ends"

# A refused push is a line with the source, whatever way it came, from the level warn on.
refused=' method=PUT group="{job=\"a\"}" status=400 reason="text format parsing error in line 1: expected float as value, got \"x\""'
SERVE_NAME=sources start_serve -d sources --log.level=warn --web.listen-address="unix:$SCRATCH/socket" \
	--web.listen-address='[::1]:0'
await "it listens everywhere" grep -q '^pgw-serve: listening on http://\[::1\]:[0-9]*$' sources.log
six=$(sed -n 's|^pgw-serve: listening on \(http://\[::1\]:[0-9]*\)$|\1|p' sources.log)
answers 400 "a refused push over IPv4" PUT "$URL/metrics/job/a" --data-binary $'m x\n'
answers 400 "over IPv6" PUT "$six/metrics/job/a" --data-binary $'m x\n'
answers 400 "over a socket file" PUT http://h/metrics/job/a --unix-socket socket --data-binary $'m x\n'
answers 200 "one that is taken" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
stops TERM "$pid" 0 "the gateway ends"
printf 'PUT /metrics/job/a HTTP/1.0\r\nContent-Length: 4\r\n\r\nm x\n' |
	pgw-serve -i -d sources >/dev/null 2>>sources.log
is "$(sed -n -e 's/^ts=[^ ]* //' -e 's/\(127\.0\.0\.1\|\[::1\]\):[0-9]*/\1:PORT/p' -e '/source=[us]/p' sources.log |
	grep -v listening)" \
	"level=warn msg=\"push refused\" source=127.0.0.1:PORT$refused
level=warn msg=\"push refused\" source=[::1]:PORT$refused
level=warn msg=\"push refused\" source=unix$refused
level=warn msg=\"push refused\" source=stdin$refused" "each is a line"
is "$(grep -c . sources.log)" 7 "and nothing else is, but where it listens"
SERVE_NAME=quiet start_serve -d sources --log.level=error
answers 400 "a refused push" PUT "$URL/metrics/job/a" --data-binary $'m x\n'
is "$(grep -c . quiet.log)" 1 "is no error of the gateway's"
# What is not the client's fault: somebody keeps the lock.
flock sources/lock sleep 600 &
await "the lock is held" sh -c '! flock -n sources/lock true'
answers 503 "a push while the spool is locked" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
has "$headers" 'retry-after: 1' "may be tried again"
has "$headers" 'content-type: text/plain; charset=utf-8' "is text"
has "$headers" 'x-content-type-options: nosniff' "and nothing else"
like "$(tail -n 1 quiet.log)" \
	' level=error msg="push failed" source=127\.0\.0\.1:[0-9]+ method=PUT group="{job=\\"a\\"}" status=503 reason=' "is logged"
stops TERM "$pid" 0 "the gateway ends"

# Nothing in the log drives the terminal that shows it.
for format in logfmt json; do
	SERVE_NAME=hostile start_serve -d hostile --log.format="$format"
	answers 400 "a refused push of a hostile group" POST \
		"$URL/metrics/job/%1B%5B2J%7F%C2%9B31m%E2%80%AE%F3%A0%80%81" \
		--data-binary $'x 1 1\n'
	answers 400 "and one of a hostile body" POST "$URL/metrics/job/a" --data-binary \
		$'\x9b31m\xc2\x9b\x1b[2J\xe2\x80\xae 1\n'
	stops TERM "$pid" 0 "the gateway ends"
	is "$(grep -c 'push refused' hostile.log)" 2 "both are logged as $format"
	is "$(LC_ALL=C tr -d '\n -~' <hostile.log | sed 's/\xef\xbf\xbd//g' | od -An -c)" "" \
		"and of what they hold nothing but ASCII is shown"
done
done_testing
