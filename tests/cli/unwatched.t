#!/bin/bash
# pgw-serve where inotify has reached its limit: it says so, and finds what others change by looking.
. "$(dirname "$0")/../lib.sh"

# Before a command: it runs where no process may watch anything, in a user namespace of its own.
unwatched=(unshare --map-root-user sh -c 'echo 0 >/proc/sys/user/max_inotify_instances && exec "$@"' sh)
if ! "${unwatched[@]}" true 2>unshare.log; then
	skip "a spool that can't be watched" "this user may not limit inotify: $(head -n 1 unshare.log)"
	done_testing
fi

start serve "${unwatched[@]}" pgw-serve -d spool --web.listen-address=127.0.0.1:0
await "pgw-serve gets ready" grep -q '^pgw-serve: listening on ' serve.log || done_testing
URL=$(sed -n 's|^pgw-serve: listening on ||p' serve.log)
URL=${URL%/}
like "$(cat serve.log)" 'level=warn msg="the spool is not watched.* reason="Too many open files"' "it says so"

answers 200 "a push" PUT "$URL/metrics/job/a" --data-binary $'a 1\n'
answers 400 "one that clashes with it" PUT "$URL/metrics/job/b" --data-binary $'# TYPE a counter\na 1\n'
has "$(curl -s "$URL/metrics")" 'a{instance="",job="a"} 1' "the first is served"
exits 0 "a push by another process" pgw-push -d spool -j other <<<'a 2'
has "$(curl -s "$URL/metrics")" 'a{instance="",job="other"} 2' "is served"
exits 0 "a deletion by another process" pgw-delete -d spool -j a
echo 'b 1' >spool/groups/.by-hand
mv spool/groups/.by-hand spool/groups/job=hand.prom
text=$(curl -s "$URL/metrics")
unlike "$text" 'job="a"' "is noticed"
has "$text" 'b{instance="",job="hand"} 1' "and a file that was made by hand"
answers 400 "a push that clashes with it" PUT "$URL/metrics/job/c" --data-binary $'# TYPE b counter\nb 1\n'
rm spool/groups/job=hand.prom
answers 200 "not once it is removed" PUT "$URL/metrics/job/c" --data-binary $'# TYPE b counter\nb 1\n'
stops TERM "$pid" 0 "it ends"
is "$(grep -c 'not watched' serve.log)" 1 "it says so once"

done_testing
