#!/bin/bash
# pgw-push --queue: pushes that wait for their gateway.
. "$(dirname "$0")/../lib.sh"

nobody=http://127.0.0.1:$(free_port)
push() {
	pgw-push --queue queue -u "$1" -j "$2" -g "a=$3" "${@:4}"
}
waiting() {
	find queue -maxdepth 1 -name '[0-9]*' | sort | xargs -r sed -n 's/^a //p' | xargs
}
# The values that a responder got, in order; two responders may have been the gateway.
received() {
	cat "$@" | grep '^{' | $PYTHON -c 'import json, sys
print(*(json.loads(line)["body"].split()[-1] for line in sys.stdin))'
}

exits 0 "a gateway that is away" push "$nobody" one 1
like "$err" "^pgw-push: $nobody/metrics/job/one: .*Connection refused; the push waits in queue$" "is warned of"
exits 0 "the next push" push "http://me:s3cret@${nobody#http://}" two 2 -r -q
is "$err" "" "isn't with -q"
is "$(waiting)" "1 2" "both wait"
is "$(stat -c %a queue) $(stat -c %a queue/0* | xargs)" "700 600 600" "for their owner only"
unlike "$(cat queue/0*)" "s3cret|me:" "without passwords"
exits 0 "--flush -n" pgw-push --flush --queue queue -n
is "$out" "POST $nobody/metrics/job/one"$'\n'"PUT $nobody/metrics/job/two" "prints what waits"
exits 69 "--flush" pgw-push --flush --queue queue
like "$err" "^pgw-push: $nobody/metrics/job/one: .*Connection refused$" "says why it can't"
is "$(wc -l <err)" 1 "once for a gateway"
is "$(waiting)" "1 2" "they still wait"

