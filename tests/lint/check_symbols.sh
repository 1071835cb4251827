#!/usr/bin/env bash
# The relay cannot open what it carries: none of the opening or sealing code is in its binary.
set -euo pipefail
binary=$1
symbols=$(nm -C "$binary")
# The relay's own service is there, or this looked at the wrong thing.
grep -q 'tocsin::service::Service' <<<"$symbols" || { echo "$binary: not the relay, or stripped"; exit 1; }
banned='tocsin::protocol::(open|seal|seal_note|open_note|seal_follow_up|open_follow_up|open_roster|unwrap_roster_key|open_join_request|open_join_answer)\(|tocsin::crypto::hpke::|tocsin::protocol::compile\('
if found=$(grep -E "$banned" <<<"$symbols"); then
    echo "the relay holds opening code:"; echo "$found"; exit 1
fi
echo "no opening code in $(basename "$binary") ($(wc -l <<<"$symbols") symbols read)"
