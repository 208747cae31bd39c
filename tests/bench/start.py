"""start.py RUNS COMMAND...: the median wall time of a command in microseconds. stdin is read again for each run."""

import os
import statistics
import sys
import time

runs, command = int(sys.argv[1]), sys.argv[2:]
times = []
for _ in range(runs):
    begin = time.perf_counter_ns()
    # Like a shell does it, but without copying this process: only the command's own start counts.
    process = os.posix_spawnp(command[0], command, os.environ)
    status = os.waitpid(process, 0)[1]
    times.append(time.perf_counter_ns() - begin)
    if status != 0:
        sys.exit(f"{command[0]}: status {status}")
print(round(statistics.median(times) / 1000))
