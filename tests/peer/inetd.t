#!/bin/bash
# pgw-serve started by openbsd-inetd, by nowait and by wait, and by systemd's socket activation.
. "$(dirname "$0")/../lib.sh"
need inetd systemd-socket-activate

# works NAME URL: push, scrape, delete through a way in.
works() {
	answers 200 "$1: push" POST "$2/metrics/job/way" --data-binary $'way 1\n'
	answers 200 "$1: scrape" GET "$2/metrics"
	has "$body" 'way{instance="",job="way"} 1' "$1: has it"
	answers 400 "$1: a bad push" POST "$2/metrics/job/way" --data-binary $'way x\n'
	is "$body" 'text format parsing error in line 1: expected float as value, got "x"' "$1: has the reason"
	answers 200 "$1: Expect" POST "$2/metrics/job/way" --data-binary @big.prom -H 'Expect: 100-continue'
	is "$(grep -c '^big{' spool/groups/job=way.prom)" 20000 "$1: a large push"
	answers 202 "$1: delete" DELETE "$2/metrics/job/way"
	is "$(group_files spool)" "(none)" "$1: is gone"
	is "$(curl -s -m $DEADLINE "$2/-/healthy" "$2/-/ready" -w ' %{num_connects} ')" "OK 1 OK 0 " "$1: keep-alive"
}
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "big{i=\"%d\"} %d\n", i, i }' >big.prom

# inetd WAIT NAME
inetd_with() {
	cat >"$2.sh" <<END
sed "s/@PORT@/\$1/" "$SCRATCH/$2.conf" >"$SCRATCH/$2.\$1.conf"
exec inetd -i "$SCRATCH/$2.\$1.conf"
END
	echo "127.0.0.1:@PORT@ stream tcp $1 $(id -un) $PGW_BIN/pgw-serve pgw-serve -d $SCRATCH/spool" >"$2.conf"
	start_peer "$2" http://127.0.0.1:PORT/-/healthy sh "$2.sh" PORT
	works "$2" "http://127.0.0.1:$PORT"
}
inetd_with nowait inetd-nowait
await "nowait: no process stays" sh -c "! pgrep -P $pid"
inetd_with wait inetd-wait
is "$(pgrep -c -P "$pid")" 1 "wait: one process stays"
server=$(pgrep -P "$pid")
kill -TERM "$server"
await "it ends on SIGTERM" sh -c "! kill -0 $server"
answers 200 "the next connection starts another" GET "http://127.0.0.1:$PORT/-/healthy"

start_peer listening http://127.0.0.1:PORT/-/healthy systemd-socket-activate -l 127.0.0.1:PORT \
	pgw-serve -d "$SCRATCH/spool"
works "Accept=no" "http://127.0.0.1:$PORT"
stops TERM "$pid" 0 "Accept=no: ends with 0"
start_peer accepting http://127.0.0.1:PORT/-/healthy systemd-socket-activate --accept -l 127.0.0.1:PORT \
	pgw-serve -d "$SCRATCH/spool"
works "Accept=yes" "http://127.0.0.1:$PORT"
done_testing
