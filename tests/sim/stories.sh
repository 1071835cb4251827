#!/usr/bin/env bash
# Plays stories for ctest: stories.sh PROGRAM SEEDS. With TOCSIN_LONG, 5,000 of them, and whatever can
# happen must have happened.
set -euo pipefail
program=$1
seeds=$2
demand=()
if [ -n "${TOCSIN_LONG:-}" ]; then
    seeds=5000
    demand=(--demand)
fi
exec "$program" --seed 1 --seeds "$seeds" --alerts 20 --jobs "$(nproc)" "${demand[@]}"
