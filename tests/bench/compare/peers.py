"""The servers the relay is compared with: how each is set, started on loopback with TLS 1.3, and put under load.

They don't promise the same. A confirmed alert is synced with RabbitMQ's quorum queues, with the floor and with the
relay; with JetStream (2.9, which can't be told to sync always) it is in the page cache; with mosquitto in memory.
"""
import json
import os
import random
import signal
import socket
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

import machine

LOAD_SECONDS_MAX = 600

MOSQUITTO = """user root
listener {port} 127.0.0.1
certfile {cert}
keyfile {key}
tls_version tlsv1.3
allow_anonymous true
set_tcp_nodelay true
persistence true
persistence_location {folder}/
autosave_interval 1800
max_inflight_messages 0
max_queued_messages 0
log_dest stderr
log_type error
"""

NATS = """host: 127.0.0.1
port: {port}
tls {{ cert_file: "{cert}", key_file: "{key}", timeout: 30 }}
authorization {{ timeout: 30 }}
jetstream {{ store_dir: "{folder}/js", max_memory_store: 1GB, max_file_store: 20GB }}
"""

RABBITMQ = """listeners.tcp = none
listeners.ssl.1 = 127.0.0.1:{port}
ssl_options.certfile = {cert}
ssl_options.keyfile = {key}
ssl_options.versions.1 = tlsv1.3
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
num_acceptors.ssl = 10
log.console.level = error
disk_free_limit.absolute = 1GB
"""


@dataclass(frozen=True)
class Place:
    folder: Path
    port: int
    spare_ports: tuple
    cert: Path
    key: Path

    def write(self, name, template):
        file = self.folder / name
        file.write_text(template.format(**vars(self)))
        return str(file)


@dataclass(frozen=True)
class Start:
    command: list
    env: dict
    before: tuple = ()  # a helper that must run first


def floor(place, tools):
    return Start([tools.binary("tocsin_floor_relay"), str(place.port), str(place.cert), str(place.key),
                  str(place.folder / "log")], {})


def mosquitto(place, _):
    return Start(["/usr/sbin/mosquitto", "-c", place.write("mosquitto.conf", MOSQUITTO)], {})


def nats(place, _):
    return Start(["/usr/sbin/nats-server", "-c", place.write("nats.conf", NATS)], {})


def rabbitmq(place, _):
    dist, epmd = map(str, place.spare_ports)
    folder = str(place.folder)
    (place.folder / "plugins").write_text("[].\n")
    env = {"HOME": folder, "RABBITMQ_NODENAME": "compare@localhost", "RABBITMQ_MNESIA_BASE": folder + "/db",
           "RABBITMQ_LOG_BASE": folder + "/log", "RABBITMQ_CONFIG_FILE": place.write("rabbitmq.conf", RABBITMQ),
           "RABBITMQ_ENABLED_PLUGINS_FILE": folder + "/plugins", "RABBITMQ_PID_FILE": folder + "/pid",
           "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_DIST_PORT": dist, "ERL_EPMD_PORT": epmd,
           "ERL_EPMD_ADDRESS": "127.0.0.1"}
    return Start(["/usr/lib/rabbitmq/bin/rabbitmq-server"], env,
                 ("/usr/bin/epmd", "-port", epmd, "-address", "127.0.0.1"))


@dataclass(frozen=True)
class Peer:
    name: str
    protocol: str
    start: Callable


PEERS = {p.name: p for p in [Peer("floor", "floor", floor), Peer("mosquitto", "mqtt", mosquitto),
                             Peer("nats", "nats", nats), Peer("rabbitmq", "amqp", rabbitmq)]}


def make_certificate(folder):
    cert, key = folder / "cert.pem", folder / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"],
                   check=True, stderr=subprocess.DEVNULL)
    return cert, key


def is_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_ports(count):
    """Below those the kernel gives to clients: one that knocks before the server is there could get the server's."""
    ports = []
    while len(ports) < count:
        port = random.randrange(20000, 32000)
        if port not in ports and is_free(port):
            ports.append(port)
    return ports


