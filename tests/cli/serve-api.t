#!/bin/bash
# pgw-serve: routes, methods, codes, headers, bodies.
. "$(dirname "$0")/../lib.sh"

start_serve -d spool
push=$URL/metrics/job

# GET /metrics
answers 200 "GET /metrics of an empty spool" GET "$URL/metrics"
like "$headers" $'\ncontent-type: text/plain; version=0\.0\.4(; charset=utf-8)?(; escaping=[a-z]+)?\n' \
	"has the format's type"
like "$body" $'\n# TYPE pgw_build_info gauge\npgw_build_info{version="[0-9.]+"} 1\n' "has the build info"
has "$body" 'pgw_spool_rejected_groups 0' "and the number of rejected files"
answers 200 "HEAD /metrics" HEAD "$URL/metrics"
is "$body" "" "has no body"
like "$headers" $'\ncontent-length: [1-9][0-9]+(\n|$)' "but its length"

# POST, PUT, DELETE
answers 200 "POST" POST "$push/a" --data-binary $'a 1\nb 1\n'
is "$body" "" "has an empty body"
like "$headers" $'\ncontent-length: 0(\n|$)' "of a known length"
answers 200 "POST again" POST "$push/a" --data-binary $'b 2\nc 2\n'
is "$(grep -E '^[abc]{' spool/groups/job=a.prom)" \
	$'a{instance="",job="a"} 1\nb{instance="",job="a"} 2\nc{instance="",job="a"} 2' \
	"replaces families of the same name"
answers 200 "PUT" PUT "$push/a" --data-binary $'c 3\n'
is "$(grep -E '^[abc]{' spool/groups/job=a.prom)" $'c{instance="",job="a"} 3' "replaces the group"
answers 200 "POST of nothing" POST "$push/a"
is "$(grep -E '^[abc]{' spool/groups/job=a.prom)" $'c{instance="",job="a"} 3' "keeps the families"
answers 200 "PUT of nothing" PUT "$push/a"
is "$(grep -E '^[abc]{' spool/groups/job=a.prom)" "" "empties the group"
like "$(cat spool/groups/job=a.prom)" $'\npush_time_seconds{instance="",job="a"} [1-9]' "but for the push times"
answers 200 "GET /metrics" GET "$URL/metrics"
like "$body" $'\n# HELP push_time_seconds Last Unix time when changing this group in the Pushgateway succeeded.\n# TYPE push_time_seconds gauge\npush_time_seconds{instance="",job="a"} ' \
	"has them too"
answers 202 "DELETE" DELETE "$push/a"
is "$body" "" "has an empty body"
is "$(group_files spool)" "(none)" "removes the file"
answers 202 "DELETE of a group that is not there" DELETE "$push/a"
answers 200 "GET /metrics" GET "$URL/metrics"
unlike "$body" 'job="a"' "has it no more"

# Grouping keys
while read -r path file; do
	answers 200 "POST $path" POST "$URL/metrics$path" --data-binary $'k 1\n'
	is "$(group_files spool)" "$file" "makes $file"
	answers 202 "DELETE $path" DELETE "$URL/metrics$path"
	is "$(group_files spool)" "(none)" "finds it again"
done <<'END'
/job/a job=a.prom
/job/a/ job=a.prom
/job/a/z/1/b/2 job=a,b=2,z=1.prom
/job/a/b/2/z/1 job=a,b=2,z=1.prom
/job/a+b job=a+b.prom
/job/a%20b/x/%C3%BC job=a%20b,x=%C3%BC.prom
/job/a%2Fx%2Fy job=a,x=y.prom
/job@base64/YS9i job=a%2Fb.prom
/job@base64/YS9i/x@base64/Yg job=a%2Fb,x=b.prom
/job/a/x@base64/Yg== job=a,x=b.prom
/job/a/x@base64/= job=a,x=.prom
/job/a/x@base64/Pz8_ job=a,x=%3F%3F%3F.prom
/job/a/x/1/x/2 job=a,x=2.prom
/job/a/job/b job=a.prom
END

# refused MESSAGE PATH: HTTP 400, nothing stored.
refused() {
	answers 400 "POST $2" POST "$URL/metrics$2" --data-binary $'k 1\n'
	is "$body" "$1" "says why"
	is "$(group_files spool)" "(none)" "stores nothing"
}
refused 'improper label name "1x"' /job/a/1x/b
refused 'improper label name "__x"' /job/a/__x/b
refused 'improper label name "a-b"' /job/a/a-b/c
refused 'odd number of components in label string "/x"' /job/a/x
refused 'odd number of components in label string "/x/y/"' /job/a/x/y/
refused 'job name is required' /job@base64/=
like "$(request POST "$URL/metrics/job/a/x@base64/%3F" -d 'k 1'; echo "$code $body")" \
	'^400 invalid base64 encoding for label x="\?"' \
	"bad base64"
answers 400 "a grouping key that is not UTF-8" POST "$push/a/x/%ff" --data-binary $'k 1\n'
like "$body" 'UTF-8' "says so"
answers 400 "one in base64" POST "$push/a/x@base64/_w" --data-binary $'k 1\n'
answers 400 "a job" PUT "$push/%ff" --data-binary $'k 1\n'
answers 400 "its DELETE" DELETE "$push/a/x/%ff"
is "$(group_files spool)" "(none)" "nothing is stored"
answers 200 "everyone else can push" POST "$push/b" --data-binary $'k 1\n'
answers 200 "and scrape" GET "$URL/metrics"
answers 202 "and delete" DELETE "$push/b"

