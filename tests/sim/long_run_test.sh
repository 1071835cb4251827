#!/usr/bin/env bash
# A long run that is killed goes on where it was, and comes to what it would have come to. Also: the same
# seeds give the same stories, in one process or in several.
set -euo pipefail
program=$1
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
play() { exec "$program" --seed 5 --seeds 12 --alerts 10 --block 2 --json "$@"; }
plain() { sed -E 's/"events_per_second":[0-9]+,"cpu_seconds":[^,]+,//'; }

(play --jobs 1) | plain >"$folder/whole"

(play --jobs 2 --log "$folder/log" >/dev/null) &
runs=$!
tail --pid=$runs -n +1 -f "$folder/log" --retry 2>/dev/null | head -n 2 >/dev/null || true
kill -9 $runs 2>/dev/null || true
wait $runs 2>/dev/null || true
printf '{"first_seed":9,"stories' >>"$folder/log" # what was being written when it died

(play --jobs 2 --log "$folder/log") | plain >"$folder/resumed"
cmp "$folder/whole" "$folder/resumed"
[ "$(wc -l <"$folder/log")" = 6 ]
