#!/bin/bash
# pgw-run: the command's life, its exit status, its signals, and what is pushed of it.
. "$(dirname "$0")/../lib.sh"

# value METRIC [GROUP]: what the spool has of it.
value() {
	sed -n "s/^$1{.*} //p" "spool/groups/job=${2:-job}.prom"
}

# reported GROUP METRIC VALUE
reported() {
	[ "$(value "$2" "$1" 2>/dev/null)" = "$3" ]
}

# One that does not hear SIGTERM is killed after ten seconds, while the rest is tested.
start stubborn pgw-run -d spool -j stubborn --timeout 0.1 sh -c 'trap "" TERM; while :; do sleep 0.1; done'
stubborn=$pid

before=$(date +%s)
exits 0 "a command that succeeds" pgw-run -d spool -j job -- printf '%s|' one 'two  words' -v
is "$out" 'one|two  words|-v|' "gets its arguments and the standard output"
is "$err" "" "nothing is said"
after=$(date +%s)
is "$(value job_run_exit_code)" 0 "its exit code is pushed"
is "$(value job_run_running)" 0 "and that it runs no more"
for name in start end success; do
	ok "job_run_${name}_time_seconds is the time of the run" awk -v t="$(value job_run_${name}_time_seconds)" \
		-v a="$before" -v b="$after" 'BEGIN { exit !(t >= a && t < b + 1) }'
done
is "$(grep -c '^job_run_' spool/groups/job=job.prom)" 9 "nine samples in all"
is "$(sed -n 's/^\(job_run_[a-z_]*{[^}]*\).*/\1}/p' spool/groups/job=job.prom)" \
	'job_run_cpu_seconds{instance="",job="job",mode="system"}
job_run_cpu_seconds{instance="",job="job",mode="user"}
job_run_duration_seconds{instance="",job="job"}
job_run_end_time_seconds{instance="",job="job"}
job_run_exit_code{instance="",job="job"}
job_run_max_resident_memory_bytes{instance="",job="job"}
job_run_running{instance="",job="job"}
job_run_start_time_seconds{instance="",job="job"}
job_run_success_time_seconds{instance="",job="job"}' "which are these"
need promtool
run promtool check metrics <spool/groups/job=job.prom
unlike "$out$err" 'error while' "promtool can read it"

success=$(value job_run_success_time_seconds)
exits 3 "a command that fails" pgw-run -d spool -j job sh -c 'echo out; echo err >&2; exit 3'
is "$out/$err" "out/err" "has standard output and standard error"
is "$(value job_run_exit_code)" 3 "its exit code is pushed"
is "$(value job_run_success_time_seconds)" "$success" "the last success stays"
exits 0 "standard input" sh -c 'echo in | pgw-run -d spool -j job cat'
is "$out" "in" "is the command's"
exits 0 "descriptors" sh -c 'ls -l /proc/self/fd >out.plain; pgw-run -d spool -j job ls -l /proc/self/fd >out.run
	wc -l <out.plain >plain; wc -l <out.run >run'
is "$(($(cat run) - $(cat plain)))" 1 "are the command's, with one for samples"
exits 0 "labels" pgw-run -d spool -j job -l instance=db1 -l step=2 true
ok "are the group's" test -f spool/groups/job=job,instance=db1,step=2.prom

# CPU time and memory are the command's.
exits 0 "a command that works" pgw-run -d spool -j busy "$PYTHON" -c 'x = bytearray(100 << 20); sum(range(3000000))'
ok "its CPU time is pushed" awk -v t="$(sed -n 's/^job_run_cpu_seconds{.*mode="user"} //p' spool/groups/job=busy.prom)" \
	'BEGIN { exit !(t > 0.01 && t < 60) }'
ok "its memory too" awk -v b="$(value job_run_max_resident_memory_bytes busy)" 'BEGIN { exit !(b > 100 * 1048576 && b < 2e9) }'

