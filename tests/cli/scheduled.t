#!/bin/bash
# The examples in scripts/ of jobs that cron and systemd start: their formats, and what the commands do.
. "$(dirname "$0")/../lib.sh"
need systemd-analyze

SCRIPTS=$TESTS/../scripts
start_serve -d "$SCRATCH/gateway"
cat >substitutions <<END
s!/usr/local/bin/!$PGW_BIN/!g
s!/var/spool/pgw-queue!$SCRATCH/queue!g
s!/var/spool/pgw!$SCRATCH/spool!g
s!/var/backups!$SCRATCH/backups!g
s!/run/lock!$SCRATCH!g
s! /home ! $SCRATCH/home !g
s!gateway\.example:9091!127.0.0.1:$PORT!g
END
mkdir backups home
echo precious >home/letter

# value FILE METRIC
value() {
	sed -n "s/^$2{.*} //p" "$1"
}

# cron_commands FILE: checks the lines as cron does and prints the commands as it gives them to a shell, a line each.
cron_commands() {
	awk '
	function check(value, low, high) {
		if (value !~ /^(\*|[0-9]+(-[0-9]+)?)(\/[0-9]+)?$/ || (value ~ /^[0-9]/ && (value + 0 < low || value + 0 > high))) {
			print FILENAME ":" FNR ": not a time: " value >"/dev/stderr"
			bad = 1
		}
	}
	/^#/ || /^$/ || /^[A-Z]+=/ { next }
	{
		check($1, 0, 59); check($2, 0, 23); check($3, 1, 31); check($4, 1, 12); check($5, 0, 7)
		user = $6
		command = $0
		for (i = 0; i < 6; i++)
			sub(/^[^ ]+ +/, "", command)
		if (user !~ /^[a-z]+$/ || command == "" || command ~ /(^|[^\\])%/) {
			print FILENAME ":" FNR ": no user, no command, or a percent sign that ends it" >"/dev/stderr"
			bad = 1
		}
		gsub(/\\%/, "%", command)
		print command
	}
	END { exit bad }' "$1"
}

# Each is run as cron does: by sh, with the variables of the file and few others.
sed -f substitutions "$SCRIPTS/cron/jobs" >cron.jobs
exits 0 "cron can read the jobs" cron_commands cron.jobs
mapfile -t commands <<<"$out"
is "${#commands[@]}" 5 "five"
is "$(tail -c 1 "$SCRIPTS/cron/jobs" | od -An -c | tr -d ' ')" '\n' "the last line ends, or cron would leave it out"
like "$(sed -n 's/^PATH=//p' "$SCRIPTS/cron/jobs")" '^/usr/local/bin:' "PATH has the folder of the tools"
touch -d '40 days ago' backups/old
touch backups/new
run_job() {
	exits 0 "job: ${1:0:40}" env -i HOME="$SCRATCH" LOGNAME="$(id -un)" SHELL=/bin/sh PGW_SPOOL="$SCRATCH/spool" \
		ASAN_OPTIONS="${ASAN_OPTIONS:-}" UBSAN_OPTIONS="${UBSAN_OPTIONS:-}" \
		PATH="$PGW_BIN:$(sed -n 's/^PATH=//p' cron.jobs)" /bin/sh -c "$1"
	is "$out$err" "" "prints nothing, of which cron would send a mail"
}
for command in "${commands[@]}"; do
	run_job "$command"
done
is "$(ls backups)" new "the old file went"
is "$(value spool/groups/job=cleanup,instance=db1.prom job_run_exit_code)" 0 "and the run was pushed"
is "$(value spool/groups/job=homes.prom homes_bytes)" "$(du -sb home | cut -f 1)" "samples of the command"
is "$(value spool/groups/job=users,instance=db1.prom users_logged_in)" "$(who | wc -l)" "a sample"
is "$(sed -n 's/^# pgw ttl //p' spool/groups/job=users,instance=db1.prom)" 900 "with a time to live"
is "$(group_files gateway)" "job=load,instance=db1.prom" "and one in the gateway"
pgw-push -d spool -j brief --ttl 1s -g brief=1
is_over() {
	[ -z "$(pgw-list -d spool -j brief -0 | tr -d '\0')" ]
}
await "its time to live ends" is_over
ok "its file is still there" test -e spool/groups/job=brief.prom
run_job "${commands[4]}"
is "$(group_files spool)" "$(printf 'job=%s.prom\n' cleanup,instance=db1 homes users,instance=db1)" \
	"its file is removed"

# What is no crontab is noticed.
for line in '60 * * * * root true' '* * * * true' '0 0 0 * * root true' '* * * * * root date +%s'; do
	echo "$line" >broken
	exits 1 "no line of a crontab: $line" cron_commands broken
done

# systemd
for unit in pgw-backup.service pgw-backup.timer; do
	sed -f substitutions "$SCRIPTS/systemd/$unit" >"$unit"
done
exits 0 "systemd reads the timer and its service" systemd-analyze verify --man=no ./pgw-backup.service \
	./pgw-backup.timer
is "$out$err" "" "and has nothing to say"
exits 0 "and the time" systemd-analyze calendar "$(sed -n 's/^OnCalendar=//p' pgw-backup.timer)"
sed -n 's/^ExecStart=//p' pgw-backup.service | sed 's/%H/host1/' >start
exits 0 "the command of the service" env PGW_SPOOL="$SCRATCH/spool" sh start
is "$out$err" "" "prints nothing"
is "$(tar -tzf backups/home.tar.gz | sort)" $'./\n./letter' "makes its backup"
is "$(value spool/groups/job=backup,instance=host1.prom job_run_exit_code)" 0 "and its run is pushed"
rm -r home
exits 2 "one that fails" env PGW_SPOOL="$SCRATCH/spool" sh start
is "$(value spool/groups/job=backup,instance=host1.prom job_run_exit_code)" 2 "is pushed, too"

# The relay
start_responder exporter 200 $'# TYPE a gauge\na 1\n'
sed -f substitutions -e "s!/etc/pgw!$SCRATCH!" "$SCRIPTS/systemd/pgw-scrape-relay.service" >pgw-scrape-relay.service
exits 0 "systemd reads the relay's service" systemd-analyze verify --man=no ./pgw-scrape-relay.service
is "$out$err" "" "and has nothing to say"
is "$(sed -n 's/^Type=//p' pgw-scrape-relay.service)" notify "of a relay that tells when it is ready"
sed -n "s/^#\t\(echo .*\)/\1/p" "$SCRIPTS/systemd/pgw-scrape-relay.service" |
	sed "s!/etc/pgw!$SCRATCH!; s!db1\.example:9100!${URL#*//}!" >make_targets
exits 0 "its file of targets" sh make_targets
sed -n 's/^ExecStart=/exec /p' pgw-scrape-relay.service | sed 's/30s/1/' >start
start relay sh start
relay=$pid
group=gateway/groups/job=node,instance=${URL#*//},rack=a1.prom
is_up() {
	[ "$(value "$group" up)" = 1 ]
}
await "its command pushes what it scraped" is_up
is "$(sed -n 's/^# pgw ttl //p' "$group")" 600 "with a time to live"
stops TERM "$relay" 0 "a stop"
done_testing
