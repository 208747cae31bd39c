"""Measures pgw beside its peers in one run and prints a table of ratios, with what they should reach (rows.py).
BENCH_SECONDS (default 3) is the length of each measurement under load. The spools are in TMPDIR, which must be on a
disk. What could not be measured is said, and makes the exit status 1.

	table.py MARKDOWN	the table is written to that file, too
"""

import contextlib
import functools
import os
import random
import statistics
import sys
import threading

import load
import machine
import programs
import rows
from client import Client, Failed, check_groups, fetch, push_all
from load import DAV, PUSH, TURNS, in_turns, progress
from servers import Nginx, PgwServe, Targets, Upstream

NO_SYNC = "--spool.sync=none"
UNCHECKED = "--push.disable-consistency-check"
SYNCS = {"on disk": [], "sync=none": [NO_SYNC]}
CHANGED = 100  # groups between two scrapes
SCRAPES = 30  # the median of which counts
TARGETS = 1000


def group_bytes(spool):
    """The average size of a group's file."""
    with os.scandir(os.path.join(spool, "groups")) as entries:
        sizes = [entry.stat().st_size for entry in entries]
    return sum(sizes) // len(sizes)


def scrape_after_changes(client, port):
    push_all(port, random.sample(range(10000), CHANGED))
    return client.get("/metrics", True)


