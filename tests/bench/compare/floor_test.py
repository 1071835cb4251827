#!/usr/bin/env python3
"""The floor relay under load for a second, killed and drained: every alert arrives. Asserts no speed."""
import sys
import tempfile
from pathlib import Path

import compare
import machine
import peers
import rows


def main():
    machine.adopt_orphans()
    with tempfile.TemporaryDirectory() as folder:
        tools = compare.Tools(Path(sys.argv[1]), Path(folder), rows.QUICK)
        try:
            for figures in (peers.press("floor", tools), peers.waiting("floor", tools)):
                print(figures)
        finally:
            machine.end_everything()


if __name__ == "__main__":
    main()
