#!/bin/bash
# The catalog: what a tool that makes one change and ends knows of the spool without reading it.
. "$(dirname "$0")/../lib.sh"

push() {
	pgw-push -d spool "$@"
}
agrees() {
	"$PGW_BIN/tests/tools/catalog_agrees" spool
}
# by_hand FILE TEXT: makes a group file as a person would, whole at once.
by_hand() {
	printf '%s\n' "$2" >spool/groups/.new && mv spool/groups/.new "spool/groups/$1"
}
clash='collected metric "m" is not a GAUGE, which it is in group {job="a"}'

exits 0 "the first push" push -j a <<<'# TYPE m gauge
m 1'
is "$(stat -c %a spool/catalog)" 640 "makes a catalog, which strangers can't read"
ok "that says what is there" agrees
exits 0 "the next push" push -j b <<<'# TYPE m gauge
m 2'
ok "keeps it up to date" agrees
inode=$(stat -c %i spool/catalog)
exits 65 "a clash" push -j c <<<'# TYPE m counter
m 3'
is "$err" "pgw-push: <stdin>:2: $clash" "is refused with the name of the other group"
exits 65 "also in a dry run" push -n -j c <<<'# TYPE m counter
m 3'
is "$err" "pgw-push: <stdin>:2: $clash" "with the same words"
exits 65 "what is refused for itself" push -j d <<<'m 1 2'
is "$(group_files spool)" $'job=a.prom\njob=b.prom\njob=c.prom\njob=d.prom' "is recorded like a clash"
exits 0 "pgw-delete" pgw-delete -d spool -v -j c
is "$err" 'pgw-delete: {job="c"}: deleted' "deletes"
exits 0 "and again" pgw-delete -d spool -v -j c
is "$err" 'pgw-delete: {job="c"}: not there' "says that there is none"
ok "the catalog knows all that" agrees
is "$(stat -c %i spool/catalog)" "$inode" "and was not made anew"

# Only the push's own group is read: what nobody renamed is not looked at.
printf '# TYPE n gauge\nn 1\n' | push -j f
printf '# TYPE k gauge\nk 1\n' >spool/groups/job=f.prom
exits 0 "a push reads no other group" push -j g <<<'# TYPE k counter
k 1'
exits 0 "which can be seen where one was written in place" pgw-list -d spool
rm spool/groups/job=[fg].prom
ok "until somebody changes a name" agrees

# By hand
by_hand job=h.prom '# TYPE h gauge
h 1'
exits 65 "a file that was moved in" push -j c <<<'# TYPE h counter
h 1'
like "$err" 'collected metric "h" is not a GAUGE, which it is in group {job="h"}$' "counts at once"
rm spool/groups/job=h.prom
exits 0 "one that was removed" push -j c <<<'# TYPE h counter
h 1'
ok "counts no more" agrees
by_hand job=h.prom '# TYPE h gauge
h 1'
exits 0 "two files that clash" push -j e <<<'e 1'
exits 0 "are no reason to refuse others" push -j e <<<'e 2'
run pgw-list -d spool
like "$err" 'job=h.prom: left out: collected metric "h" is not a COUNTER, which it is in group {job="c"}' \
	"one is left out"
rm spool/groups/job=c.prom
exits 65 "when the other one goes" push -j c <<<'# TYPE h counter
h 1'
like "$err" 'which it is in group {job="h"}$' "it comes back"
mv spool/groups/job=h.prom spool/groups/.h && mkdir copy && cp -a spool/groups/. copy/ && cp copy/.h \
	spool/groups/job=h.prom
exits 0 "files that were copied" push -j e <<<'e 3'
exits 0 "and another push" push -j e <<<'e 3'
ok "are looked at" agrees
rm spool/groups/.h
by_hand job=bad.prom 'bad'
exits 0 "a malformed file" push -j e <<<'e 4'
ok "is known as such" agrees
exits 0 "a push to its group" push -j bad <<<'good 1'
is "$(normal spool/groups/job=bad.prom | grep good)" $'# TYPE good untyped\ngood{instance="",job="bad"} 1' "replaces it"
ok "in the catalog too" agrees

