#!/usr/bin/env python3
"""Breaks the relay on purpose, one mutant at a time, and shows which named test or invariant notices.

  run.py                          every patch of this folder
  run.py --only SOME_NAME ...     these alone
  run.py --random 200 --seed 7    changes of operators, drawn from the seed
  run.py --random 1 --number 41 --seed 7   one of them again
  run.py --check                  every patch still applies; builds nothing

Works on a copy of the tree beneath the build folder and touches nothing else. The copy must pass
everything before it is mutated. Tests run cheapest first, and the first that fails is the killer.
What has been run is kept in results.jsonl there: a run that was stopped goes on where it was.
"""
import argparse
import fcntl
import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import operators
import patches

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]

# What decides whether a result still says something about this tree.
SUBJECT = ["relay", "client-lib", "proto", "CMakeLists.txt"]
JUDGES = ["tests/unit/core", "tests/unit/service", "tests/unit/store", "tests/contract", "tests/support", "tests/sim",
          "docs/escalation.md"]
NOT_COPIED = {"build", ".git", "__pycache__"}
MEMORY_MAX = 6 << 30  # a mutant may loop and remember each turn


@dataclass(frozen=True)
class Killer:
    name: str
    folder: str
    target: str
    arguments: tuple
    is_sim: bool = False


CORE = Killer("core", "unit/core", "relay_core_test", ("--gtest_fail_fast",))
SERVICE = Killer("service", "unit/service", "tocsin_service_test", ("--gtest_fail_fast",))
CONTRACT = Killer("contract", "contract", "tocsin_contract_test", ("--gtest_fail_fast", "--gtest_filter=Sqlite/*"))
SLOW = "SqlitePowerCut.*:SqliteCrash.F1_KilledAtRandomMoments"
STORE = Killer("store", "unit/store", "tocsin_store_test", ("--gtest_fail_fast", f"--gtest_filter=-{SLOW}"))
CRASH = Killer("crash", "unit/store", "tocsin_store_test", ("--gtest_fail_fast", f"--gtest_filter={SLOW}"))
SIM = Killer("sim", "sim", "tocsin_sim", (), is_sim=True)
KILLERS = [CORE, CONTRACT, SERVICE, STORE, CRASH, SIM]
# Which of them a folder's code is linked into, cheapest first.
WHO_KILLS = {
    "relay/core": [CORE, SERVICE, SIM],
    "relay/service": [SERVICE, SIM],
    "relay/store/sqlite": [CONTRACT, STORE, SIM, CRASH],
}


def say(text):
    print(text, file=sys.stderr, flush=True)


def spent_by_children():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def hash_of(root, places):
    digest = hashlib.sha256()
    for place in places:
        start = Path(root) / place
        for path in [start] if start.is_file() else sorted(start.rglob("*")):
            name = path.relative_to(root)
            if path.is_file() and "__pycache__" not in name.parts and HERE.name not in name.parts:
                digest.update(name.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]


def copy_tree(source, target):
    """Makes the copy equal, and leaves what is equal already untouched, so that little is rebuilt."""
    wanted = set()
    for folder, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in NOT_COPIED and not name.startswith(".")]
        there = target / Path(folder).relative_to(source)
        there.mkdir(parents=True, exist_ok=True)
        for name in files:
            wanted.add(there / name)
            original = Path(folder) / name
            if original.is_symlink() or not original.is_file():
                continue
            content = original.read_bytes()
            if not (there / name).is_file() or (there / name).read_bytes() != content:
                shutil.copy(original, there / name)
    for path in target.rglob("*"):
        if path.is_file() and path not in wanted:
            path.unlink()


