#!/bin/bash
# The canonical text of a group, byte for byte.
. "$(dirname "$0")/../lib.sh"

# canonical NAME EXPECTED [PUSH OPTION...]: what stdin becomes in the group job="j", without the group's own families.
canonical() {
	local name=$1 expected=$2
	shift 2
	rm -rf spool
	exits 0 "$name: accepted" pgw-push -d spool -j j "$@"
	is "$(normal spool/groups/*.prom | grep -Ev '^(# HELP |# TYPE )?push_(failure_)?time_seconds')" "$expected" \
		"$name"
	promtool check metrics <"$(ls spool/groups/*.prom)" >promtool.log 2>&1
	unlike "$(cat promtool.log)" 'error while linting|parsing' "$name: promtool parses it"
}
need promtool

canonical "counter with HELP" '# HELP c_total Counts.
# TYPE c_total counter
c_total{instance="",job="j"} 1027' <<'END'
# HELP c_total Counts.
# TYPE c_total counter
c_total 1027
END

canonical "families and labels in byte order" '# TYPE A untyped
A{instance="",job="j"} 3
# TYPE _x untyped
_x{instance="",job="j"} 4
# TYPE a untyped
a{B="2",_="3",a="1",instance="",job="j",z="9"} 2
# TYPE b untyped
b{instance="",job="j"} 1' <<'END'
b 1
a{z="9",a="1",B="2",_="3"} 2
A 3
_x 4
END

canonical "grouping labels override" '# TYPE a untyped
a{instance="i1",job="j",other="kept"} 1' -l instance=i1 <<'END'
a{job="theirs",instance="theirs",other="kept"} 1
END

canonical "an instance in the body stays" '# TYPE a untyped
a{instance="theirs",job="j"} 1' <<'END'
a{instance="theirs"} 1
END

canonical "summary" '# TYPE s summary
s{instance="",job="j",quantile="0.5"} 1
s{instance="",job="j",quantile="0.99"} NaN
s_sum{instance="",job="j"} 17.5
s_count{instance="",job="j"} 4' <<'END'
# TYPE s summary
s_count 4
s{quantile="0.50"} 1
s_sum 17.5
s{quantile="0.990"} NaN
END

canonical "histogram without +Inf" '# TYPE h histogram
h_bucket{instance="",job="j",le="0.1"} 1
h_bucket{instance="",job="j",le="5"} 3
h_bucket{instance="",job="j",le="+Inf"} 4
h_sum{instance="",job="j"} 7.25
h_count{instance="",job="j"} 4' <<'END'
# TYPE h histogram
h_bucket{le=".1"} 1
h_bucket{le="5.0"} 3
h_sum 7.25
h_count 4
END

canonical "histogram, its label sets, buckets in the order given" '# TYPE h histogram
h_bucket{instance="",job="j",le="+Inf",x="2"} 2
h_bucket{instance="",job="j",le="1",x="2"} 1
h_sum{instance="",job="j",x="2"} 3
h_count{instance="",job="j",x="2"} 2
h_bucket{instance="",job="j",le="1",x="1"} 5
h_bucket{instance="",job="j",le="+Inf",x="1"} 6
h_sum{instance="",job="j",x="1"} 4
h_count{instance="",job="j",x="1"} 6' <<'END'
# TYPE h histogram
h_bucket{le="Inf",x="2"} 2
h_bucket{x="1",le="1"} 5
h_bucket{le="1",x="2"} 1
h_sum{x="2"} 3
h_sum{x="1"} 4
h_count{x="2"} 2
h_count{x="1"} 6
END

canonical "a bare sample of a histogram's name" '# TYPE h histogram
h_bucket{instance="",job="j",le="+Inf"} 0
h_sum{instance="",job="j"} 0
h_count{instance="",job="j"} 0' <<'END'
# TYPE h histogram
h 5
END

canonical "escapes" '# HELP e back\\slash new\nline "quoted"
# TYPE e gauge
e{instance="",job="j\"\\",v="back\\slash \"quoted\" new\nline"} 1' -j 'j"\' <<'END'
# HELP e back\\slash new\nline "quoted"
# TYPE e gauge
e{v="back\\slash \"quoted\" new\nline"} 1
END

canonical "UTF-8" '# HELP u Größe
# TYPE u untyped
u{instance="",job="j",v="ü€😀"} 1' <<'END'
# HELP u Größe
u{v="ü€😀"} 1
END

canonical "blanks, empty lines, comments" '# HELP a no blank before it
# TYPE a untyped
a{instance="",job="j",x="1",y="2"} 3
# TYPE b untyped
b{instance="",job="j"} 4' <<END
 	a { x = "1" , y="2" , } 	3

	# comment
#HELP a no blank before it
#help a a comment
# HELPS a another
#
b{}	4
END

canonical "HELP and TYPE without samples are dropped" '# TYPE a untyped
a{instance="",job="j"} 1' <<'END'
# HELP gone Nothing.
# TYPE gone counter
a 1
END

canonical "samples of one family apart" '# TYPE a untyped
a{instance="",job="j",x="2"} 1
a{instance="",job="j",x="1"} 3
# TYPE b untyped
b{instance="",job="j"} 2' <<'END'
a{x="2"} 1
b 2
a{x="1"} 3
END

# Values: what comes in, what is written.
i=0
while read -r given written; do
	i=$((i + 1))
	echo "v{i=\"$i\"} $given" >>values.in
	echo "v{i=\"$i\",instance=\"\",job=\"j\"} $written" >>values.expected
done <<'END'
0 0
-0 0
1 1
-1 -1
+1 1
1e6 1e+06
1000000 1e+06
100000 100000
123456 123456
1234567 1.234567e+06
12345678 1.2345678e+07
999999 999999
21 21
1e20 1e+20
123456789012345678901 1.2345678901234568e+20
1e21 1e+21
1e-4 0.0001
1e-5 1e-05
0.00012345 0.00012345
1e-7 1e-07
.5 0.5
5. 5
0.1 0.1
0.30000000000000004 0.30000000000000004
4.9e-324 5e-324
1e-400 0
1.7976931348623157e308 1.7976931348623157e+308
2.2250738585072014e-308 2.2250738585072014e-308
9007199254740993 9.007199254740992e+15
NaN NaN
nan NaN
Inf +Inf
+Inf +Inf
-inf -Inf
infinity +Inf
-INFINITY -Inf
END
canonical "values" "# TYPE v untyped
$(cat values.expected)" <values.in
done_testing
