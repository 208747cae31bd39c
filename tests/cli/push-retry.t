#!/bin/bash
# pgw-push to gateways that don't take a push the first time, to several, and with secrets.
. "$(dirname "$0")/../lib.sh"

printf 'a 1\n' >one.prom
# got NAME: how many requests a responder had.
got() {
	sed 1d "$1.log" | wc -l
}
# answers_to NAME STATUSES EXIT TITLE OPTION...: a push with these options to a responder that answers so.
answers_to() {
	start_responder "$1" "$2" "because"
	exits "$3" "$4" pgw-push -u "$URL" -j x "${@:5}" one.prom
}

answers_to twice 500,500,200 0 "500, 500, 200 with --retry 2" --retry 2
is "$err" "" "is a success, in silence"
is "$(got twice)" 3 "at the third try"
is "$(sed 1d twice.log | sort -u | wc -l)" 1 "all tries are the same"
answers_to few 500,500,200 69 "500, 500, 200 with --retry 1" --retry 1
is "$err" "pgw-push: $URL/metrics/job/x: 500: because (2 tries)" "is a failure"
is "$(got few)" 2 "after two tries"
answers_to none 500,200 69 "500, 200 without --retry"
is "$err" "pgw-push: $URL/metrics/job/x: 500: because" "is a failure"
is "$(got none)" 1 "at once"
answers_to refused 400,200 65 "400" --retry 5
is "$(got refused)" 1 "is not tried again"
answers_to denied 401,200 77 "401" --retry 5
is "$(got denied)" 1 "is not tried again"
answers_to slow 408,200 0 "408" --retry 1
is "$(got slow)" 2 "is tried again"
answers_to busy 429:1,200 0 "429 with Retry-After" --retry 1
is "$(got busy)" 2 "is tried again"
answers_to busier 429:60,200 75 "429 with a Retry-After past the limit" --retry 5 -t 30
is "$(got busier)" 1 "is not waited for"
is "$err" "pgw-push: $URL/metrics/job/x: 429: because" "is told"
answers_to huge 503:4000000000,200 69 "a Retry-After of a century" --retry 5
answers_to half half,200 0 "half an answer" --retry 1
is "$(got half)" 2 "is tried again"
answers_to half-only half 69 "half an answer without --retry"
like "$err" "^pgw-push: $URL/metrics/job/x: .*transfer closed" "is a failure"
answers_to closed close,close,200 0 "no answer" --retry 2
answers_to never never,200 0 "a gateway that takes one request and never answers" --retry 1 -t 8
is "$(got never)" 2 "has a share of the time only"
answers_to never-at-all never 69 "a gateway that never answers" --retry 2 -t 6
like "$err" "^pgw-push: $URL/metrics/job/x: .*timed out.*\([23] tries\)$" "ends with the time"
answers_to deletion 503,202 0 "a push before a delete" --retry 1
start_responder deletion 503,202
exits 0 "pgw-delete --retry" pgw-delete -u "$URL" -j x --retry 1
is "$(got deletion)" 2 "tries again"
start_responder listing 503,429,200 '{"data":[{"labels":{"job":"x"}}]}'
exits 0 "pgw-list --retry" pgw-list -u "$URL" -0 --retry 2
is "$out" '{job="x"}' "lists"
is "$(got listing)" 3 "at the third try"
start_responder target 200 "a 1
"
target=$URL
start_responder relayed 503,200
exits 0 "pgw-scrape-relay --retry" pgw-scrape-relay -u "$URL" -j x --retry 1 "$target"
is "$(got relayed)" 2 "pushes again"
is "$(got target)" 1 "and scrapes once"
exits 69 "nobody there" pgw-push -u "http://127.0.0.1:$(free_port)" -j x --retry 1 one.prom
like "$err" '\(2 tries\)$' "is tried again"
exits 64 "--retry without a number" pgw-push -u "$URL" -j x --retry x one.prom
is "${err%%$'\n'*}" 'pgw-push: --retry: "x": not a number from 1 to 1000' "is told"

# Several gateways.
start_responder good 200
good=$URL
start_responder other 200
other=$URL
start_responder bad 400 "because"
bad=$URL
start_responder ill 503 "later"
ill=$URL
exits 0 "two that take it" pgw-push -u "$good" -u "$other" -j x one.prom
is "$(got good) $(got other)" "1 1" "have it"
exits 65 "one of three refuses" pgw-push -u "$good" -u "$bad" -u "$other" -j x one.prom
is "$err" "pgw-push: $bad/metrics/job/x: 400: because" "is named"
is "$(got good) $(got other)" "2 2" "the others have it"
exits 69 "two fail" pgw-push -u "$ill" -u "$good" -u "$bad" -j x one.prom
is "$err" "pgw-push: $ill/metrics/job/x: 503: later; $bad/metrics/job/x: 400: because" \
	"both are named, the first decides"
