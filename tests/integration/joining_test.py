#!/usr/bin/env python3
"""Joining as people do it, with a real relay and the real command line: a code read aloud, four words
compared, one code taken back, a second device, a lost one, and somebody who leaves.

joining_test.py FOLDER_OF_THE_PROGRAMS
"""
import json
import os
import pty
import re
import select
import socket
import ssl
import time

from people import (BIN, ENVIRONMENT, PORT, RELAY, begin, everybody, finish, found_organisation, only, path, read_until, run,
                    until)

DIRECTORY = """organisation = "Great Lakes Protection Network"
[[person]]
id = "amina"
name = "Amina Kahindo"
[[person]]
id = "joseph"
name = "Joseph Bahati"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
people = ["amina", "joseph"]
[[policy]]
id = "all"
[[policy.step]]
targets = ["desk"]
delay = "60s"
"""

def first_line(process, kind):
    """Reads on until the line has come; the rest stays to be read."""
    return read_until(process, lambda line: line["type"] == kind)[-1]


def at_terminal(who, on_screen, *words):
    """The same on a terminal; `on_screen` is shown all that stands there and says what to type."""
    pid, terminal = pty.fork()
    if pid == 0:
        environment = dict(ENVIRONMENT, TERM="xterm-256color")
        environment.pop("NO_COLOR")
        os.execve(f"{BIN}/tocsin", ["tocsin", *words, "--home", path(who)], environment)
    screen, deadline = "", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 0.2)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        if not part:
            break
        screen += part.decode(errors="replace")
        typed = on_screen(screen)
        if typed:
            os.write(terminal, typed.encode())
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), screen


def once(answer):
    """Answers the question about the words, once."""
    left = [answer]
    return lambda screen: left.pop() if left and "Enter = later]" in screen else None


def get(target):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(("127.0.0.1", PORT)) as plain:
        with context.wrap_socket(plain) as tls:
            tls.sendall(f"GET {target} HTTP/1.1\r\nHost: relay\r\n\r\n".encode())
            answer = b""
            while part := tls.recv(65536):
                answer += part
    return answer


def spoken_join():
    """The digits alone, and the relay's address, bring a device in whose words are the admin's."""
    wrong = run("admin", "invite", "desk", "desk", "--no-wait", exit_code=2)
    assert "amina, joseph" in only(wrong, "error")["next"], wrong
    invited = only(run("admin", "invite", "desk", "desk/amina", "--no-wait"), "invitation")
    digits = invited["spoken"]
    assert re.fullmatch(r"\d{20}", digits) and invited["uri"] == f"TOCSIN:{RELAY}/{digits}"
    misheard = digits[:5] + str((int(digits[5]) + 1) % 10) + digits[6:]
    run("nobody", "join", misheard, "at", RELAY, exit_code=2)
    assert not os.path.exists(path("nobody")), "a misheard digit makes no keys"

    groups = [digits[i:i + 4] for i in range(0, 20, 4)]
    joining = begin("amina", "join", *groups, "at", RELAY)
    asked = first_line(joining, "asked")
    assert len(asked["words"].split()) == 4, asked
    waiting = run("admin", "invite", "--admit", exit_code=8)
    assert only(waiting, "asking")["words"] == asked["words"], waiting
    other = " ".join(reversed(asked["words"].split()))
    run("admin", "invite", "--admit", "--words", other, exit_code=8)
    admitted = run("admin", "invite", "--admit", "--words", asked["words"].upper())
    assert only(admitted, "admitted")["person"] == "amina"
    joined = only(finish(joining), "joined")
    assert joined["name"] == "Protection desk" and joined["person"] == "Amina Kahindo", joined
    # The code has served: whoever heard it finds nothing any more.
    late = run("late", "join", digits, "at", RELAY, exit_code=7)
    assert only(late, "error")["code"] == "not_found", late
    return digits


def words_differ():
    """At a terminal: refusing takes the code back, and who came with it is turned away."""
    invited = only(run("admin", "invite", "defender", "--name", "Heron", "--no-wait"), "invitation")
    joining = begin("stranger", "join", invited["uri"])
    first_line(joining, "asked")
    until("the request is there",
          lambda: run("admin", "invite", "--admit", exit_code=8)[0]["type"] == "asking")
    status, screen = at_terminal("admin", once("\n"), "invite", "--admit")
    assert status == 8, screen
    status, screen = at_terminal("admin", once("n\n"), "invite", "--admit")
    assert status == 0 and "make a new one" in " ".join(screen.split()), screen
    finish(joining, exit_code=1)
    shown = run("admin", "org", "show")
    assert not [line for line in shown if line.get("who") == "Heron"], shown


