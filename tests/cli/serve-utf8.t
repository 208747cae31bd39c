#!/bin/bash
# Names in UTF-8, in every form that pgw-serve takes and gives.
. "$(dirname "$0")/../lib.sh"

start_serve -d utf8 --push.enable-utf8-names
answers 200 "names in UTF-8" PUT "$URL/metrics/job/a/U__x_2e_y/z" --data-binary $'{"m.n","l.m"="v"} 1\n'
has "$(cat 'utf8/groups/'*)" '{"m.n",instance="",job="a","l.m"="v","x.y"="z"} 1' "are stored"
while IFS='|' read -r escaping line; do
	answers 200 "escaping=$escaping" GET "$URL/metrics" -H "Accept: text/plain;version=1.0.0;escaping=$escaping"
	has "$body" "$line" "$line"
done <<'END'
allow-utf-8|{"m.n",instance="",job="a","l.m"="v","x.y"="z"} 1
underscores|m_n{instance="",job="a",l_m="v",x_y="z"} 1
dots|m_dot_n{instance="",job="a",l_dot_m="v",x_dot_y="z"} 1
values|U__m_2e_n{U__l_2e_m="v",U__x_2e_y="z",instance="",job="a"} 1
END
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json 'j["data"][0]["labels"], j["data"][0]["m.n"]["metrics"]')" \
	"({'job': 'a', 'x.y': 'z'}, [{'labels': {'instance': '', 'job': 'a', 'l.m': 'v', 'x.y': 'z'}, 'value': '1'}])" \
		"has them as they are"
stops TERM "$pid" 0 "the gateway ends"
# Names that escaping makes the same: what goes out stays valid, and what is left out is told.
SERVE_NAME=same start_serve -d same --push.enable-utf8-names
answers 200 "a family" PUT "$URL/metrics/job/a" --data-binary \
	$'# TYPE "f.x" gauge\n{"f.x"} 1\n# TYPE "s.x" gauge\n{"s.x","l.x"="1"} 1\n'
answers 200 "another one" PUT "$URL/metrics/job/b" --data-binary $'# TYPE "f-x" counter\n{"f-x"} 2\n{"f-x",l="1"} 3\n'
answers 200 "and a series" POST "$URL/metrics/job/a" --data-binary \
	$'# TYPE m gauge\nm{"l.x"="1"} 1\nm{"l-x"="1"} 2\nm{l_x="2"} 3\n'
for accept in 'text/plain;version=0.0.4' "${protobuf#*: };escaping=underscores"; do
	answers 200 "a scrape as ${accept%%;*}" GET "$URL/metrics" -H "Accept: $accept"
	ok "has the family" grep -qa f_x body
done
answers 200 "a scrape" GET "$URL/metrics"
is "$(grep '^# TYPE [fms]_*x* \|^[fms]_*x*{' body)" '# TYPE f_x counter
f_x{instance="",job="b"} 2
f_x{instance="",job="b",l="1"} 3
# TYPE m gauge
m{instance="",job="a",l_x="1"} 1
m{instance="",job="a",l_x="2"} 3
# TYPE s_x gauge
s_x{instance="",job="a",l_x="1"} 1' "has each name once"
# 3 is advice on names and help texts; what it can't parse is 1.
exits 3 "promtool reads it" promtool check metrics <body
has "$body" 'pgw_scrape_dropped_series_total 4' "what the two scrapes before left out is counted"
is "$(grep -c 'level=warn msg="series left out of a scrape: escaping gave them a name that another one has" series=2 escaping=underscores' same.log)" 3 \
	"and logged, a line a scrape"
answers 200 "a scrape that escapes nothing" GET "$URL/metrics" \
	-H 'Accept: text/plain;version=1.0.0;escaping=allow-utf-8'
has "$body" '{"f.x",instance="",job="a"} 1' "has all"
has "$body" 'pgw_scrape_dropped_series_total 6' "and leaves out nothing"
stops TERM "$pid" 0 "the gateway ends"
start_serve -d plain
answers 400 "without the flag" PUT "$URL/metrics/job/a" --data-binary $'{"m.n"} 1\n'
answers 400 "nor in the path" PUT "$URL/metrics/job/a/x.y/z" --data-binary $'m 1\n'
is "$body" 'improper label name "x.y"' "says why"
stops TERM "$pid" 0 "the gateway ends"

# Names in UTF-8 by protobuf: what is stored can be read again, and nothing is forged.
SERVE_NAME=names start_serve -d names --push.enable-utf8-names
proto forged <<'END'
label = lambda n, v: field(1, field(1, n) + field(2, v))
evil = b'x="1"} 1\nevil{job="prod",instance="i"} 42\n# '
sys.stdout.buffer.write(family(b"a.b", GAUGE, label(evil, b"v") + label(b"l.x", b"w") + field(2, double(1, 1))))
END
answers 200 "UTF-8 names by protobuf" POST "$URL/metrics/job/j" \
	-H "$protobuf" --data-binary @forged
for accept in 'text/plain;version=0.0.4' 'text/plain;version=1.0.0;escaping=allow-utf-8' \
	'text/plain;escaping=dots' 'text/plain;escaping=values' \
	"${protobuf#*: }"; do
	answers 200 "a scrape of them as $accept" GET "$URL/metrics" -H "Accept: $accept"
	unlike "$body" '^evil' "forges no sample"
done
exits 0 "another process" pgw-list -d names
is "$err" "" "reads the group"
# A plain name stays whatever others escape to.
request POST "$URL/metrics/job/plain" --data-binary \
	$'# TYPE a_b counter\na_b 7\n# TYPE a_h_count counter\na_h_count 3\n'
request POST "$URL/metrics/job/other" --data-binary $'# TYPE "a.h" histogram\n{"a.h_count"} 1\n'
is "$code" 200 "a histogram whose escaped name clashes"
answers 200 "is scraped with escaped names" GET "$URL/metrics"
has "$body" 'a_b{instance="",job="plain"} 7' "the plain family stays"
has "$body" 'a_h_count{instance="",job="plain"} 3' "and the other one"
unlike "$body" '^# TYPE a_h ' "the escaped histogram gives way"
exits 3 "and the whole parses" sh -c "promtool check metrics <body"
stops TERM "$pid" 0 "the gateway ends"
done_testing