class Bench:
    """.values: what was measured, by key; a Failed where that could not be."""

    def __init__(self, scratch, stack):
        self.scratch = scratch
        self.stack = stack
        self.wrk = load.Wrk(scratch)
        self.values = {}
        self.servers = {}

    def path(self, name):
        return os.path.join(self.scratch, name)

    def spool(self, sync, groups):
        return self.path(f"{sync.replace(' ', '-').replace('=', '-')}-{groups}")

    def start(self, key, create, groups=0):
        """Starts a server and gives it groups. Where that fails, so does what is measured with it."""
        progress.say(f"start {key}")
        try:
            server = self.stack.enter_context(create())
            push_all(server.port, range(groups))
            self.servers[key] = server
        except (Failed, OSError) as error:
            self.servers[key] = Failed(f"{key}: {error}")

    def server(self, key):
        server = self.servers[key]
        if isinstance(server, Failed):
            raise server
        return server

    def port(self, key):
        return self.server(key).port

    def measure(self, measurements, turns=TURNS):
        self.values.update(in_turns(measurements, turns))

    def start_all(self):
        for sync, options in SYNCS.items():
            for groups in (10, 1000, 10000):
                self.start((sync, groups), functools.partial(PgwServe, self.spool(sync, groups), *options), groups)
        # At 1,000 groups a checked one takes 18 pushes a second: it gets what an unchecked one wrote.
        file = self.path("upstream")
        self.start("filled", functools.partial(Upstream, UNCHECKED, file=file), 1000)
        if not isinstance(self.servers["filled"], Failed):
            self.servers["filled"].persist()
        self.start(("checked", 1000), functools.partial(Upstream, file=file))
        self.start(("unchecked", 1000), functools.partial(Upstream, UNCHECKED, file=file))
        self.start(("unchecked", 10000), functools.partial(Upstream, UNCHECKED), 10000)
        self.start("nginx", functools.partial(Nginx, self.path("nginx")))

    def push_rate(self, key, connections):
        groups = key[1]
        rate = self.wrk.push(self.port(key), groups, connections)["rate"]
        check_groups(self.port(key), groups)
        return rate

    def measure_pushes(self):
        """Under load, all that takes pushes."""
        measurements = {}
        ours = [(sync, groups) for sync in SYNCS for groups in (10, 1000, 10000)]
        for key in (*ours, ("unchecked", 1000), ("checked", 1000)):
            for connections in rows.CONNECTIONS:
                measurements["pushes", *key, connections] = functools.partial(self.push_rate, key, connections)
        for connections in rows.CONNECTIONS:
            measurements["pushes", "dav", 1000, connections] = functools.partial(
                lambda c: self.wrk.push(self.port("nginx"), 1000, c, DAV)["rate"], connections)
        measurements["files", 16] = lambda: load.synced_files(
            self.path("files"), 1000, group_bytes(self.spool("on disk", 1000)), 16)
        self.measure(measurements)

    def scrape(self, key, gzip, count, path="/metrics"):
        with Client(self.port(key)) as client:
            return statistics.median(client.get(path, gzip) for _ in range(count))

    def scrape_nginx(self, key):
        """Has nginx send what we answer."""
        with open(os.path.join(self.server("nginx").files, "scrape"), "wb") as file:
            file.write(fetch(self.port(key)))
        return self.scrape("nginx", False, SCRAPES, "/scrape")

    def measure_scrapes(self):
        """10,000 groups. The median of several at each turn, but for the upstream, where one takes seconds."""
        ours, upstream = (("on disk", 10000), ("unchecked", 10000))
        for key in (ours, upstream):
            check_groups(self.port(key), 10000)
        self.measure({
            ("scrape", "nginx"): lambda: self.scrape_nginx(ours),
            ("scrape", "plain"): lambda: self.scrape(ours, False, SCRAPES),
            ("scrape", "gzip"): lambda: self.scrape(ours, True, SCRAPES),
            ("scrape", "upstream gzip"): lambda: self.scrape(upstream, True, 1),
        })
        # One after the other: a scrape takes 1 or 2 ms, depending on what the machine did just before.
        port = self.port(ours)
        with Client(port) as client:
            self.measure({("scrape", "changed"): lambda: scrape_after_changes(client, port),
                          ("scrape", "unchanged"): lambda: client.get("/metrics", True)}, SCRAPES)

    def resident(self, key):
        """After a scrape of either kind, and all that came before."""
        for gzip in (False, True):
            self.scrape(key, gzip, 1)
        return self.server(key).resident()

    def measure_memory(self):
        self.measure({("memory", "ours"): lambda: self.resident(("on disk", 10000)),
                      ("memory", "upstream"): lambda: self.resident(("unchecked", 10000))})

    def p99(self, gzip=None):
        """Of pushes on 4 connections, with a client that scrapes as fast as it can unless gzip is None."""
        port = self.port(("on disk", 10000))
        stop = threading.Event()
        scrapes, failures = [], []

        def scrape():
            try:
                with Client(port) as client:
                    while not stop.is_set():
                        scrapes.append(client.get("/metrics", gzip))
            except (Failed, OSError) as error:
                failures.append(error)

        thread = threading.Thread(target=scrape)
        if gzip is not None:
            thread.start()
        try:
            p99 = self.wrk.push(port, 10000, 4, PUSH)["p99"]
        finally:
            stop.set()
            if gzip is not None:
                thread.join()
        if failures:
            raise Failed(f"a scrape failed: {failures[0]}")
        if gzip is not None and len(scrapes) < 2:
            raise Failed("no scrape ended while pushes came")
        return p99

    def measure_latency(self):
        self.measure({("p99", "alone"): self.p99,
                      ("p99", "plain"): lambda: self.p99(False),
                      ("p99", "gzip"): lambda: self.p99(True)})

    def measure_programs(self):
        """After all servers have ended: on their spools, and alone on the machine."""
        self.stack.close()
        spools = {groups: self.spool("on disk", groups) for groups in (10, 10000)}
        self.measure({
            **{("pgw-push -d", groups): functools.partial(programs.pgw_push, self.scratch, spool, groups)
               for groups, spool in spools.items()},
            **{("inetd", groups): functools.partial(programs.inetd_push, self.scratch, spool, groups)
               for groups, spool in spools.items()},
            ("run", "pgw-run true"): lambda: programs.pgw_run(self.scratch, spools[10]),
            ("run", "true"): lambda: programs.true(self.scratch),
        })

    def measure_relay(self):
        with PgwServe(self.path("relayed"), NO_SYNC) as gateway, Targets(TARGETS) as targets:
            list_of_urls = self.path("urls")
            with open(list_of_urls, "w") as file:
                file.writelines(f"{url}\n" for url in targets.urls)
            self.measure({
                ("relay", "ours"): lambda: programs.relay(gateway.port, targets.urls),
                ("relay", "curl"): lambda: programs.curl_loop(gateway.port, list_of_urls, TARGETS),
            })

    def measure_parser(self):
        exposition = self.path("node_exporter")
        programs.write_exposition(exposition)
        self.measure({
            ("parse", "ours"): lambda: programs.parse_rate(exposition),
            ("parse", "promtool"): lambda: programs.promtool_rate(exposition),
        })

    def run(self):
        for step in (self.start_all, self.measure_pushes, self.measure_scrapes, self.measure_memory,
                     self.measure_latency, self.measure_programs, self.measure_relay, self.measure_parser):
            try:
                step()
            except (Failed, OSError) as error:
                progress.end()
                print(f"{step.__name__}: {error}", file=sys.stderr)


def main():
    with load.scratch_folder() as scratch, contextlib.ExitStack() as stack:
        bench = Bench(scratch, stack)
        bench.run()
        description = machine.describe(scratch)
    progress.end()
    lines = [rows.Line.of(row, bench.values) for row in rows.rows()]
    print(rows.plain(lines) + "\n\n" + description)
    with open(sys.argv[1], "w") as file:
        file.write(f"{rows.markdown(lines)}\n\n`make bench`: {description}\n")
    print(f"As Markdown: {sys.argv[1]}")
    for line in lines:
        if line.failure:
            print(f"not measured: {line.cells[0]}: {line.failure}", file=sys.stderr)
    return 1 if any(line.failure for line in lines) else 0


if __name__ == "__main__":
    sys.exit(main())
