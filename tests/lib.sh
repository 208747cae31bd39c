# The TAP library of the shell tests. A test is a bash script tests/*/NAME.t:
#
#	. "$(dirname "$0")/../lib.sh"
#	exits 64 "an unknown option" pgw-list --nonsense
#	like "$err" "unrecognized option" "it is named"
#	done_testing
#
# It runs in a scratch folder of its own, with the build's tools first in PATH (PGW_BIN, default build/). At its end,
# however that comes, all it started is killed and the folder removed. A sanitizer's report in any file of the folder
# fails the test.
#
# shellcheck disable=SC2034 # variables are for the tests

set -u
export LC_ALL=C.UTF-8 TZ=UTC
unset PGW_SPOOL PGW_URL http_proxy https_proxy HTTP_PROXY HTTPS_PROXY all_proxy ALL_PROXY CDPATH

TESTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
PGW_BIN=$(cd "${PGW_BIN:-$TESTS/../build}" && pwd) || exit 1
PATH=$PGW_BIN:$PATH:/usr/sbin:/sbin
PYTHON=/usr/bin/python3 # Debian's, which has the packages
DEADLINE=120            # seconds until something that must happen counts as never

umask 022 # what new files may have is tested
SCRATCH=$(mktemp -d "${TMPDIR:-/tmp}/pgw-test.XXXXXX") || exit 1
cd "$SCRATCH" || exit 1
test_count=0
test_failures=0
mounts=()

cleanup() {
	local pids
	trap '' EXIT HUP INT TERM
	exec 2>/dev/null # bash tells of each process that it finds killed
	pids=$(jobs -p)
	# shellcheck disable=SC2046,SC2086 # lists of words
	[ -z "$pids" ] || kill -9 $pids $(children_of $pids)
	# shellcheck disable=SC2046
	[ ! -e "$SCRATCH/.keepers" ] || kill -9 $(cat "$SCRATCH/.keepers")
	wait
	cd /
	for mount in "${mounts[@]}"; do
		umount "$mount"
	done
	rm -rf "$SCRATCH"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# The children of processes, theirs, and so on.
children_of() {
	local children pid
	for pid; do
		children=$(pgrep -P "$pid")
		# shellcheck disable=SC2046,SC2086
		[ -z "$children" ] || echo $children $(children_of $children)
	done
}

note() {
	printf '%s\n' "$*" | sed 's/^/# /' >&2
}

pass() {
	test_count=$((test_count + 1))
	printf 'ok %d - %s\n' $test_count "${1//#/\\#}"
}

fail() {
	test_count=$((test_count + 1))
	test_failures=$((test_failures + 1))
	printf 'not ok %d - %s\n' $test_count "${1//#/\\#}"
	note "failed: $1 (${0##*/} line ${BASH_LINENO[-2]})"
	return 1
}

# skip NAME REASON: for what this machine can't do at all.
skip() {
	test_count=$((test_count + 1))
	printf 'ok %d - %s # SKIP %s\n' $test_count "${1//#/\\#}" "$2"
}

# ok NAME COMMAND...: the command succeeds.
ok() {
	local name=$1 status
	shift
	"$@"
	status=$?
	if [ $status -eq 0 ]; then
		pass "$name"
	else
		fail "$name"
		note "status $status of: $*"
	fi
}

# is ACTUAL EXPECTED NAME
is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		fail "$3"
		note "expected:"$'\n'"$2"
		note "got:"$'\n'"$1"
	fi
}

# matches TEXT REGEX: extended, but braces stand for themselves: label sets have them. A bad one ends the test.
matches() {
	local regex=${2//\\\{/\{}
	regex=${regex//\{/\\\{}
	[[ $1 =~ $regex ]]
	case $? in
	0) return 0 ;;
	1) return 1 ;;
	esac
	fail "$2 is a regular expression"
	done_testing
}

# like ACTUAL REGEX NAME
like() {
	if matches "$1" "$2"; then
		pass "$3"
	else
		fail "$3"
		note "expected a match of:"$'\n'"$2"
		note "got:"$'\n'"${1:0:1000}"
	fi
}

