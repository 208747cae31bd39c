#!/bin/bash
# pgw-serve in the place of the upstream Pushgateway: flags, routes below a prefix, redirections, the JSON API, forms of
# bodies and answers, the gateway's own metrics.
. "$(dirname "$0")/../lib.sh"

# json EXPRESSION [FILE]: evaluates Python on the JSON in a file (default: the last body) as j.
json() {
	$PYTHON -c 'import json, sys
j = json.load(open(sys.argv[2]))
print(eval(sys.argv[1]))' "$1" "${2:-body}"
}

# proto FILE: a script that writes delimited metric families: Python with family(), metric(), field(), double(), varint().
proto() {
	$PYTHON -c '
import struct, sys
def varint(n):
    out = b""
    n &= 2**64 - 1
    while True:
        byte, n = n & 0x7f, n >> 7
        out += bytes([byte | (0x80 if n else 0)])
        if not n: return out
def field(number, data): return varint(number << 3 | 2) + varint(len(data)) + data
def integer(number, value): return varint(number << 3) + varint(value)
def zigzag(n): return n << 1 if n >= 0 else -n * 2 - 1
def double(number, value): return varint(number << 3 | 1) + struct.pack("<d", value)
def family(name, kind, *metrics, help=b""):
    m = field(1, name) + (field(2, help) if help else b"") + integer(3, kind) + b"".join(field(4, x) for x in metrics)
    return varint(len(m)) + m
COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)
exec(sys.stdin.read())
' >"$1"
}

# The command line
exits 0 "--version" pgw-serve --version
like "$out" '^pgw-serve [0-9]+\.[0-9]+\.[0-9]+$' "names program and version"
exits 0 "--help" pgw-serve --help
for flag in web.listen-address= web.systemd-socket web.config.file= web.telemetry-path= web.external-url= \
	web.route-prefix= web.enable-lifecycle web.enable-admin-api persistence.file= \
	persistence.interval= push.disable-consistency-check push.enable-utf8-names log.level= log.format=; do
	ok "--help has --$flag" grep -qF -e "--$flag" out
done

# usage MESSAGE ARGS...: refused as a wrong command line.
usage() {
	local message=$1
	shift
	exits 64 "pgw-serve $*" pgw-serve "$@"
	is "$err" "pgw-serve: $message"$'\n''try: pgw-serve --help' "says why"
}
usage '--web.config.file is not supported yet: leave it out, and put a proxy in front for TLS and passwords' \
	--web.config.file=tls.yml
usage '--persistence.interval: "5x" is not a duration such as 90s, 5m or 1h30m' --persistence.interval=5x
usage '--persistence.interval: "5" is not a duration such as 90s, 5m or 1h30m' --persistence.interval 5
usage '--log.format: "xml" is not logfmt or json' --log.format=xml
usage '--log.level: "loud" is not debug, info, warn or error' --log.level loud
usage '--spool and --persistence.file exclude each other' -d a --persistence.file=b
usage '--web.systemd-socket: no sockets were passed' --web.systemd-socket
usage '--inetd and --web.systemd-socket exclude each other' --web.systemd-socket -i
usage '--web.enable-lifecycle takes no value' --web.enable-lifecycle=true
usage '--no-web.enable-lifecycle takes no value' --no-web.enable-lifecycle=true
usage '--web.telemetry-path: there must be a path' --web.telemetry-path=/
# The upstream panics for the first ones and never serves the metrics for the others.
for path in /-/healthy /-/ready/ /status /-/quit //-/./ready /api/v1 /api/v1/status /api/v1/any/thing; do
	clean=${path%/}
	usage "--web.telemetry-path: something else is served at \"$(sed 's|^//-/\./|/-/|' <<<"$clean")\"" "--web.telemetry-path=$path"
done
usage '--web.telemetry-path: something else is served at "/p/q/status"' --web.route-prefix=p/q --web.telemetry-path=status
usage '--web.external-url: "http://x/%zz" is not a URL' --web.external-url=http://x/%zz
usage 'unknown or ambiguous option --no-log.level' --no-log.level
: >metrics.gob
exits 73 "a file for --persistence.file" pgw-serve --persistence.file=metrics.gob --web.listen-address=127.0.0.1:0
is "$err" 'pgw-serve: --persistence.file: "metrics.gob" is a file, and pgw-serve keeps groups in a directory: name another path, or move the file away (what is in it must be pushed again)' \
	"says what to do"

# As in a unit file for the upstream
start_serve --persistence.file spool --persistence.interval 1h30m --web.enable-lifecycle --web.enable-admin-api \
	--no-web.enable-admin-api --log.level=info --log.format json --web.external-url=https://example.org/pgw/ \
	--web.telemetry-path=/all --web.config.file= --no-web.systemd-socket --no-push.disable-consistency-check
