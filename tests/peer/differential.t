#!/bin/bash
# The same requests to prometheus-pushgateway and to pgw-serve: the same status and the same first line of an error.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway

start_peer peer http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
	--web.listen-address=127.0.0.1:PORT --log.level=error
peer=http://127.0.0.1:$PORT
start_serve -d spool
$PYTHON "$TESTS/peer/differential.py" "$peer" "$URL" >answers || fail "the comparison runs"
while IFS=$'\t' read -r name theirs ours; do
	is "$ours" "$theirs" "$name"
done <answers
ok "all were compared" test "$(wc -l <answers)" -ge 100
done_testing
