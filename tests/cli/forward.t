#!/bin/bash
# pgw-scrape-relay --from-spool, to pgw-serve and to Debian's prometheus-pushgateway.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway script

# exposition URL: without the gateway's own families; of the two push times, the labels only, in one order.
exposition() {
	curl -s -m $DEADLINE "$1/metrics" >answer || return
	grep -vE '^(# (HELP|TYPE) )?(go|process|promhttp|pgw|pushgateway)_|^push_(failure_)?time_seconds\{' answer
	sed -nE 's/^(push_(failure_)?time_seconds\{.*\}) .*/\1/p' answer | sort
}

# same_as_source GATEWAY
same_as_source() {
	[ "$(exposition "$1")" = "$(exposition "$source")" ]
}

# all_there GATEWAY NAME
all_there() {
	is "$(exposition "$1")" "$(exposition "$source")" "$2"
}

# start_upstream [PORT]: sets $upstream and $upstream_pid.
start_upstream() {
	if [ $# -eq 0 ]; then
		start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
			--web.listen-address=127.0.0.1:PORT
	else
		start upstream prometheus-pushgateway --persistence.file= --web.listen-address="127.0.0.1:$1"
		await "the upstream is back" curl -s -f -o /dev/null "http://127.0.0.1:$1/-/ready"
		PORT=$1
	fi
	upstream=http://127.0.0.1:$PORT
	upstream_pid=$pid
}

start_serve -d from
source=$URL
source_pid=$pid
SERVE_NAME=second start_serve -d to
gateway=$URL
start_upstream

exits 0 "a spool without groups" pgw-scrape-relay --from-spool -d from -u "$gateway"
is "$out$err" "" "has nothing to tell"
is "$(group_files to)" "(none)" "and nothing to send"

pgw-push -d from -j types <<'END'
# HELP c A counter.
# TYPE c counter
c{x="1"} 1
c{x="quoted \"\\\n"} 1.5e+300
# HELP g A gauge with \\ and \n.
# TYPE g gauge
g{instance="i"} NaN
# TYPE h histogram
h_bucket{le="0.5"} 1
h_bucket{le="+Inf"} 2
h_sum 3.25
h_count 2
# TYPE s summary
s{quantile="0.9"} 0.125
s_sum 1
s_count 4
u 7
END
pgw-push -d from -j 'a/b' -l empty= -l u='ü %+?#' <<<'a 1'
for i in 1 2 3 4 5 6 7 8 9 10; do
	pgw-push -d from -j many -l "i=$i" <<<"many $i"
done

exits 0 "one round to two gateways" pgw-scrape-relay --from-spool -d from -u "$gateway" -u "$upstream"
is "$out$err" "" "says nothing"
all_there "$gateway" "pgw-serve has all"
all_there "$upstream" "the upstream has all"
for file in from/groups/*.prom; do
	is "$(normal "to/groups/${file##*/}")" "$(normal "$file")" "${file##*/} is the same"
done

