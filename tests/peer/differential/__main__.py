"""python3 -m differential SETUP PEER OURS [STATE]: sends the requests of a setup to two gateways that were started
alike, and prints NAME, the peer's and our answer, a line each; the same of what is in the store after a request that
may change it. Where we want to differ, the wanted answer stands in the place of the peer's, from wanted.py; a wanted
answer that is also the peer's, or that no request has, gets a line that fails.

python3 -m differential specified OURS [STATE]: the same with what the specifications say in the place of a peer.

STATE is the base URL of a gateway on our store that is asked what is in it (default OURS)."""

import dataclasses
import json
import re
import sys
import time

from .forms import EMPTY_STORE, NO_ANSWER, changed, seen
from .gateway import TIMEOUT, Gateway
from .setups import SETUPS, counted_requests
from .specified import SPECIFIED, comparable, scraped
from .wanted import MAY_BE_LOST, WANTED, Wanted, one_of


def row(name, theirs, ours):
    print(name, json.dumps(theirs, ensure_ascii=False), json.dumps(ours, ensure_ascii=False), sep="\t")


def wanted_answer(wanted, theirs):
    if callable(wanted.answer):
        return wanted.answer(theirs)
    if wanted.answer and wanted.answer.startswith("as "):
        return answers[wanted.answer[3:]]
    return wanted.answer or theirs


def compare_answers(name, request, wanted):
    # The peer has no HEAD: it is a GET without the body.
    asked = dataclasses.replace(request, method="GET") if request.method == "HEAD" else request
    answer, body = peer.send(asked)
    theirs = seen(request, answer, b"" if request.method == "HEAD" else body)
    if theirs == NO_ANSWER:
        theirs = MAY_BE_LOST.get(name, theirs)
    answers[name] = theirs
    our_answer = seen(request, *ours.send(request))
    expected = wanted_answer(wanted, one_of(theirs, our_answer))
    row(name, expected, our_answer)
    if wanted.answer and expected == theirs:
        row(f"{name}: the peer's answer", "another than is wanted", "the same")


def compare_stores(name, wanted):
    our_store = watched[1].state()
    stores[name] = peer.state()
    # The peer stores what it does not check some time after its answer.
    deadline = time.monotonic() + TIMEOUT
    while setup == "unchecked" and stores[name][0] != our_store[0] and time.monotonic() < deadline:
        stores[name] = peer.state()
    for gateway, store in zip(watched, (stores[name], our_store)):
        dirty[gateway] = store != EMPTY_STORE
    expected = stores[wanted.store or name]
    if wanted.changes:
        expected = changed(expected, wanted.changes)
    for form, theirs, mine in zip(("exposition", "API"), expected, our_store):
        row(f"{name}: {form}", theirs, mine)
    if (wanted.store or wanted.changes) and expected == stores[name]:
        row(f"{name}: the peer's store", "another than is wanted", "the same")


def compare(case):
    for gateway in watched:
        if dirty[gateway]:
            gateway.clear()
            dirty[gateway] = False
    for name, request in case.named_requests():
        wanted = WANTED.get(name, Wanted(None, None, ""))
        compare_answers(name, request, wanted)
        if request.changes_the_store():
            compare_stores(name, wanted)


def counters(text):
    """The gateway's own counters of requests; of durations only how many there are."""
    wanted = r"pushgateway_http_(requests_total|push_size_bytes_(sum|count)|push_duration_seconds_count)\{"
    values = {}
    for line in text.splitlines():
        if re.match(wanted, line) and "job=" not in line:
            series, value = line.rsplit(" ", 1)
            values[series] = float(value)
    return values


def compare_counters():
    """A line for each of our and the peer's counters that these requests move: by how much."""
    moved = []
    for gateway in watched:  # with a scrape it has told others what it counted
        gateway.get("/metrics", counters)
    for gateway in (peer, ours):
        before = gateway.get("/metrics", counters)
        for request in counted_requests():
            gateway.send(request)
        after = gateway.get("/metrics", counters)
        moved.append({series: value - before.get(series, 0) for series, value in after.items()})
    for series in sorted(set(moved[0]) | set(moved[1])):
        row(f"counter {series}", *(f"{each.get(series, 0):g}" for each in moved))


def compare_specified():
    """What the specifications say, in the place of the peer's."""
    for case in SPECIFIED:
        gateway = watched[1]
        gateway.clear()
        row(case.name, case.answer, seen(case.request, *ours.send(case.request)))
        row(f"{case.name}: a scrape", "\n".join([case.content_type, *comparable(case.lines)]), scraped(gateway, case))


setup = sys.argv[1]
gateways = [Gateway(url, setup) for url in sys.argv[2:]]
answers = {}  # the peer's, by the name of the request
stores = {}  # what was in the peer's, by the name of the request before
if setup == "specified":
    ours = gateways[0]
    watched = [None, gateways[-1]]
    compare_specified()
else:
    peer, ours = gateways[:2]
    watched = [peer, gateways[-1]]
    dirty = dict.fromkeys(watched, True)
    for each in SETUPS[setup]():
        compare(each)
    if setup == "default":
        compare_counters()
    known = {name for cases in SETUPS.values() for case in cases() for name, request in case.named_requests()}
    for name in set(WANTED) - known:
        row(f"wanted: {name}", "the name of a request", "none")
