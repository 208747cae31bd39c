#!/bin/bash
# The power fails while eight clients push to pgw-serve and delete: a copy of the disk as it was at a random moment is
# mounted under the boot id of another start of the system, and everything that was acknowledged is there. On each of the
# file systems on which there is a journal.
. "$(dirname "$0")/../lib.sh"

rounds=3
writers="1 2 3 4 5 6 7 8"

mkdir crashed
echo 00000000-1111-2222-3333-444444444444 >boot_id

# Runs a command as after another start of the system.
rebooted() {
	# shellcheck disable=SC2016 # for the inner shell
	unshare -m sh -c 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"' \
		sh "$SCRATCH/boot_id" "$@"
}
if ! rebooted true 2>unshare.log; then
	skip "a power failure" "this user may not change the boot id: $(head -n 1 unshare.log)"
	done_testing
fi

# accepted URL [CURL OPTION...]
accepted() {
	local code
	code=$(curl -s -m $DEADLINE -o /dev/null -w '%{http_code}' "$@")
	[ "$code" = 200 ] || [ "$code" = 202 ]
}

# The client NAME pushes a number to one group, makes another group and deletes the one before that, until it is told to
# stop. NAME.pushed is the last number acknowledged, NAME.deleted that of the last group whose deletion was.
client() {
	local name=$1 n
	n=$(cat "$name.number")
	while [ ! -e stop ]; do
		n=$((n + 1))
		echo $n >"$name.number"
		# Of different lengths, some of more than a page.
		awk -v n=$n 'BEGIN { print "number", n; for (i = 0; i < n % 90; i++) printf "filler{i=\"%d\"} %d\n", i, n }' >"$name.in"
		accepted --data-binary "@$name.in" "$URL/metrics/job/$name" && echo $n >"$name.pushed"
		accepted --data-binary "number $n"$'\n' "$URL/metrics/job/$name/n/$n" && echo $n >"$name.made"
		accepted -X DELETE "$URL/metrics/job/$name/n/$((n - 1))" && echo $((n - 1)) >"$name.deleted"
	done
}

# The disk as it is when the machine stops: the kernel may be writing still, so that two copies must be the same.
copy_disk() {
	cp --sparse=always disk.img copy.img
	until cp --sparse=always disk.img again.img && cmp -s copy.img again.img; do
		mv again.img copy.img
	done
}

# number FILE: the number that a group file has, "none" without one.
number() {
	sed -n 's/^number{.*} //p' "$1" 2>/dev/null | grep . || echo none
}

# What an image lacks of what was acknowledged, in words.
lacks() {
	local w groups=$1/spool/groups stored
	for w in $writers; do
		stored=$(number "$groups/job=w$w.prom")
		[ "$stored" != none ] && [ "$stored" -ge "$(cat "w$w.pushed")" ] ||
			echo "w$w has $stored, not $(cat "w$w.pushed")"
		[ "$(number "$groups/job=w$w,n=$(cat "w$w.made").prom")" = "$(cat "w$w.made")" ] ||
			[ -e "$groups/job=w$w,n=$(($(cat "w$w.made") + 1)).prom" ] ||
			echo "w$w has not the group $(cat "w$w.made")"
		[ ! -e "$groups/job=w$w,n=$(cat "w$w.deleted").prom" ] || echo "w$w has $(cat "w$w.deleted") still"
	done
}

# power_fails ROUND: its name, for messages.
power_fails() {
	local w what clients=() serve
	start_serve -d disk/spool
	serve=$pid
	rm -f stop w?.pushed w?.made w?.deleted
	for w in $writers; do
		client "w$w" &
		clients+=($!)
	done
	for w in $writers; do
		await "client $w is answered" test -e "w$w.deleted" || done_testing
	done
	sleep "0.$((RANDOM % 900 + 100))"
	kill -STOP "$serve"
	copy_disk
	# What is answered from now on is not in the copy.
	for w in $writers; do
		for what in pushed made deleted; do
			cp "w$w.$what" "w$w.$what.seen"
		done
	done
	touch stop
	kill -CONT "$serve"
	wait "${clients[@]}"
	stops TERM "$serve" 0 "$1: pgw-serve ends"
	# A file system and its copy may not be mounted at once.
	ok "$1: the disk is let go of" umount disk
	for w in $writers; do
		for what in pushed made deleted; do
			mv "w$w.$what.seen" "w$w.$what"
		done
	done
	ok "$1: the copy is mounted" mount -o loop copy.img crashed
	mounts+=("$SCRATCH/crashed")
	like "$(lacks crashed)" 'w[1-8] has' "$1: the file system lacks something that was acknowledged"
	exits 0 "$1: the next push" rebooted pgw-push -d crashed/spool -j last <<<'last 1'
	is "$(lacks crashed)" "" "$1: brings it back"
	exits 0 "$1: pgw-list" rebooted pgw-list -d crashed/spool
	is "$err" "" "$1: leaves none out"
	is "$(find crashed/spool/groups -name '.*.tmp' -o -name '*.prom' -size 0)" "" "$1: no debris"
	ok "$1: the copy is let go of" umount crashed
	unset 'mounts[-1]'
	ok "$1: the disk is mounted again" mount -o loop disk.img disk
}

# power_fails_on TYPE SIZE MKFS...
power_fails_on() {
	has_disk "a power failure on $1" "${@:2}" || return
	for w in $writers; do
		echo 0 >"w$w.number"
	done
	for round in $(seq $rounds); do
		power_fails "$1, round $round"
	done
	umount disk
	unset 'mounts[-1]'
}

power_fails_on ext4 64M mkfs.ext4 -q -F
power_fails_on XFS 320M mkfs.xfs -q
power_fails_on btrfs 128M mkfs.btrfs -q
done_testing