# Exit codes as env(1)'s.
exits 127 "a command that is not there" pgw-run -d spool -j job ./nothing
is "$err" 'pgw-run: can'\''t run "./nothing": No such file or directory' "is told of"
is "$(value job_run_exit_code)" 127 "and pushed"
exits 126 "one that can't be run" pgw-run -d spool -j job /
is "$(value job_run_exit_code)" 126 "is pushed"
for usage in "" "-d spool" "-d spool -j job" "-d spool -j job -l 1=x true" "-d spool -u http://x -j job true" \
	"--nonsense -j job true" "-d spool -j job --retry 0 true" "-d spool -j job -t 0 true" "-u : -j job true" "-d spool -j job --timeout x true" "-d spool true"; do
	# shellcheck disable=SC2086
	exits 125 "usage: $usage" pgw-run $usage
	like "$err" '^pgw-run: .*' "says what is wrong"
done
exits 125 "both variables of the environment" env PGW_SPOOL=spool PGW_URL=http://127.0.0.1:1 pgw-run -j job touch ran
exits 125 "a job with an empty value" pgw-run -d spool -j '' touch ran
exits 125 "a file with a password that is not there" pgw-run -u http://127.0.0.1:1 --basic-auth-file nothing -j job touch ran
ok "then nothing is run" test ! -e ran
exits 0 "-h" pgw-run -h
like "$out" '^usage: pgw-run ' "prints the usage"
exits 0 "-V" pgw-run -V
like "$out" '^pgw-run [0-9.]+$' "prints the version"
exits 0 "an option behind the command" pgw-run -d spool -j job echo -V
is "$out" "-V" "is the command's"

# Signals.
exits 143 "a command that a signal ends" pgw-run -d spool -j job sh -c 'kill -TERM $$'
is "$(value job_run_exit_code)" 143 "is 128 and the number"
is "$($PYTHON -c '
import subprocess, sys
print(subprocess.run(["pgw-run", "-d", "spool", "-j", "job", "sh", "-c", "kill -KILL $$"]).returncode)')" -9 \
	"pgw-run ends by the same signal"
for signal in HUP INT QUIT TERM USR1 USR2 WINCH; do
	start "passed-$signal" env --default-signal pgw-run -d spool -j "sig$signal" sh -c "trap 'exit 7' $signal; touch ready.$signal; while :; do sleep 0.05; done"
	await "the command runs" test -e "ready.$signal"
	kill "-$signal" "$pid"
	wait "$pid"
	is $? 7 "SIG$signal reaches the command"
	is "$(value job_run_exit_code "sig$signal")" 7 "whose exit code is pushed"
done
exits 5 "an ignored signal" sh -c 'trap "" HUP; exec pgw-run -d spool -j job sh -c "kill -HUP \$\$; exit 5"'

# interrupts OPTION...: how often a command hears a control-C that is typed at its terminal.
cat >count.py <<'END'
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
print("ready", flush=True)
count = 1
signal.sigwait([signal.SIGINT])
while signal.sigtimedwait([signal.SIGINT], 0.3):
    count += 1
print(f"heard {count}.", flush=True)
END
interrupts() {
	$PYTHON - "$PYTHON" "$@" <<'END'
import os, pty, signal, sys, time
python, *options = sys.argv[1:]
process, terminal = pty.fork()
if process == 0:
    os.execvp("pgw-run", ["pgw-run", "-d", "spool", "-j", "tty", *options, "--", python, "count.py"])
shown = b""
while b"." not in shown:
    shown += os.read(terminal, 1000)
    if shown == b"ready\r\n":
        # Two that come at once would be one: pgw-run has to be the later one.
        os.kill(process, signal.SIGSTOP)
        os.write(terminal, b"\x03")
        time.sleep(0.1)
        os.kill(process, signal.SIGCONT)
print(shown.split(b"heard ")[1].decode().strip(), os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]))
END
}
is "$(interrupts)" "1. 0" "a control-C reaches the command once"
is "$(interrupts --timeout 60)" "1. 0" "also in a process group of its own"

