"""Load: pushes by wrk, files by threads that sync; medians of measurements in turns."""

import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import tempfile

import body
import machine
from client import Failed
from servers import PROGRAMS

SECONDS = float(os.environ.get("BENCH_SECONDS", "3"))
WARM_UP = 1  # seconds
TURNS = 3

# What wrk asks for: method, and what stands before and after the number of the group in the path.
PUSH = ("POST", "/metrics/job/bench/instance/host", "")
DAV = ("PUT", "/groups/host", ".prom")


class Progress:
    """One line on a terminal that says what is being measured."""

    def __init__(self):
        self.shown = sys.stderr.isatty()

    def say(self, text):
        if self.shown:
            print(f"\r\033[K{text[:78]}", end="", file=sys.stderr, flush=True)

    def end(self):
        self.say("")


progress = Progress()


@contextlib.contextmanager
def scratch_folder():
    """A folder of TMPDIR, removed at the end, which also comes by SIGTERM."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="pgw-bench.") as scratch:
        if machine.filesystem(scratch) in ("tmpfs", "ramfs"):
            sys.exit(f"{scratch} is in memory: set TMPDIR to a folder on a disk")
        yield scratch


def settle(folder):
    """Has what earlier measurements left written, so that the next one doesn't pay for it."""
    run(["sync", "-f", folder])


class Wrk:
    """Pushes in a scratch folder, from which the bodies are read."""

    def __init__(self, scratch):
        self.scratch = scratch
        self.bodies = os.path.join(scratch, "bodies")
        body.write(self.bodies)

    def push(self, port, groups, connections, what=PUSH):
        """rate: pushes a second; p99: seconds. After some pushes that don't count: a system may have taken away the memory
        of a server that was idle while others were measured, the more of it the more groups there are."""
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "push.lua")
        for seconds in (WARM_UP, SECONDS):
            settle(self.scratch)
            command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{max(1, round(seconds))}s", "--timeout", "60s",
                       "-s", script, f"http://127.0.0.1:{port}/", "--", *what, str(groups), self.bodies,
                       str(body.VARIANTS)]
            output = run(command)
            try:
                result = json.loads(output.strip().split("\n")[-1])
            except ValueError:
                raise Failed(f"wrk printed no result: {output}") from None
            if result["refused"] or result["broken"]:
                raise Failed(f"{result['refused']:.0f} pushes were refused, {result['broken']:.0f} connections broke")
        return result


def run(command, **options):
    """The standard output of a command that must succeed."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    except FileNotFoundError:
        raise Failed(f"{command[0]} is not installed") from None
    if done.returncode != 0:
        raise Failed(f"{command[0]}: exit status {done.returncode}: {(done.stderr or done.stdout).strip()[-300:]}")
    return done.stdout


def synced_files(folder, files, size, threads):
    """Files a second that threads write, sync, rename and sync the directory of."""
    os.makedirs(folder, exist_ok=True)
    settle(folder)
    program = os.path.join(PROGRAMS, "tests/bench/fsync_threads")
    return float(run([program, folder, str(files), str(size), str(threads), str(SECONDS)]))


def in_turns(measurements, turns=TURNS):
    """The median of each of {key: function}, run in turns: machines have better and worse seconds. What fails once is
    not tried again: its value is the Failed."""
    values = {key: [] for key in measurements}
    failures = {}
    for turn in range(1, turns + 1):
        for key, measure in measurements.items():
            if key in failures:
                continue
            progress.say(f"turn {turn} of {turns}: {', '.join(map(str, key))}")
            try:
                values[key].append(measure())
            except (Failed, OSError) as error:
                failures[key] = error if isinstance(error, Failed) else Failed(str(error))
    return {key: failures.get(key) or statistics.median(values[key]) for key in measurements}