# Damage
damage() {
	local what=$1
	shift
	"$@"
	exits 65 "$what: a clash is refused all the same" push -j c <<<'# TYPE h counter
h 1'
	like "$err" 'which it is in group {job="h"}$' "with the same words"
	"$@"
	exits 0 "$what: a push is taken" push -j e <<<'e 5'
	is "$err" "" "without a word"
	ok "$what: the catalog is in order again" agrees
}
random_bytes() {
	dd if=/dev/urandom of=spool/catalog bs=4096 seek="$1" count="$2" conv=notrunc status=none
}
damage "random bytes" random_bytes 0 100
damage "random pages" random_bytes 1 80
damage "a random header" random_bytes 0 1
damage "an empty file" truncate -s 0 spool/catalog
damage "a cut one" truncate -s 9000 spool/catalog
damage "zeros" sh -c 'truncate -s 4096 spool/catalog && truncate -s 331776 spool/catalog'
damage "something else" sh -c 'cp "$0" spool/catalog' "$PGW_BIN/pgw-push"
damage "no file" rm -f spool/catalog
damage "a named pipe" sh -c 'rm -f spool/catalog; mkfifo spool/catalog'

rm spool/catalog
mkdir spool/catalog
exits 0 "where no catalog can be made" push -j e <<<'e 6'
is "$err" "" "nobody minds"
rmdir spool/catalog

if [ "$(id -u)" -eq 0 ]; then
	chmod 755 "$SCRATCH"
	exits 0 "root's catalog" push -j e <<<'e 7'
	chown -R 65534:65534 spool
	chown root:root spool/catalog
	as_other=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	exits 0 "in somebody's spool" "${as_other[@]}" "$PGW_BIN/pgw-push" -d spool -j e <<<'e 8'
	exits 65 "can be done without" "${as_other[@]}" "$PGW_BIN/pgw-push" -d spool -j c <<<'# TYPE h counter
h 1'
	exits 0 "and learns of it" push -j e <<<'e 9'
	ok "when root comes back" agrees
else
	skip "a catalog that may not be read" "only root can give it away"
fi

# Beside a server that stays
start_serve -d spool
server=$pid
answers 200 "a push to the server" POST "$URL/metrics/job/web" --data-binary $'# TYPE w gauge\nw 1\n'
exits 65 "is known to the next pgw-push" push -j c <<<'# TYPE w counter
w 1'
like "$err" 'which it is in group {job="web"}$' "with its group"
exits 0 "a push beside it" push -j x <<<'# TYPE x gauge
x 1'
answers 400 "is known to the server" POST "$URL/metrics/job/web" --data-binary $'# TYPE x counter\nx 1\n'
answers 202 "a deletion by the server" DELETE "$URL/metrics/job/x"
exits 0 "is known too" push -j c <<<'# TYPE x counter
x 1'
exits 1 "a catalog that doubted what is right" test -e spool/catalog
exits 0 "goes, and the next push" push -j c <<<'# TYPE x counter
x 2'
ok "makes one that agrees" agrees

# One connection each
once() { # its log is on stderr
	printf '%s /metrics/job/%s HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s\n' \
		"$1" "$2" $((${#3} + 1)) "$3" | pgw-serve -i -d spool 2>>serve-once.log | head -n 1 | tr -d '\r'
}
is "$(once POST inetd 'i 1')" "HTTP/1.1 200 OK" "pgw-serve -i takes a push"
is "$(once PUT inetd '# TYPE x gauge
x 1')" "HTTP/1.1 400 Bad Request" "and refuses one"
ok "the catalog knows both" agrees
is "$(once DELETE inetd '')" "HTTP/1.1 202 Accepted" "it deletes"
ok "the catalog knows that" agrees

# All at once
storm() {
	local who=$1 i
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		case $((i % 4)) in
		0) push -j "$who" -l n=$((i % 3)) <<<"s{i=\"$i\"} 1" ;;
		1) once POST "$who/n/$((i % 3))" "t{i=\"$i\"} 1" ;;
		2) pgw-delete -d spool -j "$who" -l n=$((i % 3)) ;;
		3) curl -s -o /dev/null --data-binary "u $i"$'\n' "$URL/metrics/job/$who/n/$((i % 3))" ;;
		esac
	done
}
storms=()
for who in p q r s; do
	storm $who >/dev/null 2>"storm.$who" &
	storms+=($!)
done
for i in 1 2 3 4 5 6 7 8; do
	by_hand "job=hand$((i % 2)).prom" "v{i=\"$i\"} 1"
	rm -f "spool/groups/job=hand$((i % 2)).prom" "spool/groups/job=p,n=1.prom"
done
wait "${storms[@]}"
is "$(cat storm.*)" "" "pushes, deletions and changes by hand at the same time"
# One by hand in the very moment of a rename is noticed with the next one (pgw-spool(5)).
by_hand job=hand2.prom 'v{i="9"} 1'
exits 0 "a last push" push -j last <<<'last 1'
ok "the catalog agrees with the files" agrees
stops TERM "$server" 0 "the server stops"
done_testing