answers 200 "a push below the prefix" PUT "$URL/pgw/metrics/job/a/x/y" --data-binary $'m 1\n'
is "$(group_files spool)" "job=a,x=y.prom" "is in the spool that --persistence.file names"
answers 404 "without the prefix" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
answers 200 "the telemetry path" GET "$URL/pgw/all"
has "$body" 'm{instance="",job="a",x="y"} 1' "has it"
answers 404 "/pgw/metrics" GET "$URL/pgw/metrics"
answers 404 "/metrics" GET "$URL/metrics"
answers 404 "/all" GET "$URL/all"
answers 404 "/" GET "$URL/"
answers 200 "/pgw/" GET "$URL/pgw/"
has "$headers" 'content-type: text/html; charset=utf-8' "is the web page"
answers 200 "/pgw/status" GET "$URL/pgw/status"
like "$body" '<th scope="row">web\.route-prefix</th><td>/pgw</td>' "has the flags"
answers 301 "/pgw" GET "$URL/pgw"
has "$headers" 'location: /pgw/' "lacks a slash"
is "$body" '<a href="/pgw/">Moved Permanently</a>.' "and has a link"
has "$headers" 'content-type: text/html; charset=utf-8' "as HTML"
answers 307 "in other letters" PUT "$URL/PGW/Metrics/JOB/a/X/y" --data-binary $'m 1\n'
has "$headers" 'location: /pgw/metrics/job/a/X/y' "is redirected"
is "$body" "" "without a body"
answers 200 "the API" GET "$URL/pgw/api/v1/status"
is "$(json 'j["data"]["flags"]["web.route-prefix"]')" "/pgw" "shows the prefix"
is "$(json 'j["data"]["flags"]["persistence.interval"]')" "1h30m0s" "and the interval in Go's form"
is "$(json 'j["data"]["flags"]["web.enable-admin-api"]')" "false" "--no-web.enable-admin-api counts as the last one"
is "$(json 'j["data"]["flags"]["web.external-url"]')" "https://example.org/pgw/" "the URL"
is "$(json 'j["data"]["flags"]["log.format"]')" "json" "and the format of the log"
answers 404 "the admin API is off" PUT "$URL/pgw/api/v1/admin/wipe"
is "$body" "404 page not found" "as if it were not there"
answers 400 "a push that is refused" PUT "$URL/pgw/metrics/job/a%22%0Aforged" --data-binary $'m x\n'
is "$(grep refused serve.log | $PYTHON -c '
import json, sys
line = json.loads(sys.stdin.read())
assert line["ts"].startswith("20") and line["source"].startswith("127.0.0.1:")
print(list(line), line["level"], line["group"], line["status"], line["method"], line["reason"], sep="\n")')" \
	"['ts', 'level', 'msg', 'source', 'method', 'group', 'status', 'reason']
