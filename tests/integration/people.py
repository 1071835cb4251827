"""People with the real command line around a real relay: what the tests in Python share.

Their first argument is the folder of the programs. TOCSIN_KEEP=1 keeps what they left.
"""
import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

BIN = sys.argv[1]
HOME = tempfile.mkdtemp(prefix="tocsin-people-")
ENVIRONMENT = dict(os.environ, TOCSIN_PASSPHRASE="correct horse battery", LANG="C", NO_COLOR="1")
started = []


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


PORT = free_port()
RELAY = f"127.0.0.1:{PORT}"


def path(name):
    return os.path.join(HOME, name)


@contextlib.contextmanager
def everybody():
    """Ends what was begun, and tidies up."""
    try:
        yield
    finally:
        for each in started:
            if each.poll() is None:
                each.kill()
                each.wait()
        if os.environ.get("TOCSIN_KEEP"):
            print(HOME)
        else:
            shutil.rmtree(HOME, ignore_errors=True)


def begin(who, *words):
    """A command of one person's, in JSON, without a terminal."""
    process = subprocess.Popen(
        [f"{BIN}/tocsin", *words, "--home", path(who), "--json"], env=ENVIRONMENT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        start_new_session=True)
    started.append(process)
    return process


def finish(process, exit_code=0):
    out, err = process.communicate(timeout=60)
    assert process.returncode == exit_code, (process.args, process.returncode, out, err)
    return [json.loads(line) for line in (out + err).splitlines()]


def run(who, *words, exit_code=0):
    return finish(begin(who, *words), exit_code)


def read_until(process, holds):
    """Reads lines until one of them holds; returns all that were read. The rest stays to be read."""
    lines = []
    while True:
        line = process.stdout.readline()
        assert line, (lines, process.stderr.read())
        lines.append(json.loads(line))
        if holds(lines[-1]):
            return lines


def of(lines, kind):
    return [line for line in lines if line["type"] == kind]


def only(lines, kind):
    found = of(lines, kind)
    assert len(found) == 1, (kind, lines)
    return found[0]


def until(what, condition):
    deadline = time.monotonic() + 60
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, what
        # Nobody tells: a port does not say when it opens, and the relay announces no joiner to the admin,
        # who asks for them.
        time.sleep(0.1)


def listening():
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", PORT)) == 0


def found_organisation(directory):
    """A relay and its admin, with that directory.toml."""
    subprocess.run([f"{BIN}/tocsind", "init", "--dir", path("relay"), "--org", "Great Lakes",
                    "--listen", RELAY], check=True, capture_output=True)
    relay = subprocess.Popen([f"{BIN}/tocsind", "run", "--config", path("relay/tocsind.toml")],
                             stdout=open(path("relay.log"), "w"), stderr=subprocess.STDOUT,
                             start_new_session=True)
    started.append(relay)
    until("the relay listens", listening)
    with open(path("directory.toml"), "w") as file:
        file.write(directory)
    run("admin", "org", path("directory.toml"), "--code", path("relay/admin.invitation"),
        "--root-key", path("root.key"), "--yes")
