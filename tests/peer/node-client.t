#!/bin/bash
# prom-client of Node.js pushes to pgw-serve: text in chunks, without a Content-Type.
. "$(dirname "$0")/../lib.sh"
need node npm

cp "$TESTS"/peer/clients/{client.js,package.json,package-lock.json} .
is "$(grep -oE '[a-z]+://[^/"]*' package-lock.json | sort -u)" https://registry.npmjs.org \
	"package-lock.json names the public registry alone: npm asks the one that is configured"

# npm would retry for minutes (fetch-timeout is 5 of them), and doesn't end on SIGTERM while it waits to do so. The
# cache is in the build, so that one download is enough for all runs of the tests on it.
fetch() {
	limited 60 npm ci --no-audit --no-fund --no-update-notifier --ignore-scripts --prefer-offline \
		--cache "$PGW_BIN/npm-cache" --loglevel=error --fetch-timeout=10000 --fetch-retries=3 \
		--fetch-retry-mintimeout=500 --fetch-retry-maxtimeout=5000
}
run fetch
# A machine without a way to the registry, or that doesn't trust it, can't run this at all.
if [ "$status" -ne 0 ] && grep -qE 'CERT|ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|E40[137]|took more' err; then
	skip "prom-client" "npm can't fetch it here: $(head -n 1 err)"
	done_testing
fi
is "$status" 0 "npm ci fetches prom-client" || note "$err"
[ "$status" -eq 0 ] || done_testing

start_serve -d spool
file='spool/groups/job=js,instance=a:1,zone=k%C3%BCche%201.prom'
key='instance="a:1",job="js"'

# families COUNTER GAUGE
families() {
	cat <<EOF
# HELP js_bytes A summary.
# TYPE js_bytes summary
js_bytes{$key,quantile="0.5",zone="küche 1"} 4
js_bytes_sum{$key,zone="küche 1"} 4
js_bytes_count{$key,zone="küche 1"} 1
# HELP js_jobs_total A "counter"\\\\\\n.
# TYPE js_jobs_total counter
js_jobs_total{$key,zone="küche 1"} $1
# HELP js_level A gauge.
# TYPE js_level gauge
js_level{$key,name="\"q\"\\\\\\n",zone="küche 1"} $2
# HELP js_seconds A histogram.
# TYPE js_seconds histogram
js_seconds_bucket{$key,le="0.25",zone="küche 1"} 0
js_seconds_bucket{$key,le="1",zone="küche 1"} 1
js_seconds_bucket{$key,le="+Inf",zone="küche 1"} 1
js_seconds_sum{$key,zone="küche 1"} 0.5
js_seconds_count{$key,zone="küche 1"} 1
EOF
}

# client OPTIONS ANSWERS ACTION...: one process of Node.js, which writes the answers, with a blank between, and ends.
client() {
	local options=$1 answers=$2
	shift 2
	exits 0 "${options:-plain}: $*" limited $DEADLINE node client.js "$URL" "$options" "$@"
	is "${out//$'\n'/ }$err" "$answers" "${options:-plain}: $*: the answers"
}

for options in "" keepalive gzip keepalive,gzip; do
	client "$options" "200 1 connections" push
	is "$(group_files spool)" "${file##*/}" "$options: the group"
	is "$(normal "$file" | grep -v push_)" "$(families 3 1.5e-07)" "$options: the group file"
	client "$options" "200 1 connections" add
	is "$(normal "$file" | grep -v push_)" "$(families 6 3e-07)" "$options: families of the same name are replaced"
	client "$options" "200 1 connections" push
	is "$(normal "$file" | grep -v push_)" "$(families 3 1.5e-07)" "$options: all are replaced"
	client "$options" "202 1 connections" delete
	is "$(group_files spool)" "(none)" "$options: the group is gone"
	client "$options" "202 1 connections" delete
	connections=5
	[[ $options != *keepalive* ]] || connections=1
	client "$options" "200 200 202 200 200 $connections connections" push add delete add push
	is "$(normal "$file" | grep -v push_)" "$(families 3 1.5e-07)" \
		"$options: the group file after many on $connections"
	client "$options" "202 1 connections" delete
	answers 200 "$options: another type elsewhere" PUT "$URL/metrics/job/x" \
		--data-binary $'# TYPE js_level counter\njs_level 1\n'
	run limited $DEADLINE node client.js "$URL" "$options" push delete
	like "$out" "^push failed with status 400, pushed metrics are invalid or inconsistent with existing metrics: [^"$'\n'"]*js_level[^"$'\n'"]*
202" "$options: a push that clashes fails, with the reason, and the next request works"
	answers 202 "$options: the other is deleted" DELETE "$URL/metrics/job/x"
done
done_testing
