#!/bin/bash
# Runs the EXAMPLES of the manual pages, the tour of README.md and the example set-ups in scripts/.
#
# An example is a display (.Dl, or .Bd to .Ed) in the section EXAMPLES. Lines after "$ " are commands, continued by
# lines after "> "; all commands of a display are one shell's, run by sh -eu. They succeed, unless the paragraph before
# the display says "exits with N". Other lines are the output of the command before them; it is compared where there is
# any, whatever the line breaks. A display without a command is a configuration: the program that it is for reads it.
# The tour is written in the same way, between lines ```console and ```.
#
# Each page has a scratch folder with a spool, a gateway on that spool, two exporters, and what prepare() makes.
. "$(dirname "$0")/../lib.sh"
need promtool inetd systemd-analyze flock

PAGES=$TESTS/../man
SCRIPTS=$TESTS/../scripts

start_responder exporter1 200 $'# TYPE up_since gauge\nup_since 1\n'
exporter1=${URL#http://}
start_responder exporter2 200 $'# TYPE up_since gauge\nup_since 2\n'
exporter2=${URL#http://}
nobody=127.0.0.1:$(free_port)

# The example servers run until they are ready, then they are ended.
mkdir bin
cat >bin/pgw-serve <<END
#!/bin/sh
case " \$* " in
*" -i "*) exec "$PGW_BIN/pgw-serve" "\$@" ;;
esac
mkfifo "serve.\$\$" || exit 1
"$PGW_BIN/pgw-serve" "\$@" 2>"serve.\$\$" &
exec 9<"serve.\$\$"
rm "serve.\$\$"
read -r line <&9
echo "\$line" >&2
case \$line in
*"listening on"*) kill -TERM \$! ;;
esac
wait \$!
END
# runit's, which only changes the user.
cat >bin/chpst <<'END'
#!/bin/sh
shift 4
exec "$@"
END
chmod +x bin/*

# What stands for the hosts and paths of the examples, in this order. PORT is the gateway's.
substitutions() {
	cat <<END
s!--web\.listen-address=[0-9.]*:9091!--web.listen-address=127.0.0.1:0!g
s!gateway\.example:9091!127.0.0.1:$PORT!g
s!localhost:9091!127.0.0.1:$PORT!g
s!db1\.example:9100!$exporter1!g
s!db2\.example:9100!$exporter2!g
s!localhost:9100!$exporter1!g
s!(families: 287, samples: 511)!(families: 5, samples: 5)!
s!dead\.example:9[0-9]*!$nobody!g
s!/usr/local/sbin/pgw-serve!$SCRATCH/bin/pgw-serve!g
s!/run/lock/!$folder/!g
s!/var/spool/pgw!$folder/spool!g
s!/run/pgw\.sock!$folder/pgw.sock!g
s!/etc/backup!$folder!g
s! /backup/! $folder/!g
s!/var/backups!$folder!g
s!=/home\$!=$folder/home!
END
}

# What the examples of a page find in their spool.
prepare() {
	case $1 in
	pgw-delete.1 | pgw-list.1)
		for instance in db1 db2; do
			echo 'backup_bytes 1048576' | pgw-push -d spool -j backup -l instance=$instance
		done
		echo 'load 0.5' | pgw-push -d spool -j node
		;;
	pgw-push.1)
		echo 'static 1' >static.prom
		;;
	pgw-spool.5)
		printf '# HELP a A.\n# TYPE a gauge\na 1\n' | pgw-push -d spool -j first
		;;
	esac
}

# Ages, times, sizes and line breaks differ, and pgw-run tells twice of a command that took a tenth of a second.
normal_output() {
	awk '!/^pgw-run: / || $0 != last; { last = $0 }' | tr -s ' \n' '  ' |
		sed -E 's/ [0-9]+s / AGE /g; s/\<1\.[0-9]+e\+09\>/TIME/g; s/\<[0-9]{3,}\>/N/g; s/ $//'
}

# extract PAGE: the displays of a page as files 01, 02... in the folder displays, their exit status in 01.status...
extract() {
	mkdir displays
	awk '
	function begin() {
		number++
		file = sprintf("displays/%02d", number)
		status = match(prose, /exits with [0-9]+/) ? substr(prose, RSTART + 11, RLENGTH - 11) : 0
		print status >(file ".status")
		prose = ""
	}
	function plain(line) {
		gsub(/\\\(dq/, "\"", line)
		gsub(/\\\(aq/, "\047", line)
		gsub(/\\&/, "", line)
		gsub(/\\e/, "\\", line)
		return line
	}
	/^\.Sh/ { inside = $2 == "EXAMPLES"; next }
	!inside { next }
	/^\.Dl / { begin(); print plain(substr($0, 5)) >file; next }
	/^\.Bd / { begin(); display = 1; next }
	/^\.Ed/ { display = 0; next }
	display { print plain($0) >file; next }
	{ prose = prose " " $0 }' "$1"
}

# run_commands DISPLAY STATUS NAME
run_commands() {
	awk '
	function end() { if (number) printf "\n} >output.%d 2>&1\n", number }
	BEGIN { print "set -eu" }
	/^\$ / { end(); number++; printf "{\n%s", substr($0, 3); next }
	/^> / { printf "\n%s", substr($0, 3); next }
	{ print >("expected." number) }
	END { end() }' "$1" >script
	(
		# shellcheck disable=SC2030
		export PATH=$SCRATCH/bin:$PATH PGW_SPOOL=$folder/spool
		! grep -q PGW_URL script || unset PGW_SPOOL
		sh script
	) >shell.log 2>&1 </dev/null
	is $? "$2" "$3" || note "$(cat shell.log output.* 2>/dev/null)"
	for expected in expected.*; do
		[ -e "$expected" ] || continue
		is "$(normal_output <"output.${expected#*.}")" "$(normal_output <"$expected")" "$3: prints that"
	done
	rm -f script output.* expected.* shell.log
}

# from_inetd LINE NAME: inetd serves with a line of its configuration.
from_inetd() {
	sed -E "s!^9091!@ADDRESS@!; s! pgw ! $(id -un) !; s!$SCRATCH/bin/pgw-serve!$PGW_BIN/pgw-serve!" \
		<<<"$1" >"$folder/inetd.conf"
	# shellcheck disable=SC2016
	PGW_SPOOL=$folder/spool start_peer inetd http://127.0.0.1:PORT/-/healthy sh -c \
		'sed "s/@ADDRESS@/127.0.0.1:$2/" "$1" >"$1.$2" && exec inetd -i "$1.$2"' sh "$folder/inetd.conf" PORT
	answers 200 "$2" GET "http://127.0.0.1:$PORT/metrics"
	like "$body" 'pgw_build_info{' "$2: is pgw-serve"
}

# read_configuration DISPLAY NAME
read_configuration() {
	local first line
	read -r -d $'\n' first <"$1"
	case $first in
	[0-9*]*' * * '*)
		sed -E 's/^([0-9*]+ ){5}/$ /' "$1" >commands
		run_commands commands 0 "$2"
		;;
	'9091 stream '*)
		while read -r line <&8; do
			from_inetd "$line" "$name: inetd ${line:9:16}"
		done 8<"$1"
		;;
	scrape_configs:*) exits 0 "$2 Prometheus reads them" promtool check config --syntax-only "$1" ;;
	groups:*) exits 0 "$2 Prometheus reads them" promtool check rules "$1" ;;
	*) fail "$2: a configuration of a known kind" ;;
	esac
}

# begin FOLDER: makes it and enters it, with a gateway.
begin() {
	cd "$SCRATCH" || exit 1
	folder=$SCRATCH/$1
	mkdir "$folder"
	SERVE_NAME=$1 start_serve -d "$folder/spool"
	cd "$folder" || exit 1
	substitutions >substitutions
}

for page in "$PAGES"/*.[1-8]; do
	name=${page##*/}
	begin "$name"
	prepare "$name"
	extract "$page"
	for display in displays/??; do
		title="$name: $(sed 's/^\$ //; q' "$display")"
		sed -i -f substitutions "$display"
		if grep -q '^\$ ' "$display"; then
			run_commands "$display" "$(cat "$display.status")" "$title"
		else
			read_configuration "$display" "$title"
		fi
	done
	ok "$name has examples" test -e displays/02
	rm -f "$folder"/serve.*
