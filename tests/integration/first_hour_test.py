#!/usr/bin/env python3
"""Does what docs/first-hour.md says, line by line, on real terminals.

    first_hour_test.py SOURCE_DIR BINARY_DIR

A fenced block ```sh NAME is typed on NAME's terminal, each line when the one before has ended well; a
block ```text NAME is what must then be on NAME's screen; a block ```toml FILE is a file. `…` stands for
anything. The port, a spoken code and four comparison words are examples: where the page shows one first,
the real one takes its place from there on, so that what is read aloud on one screen is what is typed or
compared on another.
"""
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PATIENCE_S = float(os.environ.get("TOCSIN_PATIENCE_S", "60"))
CODE = re.compile(r"\b\d{4}(?: \d{4}){4}\b")
WORDS = re.compile(r"\b(?:[a-z]+ – ){3}[a-z]+\b")
PROMPT = re.compile(r"\[(\d+)\]>\s*$")
BLOCK = re.compile(r"^```(sh|text|toml) ?(\S*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Failed(Exception):
    pass


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Terminals:
    """One tmux server, one window of 80 columns for each person."""

    def __init__(self, folder, binaries):
        self.folder = folder
        self.socket = f"first-hour-{os.getpid()}"
        self.people = set()
        self.environment = {
            "PATH": f"{binaries}:{os.environ['PATH']}",
            "HOME": str(folder),
            "TERM": "xterm-256color",
            "TOCSIN_PASSPHRASE": "an example, never use it",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }

    def tmux(self, *words):
        done = subprocess.run(["tmux", "-L", self.socket, "-f", "/dev/null", *words], env=self.environment,
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failed(f"tmux {words[0]}: {done.stderr.strip()}")
        return done.stdout

    def open(self, who):
        if who in self.people:
            return
        place = self.folder / who
        place.mkdir(exist_ok=True)
        # The prompt tells how the last command ended.
        shell = f"cd {place}; export TOCSIN_HOME={place}/key-store PS1='[$?]> ' PS2=; exec bash --norc --noprofile"
        self.tmux("new-session", "-d", "-s", who, "-x", "80", "-y", "50", "bash", "-c", shell)
        self.tmux("set-option", "-t", who, "history-limit", "20000")
        self.people.add(who)
        self.wait(who, 0, lambda screen: screen.rstrip().endswith("[0]>"), "a prompt")

    def screen(self, who):
        # Joined: a line that the terminal broke is one line.
        return self.tmux("capture-pane", "-p", "-J", "-S", "-", "-t", who)

    def type(self, who, line):
        """Types a line; returns how much the screen held before."""
        before = len(self.screen(who).rstrip())
        if line == "Ctrl-C":
            self.tmux("send-keys", "-t", who, "C-c")
            return before
        if line.startswith("tocsin"):  # a command, not an answer to one
            self.wait(who, 0, lambda screen: PROMPT.search(screen.rstrip()), f"a prompt for: {line}")
            before = len(self.screen(who).rstrip())
        if line:
            self.tmux("send-keys", "-t", who, "-l", line)
        self.tmux("send-keys", "-t", who, "Enter")
        return before

    def wait(self, who, since, seen, what):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            screen = self.screen(who)
            if seen(screen[since:]):
                return screen[since:]
            time.sleep(0.05)  # tmux tells nobody when a screen changes
        raise Failed(f"{who} never saw {what}. The screen:\n{self.screen(who)}")

    def ended(self, who, since, line):
        screen = self.wait(who, since, lambda text: PROMPT.search(text.rstrip()) and "\n" in text.strip(),
                           f"the end of: {line}")
        code = PROMPT.search(screen.rstrip()).group(1)
        if code != "0":
            raise Failed(f"{who} typed: {line}\nIt ended with {code}. The screen:\n{screen}")

    def close(self):
        subprocess.run(["tmux", "-L", self.socket, "kill-server"], capture_output=True, check=False)


def pattern_of(line):
    """A line of the page as it may stand on the screen."""
    parts = [re.escape(part.strip()) for part in line.strip().split("…")]
    return re.compile(r"\s*" + ".*".join(re.sub(r"(?:\\ )+", r"\\s+", part) for part in parts))


class Page:
    def __init__(self, terminals):
        self.terminals = terminals
        self.real = {"7443": str(free_port())}  # what the page shows -> what it is here
        self.since = {}

    def here(self, text):
        for shown, real in self.real.items():
            text = text.replace(shown, real)
        return text

    def learn(self, shown_text, screen):
        for kind in (CODE, WORDS):
            for shown in kind.findall(shown_text):
                if shown in self.real:
                    continue
                found = kind.findall(screen)
                if not found:
                    raise Failed(f"nothing like {shown} on the screen:\n{screen}")
                self.real[shown] = found[-1]

    def typed(self, who, lines, has_text):
        self.terminals.open(who)
        for i, line in enumerate(lines):
            since = self.terminals.type(who, self.here(line))
            self.since[who] = since
            if i + 1 < len(lines) or not has_text:
                self.terminals.ended(who, since, line)

    def seen(self, who, text):
        lines = [line for line in text.splitlines() if line.strip()]

        def all_there(screen):
            for kind in (CODE, WORDS):
                if any(shown not in self.real for shown in kind.findall(text)) and not kind.search(screen):
                    return False
            self.learn(text, screen)
            return all(pattern_of(self.here(line)).search(screen) for line in lines)

        try:
            self.terminals.wait(who, self.since[who], all_there, "what the page shows")
        except Failed as failure:
            screen = self.terminals.screen(who)[self.since[who]:]
            missing = [line for line in lines if not pattern_of(self.here(line)).search(screen)]
            raise Failed(f"{who} should see:\n" + "\n".join(missing) + f"\n{failure}") from failure

    def perform(self, markdown, folder):
        blocks = list(BLOCK.finditer(markdown))
        steps = 0
        for i, block in enumerate(blocks):
            kind, name, text = block.groups()
            if kind == "toml":
                (folder / name).parent.mkdir(parents=True, exist_ok=True)
                (folder / name).write_text(text)
            elif kind == "sh":
                following = blocks[i + 1].groups()[:2] if i + 1 < len(blocks) else None
                self.typed(name, text.splitlines(), following == ("text", name))
                steps += len(text.splitlines())
            else:
                self.seen(name, text)
        return steps


def main():
    source, binaries = Path(sys.argv[1]), Path(sys.argv[2])
    folder = Path(tempfile.mkdtemp(prefix="tocsin-first-hour-"))
    terminals = Terminals(folder, binaries)
    try:
        steps = Page(terminals).perform((source / "docs/first-hour.md").read_text(), folder)
        print(f"{steps} lines typed by {len(terminals.people)} people")
        return 0 if steps else 1
    except Failed as failure:
        print(failure, file=sys.stderr)
        return 1
    finally:
        terminals.close()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
