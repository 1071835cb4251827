#!/usr/bin/env bash
# The relay beside mosquitto, NATS, RabbitMQ and the least a relay could do, on this machine: installs the
# peers and builds what is needed on a bare Debian 12, then measures. `--help` says what it takes.
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$PWD/build/release
compare=(python3 -B tests/bench/compare/compare.py --build "$build")

command -v python3 >/dev/null || { echo "python3 is missing: apt-get install python3" >&2; exit 1; }
targets=$("${compare[@]}" --targets "$@") || exit
case " $* " in *" --help "* | *" -h "*) printf '%s\n' "$targets"; exit ;; esac

packages=(mosquitto nats-server rabbitmq-server openssl
    g++ cmake ninja-build pkg-config protobuf-compiler libboost1.81-dev libboost-json1.81-dev libssl-dev libsodium-dev
    libprotobuf-dev libsqlite3-dev libtomlplusplus-dev libcli11-dev libspdlog-dev libhowardhinnant-date-dev
    libqrencode-dev libgoogle-perftools-dev libxxhash-dev tzdata libgtest-dev libgmock-dev libbenchmark-dev gettext)
missing=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
if ((${#missing[@]} > 0)); then
    echo "Installing ${missing[*]}" >&2
    [ "$(id -u)" = 0 ] || { echo "As root: apt-get install --no-install-recommends ${missing[*]}" >&2; exit 1; }
    # The comparison starts the peers itself: Debian's own services must not run beside it.
    no_services=
    if [ ! -e /usr/sbin/policy-rc.d ]; then
        no_services=/usr/sbin/policy-rc.d
        trap 'rm -f "$no_services"' EXIT
        printf '#!/bin/sh\nexit 101\n' >"$no_services" && chmod 755 "$no_services"
    fi
    apt-get update -qq >&2
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
    [ -z "$no_services" ] || rm -f "$no_services"
    trap - EXIT
fi

echo "Building" >&2
cmake --preset release -DTOCSIN_TESTS=ON >/dev/null
there=()
for target in $targets; do # what is not there is not measured, and its row says so
    ! ninja -C "$build" -t query "$target" >/dev/null 2>&1 || there+=("$target")
done
cmake --build --preset release --target "${there[@]}" >&2
exec "${compare[@]}" "$@"
