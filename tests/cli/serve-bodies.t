#!/bin/bash
# What pgw-serve takes as the body of a push, and the forms of a scrape.
. "$(dirname "$0")/../lib.sh"

start_serve -d spool --web.enable-admin-api

# Protobuf
proto all.pb <<'END'
label = lambda n, v: field(1, field(1, n) + field(2, v))
span = lambda offset, length: integer(1, zigzag(offset)) + integer(2, length)
native = (integer(1, 12) + double(2, 5.5) + integer(5, zigzag(1)) + double(6, 0.001) + integer(7, 2) +
	field(9, span(0, 2)) + integer(10, zigzag(1)) + integer(10, zigzag(1)) +
	field(12, span(0, 2)) + field(12, span(2, 1)) + integer(13, zigzag(3)) + integer(13, zigzag(-3)) + integer(13, zigzag(4)))
floats = (double(4, 4.5) + double(2, 1) + integer(5, zigzag(0)) + double(6, 0.001) + double(8, 0.5) +
	field(12, span(1, 2)) + double(14, 1.5) + double(14, 2.5))
out = sys.stdout.buffer
out.write(family(b"pb_counter", COUNTER, label(b"l", b"v") + field(3, double(1, 42)), help=b"A counter."))
out.write(family(b"pb_native", HISTOGRAM, field(7, native)))
out.write(family(b"pb_float", HISTOGRAM, field(7, floats)))
out.write(family(b"pb_gauge", GAUGE_HISTOGRAM, field(7, integer(1, 3) + double(2, 1.5) + field(3, integer(1, 2) + double(2, 1)))))
END
answers 200 "delimited protobuf" PUT "$URL/metrics/job/pb" --data-binary @all.pb -H "$protobuf"
has "$(cat spool/groups/job=pb.prom)" 'pb_counter{instance="",job="pb",l="v"} 42' "is stored"
answers 200 "/api/v1/metrics" GET "$URL/api/v1/metrics"
is "$(json 'j["data"][0]["pb_counter"]["type"], j["data"][0]["pb_counter"]["help"], j["data"][0]["pb_counter"]["metrics"][0]["value"]')" \
	"('COUNTER', 'A counter.', '42')" "has the counter"
is "$(json 'j["data"][0]["pb_native"]["metrics"][0]')" \
	"{'labels': {'instance': '', 'job': 'pb'}, 'buckets': [[1, '-1.414213562373095', '-1', '2'], [1, '-1', '-0.7071067811865475', '1'], [3, '-0.001', '0.001', '2'], [0, '0.7071067811865475', '1', '3'], [0, '2.82842712474619', '4', '4']], 'count': '12', 'sum': '5.5'}" \
	"and the native histogram's buckets"
is "$(json 'j["data"][0]["pb_float"]["metrics"][0]')" \
	"{'labels': {'instance': '', 'job': 'pb'}, 'buckets': [[3, '-0.001', '0.001', '0.5'], [0, '1', '2', '1.5'], [0, '2', '4', '2.5']], 'count': '4.5', 'sum': '1'}" \
	"and those of floats"
is "$(json 'j["data"][0]["pb_gauge"]["type"], j["data"][0]["pb_gauge"]["metrics"][0]')" \
	"('GAUGE_HISTOGRAM', {'labels': {'instance': '', 'job': 'pb'}, 'buckets': {'1': '2', '+Inf': '3'}, 'count': '3', 'sum': '1.5'})" \
	"and a gauge histogram with what is in it"
