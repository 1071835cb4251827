#!/usr/bin/env python3
"""Who may include whom: docs/style.md, section 3, checked on #include lines.

Each layer names the folders its files may include from (besides its own) and the outside
libraries it may not. The link graph enforces most of it; this says it in the reader's terms.
"""
import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

PROTOCOL = ["client-lib/crypto", "client-lib/protocol"]
SERVICE = ["relay/core", "relay/service", "relay/store", *PROTOCOL]

# folder -> (folders of ours it may include, patterns of outside headers it must not)
ASIO, BEAST, PROTO, TLS, SQL = r"boost/asio", r"boost/beast", r"\.pb\.h$|google/protobuf", r"openssl/", r"sqlite3|libpq"
SODIUM, TOML, CHANCE = r"sodium", r"toml\+\+", r"^(random|thread|mutex)$"
LAYERS = {
    "client-lib/include": ([], [BEAST, PROTO, TLS, SQL, SODIUM, TOML]),
    "client-lib/values": ([], [ASIO, BEAST, PROTO, TLS, SQL, TOML]),
    "client-lib/schedule": ([], [ASIO, BEAST, PROTO, TLS, SQL, SODIUM, TOML]),
    "client-lib/crypto": ([], [ASIO, BEAST, PROTO, SQL, TOML]),
    "client-lib/protocol": (["client-lib/crypto"], [ASIO, BEAST, TLS, SQL, SODIUM, TOML]),
    "client-lib/net": ([], [PROTO, SQL, TOML]),
    "client-lib/client": ([*PROTOCOL, "client-lib/net"], [BEAST, SQL, TOML]),
    "client-lib/directory": (PROTOCOL, [ASIO, BEAST, PROTO, TLS, SQL]),
    "client-lib/cli": ([], [BEAST, PROTO, TLS, SQL, SODIUM, TOML]),
    "client-lib/examples": ([], [BEAST, PROTO, TLS, SQL, SODIUM, TOML]),
    "relay/core": ([], [ASIO, BEAST, PROTO, TLS, SQL, SODIUM, TOML, CHANCE]),
    "relay/store": (["client-lib/crypto", "relay/core"], [BEAST, PROTO, TLS, TOML]),
    "relay/service": (SERVICE, [BEAST, PROTO, TLS, SQL, SODIUM, TOML, r"boost/asio/ip", r"_timer\.hpp$", CHANCE]),
    "relay/platform": (["client-lib/crypto", "relay/service/kept_clock", "relay/service/ports"], [BEAST, PROTO, TLS, SQL, SODIUM, TOML]),
    "relay/settings": ([], [ASIO, BEAST, PROTO, TLS, SQL, SODIUM]),
    "relay/link": (["relay/service", "client-lib/net", *PROTOCOL], [BEAST, PROTO, TLS, SQL, SODIUM, TOML]),
    "relay/tocsind": (["relay", "client-lib/net", *PROTOCOL], [BEAST, PROTO, TLS, SQL, SODIUM, TOML]),
}
# Opening and sealing: the relay never includes them, whatever its layer.
OPENING = re.compile(r"client-lib/protocol/(open|seal|content|compile)\.hpp")
# The only includers of generated code, and of Beast.
MAY_PROTO = re.compile(r"client-lib/protocol/convert_\w+\.(cpp|hpp)$|client-lib/client/convert_\w+\.cpp$")
MAY_BEAST = re.compile(r"client-lib/net/\w+\.cpp$|client-lib/net/http_messages\.hpp$")
CORE_FORBIDDEN = re.compile(r"\bnow\(\)|\bstd::(rand|random_device)\b|spdlog|std::c(out|err)")

INCLUDE = re.compile(r'^\s*#\s*include\s+(<([^>]+)>|"([^"]+)")')


def layer_of(path):
    fitting = [folder for folder in LAYERS if path.startswith(folder + "/")]
    return max(fitting, key=len, default=None)


def wrongs_of(file):
    path = file.relative_to(ROOT).as_posix()
    layer = layer_of(path)
    if layer is None:
        return
    allowed, banned = LAYERS[layer]
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        found = INCLUDE.match(line)
        if layer == "relay/core" and not found and CORE_FORBIDDEN.search(line.split("//")[0]):
            yield f"{path}:{number}: the core has no clock, chance or output: {line.strip()}"
        if not found:
            continue
        name = found.group(2) or found.group(3)
        ours = name.startswith(("client-lib/", "relay/", "tests/"))
        if ours and not any(name.startswith(folder) for folder in [layer, *allowed]):
            yield f"{path}:{number}: {layer} may not include {name}"
        if path.startswith("relay/") and OPENING.search(name):
            yield f"{path}:{number}: the relay opens and seals nothing, but includes {name}"
        if ours or name.startswith("tocsin/") and not name.endswith(".pb.h"):
            continue
        for pattern in banned:
            if pattern == PROTO and MAY_PROTO.search(path):
                continue
            if re.search(pattern, name):
                yield f"{path}:{number}: {layer} may not include <{name}>"
        if re.search(BEAST, name) and not MAY_BEAST.search(path):
            yield f"{path}:{number}: Beast stays in client-lib/net: *.cpp and http_messages.hpp"
        if re.search(PROTO, name) and not MAY_PROTO.search(path):
            yield f"{path}:{number}: generated code is included by convert_*.cpp alone"


def main():
    files = [f for top in ("client-lib", "relay") for f in sorted((ROOT / top).rglob("*")) if f.suffix in (".cpp", ".hpp", ".h", ".c")]
    wrongs = sorted({wrong for file in files for wrong in wrongs_of(file)})
    print("\n".join(wrongs) if wrongs else f"{len(files)} files keep the layers")
    return 1 if wrongs or not files else 0


if __name__ == "__main__":
    sys.exit(main())
