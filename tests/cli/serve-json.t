#!/bin/bash
# The JSON API of pgw-serve, and its wipe.
. "$(dirname "$0")/../lib.sh"

start_serve -d spool --web.enable-admin-api

# The headers
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
is "$(json 'j["data"]["flags"]["web.idle-timeout"], j["data"]["flags"]["limit.body"]')" "('2m0s', '67108864')" \
	"and our own"

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
	"{'type': 'COUNTER', 'metrics': [{'labels': {'instance': 'i', 'job': 'all'}, 'value': '1.23456789e+08'}]}" \
		"a counter without help"
is "$(json 'j["data"][0]["u"]["type"], [m["value"] for m in j["data"][0]["u"]["metrics"]]')" \
	"('UNTYPED', ['NaN', '-Inf', '1e+21', '1e-05', '100000'])" "untyped ones in Go's form"
is "$(json 'j["data"][0]["s"]["type"], j["data"][0]["s"]["metrics"]')" \
	"('SUMMARY', [{'labels': {'instance': 'i', 'job': 'all'}, 'quantiles': {'0.5': '1.5', '0.9': 'NaN'}, 'count': '2000000', 'sum': '3e+06'}])" "a summary"
is "$(json 'j["data"][0]["h"]["type"], j["data"][0]["h"]["metrics"]')" \
	"('HISTOGRAM', [{'labels': {'instance': 'i', 'job': 'all'}, 'buckets': {'0.1': '1', '1e+06': '3000000', '+Inf': '3000001'}, 'count': '3000001', 'sum': '0.5'}])" "a histogram"
is "$(json 'len({f["time_stamp"] for f in j["data"][0].values() if isinstance(f, dict) and "type" in f})')" 1 \
	"one time for all"
stamp=$(json 'j["data"][0]["g"]["time_stamp"]')
like "$stamp" '^20[0-9-]+T[0-9:]+(\.[0-9]*[1-9])?Z$' "of the push"
is "$(date -d "$stamp" +%s)" "$(sed -n 's/^push_time_seconds.* \([0-9.e+]*\)$/\1/p' \
	spool/groups/job=all,instance=i.prom |
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
is "$(grep -o '"pgw-labels":{[^}]*}' body)" '"pgw-labels":{"job":"names"}' "the labels are there in another place"
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
stops TERM "$pid" 0 "the gateway ends"
done_testing