# While it runs.
start long pgw-run -d spool -j long sh -c 'until [ -e finish ]; do sleep 0.05; done'
await "a command that runs" reported long job_run_running 1
is "$(sed -n 's/^\(job_run_[a-z_]*\){.*/\1/p' spool/groups/job=long.prom | tr '\n' ' ')" \
	"job_run_running job_run_start_time_seconds " "is told of"
: >finish
wait "$pid"
is $? 0 "it ends"
is "$(value job_run_running long)" 0 "that too"

# --timeout
exits 124 "a command that takes too long" pgw-run -d spool -j job --timeout 0.3 sh -c 'sleep 60 & wait; echo late'
is "$out" "" "is ended"
is "$(value job_run_exit_code)" 124 "with the exit code of timeout(1)"
# Where the time is over before it could start anything, it gets more.
for limit in 0.3 3 30; do
	exits 124 "with all that it started in $limit s" pgw-run -d spool -j job --timeout $limit \
		sh -c 'sleep 60 & echo $! >child; wait'
	[ ! -s child ] || break
done
is_gone() {
	[ ! -e "/proc/$(cat child)" ] || grep -q '^State:.Z' "/proc/$(cat child)/status"
}
await "the child goes, too" is_gone
exits 0 "one that is in time" pgw-run -d spool -j job --timeout 60s true

# --lock
start holder pgw-run -d spool -j holder --lock job.lock sh -c 'touch held; until [ -e release ]; do sleep 0.05; done'
await "the lock is held" test -e held
exits 75 "a second run" pgw-run -d spool -j second --lock job.lock touch second
is "$err" "pgw-run: job.lock: another run has the lock" "is told why it does not run"
ok "it did not" test ! -e second
ok "and pushed nothing" test ! -e spool/groups/job=second.prom
: >release
wait "$pid"
exits 0 "afterwards it does" pgw-run -d spool -j second --lock job.lock true
exits 0 "a command that leaves a process behind" pgw-run -d spool -j second --lock job.lock sh -c 'sleep 60 >sleep.log 2>&1 & echo $! >child'
exits 0 "leaves the lock" pgw-run -d spool -j second --lock job.lock true
kill "$(cat child)"
exits 125 "a lock that can't be made" pgw-run -d spool -j second --lock no/where true
like "$err" '^pgw-run: no/where: No such file or directory' "is told of"

# Samples of the command's own.
exits 0 "samples on the descriptor" pgw-run -d spool -j own sh -c 'echo "own_items 5" >&$PGW_METRICS_FD; (echo "own_more 6" >&3)'
is "$(value own_items own)/$(value own_more own)" 5/6 "are pushed"
exits 0 "a descriptor 3 that was there" sh -c 'pgw-run -d spool -j own sh -c "echo kept >&3; echo own_items 7 >&\$PGW_METRICS_FD" 3>three'
is "$(cat three)/$(value own_items own)" kept/7 "stays"
exits 0 "--metrics-from" pgw-run -d spool -j file --metrics-from samples sh -c 'printf "from_file 8" >samples'
is "$(value from_file file)" 8 "is read after the command, with or without a last newline"
exits 0 "both" pgw-run -d spool -j both --metrics-from samples sh -c 'echo "from_fd 9" >&3; echo "from_file 10" >samples'
is "$(value from_fd both)/$(value from_file both)" 9/10 "are pushed"
exits 0 "samples with timestamps" pgw-run -d spool -j file sh -c 'echo "timed 1 1000" >&3'
like "$err" "^pgw-run: the command's samples are left out: PGW_METRICS_FD:1: .*timestamp" "are left out"
is "$(value timed file)" "" "all of them"
exits 4 "samples that don't parse" pgw-run -d spool -j file --metrics-from samples sh -c 'printf "good 1\nbad bad\n" >samples; exit 4'
like "$err" "^pgw-run: the command's samples are left out: samples:2: " "are told of with their place"
is "$(value job_run_exit_code file)" 4 "and the run is pushed"
exits 0 "a file that is not there" pgw-run -d spool -j file --metrics-from nothing true
is "$err" "pgw-run: the command's samples are left out: nothing: No such file or directory" "is told of"
exits 0 "a name of pgw-run's own" pgw-run -d spool -j file sh -c 'echo "job_run_exit_code 9" >&3'
like "$err" 'job_run_exit_code' "is left out"
is "$(value job_run_exit_code file)" 0 "and not taken"
pgw-push -d spool -j other <<<'# TYPE taken counter
taken 1'
exits 0 "samples that clash with another group" pgw-run -d spool -j file sh -c 'printf "# TYPE taken gauge\ntaken 1\n" >&3'
like "$err" "^pgw-run: the command's samples are left out: .*taken" "are left out"
is "$(value job_run_exit_code file)" 0 "and the run is pushed"

