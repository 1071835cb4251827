"""What is compared: the runs that are made, and the table's rows made of their medians."""
from dataclasses import dataclass
from functools import partial
from typing import Callable

import peers
import relay


@dataclass(frozen=True)
class Scale:
    seconds: float = 6
    warm_up: float = 2
    connections: int = 10_000
    handshakes: int = 5_000
    waiting: int = 100_000
    open_alerts: int = 1_000_000
    mailboxes: int = 1_000_000
    history: int = 10_000_000
    kills: int = 200
    quiet_wait: float = 60


QUICK = Scale(seconds=1, warm_up=0.5, connections=500, handshakes=200, waiting=2_000, open_alerts=10_000,
              mailboxes=10_000, history=100_000, kills=5, quiet_wait=0)


@dataclass(frozen=True)
class Run:
    """Runs of one scene take turns, so that what disturbs the machine falls on all alike."""
    scene: str
    who: str
    measure: Callable
    target: str = ""  # a program that only this needs
    counts: bool = False  # what nobody can disturb: made once


def slow_disk(tools):
    return {"LD_PRELOAD": tools.binary("libtocsin_sync_delay.so"), "TOCSIN_SYNC_DELAY_US": "2000"}


def relay_on_slow_disk(tools, **options):
    shim = slow_disk(tools)
    env = {"TOCSIN_SYNC_DELAY_US": shim["TOCSIN_SYNC_DELAY_US"]}
    return relay.press(tools, env, preload=shim["LD_PRELOAD"], **options)


def peer_on_slow_disk(name, tools, *words):
    return peers.press(name, tools, *words, env=slow_disk(tools))


def scaled(measure, **options):
    """Options whose value is a name of the scale's."""
    return lambda tools: measure(tools, **{k: getattr(tools.scale, v) for k, v in options.items()})


def killed(tools):
    return relay.lost(tools, "tocsin_kill_test", {"TOCSIN_KILLS": str(tools.scale.kills)})


def power_cut(tools):
    return relay.lost(tools, "tocsin_store_test", {"GTEST_FILTER": "SqlitePowerCut.*"})


RUNS = [
    Run("saturation", "relay", relay.press),
    Run("saturation", "relay, answered", partial(relay.press, answers=True)),
    Run("saturation", "floor", partial(peers.press, "floor")),
    Run("saturation", "nats", partial(peers.press, "nats")),
    Run("saturation", "rabbitmq", partial(peers.press, "rabbitmq")),
    Run("50/s", "relay", partial(relay.press, rate=50)),
    Run("50/s", "nats", lambda tools: peers.press("nats", tools, "--rate", 50)),
    Run("slow disk", "relay", relay_on_slow_disk),
    Run("slow disk", "rabbitmq", partial(peer_on_slow_disk, "rabbitmq")),
    Run("slow disk, 50/s", "relay", partial(relay_on_slow_disk, rate=50)),
    Run("slow disk, 50/s", "rabbitmq", lambda tools: peer_on_slow_disk("rabbitmq", tools, "--rate", 50)),
    Run("idle", "relay", lambda tools: relay.alone(tools, senders=1, idle=tools.scale.connections)),
    Run("idle", "mosquitto", partial(peers.idle, "mosquitto")),
    Run("handshake", "relay", scaled(relay.alone, handshakes="handshakes")),
    Run("handshake", "mosquitto", partial(peers.handshakes, "mosquitto")),
    Run("waiting", "relay", scaled(relay.alone, waiting="waiting")),
    Run("waiting", "mosquitto", partial(peers.waiting, "mosquitto")),
    Run("open", "relay", scaled(relay.alone, open_alerts="open_alerts")),
    Run("killed", "relay", killed, "tocsin_kill_test", counts=True),
    Run("power cut", "relay", power_cut, "tocsin_store_test", counts=True),
    Run("growth", "relay, few mailboxes", partial(relay.growth_in_mailboxes, share=0.001)),
    Run("growth", "relay, many mailboxes", partial(relay.growth_in_mailboxes, share=1)),
    Run("growth", "relay, long history", scaled(relay.press, history="history")),
    Run("recipients", "relay, 1", partial(relay.press, recipients=1)),
    Run("recipients", "relay, 64", partial(relay.press, recipients=64)),
    Run("client", "relay", relay.bench, "tocsin_bench"),
    Run("bad line", "relay", relay.bad_line, "tocsin_bad_line"),
]


@dataclass(frozen=True)
class Row:
    """`ours` and `theirs` name a run and one of its figures; the goal is for their ratio, or for ours alone."""
    figure: str
    words: str
    ours: tuple
    theirs: tuple = ()
    goal: str = ""
    first: str = ""

    def runs(self):
        return [self.ours[:2]] + ([self.theirs[:2]] if self.theirs else [])


RELAY = ("saturation", "relay")
PER_S, P50, P99 = "delivered_per_s", "delivered_p50_us", "delivered_p99_us"

