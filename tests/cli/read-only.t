#!/bin/bash
# A file system that became read-only, as after an error of the disk: its groups are served, and pushes refused.
. "$(dirname "$0")/../lib.sh"

has_disk "a file system that is read-only" 8M mkfs.ext4 -q -F || done_testing
exits 0 "a push" pgw-push -d disk/spool -j a <<<'a 1'
ok "the file system becomes read-only" mount -o remount,ro disk

start_serve -d disk/spool
has "$(curl -s "$URL/metrics")" 'a{instance="",job="a"} 1' "pgw-serve starts, and serves what is there"
answers 500 "a push" PUT "$URL/metrics/job/a" --data-binary $'a 2\n'
like "$(cat body)" 'Read-only file system' "says why"
has "$(curl -s "$URL/metrics")" 'a{instance="",job="a"} 1' "and changes nothing"
exits 0 "pgw-list" pgw-list -d disk/spool

ok "it can be written again" mount -o remount,rw disk
answers 200 "a push" PUT "$URL/metrics/job/a" --data-binary $'a 3\n'
has "$(curl -s "$URL/metrics")" 'a{instance="",job="a"} 3' "is served"
stops TERM "$pid" 0 "pgw-serve ends"

done_testing
