#!/usr/bin/env python3
"""The relay beside others on the same machine, in turns: what tests/bench/compare.sh runs once all is built.

  compare.sh                          every figure, three runs of each; about half an hour
  compare.sh --quick                  one short run of each: whether it works, not how fast anything is
  compare.sh --only saturation,idle   some figures
  compare.sh --json                   one JSON object for each row; progress goes to standard error

Before a run it waits until others use less than 0.15 core, a minute at most. A run during which they used more
than 0.2 is marked (~) and made once more. Figures are medians; ratios are ours to theirs.
"""
import argparse
import json
import os
import resource
import shutil
import signal
import statistics
import sys
import tempfile
import time
from pathlib import Path
from subprocess import SubprocessError

import machine
import relay
import rows

DISTURBED_CORES = 0.2
ALWAYS_BUILT = ["tocsind", "tocsin_load", "tocsin_peer_load", "tocsin_floor_relay", "tocsin_sync_delay"]


def options(arguments):
    parser = argparse.ArgumentParser(prog="compare.sh", description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="one JSON object for each row")
    parser.add_argument("--quick", action="store_true", help="one short run of each")
    parser.add_argument("--only", metavar="FIGURE,...", default=",".join(rows.FIGURES), help=", ".join(rows.FIGURES))
    parser.add_argument("--reps", type=int, default=3, help="runs of each")
    parser.add_argument("--raw", type=Path, help="a file to which every run is appended as a JSON line")
    parser.add_argument("--dir", type=Path, help="where the servers keep their data meanwhile: on the disk you mean")
    parser.add_argument("--build", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--targets", action="store_true", help=argparse.SUPPRESS)
    chosen = parser.parse_args(arguments)
    chosen.only = chosen.only.split(",")
    for figure in set(chosen.only) - set(rows.FIGURES):
        parser.error(f"no such figure: {figure} (there are {', '.join(rows.FIGURES)})")
    if chosen.reps < 1:
        parser.error("--reps: at least 1")
    if chosen.quick:
        chosen.reps = 1
    return chosen


class Tools:
    """What a run works with: programs, a folder, how much."""

    def __init__(self, build, folder, scale):
        self.build, self.folder, self.scale, self.folders = build.resolve(), folder.resolve(), scale, 0

    def binary(self, name):
        for place in (self.build / "bin", self.build / "tests"):
            for file in [place / name, *place.rglob(name)]:
                if file.is_file():
                    return str(file)
        raise relay.NotMeasured(f"there is no {name}")

    def new_folder(self, name):
        self.folders += 1
        return self.folder / f"{name}-{self.folders}"

    def clean(self):
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()


class Comparison:
    def __init__(self, chosen, tools):
        self.chosen, self.tools = chosen, tools
        self.results = {}  # (scene, who) -> figures of each run
        self.reasons = {}  # (scene, who) -> why there are none

    def say(self, text):
        print(text, file=sys.stderr, flush=True)

    def keep_raw(self, run, figures):
        if not self.chosen.raw:
            return
        line = {"at": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "scene": run.scene, "who": run.who, **figures}
        with open(self.chosen.raw, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")

    def attempt(self, run):
        if not run.counts:
            machine.wait_for_quiet(self.tools.scale.quiet_wait)
        others = machine.OtherWork()
        try:
            figures = run.measure(self.tools)
        except (relay.NotMeasured, RuntimeError, OSError, ValueError, KeyError, SubprocessError) as error:
            figures = {"error": str(error) or type(error).__name__, "final": isinstance(error, relay.NotMeasured)}
        finally:
            machine.end_everything()
            self.tools.clean()
        figures["other_cores"] = round(others.cores(), 2)
        figures["disturbed"] = not run.counts and figures["other_cores"] > DISTURBED_CORES
        self.keep_raw(run, figures)
        return figures

    def measure(self, run, turn):
        key = (run.scene, run.who)
        if turn > 1 and (run.counts or self.reasons.get(key) and key not in self.results):
            return
        figures = self.attempt(run)
        if figures["disturbed"] and not self.chosen.quick and not figures.get("final"):
            figures = self.attempt(run)
        name = f"{run.scene}: {run.who}" + (f", run {turn} of {self.chosen.reps}" if self.chosen.reps > 1 else "")
        if "error" in figures:
            self.reasons[key] = figures["error"]
            return self.say(f"{name}: not measured: {figures['error']}")
        self.results.setdefault(key, []).append(figures)
        self.say(name + (f" (disturbed, others used {figures['other_cores']} cores)" if figures["disturbed"] else ""))

    def run_all(self):
        wanted = rows.runs_for(self.chosen.only)
        for scene in dict.fromkeys(run.scene for run in wanted):
            for turn in range(1, self.chosen.reps + 1):
                for run in wanted:
                    if run.scene == scene:
                        self.measure(run, turn)

    def value(self, scene, who, figure):
        """(median, how many runs were disturbed, why there is none)"""
        runs = self.results.get((scene, who), [])
        values = [run[figure] for run in runs if figure in run]
        if not values:
            return None, 0, self.reasons.get((scene, who), f"{scene}, {who}: no {figure}")
        return statistics.median(values), sum(run["disturbed"] for run in runs), None

    def rows(self):
        return [self.row(row) for row in rows.ROWS if row.figure in self.chosen.only]

    def row(self, row):
        ours, disturbed, reason = self.value(*row.ours)
        peer = ratio = None
        if row.theirs:
            peer, more, their_reason = self.value(*row.theirs)
            disturbed, reason = disturbed + more, reason or their_reason
        if ours is not None and peer:
            ratio = ours / peer
        judged = ratio if row.theirs else ours
        met = rows.judged(row, judged) if judged is not None else f"not measured: {reason}"
        against = row.theirs[1] if row.theirs else ""
        return {"figure": row.figure, "words": row.words, "against": against, "ours": ours, "peer": peer,
                "ratio": ratio, "first_step": row.first, "goal": row.goal, "met": met, "disturbed_runs": disturbed}


def shown(value):
    if value is None:
        return "-"
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.3g}"


def print_table(table):
    heads = ["figure", "what", "against", "ours", "theirs", "ratio", "goal", "met"]
    lines = [[r["figure"], r["words"], r["against"] or "-", shown(r["ours"]), shown(r["peer"]),
              "-" if r["ratio"] is None else f"{r['ratio']:.2f}", r["goal"] or "-",
              r["met"] + (" ~" if r["disturbed_runs"] else "")] for r in table]
    widths = [max(len(line[i]) for line in [heads, *lines]) for i in range(len(heads) - 1)] + [0]
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    colours = {"yes": "32", "first step": "33", "no": "31"}

    def printed(line, colour):
        cells = [c.rjust(w) if 3 <= i <= 5 else c.ljust(w) for i, (c, w) in enumerate(zip(line, widths))]
        text = "  ".join(cells).rstrip()
        print(f"\x1b[{colour}m{text}\x1b[0m" if coloured and colour else text)

    printed(heads, "1")
    for line, row in zip(lines, table):
        printed(line, colours.get(row["met"]))
    if any(row["disturbed_runs"] for row in table):
        print("~ other work on the machine disturbed some of these runs")


def compare(chosen):
    folder = Path(tempfile.mkdtemp(prefix="compare-", dir=chosen.dir or chosen.build))
    tools = Tools(chosen.build, folder / "run", rows.QUICK if chosen.quick else rows.Scale())
    comparison = Comparison(chosen, tools)
    try:
        tools.clean()
        comparison.run_all()
    finally:
        machine.end_everything()
        shutil.rmtree(folder, ignore_errors=True)
    table = comparison.rows()
    if chosen.json:
        for row in table:
            print(json.dumps(row))
    else:
        print_table(table)


def main():
    chosen = options(sys.argv[1:])
    if chosen.targets:
        print(*ALWAYS_BUILT, *[run.target for run in rows.runs_for(chosen.only) if run.target])
        return 0
    for number in (signal.SIGINT, signal.SIGTERM):  # however it is ended, it cleans up
        signal.signal(number, lambda ended_by, _: sys.exit(128 + ended_by))
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    machine.adopt_orphans()
    compare(chosen)
    return 0


if __name__ == "__main__":
    sys.exit(main())
