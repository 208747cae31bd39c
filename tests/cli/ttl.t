#!/bin/bash
# Groups with a TTL: gone for every reader when it is over, and deleted by the next writer.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway

# age FILE SECONDS: the last push was so long ago.
age() {
	local time
	time=$(($(date +%s) - $2))
	sed -i -E "s/^# pgw (push|failure) [0-9]+\./# pgw \1 $time./; /^# pgw family/d" "spool/groups/$1"
}
ttl_of() {
	sed -n 's/^# pgw ttl //p' "spool/groups/$1"
}

exits 0 "--ttl" pgw-push -d spool -j a --ttl 1h <<<'a 1'
is "$(sed -n 3,4p spool/groups/job=a.prom | sed 's/[0-9.]\{20,\}/TIME/')" '# pgw push TIME POST
# pgw ttl 3600' "is a line of the header"
exits 0 "a fraction of a second" pgw-push -d spool -j a --ttl 3600.2 <<<'a 1'
is "$(ttl_of job=a.prom)" 3601 "is a whole one"
exits 65 "a refused push" pgw-push -d spool -j a \
	--ttl 5h <<<$'# TYPE a gauge\n# TYPE push_time_seconds counter\na 1\na 2'
is "$(ttl_of job=a.prom)" 3601 "keeps the TTL"
pgw-push -d spool -j a --ttl 100d <<<'b 1'
is "$(ttl_of job=a.prom)" 8640000 "a push has its own"
pgw-push -d spool -j a <<<'b 1'
is "$(ttl_of job=a.prom)" "" "or none"
for bad in 0 x 1y -1s 36501d; do
	exits 64 "--ttl $bad" pgw-push -d spool -j a --ttl "$bad" <<<'a 1'
	like "$err" "^pgw-push: --ttl: \"$bad\": (not an age|a TTL is at least 1s|an age is at most 36500d)" \
		"is refused"
done

# --- over ---
pgw-push -d spool -j over --ttl 1h <<<$'# TYPE c counter\nc 1'
pgw-push -d spool -j over -l x=1 --ttl 1d <<<'d 1'
age job=over.prom 3601
cp -r spool/groups saved
# again: the files as they were, since writers delete them.
again() {
	rm -rf spool/groups spool/catalog
	cp -rp saved spool/groups
}
exits 0 "pgw-list" pgw-list -d spool --json
is "$($PYTHON -c 'import json, sys
for group in json.load(sys.stdin)["groups"]: print(group["file"], group.get("ttl_seconds"))' <<<"$out")" \
	'job=a.prom None
job=over,x=1.prom 86400' "lists those whose time is not over"
is "$err" "" "and says nothing of the others"
exits 0 "its table" pgw-list -d spool --sort ttl
is "$(awk '{ print $1, $NF }' <<<"$out")" 'JOB TTL
over 23h
a -' "has the time that is left"
ok "nothing was deleted" test -e spool/groups/job=over.prom
exits 0 "another type and the same series" pgw-push -d spool -j over <<<$'# TYPE c gauge\nc 2'
again
exits 0 "another group" pgw-push -d spool -j other <<<$'# TYPE c gauge\nc 1'
is "$(group_files spool)" 'job=a.prom
job=other.prom
job=over,x=1.prom' "the next writer deletes what is over"
pgw-push -d spool -j other <<<'e 1'
ok "the catalog agrees" "$PGW_BIN/tests/tools/catalog_agrees" spool
again
exits 0 "POST to a group that is over" pgw-push -d spool -j over --ttl 2h <<<'new 1'
unlike "$(cat spool/groups/job=over.prom)" '^c\{' "begins anew"
is "$(ttl_of job=over.prom)" 7200 "with its own TTL"
again
exits 0 "deleting another one" pgw-delete -d spool -j a
exits 0 "-n --expired" pgw-delete -n -d spool --expired
is "$out" '{job="over"}' "names it"
exits 1 "-e --expired of others" pgw-delete -e -d spool --expired -s '{job="a"}'
exits 0 "--expired" pgw-delete -ve -d spool --expired
is "$err" 'pgw-delete: {job="over"}: deleted' "deletes it"
is "$(group_files spool)" 'job=over,x=1.prom' "and no other"
exits 1 "once" pgw-delete -e -d spool --expired
again
exits 0 "-a" pgw-delete -f -d spool -a
is "$(group_files spool)" '(none)' "deletes it as well"

