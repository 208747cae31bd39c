#!/bin/bash
# The spool as a folder: names, hand-made files, the lock, what is left behind.
. "$(dirname "$0")/../lib.sh"

push() {
	pgw-push -d spool "$@"
}
new_spool() {
	rm -rf spool
	push -j first <<<'first 1'
}

# Names
new_spool
push -j '../../etc/passwd' <<<'a 1'
push -j . -l 'x=..' <<<'a 1'
push -j $'new\nline,\t"quote"\\~' <<<'a 1'
push -j 'A-z_0.9:@+-' <<<'a 1'
push -j ü -l 'instance=50%' <<<'a 1'
is "$(group_files spool)" 'job=%C3%BC,instance=50%25.prom
job=.,x=...prom
job=..%2F..%2Fetc%2Fpasswd.prom
job=A-z_0.9:@+-.prom
job=first.prom
job=new%0Aline%2C%09%22quote%22%5C%7E.prom' "hostile keys stay in the folder"
exits 0 "and are read back" pgw-list -d spool --json
is "$(echo "$out" | $PYTHON -c 'import json, sys
for group in json.load(sys.stdin)["groups"]:
	print(json.dumps(group["labels"], sort_keys=True))' | LC_ALL=C sort)" '{"instance": "50%", "job": "\u00fc"}
{"job": ".", "x": ".."}
{"job": "../../etc/passwd"}
{"job": "A-z_0.9:@+-"}
{"job": "first"}
{"job": "new\nline,\t\"quote\"\\~"}' "as they are"

# A NUL in a value, which only a URL can bring, is a byte like any other.
new_spool
start_serve -d spool
answers 200 "a NUL in a value" POST "$URL/metrics/job/nul/x/a%00b" --data-binary $'a 1\n'
is "$(group_files spool)" 'job=first.prom
job=nul,x=a%00b.prom' "has its escape"
stops TERM "$pid" 0 "pgw-serve ends"
exits 0 "and pgw-list" pgw-list -d spool --json
is "$($PYTHON -c 'import json, sys; print([g["labels"] for g in json.load(sys.stdin)["groups"]])' <<<"$out")" \
	"[{'job': 'first'}, {'job': 'nul', 'x': 'a\\x00b'}]" "reads it back"

# Long names: cut at 160, not inside an escape, then the first 128 bits of the SHA-256 of the key's text.
long_name() {
	local hash
	hash=$(printf '{job="%s"}' "$1" | sha256sum | cut -c 1-32)
	push -j "$1" <<<'a 1'
	ok "$3" test -e "spool/groups/$2~$hash.prom"
}
new_spool
letters=$(printf 'x%.0s' {1..300})
push -j "${letters:0:191}" <<<'a 1'
ok "a name of 200 bytes stays" test -e "spool/groups/job=${letters:0:191}.prom"
long_name "${letters:0:192}" "job=${letters:0:156}" "one of 201 is cut"
long_name "${letters:0:155}/$letters" "job=${letters:0:155}" "an escape is not cut at its first byte"
long_name "${letters:0:154}/$letters" "job=${letters:0:154}" "nor at its second"
long_name "${letters:0:153}/$letters" "job=${letters:0:153}%2F" "a whole one stays"
is "$(group_files spool | wc -l)" 6 "each has its own"
exits 0 "pgw-list" pgw-list -d spool --json
is "$($PYTHON -c 'import json, sys; print(sorted(len(g["labels"]["job"]) for g in json.load(sys.stdin)["groups"]))' <<<"$out")" \
	"[5, 191, 192, 454, 455, 456]" "reads the whole keys back"
