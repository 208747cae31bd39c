#!/bin/bash
# What is wrong with an exposition, with its line and column: pgw-push names the place, nothing is stored.
. "$(dirname "$0")/../lib.sh"

pgw-push -d spool -j there <<<'there 1'
before=$(cat spool/groups/job=there.prom)

# refused EXPECTED INPUT: INPUT is a printf format.
refused() {
	# shellcheck disable=SC2059 # the argument is a format
	printf "$2" >bad.prom
	exits 65 "refused: ${2//$'\n'/ }" pgw-push -d spool -j bad bad.prom
	is "$err" "pgw-push: bad.prom:$1" "says why and where: ${2//$'\n'/ }"
}

refused '1:3: expected float as value, got "x"' 'a x\n'
refused '1:3: expected float as value, got "1\r"' 'a 1\r\n'
refused '2:3: expected float as value, got "0x10"' 'b 1\na 0x10\n'
refused '1:3: expected float as value, got "1_000"' 'a 1_000\n'
refused '1:3: expected float as value, got "1e400"' 'a 1e400\n'
refused '1:2: expected float as value, got ""' 'a\n'
refused '1:5: expected integer as timestamp, got ""' 'a 1 \n'
refused '1:5: expected integer as timestamp, got "x"' 'a 1 x\n'
refused '1:6: spurious string after timestamp: " y"' 'a 1 2 y\n'
refused '1:5: pushed metrics must not have timestamps' 'a 1 2\n'
refused '3:7: pushed metrics must not have timestamps' 'b 1\n\na{} 1 -2\n'
refused '1:1: invalid metric name' '1a 1\n'
refused '1:2: invalid metric name' '{a="b"} 1\n'
refused '1:3: invalid label name for metric "a"' 'a{1x="y"} 1\n'
refused '1:3: invalid label name for metric "a"' 'a{,} 1\n'
refused "1:4: expected '=' after label name, found '}'" 'a{b} 1\n'
refused "1:5: expected '\"' at start of label value, found 'c'" 'a{b=c} 1\n'
refused '1:9: duplicate label names for metric "a"' 'a{b="1",b="2"} 1\n'
refused '1:3: label name "__name__" is reserved' 'a{__name__="b"} 1\n'
refused "1:6: invalid escape sequence '\\q'" 'a{b="\\q"} 1\n'
refused '1:7: label value "c" contains unescaped new-line' 'a{b="c\n"} 1\n'
refused '1:6: invalid label value "\xff"' 'a{b="\xff"} 1\n'
refused '1:9: unexpected end of label value "c"' 'a{b="c" d="e"} 1\n'
refused '2:10: unknown metric type "thing"' 'b 1\n# TYPE a thing\na 1\n'
refused '2:10: second TYPE line for metric name "a", or TYPE reported after samples' '# TYPE a gauge\n# TYPE a gauge\n'
refused '2:10: second TYPE line for metric name "a", or TYPE reported after samples' 'a 1\n# TYPE a gauge\n'
refused '2:10: second HELP line for metric name "a"' '# HELP a x\n# HELP a y\n'
refused '1:9: invalid metric name in comment' '# TYPE a{ gauge\n'
refused "2:13: expected float as value for 'quantile' label, got \"x\"" '# TYPE s summary\ns{quantile="x"} 1\n'
refused "2:14: expected float as value for 'le' label, got \"x\"" '# TYPE h histogram\nh_bucket{le="x"} 1\n'

# Beyond the syntax: the metric and, where it clashes with another group, that group are named.
# inconsistent REGEX INPUT
inconsistent() {
	# shellcheck disable=SC2059 # the argument is a format
	printf "$2" >bad.prom
	exits 65 "refused: $2" pgw-push -d spool -j bad bad.prom
	like "$err" "^pgw-push: bad\.prom:$1" "says why and where: $2"
}
inconsistent '2: collected metric "there" is not a UNTYPED, .* group {job="there"}$' '# TYPE there gauge\nthere 2\n'
inconsistent '2: collected metric "a" .*was collected before with the same name and label values$' 'a 1\na 2\n'
inconsistent '2: collected metric "a" .*was collected before with the same name and label values$' \
	'a{job="x"} 1\na{job="y"} 2\n'
inconsistent '2:.*two buckets with the same bound|collected metric "h" has two buckets' \
	'# TYPE h histogram\nh_bucket{le="1"} 1\nh_bucket{le="1.0"} 1\nh_count 1\n'
inconsistent '1:.*"__x"' 'a{__x="y"} 1\n'
inconsistent '[0-9]+:.*"h_count".*histogram.*"h"' 'h_count 1\n# TYPE h histogram\nh_bucket{le="1"} 1\n'
inconsistent '2: collected metric "pushgateway_build_info" is not a GAUGE, .*the gateway.s own' \
	'# TYPE pushgateway_build_info counter\npushgateway_build_info 1\n'
printf '# TYPE h histogram\nh_bucket{le="1"} 1\nh_count 1\n' | pgw-push -d spool -j histogram
inconsistent '1:.*"h_sum".*histogram.*"h".*{job="histogram"}' 'h_sum 1\n'

is "$(cat spool/groups/job=there.prom)" "$before" "the other groups are as they were"
unlike "$(cat spool/groups/job=bad.prom)" $'\n(a|h|there)[{_]' "the refused group has none of it"
like "$(normal spool/groups/job=bad.prom)" $'push_time_seconds{instance="",job="bad"} 0(\n|$)' "and was never pushed"
like "$(normal spool/groups/job=bad.prom)" $'push_failure_time_seconds{instance="",job="bad"} TIME' \
	"but has the time of the failure"
rm spool/groups/job=bad.prom
pgw-push -d spool -j bad <<<'a x' 2>/dev/null
ok "what does not parse leaves no trace in the store" test ! -e spool/groups/job=bad.prom

# The line is the one of the file, when there are several.
printf 'a 1\nb 1\n' >good.prom
printf 'c 1\nd x\n' >bad.prom
exits 65 "the second of two files" pgw-push -d spool -j bad good.prom bad.prom
is "$err" 'pgw-push: bad.prom:2:3: expected float as value, got "x"' "is named"
exits 65 "bad stdin" pgw-push -d spool -j bad <<<'a x'
is "$err" 'pgw-push: <stdin>:1:3: expected float as value, got "x"' "is named too"
exits 65 "a duplicate across files" pgw-push -d spool -j bad good.prom good.prom
like "$err" '^pgw-push: good\.prom:1:.*was collected before' "is named"
printf 'a{b="\033[31m\001"} x\n' | pgw-push -d spool -j bad 2>err
like "$(cat err)" '^pgw-push: <stdin>:1:' "terminal escapes in the input"
is "$(tr -d '\n[:print:]' <err | wc -c)" 0 "don't reach the terminal"
done_testing