warn
{job=\"a\\\"\\nforged\"}
400
PUT
text format parsing error in line 1: expected float as value, got \"x\"" "is one line of JSON in the log"
# As in the upstream's main.go: PUT and POST are below the prefix, and GET, which tells that, is not.
answers 405 "GET /-/quit" GET "$URL/-/quit"
is "$body" "Only POST or PUT requests allowed." "is not the way"
while read -r method path expected allow; do
	answers "$expected" "$method $path" "$method" "$URL$path"
	is "$(sed -n 's/^\(allow\|location\): //p' <<<"$headers")" "${allow//,/, }" "has ${allow:-neither Location nor Allow}"
done <<'END'
PUT /-/quit 405 GET,OPTIONS
POST /-/quit 405 GET,OPTIONS
HEAD /-/quit 405 GET,OPTIONS
OPTIONS /-/quit 200 GET,OPTIONS
GET /-/quit/ 301 /-/quit
PUT /-/quit/ 404
GET /pgw/-/quit 405 OPTIONS,POST,PUT
DELETE /pgw/-/quit 405 OPTIONS,POST,PUT
OPTIONS /pgw/-/quit 200 OPTIONS,POST,PUT
GET /pgw/-/quit/ 404
PUT /pgw/-/quit/ 307 /pgw/-/quit
END
answers 200 "PUT /-/quit" PUT "$URL/pgw/-/quit"
is "$body" "Requesting termination... Goodbye!" "says goodbye"
wait "$pid"
is $? 0 "and the gateway ends"
is "$(tail -n 1 serve.log | $PYTHON -c 'import json, sys; j = json.load(sys.stdin); print(j["msg"], j["reason"])')" \
	"stopping requested over HTTP" "which is logged"

start_serve -d spool --web.route-prefix=x/y/ --web.external-url=http://h/z
answers 200 "--web.route-prefix wins over --web.external-url" GET "$URL/x/y/metrics"
answers 403 "without --web.enable-lifecycle" POST "$URL/x/y/-/quit"
is "$body" "Lifecycle API is not enabled." "there is no quitting"
stops TERM "$pid" 0 "it still runs"
start_serve -d spool --web.route-prefix=/ --web.external-url=http://h/z
answers 200 "a prefix of / is none" GET "$URL/metrics"
stops TERM "$pid" 0 "ends"
start_serve -d spool --web.external-url=http://h/%61%20b?c
answers 200 "the path of the URL is decoded" GET "$URL/a%20b/metrics"
stops TERM "$pid" 0 "ends"

# Paths that scrapes share with other methods
for path in /metrics/job/a /metrics/job@base64/YQ /metrics/job /api /-/quit; do
	start_serve -d spool --web.telemetry-path="$path" --web.route-prefix=/p --web.enable-lifecycle
	answers 200 "a scrape of /p$path" GET "$URL/p$path"
	like "$body" 'pgw_build_info\{' "is one"
	answers 405 "PATCH /p$path" PATCH "$URL/p$path"
	case $path in
	/metrics/job*/*)
		has "$headers" 'allow: DELETE, GET, HEAD, OPTIONS, POST, PUT' "has all methods"
		answers 200 "a push there" POST "$URL/p$path" --data-binary $'m 1\n'
		;;
	/-/quit) has "$headers" 'allow: GET, HEAD, OPTIONS, POST, PUT' "has all methods" ;;
	*) has "$headers" 'allow: GET, HEAD, OPTIONS' "has those of a scrape" ;;
	esac
	stops TERM "$pid" 0 "ends"
done

# Routes and redirections
rm -rf spool
start_serve -d spool --web.enable-admin-api
while read -r method path expected location; do
	answers "$expected" "$method $path" "$method" "$URL$path" </dev/null
	is "$(sed -n 's/^\(location\|allow\): //p' headers | tr -d '\r')$(sed -n 's/^\(Location\|Allow\): //p' headers | tr -d '\r')" \
		"${location//,/, }" "has ${location:-neither Location nor Allow}"
done <<'END'
GET /metrics/ 301 /metrics
GET /METRICS 301 /metrics
GET /metrics/?a=b&c 301 /metrics?a=b&c
POST /metrics/ 404
POST /metrics 405 GET,HEAD,OPTIONS
OPTIONS /metrics 200 GET,HEAD,OPTIONS
OPTIONS /metrics/job/a 200 DELETE,OPTIONS,POST,PUT
OPTIONS /nothing 404
GET /metrics/job 404
GET /metrics/job/ 404
PUT /metrics/job 404
PUT /metrics/job/ 307 /metrics/job
POST /metrics/job/ 307 /metrics/job
DELETE /metrics/job/ 307 /metrics/job
PUT /metrics/job@base64/ 404
PUT /metrics/Job/a/B/c 307 /metrics/job/a/B/c
GET /metrics/JOB/a 404
GET //metrics 301 /metrics
DELETE //metrics/job/a 301 /metrics/job/a
GET /-/healthy/ 301 /-/healthy
PUT /-/healthy/ 404
GET /-/quit/ 301 /-/quit
PUT /-/quit/ 307 /-/quit
DELETE /-/quit/ 404
GET /status/ 301 /status
GET /api 404
GET /api/v1 301 /api/v1/
POST /api/v1 301 /api/v1/
OPTIONS /api/v1 301 /api/v1/
GET /api/v1/ 404
GET /api/v1/nothing 404
GET /API/v1/status 404
GET /api/v1/STATUS 404
GET /api/v1/status/ 301 /api/v1/status
POST /api/v1/status 405 GET,HEAD,OPTIONS
DELETE /api/v1/metrics 405 GET,HEAD,OPTIONS
GET /api/v1/admin/wipe 405 OPTIONS,PUT
POST /api/v1/admin/wipe 405 OPTIONS,PUT
END
like "$(raw 'GET /-/healthy HTTP/1.1\r\n\r\n')" $'^HTTP/1.1 400 Bad Request\n.*\n400 Bad Request: missing required Host header$' "HTTP/1.1 without a Host"
like "$(raw 'GET /-/healthy HTTP/1.0\r\n\r\n')" '^HTTP/1.[01] 200 OK' "HTTP/1.0 needs none"
# Odd targets. CONNECT, with a host and a port, and "*" of another method are for nobody here.
while read -r target expected; do
	is "$(raw "$target"'\r\nHost: h\r\nConnection: close\r\n\r\n' | sed -n -e '1s/^[^ ]* \([0-9]*\) .*/\1/p' -e '/^$/,$p' | tr -s '\n' ' ' | sed 's/ $//')" \
		"${expected//_/ }" "$target"
done <<'END'
OPTIONS\x20*\x20HTTP/1.1 200
GET\x20http://h/-/ready\x20HTTP/1.1 200_OK
GET\x20HTTPS://u:p@[::1]:80/-/ready?q\x20HTTP/1.1 200_OK
GET\x20x+y-1.z://h/-/ready\x20HTTP/1.1 200_OK
GET\x20http:///-/ready\x20HTTP/1.1 200_OK
OPTIONS\x20http://h\x20HTTP/1.1 200
OPTIONS\x20http://h?q\x20HTTP/1.1 200
PATCH\x20http://h\x20HTTP/1.1 405_Method_Not_Allowed
GET\x20*\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
PUT\x20*\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
OPTIONS\x20*x\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
OPTIONS\x20/*\x20HTTP/1.1 404_404_page_not_found
CONNECT\x20h:80\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20?q\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20://h/-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x201x://h/-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20http:/-/ready\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20mailto:x\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/ready\x20x\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/ready\x20\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/re\x01ady\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/re\x7fady\x20HTTP/1.1 400_invalid_path_or_percent-encoding_in_the_URL
GET\x20/-/ready#x\x20HTTP/1.1 404_404_page_not_found
GET\x20/-/ready\xff\x20HTTP/1.1 404_404_page_not_found
GET\x20/-/ready\x20HTTP/2.0 505_<html><head><title>Requested_HTTP_version_is_not_supported</title></head><body>Requested_HTTP_version_is_not_supported.</body></html>
END
answers 301 "a query in a link" GET "$URL/metrics/?a=%22'<>&b"
is "$body" '<a href="/metrics?a=%22&#39;%3C%3E&amp;b">Moved Permanently</a>.' "is escaped"

# The JSON API
cors=$'access-control-allow-headers: Accept, Authorization, Content-Type, Origin
access-control-allow-methods: GET, POST, DELETE, OPTIONS
access-control-allow-origin: *
access-control-expose-headers: Date
cache-control: no-cache, no-store, must-revalidate'
for request in 'OPTIONS /api/v1/' 'OPTIONS /api/v1/any/thing' 'GET /api/v1/status' 'GET /api/v1/metrics'; do
	# shellcheck disable=SC2086
	set -- $request
	answers 200 "$request" "$1" "$URL$2"
	is "$(grep -E '^(access-control|cache-control)' <<<"$headers" | sort)" "$cors" "has the headers for other sites"
done
answers 200 "/api/v1/metrics of an empty spool" GET "$URL/api/v1/metrics"
is "$body" '{"status":"success","data":[]}' "is empty"
has "$headers" 'content-type: application/json' "is JSON"
answers 200 "/api/v1/status" GET "$URL/api/v1/status"
is "$(json 'list(j), j["status"], sorted(j["data"])')" \
	"(['status', 'data'], 'success', ['build_information', 'flags', 'start_time'])" "has the upstream's fields"
is "$(json 'sorted(j["data"]["build_information"])')" \
	"['branch', 'buildDate', 'buildUser', 'goVersion', 'revision', 'version']" "and these of the build"
is "pgw-serve $(json 'j["data"]["build_information"]["version"]')" "$(pgw-serve --version)" "the version"
like "$(json 'j["data"]["start_time"]')" '^20[0-9-]+T[0-9:]+(\.[0-9]*[1-9])?Z$' "the start"
is "$(json '[(k, v) for k, v in sorted(j["data"]["flags"].items()) if k.split(".")[0] in ("log", "persistence", "push") or k in (
	"web.config.file", "web.enable-admin-api", "web.enable-lifecycle", "web.external-url", "web.route-prefix",
	"web.systemd-socket", "web.telemetry-path")]')" \
	"[('log.format', 'logfmt'), ('log.level', 'info'), ('persistence.file', ''), ('persistence.interval', '5m0s'), ('push.disable-consistency-check', 'false'), ('push.enable-utf8-names', 'false'), ('web.config.file', ''), ('web.enable-admin-api', 'true'), ('web.enable-lifecycle', 'false'), ('web.external-url', ''), ('web.route-prefix', ''), ('web.systemd-socket', 'false'), ('web.telemetry-path', '/metrics')]" \
	"all flags of the upstream with their values"
is "$(json 'j["data"]["flags"]["web.listen-address"]')" "127.0.0.1:0" "and the address"
is "$(json 'j["data"]["flags"]["web.idle-timeout"], j["data"]["flags"]["limit.body"]')" "('2m0s', '67108864')" "and our own"

cat >all.prom <<'END'
# HELP g A "gauge" \\ with\na line.
# TYPE g gauge
g{v="\"\n\\"} 1e6
# TYPE c counter
c 123456789
u{a="1"} NaN
u{a="2"} -Inf
u{a="3"} 1e21
u{a="4"} 0.00001
u{a="5"} 100000
# TYPE s summary
s{quantile="0.50"} 1.5
s{quantile="0.9"} NaN
s_sum 3e6
s_count 2000000
# TYPE h histogram
h_bucket{le="0.1"} 1
h_bucket{le="1e6"} 3000000
h_bucket{le="+Inf"} 3000001
h_sum 0.5
h_count 3000001
END
answers 200 "a push of all types" PUT "$URL/metrics/job/all/instance/i" --data-binary @all.prom
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json 'len(j["data"]), sorted(j["data"][0])')" \
	"(1, ['c', 'g', 'h', 'labels', 'last_push_successful', 'push_failure_time_seconds', 'push_time_seconds', 's', 'u'])" "has one group"
is "$(json 'sorted(j["data"][0]["labels"].items()), j["data"][0]["last_push_successful"]')" \
	"([('instance', 'i'), ('job', 'all')], True)" "its labels"
is "$(json '{k: v for k, v in j["data"][0]["g"].items() if k != "time_stamp"}')" \
	"{'type': 'GAUGE', 'help': 'A \"gauge\" \\\\ with\\na line.', 'metrics': [{'labels': {'instance': 'i', 'job': 'all', 'v': '\"\\n\\\\'}, 'value': '1e+06'}]}" \
	"a gauge"
is "$(json '{k: v for k, v in j["data"][0]["c"].items() if k != "time_stamp"}')" \
	"{'type': 'COUNTER', 'metrics': [{'labels': {'instance': 'i', 'job': 'all'}, 'value': '1.23456789e+08'}]}" "a counter without help"
is "$(json 'j["data"][0]["u"]["type"], [m["value"] for m in j["data"][0]["u"]["metrics"]]')" \
	"('UNTYPED', ['NaN', '-Inf', '1e+21', '1e-05', '100000'])" "untyped ones in Go's form"
is "$(json 'j["data"][0]["s"]["type"], j["data"][0]["s"]["metrics"]')" \
	"('SUMMARY', [{'labels': {'instance': 'i', 'job': 'all'}, 'quantiles': {'0.5': '1.5', '0.9': 'NaN'}, 'count': '2000000', 'sum': '3e+06'}])" "a summary"
is "$(json 'j["data"][0]["h"]["type"], j["data"][0]["h"]["metrics"]')" \
	"('HISTOGRAM', [{'labels': {'instance': 'i', 'job': 'all'}, 'buckets': {'0.1': '1', '1e+06': '3000000', '+Inf': '3000001'}, 'count': '3000001', 'sum': '0.5'}])" "a histogram"
is "$(json 'len({f["time_stamp"] for f in j["data"][0].values() if isinstance(f, dict) and "type" in f})')" 1 "one time for all"
stamp=$(json 'j["data"][0]["g"]["time_stamp"]')
like "$stamp" '^20[0-9-]+T[0-9:]+(\.[0-9]*[1-9])?Z$' "of the push"
is "$(date -d "$stamp" +%s)" "$(sed -n 's/^push_time_seconds.* \([0-9.e+]*\)$/\1/p' spool/groups/job=all,instance=i.prom |
	$PYTHON -c 'print(int(float(input())))')" "which the group's file has, too"
answers 400 "a refused push" POST "$URL/metrics/job/all/instance/i" --data-binary $'x 1 1\n'
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json 'j["data"][0]["last_push_successful"]')" "False" "tells of it"
is "$(json 'j["data"][0]["g"]["time_stamp"]')" "$stamp" "and keeps the time of what was pushed before"
ok "the failure has its own" [ "$(json 'j["data"][0]["push_failure_time_seconds"]["time_stamp"]')" '>' "$stamp" ]
answers 200 "a family named labels" PUT "$URL/metrics/job/names" --data-binary $'labels 1\nlast_push_successful 2\n'
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json 'j["data"][1]["labels"]["type"], j["data"][1]["last_push_successful"]["type"]')" "('UNTYPED', 'UNTYPED')" \
	"takes the place, as with the upstream"
is "$(grep -o '"labels":{"time_stamp"' body | wc -l)$(grep -o '"labels":{"job":"names"}' body | wc -l)" 10 "once"

# Wipe
for i in 1 2 3; do
	answers 200 "group $i" PUT "$URL/metrics/job/wipe/i/$i" --data-binary $'m 1\n'
done
printf 'broken\n' >spool/groups/job=hand.prom
answers 202 "wipe" PUT "$URL/api/v1/admin/wipe"
is "$body" "" "has an empty body"
is "$(group_files spool)" "(none)" "deletes every group, and a file that is none"
answers 202 "wipe of nothing" PUT "$URL/api/v1/admin/wipe"
answers 200 "a push after it" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
answers 202 "wipe" PUT "$URL/api/v1/admin/wipe"

# Bodies
protobuf='Content-Type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'
proto all.pb <<'END'
label = lambda n, v: field(1, field(1, n) + field(2, v))
span = lambda offset, length: integer(1, zigzag(offset)) + integer(2, length)
native = (integer(1, 12) + double(2, 5.5) + integer(5, zigzag(1)) + double(6, 0.001) + integer(7, 2) +
	field(9, span(0, 2)) + integer(10, zigzag(1)) + integer(10, zigzag(1)) +
	field(12, span(0, 2)) + field(12, span(2, 1)) + integer(13, zigzag(3)) + integer(13, zigzag(-3)) + integer(13, zigzag(4)))
floats = (double(4, 4.5) + double(2, 1) + integer(5, zigzag(0)) + double(6, 0.001) + double(8, 0.5) +
	field(12, span(1, 2)) + double(14, 1.5) + double(14, 2.5))
out = sys.stdout.buffer
out.write(family(b"pb_counter", COUNTER, label(b"l", b"v") + field(3, double(1, 42)), help=b"A counter."))
out.write(family(b"pb_native", HISTOGRAM, field(7, native)))
out.write(family(b"pb_float", HISTOGRAM, field(7, floats)))
out.write(family(b"pb_gauge", GAUGE_HISTOGRAM, field(7, integer(1, 3) + double(2, 1.5) + field(3, integer(1, 2) + double(2, 1)))))
END
answers 200 "delimited protobuf" PUT "$URL/metrics/job/pb" --data-binary @all.pb -H "$protobuf"
has "$(cat spool/groups/job=pb.prom)" 'pb_counter{instance="",job="pb",l="v"} 42' "is stored"
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json 'j["data"][0]["pb_counter"]["type"], j["data"][0]["pb_counter"]["help"], j["data"][0]["pb_counter"]["metrics"][0]["value"]')" \
	"('COUNTER', 'A counter.', '42')" "has the counter"
is "$(json 'j["data"][0]["pb_native"]["metrics"][0]')" \
	"{'labels': {'instance': '', 'job': 'pb'}, 'buckets': [[1, '-1.414213562373095', '-1', '2'], [1, '-1', '-0.7071067811865475', '1'], [3, '-0.001', '0.001', '2'], [0, '0.7071067811865475', '1', '3'], [0, '2.82842712474619', '4', '4']], 'count': '12', 'sum': '5.5'}" \
	"and the native histogram's buckets"
is "$(json 'j["data"][0]["pb_float"]["metrics"][0]')" \
	"{'labels': {'instance': '', 'job': 'pb'}, 'buckets': [[3, '-0.001', '0.001', '0.5'], [0, '1', '2', '1.5'], [0, '2', '4', '2.5']], 'count': '4.5', 'sum': '1'}" \
	"and those of floats"
is "$(json 'j["data"][0]["pb_gauge"]["type"], j["data"][0]["pb_gauge"]["metrics"][0]')" \
	"('GAUGE_HISTOGRAM', {'labels': {'instance': '', 'job': 'pb'}, 'buckets': {'1': '2', '+Inf': '3'}, 'count': '3', 'sum': '1.5'})" \
	"and a gauge histogram with what is in it"
answers 200 "GET as protobuf" GET "$URL/metrics" -H "Accept: ${protobuf#*: }"
has "$headers" 'content-type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores' "is protobuf"
ok "with the native histogram" grep -qa pb_native body
# A kept message that was damaged by hand: another metric's, cut off, and no message at all.
for damage in "s/^# pgw native .*/# pgw native $(printf '\377%.0s' {1..300} | base64 -w0 | tr +/ -_)/" \
	's/^\(# pgw native .*\)..........$/\1/' "s/^# pgw native .*/$(grep '^# pgw native' spool/groups/job=pb.prom | head -n 1)/"; do
	cp spool/groups/job=pb.prom kept
	sed "/^pb_native/,/^# pgw native/$damage" kept >damaged.prom
	is "$(cmp -s kept damaged.prom; echo $?)" 1 "a group file is damaged"
	mv damaged.prom spool/groups/job=pb.prom
	answers 200 "/api/v1/metrics with a damaged message" GET "$URL/api/v1/metrics"
	is "$(json 'j["data"][0]["pb_native"]["metrics"][0]')" \
		"{'labels': {'instance': '', 'job': 'pb'}, 'buckets': {'+Inf': '12'}, 'count': '12', 'sum': '5.5'}" "shows the text"
	mv kept spool/groups/job=pb.prom
done

while IFS='|' read -r expected type; do
	answers "$expected" "Content-Type: $type" PUT "$URL/metrics/job/type" --data-binary @all.pb -H "Content-Type: $type"
done <<'END'
200|application/vnd.google.protobuf;encoding=delimited;proto=io.prometheus.client.MetricFamily
200|Application/VND.google.Protobuf ; PROTO="io.prometheus.client.MetricFamily" ;Encoding = "delimited"; x=y
200|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited;
200|application/vnd.google.protobuf; encoding=delimited; proto=io.prometheus.client.MetricFamily; encoding=delimited
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=Delimited
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily
400|application/vnd.google.protobuf; encoding=delimited
400|application/vnd.google.protobuf
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; encoding=text
400|application/vnd.google.protobuf; proto="io.prometheus.client.MetricFamily; encoding=delimited
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; junk
400|text/plain
END
head -c 20 all.pb >cut.pb
answers 400 "protobuf that is cut off" PUT "$URL/metrics/job/cut" --data-binary @cut.pb -H "$protobuf"
like "$body" '^protobuf format parsing error in metric family 1: .' "says where"
ok "leaves no group" test ! -e spool/groups/job=cut.prom
answers 200 "an empty body of protobuf" PUT "$URL/metrics/job/none" -H "$protobuf"
answers 200 "text" PUT "$URL/metrics/job/clash" --data-binary $'# TYPE clash gauge\nclash 1\n'
proto clash.pb <<'END'
sys.stdout.buffer.write(family(b"ok", GAUGE, field(2, double(1, 1))) + family(b"clash", COUNTER, field(3, double(1, 1))))
END
answers 400 "a type that clashes, in protobuf" PUT "$URL/metrics/job/other" --data-binary @clash.pb -H "$protobuf"
like "$body" '^pushed metrics are invalid or inconsistent with existing metrics: metric family 2: .*clash.*{job="clash"}' \
	"names the family, its place and the group"

# Compressed ones
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "big{i=\"%d\"} %d\n", i, i }' >big.prom
gzip -k big.prom all.pb
answers 200 "gzip" PUT "$URL/metrics/job/gz" --data-binary @big.prom.gz -H 'Content-Encoding: gzip'
is "$(grep -c '^big{' spool/groups/job=gz.prom)" 20000 "is unpacked"
answers 202 "it goes" DELETE "$URL/metrics/job/gz"
answers 200 "gzip, chunked, in capitals, after 100-continue" PUT "$URL/metrics/job/gz" --data-binary @big.prom.gz \
	-H 'Content-Encoding: GZIP' -H 'Transfer-Encoding: chunked' -H 'Expect: 100-continue'
