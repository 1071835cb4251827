#!/usr/bin/env bash
# Builds Tocsin and runs its whole suite on a bare Debian 12: once as it ships (g++), once under
# address and undefined-behaviour sanitizers (clang). `--full` adds the thread sanitizer, the fuzzers and the
# long runs. Ends with ctest's summary; exits 0 only if everything passed.
set -euo pipefail
cd "$(dirname "$0")/.."

full=no
case "${1:-}" in
    --full) full=yes ;;
    "") ;;
    *) echo "usage: bash tests/run.sh [--full]" >&2; exit 2 ;;
esac

packages=(g++ clang-19 libclang-rt-19-dev llvm-19 lld-19 cmake ninja-build ccache mold pkg-config protobuf-compiler
    libboost1.81-dev libboost-json1.81-dev openssl libssl-dev libsodium-dev libprotobuf-dev libsqlite3-dev
    libtomlplusplus-dev libcli11-dev libspdlog-dev libhowardhinnant-date-dev libqrencode-dev libgoogle-perftools-dev libxxhash-dev
    tzdata libgtest-dev libgmock-dev libbenchmark-dev
    gettext python3 strace tmux curl valgrind binutils util-linux procps)

step() { printf '\n== %s (%s)\n' "$1" "$(date +%H:%M:%S)"; }

missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
    step "Installing ${#missing[@]} Debian packages"
    install="apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends ${missing[*]}"
    if [ "$(id -u)" = 0 ]; then
        sh -c "$install" >/dev/null
    elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
        sudo sh -c "$install" >/dev/null
    else
        echo "These packages are missing. As root, run this line and start again:" >&2
        echo "  apt-get update && apt-get install -y --no-install-recommends ${missing[*]}" >&2
        exit 1
    fi
fi

jobs=${TOCSIN_JOBS:-$(nproc)}
build() { # preset
    step "Building: $1"
    local tests=ON # said outright: the quickstart configures the release build without them
    [ "$1" != fuzz ] || tests=OFF
    cmake --preset "$1" -DTOCSIN_TESTS=$tests >"build-$1.log" 2>&1 || { cat "build-$1.log"; rm -f "build-$1.log"; exit 1; }
    rm -f "build-$1.log"
    NINJA_STATUS='[%f/%t %es] ' cmake --build --preset "$1" -j "$jobs" | awk '/^\[/{n++; if (n % 25 == 0) print; next} {print}'
}

build release
build asan
step "Testing under address and undefined-behaviour sanitizers"
export ASAN_OPTIONS=detect_leaks=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
ctest --preset asan -j "$jobs"

if [ "$full" = yes ]; then
    build tsan
    step "Testing under the thread sanitizer"
    ctest --preset tsan -j "$jobs"
    build fuzz
    step "Fuzzing, ${TOCSIN_FUZZ_SECONDS:-60} s for each parser"
    for target in build/fuzz/tests/fuzz/fuzz_*; do
        [ -x "$target" ] && [ -f "$target" ] || continue
        name=$(basename "$target")
        corpus=tests/fuzz/corpus/${name#fuzz_}
        work=build/fuzz/work/$name
        mkdir -p "$work"
        "$target" -max_total_time="${TOCSIN_FUZZ_SECONDS:-60}" -rss_limit_mb=1024 -print_final_stats=0 "$work" "$corpus" \
            >"$work.log" 2>&1 || { tail -30 "$work.log"; exit 1; }
        echo "$name: $(grep -c '' <(ls "$work")) inputs kept, no finding"
    done
    export TOCSIN_LONG=1 TOCSIN_KILLS=1000
fi

step "Testing what ships"
ctest --preset release -j "$jobs"
