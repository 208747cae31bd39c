#!/bin/bash
# A disk on which there is a journal, and that is full: 507, nothing that was answered for is lost, deletions make room.
. "$(dirname "$0")/../lib.sh"

has_disk "a full disk" 8M mkfs.ext4 -q -F -m 0 || done_testing
spool=disk/spool

# requests METHOD FIRST LAST [NUMBER]: one for each of these groups, in one connection; the codes are in the file codes,
# a line each. A push has the number and 1 kB more.
requests() {
	awk -v m="$1" -v from="$2" -v to="$3" -v n="${4:-}" -v url="$URL/metrics/job/g" 'BEGIN {
		while (length(filler) < 1000) filler = filler "x"
		for (i = from; i <= to; i++) {
			if (i > from) print "next"
			printf "url = \"%s%d\"\nrequest = %s\noutput = /dev/null\nwrite-out = \"%%{http_code}\\n\"\n", url, i, m
			if (n != "") printf "data-binary = \"number %d\\nfiller{text=\\\"%s\\\"} 1\\n\"\n", n, filler
		}
	}' >config
	curl -s -K config >codes
}
# numbers: how many groups have each number.
numbers() {
	cat $spool/groups/*.prom | sed -n 's/^number{.*} //p' | sort -n | uniq -c | awk '{ print $2 ": " $1 }'
}
size() {
	du -ck $spool/journal.? | tail -n 1 | cut -f 1
}

start_serve -d $spool
requests PUT 1 20 1
is "$(uniq -c codes | awk '{ print $1, $2 }')" "20 200" "pushes"
for n in 2 3; do
	requests PUT 1 2500 $n
done
is "$(grep -cxE '200|507' codes)" 2500 "are answered with 200 or 507"
ok "some with 507" grep -qx 507 codes
ok "the journal is in its second file" test -s $spool/journal.1
ok "the journal has a bounded part of the disk" test "$(size)" -lt 5000
is "$(find $spool/groups -name '.*.tmp')" "" "there is no debris"
numbers >before
requests PUT 1 50 5
numbers >after
is "$(($(sed -n 's/^5: //p' after) + 0))" "$(grep -cx 200 codes)" "a push that is not answered with 200 is not there"
is "$(awk '{ n += $2 } END { print n }' after)" "$(awk '{ n += $2 } END { print n }' before)" "and no group is lost"
dd if=/dev/zero of=disk/filler bs=1k 2>/dev/null
requests PUT 1 5 6
is "$(uniq -c codes | awk '{ print $1, $2 }')" "5 507" "not a byte is free"
requests DELETE 1 200
is "$(uniq -c codes | awk '{ print $1, $2 }')" "200 202" "groups can be deleted all the same"
is "$(find $spool/groups -name 'job=g?.prom')" "" "and are gone"
requests PUT 1 20 7
is "$(uniq -c codes | awk '{ print $1, $2 }')" "20 200" "there is room for others"
has "$(numbers)" "7: 20" "which are there"
kill -9 "$pid"
wait "$pid" 2>/dev/null
rm disk/filler
start_serve -d $spool
has "$(numbers)" "7: 20" "also after a kill"
answers 200 "a scrape" GET "$URL/metrics"
has "$body" "pgw_spool_groups $(find $spool/groups -name '*.prom' | wc -l)" "has all groups"
stops TERM "$pid" 0 "pgw-serve ends"
done_testing
