"""What the measurements ran on, for the line under each table."""

import os
import platform
import subprocess
import time


# Of others: what is started here has not begun.
load_at_start = os.getloadavg()[0]


def output(*command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def field(path, name, separator):
    with open(path) as file:
        for line in file:
            if line.startswith(name):
                return line.split(separator, 1)[1].strip().strip('"')
    return "unknown"


def filesystem(folder):
    return output("df", "--output=fstype", folder).splitlines()[-1]


def describe(folder):
    versions = ", ".join(f"{package} {output('dpkg-query', '-W', '-f', '${Version}', package)}"
                         for package in ("prometheus-pushgateway", "nginx", "prometheus", "wrk"))
    return (f"{time.strftime('%Y-%m-%d')}, {field('/proc/cpuinfo', 'model name', ':')}, "
            f"{len(os.sched_getaffinity(0))} cores, {field('/etc/os-release', 'PRETTY_NAME', '=')}, "
            f"Linux {platform.release()}, {filesystem(folder)}, "
            f"load average {load_at_start:.2f} before the start. Debian's packages: {versions}.")
