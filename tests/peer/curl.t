#!/bin/bash
# curl pushes to pgw-serve in each way that it has to send a body, and deletes.
. "$(dirname "$0")/../lib.sh"
need curl gzip

awk 'BEGIN { print "# TYPE big gauge"; for (i = 0; i < 30000; i++) printf "big{i=\"%05d\"} %d\n", i, i }' >big.prom
gzip -k big.prom
start_serve -d spool
file=spool/groups/job=curl.prom
sed 's/{i="\([0-9]*\)"}/{i="\1",instance="",job="curl"}/' big.prom >stored

# pushes NAME CURL OPTION...: is stored whole.
pushes() {
	local name=$1
	shift
	answers 200 "$name" POST "$URL/metrics/job/curl" "$@"
	normal "$file" | grep -v push_ >is
	is "$(cmp stored is 2>&1)" "" "$name: is stored whole"
	answers 202 "$name: is deleted" DELETE "$URL/metrics/job/curl"
	is "$(group_files spool)" "(none)" "$name: is gone"
}
pushes "--data-binary @file" --data-binary @big.prom
pushes "--data-binary @file, Expect" --data-binary @big.prom -H 'Expect: 100-continue'
pushes "-T file" -T big.prom
pushes "-T -, chunked" -T - <big.prom
pushes "chunked, Expect" -T - -H 'Expect: 100-continue' <big.prom
pushes "HTTP/1.0" --http1.0 --data-binary @big.prom
pushes "gzip" --data-binary @big.prom.gz -H 'Content-Encoding: gzip'
pushes "gzip, chunked" -T - -H 'Content-Encoding: gzip' <big.prom.gz
is "$(curl -s -m $DEADLINE -o /dev/null -w '%{http_code} ' --data-binary @big.prom "$URL/metrics/job/curl" \
	--next -s -X PUT \
	--data-binary 'a 1'$'\n' -o /dev/null -w '%{http_code} %{num_connects}' "$URL/metrics/job/curl")" "200 200 0" \
		"two pushes on a connection"
is "$(grep -c '^big' "$file")" 0 "PUT replaces all"

# What curl makes of text without --data-binary: the newlines are gone.
answers 400 "-d @file" POST "$URL/metrics/job/curl" -d @big.prom
is "$body" 'text format parsing error in line 1: unexpected end of input stream' "says what is missing"
answers 400 "text that says gzip" POST "$URL/metrics/job/curl" --data-binary @big.prom -H 'Content-Encoding: gzip'
answers 400 "gzip cut short" POST "$URL/metrics/job/curl" --data-binary @- \
	-H 'Content-Encoding: gzip' < <(head -c 5000 big.prom.gz)
answers 415 "another encoding" POST "$URL/metrics/job/curl" --data-binary @big.prom -H 'Content-Encoding: br'
is "$(normal "$file" | grep -v push_)" '# TYPE a untyped'$'\n''a{instance="",job="curl"} 1' \
	"none of these changed anything"
is "$(curl -s -m $DEADLINE --compressed "$URL/metrics" | grep '^a{')" 'a{instance="",job="curl"} 1' \
	"--compressed reads the exposition"
done_testing