# Gateways: whatever they do, the command's exit status counts.
start_serve -d spool
exits 6 "over HTTP" pgw-run -u "$URL" -j http sh -c 'exit 6'
is "$(value job_run_exit_code http)" 6 "it is pushed"
need prometheus-pushgateway
start_peer upstream http://127.0.0.1:PORT/-/ready prometheus-pushgateway --persistence.file= --web.listen-address=127.0.0.1:PORT
exits 2 "to the upstream Pushgateway" pgw-run -u "http://127.0.0.1:$PORT" -j up sh -c 'echo "own_items 5" >&3; exit 2'
request GET "http://127.0.0.1:$PORT/metrics"
has "$body" 'job_run_exit_code{instance="",job="up"} 2' "it is there"
has "$body" 'own_items{instance="",job="up"} 5' "with the samples"
exits 6 "a gateway that is not there" pgw-run -u "http://127.0.0.1:$(free_port)" -j x sh -c 'exit 6'
like "$err" "^pgw-run: the run can't be reported: " "is told of"
start_responder breaks 500
exits 0 "a gateway that breaks" pgw-run -u "$URL" -j x true
like "$err" "can't be reported" "is told of"
start_responder silent 200 "" 60
exits 6 "a gateway that never answers" timeout $DEADLINE pgw-run -t 0.5 -u "$URL" -j x sh -c 'sleep 0.3; exit 6'
like "$err" "can't be reported" "holds up no longer than the limit"
start_responder half half
exits 6 "one that answers by half" timeout $DEADLINE pgw-run -t 0.5 -u "$URL" -j x sh -c 'exit 6'
like "$err" "can't be reported" "is told of"
mkdir locked
pgw-push -d locked -j first -g a=1
start lock-holder flock locked/lock sh -c 'touch is-locked; until [ -e unlock ]; do sleep 0.05; done'
await "somebody has the spool's lock" test -e is-locked
exits 6 "a spool that is locked" timeout $DEADLINE pgw-run -t 0.5 -d locked -j x sh -c 'sleep 0.3; exit 6'
like "$err" "can't be reported" "holds up no longer than the limit"
is "$(group_files locked)" job=first.prom "and gets nothing"
: >unlock
wait "$pid"
exits 6 "a spool that can't be written" pgw-run -d /proc/none -j x sh -c 'exit 6'
like "$err" "can't be reported" "is told of"

# The first push is that it runs, which a command of less than a tenth of a second does not have.
start_responder retried 200,503,200
exits 0 "--retry" pgw-run -u "$URL" -j x --retry 1 sh -c 'until grep -q job_run_running retried.log; do sleep 0.05; done'
is "$err" "" "reports, in silence"
is "$(sed 1d retried.log | wc -l)" 3 "at the second try"
start_responder zipped 200
first=$URL
exits 3 "several gateways" pgw-run -z -u "http://127.0.0.1:$(free_port)" -u "$first" -j x -- sh -c 'exit 3'
like "$err" "^pgw-run: the run can't be reported: " "are told of where one is not there"
like "$(tail -n 1 zipped.log)" '"content-encoding": "gzip".*job_run_exit_code 3' "the other has the run, compressed with -z"

wait "$stubborn"
is $? 124 "one that does not hear SIGTERM is killed"
is "$(value job_run_exit_code stubborn)" 124 "and pushed as any that takes too long"
done_testing
