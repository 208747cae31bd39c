#!/bin/bash
# Scrapes of many groups: put together from what the groups have, compressed in parts that are kept, as others read
# them.
. "$(dirname "$0")/../lib.sh"
need curl gzip go

# 300 groups with 2.5 kB of samples each: the answer is sent in many steps.
mkdir -p spool/groups
echo "pgw-spool 1" >spool/version
# group VALUE: the exposition to push.
group() {
	awk -v v="$1" 'BEGIN {
		print "# HELP load_seconds Time.\n# TYPE load_seconds gauge"
		for (i = 10; i < 50; i++) printf "load_seconds{device=\"sda%d\"} %d.5\n", i, v
		print "# TYPE jobs_total counter\njobs_total " v
	}'
}
group 1 >one.prom
for i in {100..399}; do
	pgw-push --no-sync -d spool -j many -l "instance=host$i" one.prom || exit 1
done
start_serve -d spool

# The gateway's own metrics are others with each scrape.
without_own() {
	grep -Ev '^(# (HELP|TYPE) )?(pgw|process|promhttp|pushgateway)_' "$@"
}

# What the files have, which no scrape may lose, double or change.
files_have() {
	cat spool/groups/*.prom | grep -v '^#' | without_own | sort >samples.files
}

# scrapes NAME: in each way, and all alike.
scrapes() {
	curl -s "$URL/metrics" >plain.all
	without_own plain.all >plain
	files_have
	grep -v '^#' plain | sort >samples
	same samples.files samples "$1: has the samples of all groups"
	is "$(grep '^# TYPE' plain.all | sort | uniq -d)" "" "$1: has each family once"
	is "$(grep '^# TYPE' plain.all | awk '{ print $3 }')" \
		"$(grep '^# TYPE' plain.all | awk '{ print $3 }' | sort)" \
		"$1: has the families in order"
	curl -s -H 'Accept-Encoding: gzip' "$URL/metrics" >answer.gz
	ok "$1: gzip -t takes it" gzip -t answer.gz
	gzip -dc answer.gz | without_own >unpacked
	same plain unpacked "$1: gzip reads it"
	$PYTHON -c 'import gzip, sys; sys.stdout.buffer.write(gzip.open("answer.gz").read())' | without_own >unpacked
	same plain unpacked "$1: Python reads it"
	"$gunzip" <answer.gz | without_own >unpacked
	same plain unpacked "$1: Go reads it"
	curl -s --compressed "$URL/metrics" | without_own >unpacked
	same plain unpacked "$1: curl reads it"
	curl -s -0 "$URL/metrics" | without_own >unpacked
	same plain unpacked "$1: HTTP/1.0"
}

export GO111MODULE=off GOPROXY=off GOTOOLCHAIN=local CGO_ENABLED=0 GOFLAGS=
export GOCACHE=$PGW_BIN/tests/go-cache
gunzip=$PGW_BIN/tests/gunzip
ok "the reader in Go is built" go build -o "$gunzip" "$TESTS/peer/clients/gunzip.go" || done_testing

scrapes "all groups"
ok "and is smaller by far" [ "$(stat -c %s answer.gz)" -lt $(($(stat -c %s plain.all) / 5)) ]
group 2 >one.prom
for i in 100 150 399; do
	answers 200 "a push to host$i" PUT "$URL/metrics/job/many/instance/host$i" --data-binary @one.prom
done
scrapes "three changed"
ok "what was pushed is there" grep -qxF 'load_seconds{device="sda10",instance="host150",job="many"} 2.5' plain
answers 202 "a group is deleted" DELETE "$URL/metrics/job/many/instance/host100"
answers 200 "a new one in between" PUT "$URL/metrics/job/many/instance/host1500" \
	--data-binary $'between 1\n# TYPE process_open_fds gauge\nprocess_open_fds{a="b"} 3\n'
rm spool/groups/job=many,instance=host200.prom
scrapes "one deleted, one new, one removed by hand"
ok "a family of the gateway has a sample of a group, too" grep \
	-qxF 'process_open_fds{a="b",instance="host1500",job="many"} 3' plain.all

# Whoever reads slowly gets the groups as they were.
cat >slow.py <<'END'
import gzip, http.client, socket, subprocess, sys
port = int(sys.argv[1])
def begin(headers):
    connection = http.client.HTTPConnection("127.0.0.1", port)
    connection.sock = socket.socket()
    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.sock.connect(("127.0.0.1", port))
    connection.request("GET", "/metrics", headers=headers)
    answer = connection.getresponse()
    return connection, answer, answer.read(1000)
def end(reader, name):
    connection, answer, first = reader
    body = first + answer.read()
    if answer.getheader("Content-Encoding") == "gzip":
        body = gzip.decompress(body)
    open(name, "wb").write(body)
plain, packed = begin({}), begin({"Accept-Encoding": "gzip"})
subprocess.run(["sh", "change.sh"], check=True)
end(plain, "slow.plain")
end(packed, "slow.packed")
END
# Twice: also after what is on its way has been replaced by something of another length.
cat >change.sh <<END
for i in \$(seq 110 140); do
	curl -sf -X DELETE "$URL/metrics/job/many/instance/host\$i" || exit 1
done
for value in 33333 4; do
	sed "s/ 2\\.5/ \$value/" one.prom >changed.prom
	for i in \$(seq 300 340); do
		curl -sf -T changed.prom "$URL/metrics/job/many/instance/host\$i" || exit 1
	done
	curl -sf -H "Accept-Encoding: gzip" -o between.gz "$URL/metrics" || exit 1
done
END
curl -s "$URL/metrics" | without_own >before
ok "slow readers" $PYTHON slow.py "$PORT"
without_own slow.plain >is
same before is "a slow reader gets the groups as they were when it asked"
without_own slow.packed >is
same before is "also compressed"
scrapes "after that"
is "$(grep -c host110 plain)" 0 "the deleted ones are gone"
done_testing