answers 200 "GET as protobuf" GET "$URL/metrics" -H "Accept: ${protobuf#*: }"
has "$headers" 'content-type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores' "is protobuf"
ok "with the native histogram" grep -qa pb_native body
# A kept message that was damaged by hand: another metric's, cut off, and no message at all.
for damage in "s/^# pgw native .*/# pgw native $(printf '\377%.0s' {1..300} | base64 -w0 | tr +/ -_)/" \
	's/^\(# pgw native .*\)..........$/\1/' "s/^# pgw native .*/$(grep '^# pgw native' spool/groups/job=pb.prom |
		head -n 1)/"; do
	cp spool/groups/job=pb.prom kept
	sed "/^pb_native/,/^# pgw native/$damage" kept >damaged.prom
	is "$(cmp -s kept damaged.prom; echo $?)" 1 "a group file is damaged"
	mv damaged.prom spool/groups/job=pb.prom
	answers 200 "/api/v1/metrics with a damaged message" GET "$URL/api/v1/metrics"
	is "$(json 'j["data"][0]["pb_native"]["metrics"][0]')" \
		"{'labels': {'instance': '', 'job': 'pb'}, 'buckets': {'+Inf': '12'}, 'count': '12', 'sum': '5.5'}" \
			"shows the text"
	mv kept spool/groups/job=pb.prom
done

while IFS='|' read -r expected type; do
	answers "$expected" "Content-Type: $type" PUT "$URL/metrics/job/type" --data-binary @all.pb \
		-H "Content-Type: $type"
done <<'END'
200|application/vnd.google.protobuf;encoding=delimited;proto=io.prometheus.client.MetricFamily
200|Application/VND.google.Protobuf ; PROTO="io.prometheus.client.MetricFamily" ;Encoding = "delimited"; x=y
200|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited;
200|application/vnd.google.protobuf; encoding=delimited; proto=io.prometheus.client.MetricFamily; encoding=delimited
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=Delimited
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=text
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily
400|application/vnd.google.protobuf; encoding=delimited
400|application/vnd.google.protobuf
400|application/vnd.google.protobufx; proto=io.prometheus.client.MetricFamily; encoding=delimited
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; encoding=text
400|application/vnd.google.protobuf; proto="io.prometheus.client.MetricFamily; encoding=delimited
400|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; junk
400|text/plain
END
head -c 20 all.pb >cut.pb
answers 400 "protobuf that is cut off" PUT "$URL/metrics/job/cut" --data-binary @cut.pb -H "$protobuf"
like "$body" '^protobuf format parsing error in metric family 1: .' "says where"
ok "leaves no group" test ! -e spool/groups/job=cut.prom
answers 200 "an empty body of protobuf" PUT "$URL/metrics/job/none" -H "$protobuf"
answers 200 "text" PUT "$URL/metrics/job/clash" --data-binary $'# TYPE clash gauge\nclash 1\n'
proto clash.pb <<'END'
sys.stdout.buffer.write(family(b"ok", GAUGE, field(2, double(1, 1))) + family(b"clash", COUNTER, field(3, double(1, 1))))
END
answers 400 "a type that clashes, in protobuf" PUT "$URL/metrics/job/other" --data-binary @clash.pb -H "$protobuf"
like "$body" '^pushed metrics are invalid or inconsistent with existing metrics: metric family 2: .*clash.*{job="clash"}' \
	"names the family, its place and the group"

# Compressed ones
awk 'BEGIN { for (i = 0; i < 20000; i++) printf "big{i=\"%d\"} %d\n", i, i }' >big.prom
gzip -k big.prom all.pb
answers 200 "gzip" PUT "$URL/metrics/job/gz" --data-binary @big.prom.gz -H 'Content-Encoding: gzip'
is "$(grep -c '^big{' spool/groups/job=gz.prom)" 20000 "is unpacked"
answers 202 "it goes" DELETE "$URL/metrics/job/gz"
answers 200 "gzip, chunked, in capitals, after 100-continue" PUT "$URL/metrics/job/gz" --data-binary @big.prom.gz \
	-H 'Content-Encoding: GZIP' -H 'Transfer-Encoding: chunked' -H 'Expect: 100-continue'
is "$(grep -c '^big{' spool/groups/job=gz.prom)" 20000 "is unpacked"
answers 200 "protobuf in gzip" PUT "$URL/metrics/job/type" --data-binary @all.pb.gz -H 'Content-Encoding: gzip' \
	-H "$protobuf"
