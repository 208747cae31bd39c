"""mix.py SPOOL SECONDS: for so long, processes of all kinds change one spool at once: two pgw-serve that stay,
pgw-serve one request a process, pgw-push, pgw-delete, and a person with rm, mv and cp. At the end the views of the two
are that of a fresh scan, the catalog says what the files do, promtool parses the exposition, no file is left out, and
the next writer leaves no debris."""

import collections
import http.client
import itertools
import os
import random
import subprocess
import sys
import threading
import time

from spool import DEADLINE, Failure, Server, compare_catalog, compare_views, debris, run, tool

NAMES = [f"g{i}" for i in range(40)]

spool, seconds = sys.argv[1], float(sys.argv[2])
seed = int(os.environ.get("TORTURE_SEED", random.SystemRandom().randrange(2**32)))
end = time.monotonic() + seconds
numbers = itertools.count(1)
done = collections.Counter()
failures = []


def body_of(number):
    lines = [f"number {number}", *(f'filler{{i="{i}"}} {number}' for i in range(number % 4))]
    if number % 3 == 0:
        lines += ["# TYPE typed " + ("gauge", "counter")[number % 2], f"typed {number}"]
    return "\n".join(lines).encode() + b"\n"


def group_file(name, number):
    """As a person writes one, with the series that any group may have."""
    return f"# pgw group 1\n# pgw key {{job=\"{name}\"}}\nnumber{{instance=\"\",job=\"{name}\"}} {number}\n".encode()


def path_of(name):
    return os.path.join(spool, "groups", f"job={name}.prom")


def by_http(port):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=DEADLINE)

    def step(rng, name, number):
        method = rng.choice(("PUT", "PUT", "POST", "DELETE", "GET"))
        path = "/metrics" if method == "GET" else f"/metrics/job/{name}"
        connection.request(method, path, body_of(number) if method in ("PUT", "POST") else None)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status not in (200, 202, 400):
            raise Failure(f"{method} {path}: {answer.status} {text[:500].decode()}")

    return step


def by_inetd(rng, name, number):
    method = rng.choice((b"PUT", b"POST", b"DELETE"))
    body = b"" if method == b"DELETE" else body_of(number)
    head = b"%s /metrics/job/%s HTTP/1.0\r\nContent-Length: %d\r\n\r\n" % (method, name.encode(), len(body))
    answer = run([tool("pgw-serve"), "-d", spool, "-i"], head + body)
    if answer.split()[1] not in (b"200", b"202", b"400"):
        raise Failure(f"pgw-serve -i: {answer[:500].decode()}")


def by_pgw_push(rng, name, number):
    options = rng.choice(([], ["-r"], ["--no-sync"]))
    # 65: refused, because another group has the family with another type.
    run([tool("pgw-push"), "-d", spool, "-j", name, *options], body_of(number), (0, 65))


def by_pgw_delete(rng, name, number):
    run([tool("pgw-delete"), "-d", spool, "-j", name])
    time.sleep(rng.random() * 0.02)


def by_rm(rng, name, number):
    run(["rm", "-f", path_of(name)])
    time.sleep(rng.random() * 0.02)


def by_mv(rng, name, number):
    new = os.path.join(spool, "groups", "new")
    with open(new, "wb") as file:
        file.write(group_file(name, number))
    # 1: mv says that of a file which goes while it looks.
    run(["mv", new, path_of(name)], b"", (0, 1))
    time.sleep(rng.random() * 0.02)


def by_cp(rng, name, number):
    with open(spool + ".edited", "wb") as file:
        file.write(group_file(name, number))
    # 1: a file of that name came meanwhile.
    run(["cp", spool + ".edited", path_of(name)], b"", (0, 1))
    time.sleep(rng.random() * 0.02)


def repeat(kind, step, number):
    rng = random.Random(seed + number)
    try:
        while time.monotonic() < end and not failures:
            step(rng, rng.choice(NAMES), next(numbers))
            done[kind] += 1
    except (Failure, OSError, http.client.HTTPException, subprocess.TimeoutExpired) as failure:
        failures.append(f"{kind}: {failure}")


def check_promtool(exposition):
    # 3: it parses, and promtool has advice (no HELP).
    run(["promtool", "check", "metrics"], exposition, (0, 3))


def main():
    servers = [Server(spool, [], "mix1.log"), Server(spool, ["--spool.sync=none"], "mix2.log")]
    kinds = [("http", by_http(server.port)) for server in servers for _ in range(3)]
    kinds += [("inetd", by_inetd), ("pgw-push", by_pgw_push), ("pgw-push", by_pgw_push), ("pgw-delete", by_pgw_delete)]
    kinds += [("rm", by_rm), ("mv", by_mv), ("cp", by_cp)]
    threads = [threading.Thread(target=repeat, args=(*kind, i)) for i, kind in enumerate(kinds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise Failure("; ".join(failures))
    # What was copied over a file that was there, and what was changed in the moment of a rename, the catalog does not
    # notice for ten minutes, as pgw-spool(5) says; a change of names it does.
    os.utime(os.path.join(spool, "groups"))
    for number in range(2):
        check_promtool(compare_views(spool, servers))
        compare_catalog(spool)
        run([tool("pgw-push"), "-d", spool, "-j", f"last{number}"], b"last 1\n")
    if not compare_catalog(spool):
        raise Failure("there is no catalog after a push")
    if debris(spool, servers):
        raise Failure(f"debris: {debris(spool, servers)}")
    for server in servers:
        if server.end(15) != 0:
            raise Failure("pgw-serve does not end with 0 on SIGTERM: see mix[12].log")
    print(" ".join(f"{count} {kind}" for kind, count in sorted(done.items())))


try:
    main()
except Failure as failure:
    print(f"seed {seed}: {failure}", file=sys.stderr)
    sys.exit(1)
