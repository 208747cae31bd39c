#!/bin/bash
# pgw-push into a spool: options, input, exit status, messages.
. "$(dirname "$0")/../lib.sh"

printf 'a 1\n' >one.prom
printf 'b{x="y"} 2\n' >two.prom

# Input
exits 0 "stdin into a new spool" pgw-push -d spool -j backup <one.prom
is "$out$err" "" "it says nothing"
is "$(ls spool)" $'catalog\ngroups\njournal.0\nlock\nversion' "the spool has its files"
is "$(cat spool/version)" "pgw-spool 1" "and its version"
is "$(group_files spool)" "job=backup.prom" "and one group"
is "$(normal spool/groups/job=backup.prom)" '# TYPE a untyped
a{instance="",job="backup"} 1
# HELP push_failure_time_seconds Last Unix time when changing this group in the Pushgateway failed.
# TYPE push_failure_time_seconds gauge
push_failure_time_seconds{instance="",job="backup"} 0
# HELP push_time_seconds Last Unix time when changing this group in the Pushgateway succeeded.
# TYPE push_time_seconds gauge
push_time_seconds{instance="",job="backup"} TIME' "with the canonical text"

exits 0 "a file" pgw-push -d spool -j file one.prom
has "$(cat spool/groups/job=file.prom)" 'a{instance="",job="file"} 1' "is pushed"
exits 0 "several files" pgw-push -d spool -j files one.prom two.prom
like "$(cat spool/groups/job=files.prom)" $'\na{instance="",job="files"} 1\n.*\nb{instance="",job="files",x="y"} 2\n' \
	"are one push"
exits 0 "- is stdin" pgw-push -d spool -j dash two.prom - <one.prom
like "$(cat spool/groups/job=dash.prom)" $'\na{instance="",job="dash"} 1\n.*\nb{' "among files"
exits 66 "a file that is not there" pgw-push -d spool -j file missing.prom
is "$err" "pgw-push: missing.prom: No such file or directory" "is named"
mkdir folder
exits 66 "a folder" pgw-push -d spool -j file folder
is "$err" "pgw-push: folder: Is a directory" "is named"

# Empty input, missing newline
before=$(cat spool/groups/job=file.prom)
exits 65 "empty input is refused" pgw-push -d spool -j file </dev/null
like "$err" '^pgw-push: .*empty' "with a reason"
exits 65 "comments only are refused" pgw-push -d spool -j file <<<'# nothing'
is "$(cat spool/groups/job=file.prom)" "$before" "the group is as it was"
exits 0 "--allow-empty takes it" pgw-push -d spool -j file --allow-empty </dev/null
has "$(cat spool/groups/job=file.prom)" 'a{instance="",job="file"} 1' "POST of nothing keeps the families"
exits 0 "--allow-empty -r takes it" pgw-push -d spool -j file --allow-empty -r </dev/null
unlike "$(cat spool/groups/job=file.prom)" $'\na{' "PUT of nothing empties the group"
like "$(cat spool/groups/job=file.prom)" $'\npush_time_seconds{' "but for the push times"
printf 'a 1' >unfinished.prom
exits 0 "a missing last newline is mended" pgw-push -d spool -j mended unfinished.prom
like "$err" '^pgw-push: unfinished.prom:.*newline' "with a warning"
has "$(cat spool/groups/job=mended.prom)" 'a{instance="",job="mended"} 1' "and pushed"

# Methods
printf 'a 1\nb 1\n' | pgw-push -d spool -j method
printf 'b 2\nc 2\n' | pgw-push -d spool -j method
is "$(grep -E '^[abc]{' spool/groups/job=method.prom)" 'a{instance="",job="method"} 1
b{instance="",job="method"} 2
c{instance="",job="method"} 2' "POST replaces families of the same name"
printf 'd 3\n' | pgw-push -d spool -j method -r
is "$(grep -E '^[abcd]{' spool/groups/job=method.prom)" 'd{instance="",job="method"} 3' "-r replaces the group"
printf 'e 3\n' | pgw-push -d spool -j method --replace
is "$(grep -E '^[abcde]{' spool/groups/job=method.prom)" 'e{instance="",job="method"} 3' "--replace too"