exits 0 "a push to a long one" push -j "$letters" <<<'a 1'
exits 0 "and a second" push -j "$letters" <<<'b 1'
is "$(grep -lE "^[ab]{" spool/groups/job=*~* | xargs grep -cE '^[ab]{' | grep -c ':2$')" 1 "are one group"
exits 0 "delete" pgw-delete -d spool -j "$letters"
is "$(group_files spool | wc -l)" 6 "finds it"

# Files that somebody put there
new_spool
start_serve -d spool
printf 'hand{job="wrong"} 1\n' >spool/groups/job=hand,x=y.prom
answers 200 "a scrape" GET "$URL/metrics"
has "$body" 'hand{instance="",job="hand",x="y"} 1' "a file without header has its key in its name"
like "$body" $'\npush_time_seconds{instance="",job="hand",x="y"} 1' "and was pushed when it was modified"
has "$body" 'pgw_spool_rejected_groups 0' "it is not rejected"
printf 'bad{ 1\n' >spool/groups/job=syntax.prom
printf 'b 1 1\n' >spool/groups/job=stamp.prom
printf 'b 1\n' >spool/groups/whatever.prom
printf 'b 1\n' >spool/groups/job=%61.prom
printf '# TYPE first counter\nfirst 1\n' >spool/groups/job=clash.prom
mkfifo spool/groups/job=fifo.prom
mkdir spool/groups/job=folder.prom
printf 'b 1\n' >spool/groups/README
printf 'b 1\n' >spool/groups/.hidden.prom
ln -s /nonexistent spool/groups/job=dangling.prom
answers 200 "a scrape with bad files" GET "$URL/metrics"
has "$body" 'first{instance="",job="first"} 1' "has the good groups"
unlike "$body" $'\n(b|bad)[ {]' "and none of the bad"
has "$body" 'pgw_spool_rejected_groups 5' "and counts these"
request GET "$URL/metrics"
request GET "$URL/metrics"
for file in job=syntax job=stamp whatever job=%61 job=clash; do
	is "$(grep -c "$file.prom" serve.log)" 1 "$file.prom is logged once"
done
exits 0 "a push beside them" push -j second <<<'second 1'
exits 65 "a push that clashes" push -j second <<<$'# TYPE first counter\nfirst 1'
like "$err" '{job="first"}' "clashes with the good one"
exits 0 "a push over a bad one" push -j syntax <<<'b 1'
answers 200 "a scrape" GET "$URL/metrics"
has "$body" 'pgw_spool_rejected_groups 4' "mends it"
exits 0 "delete of a bad one" pgw-delete -d spool -j stamp
answers 200 "a scrape" GET "$URL/metrics"
has "$body" 'pgw_spool_rejected_groups 3' "removes it"
rm spool/groups/job=hand,x=y.prom
mv spool/groups/job=second.prom elsewhere.prom
answers 200 "a scrape after rm and mv" GET "$URL/metrics"
unlike "$body" $'\n(hand|second){' "knows them no more"
cp elsewhere.prom spool/groups/job=second.prom
answers 200 "a scrape after cp" GET "$URL/metrics"
has "$body" 'second{instance="",job="second"} 1' "has it again"
exits 0 "a push after a file by hand" push -j mine <<<'mine 1'
printf 'mine 2\n' >spool/groups/job=mine.prom
answers 200 "a scrape" GET "$URL/metrics"
has "$body" 'mine{instance="",job="mine"} 2' "sees a file written in place"
stops TERM "$pid" 0 "pgw-serve ends"

# The lock
new_spool
before=$(cat spool/groups/job=first.prom)
start holder flock spool/lock sleep 100
holder=$pid
await "the lock is taken" sh -c '! flock -n spool/lock true'
start delete pgw-delete -d spool -j first
deleting=$pid
exits 75 "a locked spool" push -j first <<<'first 2'
like "$err" '^pgw-push: .*lock' "is said to be"
wait "$deleting"
is $? 75 "pgw-delete does not get it either"
exits 0 "pgw-list needs no lock" pgw-list -d spool
is "$(cat spool/groups/job=first.prom)" "$before" "nothing changed"
echo 'first 2' >two.prom
start waiting pgw-push -d spool -j first two.prom
waiting=$pid
# shellcheck disable=SC2046
{
	kill -9 $(children_of "$holder") "$holder"
	wait "$holder"
} 2>/dev/null
wait "$waiting"
is $? 0 "a push waits for the lock"
has "$(cat spool/groups/job=first.prom)" 'first{instance="",job="first"} 2' "and has it then"

# Versions
new_spool
echo 'pgw-spool 2' >spool/version
exits 73 "a spool of another version" push -j first <<<'first 1'
like "$err" '^pgw-push: .*version' "is not touched"
is "$(cat spool/version)" "pgw-spool 2" "and stays"
mkdir stuff
echo precious >stuff/file
exits 73 "a folder that is no spool" pgw-push -d stuff -j first <<<'first 1'
is "$(ls stuff)" "file" "is not made one"
exits 73 "a file" pgw-push -d stuff/file -j first <<<'first 1'
exits 73 "no parent folder" pgw-push -d no/where -j first <<<'first 1'
mkdir void
exits 0 "an empty folder" pgw-push -d void -j first <<<'first 1'
is "$(ls void)" $'catalog\ngroups\njournal.0\nlock\nversion' "becomes a spool"
if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$SCRATCH"
	exits 77 "somebody else's spool" setpriv --reuid=65534 --regid=65534 --clear-groups \
		pgw-push -d void -j second <<<'first 1'
	exits 0 "can be listed" setpriv --reuid=65534 --regid=65534 --clear-groups pgw-list -d void
else
	chmod -R a-w void
	exits 77 "a spool that may not be written" pgw-push -d void -j second <<<'first 1'
	exits 0 "can be listed" pgw-list -d void
	chmod -R u+w void
fi
done_testing