def let_in_at_the_terminal():
    """The waiting invite shows a picture to scan, asks, and lets in."""
    answer, joining, words = once("y\n"), [], []

    def on_screen(screen):
        found = re.search(r"join ((?:\d{4} ){4}\d{4}) at", " ".join(screen.split()))
        if found and not joining:
            joining.append(begin("heron", "join", found[1], "--relay", RELAY))
            words.append(first_line(joining[0], "asked")["words"])
        typed = answer(screen)
        assert not typed or words[0].replace(" ", " \u2013 ") in screen, screen
        return typed

    status, screen = at_terminal("admin", on_screen, "invite", "defender", "--name", "Heron")
    assert status == 0 and "Heron has joined" in screen, screen
    assert "\u2580" in screen and "\u2584" in screen, "a QR code is shown"
    only(finish(joining[0]), "joined")


def withdrawn():
    invited = only(run("admin", "invite", "defender", "--name", "Egret", "--no-wait"), "invitation")
    ident = run("admin", "invite", "--withdraw", "Egret")
    assert only(ident, "withdrawn")["id"] == invited["id"]
    run("egret", "join", invited["spoken"], "at", RELAY, exit_code=7)
    with open(path("egret.code"), "w") as file:
        file.write(invited["code"])
    run("egret", "join", path("egret.code"), exit_code=1)
    run("admin", "invite", "--withdraw", "Egret", exit_code=2)


def stranger_at_the_door(digits):
    """Without the digits the relay tells nothing, and both answers are of one size."""
    open_one = only(run("admin", "invite", "defender", "--name", "Ibis", "--no-wait"), "invitation")
    nothing = get("/v1/invitation/" + "0" * 32)
    assert nothing.startswith(b"HTTP/1.1 404"), nothing[:80]
    for odd in ("", "zz", "0" * 31, "0" * 34, "0" * 32 + "/x", "../healthz"):
        assert get("/v1/invitation/" + odd).startswith(b"HTTP/1.1 404"), odd
    with open(path("relay.log")) as log:
        assert digits not in log.read()
    run("admin", "invite", "--withdraw", open_one["id"])


def second_device():
    own = run("amina", "device", "list")
    phone = only(own, "own_device")
    assert phone["this"] and phone["complete"], own
    asking = begin("amina", "device", "add")
    until("the admin hears", lambda: [line for line in run_admit() if line["type"] == "member_request"])
    added = only(finish(asking), "invitation")
    joining = begin("laptop", "join", added["spoken"], "at", RELAY)
    words = first_line(joining, "asked")["words"]
    run("admin", "invite", "--admit", "--words", words)
    only(finish(joining), "joined")
    own = run("amina", "device", "list")
    assert [line["this"] for line in own] == [True, False], own
    return own[1]["device"]


def run_admit():
    process = begin("admin", "invite", "--admit", "--yes")
    out, _ = process.communicate(timeout=60)
    return [json.loads(line) for line in out.splitlines()]


def lost_device(laptop):
    begun = time.monotonic()
    asking = begin("amina", "device", "revoke", laptop[:8], "--yes")
    until("the admin hears", lambda: [line for line in run_admit() if line["type"] == "member_request"])
    assert only(finish(asking), "revoked")["device"] == laptop
    run("laptop", "inbox", exit_code=1)
    assert time.monotonic() - begun < 60
    assert [line["this"] for line in run("amina", "device", "list")] == [True]


def not_theirs():
    """A defender's device can name another's, and is refused."""
    amina = only(run("amina", "device", "list"), "own_device")["device"]
    asking = begin("heron", "device", "revoke", amina, "--yes")
    heard = until("the admin hears",
                  lambda: [line for line in run_admit() if line["type"] == "member_request"])
    assert heard[0]["refused"], heard
    finish(asking, exit_code=1)
    run("amina", "inbox")


def leaving():
    asking = begin("heron", "leave", "--yes")
    heard = until("the admin hears",
                  lambda: [line for line in run_admit() if line["type"] == "member_request"])
    assert heard[0]["wish"] == "leave" and heard[0]["who"] == "Heron", heard
    only(finish(asking), "left")
    assert not os.path.exists(path("heron")), os.listdir(path("heron"))
    gone = [line for line in run("admin", "org", "show") if line.get("who") == "Heron"]
    assert [line["revoked"] for line in gone] == [True], gone


with everybody():
    found_organisation(DIRECTORY)
    digits_used = spoken_join()
    words_differ()
    let_in_at_the_terminal()
    withdrawn()
    stranger_at_the_door(digits_used)
    lost_device(second_device())
    not_theirs()
    leaving()
    print("joined, refused, withdrawn, added, revoked, left")