done

# The options of a page are those of its tool.
cd "$SCRATCH" || exit 1
for page in "$PAGES"/*.[18]; do
	tool=${page##*/}
	tool=${tool%.*}
	exits 0 "$tool --help" "$tool" --help
	sed -nE 's/^ +(-., )?(--[a-z.-]+).*/\2/p' <<<"$out" | sort >options
	grep -E '^\.It Fl ' "$page" | grep -oE 'Fl -[a-z.-]+' | sed 's/Fl -/--/' | sort >described
	ok "$tool has options" test -s options
	same options described "$tool's page has them all"
done

# The tour: one spool for all of its commands.
begin tour
awk '/```console/ { file = sprintf("%02d", ++number); next } /```/ { file = ""; next } file { sub(/^ */, ""); print >file }' \
	"$TESTS/../README.md"
for display in [0-9][0-9]; do
	sed -i -f substitutions "$display"
	run_commands "$display" 0 "tour: $display"
done
is "$display" 10 "the tour has ten commands"

# The set-ups
begin scripts
for unit in pgw-serve.service pgw-serve.socket pgw-serve@.service; do
	sed "s!/usr/local/sbin/pgw-serve!$PGW_BIN/pgw-serve!" "$SCRIPTS/systemd/$unit" >"$unit"
