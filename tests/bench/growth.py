"""Measures how pgw and the upstream get on with more and more groups, and draws it: pushes a second, scrapes, memory,
start. BENCH_SECONDS and TMPDIR are as for table.py.

	growth.py DIRECTORY SVG	the numbers go to growth.tsv and, as Markdown, growth.md in DIRECTORY
"""

import os
import shutil
import statistics
import subprocess
import sys

import load
import machine
from client import Client, Failed, check_groups, fetch, push_all
from load import TURNS, progress
from servers import PgwServe, Upstream

GROUPS = (10, 100, 1000, 10000, 100000)
CONNECTIONS = 32
# With more groups it takes minutes: to scrape and start, or to take a few pushes.
UPSTREAM_GROUPS = 10000
CHECKED_GROUPS = 1000
UNCHECKED = "--push.disable-consistency-check"
NO_SYNC = "--spool.sync=none"

# Columns of growth.tsv, with their names and units in growth.md. growth.gnuplot draws them by their names here.
CURVES = {
    "pushes_on_disk": ("pushes/s, on disk", 1, "{:,.0f}"),
    "pushes_no_sync": ("pushes/s, sync=none", 1, "{:,.0f}"),
    "upstream_pushes_unchecked": ("upstream, unchecked, in memory", 1, "{:,.0f}"),
    "upstream_pushes_checked": ("upstream, checked, in memory", 1, "{:,.0f}"),
    "scrape_plain": ("scrape, ms", 1e3, "{:,.2f}"),
    "scrape_gzip": ("scrape, gzip, ms", 1e3, "{:,.2f}"),
    "upstream_scrape_plain": ("upstream: scrape, ms", 1e3, "{:,.1f}"),
    "upstream_scrape_gzip": ("upstream: scrape, gzip, ms", 1e3, "{:,.1f}"),
    "exposition": ("exposition, MB", 1e-6, "{:,.2f}"),
    "memory": ("memory, MB", 1e-6, "{:,.1f}"),
    "upstream_memory": ("upstream: memory, MB", 1e-6, "{:,.1f}"),
    "start": ("start to first scrape, ms", 1e3, "{:,.1f}"),
    "upstream_start": ("upstream: start to first scrape, ms", 1e3, "{:,.1f}"),
}


def scrape(port, gzip):
    """The median of scrapes for half a measurement's time, at least 3."""
    seconds = []
    with Client(port) as client:
        while len(seconds) < 3 or (sum(seconds) < load.SECONDS / 2 and len(seconds) < 200):
            seconds.append(client.get("/metrics", gzip))
    return statistics.median(seconds)


class Growth:
    """One number of groups. .points: by curve, what each turn gave. .failures: what could not be measured, and why."""

    def __init__(self, scratch, wrk, groups):
        self.wrk = wrk
        self.groups = groups
        self.spool = os.path.join(scratch, f"spool{groups}")
        self.file = os.path.join(scratch, f"upstream{groups}")
        self.points = {}
        self.failures = []

    def add(self, curve, value):
        self.points.setdefault(curve, []).append(value)

    def fill(self):
        with PgwServe(self.spool, NO_SYNC) as server:
            push_all(server.port, range(self.groups))
            check_groups(server.port, self.groups)
            self.add("exposition", len(fetch(server.port)))

    def fill_upstream(self):
        with Upstream(UNCHECKED, file=self.file) as server:
            push_all(server.port, range(self.groups))
            check_groups(server.port, self.groups)
            server.persist()

    def push(self, curve, server):
        self.add(curve, self.wrk.push(server.port, self.groups, CONNECTIONS)["rate"])

    def visit(self, server, prefix, pushes):
        """Start, pushes, scrapes, memory: on a server that was just started."""
        with server:
            self.add(prefix + "start", server.seconds_to_first_scrape())
            self.push(prefix + pushes, server)
            check_groups(server.port, self.groups)
            self.add(prefix + "scrape_plain", scrape(server.port, False))
            self.add(prefix + "scrape_gzip", scrape(server.port, True))
            self.add(prefix + "memory", server.resident())

    def visit_ours(self):
        self.visit(PgwServe(self.spool), "", "pushes_on_disk")
        with PgwServe(self.spool, NO_SYNC) as server:
            self.push("pushes_no_sync", server)

    def visit_upstream(self):
        self.visit(Upstream(UNCHECKED, file=self.file), "upstream_", "pushes_unchecked")
        if self.groups <= CHECKED_GROUPS:
            with Upstream(file=self.file) as server:
                self.push("upstream_pushes_checked", server)

    def attempt(self, step):
        progress.say(f"{self.groups:,} groups: {step.__name__}")
        try:
            step()
            return True
        except (Failed, OSError, subprocess.TimeoutExpired) as error:
            self.failures.append(f"{self.groups:,} groups: {step.__name__}: {error}")
            return False

    def measure(self):
        visits = []
        if self.attempt(self.fill):
            visits.append(self.visit_ours)
        if self.groups <= UPSTREAM_GROUPS and self.attempt(self.fill_upstream):
            visits.append(self.visit_upstream)
        for _ in range(TURNS):
            visits = [visit for visit in visits if self.attempt(visit)]
        shutil.rmtree(self.spool, ignore_errors=True)

    def value(self, curve):
        """The median of the turns; None where not all of them came to an end."""
        points = self.points.get(curve, [])
        return statistics.median(points) if len(points) == (1 if curve == "exposition" else TURNS) else None


def write_tsv(path, growths):
    with open(path, "w") as file:
        print("groups", *CURVES, sep="\t", file=file)
        for growth in growths:
            values = (growth.value(curve) for curve in CURVES)
            print(growth.groups, *("NaN" if value is None else f"{value:g}" for value in values), sep="\t", file=file)


def table(growths):
    lines = [["groups", *(f"{growth.groups:,}" for growth in growths)], ["---"] + ["---:"] * len(growths)]
    for curve, (name, factor, shown) in CURVES.items():
        values = [growth.value(curve) for growth in growths]
        lines.append([name, *("" if value is None else shown.format(value * factor) for value in values)])
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def draw(data, svg):
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "growth.gnuplot")
    load.run(["gnuplot", "-e", f"data = '{data}'; svg = '{svg}'", script])


def main():
    directory, svg = sys.argv[1:]
    growths = []
    with load.scratch_folder() as scratch:
        wrk = load.Wrk(scratch)
        for groups in GROUPS:
            growths.append(Growth(scratch, wrk, groups))
            growths[-1].measure()
        description = machine.describe(scratch)
    progress.end()
    data = os.path.join(directory, "growth.tsv")
    write_tsv(data, growths)
    image = "![Growth with the number of groups](tests/bench/growth.svg)"
    text = f"{image}\n\n{table(growths)}\n\n`make bench-growth`: {description}\n"
    with open(os.path.join(directory, "growth.md"), "w") as file:
        file.write(text)
    print(text)
    failures = [failure for growth in growths for failure in growth.failures]
    for failure in failures:
        print(f"not measured: {failure}", file=sys.stderr)
    if failures:
        return 1  # and the plot that is there stays
    try:
        draw(data, svg)
    except Failed as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Drawn: {svg}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