# Redirections, unknown paths, other methods
answers 301 "//" POST "$URL//metrics/job/a" --data-binary $'k 1\n'
like "$headers" $'\nlocation: /metrics/job/a(\n|$)' "redirects to the clean path"
answers 301 "/./ and /../" GET "$URL/x/.././metrics?a=b"
like "$headers" $'\nlocation: /metrics\\?a=b(\n|$)' "too"
for path in /nothing /metrics/x /metrics/jobs/a /api /-/nothing; do
	answers 404 "$path" GET "$URL$path"
done
while read -r method path allow; do
	answers 405 "$method $path" "$method" "$URL$path"
	is "$(sed -n 's/^allow: //p' <<<"$headers" | tr -d ' ' | tr , '\n' | grep -v OPTIONS | sort | tr '\n' ,)" \
		"$allow" "allows $allow"
done <<'END'
POST /metrics GET,HEAD,
DELETE /metrics GET,HEAD,
GET /metrics/job/a DELETE,POST,PUT,
PATCH /metrics/job/a DELETE,POST,PUT,
GET /metrics/job@base64/YQ DELETE,POST,PUT,
POST /-/healthy GET,HEAD,
PUT /-/ready GET,HEAD,
END
answers 200 "/-/healthy" GET "$URL/-/healthy"
is "$body" "OK" "is OK"
answers 200 "/-/ready" GET "$URL/-/ready"
is "$body" "OK" "is OK"

# Bodies
# bad MESSAGE BODY
bad() {
	# shellcheck disable=SC2059
	printf "$2" >bad.prom
	answers 400 "the body ${2//$'\n'/ }" POST "$push/bad" --data-binary @bad.prom
	is "$body" "$1" "says why"
	ok "leaves no group" test ! -e spool/groups/job=bad.prom
}
bad 'text format parsing error in line 1: unexpected end of input stream' 'a 1'
bad 'text format parsing error in line 1: expected float as value, got "1\r"' 'a 1\r\n'
bad 'text format parsing error in line 2: expected float as value, got "x"' 'a 1\nb x\n'
bad "text format parsing error in line 1: invalid escape sequence '\\q'" 'a{b="\\q"} 1\n'
bad 'text format parsing error in line 1: expected integer as timestamp, got ""' 'a 1 \n'
bad 'text format parsing error in line 3: second TYPE line for metric name "a", or TYPE reported after samples' \
	'a 1\n\n# TYPE a gauge\n'
answers 400 "a timestamp" POST "$push/stamp" --data-binary $'a 1 1700000000000\n'
like "$body" '^pushed metrics are invalid or inconsistent with existing metrics: .*pushed metrics must not have timestamps' "says so"
like "$(cat spool/groups/job=stamp.prom)" $'\npush_failure_time_seconds{instance="",job="stamp"} [1-9]' \
	"sets the failure time"
like "$(cat spool/groups/job=stamp.prom)" $'\npush_time_seconds{instance="",job="stamp"} 0(\n|$)' \
	"and not the push time"
answers 200 "a group" POST "$push/one" --data-binary $'# TYPE t gauge\nt 1\n'
answers 400 "another type in another group" POST "$push/two" --data-binary $'\n\nt 1\n'
like "$body" '^pushed metrics are invalid or inconsistent with existing metrics: .*t.*{job="one"}' \
	"names the metric and the group"
like "$body" 'line 3' "and the line"
answers 400 "a duplicate" POST "$push/two" --data-binary $'u 1\nu 1\n'
like "$body" '^pushed metrics are invalid or inconsistent with existing metrics: .*u.* was collected before with the same name and label values' "says so"
answers 200 "no Content-Type (curl's form type)" POST "$push/type" --data-binary $'a 1\n' -H 'Content-Type:'
answers 415 "an unknown Content-Encoding" POST "$push/br" --data-binary $'a 1\n' -H 'Content-Encoding: br'
ok "stores nothing" test ! -e spool/groups/job=br.prom
answers 200 "the identity encoding" POST "$push/id" --data-binary $'a 1\n' -H 'Content-Encoding: identity'
answers 200 "a chunked body" POST "$push/chunked" --data-binary $'a 1\n' -H 'Transfer-Encoding: chunked'
has "$(cat spool/groups/job=chunked.prom)" 'a{instance="",job="chunked"} 1' "is stored"
awk 'BEGIN { for (i = 0; i < 60000; i++) printf "big{i=\"%d\"} %d\n", i, i }' >big.prom
answers 200 "Expect: 100-continue" POST "$push/big" --data-binary @big.prom -H 'Expect: 100-continue'
like "$(head -n 1 headers)" '^HTTP/1.1 100' "is answered with 100"
is "$(grep -c '^big{' spool/groups/job=big.prom)" 60000 "before the body is stored"
is "$(raw "GET /-/healthy HTTP/1.1\r\nHost: x\r\n\r\nPOST /metrics/job/pipe HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\np 1\nGET /-/ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" | grep -c '^\(OK\)*HTTP/1.1 200')" \
	3 "three requests in one packet get three answers"
ok "and are done" test -e spool/groups/job=pipe.prom
like "$(raw 'GET /-/healthy HTTP/1.0\r\n\r\n')" '^HTTP/1\.[01] 200 .*OK' "HTTP/1.0"
like "$(raw 'nonsense\r\n\r\n')" '^HTTP/1\.[01] 400 |^$' "nonsense is refused"
unlike "$(raw 'GET /metrics/%%zz HTTP/1.0\r\n\r\n')" '^HTTP/1\.[01] 200' "a bad escape is refused"
like "$(raw 'GET http://example.org/-/healthy HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')" '^HTTP/1\.[01] 200 ' \
	"a proxy's form of a target"
stops TERM "$pid" 0 "SIGTERM ends it with 0"
done_testing
