#!/bin/bash
# The targets of pgw-scrape-relay: from standard input and from files of Prometheus's file_sd, which change.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway

start_exporter
exporter=$URL
address=127.0.0.1:$PORT
for name in a b c; do
	printf '# TYPE value gauge\nvalue{name="%s"} 1\n' $name >exporter/$name
done
asked() {
	sed -n '1d; s/ .*//p' exporter.log | sort -u
}

# Standard input
printf '# of them\n\n %s/static/a \r\n' "$exporter" >list
exits 0 "a list with one target" pgw-scrape-relay -d stdin -j x - <list
is "$(group_files stdin)" "job=x,instance=$address.prom" "has the label instance all the same"
exits 64 "one that is there twice" pgw-scrape-relay -d stdin -j x - "$exporter/static/b" <list
is "$err" "pgw-scrape-relay: two URLs would be one group, {job=\"x\",instance=\"$address\"}
$(pgw-scrape-relay --help | head -n 1)" "is told"
exits 64 "an empty list" pgw-scrape-relay -d stdin -j x - </dev/null
like "$err" "^pgw-scrape-relay: no URL to scrape" "is none"
usage=$(pgw-scrape-relay --help | head -n 1)
exits 64 "a bad URL in it" pgw-scrape-relay -d stdin -j x - <<<$'# two\n\nhttp://127.0.0.1:1/\n ftp://x/'
is "$err" "pgw-scrape-relay: standard input, line 4: ftp://x/: only http, https and unix URLs are known
$usage" "is told with its line"
exits 64 "the same target twice in it" pgw-scrape-relay -d stdin -j x \
	- <<<$'http://127.0.0.1:1/\n\nhttp://127.0.0.1:1/x'
is "$err" "pgw-scrape-relay: standard input, line 3: two URLs would be one group, {job=\"x\",instance=\"127.0.0.1:1\"}
$usage" "likewise"

# A file
cat >one.json <<END
[{"targets": ["$address"], "labels": {"job": "files", "zone": "a b", "__metrics_path__": "/static/a", "__param_q": "1&2",
	"__scheme__": "http", "__meta_x": "y"}},
 {"targets": ["$address"], "labels": {"__metrics_path__": "/static/b"}}]
END
exits 0 "a file" pgw-scrape-relay -d files -j given -l zone=z -c one.json
is "$err" "" "without a message"
is "$(group_files files)" "job=files,instance=$address,zone=a%20b.prom
job=given,instance=$address,zone=z.prom" "labels of the file win over those of the command line"
is "$(asked)" "/static/a
/static/a?q=1%262
/static/b" "path and parameters"
sed 's/"job": "files", //' one.json >jobless.json
exits 65 "no job" pgw-scrape-relay -d files -c jobless.json
is "$err" "pgw-scrape-relay: jobless.json: target 1: job name is required" "is told"
exits 66 "no file" pgw-scrape-relay -d files -j x -c missing.json
like "$err" '^pgw-scrape-relay: missing\.json: ' "is told"
echo '[{' >broken.json
exits 65 "a broken file" pgw-scrape-relay -d files -j x -c broken.json
like "$err" '^pgw-scrape-relay: broken\.json:2:1: ' "is told, with the place"
echo '[]' >empty.json
exits 64 "a file without targets" pgw-scrape-relay -d files -j x -c empty.json
exits 64 "an instance for all" pgw-scrape-relay -d files -j x -l instance=x -c one.json

