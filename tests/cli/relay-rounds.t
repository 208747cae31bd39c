#!/bin/bash
# pgw-scrape-relay -i: rounds until a signal.
. "$(dirname "$0")/../lib.sh"
need socat

start_exporter
exporter=$URL
# gauge NAME VALUE: what /static/NAME has, all of it at once.
gauge() {
	printf '# TYPE %s gauge\n%s %s\n' "$1" "$1" "$2" >new.prom
	mv new.prom "exporter/$1"
}
gauge a 1
gauge b 2
group_of() {
	echo "spool/groups/job=x,instance=127.0.0.1:$PORT,target=$1.prom"
}
# targets NAME...: a file of targets of the exporter.
targets() {
	local name
	for name; do
		printf ',{"targets": ["%s"], "labels": {"target": "%s", "__metrics_path__": "/static/%s"}}' \
			"${exporter#*//}" "$name" "$name"
	done | sed 's/^,/[/; s/$/]/' >"new.json"
	mv new.json targets.json
}
# line NAME REGEX: such a line is in the log.
line() {
	grep -qxE "pgw-scrape-relay: $2" "$1.log"
}
value() {
	sed -n "s/^$2{.*} //p" "$1"
}
has_value() {
	[ "$(value "$1" "$2")" = "$3" ]
}
# requests NAME: how often a target was asked.
requests() {
	grep -c "^/static/$1[ ?]" exporter.log
}

# One target. Its moment may be the last of a round: then the next one counts its scrape, and the first one none.
start one pgw-scrape-relay -d spool -j one -i 2 "$exporter/static/a"
one=$pid
await "a first round" line one 'round 1: 1 targets, [01] up, 0 down, [01] samples, 0\.0 MB'
await "a second" line one 'round 2: 1 targets, 1 up, 0 down, [0-9] samples, 0\.0 MB'
has "$(relayed spool/groups/job=one.prom)" "a 1" "it is pushed"
gauge a 5
await "what changes is pushed" has_value spool/groups/job=one.prom a 5
stops TERM "$one" 0 "SIGTERM ends it"
like "$(tail -n 1 one.log)" '^pgw-scrape-relay: round [0-9]+: 1 targets, 1 up, 0 down, [0-9] samples, 0\.0 MB$' \
	"with a last summary"
is "$(sed 1d one.log | grep -vE ': round [0-9]+: 1 targets, 1 up, 0 down, [0-9] samples, 0\.0 MB$')" "" \
	"there is nothing else"
is "$(sed -n 's/.*round \([0-9]*\):.*/\1/p' one.log | sort -n | uniq -d)" "" "each round has one"

# A target that goes and comes
targets a b
start notified socat -u UNIX-RECV:notify OPEN:notified,creat,append
await "a socket for notifications" test -S notify
start gone env NOTIFY_SOCKET="$SCRATCH/notify" pgw-scrape-relay -d spool -j x -i 2 -c targets.json
relay=$pid
await "it is ready" grep -q READY=1 notified
await "both are pushed" has_value "$(group_of b)" up 1
await "both" has_value "$(group_of a)" up 1
mv exporter/b b
await "a target goes" has_value "$(group_of b)" up 0
is "$(value "$(group_of b)" b)" "" "and what it had"
is "$(value "$(group_of a)" up)" 1 "the other one stays"
summary() {
	grep -qE "^pgw-scrape-relay: round [0-9]+: $1\$" gone.log
}
await "it is counted" summary '2 targets, 1 up, 1 down, 1 samples, 0\.0 MB'
asked=$(requests b)
others=$(requests a)
rounds() {
	[ "$(requests a)" -ge $((others + 12)) ]
}
await "12 rounds" rounds
ok "a target that is down is asked less and less" test "$(($(requests b) - asked))" -le 4
more() {
	[ "$(requests b)" -gt "$asked" ]
}
asked=$(requests b)
await "but again and again" more
mv b exporter/b
await "it comes back" has_value "$(group_of b)" up 1
is "$(grep -v ': round ' gone.log)" "pgw-scrape-relay: $exporter/static/b: the target answered with status 503
pgw-scrape-relay: $exporter/static/b: is up again" "once it was said that it is down, once that it is up again"
unlike "$(cat notified)" STOPPING "it runs"
stops TERM "$relay" 0 "SIGTERM"
await "is told" grep -q STOPPING=1 notified
like "$(tr -d '\n' <notified)" '^READY=1(STOPPING=1)+$' "to the service manager"


