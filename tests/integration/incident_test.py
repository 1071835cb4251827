#!/usr/bin/env python3
"""Twelve defenders of one community call within a minute, and one of another: what a desk sees and hears of
it, and how it answers; then a drill. A real relay and the real command line.

incident_test.py FOLDER_OF_THE_PROGRAMS
"""
import json
import os
import pty
import select
import signal
import struct
import termios
import time
from fcntl import ioctl

from people import (BIN, ENVIRONMENT, begin, everybody, finish, found_organisation, free_port, of, only, path,
                    read_until, run)

WOMEN = 12
DIRECTORY = """organisation = "Great Lakes Protection Network"
incident_window = "10m"
[[contact]]
id = "desk"
name = "Protection desk"
kind = "protection_desk"
[[contact]]
id = "lawyer"
name = "Me Bahati"
kind = "lawyer"
[[community]]
id = "walikale-women"
name = "Women of Walikale"
peers = ["desk"]
[[community]]
id = "lake-fishers"
name = "Lake fishers"
peers = ["desk"]
[[policy]]
id = "all"
repage = "1h"
[[policy.step]]
targets = ["desk"]
delay = "1h"
[[policy.step]]
targets = ["lawyer"]
delay = "1h"
"""

def stop(process):
    """Ctrl-C; returns what it still said."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    return [json.loads(line) for line in (out + err).splitlines()], process.returncode


def on_screen(who, columns, *words):
    """What a command shows on a terminal of so many columns."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(f"{BIN}/tocsin", ["tocsin", *words, "--home", path(who)],
                  dict(ENVIRONMENT, TERM="dumb"))
    ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    screen, deadline = b"", time.monotonic() + 60
    while time.monotonic() < deadline:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:
            break
        screen += part
    os.close(terminal)
    os.waitpid(pid, 0)
    return screen.decode().replace("\r\n", "\n")


def organisation():
    found_organisation(DIRECTORY)
    join("desk", "desk", "desk")
    join("lawyer", "desk", "lawyer")
    for n in range(WOMEN):
        join(f"w{n}", "defender", "--name", f"Umoja {n}", "--community", "walikale-women")
    join("fisher", "defender", "--name", "Ngoma", "--community", "lake-fishers")


def join(who, *invite):
    invited = only(run("admin", "invite", *invite, "--no-wait"), "invitation")
    joining = begin(who, "join", invited["code"])
    asked = read_until(joining, lambda line: line["type"] == "asked")[-1]
    run("admin", "invite", "--admit", "--words", asked["words"])
    only(finish(joining), "joined")


def one_wake_up():
    """Thirteen alerts of two communities: two alarms, not thirteen."""
    watch = begin("desk", "inbox", "--watch", "--on-page", f"echo $TOCSIN_ALERT >> {path('pages')}")
    read_until(watch, lambda line: line["type"] == "online")
    calls = [begin(f"w{n}", "alert", "arrest", f"they took {n} of us", "--do-not", "no press",
                   "--now") for n in range(WOMEN)]
    calls.append(begin("fisher", "alert", "raid", "boats are burning", "--now"))
    women = {only(finish(call), "with_relay")["alert"] for call in calls[:-1]}
    apart = only(finish(calls[-1]), "with_relay")["alert"]
    heard, rang = [], set()
    while len(rang) < WOMEN + 1:
        heard += read_until(watch, lambda line: line["type"] == "rang")
        rang.add(heard[-1]["alert"])
    assert rang == women | {apart}
    loud = [line["alert"] for line in of(heard, "rang") if line["wakes"]]
    assert len(loud) == 2 and apart in loud, loud
    last = of(heard, "incident")[-1]
    assert set(last["alerts"]) == women and last["community_name"] == "Women of Walikale", last
    assert last["unanswered"] == WOMEN and not last["exercise"], last
    out, code = stop(watch)
    assert code == 0, out
    with open(path("pages")) as pages:
        assert sorted(pages.read().split()) == sorted(loud)
    return women, apart


def one_incident(women, apart):
    """The inbox shows twelve as one, and the thirteenth by itself, on any screen."""
    shown = run("desk", "inbox")
    incident = only(shown, "incident")
    assert set(incident["alerts"]) == women, incident
    grouped = {line["alert"]: line.get("incident") for line in of(shown, "alert")}
    assert len(grouped) == WOMEN + 1 and grouped[apart] is None, grouped
    assert all(grouped[alert] == incident["incident"] for alert in women), grouped
    for columns in (80, 40):
        screen = on_screen("desk", columns, "inbox")
        flat = " ".join(screen.split())
        assert f"Women of Walikale: {WOMEN} alerts since" in flat, screen
        assert f"{WOMEN} unanswered" in flat and flat.count("no press") == WOMEN, screen
        assert "Lake fishers" in flat and "boats are burning" in flat, screen
        too_long = [line for line in screen.splitlines() if len(line) > columns]
        assert not too_long, (columns, too_long)
    return incident["incident"]


