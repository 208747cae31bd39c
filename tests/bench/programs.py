"""Programs that run for one push, one command or one file: pgw-push, pgw-serve as inetd starts it, pgw-run, the relay,
the parser, promtool."""

import os
import random
import re
import socket
import statistics
import subprocess
import time

import body
from client import Failed, fetch, push_request
from load import SECONDS, run, settle
from servers import PROGRAMS, Server, free_port

EXPOSITION_SIZE = 2_000_000

# What people have in their crontabs, with the gateway as the first argument and a target as the second.
CURL_LOOP = """
target=${1#http://}
curl -s -f "$1" | curl -s -f --data-binary @- "$0/metrics/job/curl/instance/${target%/metrics}"
"""
SAMPLES_OF_A_TARGET = 20


def median_of_runs(once):
    """The median of the seconds that once() returns, of as many as fit in the time of a measurement, at least 5."""
    end = time.perf_counter() + SECONDS
    seconds = []
    while len(seconds) < 5 or time.perf_counter() < end:
        seconds.append(once())
    return statistics.median(seconds)


def spawn_seconds(command, **options):
    """From the start of a process to its end. posix_spawn does not copy this process, which would count, too."""
    begin = time.perf_counter()
    process = os.posix_spawn(command[0], command, os.environ, **options)
    status = os.waitpid(process, 0)[1]
    seconds = time.perf_counter() - begin
    if status != 0:
        raise Failed(f"{os.path.basename(command[0])}: wait status {status}")
    return seconds


def pgw_push(scratch, spool, groups):
    """Seconds of pgw-push -d to one of the groups of a spool."""
    settle(scratch)
    files = []
    for i, text in enumerate(body.variants()):
        files.append(os.path.join(scratch, f"push{i}.prom"))
        with open(files[-1], "wb") as file:
            file.write(text)
    program = os.path.join(PROGRAMS, "pgw-push")
    return median_of_runs(lambda: spawn_seconds(
        [program, "-d", spool, "-j", "bench", "-l", f"instance=host{random.randrange(groups)}", random.choice(files)]))


def inetd_push(scratch, spool, groups):
    """Seconds of a push through pgw-serve as inetd nowait starts it: with a connection as descriptors 0 and 1."""
    settle(scratch)
    bodies = body.variants()
    command = [os.path.join(PROGRAMS, "pgw-serve"), "-i", "-d", spool]

    def once():
        request = push_request(random.randrange(groups), random.choice(bodies))
        with socket.create_server(("127.0.0.1", 0)) as listener:
            with socket.create_connection(listener.getsockname()) as client:
                server = listener.accept()[0]
                client.sendall(request.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1))
                with server:
                    actions = [(os.POSIX_SPAWN_DUP2, server.fileno(), 0), (os.POSIX_SPAWN_DUP2, server.fileno(), 1)]
                    seconds = spawn_seconds(command, file_actions=actions)
                answer = client.recv(65536)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise Failed(f"pgw-serve -i answered {answer[:100]}")
        return seconds

    return median_of_runs(once)


def pgw_run(scratch, spool):
    """Seconds of pgw-run true, which tells a spool of it."""
    settle(scratch)
    command = [os.path.join(PROGRAMS, "pgw-run"), "-d", spool, "-j", "bench", "/bin/true"]
    return median_of_runs(lambda: spawn_seconds(command))


def true(scratch):
    """Seconds of true alone."""
    settle(scratch)
    return median_of_runs(lambda: spawn_seconds(["/bin/true"]))


def cpu_seconds(command, **options):
    """What a command and all the processes that it waited for spent."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, **options)
    status, usage = os.wait4(process.pid, 0)[1:]
    process.returncode = status
    if status != 0:
        raise Failed(f"{command[0]}: wait status {status}")
    return usage.ru_utime + usage.ru_stime


def check_relayed(port, job, targets):
    """That all samples of all targets have come."""
    found = sum(line.startswith("target_") and f'job="{job}"' in line for line in fetch(port).decode().splitlines())
    if found != SAMPLES_OF_A_TARGET * targets:
        raise Failed(f"the gateway has {found} samples of {targets} targets from {job}")


def relay(port, urls):
    """CPU seconds of pgw-scrape-relay, from these targets to the gateway on a port."""
    seconds = cpu_seconds([os.path.join(PROGRAMS, "pgw-scrape-relay"), "-u", f"http://127.0.0.1:{port}", "-j", "relay",
                           *urls])
    check_relayed(port, "relay", len(urls))
    return seconds


def curl_loop(port, list_of_urls, targets):
    """The same of curl | curl, eight at a time."""
    with open(list_of_urls) as urls:
        seconds = cpu_seconds(["xargs", "-P8", "-n1", "sh", "-c", CURL_LOOP, f"http://127.0.0.1:{port}"], stdin=urls)
    check_relayed(port, "curl", targets)
    return seconds


class Exporter(Server):
    """node_exporter, whose text is the most ordinary there is."""

    def __init__(self):
        self.port = free_port()
        super().__init__(["prometheus-node-exporter", f"--web.listen-address=127.0.0.1:{self.port}",
                          "--log.level=error"], stderr=subprocess.DEVNULL)
        self.await_port()


def write_exposition(path):
    """What node_exporter says of this machine, repeated with other instances until it has the size."""
    with Exporter() as exporter:
        text = fetch(exporter.port).decode()
    families = {}
    for line in text.splitlines(keepends=True):
        if line.startswith("# HELP"):
            head, samples = families.setdefault(line.split()[2], ([], []))
        (head if line[0] == "#" else samples).append(line)
    once = sum(len(line) for _, samples in families.values() for line in samples)
    with open(path, "w") as out:
        for head, samples in families.values():
            out.writelines(head)
            for host in range(EXPOSITION_SIZE // once + 1):
                for line in samples:
                    series, value = line.rsplit(" ", 1)
                    label = f'instance="host{host}"'
                    series = re.sub(r"\}$", f",{label}}}", series) if "{" in series else f"{series}{{{label}}}"
                    out.write(f"{series} {value}")


def parse_rate(path):
    """Bytes a second that one core parses, checks and writes as canonical text; the best of many, as for promtool."""
    for line in run([os.path.join(PROGRAMS, "tests/bench/parse"), path, str(SECONDS)]).splitlines():
        if line.startswith("push "):
            return float(line.split()[1]) * 1e6
    raise Failed("parse printed no rate")


def promtool_rate(path):
    """The same of promtool check metrics. The time that it needs for nothing at all is not counted."""
    return os.stat(path).st_size / (best_check(path) - best_check(os.devnull))


def best_check(path):
    best = None
    for _ in range(5):
        with open(path, "rb") as file:
            begin = time.perf_counter()
            try:
                status = subprocess.run(["promtool", "check", "metrics"], stdin=file, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL).returncode
            except FileNotFoundError:
                raise Failed("promtool is not installed") from None
            seconds = time.perf_counter() - begin
        if status not in (0, 3):  # 3: it has advice on style
            raise Failed(f"promtool check metrics: exit status {status}")
        best = min(best or seconds, seconds)
    return best
