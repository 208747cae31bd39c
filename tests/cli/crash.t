#!/bin/bash
# Four writers on one spool, killed with SIGKILL at random moments, 100 times in all. Every group file stays whole,
# nothing that was acknowledged is lost, the lock is free, and the next writer sweeps what the killed ones left.
. "$(dirname "$0")/../lib.sh"
need promtool flock

kills=25

# exposition NUMBER: 200 samples, so that writing takes a while, and the number.
exposition() {
	awk -v n="$1" 'BEGIN { for (i = 0; i < 200; i++) printf "filler{i=\"%d\"} %d\n", i, n; print "number", n }'
}

# A random time up to MICROSECONDS.
random_sleep() {
	local time=$(((RANDOM * 32768 + RANDOM) % ($1 + 1)))
	sleep "$((time / 1000000)).$(printf '%06d' $((time % 1000000)))"
}

# push_writer NAME: pgw-push is killed. NAME.acknowledged is the last number it answered for, NAME.killed how often
# it was.
push_writer() {
	local name=$1 n=1 killed=0 wait=$duration
	# The first comes through, so that there is one to lose on a machine of any speed.
	exposition $n >"$name.in"
	pgw-push -d spool -j "$name" "$name.in" 2>>"$name.unexpected" && echo $n >"$name.acknowledged"
	[ -s "$name.unexpected" ] || rm -f "$name.unexpected"
	while [ $killed -lt $kills ]; do
		n=$((n + 1))
		exposition $n >"$name.in"
		pgw-push -d spool -j "$name" "$name.in" 2>"$name.err" &
		random_sleep $wait
		kill -9 $! 2>/dev/null
		wait $! 2>/dev/null
		case $? in
		0)
			# It came through: the next one is killed earlier, so that this ends on a machine of any speed.
			echo $n >"$name.acknowledged"
			wait=$((wait / 2))
			;;
		137)
			killed=$((killed + 1))
			wait=$duration
			;;
		*) cat "$name.err" >>"$name.unexpected" ;;
		esac
	done
	echo $killed >"$name.killed"
}

# Pushes by curl until the server is gone.
push_to() {
	local name=$1 url=$2 n
	n=$(cat "$name.number")
	while n=$((n + 1)) && echo $n >"$name.number" && exposition $n >"$name.in"; do
		[ "$(curl -s -m $DEADLINE -o /dev/null -w '%{http_code}' --data-binary "@$name.in" \
			"$url/metrics/job/$name")" = 200 ] ||
			return
		echo $n >"$name.acknowledged"
	done
}

# serve_writer NAME: pgw-serve is killed while curl pushes.
serve_writer() {
	local name=$1 killed=0 pusher
	echo 0 >"$name.number"
	while [ $killed -lt $kills ]; do
		SERVE_NAME=$name start_serve -d spool
		push_to "$name" "$URL" &
		pusher=$!
		# The first push comes through here, too.
		[ $killed -gt 0 ] || await "$name is pushed to" test -s "$name.acknowledged"
		random_sleep $((4 * duration))
		kill -9 "$pid"
		wait "$pid" 2>/dev/null
		[ $? -eq 137 ] && killed=$((killed + 1))
		wait $pusher
	done
	echo $killed >"$name.killed"
}

exposition 0 >first.in
started=$(date +%s%N)
for _ in 1 2 3 4; do
	pgw-push -d spool -j first first.in
done
duration=$((($(date +%s%N) - started) / 4000)) # of a push, in microseconds

writers="push1 push2 serve1 serve2"
(push_writer push1) &
w1=$!
(push_writer push2) &
w2=$!
(trap - EXIT; serve_writer serve1) &
w3=$!
(trap - EXIT; serve_writer serve2) &
w4=$!
wait $w1 $w2 $w3 $w4

ok "the lock is free" flock -n spool/lock true
exits 0 "the next writer" pgw-push -d spool -j last <<<'last 1'
is "$(group_files spool)" 'job=first.prom
job=last.prom
job=push1.prom
job=push2.prom
job=serve1.prom
job=serve2.prom' "sweeps what was left"
is "$(find spool -name ".*" ! -name ".pgw-*.spare" | wc -l)" 0 "everywhere"
ok "the catalog agrees with the files" "$PGW_BIN/tests/tools/catalog_agrees" spool
start_serve -d spool
answers 200 "the first push to the next server" POST "$URL/metrics/job/last" --data-binary $'last 2\n'
stops TERM "$pid" 0 "which ends"
is "$(find spool -name ".*" | wc -l)" 0 "and has swept the spares of those that were killed"
for writer in $writers; do
	is "$(cat "$writer.killed")" "$kills" "$writer was killed $kills times"
	ok "$writer failed for no other reason" test ! -e "$writer.unexpected"
	acknowledged=$(cat "$writer.acknowledged" 2>/dev/null || echo none)
	stored=$(sed -n 's/^number{.*} //p' "spool/groups/job=$writer.prom")
	ok "$writer: stored $stored is not older than acknowledged $acknowledged" \
		awk -v s="$stored" -v a="$acknowledged" 'BEGIN { exit !(s != "" && a != "none" && s + 0 >= a + 0) }'
	is "$(grep -c "^filler{.*} $stored\$" "spool/groups/job=$writer.prom")" 200 "$writer: all of one push"
	# 3: it parses, and promtool has advice (no HELP). 1: it does not parse.
	exits 3 "$writer: promtool parses it" sh -c "promtool check metrics <'spool/groups/job=$writer.prom'"
done
exits 0 "pgw-list" pgw-list -d spool
is "$err" "" "leaves none out"
done_testing
