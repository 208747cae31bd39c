#!/bin/bash
# A disk that is full: exit 75 or HTTP 507, the old group intact, no debris.
. "$(dirname "$0")/../lib.sh"

awk 'BEGIN { for (i = 0; i < 4000; i++) printf "big{i=\"%d\"} %d\n", i, i }' >big.prom

# full SPOOL: both ways of pushing more than fits.
full() {
	local spool=$1
	exits 0 "a push that fits" pgw-push -d "$spool" -j small <<<'a 1'
	cp -r "$spool/groups" before
	exits 75 "a push that does not" pgw-push -d "$spool" -j small big.prom
	like "$err" '^pgw-push: .*(No space left on device|File too large)' "says so"
	is "$(group_files "$spool")" "job=small.prom" "leaves no debris"
	same before/job=small.prom "$spool/groups/job=small.prom" "and the old group"
	start_serve -d "$spool"
	answers 507 "a push to pgw-serve" POST "$URL/metrics/job/small" --data-binary @big.prom
	like "$body" 'No space left on device|File too large' "says so"
	is "$(group_files "$spool")" "job=small.prom" "leaves no debris"
	same before/job=small.prom "$spool/groups/job=small.prom" "and the old group"
	answers 200 "a scrape" GET "$URL/metrics"
	has "$body" 'a{instance="",job="small"} 1' "has the old group"
	unlike "$body" $'\nbig{' "and none of the refused one"
	answers 200 "a push that fits again" POST "$URL/metrics/job/small" --data-binary $'a 2\n'
	answers 200 "a scrape" GET "$URL/metrics"
	has "$body" 'a{instance="",job="small"} 2' "has it"
	stops TERM "$pid" 0 "pgw-serve ends"
	rm -r before
}

if mount_small disk 64k; then
	full disk/spool
	exits 0 "a last push before the disk is full" pgw-push -d disk/spool -j small <<<'a 1'
	cp disk/spool/groups/job=small.prom before.prom
	dd if=/dev/zero of=disk/filler bs=1k 2>/dev/null
	exits 75 "not a byte is free" pgw-push -d disk/spool -j small <<<'a 2'
	exits 75 "nor for another group" pgw-push -d disk/spool -j other <<<'a 2'
	is "$(group_files disk/spool)" "job=small.prom" "no debris"
	same before.prom disk/spool/groups/job=small.prom "the old group"
	exits 0 "pgw-list" pgw-list -d disk/spool
	exits 0 "pgw-delete makes room" pgw-delete -d disk/spool -j small
	is "$(group_files disk/spool)" "(none)" "of the group"
	rm -rf disk/*
	dd if=/dev/zero of=disk/filler bs=1k 2>/dev/null
	exits 75 "no room for a spool" pgw-push -d disk/spool -j small <<<'a 1'
else
	skip "a full file system" "this user may not mount one"
fi

# A limit on the size of a file stands for it where nothing can be mounted. (Blocks of 1024 bytes.)
# shellcheck disable=SC3045
ulimit -f 8
full limited
done_testing
