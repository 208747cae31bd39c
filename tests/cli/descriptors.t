#!/bin/bash
# Standard input, output or error that are closed or full: no message gets into a file of the spool or the queue, and a
# tool whose output is lost says so.
. "$(dirname "$0")/../lib.sh"

nobody=127.0.0.1:$(free_port)
pgw-push -d spool -j there -g a=1
pgw-push -q --queue queue -u "$nobody" -j there -g a=1

# without DESCRIPTORS EXIT NAME COMMAND...: runs it with these closed.
without() {
	local closed=$1 expected=$2 name=$3
	shift 3
	(
		for descriptor in $closed; do
			eval "exec $descriptor>&-"
		done
		exec "$@"
	)
	is "$?" "$expected" "$name without $closed"
}
for closed in 2 "0 2" "1 2" "0 1 2"; do
	without "$closed" 0 "pgw-push -v" pgw-push -v -d spool -j new -g a=1
	without "$closed" 65 "a push that is refused" pgw-push -v -d spool -j there -c a=1
	without "$closed" 0 "pgw-delete -v" pgw-delete -v -d spool -j new
	without "$closed" 0 "a push that waits" pgw-push -v --queue queue -u "$nobody" -j there -g a=1
	without "$closed" 69 "--flush" pgw-push -v --flush --queue queue
	without "$closed" 0 "pgw-run -v" pgw-run -v -d spool -j run -- sh -c 'for i in 0 1 2; do
		[ -e /proc/$$/fd/$i ] && open="$open $i"
	done
	echo "$open" >open'
	is "$(xargs <open)" "$(printf '%s\n' 0 1 2 | grep -vx -e "${closed// /$'\n'}" | xargs)" \
		"the command has them as closed"
done
is "$(cat spool/lock queue/lock)" "" "no message is in a lock"
is "$(grep -rla '^pgw-[a-z]*: ' spool queue)" "" "nor in another file"
without 0 66 "pgw-push of standard input" pgw-push -d spool -j new 2>/dev/null
without 1 74 "pgw-list" pgw-list -d spool 2>err
is "$(cat err)" "pgw-list: standard output: Bad file descriptor" "the reason is told"
start serve sh -c "exec pgw-serve -d spool --web.listen-address=unix:$SCRATCH/socket <&- >&- 2>&-"
await "pgw-serve gets ready" curl -s -f -o /dev/null --unix-socket socket http://x/-/ready
is "$(curl -s --unix-socket socket --data-binary 'b x' http://x/metrics/job/bad -o /dev/null -w '%{http_code}')" 400 \
	"pgw-serve without any"
stops TERM "$pid" 0 "ends as usual"
is "$(grep -rlaE 'pgw-serve: |level=' spool)" "" "and has written to no file"

for command in "pgw-push --help" "pgw-serve --version" "pgw-list -d spool" \
	"pgw-list -d spool --json" "pgw-list -d spool -0" \
	"pgw-delete -n -d spool -a" "pgw-push --flush -n --queue queue"; do
	# shellcheck disable=SC2086
	run sh -c "exec $command >/dev/full"
	is "$status" 74 "$command to a full disk"
	is "$err" "${command%% *}: standard output: No space left on device" "$command: says so"
done
done_testing