exits 65 "in the other order" pgw-push -u "$bad" -u "$ill" -j x one.prom
exits 65 "pgw-delete from several" pgw-delete -u "$good" -u "$bad" -j x
is "$err" "pgw-delete: $bad/metrics/job/x: 400: because" "names the one"
exits 0 "pgw-delete -n" pgw-delete -n -u "http://me:secret@${good#http://}" -u "$bad" -j x
is "$out" "$good/metrics/job/x"$'\n'"$bad/metrics/job/x" "prints all, without passwords"
exits 64 "the URL of a group among several" pgw-push -u "$good" -u "$other/metrics/job/y" one.prom
is "${err%%$'\n'*}" "pgw-push: $other/metrics/job/y: a URL with a group's path can't stand here, name the group with -j and -l" "is told"
exits 0 "pgw-scrape-relay to several" pgw-scrape-relay -u "$good" -u "$other" -j x "$target"
is "$(got good) $(got other)" "5 3" "both have it"

# Compressed.
exits 0 "-z" pgw-push -z -u "$good" -j x one.prom
like "$(tail -n 1 good.log)" '"content-encoding": "gzip"' "says so"
like "$(tail -n 1 good.log)" '"body": "a 1\\n"' "and is what was pushed"

# Secrets. A responder that never answers leaves time to look at the processes.
echo 'me:s3cret' >basic
echo 't0ken' >token
exits 0 "a password from a pipe" pgw-push -u "$good" -j x --basic-auth-file <(cat basic) one.prom
like "$(tail -n 1 good.log)" "\"authorization\": \"Basic $(printf me:s3cret | base64)\"" "is sent"
exits 0 "a token" pgw-push -u "$good" -j x --bearer-token-file token one.prom
like "$(tail -n 1 good.log)" '"authorization": "Bearer t0ken"' "is sent"
exits 0 "a user and password of a URL" pgw-push -u "http://me:s3cret@${good#http://}" -j x one.prom
like "$(tail -n 1 good.log)" "\"authorization\": \"Basic $(printf me:s3cret | base64)\"" "are sent"
start_responder hung never
start hanging pgw-push -v -u "http://me:s3cret@${URL#http://}" -j x one.prom
await "the request is there" grep -q '"POST"' hung.log
is "$(tr -s '\0' ' ' </proc/"$pid"/cmdline | sed 's/ $//')" "pgw-push -v -u $URL -j x one.prom" "no password for ps(1)"
kill -9 "$pid"
wait "$pid" 2>/dev/null
exits 69 "a URL with a password that fails" pgw-push -u "http://me:s3cret@127.0.0.1:$(free_port)" -j x one.prom
unlike "$err" "s3cret|me:" "the message has none"

# bad_file NAME EXIT MESSAGE OPTION...
bad_file() {
	exits "$2" "$1" pgw-push -u "$good" -j x "${@:4}" one.prom
	is "${err%%$'\n'*}" "pgw-push: $3" "$1: is told"
}
: >empty
echo 'no colon' >plain
printf 'a:b\001\n' >control
bad_file "no such file" 66 "missing: No such file or directory" --basic-auth-file missing
bad_file "an empty file" 64 "empty: the first line is empty" --bearer-token-file empty
bad_file "no password" 64 "plain: the first line is not USER:PASSWORD" --basic-auth-file plain
bad_file "control characters" 64 "control: the first line has control characters" --basic-auth-file control
bad_file "no such netrc" 66 "missing: No such file or directory" --netrc-file missing
bad_file "no such authority" 66 "missing: No such file or directory" --cacert missing
mkfifo fifo
ln -s /dev/zero zeros
truncate -s 16777217 huge
truncate -s 65537 large
for option in basic-auth-file bearer-token-file netrc-file cacert cert; do
	for file in fifo zeros /dev/zero .; do
		bad_file "--$option $file" 66 "$file: not a regular file" "--$option" "$file"
	done
	bad_file "--$option, huge" 66 "huge: too large" "--$option" huge
done
bad_file "--key" 66 "fifo: not a regular file" --cert basic --key fifo
bad_file "a large file" 66 "large: too large" --basic-auth-file large
bad_file "a large pipe" 66 "/dev/stdin: too large" --basic-auth-file /dev/stdin < <(cat large)
bad_file "netrc from a pipe, which is read more than once" 66 "/dev/stdin: not a regular file" \
	--netrc-file /dev/stdin < <(echo)
exits 0 "a link to a file" sh -c 'ln -s token linked && exec pgw-push -u "$1" -j x --bearer-token-file linked one.prom' - "$good"
bad_file "two secrets" 64 "only one of --basic-auth-file, --bearer-token-file and --netrc can be given" \
	--basic-auth-file basic --bearer-token-file token
bad_file "a key alone" 64 "--key is of no use without --cert" --key basic
exits 64 "a user in the URL and one in a file" pgw-push -u "http://me:s3cret@${good#http://}" -j x \
	--basic-auth-file basic one.prom
is "${err%%$'\n'*}" "pgw-push: $good: the URL has a user, and a file has another" "is told"
done_testing