# Said and not said
start quiet pgw-scrape-relay -q -d spool -j quiet -i 2 "$exporter/static/missing"
quiet=$pid
await "-q: down" has_value spool/groups/job=quiet.prom up 0
stops TERM "$quiet" 0 "ends"
is "$(cat quiet.log)" "pgw-scrape-relay: $exporter/static/missing: the target answered with status 503" \
	"says only what failed"
start verbose pgw-scrape-relay -v -d spool -j verbose -i 1 "$exporter/static/a"
verbose=$pid
twice() {
	[ "$(grep -cxF "pgw-scrape-relay: $exporter/static/a: pushed to {job=\"verbose\"} (families: 5, samples: 5)" \
		verbose.log)" -ge 2 ]
}
await "-v says each push" twice
stops INT "$verbose" 0 "SIGINT ends it, too"

# All in each round, also those whose moment is the last of it.
$PYTHON -c '
import json, sys
json.dump([{"targets": [sys.argv[1]], "labels": {"n": str(n), "__metrics_path__": "/static/a", "__param_n": str(n)}}
	for n in range(1000)], open("thousand.json", "w"))' "${exporter#*//}"
start thousand pgw-scrape-relay -d thousand -j x -i 4 -c thousand.json
thousand=$pid
all_up() {
	grep -qE '^pgw-scrape-relay: round [0-9]+: 1000 targets, 1000 up, 0 down, ' thousand.log
}
await "a thousand in a round" all_up
stops TERM "$thousand" 0 "SIGTERM"

# A scrape that ends in the next round has its turn in that, too.
$PYTHON -c '
import json, sys
json.dump([{"targets": [sys.argv[1]], "labels": {"n": str(n), "__metrics_path__": "/later/0.5", "__param_n": str(n)}}
	for n in range(20)], open("later.json", "w"))' "${exporter#*//}"
start later pgw-scrape-relay -v -d later -j x -i 1 -c later.json
later=$pid
# Five rounds in a row, of any, in which each of the 20 is pushed, but for one: the scrape may be over in the next.
# Where the machine stood still for half a second there is none, and others count.
nearly_all() {
	awk '
	/: pushed to / { match($0, /,n="[0-9]+"/); pushed[round % 5, substr($0, RSTART, RLENGTH)]++ }
	/: round [0-9]+: / {
		round++
		split("", sum)
		for (i in pushed) {
			split(i, part, SUBSEP)
			sum[part[2]] += pushed[i]
		}
		all = 0
		for (n in sum)
			all += sum[n] >= 4
		found = found || (round >= 5 && all == 20)
		for (n in sum)
			delete pushed[round % 5, n]
	}
	END { exit !found }' later.log
}
await "each is asked in nearly all of five rounds" nearly_all
stops TERM "$later" 0 "SIGTERM"

# What is in flight at the end
# SIGTERM is no longer blocked: the first one was taken.
unblocked() {
	[ $((0x$(sed -n 's/^SigBlk:\t//p' "/proc/$1/status") >> 14 & 1)) -eq 0 ]
}
start flight pgw-scrape-relay -d flight -j x -i 8 "$exporter/when/stopping"
flight=$pid
await "a scrape" grep -q '^/when/stopping ' exporter.log
kill "$flight"
await "SIGTERM in a scrape" unblocked "$flight"
: >exporter/stopping
wait "$flight"
is $? 0 "ends it"
is "$(value flight/groups/job=x.prom up)" 1 "waits for it"
like "$(tail -n 1 flight.log)" '^pgw-scrape-relay: round [0-9]+: 1 targets, 1 up, 0 down, 1 samples, 0\.0 MB$' \
	"and says so"
start second pgw-scrape-relay -d second -j x -i 8 "$exporter/never/second"
second=$pid
await "a scrape" grep -q '^/never/second ' exporter.log
kill "$second"
await "the first signal is taken" unblocked "$second"
stops TERM "$second" 143 "the second signal ends it at once"
ok "and nothing was pushed" test ! -e second

# SIGHUP
targets a
start again pgw-scrape-relay -d again -j x -i 1 -c targets.json
again=$pid
grep_again() {
	grep -qE ": $1 targets, " again.log
}
await "one target" grep_again 1
targets a b
kill -HUP "$again"
await "two after SIGHUP" grep_again 2
echo '[' >broken.json
cp broken.json targets.json
not_again() {
	[ "$(grep -c 'targets.json:2:1: .*; its targets stay as they are$' again.log)" = "$1" ]
}
await "a file that is broken" not_again 1
kill -HUP "$again"
await "is told once more at SIGHUP" not_again 2
stops TERM "$again" 0 "SIGTERM"

# Usage
for interval in 0 -1 x 10ms 1e3; do
	exits 64 "-i $interval" pgw-scrape-relay -i "$interval" -d spool -j x "$exporter/static/a"
	like "$err" "^pgw-scrape-relay: --interval: \"$interval\": " "is named"
done
exits 64 "-t longer than -i" pgw-scrape-relay -i 5 -t 5.1 -d spool -j x "$exporter/static/a"
like "$err" "^pgw-scrape-relay: the limit of time \(-t\) is longer than the interval \(-i\)" "is none"
start equal pgw-scrape-relay -i 1 -t 1 -d equal -j x "$exporter/static/a"
equal=$pid
await "-t as long as -i" has_value equal/groups/job=x.prom up 1
stops TERM "$equal" 0 "SIGTERM"
start short pgw-scrape-relay -i 2 -d short -j x "$exporter/never/short"
short=$pid
await "without -t, a scrape takes no longer than -i" has_value short/groups/job=x.prom up 0
stops TERM "$short" 0 "SIGTERM"
like "$(grep -v ': round ' short.log)" \
	"^pgw-scrape-relay: $exporter/never/short: Operation timed out after [1-7][0-9][0-9][0-9] "\
	"about two seconds, not the ten of a single round"

# A gateway that goes away and comes back
away_port=$(free_port)
SERVE_PORT=$away_port start_serve -d served
serve=$pid
gateway=$URL
start away pgw-scrape-relay -u "$gateway" -j away -i 2 "$exporter/static/a"
away=$pid
await "a push" has_value served/groups/job=away.prom up 1
# Right after a push, since the next one is not to find it while it ends.
gauge a 8
await "another" has_value served/groups/job=away.prom a 8
stops TERM "$serve" 0 "the gateway goes"
unpushed() {
	grep -qxE 'pgw-scrape-relay: round [0-9]+: 1 targets, 1 up, 0 down, 1 not pushed, 1 samples, 0\.0 MB' away.log
}
await "is counted" unpushed
gauge a 9
SERVE_PORT=$away_port start_serve -d served
await "and comes back" has_value served/groups/job=away.prom a 9
stops TERM "$away" 0 "SIGTERM"
is "$(grep -v ': round ' away.log | sed 's/: [^:]*$//' | sort | uniq -c | awk '{ print $1 }')" 1 \
	"one message for all of it"
like "$(grep -v ': round ' away.log)" "^pgw-scrape-relay: $exporter/static/a: $gateway/metrics/job/away: .*Connection refused\$" "of the gateway"

# A spool that is locked
start locked pgw-scrape-relay -d locked -j x -i 1 "$exporter/static/a"
locked=$pid
await "a push" has_value locked/groups/job=x.prom up 1
start holder flock locked/lock sleep 100
holder=$pid
await "the lock is taken" sh -c '! flock -n locked/lock true'
gauge a 10
asked=$(requests a)
asked_again() {
	[ "$(requests a)" -gt "$asked" ]
}
await "a scrape meanwhile" asked_again
# shellcheck disable=SC2046 # one of them
kill "$holder" $(children_of "$holder")
await "it is pushed afterwards" has_value locked/groups/job=x.prom a 10
stops TERM "$locked" 0 "SIGTERM"

# Killed in a round: the next one finds all in order.
start killed pgw-scrape-relay -d thousand -j x -i 1 -c thousand.json
killed=$pid
asked=$(requests a)
await "scrapes" asked_again
kill -9 "$killed"
wait "$killed" 2>/dev/null
exits 0 "after a kill" pgw-scrape-relay -d thousand -j x -c thousand.json
is "$(group_files thousand | wc -l)" 1000 "all groups are there"
exits 0 "and in order" pgw-list -d thousand -j x
is "$err" "" "without a message"

# A line of progress, on a terminal only
gauge a 11
sed -i 's/static/later/; s!/a"!/0.3"!' thousand.json
exits 0 "on a terminal" script -qec "pgw-scrape-relay -P 400 -d progress -j x -c thousand.json" typescript
like "$(tr '\r' '\n' <typescript)" $'\033\\[K[1-9][0-9]* of 1000 targets, 0 down' "a line of progress"
like "$(tail -c 200 typescript)" $'down\r\033\\[K\n?Script done' "which is erased at the end"
exits 0 "-q" script -qec "pgw-scrape-relay -q -P 400 -d progress -j x -c thousand.json" typescript
unlike "$(cat typescript)" ' of 1000 targets' "none"
exits 0 "elsewhere" pgw-scrape-relay -P 400 -d progress -j x -c thousand.json
is "$err$out" "" "none"
done_testing