def answered_by_one_command(incident, women, apart):
    """Each alert gets its own signed answer, which its own sender sees; what is over is told."""
    only(run("w0", "cancel"), "cancelled")  # by passphrase: the desk's program confirms it
    watch = begin("desk", "inbox", "--watch")
    read_until(watch, lambda line: line.get("event") == "closed")
    stop(watch)
    said = run("desk", "ack", incident[:8], "--incident", "--eta", "20m", "--name", "Amina")
    answered = {line["alert"] for line in of(said, "answered")}
    assert len(answered) == WOMEN - 1 and answered < women and apart not in answered, said
    for n in range(1, WOMEN):
        status = only(run(f"w{n}", "status"), "alert")
        assert status["progress"] == "acknowledged" and status["alert"] in answered, status
    assert only(run("fisher", "status"), "alert")["progress"] != "acknowledged"
    shown = only(run("desk", "inbox"), "incident")
    assert (shown["unanswered"], shown["answered"], shown["over"]) == (0, WOMEN - 1, 1), shown
    nothing = run("desk", "ack", incident[:8], "--incident", exit_code=1)
    assert "waits for this answer" in only(nothing, "error")["what"], nothing
    wrong = run("desk", "ack", incident[:8], "--incident", "--confirm-cancel", exit_code=2)
    assert "one alert at a time" in only(wrong, "error")["what"], wrong


def told_alert_by_alert(incident):
    """With the relay gone every alert is told of, and nothing is claimed."""
    said = run("desk", "ack", incident[:8], "--incident", "--renew", "--no-wait", "--relay",
               f"127.0.0.1:{free_port()}", exit_code=5)
    assert len(of(said, "unanswered")) == WOMEN - 1 and not of(said, "answered"), said
    # One alone: nothing was signed, for nobody could be asked, and it does not say so.
    one = only(run("desk", "ack", incident[:8], "--renew", "--no-wait", "--relay",
                   f"127.0.0.1:{free_port()}", exit_code=5), "error")
    assert "signed" not in one["safe"] and "does not count" in one["safe"], one
    done = run("desk", "ack", incident[:8], "--incident", "--resolve")
    assert len(of(done, "answered")) == WOMEN - 1, done
    assert only(run("desk", "inbox"), "incident")["over"] == WOMEN


def a_drill():
    """It is marked, ends by itself, and says how far the chain works and what to mend."""
    begun = begin("w1", "drill", "--for", "3s")
    alone = finish(begun, exit_code=1)
    report = only(alone, "drill_report")
    assert only(alone, "drill_over")["told"], alone
    assert report["reach"] == "with_relay", report
    assert [each["reached"] for each in report["contacts"]] == [0, 0], report
    assert any("inbox --watch" in remedy for remedy in report["remedies"]), report

    watch = begin("desk", "inbox", "--watch")
    read_until(watch, lambda line: line["type"] == "online")
    drill = begin("w2", "drill", "arrest", "--for", "60s")
    alert = read_until(drill, lambda line: line["type"] == "saved")[-1]["alert"]
    heard = read_until(watch, lambda line: line["type"] == "rang" and line["alert"] == alert)
    seen = [line for line in of(heard, "alert") if line["alert"] == alert]
    assert seen and seen[0]["content"]["exercise"], seen
    stop(watch)
    only(run("desk", "ack", alert[:8], "--name", "Amina"), "answered")
    read_until(drill, lambda line: line.get("event") == "answered")
    said, code = stop(drill)
    assert code == 0, said
    report = only(said, "drill_report")
    desk = report["contacts"][0]
    assert report["reach"] == "answered" and desk["person"] == "Amina", report
    assert desk["opened"] == 1 and desk["reached_after_s"] <= 60, report
    assert not any(each.get("called_at") for each in report["contacts"][1:]), report
    # Ended: the desk's own program has confirmed it.
    watch = begin("desk", "inbox", "--watch")
    read_until(watch, lambda line: line.get("event") == "closed" and line["alert"] == alert)
    stop(watch)
    # Two drills of one community are an incident, and it says so; they do not join the alerts'.
    drills = [line for line in of(run("desk", "inbox"), "incident") if line["exercise"]]
    assert len(drills) == 1 and len(drills[0]["alerts"]) == 2, drills
    assert "EXERCISE, Women of Walikale: 2 alerts" in " ".join(on_screen("desk", 80, "inbox").split())
    refused = run("desk", "drill", exit_code=1)
    assert "defender's device" in only(refused, "error")["what"], refused


with everybody():
    organisation()
    alerts_of_women, fishers_alert = one_wake_up()
    the_incident = one_incident(alerts_of_women, fishers_alert)
    answered_by_one_command(the_incident, alerts_of_women, fishers_alert)
    told_alert_by_alert(the_incident)
    a_drill()
    print(f"{WOMEN} alerts, one incident, one alarm, one command; and a drill")
