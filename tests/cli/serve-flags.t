#!/bin/bash
# pgw-serve in the place of the upstream Pushgateway: its flags, alone and as in a unit file.
. "$(dirname "$0")/../lib.sh"

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
	usage "--web.telemetry-path: something else is served at \"$(sed 's|^//-/\./|/-/|' <<<"$clean")\"" \
		"--web.telemetry-path=$path"
done
usage '--web.telemetry-path: something else is served at "/p/q/status"' --web.route-prefix=p/q \
	--web.telemetry-path=status
usage '--web.external-url: "http://x/%zz" is not a URL' --web.external-url=http://x/%zz
usage 'unknown or ambiguous option --no-log.level' --no-log.level
for address in '' 127.0.0.1 127.0.0.1: :99999 :+80 :-1 '[::1]' ::1:80; do
	usage "--web.listen-address: \"$address\" is not :PORT, HOST:PORT, [IPV6]:PORT or unix:PATH" \
		"--web.listen-address=$address"
done
exits 64 "a port without a number" pgw-serve -d spool --web.listen-address=127.0.0.1:no-such-service
like "$err" $'^pgw-serve: 127\\.0\\.0\\.1:no-such-service: .' "is named"
# An address that no machine has (RFC 5737): the name of the port is fine.
exits 69 "a port with a name" pgw-serve -d spool --web.listen-address=192.0.2.1:http-alt
is "$err" "pgw-serve: cannot listen on 192.0.2.1:http-alt: Cannot assign requested address" "is looked up"
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
	is "$(sed -n 's/^\(allow\|location\): //p' <<<"$headers")" "${allow//,/, }" \
		"has ${allow:-neither Location nor Allow}"
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

# --push.disable-consistency-check
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
is "$(json '[(g["labels"], g["t"]["type"]) for g in j["data"]]')" \
	"[({'job': 'a'}, 'GAUGE'), ({'job': 'b'}, 'COUNTER')]" "shows both"
for method in PUT POST; do
	answers 400 "one with a timestamp, $method" $method "$URL/metrics/job/c" --data-binary \
		$'# TYPE t gauge\nt 1 1\n'
	is "$body" 'pushed metrics are invalid or inconsistent with existing metrics: line 2: pushed metrics must not have timestamps' \
		"which can't be stored, and says so"
done
unlike "$(cat unchecked/groups/*)" $'\n''t{[^}]*job="c"' "and isn't"
answers 400 "one that does not parse" PUT "$URL/metrics/job/c" --data-binary $'t\n'
answers 202 "DELETE" DELETE "$URL/metrics/job/a"
answers 200 "a scrape" GET "$URL/metrics"
has "$body" 't{instance="",job="b"} 1' "then has the other"
stops TERM "$pid" 0 "the gateway ends"

# --web.systemd-socket
need systemd-socket-activate
port=$(free_port)
start passed systemd-socket-activate -l "127.0.0.1:$port" "$(command -v pgw-serve)" --web.systemd-socket -d spool
await "the activator listens" grep -q '^Listening on' passed.log
answers 200 "a socket that systemd passes" GET "http://127.0.0.1:$port/-/healthy"
stops TERM "$pid" 0 "the gateway ends"
done_testing
