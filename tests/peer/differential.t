#!/bin/bash
# The same requests to prometheus-pushgateway and to pgw-serve, as a process that stays and started by inetd for each
# connection: the same answers, and the same in the store. What is younger than that upstream is compared with what the
# specifications say (differential/specified.py).
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway inetd

declare -A flags=(
	[default]="--web.enable-admin-api"
	[locked]="--web.enable-lifecycle"
	[prefix]="--web.enable-admin-api --web.route-prefix=/p --web.telemetry-path=/t"
	[unchecked]="--push.disable-consistency-check"
	[quit]="--web.enable-lifecycle"
	[specified]="--web.enable-admin-api --push.enable-utf8-names"
)

# compare NAME LEAST ARGS...: passes what differential/__main__.py prints.
compare() {
	local way=$1 least=$2 name theirs ours
	shift 2
	PYTHONPATH=$TESTS/peer $PYTHON -B -m differential "$@" >answers 2>errors || {
		fail "$way: the comparison runs"
		note "$(cat errors)"
	}
	while IFS=$'\t' read -r name theirs ours; do
		is "$ours" "$theirs" "$way: $name"
	done <answers
	ok "$way: all were compared" test "$(wc -l <answers)" -ge "$least"
}

# inetd_serve SETUP: pgw-serve on the spool inetd-SETUP, a process for each connection.
inetd_serve() {
	# Where the port comes late in a line, inetd is given it by a shell.
	cat >"$1.sh" <<EOF
echo "127.0.0.1:\$1 stream tcp nowait $(id -un) $PGW_BIN/pgw-serve pgw-serve -d $SCRATCH/inetd-$1 --spool.sync=none ${flags[$1]}" >"$1.conf"
exec inetd -i -R 1000000 "$1.conf"
EOF
	start_peer "inetd-$1" "$2" sh "$1.sh" PORT
}

while read -r setup least; do
	ready=http://127.0.0.1:PORT$([ "$setup" != prefix ] || echo /p)/-/ready
	# shellcheck disable=SC2086 # a list of words
	start_peer "peer-$setup" "$ready" prometheus-pushgateway --persistence.file= \
		--web.listen-address=127.0.0.1:PORT \
		--log.level=error ${flags[$setup]}
	peer=http://127.0.0.1:$PORT
	# shellcheck disable=SC2086
	SERVE_NAME=serve-$setup start_serve -d "$setup" --spool.sync=none ${flags[$setup]}
	compare "$setup" "$least" "$setup" "$peer" "$URL"

	# What inetd's processes store is read from one that stays. The peer is another one: some requests it survives
	# once.
	# shellcheck disable=SC2086
	start_peer "peer2-$setup" "$ready" prometheus-pushgateway --persistence.file= \
		--web.listen-address=127.0.0.1:PORT \
		--log.level=error ${flags[$setup]}
	peer=http://127.0.0.1:$PORT
	# shellcheck disable=SC2086
	SERVE_NAME=serve2-$setup start_serve -d "inetd-$setup" ${flags[$setup]}
	inetd_serve "$setup" "$ready"
	compare "inetd, $setup" "$least" "$setup" "$peer" "http://127.0.0.1:$PORT" "$URL"
done <<'END_OF_SETUPS'
default 4500
locked 30
prefix 270
unchecked 75
quit 1
END_OF_SETUPS

# shellcheck disable=SC2086
SERVE_NAME=serve-specified start_serve -d inetd-specified ${flags[specified]}
compare "specified" 86 specified "$URL"
inetd_serve specified http://127.0.0.1:PORT/-/ready
compare "inetd, specified" 86 specified "http://127.0.0.1:$PORT" "$URL"
done_testing