# unlike ACTUAL REGEX NAME
unlike() {
	if ! matches "$1" "$2"; then
		pass "$3"
	else
		fail "$3"
		note "expected no match of:"$'\n'"$2"
		note "got:"$'\n'"${1:0:1000}"
	fi
}

# has TEXT LINE NAME: one of the lines is exactly that one.
has() {
	if grep -qxF -e "$2" <<<"$1"; then
		pass "$3"
	else
		fail "$3"
		note "expected the line:"$'\n'"$2"
		note "got:"$'\n'"${1:0:4000}"
	fi
}

# same FILE FILE NAME: byte for byte.
same() {
	if diff -u "$1" "$2" >"$SCRATCH/.diff" 2>&1; then
		pass "$3"
	else
		fail "$3"
		note "$(cat "$SCRATCH/.diff")"
	fi
}

# run COMMAND...: sets $status, and $out and $err (also in the files out and err of the scratch folder).
run() {
	"$@" >"$SCRATCH/out" 2>"$SCRATCH/err"
	status=$?
	out=$(tr -d '\0' <"$SCRATCH/out")
	err=$(tr -d '\0' <"$SCRATCH/err")
}

# exits STATUS NAME COMMAND...: the exit status is exactly that one; the command runs as `run` does it. A sanitizer's 99
# and a signal's 128 and more are never expected.
exits() {
	local expected=$1 name=$2
	shift 2
	run "$@"
	if [ "$status" -eq "$expected" ]; then
		pass "$name"
	else
		fail "$name"
		note "expected exit $expected, got $status, of: $*"
		note "stdout: ${out:0:2000}"
		note "stderr: ${err:0:2000}"
	fi
}

# limited SECONDS COMMAND...: kills a command of others that takes longer, says so, and returns 124.
limited() {
	local seconds=$1 result
	shift
	timeout -s KILL "$seconds" "$@"
	result=$?
	[ $result -eq 137 ] || return $result
	echo "$1 was killed: it took more than $seconds seconds" >&2
	return 124
}

# await NAME COMMAND...: tries until it succeeds, up to the deadline. Prints nothing when it does.
await() {
	local name=$1 end=$((SECONDS + DEADLINE))
	shift
	until "$@" >/dev/null 2>&1; do
		if [ $SECONDS -ge $end ]; then
			fail "$name (waited $DEADLINE s)"
			return 1
		fi
		sleep 0.02
	done
}

# start NAME COMMAND...: runs it in the background, stderr and stdout in the file NAME.log; sets $pid.
start() {
	local name=$1
	shift
	# What an earlier one of this name wrote must not be taken for this one's.
	rm -f "$SCRATCH/$name.log"
	"$@" >"$SCRATCH/$name.log" 2>&1 </dev/null &
	pid=$!
}

# stops SIGNAL PID STATUS NAME: the process ends with that status on that signal.
stops() {
	local result
	kill "-$1" "$2"
	wait "$2"
	result=$?
	is "$result" "$3" "$4"
}

