#!/usr/bin/env bash
# From nothing to an answered call for help, on a bare Debian 12.
#
# Builds tocsind and tocsin, starts a real relay on loopback, makes an organisation with three desks
# and one defender, each with a key store of its own, and plays one arrest until a person answers.
# Everything it makes lies in build/release and .quickstart; run it as often as you like.
# shellcheck disable=SC2317 # functions are called by name, and by traps
set -euo pipefail
export LC_ALL=C.UTF-8
umask 077

usage() {
    cat <<'HELP'
deploy/quickstart.sh           builds, shows one alert from the press to the answer, leaves the relay running
deploy/quickstart.sh --once    the same, then ends everything it started
deploy/quickstart.sh --json    the alert's timeline as JSON lines, nothing else on standard output
deploy/quickstart.sh --stop    ends what an earlier run has left running
HELP
}

once=no json=no stop=no
for argument in "$@"; do
    case "$argument" in
    --once) once=yes ;;
    --json) json=yes ;;
    --stop) stop=yes ;;
    -h | --help) usage && exit 0 ;;
    *) usage >&2 && exit 2 ;;
    esac
done

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
state=${TOCSIN_QUICKSTART_DIR:-$root/.quickstart}
logs=$state/logs
bin=$root/build/release/bin
export TOCSIN_PASSPHRASE="a passphrase for trying things out"
unset TOCSIN_HOME

# ---- how it speaks -------------------------------------------------------------------------------

exec 3>&1
[ "$json" = no ] || exec 1>/dev/null # the timeline alone goes to descriptor 3
bold='' quiet='' plain=''
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
    bold=$'\e[1m' quiet=$'\e[2m' plain=$'\e[0m'
fi
columns=80
if [ -t 1 ]; then columns=$(stty size 2>/dev/null <&1 | cut -d' ' -f2) || columns=80; fi
[ "${columns:-0}" -gt 20 ] || columns=80
[ "$columns" -le 88 ] || columns=88

scene='the beginning' scene_log=''
scene() { scene=$1 scene_log=${2:-} && printf '\n%s%s%s\n' "$bold" "$1" "$plain"; }
say() { printf '%s\n' "$*" | fold -s -w "$columns" | sed 's/ *$//'; }
shows() { printf '%s  $ %s%s\n' "$quiet" "$*" "$plain"; }

fail() {
    {
        printf '\nThe quickstart stopped at: %s\n' "$scene"
        printf 'What went wrong: %s\n' "$*"
        if [ -n "$scene_log" ] && [ -s "$scene_log" ]; then
            printf 'The last lines of %s:\n' "${scene_log#"$root"/}"
            tail -n 15 "$scene_log" | sed 's/^/    /'
        fi
        printf 'Nothing outside %s and build/release was touched. Run it again, or: bash deploy/quickstart.sh --stop\n' "${state#"$root"/}"
    } >&2
    exit 1
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$SECONDS" -lt "$deadline" ] || fail "$what"
        sleep 0.1
    done
}

# ---- what it started, and only that --------------------------------------------------------------

# Ours: a process under this pid whose command line names this checkout's state.
is_ours() {
    local line
    [ -r "/proc/$1/cmdline" ] || return 1
    line=$({ tr '\0' ' ' <"/proc/$1/cmdline"; } 2>/dev/null) || return 1
    [[ $line == *"$state"* && $line == *"$bin/tocsin"* ]]
}
gone() { ! is_ours "$1"; }

end_process() {
    local file=$1 pid
    [ -f "$file" ] || return 0
    pid=$(cat "$file")
    if [[ $pid =~ ^[0-9]+$ ]] && is_ours "$pid"; then
        kill "$pid" 2>/dev/null || true
        local deadline=$((SECONDS + 10))
        while is_ours "$pid" && [ "$SECONDS" -lt "$deadline" ]; do sleep 0.1; done
        is_ours "$pid" && kill -9 "$pid" 2>/dev/null
    fi
    rm -f "$file"
}