head -c 100 big.prom.gz >cut.gz
answers 400 "gzip that is cut off" PUT "$URL/metrics/job/bad" --data-binary @cut.gz -H 'Content-Encoding: gzip'
answers 400 "an empty body as gzip" PUT "$URL/metrics/job/bad" -H 'Content-Encoding: gzip'
answers 400 "text as gzip" PUT "$URL/metrics/job/bad" --data-binary $'a 1\n' -H 'Content-Encoding: gzip'
is "$body" "the body is not gzip" "says why"
answers 400 "text as snappy" PUT "$URL/metrics/job/bad" --data-binary $'a 1\n' -H 'Content-Encoding: snappy'
# A stream identifier and an uncompressed chunk with its masked CRC-32C.
$PYTHON -c '
import struct, sys
text = b"snap 1\n"
crc = 0xffffffff
for byte in text:
    crc ^= byte
    for _ in range(8): crc = crc >> 1 ^ (0x82f63b78 if crc & 1 else 0)
crc ^= 0xffffffff
masked = ((crc >> 15 | crc << 17) + 0xa282ead8) & 0xffffffff
chunk = struct.pack("<I", masked) + text
sys.stdout.buffer.write(b"\xff\x06\x00\x00sNaPpY" + b"\x01" + struct.pack("<I", len(chunk))[:3] + chunk)' >snap
answers 200 "snappy" PUT "$URL/metrics/job/snap" --data-binary @snap -H 'Content-Encoding: snappy'
has "$(cat spool/groups/job=snap.prom)" 'snap{instance="",job="snap"} 1' "is unpacked"
for encoding in br 'gzip, gzip' deflate zstd; do
	answers 415 "Content-Encoding: $encoding" PUT "$URL/metrics/job/bad" --data-binary @big.prom.gz \
		-H "Content-Encoding: $encoding"
done
answers 415 "two Content-Encodings" PUT "$URL/metrics/job/bad" --data-binary @big.prom.gz -H 'Content-Encoding: gzip' \
	-H 'Content-Encoding: gzip'
ok "none leaves a group" test ! -e spool/groups/job=bad.prom

# GET
answers 202 "wipe" PUT "$URL/api/v1/admin/wipe"
answers 200 "a push" PUT "$URL/metrics/job/a" --data-binary $'m 1\n'
while IFS='|' read -r accept type; do
	answers 200 "Accept: $accept" GET "$URL/metrics" -H "Accept: $accept"
	has "$headers" "content-type: $type" "is $type"
	ok "and has the group" grep -qa instance body
done <<'END'
|text/plain; version=0.0.4; charset=utf-8; escaping=underscores
*/*|text/plain; version=0.0.4; charset=utf-8; escaping=underscores
text/plain;version=0.0.4;q=0.3|text/plain; version=0.0.4; charset=utf-8; escaping=underscores
text/plain;version=1.0.0;escaping=allow-utf-8|text/plain; version=1.0.0; charset=utf-8; escaping=allow-utf-8
application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.5,text/plain;q=0.4|application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited; escaping=underscores
END
answers 200 "Accept-Encoding: gzip" GET "$URL/metrics" -H 'Accept-Encoding: gzip'
has "$headers" 'content-encoding: gzip' "is gzip"
has "$(gunzip <body)" 'm{instance="",job="a"} 1' "and has the metric"
answers 200 "Accept-Encoding: br" GET "$URL/metrics" -H 'Accept-Encoding: br'
unlike "$headers" 'content-encoding' "is plain"
answers 200 "HEAD" HEAD "$URL/metrics" -H 'Accept-Encoding: gzip'
has "$headers" 'content-encoding: gzip' "has the same headers"
stops TERM "$pid" 0 "the gateway ends"

# A small limit
start_serve -d limited --limit.body=10k
head -c 20000 /dev/zero | tr '\0' '\n' | gzip >bomb.gz
answers 413 "a body that is too large when unpacked" PUT "$URL/metrics/job/a" --data-binary @bomb.gz \
	-H 'Content-Encoding: gzip'
head -c 9000 /dev/zero | tr '\0' '\n' | gzip >fits.gz
answers 200 "one that fits" PUT "$URL/metrics/job/a" --data-binary @fits.gz -H 'Content-Encoding: gzip'
stops TERM "$pid" 0 "the gateway ends"
done_testing
