#!/usr/bin/env python3
"""Counts what one pass of each pure stage takes, and holds it against instructions.json.

    instructions.py PROGRAM [--update]      PROGRAM: tocsin_stages of the release build

Counted are instructions of our own code, of Protobuf's and of the C++ library's, and allocations.
What libc and the cryptographic libraries run depends on the processor, so it is left out. A count
that rises by more than a twentieth fails; one that falls asks for --update, and fails nothing.
Exit codes: 0, 1 (something rose), 77 (no valgrind here, or another processor: nothing was told).
"""
import json
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

EXPECTED = Path(__file__).with_name("instructions.json")
TIMES = 20
TOLERANCE = 1.05
SKIPPED = 77
LEFT_OUT = re.compile(r"/(libc|libm|libsodium|libcrypto|libssl|ld-linux[\w-]*)[.-]")
COST = re.compile(r"[\d+*-]\S* (\d+)$")


def own_instructions(profile):
    """The sum of a callgrind profile, without what the objects of LEFT_OUT ran themselves."""
    total, counts, of_call = 0, False, False
    for line in profile.splitlines():
        if line.startswith("ob="):
            counts = not LEFT_OUT.search(line)
        elif line.startswith("calls="):
            of_call = True  # the line after it is what was called, which has lines of its own
        elif cost := COST.match(line):
            total += int(cost[1]) if counts and not of_call else 0
            of_call = False
    return total


def instructions(program, stage):
    with tempfile.NamedTemporaryFile() as profile:
        subprocess.run(
            ["valgrind", "--tool=callgrind", "--collect-atstart=no", "--toggle-collect=counted_stage",
             "--compress-strings=no", "--compress-pos=no", f"--callgrind-out-file={profile.name}",
             program, stage, str(TIMES)], check=True, capture_output=True)
        return own_instructions(Path(profile.name).read_text()) // TIMES


def count(program):
    told = subprocess.run([program], check=True, capture_output=True, text=True).stdout
    allocations = json.loads(told)
    with ThreadPoolExecutor(max_workers=2) as pool:
        counted = pool.map(lambda stage: instructions(program, stage), allocations)
        return {stage: {"instructions": n, "allocations": allocations[stage]}
                for stage, n in zip(allocations, counted)}


def compare(counted, expected):
    """Prints a line for each count; says whether one rose."""
    rose = False
    for stage in sorted(counted.keys() | expected.keys()):
        if stage not in counted or stage not in expected:
            print(f"{stage}: only in {'the program' if stage in counted else EXPECTED.name}")
            rose = True
            continue
        for what, now in counted[stage].items():
            before = expected[stage][what]
            verdict = "ROSE" if now > before * TOLERANCE else "fell" if now * TOLERANCE < before else ""
            rose |= verdict == "ROSE"
            print(f"{stage:16} {what:13} {now:8} expected {before:8} {verdict}".rstrip())
    return rose


def main(arguments):
    if not arguments or arguments[1:] not in ([], ["--update"]):
        print(__doc__, file=sys.stderr)
        return 2
    if shutil.which("valgrind") is None or platform.machine() != "x86_64":
        print("no valgrind here, or no x86_64: nothing counted")
        return SKIPPED
    counted = count(arguments[0])
    if arguments[1:]:
        EXPECTED.write_text(json.dumps(counted, indent=2) + "\n")
        return 0
    return 1 if compare(counted, json.loads(EXPECTED.read_text())) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
