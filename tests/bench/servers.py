"""pgw-serve and its peers as processes on ports of their own, on loopback. Each is a context manager; what runs at the
end of a with-block is stopped."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import threading
import time

from client import Client, Failed

DEADLINE = 120  # seconds until a start or an end counts as never
PROGRAMS = os.environ["PGW_BIN"]


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A process that listens on .port. .started is when it was executed."""

    # How a server is told to end. The upstream writes its persistence file on SIGTERM, which can take long.
    stop_signal = signal.SIGTERM

    def __init__(self, command, **options):
        self.name = os.path.basename(command[0])
        if shutil.which(command[0]) is None:
            raise Failed(f"{command[0]} is not installed")
        self.started = time.perf_counter()
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(self.stop_signal)
            try:
                self.process.wait(DEADLINE)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def await_port(self):
        while self.process.poll() is None and time.perf_counter() < self.started + DEADLINE:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except ConnectionRefusedError:
                time.sleep(0.001)
        self.stop()
        raise Failed(f"{self.name} does not listen")

    def seconds_to_first_scrape(self):
        """From exec to the end of the answer to a scrape. To be called at once after the start."""
        with Client(self.port) as client:
            client.get("/metrics")
        return time.perf_counter() - self.started

    def resident(self):
        """Bytes of memory that the process holds: what it has mapped, and memfds even where they are not mapped."""
        fields = {}
        with open(f"/proc/{self.process.pid}/status") as file:
            for line in file:
                name, value = line.split(":", 1)
                fields[name] = value.split()
        resident, shared = (int(fields[name][0]) * 1024 for name in ("VmRSS", "RssShmem"))
        folder = f"/proc/{self.process.pid}/fd"
        memfds = {}
        for descriptor in os.listdir(folder):
            path = os.path.join(folder, descriptor)
            with contextlib.suppress(FileNotFoundError):  # a connection that ended meanwhile
                if os.readlink(path).startswith(("/memfd:", "/dev/shm/")):
                    status = os.stat(path)
                    memfds[status.st_ino] = status.st_blocks * 512
        return resident - shared + max(shared, sum(memfds.values()))


class PgwServe(Server):
    """pgw-serve on a spool."""

    def __init__(self, spool, *options):
        super().__init__([os.path.join(PROGRAMS, "pgw-serve"), "-d", spool, "--web.listen-address=127.0.0.1:0",
                          *options], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        self.messages = []
        for line in self.process.stderr:
            if line.startswith("pgw-serve: listening on http://127.0.0.1:"):
                self.port = int(line.split(":")[-1].split("/")[0])
                break
            self.messages.append(line)
        else:
            self.process.wait()
            raise Failed("pgw-serve does not start: " + "".join(self.messages).strip())
        threading.Thread(target=lambda: self.messages.extend(self.process.stderr), daemon=True).start()


class Targets(Server):
    """Exporters in one process, at .urls."""

    def __init__(self, number):
        super().__init__([os.path.join(PROGRAMS, "tests/tools/targets"), str(number)], stdout=subprocess.PIPE,
                         text=True)
        with self.process.stdout as urls:
            self.urls = urls.read().splitlines()
        if len(self.urls) != number:
            self.stop()
            raise Failed(f"{self.name} does not start")


class Upstream(Server):
    """prometheus-pushgateway, in memory; with a file, it has what that holds, and is stopped without writing it."""

    stop_signal = signal.SIGKILL

    def __init__(self, *options, file=""):
        self.port = free_port()
        super().__init__(["prometheus-pushgateway", f"--web.listen-address=127.0.0.1:{self.port}", "--log.level=error",
                          f"--persistence.file={file}", "--persistence.interval=24h", *options])
        self.await_port()

    def persist(self):
        """Ends it, and has it write its file."""
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(DEADLINE) != 0:
            raise Failed(f"{self.name} ended with status {self.process.returncode}")


NGINX_CONFIGURATION = """
{user}
daemon off;
worker_processes 2;
pid {root}/pid;
error_log {root}/error.log crit;
events {{ worker_connections 1024; }}
http {{
	access_log off;
	default_type text/plain;
	sendfile on;
	tcp_nopush on;
	keepalive_requests 1000000000;
	client_body_temp_path {root}/bodies;
	proxy_temp_path {root}/unused;
	fastcgi_temp_path {root}/unused;
	uwsgi_temp_path {root}/unused;
	scgi_temp_path {root}/unused;
	server {{
		listen 127.0.0.1:{port};
		root {root}/files;
		dav_methods PUT;
	}}
}}
"""


class Nginx(Server):
    """nginx with two workers, which sends and stores files in .files."""

    stop_signal = signal.SIGQUIT

    def __init__(self, root):
        self.files = os.path.join(root, "files")
        self.port = free_port()
        os.makedirs(os.path.join(self.files, "groups"))
        configuration = os.path.join(root, "nginx.conf")
        with open(configuration, "w") as file:
            # Started by root, its workers would be somebody who may not enter the scratch folder.
            user = "user root;" if os.geteuid() == 0 else ""
            file.write(NGINX_CONFIGURATION.format(root=root, port=self.port, user=user))
        super().__init__(["nginx", "-p", root, "-e", os.path.join(root, "error.log"), "-c", configuration])
        self.await_port()
