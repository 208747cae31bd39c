"""The rows of the table: what is measured beside which peer, and what the ratio should reach. Prints them, too."""

from dataclasses import dataclass

from client import Failed

CONNECTIONS = (4, 32)


def times(value):
    return f"{value:,.2f}×" if value < 10 else f"{value:,.0f}×"


@dataclass
class Row:
    """A line of the table: ours and peer are keys of what was measured."""
    what: str
    ours: object
    peer: object
    peer_name: str
    show: object  # formats a measured value
    ratio: object  # of ours and the peer's, or by how much they differ
    reach: float
    aim: float
    more: bool = True  # a higher ratio is better
    aim_ours: float = None  # an aim for ours instead of for the ratio
    show_ratio: object = times  # formats it, reach and aim


def rate(value):
    return f"{value:,.0f}/s" if value >= 100 else f"{value:,.1f}/s"


def seconds(value):
    return f"{value * 1e3:,.1f} ms" if value >= 1e-3 else f"{value * 1e6:,.0f} µs"


def megabytes(value):
    return f"{value / 1e6:,.1f} MB"


def megabytes_a_second(value):
    return f"{value / 1e6:,.{0 if value >= 1e8 else 1}f} MB/s"


def times_as_many(ours, peer):
    return ours / peer


def times_faster(ours, peer):
    return peer / ours


def seconds_over(ours, peer):
    return ours - peer


def rows():
    upstream = "prometheus-pushgateway"
    for sync in ("on disk", "sync=none"):
        for c in CONNECTIONS:
            yield Row(f"pushes/s, 10,000 groups ÷ 10 groups, {sync}, {c} connections", ("pushes", sync, 10000, c),
                      ("pushes", sync, 10, c), "ourselves", rate, times_as_many, 0.8, 0.95)
    for peer, name, reach, aim in (("checked", f"{upstream}, checked", 400, 1000),
                                   ("unchecked", f"{upstream}, unchecked, in memory", 0.8, 2),
                                   ("dav", "nginx, DAV PUT", 1.5, 3)):
        for c in CONNECTIONS:
            yield Row(f"pushes/s, checked, sync=none, 1,000 groups, {c} connections", ("pushes", "sync=none", 1000, c),
                      ("pushes", peer, 1000, c), name, rate, times_as_many, reach, aim)
    yield Row("durable pushes/s, 1,000 groups, 32 connections", ("pushes", "on disk", 1000, 32), ("files", 16),
              "16 threads that write, fsync, rename, fsync the directory", rate, times_as_many, 1, 3)
    yield Row("scrape of 10,000 groups, nothing changed", ("scrape", "plain"), ("scrape", "nginx"),
              "nginx, a file of that size", seconds, times_faster, 0.6, 0.95)
    yield Row("the same, gzip", ("scrape", "gzip"), ("scrape", "upstream gzip"), upstream, seconds, times_faster,
              30, 100)
    yield Row("the same after 100 groups changed, gzip", ("scrape", "changed"), ("scrape", "unchanged"),
              "ourselves, unchanged", seconds, times_as_many, 2, 1.2, more=False)
    yield Row("resident memory at 10,000 groups, after scrapes", ("memory", "ours"), ("memory", "upstream"), upstream,
              megabytes, times_as_many, 1 / 5, 1 / 10, more=False)
    for kind in ("pgw-push -d", "inetd"):
        yield Row(f"a push through {kind}, 10,000 groups ÷ 10", (kind, 10000), (kind, 10), "ourselves", seconds,
                  times_as_many, 1.5, 1.1, more=False)
    yield Row("parse, check, canonical text, one core", ("parse", "ours"), ("parse", "promtool"),
              "promtool check metrics", megabytes_a_second, times_as_many, 50, 50, aim_ours=1e9)
    for kind in ("plain", "gzip"):
        yield Row(f"p99 of pushes while a client scrapes in a loop, {kind}", ("p99", kind), ("p99", "alone"),
                  "ourselves without it", seconds, times_as_many, 3, 1.5, more=False)
    yield Row("CPU time of a relay of 1,000 targets over HTTP", ("relay", "ours"), ("relay", "curl"),
              "xargs -P8 of curl | curl", seconds, times_faster, 20, 20)
    yield Row("pgw-run true, beyond what true takes", ("run", "pgw-run true"), ("run", "true"), "true", seconds,
              seconds_over, 0.005, 0.005, more=False, show_ratio=seconds)


@dataclass
class Line:
    """A row with its measured values, ready to print."""
    cells: list
    failure: Failed = None

    @classmethod
    def of(cls, row, values):
        found = [values.get(key, Failed("was not measured")) for key in (row.ours, row.peer)]
        limit = "≥ {}" if row.more else "≤ {}"
        aim = megabytes_a_second(row.aim_ours) if row.aim_ours else row.show_ratio(row.aim)
        limits = [limit.format(row.show_ratio(row.reach)), limit.format(aim)]
        failure = next((value for value in found if isinstance(value, Failed)), None)
        shown = ["-" if isinstance(value, Failed) else row.show(value) for value in found]
        if failure:
            return cls([row.what, shown[0], shown[1], row.peer_name, "-", *limits, "not measured"], failure)
        ratio = row.ratio(*found)
        return cls([row.what, *shown, row.peer_name, row.show_ratio(ratio), *limits, verdict(row, ratio, found[0])])


def verdict(row, ratio, ours):
    def met(limit):
        return ratio >= limit if row.more else ratio <= limit

    if met(row.reach) and (ours >= row.aim_ours if row.aim_ours else met(row.aim)):
        return "aim"
    return "reach" if met(row.reach) else "no"


HEADINGS = ["measure", "pgw", "peer", "which peer", "ratio", "reach", "aim", "met"]
TO_THE_RIGHT = {1, 2, 4, 5, 6}


def plain(lines):
    table = [HEADINGS] + [line.cells for line in lines]
    widths = [max(len(cells[i]) for cells in table) for i in range(len(HEADINGS))]
    return "\n".join("  ".join(cell.rjust(width) if i in TO_THE_RIGHT else cell.ljust(width)
                               for i, (cell, width) in enumerate(zip(cells, widths))).rstrip() for cells in table)


def markdown(lines):
    rule = ["---:" if i in TO_THE_RIGHT else "---" for i in range(len(HEADINGS))]
    table = [HEADINGS, rule] + [line.cells for line in lines]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |" for cells in table)