exits 0 "-n" pgw-scrape-relay --from-spool -n -v -d from -u "http://127.0.0.1:$(free_port)"
like "$err" '^pgw-scrape-relay: 12 groups, 12 to forward, 0 deleted, 0 failed, 0 skipped$' "only counts"
exits 0 "the environment" env PGW_SPOOL=from PGW_URL="$gateway" pgw-scrape-relay --from-spool -v -P 1 -z
is "$(head -n 2 err)" "pgw-scrape-relay: $gateway: put {job=\"a/b\",empty=\"\",u=\"ü %+?#\"}
pgw-scrape-relay: $gateway: put {job=\"many\",i=\"1\"}" "-v tells of each group"
like "$(tail -n 1 err)" '^pgw-scrape-relay: 12 groups, 12 forwarded, 0 deleted, 0 failed, 0 skipped$' "and of all"
all_there "$gateway" "compressed, all is there"

exits 0 "on a terminal" script -qec "pgw-scrape-relay --from-spool -P 1 -d from -u $gateway" /dev/null
is "$(sed 's/\r//g; s/\x1b\[K/|/g' <<<"$out" | head -c 30)" "|forwarding: 1 of 12, 0 failed" "it tells how far it is"
like "$out" $'\r\e\\[K$' "and cleans up"

# A whole group replaces what the gateway had in it.
pgw-push -u "$gateway" -j many -l i=1 <<<'stale 1'
exits 0 "a group that has more at the gateway" pgw-scrape-relay --from-spool -d from -u "$gateway"
all_there "$gateway" "is replaced"

answers 200 "a group without metrics at the source" PUT "$source/metrics/job/bare" --data-binary ''
exits 0 "a group without metrics" pgw-scrape-relay --from-spool -d from -u "$gateway" -u "$upstream"
all_there "$gateway" "is one at pgw-serve"
all_there "$upstream" "and at the upstream"
for url in "$source" "$gateway" "$upstream"; do
	pgw-delete -u "$url" -j bare
done

# What text can't hold goes as protobuf.
proto pushed.pb <<'END'
h = integer(1, 3) + double(2, 6.5) + integer(5, zigzag(0)) + double(6, 0.001) + field(12, integer(1, zigzag(0)) + integer(2, 1)) + field(13, varint(zigzag(3)))
sys.stdout.buffer.write(family(b"native", HISTOGRAM, field(7, h)))
END
answers 200 "a native histogram at the source" PUT "$source/metrics/job/native" -H "$protobuf" --data-binary @pushed.pb
like "$(cat from/groups/job=native.prom)" '# pgw native ' "is in its spool"
exits 0 "a native histogram" pgw-scrape-relay --from-spool -d from -u "$gateway" -u "$upstream"
is "$(grep '^# pgw native ' to/groups/job=native.prom)" "$(grep '^# pgw native ' from/groups/job=native.prom)" \
	"arrives whole"
all_there "$gateway" "as text, too"
like "$(exposition "$upstream")" 'native_count\{instance="",job="native"\} 3' "the upstream takes it"
pgw-delete -d from -j native
pgw-delete -u "$gateway" -j native
pgw-delete -u "$upstream" -j native

# The rest of a TTL.
pgw-push -d from -j short --ttl 2h <<<'short 1'
push=$(sed -nE 's/^# pgw push ([0-9]+).*/\1/p' from/groups/job=short.prom)
sed -i "s/^# pgw push $push/# pgw push $((push - 3600))/" from/groups/job=short.prom
exits 0 "a group with a TTL" pgw-scrape-relay --from-spool -d from -u "$gateway"
left=$(sed -n 's/^# pgw ttl //p' to/groups/job=short.prom)
ok "has what is left of it ($left)" test "$left" -gt 3000 -a "$left" -le 3601
pgw-delete -d from -j short
pgw-delete -u "$gateway" -j short

# What is left out.
echo 'x y z' >from/groups/job=broken.prom
exits 65 "a first push that is refused" pgw-push -d from -j refused <<<$'# TYPE c gauge\nc 1'
exits 0 "files that are left out" pgw-scrape-relay --from-spool -v -d from -u "$gateway"
has "$err" 'pgw-scrape-relay: "job=broken.prom": skipped: line 1: expected float as value, got "y"' \
	"are named with the reason"
has "$err" 'pgw-scrape-relay: "job=refused.prom": skipped: no push to it was successful' \
	"also where nothing was ever taken"
like "$(tail -n 1 err)" '^pgw-scrape-relay: 12 groups, 12 forwarded, 0 deleted, 0 failed, 2 skipped$' "and counted"
exits 0 "with -q" pgw-scrape-relay --from-spool -q -d from -u "$gateway"
is "$err" "" "nothing is said of them"
rm from/groups/job=broken.prom
pgw-delete -d from -j refused
exits 65 "a push that is refused" pgw-push -d from -j types <<<$'# TYPE many counter\nmany 1'
exits 0 "a group whose last push was refused" pgw-scrape-relay --from-spool -d from -u "$gateway"
all_there "$gateway" "is forwarded as it was before"

# Failures
pgw-push -u "$gateway" -j clash <<<$'# TYPE newest counter\nnewest 1'
pgw-push -d from -j z <<<$'# TYPE newest gauge\nnewest 1'
exits 65 "a group that a gateway refuses" pgw-scrape-relay --from-spool -d from -u "$gateway" -u "$upstream"
like "$err" "^pgw-scrape-relay: $gateway/metrics/job/z: .*newest" "is named with the reason"
is "$(wc -l <err)" 1 "once"
all_there "$upstream" "the other gateway takes it"
pgw-delete -u "$gateway" -j clash
dead=http://127.0.0.1:$(free_port)
pgw-delete -u "$gateway" -a -f
exits 69 "a gateway that is dead" pgw-scrape-relay --from-spool -v -d from -u "$dead" -u "$gateway"
like "$(grep -F "$dead" err)" "^pgw-scrape-relay: $dead/metrics/job/.*: .* \(13 groups wait\)$" "is told of once"
like "$(tail -n 1 err)" '^pgw-scrape-relay: 13 groups, 13 forwarded, 0 deleted, 13 failed, 0 skipped$' "and counted"
all_there "$gateway" "the other gateway has all"
start_responder broken 500 'out of order'
exits 69 "a gateway that breaks" pgw-scrape-relay --from-spool -P 1 -d from -u "$URL"
is "$err" "pgw-scrape-relay: $URL/metrics/job/many/i/3: 500: out of order (13 groups wait)" "is told of once"
is "$(grep -c '"method": "PUT"' broken.log)" 5 "and left alone after five tries"
start_responder forbidden 403 'go away'
exits 77 "a gateway that doesn't let one in" pgw-scrape-relay --from-spool -d from -u "$URL"

exits 64 "no gateway" pgw-scrape-relay --from-spool -d from
is "$(head -n 1 err)" "pgw-scrape-relay: no gateway to forward to, give it with -u" "is said"
exits 64 "a group's URL" pgw-scrape-relay --from-spool -d from -u "$gateway/metrics/job/x"
exits 64 "labels" pgw-scrape-relay --from-spool -d from -u "$gateway" -j x
is "$(head -n 1 err)" "pgw-scrape-relay: --from-spool takes no labels, the groups have their own" "are not for it"
exits 64 "targets" pgw-scrape-relay --from-spool -d from -u "$gateway" http://x/metrics
is "$(head -n 1 err)" "pgw-scrape-relay: --from-spool takes no targets" "are not for it"
for option in -r --keep-stale --drop-timestamps --native-histograms --ttl=1h; do
	exits 64 "$option" pgw-scrape-relay --from-spool "$option" -d from -u "$gateway"
	is "$(head -n 1 err)" "pgw-scrape-relay: --from-spool takes the groups as they are" "$option is not for it"
done
exits 64 "a file of targets" pgw-scrape-relay --from-spool -c targets.json -d from -u "$gateway"
exits 64 "a limit over the interval" pgw-scrape-relay --from-spool -t 2 -i 1 -d from -u "$gateway"
exits 64 "-n and -i" pgw-scrape-relay --from-spool -n -i 1 -d from -u "$gateway"
exits 64 "-d and -u without it" pgw-scrape-relay -d from -u "$gateway" -j x http://x/metrics
exits 73 "no spool" pgw-scrape-relay --from-spool -d none -u "$gateway"
ok "none is made" test ! -e none

# settled GROUPS: a round from now on finds so many groups, and nothing to do.
settled() {
	local said
	said=$(wc -l <relay.log)
	idle() {
		tail -n "+$((said + 1))" relay.log |
			grep -q ": round [0-9]*: $1 groups, 0 forwarded, 0 deleted, 0 failed, 0 skipped\$"
	}
	await "nothing is left to do" idle "$1"
}

# Again and again
start relay pgw-scrape-relay --from-spool -v -i 2 -d from -u "$gateway" -u "$upstream"
relay=$pid
await "a second round" grep -q ' groups, 0 forwarded' relay.log
like "$(grep -m 1 ' groups, ' relay.log)" \
	'^pgw-scrape-relay: round 1: 13 groups, 26 forwarded, 0 deleted, 0 failed, 0 skipped$' "the first one sends all"
all_there "$gateway" "pgw-serve has all"
before=$(stat -c %i.%Y to/groups/job=types.prom)
pgw-push -d from -j many -l i=1 <<<'many 100'
pgw-push -d from -j new <<<'new 1'
await "changes arrive at pgw-serve" same_as_source "$gateway"
await "and at the upstream" same_as_source "$upstream"
await "what is unchanged is not sent again" grep -q ' 14 groups, [0-4] forwarded' relay.log
is "$(stat -c %i.%Y to/groups/job=types.prom)" "$before" "and keeps its push time"
pgw-push -u "$gateway" -j strange <<<'strange 1'
pgw-delete -d from -j new
await "a deletion arrives" grep -q "$gateway: deleted {job=\"new\"}" relay.log
await "everywhere" same_as_source "$upstream"
ok "a stranger's group stays" test -e to/groups/job=strange.prom
pgw-delete -u "$gateway" -j strange
echo 'x y z' >spoilt
mv spoilt from/groups/job=z.prom
await "a group that is spoilt" grep -q 'job=z.prom": skipped: ' relay.log
await "is no longer counted" grep -q ' 12 groups, 0 forwarded, 0 deleted, 0 failed, 1 skipped' relay.log
ok "and stays as it was" test -e to/groups/job=z.prom
is "$(grep -c 'job=z.prom": skipped: ' relay.log)" 1 "it is told of once"
rm from/groups/job=z.prom
await "when it is gone, so it is there" grep -q "$gateway: deleted {job=\"z\"}" relay.log
await "everywhere" same_as_source "$upstream"

# Each of these, alone, clashes with what the gateways have of the other.
for i in 1 2; do
	pgw-push -d from -j swap -l "i=$i" <<<$'# TYPE swap gauge\nswap 1'
done
await "two groups with a metric" same_as_source "$gateway"
await "everywhere" same_as_source "$upstream"
kill -STOP "$relay"
pgw-delete -d from -s '{job="swap"}' -f
for i in 1 2; do
	pgw-push -d from -j swap -l "i=$i" <<<$'# TYPE swap counter\nswap 2'
done
kill -CONT "$relay"
await "it changes its type in both between two rounds" same_as_source "$gateway"
await "everywhere" same_as_source "$upstream"
is "$(curl -s "$gateway/metrics" | grep '^# TYPE swap ')" "# TYPE swap counter" "which the gateways take"
settled 14
pgw-delete -d from -s '{job="swap"}' -f
await "and goes" same_as_source "$gateway"
await "everywhere" same_as_source "$upstream"
# Also for the relay, which has all answers.
settled 12

# A gateway is killed and comes back without its groups.
kill -9 "$upstream_pid"
wait "$upstream_pid" 2>/dev/null
await "a gateway that is away" grep -q "$upstream: .* (0 groups wait)" relay.log
pgw-push -d from -j missed <<<'missed 1'
pgw-delete -d from -j many -l i=2
await "the other one gets what is new" same_as_source "$gateway"
start_upstream "${upstream##*:}"
await "it gets all again when it is back" same_as_source "$upstream"
await "which is told" grep -q "$upstream: it may have lost its groups, all are sent again" relay.log
await "and that it is up" grep -q "$upstream: is up again" relay.log

# The relay is killed.
kill -9 "$relay"
wait "$relay" 2>/dev/null
pgw-push -d from -j many -l i=3 <<<'many 300'
start relay pgw-scrape-relay --from-spool -v -i 2 -d from -u "$gateway" -u "$upstream"
relay=$pid
await "a new relay goes on" same_as_source "$gateway"
await "everywhere" same_as_source "$upstream"

# The spool's server is killed while it takes pushes.
for i in $(seq 1 200); do
	curl -s -o /dev/null --data-binary $'load 1\n' "$source/metrics/job/load/i/$i"
done &
load=$!
await "the relay forwards what comes" grep -q 'put {job="load",' relay.log
kill -9 "$source_pid"
wait "$load" "$source_pid" 2>/dev/null
start_serve -d from
source=$URL
await "what was taken is there" same_as_source "$gateway"
await "everywhere" same_as_source "$upstream"
stops TERM "$relay" 0 "the relay ends on a signal"
done_testing