# Grouping key
exits 0 "labels in any order" pgw-push -d spool --label z=1 -l a=2 --job order one.prom
is "$(group_files spool | grep order)" "job=order,a=2,z=1.prom" "give one name"
exits 0 "a value with =" pgw-push -d spool -j equal -l x=a=b one.prom
is "$(group_files spool | grep equal)" "job=equal,x=a%3Db.prom" "keeps it"
exits 0 "an empty value" pgw-push -d spool -j void -l x= one.prom
is "$(group_files spool | grep void)" "job=void,x=.prom" "is one"
exits 64 "no job" pgw-push -d spool one.prom
like "$err" '^pgw-push: .*job' "is a usage error that says so"
exits 64 "an empty job" pgw-push -d spool -j '' one.prom
like "$err" '^pgw-push: .*job name is required' "is a usage error that says so"
exits 64 "a label without =" pgw-push -d spool -j x -l nonsense one.prom
like "$err" '^pgw-push: .*nonsense' "is named"
exits 64 "a bad label name" pgw-push -d spool -j x -l 1x=y one.prom
like "$err" 'improper label name "1x"' "is named as the upstream does"
exits 64 "a reserved label name" pgw-push -d spool -j x -l __x=y one.prom
like "$err" 'improper label name "__x"' "is named as the upstream does"
exits 64 "a value that is not UTF-8" pgw-push -d spool -j x -l y=$'\xff' one.prom
is "$(group_files spool | grep -c job=x)" 0 "none of these left anything"

# Where to
exits 0 "\$PGW_SPOOL" env PGW_SPOOL="$SCRATCH/other" pgw-push -j env one.prom
is "$(group_files other)" "job=env.prom" "is the spool"
exits 0 "-d" env PGW_SPOOL="$SCRATCH/other" pgw-push --spool spool -j env one.prom
ok "wins over \$PGW_SPOOL" test -e spool/groups/job=env.prom
exits 0 "-d" env PGW_URL=http://127.0.0.1:1 pgw-push -d spool -j env2 one.prom
ok "wins over \$PGW_URL" test -e spool/groups/job=env2.prom
exits 64 "-d and -u together" pgw-push -d spool -u http://127.0.0.1:1 -j x one.prom
like "$err" '^pgw-push: ' "are a usage error"

# Dry run
find spool -printf '%P %T@ %s %i\n' | sort >before
exits 0 "-n of a good push" pgw-push -d spool -n -j new one.prom
exits 0 "--dry-run of a good push" pgw-push -d spool --dry-run -j backup -r two.prom
exits 65 "-n of a bad push" pgw-push -d spool -n -j new <<<'a{'
exits 65 "-n of an inconsistent push" pgw-push -d spool -n -j new <<<$'# TYPE a gauge\na 1'
find spool -printf '%P %T@ %s %i\n' | sort >after
same before after "-n leaves no trace"
exits 0 "-n where there is no spool" pgw-push -d nowhere -n -j new one.prom
ok "makes none" test ! -e nowhere

# Timestamps
exits 65 "a timestamp is refused" pgw-push -d spool -j stamp <<<'a 1 1700000000000'
like "$err" '^pgw-push: [^ ]*:1:[0-9]+: .*timestamp' "with its place"
has "$(cat spool/groups/job=stamp.prom)" 'push_time_seconds{instance="",job="stamp"} 0' "a new group was never pushed"
like "$(cat spool/groups/job=stamp.prom)" 'push_failure_time_seconds\{instance="",job="stamp"\} [1-9]' "but it failed"
exits 0 "--no-sync" pgw-push -d spool -j nosync --no-sync one.prom
ok "pushes" test -e spool/groups/job=nosync.prom

# Usage
exits 0 "-h" pgw-push -h
like "$out" '^usage: pgw-push ' "prints the usage to stdout"
exits 0 "-V" pgw-push -V
like "$out" '^pgw-push [0-9]+\.[0-9]+\.[0-9]+$' "prints the version"
exits 64 "an unknown option" pgw-push --nonsense
like "$err" 'unrecognized option' "is named"
like "$err" 'usage: pgw-push ' "and the usage follows"
exits 0 "a key with an escape sequence" pgw-push -v -d spool -j $'\e[31m' <<<'a 1'
is "$err" 'pgw-push: {job="?[31m"}: pushed (families: 1, samples: 1)' "does not reach the terminal"
done_testing