# Files that change
# write NAME...: targets by the label t; NAME=PATH has another path than /static/NAME.
write() {
	local given
	for given; do
		printf ',{"targets": ["%s"], "labels": {"t": "%s", "__metrics_path__": "/static/%s"}}' "$address" \
			"${given%=*}" "${given#*=}"
	done | sed 's/^,/[/; s/$/]/'
}
# there NAME...: the groups are those.
there() {
	[ "$(group_files spool)" = "$(printf "job=x,instance=$address,t=%s.prom\n" "$@")" ]
}
value_of() {
	[ "$(sed -n 's/^value{.*name="\([^"]*\)".*/\1/p' "spool/groups/job=x,instance=$address,t=$1.prom")" = "$2" ]
}
write a b >first.json
write c >second.json
start relay pgw-scrape-relay -r -d spool -j x -i 1 -c first.json -c second.json
relay=$pid
await "all of both files" there a b c
write a >new.json && mv new.json first.json
await "one that is gone loses its group" there a c
write a b >first.json
await "a file written anew in place" there a b c
# told TEXT: how often the log has it.
told() {
	grep -cF "$1" relay.log
}
was_told() {
	[ "$(told "$1")" -ge 1 ]
}
cp first.json kept.json
echo '[{"targets": 1}]' >first.json
await "a file with a fault" was_told 'first.json: group 1: '
rm first.json
await "a file that is gone" was_told "first.json: there is no such file; its targets stay as they are"
cp kept.json first.json
write c a >second.json
await "one in two files" was_told "second.json: two targets would be one group, {job=\"x\",instance=\"$address\",t=\"a\"}: only the first is scraped"
write b >new.json && mv new.json first.json
write c a=c >second.json
await "goes on from the other one, with its URL" value_of a c
ok "and all are there" there a b c
write c >second.json.new && mv second.json.new second.json
write b a >new.json && mv new.json first.json
await "goes back" value_of a a
ok "and all are there" there a b c
is "$(told 'first.json: group 1: ')" 1 "the fault was told once"
is "$(told "no such file")" 1 "and that there is none"
for round in 1 2 3 4 5 6 7 8 9 10; do
	rm -f second.json
	write c "r$round" >second.json
	mv second.json aside.json
	mv aside.json second.json
done
write c d=c >new.json && mv new.json second.json
# No target of a file before is up, and one that is gone counts until its group is, too.
four_up() {
	grep -qE '^pgw-scrape-relay: round [0-9]+: 4 targets, 4 up, 0 down, ' relay.log
}
await "a file that is made again quickly" four_up
ok "is what it was last" there a b c d
stops TERM "$relay" 0 "SIGTERM"
ok "groups stay at the end" there a b c d

start stale pgw-scrape-relay -d spool -j x -i 1 --keep-stale -c first.json
stale=$pid
summary() {
	grep -qE "^pgw-scrape-relay: round [0-9]+: $1 targets, " "$2.log"
}
await "--keep-stale" summary 2 stale
write b >new.json && mv new.json first.json
await "one is gone" summary 1 stale
stops TERM "$stale" 0 "SIGTERM"
ok "and its group stays" there a b c d

# A deletion at a gateway that is away
away_port=$(free_port)
SERVE_PORT=$away_port start_serve -d served
serve=$pid
gateway=$URL
write a b >first.json
start deletes pgw-scrape-relay -u "$gateway" -j x -i 1 -c first.json
deletes=$pid
served() {
	[ "$(group_files served | wc -l)" = "$1" ]
}
await "two groups at a gateway" served 2
stops TERM "$serve" 0 "which goes"
write b >new.json && mv new.json first.json
failed() {
	grep -qE ": round [0-9]+: [12] targets, .*, [12] not pushed" deletes.log
}
await "one target is gone" failed
SERVE_PORT=$away_port start_serve -d served
await "its group goes when the gateway is there again" served 1
await "and it is no target any more" summary 1 deletes
stops TERM "$deletes" 0 "SIGTERM"

# A target that comes back while its group is deleted
start_responder slow 202 '' 0.5
start back pgw-scrape-relay -u "$URL" -j x -i 1 -t 1 -c first.json
back=$pid
await "one target" summary 1 back
for round in 1 2 3; do
	write b >new.json && mv new.json first.json
	write b c >new.json && mv new.json first.json
	kill -HUP "$back"
	sleep 0.2
	write c >new.json && mv new.json first.json
	kill -HUP "$back"
	sleep 0.2
	write b c >new.json && mv new.json first.json
	kill -HUP "$back"
	sleep 0.2
done
await "is a target" summary 2 back
stops TERM "$back" 0 "SIGTERM"

# Many
start many "$PGW_BIN/tests/tools/targets" 2000
targets=$pid
all_there() {
	[ "$(grep -c . many.log)" = 2000 ]
}
await "2,000 targets listen" all_there
mv many.log urls
$PYTHON -c '
import json
json.dump([{"targets": [line.split("/")[2] for line in open("urls")], "labels": {"job": "many"}}], open("many.json", "w"))'
exits 0 "2,000 targets into a spool" pgw-scrape-relay -v -d many -c many.json
is "$(tail -n 1 <<<"$err")" "pgw-scrape-relay: 2000 targets, 2000 up, 0 down, 40000 samples, $(cat many/groups/*.prom |
	awk '/^scrape_body_size_bytes/ { sum += $2 } END { printf "%.1f", sum / 1e6 }') MB" "the summary"
is "$(cat many/groups/*.prom | grep -c '^target_')" 40000 "all samples"
start_serve -d manyserved
# Its check of each push against all others would take a minute.
start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
	--push.disable-consistency-check \
	--web.listen-address=127.0.0.1:PORT
for gateway in "$URL" "http://127.0.0.1:$PORT"; do
	exits 0 "2,000 targets to a gateway" pgw-scrape-relay -u "$gateway" -t 100 -c many.json
	curl -s "$gateway/metrics" >scraped
	is "$(grep -c '^target_' scraped)" 40000 "all samples"
	is "$(grep -c '^up{.*} 1$' scraped)" 2000 "all are up"
done
for limit in 20 64; do
	# shellcheck disable=SC2016
	exits 0 "with $limit descriptors" sh -c 'ulimit -n $1 && exec pgw-scrape-relay -u "$2" -c many.json' sh $limit \
		"$URL"
	is "$err" "pgw-scrape-relay: only $((limit > 32 ? 8 : 1)) scrapes at once: the limit of open files is $limit" \
		"fewer at once"
done
# They keep their ports, which would be others' soon if they ended.
kill -STOP "$targets"
exits 69 "none of them answers" pgw-scrape-relay -q -d many -t 0.5 -P 500 -c many.json
is "$(cat many/groups/*.prom | grep -c '^target_')" 0 "nothing is left"
is "$(cat many/groups/*.prom | grep -c '^up{.*} 0$')" 2000 "all are down"
done_testing
