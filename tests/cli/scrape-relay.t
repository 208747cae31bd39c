#!/bin/bash
# pgw-scrape-relay, once over its URLs.
. "$(dirname "$0")/../lib.sh"

start_responder exporter 200 $'# TYPE a gauge\na 1\nb{x="y"} 2\n'
exporter=$URL
start_serve -d served
gateway=$URL

exits 0 "into a spool" pgw-scrape-relay -d spool -j relay -l x=y "$exporter/metrics"
is "$(group_files spool)" "job=relay,x=y.prom" "one group"
has "$(cat spool/groups/job=relay,x=y.prom)" 'a{instance="",job="relay",x="y"} 1' "with what was scraped"
like "$(tail -n +2 exporter.log)" '"method": "GET", "path": "/metrics"' "the exporter was asked"
like "$(tail -n +2 exporter.log)" 'text/plain;version=0\.0\.4' "for text"
exits 0 "to a gateway" pgw-scrape-relay -u "$gateway" -j relay -l x=y "$exporter/metrics"
is "$(normal served/groups/job=relay,x=y.prom)" "$(normal spool/groups/job=relay,x=y.prom)" "the same"

# What a target is known by
scraped=$'a 1\nb 2\nscrape_body_size_bytes 30\nscrape_duration_seconds TIME\nscrape_samples_scraped 2\nup 1'
is "$(relayed spool/groups/job=relay,x=y.prom)" "$scraped" "with what was scraped come the relay's own gauges"
# gone SIZE: the samples of a target that is down, and answered with so many bytes.
gone() {
	printf '%s\n' "scrape_body_size_bytes $1" "scrape_duration_seconds TIME" "scrape_samples_scraped 0" "up 0"
}

# Failures: a message, a status that is not 0, and the target is down.
failures=0
# fails EXIT NAME STATUS BODY SIZE MESSAGE
fails() {
	exits 0 "a target that is up" pgw-scrape-relay -d spool -j relay -l x=y "$exporter/metrics"
	start_responder "fails-$((++failures))" "$3" "$4"
	exits "$1" "$2" pgw-scrape-relay -d spool -j relay -l x=y "$URL/metrics"
	is "$err" "pgw-scrape-relay: $URL/metrics: $6" "$2: names the target"
	is "$(relayed spool/groups/job=relay,x=y.prom)" "$(gone "$5")" "$2: it is down, and what it had is gone"
}
fails 69 "a target that breaks" 500 '' 0 "the target answered with status 500"
fails 65 "a target without the path" 404 'a 1' 0 "the target answered with status 404"
fails 65 "an empty target" 200 '' 0 "the exposition is empty"
fails 65 "a target that answers something else" 200 '<html>' 6 "line 1, column 1: invalid metric name"
fails 65 "a target with a wrong sample" 200 $'a 1\nb x\n' 8 'line 2, column 3: expected float as value, got "x"'
fails 65 "a target with a timestamp" 200 $'a 1 1000\n' 9 "line 1, column 5: pushed metrics must not have timestamps"
for stale in "" --keep-stale; do
	exits 0 "a target that is up" pgw-scrape-relay -d spool -j relay -l x=y "$exporter/metrics"
	URL=http://127.0.0.1:$(free_port)
	exits 69 "a dead target $stale" pgw-scrape-relay $stale -d spool -j relay -l x=y "$URL/metrics"
	like "$err" "^pgw-scrape-relay: $URL/metrics: .*: Connection refused\$" "is named"
	is "$(relayed spool/groups/job=relay,x=y.prom)" "${stale:+$'a 1\nb 2\n'}$(gone 0)" "and is down $stale"
done
start_responder slow never
exits 69 "a slow target" pgw-scrape-relay -t 1 -d spool -j relay -l x=y "$URL/metrics"
like "$err" "^pgw-scrape-relay: $URL/metrics: .*timed out" "is cut off"
is "$(relayed spool/groups/job=relay,x=y.prom)" "$(gone 0)" "and is down"

# Many
rm -rf spool
urls=()
for i in 1 2 3 4 5; do
	start_responder "target$i" 200 "t{i=\"$i\"} $i"$'\n'
	urls+=("$URL/metrics")
done
exits 0 "five targets" pgw-scrape-relay -P 2 -d spool -j many "${urls[@]}"
is "$(cat spool/groups/*.prom | grep '^t{' | sed 's/.*,i=/i=/; s/^t{i=/i=/; s/,.*}/}/' | sort | wc -l)" 5 \
	"all are there"
is "$(group_files spool | wc -l)" 5 "each in a group of its own"
for url in "${urls[@]}"; do
	host=${url#http://}
	ok "by its instance" test -e "spool/groups/job=many,instance=${host%/metrics}.prom"
done

# No answer comes before as many requests are there as may be; after that there is time for one too many.
for parallel in 1 3; do
	rm -rf spool
	start_responder "parallel$parallel" 200 $'a 1\n' 0.3 $parallel 6
	# shellcheck disable=SC2086 # a list of URLs
	exits 0 "-P $parallel" pgw-scrape-relay -P $parallel -t 20 -d spool -j parallel $URL
	is "$(grep -c '"at_once"' "parallel$parallel.log")" 6 "-P $parallel: each target is asked once"
	is "$(sed -n 's/.*"at_once": \([0-9]*\).*/\1/p' "parallel$parallel.log" | sort -n | tail -n 1)" $parallel \
		"-P $parallel: at most $parallel requests at once"
	is "$(group_files spool | wc -l)" 6 "-P $parallel: all are pushed"
done

rm -rf spool
exits 69 "a dead one among them" pgw-scrape-relay -d spool -j many "${urls[0]}" \
	"http://127.0.0.1:$(free_port)/metrics" "${urls[1]}"
is "$(group_files spool | wc -l)" 3 "does not keep the others back"
is "$(cat spool/groups/*.prom | sed -n 's/^up{.*} //p' | sort | tr '\n' ' ')" "0 1 1 " \
	"and is the only one that is down"
exits 69 "a gateway that is not there" pgw-scrape-relay -u "http://127.0.0.1:$(free_port)" -j relay "$exporter/metrics"

# A push that is refused
pgw-push -d spool -j first <<<$'# TYPE a counter\na 1'
exits 65 "a push that clashes" pgw-scrape-relay -d spool -j relay "$exporter/metrics"
is "$err" "pgw-scrape-relay: $exporter/metrics: line 2: collected metric \"a\" is not a COUNTER, which it is in group {job=\"first\"}" \
	"is refused"
is "$(relayed spool/groups/job=relay.prom)" "$(gone 30)" "and its target is down"
start_serve -d other
pgw-push -d other -j first <<<$'# TYPE a counter\na 1'
exits 65 "also at a gateway" pgw-scrape-relay -u "$URL" -j relay "$exporter/metrics"
is "$(relayed other/groups/job=relay.prom)" "$(gone 30)" "which gets to know of it"

exits 64 "no URL" pgw-scrape-relay -d spool -j x
exits 64 "no job" pgw-scrape-relay -d spool "$exporter"
exits 64 "an unknown option" pgw-scrape-relay --nonsense
exits 0 "-h" pgw-scrape-relay -h
like "$out" '^usage: pgw-scrape-relay ' "prints the usage"
exits 0 "-V" pgw-scrape-relay -V
like "$out" '^pgw-scrape-relay [0-9.]+$' "prints the version"
exits 0 "-n" pgw-scrape-relay -n -d dry -j x "$exporter/metrics"
ok "pushes nothing" test ! -e dry
done_testing
