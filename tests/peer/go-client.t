#!/bin/bash
# Go's client_golang pushes to pgw-serve: delimited protobuf by default, labels of the path in random order, base64.
. "$(dirname "$0")/../lib.sh"
need go

# Debian's library, without the network. The cache is the build's, so that a second run is quick.
export GOPATH=/usr/share/gocode GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=
export GOCACHE=$PGW_BIN/tests/go-cache
# Not in the scratch folder: the texts of Go's runtime in it look like a sanitizer's report.
client=$PGW_BIN/tests/go-client
ok "the client is built" go build -o "$client" "$TESTS/peer/clients/client.go" || done_testing

start_serve -d spool
# A blank becomes a plus in the path, which is not a blank there.
file=spool/groups/job=go%2Fclient,empty=,path=%2Fvar%2Flog,plain=a+b.prom
key='empty="",instance="",job="go/client"'
rest='path="/var/log",plain="a+b"'

# families TIMES: what the group has after so many rounds, from those that "add" sends on.
families() {
	cat <<EOF
# HELP go_bytes A summary.
# TYPE go_bytes summary
go_bytes{$key,$rest,quantile="0.5"} 4
go_bytes{$key,$rest,quantile="0.99"} 4
go_bytes_sum{$key,$rest} $(($1 * 4))
go_bytes_count{$key,$rest} $1
# HELP go_jobs_total A "counter"\\\\\\n.
# TYPE go_jobs_total counter
go_jobs_total{$key,$rest} 3
# TYPE go_level gauge
go_level{area="x",$key,$rest,zone="küche \"1\"\\\\\\n"} -1.5e-07
# HELP go_seconds A histogram.
# TYPE go_seconds histogram
go_seconds_bucket{${key%,job*},job="go/client",le="0.25",$rest} 0
go_seconds_bucket{${key%,job*},job="go/client",le="1",$rest} $1
go_seconds_bucket{${key%,job*},job="go/client",le="2.5",$rest} $1
go_seconds_bucket{${key%,job*},job="go/client",le="+Inf",$rest} $(($1 * 2))
go_seconds_sum{$key,$rest} $(awk "BEGIN { print $1 * 5.5 }")
go_seconds_count{$key,$rest} $(($1 * 2))
# HELP go_traced_total Has an exemplar.
# TYPE go_traced_total counter
go_traced_total{$key,$rest} 2
# TYPE go_untyped untyped
go_untyped{$key,$rest} $1
EOF
}

for format in '' 'text/plain; version=0.0.4; charset=utf-8'; do
	name=${format:-protobuf}
	exits 0 "$name: push" "$client" push "$URL" ${format:+"$format"}
	is "$(group_files spool)" "${file##*/}" "$name: base64 and plain labels make the group"
	is "$(normal "$file" | grep -v push_)" "$(families 1)" "$name: the group file"
	exits 0 "$name: add" "$client" add "$URL" ${format:+"$format"}
	is "$(normal "$file" | grep -v push_)" "$(families 2)" "$name: families of the same name are replaced"
	exits 0 "$name: push again" "$client" push "$URL" ${format:+"$format"}
	is "$(normal "$file" | grep -v push_)" "$(families 1)" "$name: all are replaced"
	exits 0 "$name: delete" "$client" delete "$URL" ${format:+"$format"}
	is "$(group_files spool)" "(none)" "$name: the group is gone"
	exits 0 "$name: delete what isn't there" "$client" delete "$URL"
	answers 200 "$name: another type elsewhere" POST "$URL/metrics/job/x" \
		--data-binary $'# TYPE other counter\nother 1\n'
	exits 1 "$name: a push that clashes fails" "$client" clash "$URL" ${format:+"$format"}
	like "$err" '^unexpected status code 400 while pushing to .*: pushed metrics are invalid or inconsistent with existing metrics: .*collected metric "other" .*is not a ' \
		"$name: and says why"
	rm spool/groups/*
done
done_testing
