#!/bin/bash
# 2,000 targets, each in a group of its own: once, and in rounds.
. "$(dirname "$0")/../lib.sh"
need curl

ulimit -n "$(ulimit -H -n)"
TARGETS=2000
# Its output ends when all of them listen.
"$PGW_BIN/tests/tools/targets" $TARGETS >urls &
await "the targets listen" sh -c "[ \$(wc -l <urls) -eq $TARGETS ]"
first=$(head -n 1 urls | cut -d/ -f3)
curl -s "http://$first/metrics" | grep -v '^#' >expected

exits 0 "once, into a spool" sh -c 'pgw-scrape-relay -d spool -j many - <urls'
is "$err" "" "without a word"
is "$(group_files spool | wc -l)" $TARGETS "all are there"
is "$(cat spool/groups/*.prom | grep -c '^up{.*} 1$')" $TARGETS "and up"
grep -v '^#' "spool/groups/job=many,instance=$first.prom" | grep '^target_' |
	sed -E 's/([{,])(instance|job)="[^"]*"/\1/g; s/,+/,/g; s/\{,/{/; s/,?\}/}/' | sort >relayed
same <(sort expected) relayed "with what the target has"

start_serve -d served
gateway=$URL
start relay sh -c "exec pgw-scrape-relay -i 6 -u $gateway -j many - <urls"
relay=$pid
await "a round over HTTP" grep -q "round [0-9]*: $TARGETS targets, $TARGETS up, 0 down" relay.log
stops TERM "$relay" 0 "the end"
unlike "$(cat relay.log)" ' [1-9][0-9]* down' "none was down"
is "$(curl -s "$gateway/metrics" | grep -c '^up{.*} 1$')" $TARGETS "all are there, and up"

# By files; half of the targets go.
to_json() {
	sed -E 's!http://([^/]*)/metrics!"\1"!' | paste -sd, | sed 's/.*/[{"targets": [&], "labels": {"zone": "a"}}]/'
}
to_json <urls >sd.json
start relay pgw-scrape-relay -i 4 -d spool2 -j many -c sd.json
relay=$pid
await "a round into a spool" grep -q "round [0-9]*: $TARGETS targets, $TARGETS up, 0 down" relay.log
is "$(pgw-list -0 -d spool2 -s '{job="many",instance!="",zone="a"}' | tr -cd '\0' | wc -c)" $TARGETS "all are there"
head -n $((TARGETS / 2)) urls | to_json >sd.new && mv sd.new sd.json
# shellcheck disable=SC2317
half_is_left() {
	[ "$(group_files spool2 | wc -l)" -eq $((TARGETS / 2)) ]
}
await "half of them go" half_is_left
await "and the rest goes on" grep -q "round [0-9]*: $((TARGETS / 2)) targets, $((TARGETS / 2)) up, 0 down" relay.log
stops TERM "$relay" 0 "the end"

exits 65 "once more, when none says what can be taken" \
	sh -c 'pgw-scrape-relay -q --body-size-limit 10 -d spool -j many - <urls'
is "$(cat spool/groups/*.prom | grep -c '^up{.*} 0$')" $TARGETS "all are down"
is "$(cat spool/groups/*.prom | grep -c '^target_')" 0 "and have nothing else"
done_testing