is "$(grep -c '^big{' spool/groups/job=gz.prom)" 20000 "is unpacked"
answers 200 "protobuf in gzip" PUT "$URL/metrics/job/type" --data-binary @all.pb.gz -H 'Content-Encoding: gzip' -H "$protobuf"
head -c 100 big.prom.gz >cut.gz
answers 400 "gzip that is cut off" PUT "$URL/metrics/job/bad" --data-binary @cut.gz -H 'Content-Encoding: gzip'
answers 400 "an empty body as gzip" PUT "$URL/metrics/job/bad" -H 'Content-Encoding: gzip'
answers 400 "text as gzip" PUT "$URL/metrics/job/bad" --data-binary $'a 1\n' -H 'Content-Encoding: gzip'
is "$body" "the body is not gzip" "says why"
answers 400 "text as snappy" PUT "$URL/metrics/job/bad" --data-binary $'a 1\n' -H 'Content-Encoding: snappy'
# A stream identifier and an uncompressed chunk with its masked CRC-32C.
$PYTHON -c '
import struct, sys
text = b"snap 1\n"
crc = 0xffffffff
for byte in text:
    crc ^= byte
    for _ in range(8): crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
crc ^= 0xffffffff
masked = ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff
chunk = struct.pack("<I", masked) + text
sys.stdout.buffer.write(b"\xff\x06\x00\x00sNaPpY" + b"\x01" + struct.pack("<I", len(chunk))[:3] + chunk)' >snap
answers 200 "snappy" PUT "$URL/metrics/job/snap" --data-binary @snap -H 'Content-Encoding: snappy'
has "$(cat spool/groups/job=snap.prom)" 'snap{instance="",job="snap"} 1' "is unpacked"
for encoding in br 'gzip, gzip' deflate zstd; do
	answers 415 "Content-Encoding: $encoding" PUT "$URL/metrics/job/bad" --data-binary @big.prom.gz -H "Content-Encoding: $encoding"
