"""What the torture tests share: running the tools on a spool, and the checker of what they leave."""

import atexit
import os
import re
import subprocess
import time

BIN = os.environ["PGW_BIN"]
DEADLINE = 60  # seconds until something that must happen counts as never

# Lines of the gateway's own families, which are each process's own.
OWN = re.compile(rb"(# (HELP|TYPE) )?(pgw|process|promhttp|pushgateway)_")


class Failure(Exception):
    pass


def tool(name):
    return os.path.join(BIN, name)


def run(command, text=b"", allowed=(0,)):
    """Runs a command; its standard output."""
    done = subprocess.run(command, input=text, capture_output=True, timeout=DEADLINE)
    if done.returncode not in allowed:
        raise Failure(f"{' '.join(command)}: status {done.returncode}: {(done.stdout + done.stderr).decode()}")
    return done.stdout


class Server:
    """A pgw-serve that stays. What it says is appended to a file, where a sanitizer's report is found."""

    def __init__(self, spool, options, log):
        with open(log, "ab") as file:
            start = file.tell()
            self.process = subprocess.Popen(
                [tool("pgw-serve"), "-d", spool, "--web.listen-address=127.0.0.1:0", *options],
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=file,
            )
        # However this program ends.
        atexit.register(self.process.kill)
        self.port = self.wait_ready(log, start)

    def wait_ready(self, log, start):
        end = time.monotonic() + DEADLINE
        while time.monotonic() < end and self.process.poll() is None:
            with open(log, "rb") as file:
                file.seek(start)
                text = file.read()
            found = re.search(rb"listening on http://127\.0\.0\.1:([0-9]+)\n", text)
            if found:
                return int(found.group(1))
            time.sleep(0.002)
        raise Failure(f"pgw-serve does not start: see {log}")

    def exposition(self):
        return run(["curl", "-sSf", "-m", str(DEADLINE), f"http://127.0.0.1:{self.port}/metrics"])

    def end(self, signal):
        """Its exit status."""
        self.process.send_signal(signal)
        status = self.process.wait(DEADLINE)
        atexit.unregister(self.process.kill)
        return status


def without_own(exposition):
    return b"".join(line for line in exposition.splitlines(keepends=True) if not OWN.match(line))


def own_value(exposition, name):
    return int(re.search(rb"^%s (\S+)$" % name.encode(), exposition, re.MULTILINE).group(1))


def fresh_exposition(spool):
    """By a process that has just read all files."""
    answer = run([tool("pgw-serve"), "-d", spool, "-i"], b"GET /metrics HTTP/1.0\r\n\r\n")
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200 "):
        raise Failure(f"pgw-serve -i: {head.decode()}")
    return body


def compare_views(spool, servers):
    """Each server's view is that of a fresh scan, and leaves nothing out."""
    fresh = fresh_exposition(spool)
    for server in servers:
        there = server.exposition()
        if without_own(there) == without_own(fresh):
            continue
        difference = set(without_own(there).splitlines()) ^ set(without_own(fresh).splitlines())
        raise Failure(f"a view differs from a fresh scan: {sorted(difference)[:6]}")
    left_out = own_value(fresh, "pgw_spool_rejected_groups")
    if left_out:
        raise Failure(f"{left_out} groups are left out: {run([tool('pgw-list'), '-d', spool, '-v'])[:2000]}")
    return fresh


def compare_catalog(spool):
    """The catalog, where there is one that can be used, says what the group files do. Whether there is one."""
    command = [os.path.join(BIN, "tests/tools/catalog_agrees"), spool]
    done = subprocess.run(command, capture_output=True, timeout=DEADLINE)
    if done.returncode not in (0, 2):
        raise Failure(f"catalog_agrees: status {done.returncode}: {(done.stdout + done.stderr).decode()}")
    return done.returncode == 0


def debris(spool, servers):
    """Temporary files, but for the spares of servers that run."""
    own = tuple(f".pgw-{server.process.pid}-" for server in servers)
    names = [name for name in os.listdir(os.path.join(spool, "groups")) + os.listdir(spool) if name.startswith(".")]
    return [name for name in names if not (name.startswith(own) and name.endswith(".spare"))]
