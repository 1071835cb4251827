#!/usr/bin/env bash
# The long run: long_run.sh LOG [SEEDS [PROGRAM]]. Plays the seeds from 1 to SEEDS, 300 alerts each, in
# blocks of 20 on every core, a line of the log for each block. Killed, it goes on after the last whole
# block; with more SEEDS it goes on from where it was. docs/testing.md reads the log.
set -euo pipefail
log=${1:?usage: long_run.sh LOG [SEEDS [PROGRAM]]}
seeds=${2:-3400} # a little more than a million alerts
root=$(cd "$(dirname "$0")/../.." && pwd)
program=${3:-$root/build/release/tests/sim/tocsin_sim}
version=$(git -C "$root" describe --always --dirty --abbrev=12 2>/dev/null || echo unknown)
exec "$program" --seed 1 --seeds "$seeds" --alerts 300 --block 20 --jobs "${TOCSIN_JOBS:-$(nproc)}" \
    --log "$log" --version-of "$version" --shrink --demand