end_all() {
    local file
    for file in "$state"/*.pid; do
        [ "$(basename "$file")" = relay.pid ] || end_process "$file"
    done
    end_process "$state/relay.pid"
}

# start NAME COMMAND...: in the background, with a log and a pid file.
start() {
    local name=$1
    shift
    setsid "$@" >"$logs/$name.out" 2>"$logs/$name.err" </dev/null 3>&- &
    echo $! >"$state/$name.pid"
    disown
}

if [ "$stop" = yes ]; then
    end_all
    say "Everything that the quickstart had started has ended."
    exit 0
fi

keep_running=no
at_exit() {
    local code=$?
    trap - EXIT INT TERM
    [ "$keep_running" = yes ] || end_all
    exit "$code"
}
trap at_exit EXIT
trap 'exit 130' INT TERM

# ---- the scenes ----------------------------------------------------------------------------------

packages='g++ cmake ninja-build pkg-config protobuf-compiler libprotobuf-dev libboost1.81-dev libssl-dev
libsodium-dev libsqlite3-dev libtomlplusplus-dev libcli11-dev libspdlog-dev libhowardhinnant-date-dev
libqrencode-dev libgoogle-perftools-dev libxxhash-dev tzdata gettext curl'

install_packages() {
    local missing=() package
    for package in $packages; do
        dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    scene "Installing what is missing" "$logs/apt.log"
    say "${missing[*]}"
    local as=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || { ! sudo -n true 2>/dev/null && [ ! -t 0 ]; }; then
            {
                echo "These packages are missing, and installing them takes root. Run this, then the quickstart again:"
                echo "    apt-get update && apt-get install --no-install-recommends -y ${missing[*]}"
            } >&2
            exit 1
        fi
        as=(sudo)
    fi
    "${as[@]}" apt-get update >"$logs/apt.log" 2>&1 || fail "apt-get update failed"
    "${as[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install --no-install-recommends -y "${missing[@]}" \
        >>"$logs/apt.log" 2>&1 || fail "apt-get install failed"
}

build() {
    scene_log=$logs/build.log
    cd "$root"
    if [ ! -f build/release/build.ninja ]; then
        cmake --preset release -DTOCSIN_TESTS=OFF >"$logs/build.log" 2>&1 || fail "cmake could not prepare the build"
    fi
    if ninja -C build/release -n tocsind tocsin_cli 2>/dev/null | grep -q 'no work to do'; then return 0; fi
    scene "Building tocsind and tocsin (the first time takes some minutes)" "$logs/build.log"
    if [ -t 1 ]; then
        # ninja's own line counts the steps; on failure it says what the compiler said.
        ninja -C build/release -j2 tocsind tocsin_cli 2>&1 | tee "$logs/build.log" || fail "the build failed"
    else
        ninja -C build/release -j2 tocsind tocsin_cli >"$logs/build.log" 2>&1 || fail "the build failed"
    fi
}

free_port() {
    local port tries=50
    while [ $((tries -= 1)) -gt 0 ]; do
        port=$((20000 + RANDOM % 20000))
        if ! (exec 4<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return 0
        fi
    done
    return 1
}

relay_ready() { curl --silent --insecure --fail --max-time 2 "https://127.0.0.1:$port/readyz"; }

relay() {
    scene "A relay" "$logs/relay.err"
    port=$(free_port) || fail "no free port on 127.0.0.1"
    shows tocsind init --org '"Great Lakes Protection Network"' --listen "127.0.0.1:$port"
    "$bin/tocsind" init --dir "$state/relay" --org "Great Lakes Protection Network" \
        --listen "127.0.0.1:$port" >"$logs/relay.err" 2>&1 || fail "tocsind init failed"
    "$bin/tocsind" check --config "$state/relay/tocsind.toml" >>"$logs/relay.err" 2>&1 ||
        fail "tocsind check found something"
    start relay "$bin/tocsind" run --config "$state/relay/tocsind.toml"
    wait_for 20 "the relay did not become ready" relay_ready
    say "It listens on 127.0.0.1:$port. It will carry what follows, and read none of it."
}

# As one person, on a device of their own.
as() {
    local who=$1
    shift
    "$bin/tocsin" "$1" --home "$state/$who" "${@:2}"
}

desks='goma-circle protection-desk norland-embassy'

organisation() {
    scene "An organisation" "$logs/admin.log"
    shows tocsin org quickstart.toml --code admin.invitation
    as admin org "$root/config/examples/quickstart.toml" --code "$state/relay/admin.invitation" \
        --root-key "$state/root.key" --yes >"$logs/admin.log" 2>&1 || fail "the directory could not be published"
    say "Its admin has signed a directory: neighbours in Goma first, then a protection desk, then an embassy. The relay keeps it sealed and knows no name in it."
}

admitted() {
    local code=0
    as admin invite --admit --yes >>"$logs/admin.log" 2>&1 || code=$?
    [ "$code" -eq 0 ]
}

enrol() {
    scene "Four people join" "$logs/admin.log"
    local who
    for who in heron $desks; do
        if [ "$who" = heron ]; then
            as admin invite defender --name Heron --file "$state/$who.code" --no-wait
        else
            as admin invite desk "$who" --file "$state/$who.code" --no-wait
        fi >>"$logs/admin.log" 2>&1 || fail "$who could not be invited"
    done
    shows tocsin invite defender --name Heron
    shows tocsin join CODE
    local joining=()
    for who in heron $desks; do
        as "$who" join "$state/$who.code" >"$logs/$who.join" 2>&1 &
        joining+=("$!")
    done
    wait_for 90 "not everybody was let in" admitted
    local i=0
    for who in heron $desks; do
        scene_log=$logs/$who.join
        wait "${joining[$i]}" || fail "$who could not join"
        i=$((i + 1))
    done
    say "Heron, a defender, and one person at each desk: four devices, four key stores, each under its own passphrase."
}

watching() { grep -q '"type":"watching"' "$logs/$1.out" && grep -q '"type":"online"' "$logs/$1.out"; }
rang() { grep -q '"type":"rang"' "$logs/$1.out"; }
happened() { grep -Eq "$1" "$logs/timeline.out"; }

duty() {
    scene "The desks go on duty"
    local who
    for who in $desks; do
        start "$who" "$bin/tocsin" inbox --watch --json --home "$state/$who"
    done
    for who in $desks; do
        scene_log=$logs/$who.err
        wait_for 20 "$who did not reach the relay" watching "$who"
    done
    shows tocsin inbox --watch
    say "All three are watching. Heron's phone looks in once, and has their fresh keys from then on."
    scene_log=$logs/heron.status
    as heron status >"$logs/heron.status" 2>&1 || fail "Heron's phone did not reach the relay"
}

alarm() {
    scene "An arrest" "$logs/heron.alert"
    say "Two men take Jean from the market. Heron presses. No passphrase, no waiting for a network:"
    shows 'tocsin alert arrest "two men took Jean from the market" --where -1.68,29.22 --do-not "no press"'
    env -u TOCSIN_PASSPHRASE "$bin/tocsin" alert arrest "two men took Jean from the market" \
        --where -1.68,29.22 --do-not "no press" --home "$state/heron" --json >"$logs/heron.alert" 2>&1 ||
        fail "the alert did not reach the relay"
    grep -q '"type":"with_relay"' "$logs/heron.alert" || fail "the relay did not confirm the alert"
}

# What the people do while Heron's screen tells the story: nobody at the first two answers.
people() {
    scene="The embassy answers" scene_log=$logs/norland-embassy.err
    wait_for 60 "the embassy was not called" rang norland-embassy
    wait_for 20 "Heron did not see the embassy being called" happened '"event":"step_opened","step":2'
    as norland-embassy ack --accept --eta 20m --name Amina --will call,visit "I am calling the station now." \
        >"$logs/amina.ack" 2>&1 || { scene_log=$logs/amina.ack && fail "the answer was refused"; }
    wait_for 20 "Heron did not see the answer" happened '"event":"answered","verb":"accept"'
    as heron update "He is at the central police station." >"$logs/heron.update" 2>&1 ||
        { scene_log=$logs/heron.update && fail "the update was refused"; }
    wait_for 20 "Heron did not see the update" happened '"event":"followed_up"'
    as norland-embassy ack --resolve --name Amina "Jean is out. I am bringing him home." \
        >"$logs/amina.resolve" 2>&1 || { scene_log=$logs/amina.resolve && fail "the end was refused"; }
    wait_for 20 "Heron did not see the end" happened '"event":"closed"'
}

story() {
    scene "What Heron sees" "$logs/timeline.err"
    say "For this show a circle has 6 seconds to answer; in life it has minutes. The first two stay silent on purpose."
    shows tocsin status --watch
    start timeline "$bin/tocsin" status --watch --json --home "$state/heron"
    local screen=
    if [ "$json" = no ]; then
        as heron status --watch &
        screen=$!
    fi
    people
    scene="What Heron sees" scene_log=$logs/timeline.err
    [ -z "$screen" ] || wait "$screen" || fail "the watching ended early"
    wait_for 20 "the watching did not end with the alert" gone "$(cat "$state/timeline.pid")"
    [ "$json" = no ] || cat "$logs/timeline.out" >&3
}

farewell() {
    scene "What is true now"
    say "Amina's word is signed by a key that only her device could read from the alert: the relay could neither have made it up nor changed it. The relay holds sealed bytes, numbers and times."
    [ "$once" = no ] || return 0
    keep_running=yes
    scene "Try it by hand"
    local line
    for line in \
        "The relay and the three desks are still running. In this shell:" \
        "" \
        "  export TOCSIN_PASSPHRASE='$TOCSIN_PASSPHRASE'" \
        "  PATH=$bin:\$PATH; cd $state" \
        "" \
        "  tocsin alert threat --home heron --watch      # call for help, and watch" \
        "  tocsin inbox --home goma-circle               # what a desk sees" \
        "  tocsin ack --home goma-circle --eta 10m       # answer it" \
        "  tocsin status --home heron                    # who has it" \
        "  tocsin org show --home admin                  # who is in the directory" \
        "" \
        "  bash $root/deploy/quickstart.sh --stop        # end everything"; do
        printf '%s\n' "$line"
    done
}

# Read whole before it runs: an update of the checkout meanwhile does no harm.
main() {
    mkdir -p "$logs"
    install_packages
    build
    end_all # what an earlier run has left
    rm -rf "$state"
    mkdir -p "$logs"
    relay
    organisation
    enrol
    duty
    alarm
    story
    farewell
    exit 0
}
main