# start_serve ARGS...: runs pgw-serve on a port of its own; sets $pid, $URL and $PORT. SERVE_NAME (default serve) names
# its log, SERVE_PORT (default 0) is the port: one of free_port for a server that ends and comes back.
start_serve() {
	local log=$SCRATCH/${SERVE_NAME:-serve}.log
	start "${SERVE_NAME:-serve}" pgw-serve --web.listen-address="127.0.0.1:${SERVE_PORT:-0}" "$@"
	await "pgw-serve gets ready" grep -q '^pgw-serve: listening on http://127\.0\.0\.1:' "$log" || {
		note "$(cat "$log")"
		exit 1
	}
	URL=$(sed -n 's|^pgw-serve: listening on \(http://127\.0\.0\.1:[0-9]*\).*|\1|p' "$log" | head -n 1)
	PORT=${URL##*:}
}

# A TCP port of 127.0.0.1 that is the test's own until its end: nobody listens there before the test does, and what it
# starts there can end and come back. A process keeps it, with a socket that doesn't listen and lets only those share the
# port that ask to (SO_REUSEADDR), as servers do. It is below the ports that the kernel gives to whoever asks for any.
free_port() {
	$PYTHON - "$SCRATCH/.keepers" <<-'EOF'
		import os, random, signal, socket, sys
		with open("/proc/sys/net/ipv4/ip_local_port_range") as file:
		    end = int(file.read().split()[0])
		while True:
		    kept = socket.socket()
		    try:
		        kept.bind(("127.0.0.1", random.randrange(max(1024, end - 16384), end) if end > 1025 else 0))
		        break
		    except OSError:
		        kept.close()
		kept.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		keeper = os.fork()
		if keeper == 0:
		    os.dup2(kept.fileno(), 0)
		    os.closerange(1, 1024)
		    while True:
		        signal.pause()
		with open(sys.argv[1], "a") as file:
		    print(keeper, file=file)
		print(kept.getsockname()[1])
	EOF
}

# need PROGRAM...: a test without its peer fails.
need() {
	local program
	for program; do
		command -v "$program" >/dev/null || {
			fail "$program is installed"
			done_testing
		}
	done
}

# start_peer NAME READY COMMAND...: for servers that can't tell which port the kernel gave them. PORT in COMMAND and in
# READY, a URL to wait for, is replaced by a free one; another is tried when it was taken meanwhile. Sets $pid, $PORT.
start_peer() {
	local name=$1 ready=$2 tries
	shift 2
	for tries in 1 2 3 4 5; do
		PORT=$(free_port)
		start "$name" "${@//PORT/$PORT}"
		local end=$((SECONDS + DEADLINE))
		while kill -0 "$pid" 2>/dev/null && [ $SECONDS -lt $end ]; do
			curl -s -f -o /dev/null "${ready//PORT/$PORT}" && return 0
			sleep 0.05
		done
		kill -9 "$pid" 2>/dev/null
		note "$name: try $tries: $(tail -n 3 "$SCRATCH/$name.log")"
	done
	fail "$name gets ready"
	done_testing
}

# start_responder NAME STATUS [BODY [SECONDS [TOGETHER [PORTS]]]]: a gateway that answers everything alike (respond.py);
# sets $URL, to several with PORTS. The requests it got are in NAME.log as JSON, one a line, after the first.
start_responder() {
	local name=$1
	shift
	start "$name" $PYTHON "$TESTS/respond.py" "$@"
	await "$name gets ready" grep -q '^http' "$SCRATCH/$name.log" || exit 1
	URL=$(head -n 1 "$SCRATCH/$name.log")
	PORT=${URL##*:}
}

# start_exporter: targets of all kinds (exporter.py) with the files of the folder exporter; sets $URL and $PORT. The
# requests are in exporter.log, after the first line.
start_exporter() {
	mkdir -p exporter
	start exporter $PYTHON "$TESTS/exporter.py" exporter
	await "the exporter gets ready" grep -q '^http' "$SCRATCH/exporter.log" || exit 1
	URL=$(head -n 1 "$SCRATCH/exporter.log")
	PORT=${URL##*:}
}

# relayed FILE: the samples of a group that pgw-scrape-relay pushed, without labels and what differs from push to push.
relayed() {
	normal "$1" | sed -nE '/^push_/!s/^([a-z_]+)\{.*\} /\1 /p'
}

# request METHOD URL [CURL OPTION...]: sets $code, $body and $headers (names in lower case, no CR).
request() {
	local method=$1 url=$2
	shift 2
	[ "$method" != HEAD ] || set -- --head "$@"
	code=$(curl -s -S --path-as-is -m $DEADLINE -X "$method" -o "$SCRATCH/body" -D "$SCRATCH/headers" \
		-w '%{http_code}' \
		"$@" "$url" 2>"$SCRATCH/curl.err")
	[ "$method" != HEAD ] || sed -i '1,/^\r*$/d' "$SCRATCH/body" # where curl puts the header again
	body=$(cat "$SCRATCH/body" 2>/dev/null | tr -d '\0')
	headers=$(tr -d '\r' <"$SCRATCH/headers" | sed 's/^[^: ]*:/\L&/')
}

# answers CODE NAME METHOD URL [CURL OPTION...]: the request gets that status.
answers() {
	local expected=$1 name=$2
	shift 2
	rm -f "$SCRATCH/body" "$SCRATCH/headers"
	request "$@"
	if [ "$code" = "$expected" ]; then
		pass "$name"
	else
		fail "$name"
		note "expected $expected, got $code, of: $*"
		note "body: ${body:0:2000}" "$(cat "$SCRATCH/curl.err")"
	fi
}

# raw TEXT [PORT]: sends the bytes of a printf format to a port and prints all that comes back.
raw() {
	# shellcheck disable=SC2059 # the argument is a format
	printf "$1" | timeout $DEADLINE socat -t $DEADLINE - "TCP:127.0.0.1:${2:-$PORT}" | tr -d '\r'
}

# json EXPRESSION [FILE]: evaluates Python on the JSON in a file (default: the last body) as j.
json() {
	$PYTHON -c 'import json, sys
j = json.load(open(sys.argv[2]))
print(eval(sys.argv[1]))' "$1" "${2:-body}"
}

# proto FILE: a script that writes delimited metric families: Python with family(), metric(), field(), double(),
# varint().
proto() {
	$PYTHON -c '
import struct, sys
def varint(n):
    out = b""
    n &= 2**64 - 1
    while True:
        byte, n = n & 0x7f, n >> 7
        out += bytes([byte | (0x80 if n else 0)])
        if not n: return out
def field(number, data): return varint(number << 3 | 2) + varint(len(data)) + data
def integer(number, value): return varint(number << 3) + varint(value)
def zigzag(n): return n << 1 if n >= 0 else -n * 2 - 1
def double(number, value): return varint(number << 3 | 1) + struct.pack("<d", value)
def family(name, kind, *metrics, help=b""):
    m = field(1, name) + (field(2, help) if help else b"") + integer(3, kind) + b"".join(field(4, x) for x in metrics)
    return varint(len(m)) + m
COUNTER, GAUGE, SUMMARY, UNTYPED, HISTOGRAM, GAUGE_HISTOGRAM = range(6)
exec(sys.stdin.read())
' >"$1"
}

# The header of a push in protobuf; "${protobuf#*: }" is the type.
protobuf='Content-Type: application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited'

# The files in groups/ of a spool, byte by byte in the order of their names, but the spares of a server that runs;
# "(none)" where there is none.
group_files() {
	local names
	names=$(LC_ALL=C ls -A --ignore='.pgw-*.spare' "$1/groups" 2>/dev/null)
	echo "${names:-(none)}"
}

# A group file without what differs from push to push: comments of the header, the two times, and how long a scrape
# took.
normal() {
	sed -E -e 's/^(push_time_seconds|push_failure_time_seconds|scrape_duration_seconds)(\{.*\}) [^0].*$/\1\2 TIME/' \
		-e 's/^(scrape_duration_seconds)(\{.*\}) 0\..*$/\1\2 TIME/' -e '/^# (HELP|TYPE) /!{/^#/d}' "$1"
}

# mount_small DIR SIZE: a file system that gets full; fails where this user may not mount.
mount_small() {
	mkdir -p "$1" && mount -t tmpfs -o "size=$2" tmpfs "$1" 2>/dev/null && mounts+=("$SCRATCH/${1#"$SCRATCH"/}")
}

# has_disk WHAT SIZE MKFS...: a file system of that size on a file, disk.img, mounted on disk. Where this user may not make
# one, WHAT is skipped.
has_disk() {
	local what=$1 size=$2
	shift 2
	rm -f disk.img
	truncate -s "$size" disk.img
	mkdir -p disk
	if ! "$@" disk.img >mkfs.log 2>&1; then
		skip "$what" "there is no $1: $(head -n 1 mkfs.log)"
	elif ! mount -o loop disk.img disk 2>mount.log; then
		skip "$what" "this user may not mount it on a loop device: $(head -n 1 mount.log)"
	else
		mounts+=("$SCRATCH/disk")
		return
	fi
	return 1
}

# The last line of a test: prints the plan, and exits.
done_testing() {
	local reports
	reports=$(grep -rlaE '(ERROR|WARNING): (Address|Leak|Thread)Sanitizer|runtime error: ' "$SCRATCH" 2>/dev/null)
	if [ -n "$reports" ]; then
		fail "no sanitizer has anything to report"
		# shellcheck disable=SC2086
		note "$(head -c 6000 $reports)"
	fi
	printf '1..%d\n' $test_count
	exit $((test_failures > 0))
}
