"""The pushes that everything here is measured with: 20 samples in two families, about 1.5 kB, in VARIANTS with other
values and the same length."""

import random

VARIANTS = 61  # prime, so that a group gets other values at each turn through all groups


def variants():
    """The bodies, all of one length."""
    numbers = random.Random(1)
    stages = ["extract", "convert", "compare", "compact", "publish"]
    bodies = []
    for _ in range(VARIANTS):
        lines = ["# HELP batch_stage_duration_seconds How long the stage took.",
                 "# TYPE batch_stage_duration_seconds gauge"]
        for i in range(10):
            value = f"{numbers.randrange(100, 1000)}.{numbers.randrange(100, 1000)}"
            lines.append(f'batch_stage_duration_seconds{{stage="{stages[i % 5]}",zone="eu-{i // 5}"}} {value}')
        lines += ["# HELP batch_records_processed_total Records that the stage took.",
                  "# TYPE batch_records_processed_total counter"]
        for i in range(10):
            value = numbers.randrange(1000000, 10000000)
            lines.append(f'batch_records_processed_total{{stage="{stages[i % 5]}",outcome="class-{i // 5}"}} {value}')
        bodies.append(("\n".join(lines) + "\n").encode())
    assert len({len(body) for body in bodies}) == 1
    return bodies


def write(path):
    """For push.lua: the bodies one after the other."""
    with open(path, "wb") as file:
        file.write(b"".join(variants()))