class Workshop:
    def __init__(self, work, options):
        self.tree, self.build, self.scratch = work / "tree", work / "build", work / "scratch"
        self.results, self.first = work / "results.jsonl", work / "unmutated.json"
        self.mutated = work / "mutated.json"  # what the copy's mutated files were before
        work.mkdir(parents=True, exist_ok=True)
        self.lock = open(work / "lock", "w")
        try:
            fcntl.flock(self.lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            sys.exit(f"{work} is in use by another run")
        self.options = options
        self.env = {**os.environ, "CCACHE_BASEDIR": str(work), "TEST_TMPDIR": f"{self.scratch}/"}

    def prepare(self):
        self.restore()
        if not self.options.as_is or not self.tree.is_dir():
            copy_tree(ROOT, self.tree)
        self.subject, self.judges = hash_of(self.tree, SUBJECT), hash_of(self.tree, JUDGES)
        if not (self.build / "build.ninja").is_file():
            self.call(["cmake", "-S", self.tree, "-B", self.build, "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug",
                       "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g0"], check=True)

    def call(self, command, **more):
        return subprocess.run([str(word) for word in command], env=self.env, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, errors="replace", **more)

    def make(self, *targets):
        made = self.call(["ninja", "-C", self.build, f"-j{self.options.jobs}", *targets])
        return made.returncode == 0, made.stdout

    def binary(self, killer):
        return self.build / "tests" / killer.folder / killer.target

    def print_of(self, killer):
        return hashlib.sha256(self.binary(killer).read_bytes()).hexdigest()

    def unmutated(self):
        """The times and fingerprints of the tree as it is; it must pass first."""
        key = [self.subject, self.judges, self.options.seeds]
        if self.first.is_file() and (known := json.loads(self.first.read_text()))["key"] == key:
            return known
        say("building the unmutated tree")
        made, told = self.make(*{killer.target for killer in KILLERS})
        if not made:
            sys.exit(told + "\nthe unmutated tree does not build")
        known = {"key": key, "seconds": {}, "prints": {}}
        for killer in KILLERS:
            begun = spent_by_children()
            if verdict := self.verdict_of(killer, limit=1800):
                sys.exit(f"the unmutated tree does not pass: {verdict}")
            known["seconds"][killer.name] = round(spent_by_children() - begun, 1)
            known["prints"][killer.name] = self.print_of(killer)
        say("unmutated: all pass, " + ", ".join(f"{name} {spent} s" for name, spent in known["seconds"].items()))
        self.first.write_text(json.dumps(known))
        return known

    def verdict_of(self, killer, limit):
        """The name of what fails, or nothing."""
        if not killer.is_sim:
            return self.run(killer, killer.arguments, limit)
        end = time.monotonic() + limit
        for first in range(1, self.options.seeds + 1, 4):
            left = end - time.monotonic()
            if left <= 0:
                return None
            count = min(4, self.options.seeds + 1 - first)
            if verdict := self.run(killer, ("--seed", str(first), "--seeds", str(count), "--alerts", "12"), 60):
                return verdict
        return None

    def run(self, killer, arguments, limit):
        """`limit`: seconds of the processor, so that a busy machine kills no mutant."""
        def bounds():
            resource.setrlimit(resource.RLIMIT_CPU, (int(limit), int(limit)))
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        log, late = self.scratch.parent / "last.log", ""
        with open(log, "wb") as out:
            process = subprocess.Popen([str(self.binary(killer)), *arguments], env=self.env, stdout=out,
                                       stderr=subprocess.STDOUT, preexec_fn=bounds, cwd=self.scratch)
            try:
                code = process.wait(timeout=8 * limit)
                late = " (never ends)" if code in (-signal.SIGXCPU, -signal.SIGKILL) else ""
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
                code, late = 1, " (never ends)"
            except BaseException:
                process.kill()
                process.wait()
                raise
        if code == 0:
            return None
        text = log.read_text(encoding="utf-8", errors="replace")
        return self.name_of_failure(killer, text, code) + late

    @staticmethod
    def name_of_failure(killer, text, code):
        if killer.is_sim:
            if found := re.search(r"^seed (\d+): (?!holds)(.+)$", text, re.M):
                words = re.sub(r"\[[^\]]*\]", "[..]", found[2])
                return f"tocsin_sim --seed {found[1]}: {words[:100]}"
            last = text.strip().splitlines()[-1:] or [f"code {code}"]
            return f"tocsin_sim: {last[0][:100]}"
        if found := re.search(r"^\[  FAILED  \] ([\w/]+\.[\w/]+)", text, re.M):
            return found[1]
        running = re.findall(r"^\[ RUN      \] (\S+)", text, re.M)
        return (running[-1] if running else killer.target) + (" (crashes)" if code in (-signal.SIGABRT, -signal.SIGSEGV) else "")

    def judge(self, mutant, known):
        """(status, killed by) of one mutant; the copy is as it was afterwards."""
        changed = patches.patched(mutant, self.tree)
        before = {name: (self.tree / name).read_text(encoding="utf-8") for name in changed}
        self.mutated.write_text(json.dumps(before))
        folder = next((key for key in WHO_KILLS if any(name.startswith(key) for name in changed)), None)
        try:
            for name, text in changed.items():
                (self.tree / name).write_text(text, encoding="utf-8")
            for killer in WHO_KILLS.get(folder, KILLERS):
                if killer == CRASH and self.options.quick:
                    continue
                made, told = self.make(killer.target)
                if not made:
                    return "does not compile", next(iter(re.findall(r"error: (.+)", told)), told[-200:])
                if self.print_of(killer) == known["prints"][killer.name]:
                    continue
                limit = max(10, 3 * known["seconds"][killer.name])
                if verdict := self.verdict_of(killer, limit if not killer.is_sim else self.options.sim_seconds):
                    return "killed", verdict
            return "survived", ""
        finally:
            self.restore()

    def restore(self):
        if self.mutated.is_file():
            for name, text in json.loads(self.mutated.read_text()).items():
                (self.tree / name).write_text(text, encoding="utf-8")
            self.mutated.unlink()

    def earlier(self):
        """Finished before, by the mutant's hash. A killed one stays killed while its subject is the same."""
        done = {}
        if self.results.is_file() and not self.options.afresh:
            for line in self.results.read_text(encoding="utf-8").splitlines():
                try:
                    result = json.loads(line)
                except ValueError:
                    continue  # cut off in the middle
                same_judges = result["status"] != "survived" or \
                    (result["judges"] == self.judges and result["seeds"] >= self.options.seeds
                     and self.options.quick >= result["quick"])
                if result["subject"] == self.subject and same_judges:
                    done[result["hash"]] = result
        return done

    def play(self, mutants):
        """Yields the result of each, from before or from now."""
        done, known = self.earlier(), None
        for mutant in mutants:
            if mutant.hash in done:
                yield mutant, {**done[mutant.hash], "name": mutant.name}
                continue
            known = known or self.unmutated()
            begun = time.monotonic()
            status, killed_by = self.judge(mutant, known)
            result = {"name": mutant.name, "hash": mutant.hash, "kind": mutant.kind, "breaks": mutant.breaks,
                      "status": status, "killed_by": killed_by, "seconds": round(time.monotonic() - begun, 1),
                      "subject": self.subject, "judges": self.judges, "seeds": self.options.seeds, "quick": self.options.quick,
                      "at": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M")}
            with open(self.results, "a", encoding="utf-8") as out:
                out.write(json.dumps(result) + "\n")
            yield mutant, result


def check():
    bad = 0
    mutants = []
    for path in sorted(HERE.glob("*.patch")):
        try:
            mutant = patches.read(path)
            patches.patched(mutant, ROOT)
            mutants.append(mutant)
            if not mutant.killed_by:
                raise patches.Misfit(f"{path.name}: nothing is known to kill it")
        except patches.Misfit as misfit:
            bad += 1
            print(misfit)
    if len(mutants) < 40:
        bad += 1
        print(f"{len(mutants)} patches are fewer than forty")
    print(f"{len(mutants)} patches apply" if not bad else f"{bad} are wrong")
    return 1 if bad else 0


def chosen(options, tree):
    if not options.random:
        mutants = patches.read_all(HERE)
        if unknown := set(options.only) - {mutant.name for mutant in mutants}:
            sys.exit(f"no such patch: {', '.join(sorted(unknown))}")
        return [mutant for mutant in mutants if not options.only or mutant.name in options.only]
    drawn = operators.drawn(tree, options.seed)
    if options.number:
        return [mutant for mutant in drawn if int(mutant.name.split(":")[1]) in options.number]
    return drawn


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="these patches alone")
    parser.add_argument("--random", type=int, default=0, metavar="N", help="N changes of operators instead of the patches")
    parser.add_argument("--seed", type=int, default=1, help="what they are drawn from")
    parser.add_argument("--number", type=int, nargs="+", help="these numbers of the seed alone")
    parser.add_argument("--check", action="store_true", help="only say whether every patch still applies")
    parser.add_argument("--record", action="store_true", help="write into each patch what killed it")
    parser.add_argument("--json", action="store_true", help="one JSON line for each instead of the table")
    parser.add_argument("--afresh", action="store_true", help="take nothing from earlier runs")
    parser.add_argument("--as-is", action="store_true", help="go on with the copy of the tree as it is")
    parser.add_argument("--work", type=Path, default=ROOT / "build" / "mutants", help="where the copy is built")
    parser.add_argument("--quick", action="store_true", help="leave the slow crash tests of the store out")
    parser.add_argument("--jobs", type=int, default=1, help="of the compiler")
    parser.add_argument("--seeds", type=int, default=40, help="stories of the simulator for one mutant")
    parser.add_argument("--sim-seconds", type=int, default=90, help="how long they may take")
    options = parser.parse_args()
    if options.check:
        return check()
    os.nice(3)
    for ends in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(ends, lambda *_: sys.exit(130))
    shop = Workshop(options.work.resolve(), options)
    shop.prepare()
    count = {"killed": 0, "survived": 0, "does not compile": 0}
    survivors = []
    wanted = options.random if options.random and not options.number else sys.maxsize
    if not options.json:
        print("| mutant | breaks | killed by | s |\n| --- | --- | --- | --- |")
    for mutant, result in shop.play(chosen(options, shop.tree)):
        count[result["status"]] += 1
        if options.json:
            print(json.dumps(result), flush=True)
        elif result["status"] != "does not compile" or not options.random:
            verdict = result["killed_by"] if result["status"] == "killed" else f"**{result['status']}**"
            print(f"| {mutant.name} | {mutant.breaks} | {verdict} | {result['seconds']:.0f} |", flush=True)
        if result["status"] == "survived":
            survivors.append(mutant)
        if options.record and not options.random and result["status"] == "killed":
            mutant.killed_by = result["killed_by"]
            patches.write(mutant, HERE)
        if count["killed"] + count["survived"] >= wanted:
            break
    total = count["killed"] + count["survived"]
    say(f"{total} mutants, {count['killed']} killed ({100 * count['killed'] / max(total, 1):.1f} %), {count['survived']} survive"
        f"; {count['does not compile']} did not compile")
    for mutant in survivors:
        say(f"\nsurvivor {mutant.name}: {mutant.breaks}\n{mutant.diff}")
    broken = count["does not compile"] if not options.random else 0
    return 1 if survivors or broken else 0


if __name__ == "__main__":
    sys.exit(main())