# A group made by hand, and one that was refused.
rm -rf spool
pgw-push -d spool -j keep <<<$'# TYPE k gauge\nk 1'
printf '# pgw ttl 60\nhand 1\n' >spool/groups/job=hand.prom
exits 0 "a file made by hand" pgw-list -d spool -j hand
is "$(awk '{ print $NF }' <<<"$out" | tail -n 1 | tr -d 0-9)" s "has a TTL from its modification on"
touch -d '2 minutes ago' spool/groups/job=hand.prom
is "$(pgw-list -d spool -j hand | wc -l)" 1 "which ends"
exits 65 "a refused push" pgw-push -d spool -j refused --ttl 60 <<<$'# TYPE k counter\nk 1'
is "$(ttl_of job=refused.prom)" 60 "has a TTL, too"
age job=refused.prom 61
is "$(pgw-list -d spool -j refused | wc -l)" 1 "which ends"
for bad in '' x -1 1.5 99999999999 3153600001; do
	printf '# pgw ttl %s\nhand 1\n' "$bad" >spool/groups/job=bad.prom
	exits 0 "a line with $bad" pgw-list -d spool
	like "$err" '^pgw-list: job=bad.prom: left out: line 1: malformed header line' "leaves the file out"
done
# Many are deleted in several batches.
rm -rf spool
for i in $(seq 100); do
	printf '# pgw ttl 1\na 1\n' >"job=$i.prom"
	touch -d '5 seconds ago' "job=$i.prom"
done
pgw-push -d spool -j x <<<'a 1'
cp -p job=*.prom spool/groups
pgw-push -d spool -j x <<<'a 1'
is "$(group_files spool | wc -l)" 37 "64 go with a change"
pgw-push -d spool -j x <<<'a 1'
is "$(group_files spool)" job=x.prom "the rest with the next"