done
exits 0 "systemd reads its units" systemd-analyze verify --man=no ./pgw-serve.service ./pgw-serve.socket
is "$out$err" "" "and has nothing to say"
sed -i 's/^Accept=no/Accept=yes/' pgw-serve.socket
exits 0 "also with Accept=yes" systemd-analyze verify --man=no ./pgw-serve@.service ./pgw-serve.socket
is "$out$err" "" "and has nothing to say"
from_inetd "$(sed -n 's/^9091/&/p' "$SCRIPTS/inetd/inetd.conf" | sed -f substitutions)" "inetd.conf, wait"
from_inetd "$(sed -n 's/^#9091/9091/p' "$SCRIPTS/inetd/inetd.conf" | sed -f substitutions)" "inetd.conf, nowait"
# shellcheck disable=SC2031
PATH=$SCRATCH/bin:$PATH
sed -f substitutions "$SCRIPTS/runit/run" >run
exits 0 "runit's run" sh run
like "$out" '^pgw-serve: listening on ' "its log is on standard output"

export PGW_SPOOL=$folder/spool
sed -f substitutions "$SCRIPTS/cron/relay" | sed -n 's/^\* \* \* \* \* pgw //p' >relay
exits 0 "cron's relay" sh relay
is "$(group_files spool | grep -c '^job=node,instance=127')" 2 "pushes two groups"
sed -f substitutions "$SCRIPTS/cron/backup.example" >backup
mkdir home
echo precious >home/file
exits 0 "cron's backup" sh backup
backup_values() {
	sed -n 's/^\(backup_[a-z_]*\){.*} \([^ ]*\)$/\1 \2/p' spool/groups/job=backup,*.prom | grep "$1"
}
is "$(backup_values exit_status)" "backup_exit_status 0" "pushes its status"
is "$(backup_values size_bytes | wc -l)" 1 "and the size"
success=$(backup_values last_success)
rm -r home
exits 2 "a backup that fails" sh backup
is "$(backup_values exit_status)" "backup_exit_status 2" "pushes its status"
is "$(backup_values last_success)" "$success" "and keeps the time of the last success"
done_testing