done
answers 415 "two Content-Encodings" PUT "$URL/metrics/job/bad" --data-binary @big.prom.gz -H 'Content-Encoding: gzip' -H 'Content-Encoding: gzip'
ok "none leaves a group" test ! -e spool/groups/job=bad.prom

# GET
answers 202 "wipe" PUT "$URL/api/v1/admin/wipe"
answers 200 "a push" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
while IFS='|' read -r accept type; do
	answers 200 "Accept: $accept" GET "$URL/metrics" -H "Accept: $accept"
	has "$headers" "content-type: $type" "is $type"
	ok "and has the group" grep -qa instance body
done <<'END'
|text/plain; version=0.0.4; charset=utf-8; escaping=underscores
*/*|text/plain; version=0.0.4; charset=utf-8; escaping=underscores
text/plain;version=0.0.4;q=0.3|text/plain; version=0.0.4; charset=utf-8; escaping=underscores
text/plain;version=1.0.0;escaping=allow-utf-8|text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8
application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,text/plain;q=0.4|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores
END
answers 200 "Accept-Encoding: gzip" GET "$URL/metrics" -H 'Accept-Encoding: gzip'
has "$headers" 'content-encoding: gzip' "is gzip"
has "$(gunzip <body)" 'm{instance="",job="a"} 1' "and has the metric"
answers 200 "Accept-Encoding: br" GET "$URL/metrics" -H 'Accept-Encoding: br'
unlike "$headers" 'content-encoding' "is plain"
answers 200 "HEAD" HEAD "$URL/metrics" -H 'Accept-Encoding: gzip'
has "$headers" 'content-encoding: gzip' "has the same headers"
stops TERM "$pid" 0 "the gateway ends"

# A small limit
start_serve -d limited --limit.body=10k
head -c 20000 /dev/zero | tr '\0' '\n' | gzip >bomb.gz
answers 413 "a body that is too large when unpacked" PUT "$URL/metrics/job/a" --data-binary @bomb.gz -H 'Content-Encoding: gzip'
head -c 9000 /dev/zero | tr '\0' '\n' | gzip >fits.gz
answers 200 "one that fits" PUT "$URL/metrics/job/a" --data-binary @fits.gz -H 'Content-Encoding: gzip'
stops TERM "$pid" 0 "the gateway ends"

# The gateway's own metrics
rm -rf spool
start_serve -d spool --web.enable-admin-api
answers 200 "the first scrape" GET "$URL/metrics"
has "$body" 'promhttp_metric_handler_requests_total{code="200"} 0' "is not yet counted"
unlike "$body" 'pushgateway_http_requests_total' "nor is anything else"
version=$(pgw-serve --version)
has "$body" "pushgateway_build_info{branch=\"\",goarch=\"\",goos=\"\",goversion=\"\",revision=\"\",tags=\"\",version=\"${version#* }\"} 1" "the build has upstream's labels"
for name in process_cpu_seconds_total process_max_fds process_open_fds process_resident_memory_bytes \
	process_start_time_seconds process_virtual_memory_bytes process_network_receive_bytes_total process_network_transmit_bytes_total \
	pgw_scrape_dropped_series_total pgw_build_info pgw_spool_groups pgw_spool_series pgw_spool_bytes pgw_spool_rejected_groups; do
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
has "$body" 'pushgateway_http_requests_total{code="200",handler="push",method="put"} 4' "what another process served counts too"
stops TERM "$pid" 0 "the gateway ends"

# What was counted is in the file soon, without another request: a process that is killed then takes nothing with it.
one_shot_has() {
	printf 'GET /metrics HTTP/1.0\r\n\r\n' | pgw-serve -i -d "$1" 2>/dev/null | grep -qxF "$2"
}
start_serve -d killed
for i in 1 2 3 4 5; do
	request POST "$URL/metrics/job/a" --data-binary $'m 1\n'
done
await "the counts are stored" one_shot_has killed 'pushgateway_http_requests_total{code="200",handler="push",method="post"} 5'
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

# --push.disable-consistency-check, --push.enable-utf8-names
start_serve -d unchecked --push.disable-consistency-check
answers 202 "an unchecked push" PUT "$URL/metrics/job/a" --data-binary $'# TYPE t gauge\nt 1\n'
is "$body" "" "has an empty body"
answers 202 "one that clashes" PUT "$URL/metrics/job/b" --data-binary $'# TYPE t counter\nt 1\n'
is "$(group_files unchecked)" $'job=a.prom\njob=b.prom' "is stored"
answers 200 "a scrape" GET "$URL/metrics"
has "$body" 't{instance="",job="a"} 1' "has the first"
unlike "$body" 'job="b"' "leaves the other out"
has "$body" 'pgw_spool_rejected_groups 1' "and counts it"
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json '[(g["labels"], g["t"]["type"]) for g in j["data"]]')" "[({'job': 'a'}, 'GAUGE'), ({'job': 'b'}, 'COUNTER')]" "shows both"
for method in PUT POST; do
	answers 400 "one with a timestamp, $method" $method "$URL/metrics/job/c" --data-binary $'# TYPE t gauge\nt 1 1\n'
	is "$body" 'pushed metrics are invalid or inconsistent with existing metrics: line 2: pushed metrics must not have timestamps' \
		"which can't be stored, and says so"
done
unlike "$(cat unchecked/groups/*)" $'\n''t{[^}]*job="c"' "and isn't"
answers 400 "one that does not parse" PUT "$URL/metrics/job/c" --data-binary $'t\n'
answers 202 "DELETE" DELETE "$URL/metrics/job/a"
answers 200 "a scrape" GET "$URL/metrics"
has "$body" 't{instance="",job="b"} 1' "then has the other"
stops TERM "$pid" 0 "the gateway ends"

start_serve -d utf8 --push.enable-utf8-names
answers 200 "names in UTF-8" PUT "$URL/metrics/job/a/U__x_2e_y/z" --data-binary $'{"m.n","l.m"="v"} 1\n'
has "$(cat 'utf8/groups/'*)" '{"m.n",instance="",job="a","l.m"="v","x.y"="z"} 1' "are stored"
while IFS='|' read -r escaping line; do
	answers 200 "escaping=$escaping" GET "$URL/metrics" -H "Accept: text/plain;version=1.0.0;escaping=$escaping"
	has "$body" "$line" "$line"
done <<'END'
allow-utf-8|{"m.n",instance="",job="a","l.m"="v","x.y"="z"} 1
underscores|m_n{instance="",job="a",l_m="v",x_y="z"} 1
dots|m_dot_n{instance="",job="a",l_dot_m="v",x_dot_y="z"} 1
values|U__m_2e_n{U__l_2e_m="v",U__x_2e_y="z",instance="",job="a"} 1
END
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json 'j["data"][0]["labels"], j["data"][0]["m.n"]["metrics"]')" \
	"({'job': 'a', 'x.y': 'z'}, [{'labels': {'instance': '', 'job': 'a', 'l.m': 'v', 'x.y': 'z'}, 'value': '1'}])" "has them as they are"
stops TERM "$pid" 0 "the gateway ends"
# Names that escaping makes the same: what goes out stays valid, and what is left out is told.
SERVE_NAME=same start_serve -d same --push.enable-utf8-names
answers 200 "a family" PUT "$URL/metrics/job/a" --data-binary $'# TYPE "f.x" gauge\n{"f.x"} 1\n# TYPE "s.x" gauge\n{"s.x","l.x"="1"} 1\n'
answers 200 "another one" PUT "$URL/metrics/job/b" --data-binary $'# TYPE "f-x" counter\n{"f-x"} 2\n{"f-x",l="1"} 3\n'
answers 200 "and a series" POST "$URL/metrics/job/a" --data-binary $'# TYPE m gauge\nm{"l.x"="1"} 1\nm{"l-x"="1"} 2\nm{l_x="2"} 3\n'
for accept in 'text/plain;version=0.0.4' "${protobuf#*: };escaping=underscores"; do
	answers 200 "a scrape as ${accept%%;*}" GET "$URL/metrics" -H "Accept: $accept"
	ok "has the family" grep -qa f_x body
done
answers 200 "a scrape" GET "$URL/metrics"
is "$(grep '^# TYPE [fms]_*x* \|^[fms]_*x*{' body)" '# TYPE f_x counter
f_x{instance="",job="b"} 2
f_x{instance="",job="b",l="1"} 3
# TYPE m gauge
m{instance="",job="a",l_x="1"} 1
m{instance="",job="a",l_x="2"} 3
# TYPE s_x gauge
s_x{instance="",job="a",l_x="1"} 1' "has each name once"
# 3 is advice on names and help texts; what it can't parse is 1.
exits 3 "promtool reads it" promtool check metrics <body
has "$body" 'pgw_scrape_dropped_series_total 4' "what the two scrapes before left out is counted"
is "$(grep -c 'level=warn msg="series left out of a scrape: escaping gave them a name that another one has" series=2 escaping=underscores' same.log)" 3 \
	"and logged, a line a scrape"
answers 200 "a scrape that escapes nothing" GET "$URL/metrics" -H 'Accept: text/plain;version=1.0.0;escaping=allow-utf-8'
has "$body" '{"f.x",instance="",job="a"} 1' "has all"
has "$body" 'pgw_scrape_dropped_series_total 6' "and leaves out nothing"
stops TERM "$pid" 0 "the gateway ends"
start_serve -d plain
answers 400 "without the flag" PUT "$URL/metrics/job/a" --data-binary $'{"m.n"} 1\n'
answers 400 "nor in the path" PUT "$URL/metrics/job/a/x.y/z" --data-binary $'m 1\n'
is "$body" 'improper label name "x.y"' "says why"
stops TERM "$pid" 0 "the gateway ends"

# --web.systemd-socket
need systemd-socket-activate
port=$(free_port)
start passed systemd-socket-activate -l "127.0.0.1:$port" "$(command -v pgw-serve)" --web.systemd-socket -d spool
await "the activator listens" grep -q '^Listening on' passed.log
answers 200 "a socket that systemd passes" GET "http://127.0.0.1:$port/-/healthy"
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

# Nothing in the log drives the terminal that shows it.
for format in logfmt json; do
	SERVE_NAME=hostile start_serve -d hostile --log.format="$format"
	answers 400 "a refused push of a hostile group" POST "$URL/metrics/job/%1B%5B2J%7F%C2%9B31m%E2%80%AE%F3%A0%80%81" \
		--data-binary $'x 1 1\n'
	answers 400 "and one of a hostile body" POST "$URL/metrics/job/a" --data-binary $'\x9b31m\xc2\x9b\x1b[2J\xe2\x80\xae 1\n'
	stops TERM "$pid" 0 "the gateway ends"
	is "$(grep -c 'push refused' hostile.log)" 2 "both are logged as $format"
	is "$(LC_ALL=C tr -d '\n -~' <hostile.log | sed 's/\xef\xbf\xbd//g' | od -An -c)" "" "and of what they hold nothing but ASCII is shown"
done

# Names in UTF-8 by protobuf: what is stored can be read again, and nothing is forged.
SERVE_NAME=names start_serve -d names --push.enable-utf8-names
proto forged <<'END'
label = lambda n, v: field(1, field(1, n) + field(2, v))
evil = b'x="1"} 1\nevil{job="prod",instance="i"} 42\n# '
sys.stdout.buffer.write(family(b"a.b", GAUGE, label(evil, b"v") + label(b"l.x", b"w") + field(2, double(1, 1))))
END
answers 200 "UTF-8 names by protobuf" POST "$URL/metrics/job/j" \
	-H 'Content-Type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited' \
	--data-binary @forged
for accept in 'text/plain;version=0.0.4' 'text/plain;version=1.0.0;escaping=allow-utf-8' \
	'text/plain;escaping=dots' 'text/plain;escaping=values' \
	'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited'; do
	answers 200 "a scrape of them as $accept" GET "$URL/metrics" -H "Accept: $accept"
	unlike "$body" '^evil' "forges no sample"
done
exits 0 "another process" pgw-list -d names
is "$err" "" "reads the group"
# A plain name stays whatever others escape to.
request POST "$URL/metrics/job/plain" --data-binary $'# TYPE a_b counter\na_b 7\n# TYPE a_h_count counter\na_h_count 3\n'
request POST "$URL/metrics/job/other" --data-binary $'# TYPE "a.h" histogram\n{"a.h_count"} 1\n'
is "$code" 200 "a histogram whose escaped name clashes"
answers 200 "is scraped with escaped names" GET "$URL/metrics"
has "$body" 'a_b{instance="",job="plain"} 7' "the plain family stays"
has "$body" 'a_h_count{instance="",job="plain"} 3' "and the other one"
unlike "$body" '^# TYPE a_h ' "the escaped histogram gives way"
exits 3 "and the whole parses" sh -c "promtool check metrics <body"
done_testing