class Server:
    """A peer that runs in a folder of its own; killed and started again it keeps folder and port."""

    def __init__(self, peer, tools, folder, env=None):
        self.peer, self.tools, self.env, self.process = peer, tools, env or {}, None
        folder.mkdir()
        cert, key = make_certificate(folder)
        port, *spare = free_ports(3)
        self.place = Place(folder, port, tuple(spare), cert, key)
        self.how = peer.start(self.place, tools)
        if self.how.before:
            self._spawn(self.how.before, {})
        self.start()

    def _spawn(self, command, env):
        with open(self.place.folder / "server.log", "ab") as log:
            return subprocess.Popen(command, env={**os.environ, **env}, stdin=subprocess.DEVNULL, stdout=log,
                                    stderr=log, cwd=self.place.folder, start_new_session=True)

    def start(self):
        self.started_ns = time.monotonic_ns()
        self.process = self._spawn(self.how.command, {**self.how.env, **self.env})

    def kill(self):
        machine.end(self.process.pid)
        self.process.wait()

    def load(self, mode, *words):
        """Puts load on it; the generator's figures, and the server's own while these were taken."""
        command = [self.tools.binary("tocsin_peer_load"), mode, "--protocol", self.peer.protocol, "--port",
                   str(self.place.port), *map(str, words)]
        return Load(self.process.pid, command).figures


class Load:
    """One run of the generator; its marks say when to look at the server."""

    def __init__(self, server, command):
        self.server, self.seen, complaints = server, {}, []
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                 text=True, start_new_session=True)
        limit = threading.Timer(LOAD_SECONDS_MAX, child.kill)
        limit.start()
        before = machine.resident_kib(server)
        try:
            for line in map(str.strip, child.stderr):
                if line == "open":
                    self.seen["resident_kib_more"] = machine.settled_resident_kib(server) - before
                    child.stdin.close()
                elif line in ("measure", "measured"):
                    self.seen[line] = time.monotonic(), machine.ticks_of(server)
                else:
                    complaints.append(line)
            output = child.stdout.read()
            if child.wait() != 0:
                raise RuntimeError(" ".join(complaints) or output.strip() or f"it ended with {child.returncode}")
        finally:
            limit.cancel()
        self.figures = {**json.loads(output), **self._server_figures()}

    def _server_figures(self):
        figures = {}
        if "measured" in self.seen:
            (t0, ticks0), (t1, ticks1) = self.seen["measure"], self.seen["measured"]
            figures["server_cpu_us_per_s"] = (ticks1 - ticks0) / machine.TICKS / (t1 - t0) * 1e6
        if "resident_kib_more" in self.seen:
            figures["resident_kib_more"] = self.seen["resident_kib_more"]
        return figures


@contextmanager
def running(name, tools, env=None):
    """A peer that lets clients in."""
    server = Server(PEERS[name], tools, tools.new_folder(name), env)
    try:
        server.load("drain", "--alerts", 0)
        yield server
    finally:
        server.kill()


def press(name, tools, *words, env=None):
    with running(name, tools, env) as server:
        scale = tools.scale
        figures = server.load("press", "--seconds", scale.seconds, "--warm-up", scale.warm_up, *words)
        figures["server_cpu_us_per_alert"] = figures["server_cpu_us_per_s"] / max(figures["delivered_per_s"], 1)
        return figures


def idle(name, tools):
    with running(name, tools) as server:
        count = tools.scale.connections
        figures = server.load("idle", "--connections", count)
        figures["idle_kib_each"] = figures["resident_kib_more"] / count
        return figures


def handshakes(name, tools):
    with running(name, tools) as server:
        figures = server.load("handshakes", "--seconds", tools.scale.seconds, "--warm-up", 0.5)
        figures["server_us"] = figures["server_cpu_us_per_s"] / max(figures["handshakes_per_s"], 1)
        return figures


def save_mosquitto(server):
    """It keeps everything in memory: told to save, there is something to come back to."""
    os.kill(server.process.pid, signal.SIGUSR1)
    file, half = server.place.folder / "mosquitto.db", server.place.folder / "mosquitto.db.new"
    deadline, last = time.monotonic() + 60, -1
    while time.monotonic() < deadline:
        time.sleep(0.1)
        size = file.stat().st_size if file.exists() else 0
        if size > 0 and size == last and not half.exists():
            return
        last = size
    raise RuntimeError("mosquitto does not save")


def waiting(name, tools):
    with running(name, tools) as server:
        alerts = tools.scale.waiting
        stored = server.load("fill", "--alerts", alerts, "--senders", 16, "--window", 32)
        if name == "mosquitto":
            save_mosquitto(server)
        server.kill()
        server.start()
        return {**stored, **server.load("drain", "--alerts", alerts, "--since", server.started_ns)}
