#!/bin/bash
# pgw-serve under 32 connections, and a pgw-push beside it, killed with SIGKILL at random moments: CRASH_ROUNDS (60)
# times with --spool.sync=always and as many with none. torture/kill.py says what holds after each.
. "$(dirname "$0")/../lib.sh"
export PGW_BIN PYTHONDONTWRITEBYTECODE=1
rounds=${CRASH_ROUNDS:-60}

for sync in always none; do
	exits 0 "sync=$sync" $PYTHON "$TESTS/torture/kill.py" spool-$sync "$rounds" --spool.sync=$sync
	like "$out" "^$rounds kills, [0-9]+ answers, [0-9]+ catalogs compared\$" "all rounds"
	note "sync=$sync: $out"
done
done_testing