ROWS = [
    Row("saturation", "alerts/s", (*RELAY, PER_S), ("saturation", "rabbitmq", PER_S), ">= 6", ">= 3.5"),
    Row("saturation", "alerts/s", (*RELAY, PER_S), ("saturation", "nats", PER_S), ">= 1.2", ">= 0.7"),
    Row("saturation", "alerts/s", (*RELAY, PER_S), ("saturation", "floor", PER_S), ">= 0.7", ">= 0.4"),
    Row("answers", "alerts/s, each answered", ("saturation", "relay, answered", "answered_per_s"),
        ("saturation", "rabbitmq", PER_S), ">= 4", ">= 2"),
    Row("answers", "alerts/s, each answered", ("saturation", "relay, answered", "answered_per_s"),
        ("saturation", "nats", PER_S), ">= 0.8", ">= 0.4"),
    Row("cpu", "CPU, us/alert", (*RELAY, "relay_cpu_us_per_alert"), ("saturation", "floor", "server_cpu_us_per_alert"),
        "<= 1.5", "<= 2.5"),
    Row("press", "press to last recipient at 50/s, p50, us", ("50/s", "relay", P50), ("50/s", "nats", P50),
        "<= 1.2", "<= 2"),
    Row("press", "press to last recipient at 50/s, p99, us", ("50/s", "relay", P99), ("50/s", "nats", P99), "<= 1"),
    Row("slow-disk", "alerts/s, syncs 2 ms slower", ("slow disk", "relay", PER_S), ("slow disk", "rabbitmq", PER_S),
        ">= 3.5", ">= 2.5"),
    Row("slow-disk", "press to last recipient at 50/s, p50, us", ("slow disk, 50/s", "relay", P50),
        ("slow disk, 50/s", "rabbitmq", P50), "<= 0.6"),
    Row("idle", "memory of an idle connection, KiB", ("idle", "relay", "idle_kib_each"),
        ("idle", "mosquitto", "idle_kib_each"), "<= 1.1", "<= 1.5"),
    Row("handshake", "CPU of handshake and login, us", ("handshake", "relay", "handshake.relay_us"),
        ("handshake", "mosquitto", "server_us"), "<= 1.1", "<= 1.4"),
    Row("waiting", "first login after kill -9, ms", ("waiting", "relay", "waiting.ready_ms"),
        ("waiting", "mosquitto", "ready_ms"), "<= 0.3", "<= 0.5"),
    Row("waiting", "one recipient has all that waited, ms", ("waiting", "relay", "waiting.delivered_ms"),
        ("waiting", "mosquitto", "drained_ms"), "<= 0.5", "<= 1"),
    Row("open", "ready with 10^6 open alerts, ms", ("open", "relay", "open.ready_ms"), (), "<= 2000", "<= 5000"),
    Row("open", "memory with 10^6 open alerts, MiB", ("open", "relay", "open.rss_mib"), (), "<= 400"),
    Row("lost", "confirmed alerts lost by kill -9", ("killed", "relay", "lost"), (), "<= 0"),
    Row("lost", "confirmed alerts lost by power cuts", ("power cut", "relay", "lost"), (), "<= 0"),
    Row("growth", "alerts/s, 10^6 mailboxes to 10^3", ("growth", "relay, many mailboxes", PER_S),
        ("growth", "relay, few mailboxes", PER_S)),
    Row("growth", "p99, us, 10^6 mailboxes to 10^3", ("growth", "relay, many mailboxes", P99),
        ("growth", "relay, few mailboxes", P99)),
    Row("growth", "alerts/s, after 10^7 events to 10^3 mailboxes", ("growth", "relay, long history", PER_S),
        ("growth", "relay, few mailboxes", PER_S)),
    Row("growth", "alerts/s, 64 recipients to 1", ("recipients", "relay, 64", PER_S),
        ("recipients", "relay, 1", PER_S)),
    Row("client", "sealing for 16 devices, ms", ("client", "relay", "seal_16_ms"), (), "<= 1.5"),
    Row("client", "opening, ms", ("client", "relay", "open_ms"), (), "<= 0.2"),
    Row("bad-line", "round trips to confirmed, cold", ("bad line", "relay", "round_trips"), (), "<= 4"),
    Row("bad-line", "from a phone for 16 devices, KiB", ("bad line", "relay", "wire_kib_up"), (), "<= 6"),
]
FIGURES = list(dict.fromkeys(row.figure for row in ROWS))


def runs_for(figures):
    wanted = {run for row in ROWS if row.figure in figures for run in row.runs()}
    return [run for run in RUNS if (run.scene, run.who) in wanted]


def holds(bound, value):
    sign, limit = bound.split()
    return value >= float(limit) if sign == ">=" else value <= float(limit)


def judged(row, value):
    if not row.goal:
        return "no goal"
    if holds(row.goal, value):
        return "yes"
    return "first step" if row.first and holds(row.first, value) else "no"
