#!/bin/bash
# A real exporter through the relay into pgw-serve and the upstream's gateway, in text and with native histograms.
. "$(dirname "$0")/../lib.sh"
need prometheus-pushgateway prometheus-node-exporter curl

start_serve -d served
ours=$URL
start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= \
	--web.listen-address=127.0.0.1:PORT --log.level=error
upstream=http://127.0.0.1:$PORT
start_peer exporter http://127.0.0.1:PORT/metrics prometheus-node-exporter --web.listen-address=127.0.0.1:PORT \
	--log.level=error
node=$pid
host=127.0.0.1:$PORT

# sample GATEWAY NAME: its value in the exporter's group.
sample() {
	curl -s "$1/metrics" | sed -nE "s/^$2\{(.*,)?instance=\"$host\",job=\"node\"[^}]*\} //p"
}
# shellcheck disable=SC2317
has_sample() {
	[ "$(sample "$1" "$2")" = "$3" ]
}
count_families() {
	curl -s "$1/metrics" | sed -nE "s/^(node_[a-z0-9_]*)\{.*instance=\"$host\".*/\1/p" | sort -u | wc -l
}

exits 0 "to both" pgw-scrape-relay -v -z -r -j node -l instance="$host" -u "$ours" -u "$upstream" "http://$host/metrics"
like "$err" "^pgw-scrape-relay: http://$host/metrics: pushed to \{job=\"node\",instance=\"$host\"\} \(families: [0-9]+, samples: [0-9]+\)\$" "says so"
# Its own four are among those that are pushed.
samples=$(($(grep -o 'samples: [0-9]*' <<<"$err" | cut -d' ' -f2) - 4))
families=$(count_families "$ours")
ok "has many families" [ "$families" -gt 50 ]
is "$(count_families "$upstream")" "$families" "the same at both"
for gateway in "$ours" "$upstream"; do
	is "$(sample "$gateway" up)" 1 "$gateway: up"
	is "$(sample "$gateway" scrape_samples_scraped)" "$samples" "$gateway: samples"
	ok "$gateway: duration" [ -n "$(sample "$gateway" scrape_duration_seconds)" ]
	ok "$gateway: size" [ "$(printf %.0f "$(sample "$gateway" scrape_body_size_bytes)")" -gt 10000 ]
	exits 0 "$gateway: promtool is content" sh -c "curl -s $gateway/metrics | sed -n '/^# [A-Z]* scrape_/p; /^scrape_/p; /^# [A-Z]* up /p; /^up{/p' |
		promtool check metrics"
done

# It dies while the relay works.
start relay pgw-scrape-relay -i 2 -j node -l instance="$host" -u "$ours" -u "$upstream" "http://$host/metrics"
relay=$pid
await "a round" grep -q 'round [0-9]*: 1 targets, 1 up, 0 down' relay.log
# Right after a scrape, since the next one is not to find it while it dies.
for gateway in "$ours" "$upstream"; do
	before=$(sample "$gateway" push_time_seconds)
	# shellcheck disable=SC2317
	pushed_again() {
		[ "$(sample "$gateway" push_time_seconds)" != "$before" ]
	}
	await "$gateway: another push" pushed_again
done
kill -9 "$node"
for gateway in "$ours" "$upstream"; do
	await "$gateway: it is down" has_sample "$gateway" up 0
	is "$(count_families "$gateway")" 0 "$gateway: its last families go"
done
is "$(grep -c 'Connection refused' relay.log)" 1 "which is told once"
stops TERM "$relay" 0 "the end"

# Native histograms, and what else only protobuf has
proto native.pb <<'END'
histogram = integer(1, 3) + double(2, 6) + integer(5, zigzag(0)) + double(6, 0.001) + integer(7, 0) + \
    field(12, integer(1, zigzag(0)) + integer(2, 2)) + field(13, varint(zigzag(1)) + varint(zigzag(1)))
sys.stdout.buffer.write(family(b"native_seconds", HISTOGRAM, field(7, histogram), help=b"Native."))
END
start_exporter
mv native.pb exporter
exits 0 "to both" pgw-scrape-relay --native-histograms -z -j native -u "$ours" -u "$upstream" "$URL/protobuf/native"
is "$err" "" "without a word"
for gateway in "$ours" "$upstream"; do
	curl -s -H "Accept: ${protobuf#*: }" "$gateway/metrics" >scraped
	is "$(PYTHONPATH=$TESTS/peer $PYTHON -B -c '
import client_model
for family in client_model.decode_delimited(open("scraped", "rb").read()):
	if family["name"] == "native_seconds":
		histogram = family["metric"][0]["histogram"]
		print(histogram["sample_count"], histogram["schema"], histogram["positive_span"], histogram["positive_delta"])
	if family["name"] in ("up", "scrape_samples_scraped"):
		print([metric["gauge"]["value"] for metric in family["metric"] if
			{"name": "job", "value": "native"} in metric["label"]])')" \
		$'3 0 [{\'offset\': 0, \'length\': 2}] [1, 1]\n[2.0]\n[1.0]' "$gateway: has the buckets"
done
exits 0 "into a spool" pgw-scrape-relay --native-histograms -d spool -j native "$URL/protobuf/native"
is "$(grep '^# pgw native' spool/groups/job=native.prom)" "$(grep '^# pgw native' served/groups/job=native.prom)" \
	"the same"
done_testing
