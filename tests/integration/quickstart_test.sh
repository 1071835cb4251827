#!/usr/bin/env bash
# The README's first command, as a new user would run it: it must end with an answer that the defender's own
# device has verified, and leave nothing running.
set -euo pipefail
root=$1
TOCSIN_QUICKSTART_DIR=$(mktemp -d)/quickstart
export TOCSIN_QUICKSTART_DIR
trap 'rm -rf "$(dirname "$TOCSIN_QUICKSTART_DIR")"' EXIT
timeline=$(bash "$root/deploy/quickstart.sh" --once --json </dev/null)
python3 - "$timeline" <<'PY'
import json, sys
lines = [json.loads(line) for line in sys.argv[1].splitlines()]
events = [line for line in lines if line.get("type") == "event"]
steps = [e["step"] for e in events if e["event"] == "step_opened"]
assert steps == [0, 1, 2], f"the three circles in order, not {steps}"
answers = [e for e in events if e["event"] == "answered" and e["verb"] == "accept"]
assert len(answers) == 1 and answers[0]["verified_note"] and answers[0]["person"] == "Amina", answers
assert [e for e in events if e["event"] == "closed" and e["outcome"] == "resolved"], "it did not end"
assert not [line for line in lines if line.get("type") == "warning"], "a warning was shown"
print(f"{len(lines)} lines, answered by {answers[0]['person']}")
PY
if pgrep -f "$TOCSIN_QUICKSTART_DIR" >/dev/null; then
    echo "something was left running:"; pgrep -af "$TOCSIN_QUICKSTART_DIR"; exit 1
fi