# --- pgw-serve ---
rm -rf spool
start_serve -d spool
# exposes NAME: whether the gateway exposes a family.
exposes() {
	curl -s "$URL/metrics" | grep -q "^$1{"
}
exits 0 "--ttl over HTTP" pgw-push -u "$URL" -j long --ttl 24h <<<'long 1'
# Nothing is pushed after it, which would delete it when it is over.
exits 0 "a second group" pgw-push -u "$URL" -j short --ttl 2 <<<'short 1'
is "$(ttl_of job=short.prom)" 2 "has its TTL"
exits 0 "pgw-list -u" pgw-list -u "$URL" -j long --json
like "$out" '"ttl_seconds":86400' "knows it"
exits 0 "its table" pgw-list -u "$URL" -j long
is "$(awk 'NR == 2 { print $NF }' <<<"$out")" 23h "too"
await "a group is gone from scrapes on time" sh -c "! curl -s $URL/metrics | grep -q '^short{'"
ok "others stay" exposes long
ok "its file is still there" test -e spool/groups/job=short.prom
request GET "$URL/metrics"
has "$body" 'pgw_spool_groups 1' "it is not counted"
has "$body" 'pgw_spool_rejected_groups 0' "nor as left out"
unlike "$(cat serve.log)" 'short' "nor logged"
request GET "$URL/api/v1/metrics"
unlike "$body" '"short"' "nor in the API"
# expired_of NAME: --expired of the gateway.
nothing='pgw-delete: --expired: nothing to delete: pgw-serve does so itself, and other gateways know no TTL'
expired_of() {
	curl -s "$URL/metrics" | grep 'job=' >before
	exits 0 "$1: --expired" pgw-delete -u "$URL" --expired
	is "$err" "$nothing" "$1: says that there is nothing"
	exits 1 "$1: --expired with -eq" pgw-delete -eq -u "$URL" --expired --all
	is "$out$err" "" "$1: says nothing"
	exits 0 "$1: --expired with -n" pgw-delete -n -u "$URL" --expired -s '{job=~".*"}'
	is "$out" "" "$1: shows nothing"
	curl -s "$URL/metrics" | grep 'job=' >after
	same before after "$1: all groups stay"
}
expired_of pgw-serve
exits 69 "--expired of a gateway that is away" pgw-delete -u "http://127.0.0.1:$(free_port)" --expired
answers 200 "another type is taken" POST "$URL/metrics/job/other" --data-binary $'# TYPE short counter\nshort 1\n'
ok "the next push deletes the file" test ! -e spool/groups/job=short.prom
answers 200 "a header" POST "$URL/metrics/job/h" -H 'Pgw-Ttl: 15m' --data-binary $'h 1\n'
is "$(ttl_of job=h.prom)" 900 "has the TTL"
answers 200 "no header" POST "$URL/metrics/job/h" --data-binary $'h 1\n'
is "$(ttl_of job=h.prom)" "" "has none"
answers 400 "a malformed one" POST "$URL/metrics/job/h" -H 'Pgw-Ttl: soon' --data-binary $'h 2\n'
is "$body" 'Pgw-Ttl: "soon": not an age, such as 30, 90s, 15m, 24h or 7d' "is refused with the reason"
answers 400 "0" PUT "$URL/metrics/job/h" -H 'pgw-ttl: 0' --data-binary $'h 2\n'
is "$body" 'Pgw-Ttl: "0": a TTL is at least 1s' "too"
ok "nothing was changed" grep -q '^h{.* 1$' spool/groups/job=h.prom
answers 202 "a deletion has none" DELETE "$URL/metrics/job/h" -H 'Pgw-Ttl: soon'
exits 65 "pgw-push to a gateway that is refused" pgw-push -u "$URL" -j long --ttl 1h <<<$'# TYPE short gauge\nshort 1'
# What another process pushed.
pgw-push -d spool -j outside --ttl 1 <<<'outside 1'
await "a group of another process is gone on time" sh -c "! curl -s $URL/metrics | grep -q '^outside{'"
exits 0 "one from inetd" sh -c "printf 'GET /metrics HTTP/1.0\r\n\r\n' | pgw-serve -i -d spool"
unlike "$out" '^outside' "has it neither"

# A push that waited has its TTL still.
nobody=http://127.0.0.1:$(free_port)
exits 0 "a push that waits" pgw-push --queue queue -q -u "$nobody" -j late --ttl 2h <<<'late 1'
has "$(cat queue/0*)" 'ttl 7200s' "has a line of its TTL"
SERVE_NAME=late start_serve -d spool
sed -i "s!$nobody/!$URL/!" queue/0*
exits 0 "--flush" pgw-push --queue queue --flush
is "$(ttl_of job=late.prom)" 7200 "brings it"
exits 0 "another one" pgw-push --queue queue -q -u "$nobody" -j late --ttl 2h <<<'late 1'
sed -i 's/^ttl 7200s$/ttl soon/' queue/0*
exits 65 "one with a malformed TTL" pgw-push --queue queue --flush -u "$URL"
like "$err" 'not a file of a queue' "is set aside"

start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
	--web.listen-address=127.0.0.1:PORT
URL=http://127.0.0.1:$PORT
exits 0 "--ttl to the upstream" pgw-push -u "$URL" -j a --ttl 1h <<<'a 1'
ok "is ignored" exposes a
expired_of upstream
done_testing
