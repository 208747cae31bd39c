#!/bin/bash
# pgw-delete of one group, from a spool and from a gateway.
. "$(dirname "$0")/../lib.sh"

fill() {
	rm -rf spool
	pgw-push -d spool -j backup <<<'a 1'
	pgw-push -d spool -j backup -l instance=db1 <<<'a 1'
	pgw-push -d spool -j 'a/b' -l z=1 -l b=2 <<<'a 1'
}
all='job=a%2Fb,b=2,z=1.prom
job=backup,instance=db1.prom
job=backup.prom'

fill
is "$(group_files spool)" "$all" "three groups"
exits 0 "-n" pgw-delete -n -d spool -j backup -l instance=db1
is "$out" '{job="backup",instance="db1"}' "shows what would go"
is "$(group_files spool)" "$all" "and keeps it"
exits 0 "the exact group" pgw-delete -d spool -j backup
is "$(group_files spool)" 'job=a%2Fb,b=2,z=1.prom
job=backup,instance=db1.prom' "goes, others stay"
exits 0 "labels in any order" pgw-delete -d spool -l b=2 -j a/b -l z=1
is "$(group_files spool)" 'job=backup,instance=db1.prom' "are one group"
exits 0 "a group that is not there" pgw-delete -d spool -j backup
is "$(group_files spool)" 'job=backup,instance=db1.prom' "changes nothing"
exits 0 "-n of a group that is not there" pgw-delete -n -d spool -j backup
is "$out" "" "shows nothing"
exits 0 "\$PGW_SPOOL" env PGW_SPOOL=spool pgw-delete -j backup -l instance=db1
is "$(group_files spool)" '(none)' "is the spool"

exits 64 "no job" pgw-delete -d spool
like "$err" '^pgw-delete: .*job' "is a usage error"
exits 64 "an operand" pgw-delete -d spool -j x operand
exits 64 "a bad label" pgw-delete -d spool -j x -l 1x=y
exits 64 "an unknown option" pgw-delete --nonsense
exits 0 "-h" pgw-delete -h
like "$out" '^usage: pgw-delete ' "prints the usage"
exits 0 "-V" pgw-delete -V
like "$out" '^pgw-delete [0-9.]+$' "prints the version"
exits 73 "no spool" pgw-delete -d nowhere -j x
ok "makes none" test ! -e nowhere

fill
start_serve -d spool
exits 0 "over HTTP" pgw-delete -u "$URL" -j backup -l instance=db1
exits 0 "by the URL of a group" pgw-delete -u "$URL/metrics/job/backup"
exits 0 "by \$PGW_URL" env PGW_URL="$URL" pgw-delete -j a/b -l z=1 -l b=2
is "$(group_files spool)" '(none)' "all are gone"
exits 0 "again" pgw-delete -u "$URL" -j backup
start_responder fake 202
exits 0 "a gateway that answers 202" pgw-delete -u "$URL" -j x -l y=z
exits 0 "-n asks it nothing to delete" pgw-delete -n -u "$URL" -j x
is "$(tail -n +2 fake.log | grep -o '"method": "[A-Z]*", "path": "[^"]*"')" \
	'"method": "DELETE", "path": "/metrics/job/x/y/z"' "got one request"
start_responder forbids 403
exits 77 "one that forbids" pgw-delete -u "$URL" -j x
start_responder breaks 500
exits 69 "one that breaks" pgw-delete -u "$URL" -j x
start_responder refuses 400 why
exits 65 "one that refuses" pgw-delete -u "$URL" -j x
like "$err" '^pgw-delete: .*why' "has a reason"
# A file that is left out of the exposition is a group to delete, too.
exits 0 "a spool" pgw-push -d left -j y <<<'a 1'
echo 'not metrics' >left/groups/job=x.prom
exits 0 "-n shows a file that is left out" pgw-delete -n -d left -j x
is "$out" '{job="x"}' "by its key"
exits 0 "and it can be deleted" pgw-delete -v -d left -j x
has "$err" 'pgw-delete: {job="x"}: deleted' "says so"
is "$(group_files left)" "job=y.prom" "it is gone"
exits 69 "none there" pgw-delete -u "http://127.0.0.1:$(free_port)" -j x
done_testing