# The same gateway comes back.
serve_at() {
	start serve pgw-serve -d spool --web.listen-address="${nobody#http://}"
	await "pgw-serve gets ready" curl -s -f -o /dev/null "$nobody/-/ready"
}
serve_at
exits 0 "a push when the gateway is back" push "$nobody" one 3 -v
is "$err" "pgw-push: $nobody/metrics/job/one: pushed what waited
pgw-push: $nobody/metrics/job/two: pushed what waited
pgw-push: {job=\"one\"}: pushed (families: 1, samples: 1)" "comes after what waits"
has "$(cat spool/groups/job=one.prom)" 'a{instance="",job="one"} 3' "and is the newer one"
has "$(cat spool/groups/job=two.prom)" 'a{instance="",job="two"} 2' "the other is there"
is "$(waiting)" "" "nothing waits"
exits 0 "--flush of nothing" pgw-push --flush --queue queue
is "$err" "" "is silent"
kill -9 "$pid"
wait "$pid" 2>/dev/null

# What is refused.
start_responder refusing 400 "bad"
exits 65 "a refusal" push "$URL" x 1
is "$(waiting)" "" "is not kept"
start_responder closed 401
exits 77 "401" push "$URL" x 1
is "$(waiting)" "" "is not kept"

# responds NAME STATUSES: a gateway with a queue of its own.
responds() {
	rm -rf queue
	start_responder "$@"
}
responds one-by-one 429,503,200,400,200 "so"
exits 0 "429" push "$URL" x 1 -q
exits 0 "a push after one that waits" push "$URL" x 2 -q
is "$(waiting)" "1 2" "waits, too"
exits 0 "a push after one that is refused" push "$URL" x 3
like "$err" "^pgw-push: queue/refused/[0-9]+ is set aside: $URL/metrics/job/x: 400: so$" "which is told"
is "$(received one-by-one.log)" "1 1 1 2 3" "the order of all"
is "$(waiting)" "" "nothing waits"
is "$(cd queue/refused && tail -n 1 ./*)" "a 2" "what was refused is kept apart"

responds poison 503,503,503,400,200 "so"
for i in 1 2 3; do
	push "$URL" x $i -q
done
exits 65 "--flush with one that is refused" pgw-push --flush --queue queue
like "$err" "^pgw-push: queue/refused/[0-9]+ is set aside: $URL/metrics/job/x: 400: so$" "which is told"
is "$(received poison.log)" "1 1 1 1 2 3" "sends the others"
is "$(waiting)" "" "nothing waits"

responds password 503,401,200
push "$URL" x 1 -q
exits 77 "--flush without the password" pgw-push --flush --queue queue
is "$(waiting)" "1" "keeps what waits"
echo me:s3cret >basic
exits 0 "--flush with the password" pgw-push --flush --queue queue --basic-auth-file basic
like "$(tail -n 1 password.log)" '"authorization": "Basic ' "sends it"
responds password-of-url 503,200
push "http://me:s3cret@${URL#http://}" x 1 -q
exits 0 "--flush with the URL" pgw-push --flush --queue queue -u "http://me:s3cret@${URL#http://}"
like "$(tail -n 1 password-of-url.log)" '"authorization": "Basic ' "sends its password"
responds password-of-variable 503,200
push "$URL" x 1 -q
exits 0 "--flush with PGW_URL" env PGW_URL="http://me:s3cret@${URL#http://}" pgw-push --flush --queue queue
like "$(tail -n 1 password-of-variable.log)" '"authorization": "Basic ' "sends its password"

# A flush that is killed.
responds killed 503,503,503,200,never,200
for i in 1 2 3; do
	push "$URL" x $i -q
done
start flush pgw-push --flush --queue queue
sent_five() {
	[ "$(received killed.log | wc -w)" -eq 5 ]
}
await "the flush is in the middle" sent_five
exits 0 "a push meanwhile" push "$URL" x 4 -t 1
is "$err" "pgw-push: the queue queue is locked; the push waits in queue" "waits"
kill -9 "$pid"
wait "$pid" 2>/dev/null
is "$(waiting)" "2 3 4" "kill -9 leaves what wasn't answered"
exits 0 "the next flush" pgw-push --flush --queue queue
is "$(received killed.log)" "1 1 1 1 2 2 3 4" "goes on there"
is "$(waiting)" "" "nothing waits"

# Several gateways.
responds several 200
exits 0 "two gateways, one of them away" push "$URL" x 1 -u "$nobody" -q
is "$(waiting)" "1" "one push waits"
exits 0 "and again" push "$URL" x 2 -u "$nobody" -q
is "$(waiting)" "1 2" "and the next one"
is "$(received several.log)" "1 2" "the other gateway has both"
exits 0 "--flush for another gateway" pgw-push --flush --queue queue -u "$URL"
is "$(waiting)" "1 2" "leaves them"
exits 0 "--flush -n for another gateway" pgw-push --flush -n --queue queue -u "$URL"
is "$out" "" "prints none"
exits 0 "--flush -n for theirs" pgw-push --flush -n --queue queue -u "$URL" -u "http://me:s3cret@${nobody#http://}/"
is "$out" "POST $nobody/metrics/job/x"$'\n'"POST $nobody/metrics/job/x" "prints both"
exits 0 "--flush -n for theirs, spelt differently" pgw-push --flush -n --queue queue -u "HTTP://${nobody#http://}//"
is "$out" "POST $nobody/metrics/job/x"$'\n'"POST $nobody/metrics/job/x" "prints both"
exits 69 "--flush for theirs, spelt differently" pgw-push --flush --queue queue -u "HTTP://${nobody#http://}//"
is "$(waiting)" "1 2" "tries it, and keeps both"
exits 64 "--flush -n with a URL that is none" pgw-push --flush -n --queue queue -u ftp://x

# Limits.
touch -d '8 days ago' "queue/$(ls queue | head -n 1)"
exits 69 "--flush after a week" pgw-push --flush --queue queue
like "$err" $'^pgw-push: queue: dropped 1 that waited, over the limits of age and size\n' "drops what is older"
is "$(waiting)" "2" "and that only"
exits 69 "--queue-age" pgw-push --flush --queue queue --queue-age 9d
touch -d '8 days ago' queue/0*
exits 69 "--queue-age" pgw-push --flush --queue queue --queue-age 9d
is "$(waiting)" "2" "is another limit"
touch -d '3 years ago' queue/0*
exits 69 "--queue-age of years" pgw-push --flush --queue queue --queue-age 200w
is "$(waiting)" "2" "is one, too"
touch -d '3 years' queue/0*
exits 69 "a push of the future" pgw-push --flush --queue queue --queue-age 1
is "$(waiting)" "2" "is not old"
rm -rf queue
size=$(push "$nobody" x 1 -q && cat queue/0* | wc -c)
exits 0 "a full queue" push "$nobody" x 2 --queue-size $((2 * size))
exits 0 "and more" push "$nobody" x 3 --queue-size $((2 * size))
like "$err" 'pgw-push: queue: dropped 1 that waited, over the limits of age and size$' "drops"
is "$(waiting)" "2 3" "the oldest"
exits 69 "a push larger than the queue" push "$nobody" x 4 --queue-size 10
has "$err" "pgw-push: the push can't be kept: $size bytes are over the limit of the queue queue, which is 10" \
	"can't be kept"
like "$err" "pgw-push: $nobody/metrics/job/x: .*Connection refused$" "and why it should have been"
is "$(waiting)" "" "a smaller limit also counts for what waits"

# What is no push.
responds damaged 503,200
push "$URL" x 1 -q
echo garbage >queue/00000000000000000001
printf 'pgw-queue 1\nPOST %s/metrics/job/x\nlength 100\n\na 1\n' "$URL" >queue/00000000000000000002
ln -s /etc/passwd queue/00000000000000000003
mkdir queue/00000000000000000004
printf 'pgw-queue 1\nPOST ftp://x/metrics/job/x\nlength 4\n\na 1\n' >queue/00000000000000000005
printf 'pgw-queue 1\nPOST %s\nlength 4\n\na 1\n' "$URL" >queue/00000000000000000006
echo mine >queue/README
exits 65 "--flush with files that are no pushes" pgw-push --flush --queue queue
is "$(received damaged.log)" "1 1" "sends what is one"
is "$(cd queue/refused && echo *)" "$(printf '%020d ' 1 2 3 4 5 6 | sed 's/ $//')" "sets them aside"
has "$err" "pgw-push: queue/refused/00000000000000000002 is set aside: queue/00000000000000000002: has 4 bytes of metrics, not the length that it says" "and says why"
is "$(cat queue/README)" mine "leaves other files"
rm -rf queue/refused
echo garbage >queue/00000000000000000001
mkdir queue/00000000000000000002
exits 65 "-n with nothing but such files" pgw-push --flush -n --queue queue
is "$err" "pgw-push: queue/00000000000000000002: Is a directory
pgw-push: queue/00000000000000000001: not a file of a queue" "names them"
is "$(cd queue && echo *)" "00000000000000000001 00000000000000000002 README lock" "and moves none"
exits 65 "--flush with nothing but such files" pgw-push --flush --queue queue
is "$err" "pgw-push: queue/refused/00000000000000000002 is set aside: queue/00000000000000000002: Is a directory
pgw-push: queue/refused/00000000000000000001 is set aside: queue/00000000000000000001: not a file of a queue" \
	"names them"
is "$(cd queue/refused && echo *)" "00000000000000000001 00000000000000000002" "sets them aside"
exits 0 "--flush afterwards" pgw-push --flush --queue queue
is "$err" "" "is silent"
echo garbage >queue/00000000000000000003
exits 0 "a push with such a file before it" push "$URL" x 2
is "$err" "pgw-push: queue/refused/00000000000000000003 is set aside: queue/00000000000000000003: not a file of a queue" "tells of the file"
is "$(received damaged.log)" "1 1 2" "and is sent"

# Many at once.
rm -rf queue
pids=()
for i in 1 2 3 4 5 6 7 8; do
	push "$nobody" x $i -q &
	pids+=($!)
done
for pid in "${pids[@]}"; do
	wait "$pid"
	is "$?" 0 "one of many at once"
done
is "$(waiting | tr ' ' '\n' | sort | xargs)" "1 2 3 4 5 6 7 8" "all wait"
is "$(find queue -name '.?*')" "" "no debris"

mkdir -m 777 open
exits 77 "a queue for everybody" pgw-push --queue open -u "$nobody" -j x -g a=1
is "$err" "pgw-push: the queue open: everybody can write to the directory" "is refused"
exits 73 "a queue without a parent" pgw-push --queue no/queue -u "$nobody" -j x -g a=1
is "$err" "pgw-push: the queue no/queue: No such file or directory" "is told"
usage() {
	exits 64 "$1" pgw-push "${@:3}"
	is "${err%%$'\n'*}" "pgw-push: $2" "$1: is told"
}
usage "a queue and a spool" "a queue (--queue) is for gateways (-u), not for a spool (-d)" --queue queue -d spool -j x \
	-g a=1
usage "--flush and a spool" "a queue (--queue) is for gateways (-u), not for a spool (-d)" --queue queue -d spool \
	--flush
usage "--flush alone" "--flush is of no use without --queue" --flush
usage "--flush and a sample" "--flush sends what waits, and no other metrics" --flush --queue queue -g a=1
usage "--queue-size 0" '--queue-size: "0": a size must be from 1 byte to 8 EiB' --queue-size 0
exits 0 "-n with a queue" pgw-push -n --queue new -u "$nobody" -j x -g a=1
ok "makes none" test ! -e new
exits 0 "--flush -n of no queue" pgw-push --flush -n --queue new
is "$out$err" "" "prints nothing"
ok "makes none" test ! -e new
done_testing
