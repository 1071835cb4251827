"""Mutants as patches: a few lines that say what is broken, then a unified diff.

Applied here and not by patch(1) or git: nothing to install, and a hunk that fits nowhere, or in two
places equally far away, is an error rather than a guess.
"""
import hashlib
import re
from dataclasses import dataclass, field
from pathlib import Path

HUNK = re.compile(r"@@ -(\d+)(?:,\d+)? \+\d+(?:,\d+)? @@")
KIND = re.compile(r"(Rule: (?:10|[1-9])|Durability: .+)$")
KILLED_BY = "Killed by: "


class Misfit(Exception):
    """The patch does not fit the tree."""


@dataclass
class Hunk:
    line: int
    old: list = field(default_factory=list)
    new: list = field(default_factory=list)


@dataclass
class Mutant:
    name: str
    kind: str  # "Rule: 4" or "Durability: ..."
    breaks: str  # one sentence
    diff: str
    killed_by: str = ""

    @property
    def hash(self):
        text = "".join(line for line in self.diff.splitlines(True) if not line.startswith("@@"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def files(self):
        return re.findall(r"^--- a/(.+)$", self.diff, re.M)


def read(path):
    head, mark, diff = path.read_text(encoding="utf-8").partition("--- a/")
    lines = [line for line in head.splitlines() if line]
    killed_by = "".join(line[len(KILLED_BY):] for line in lines if line.startswith(KILLED_BY))
    words = [line for line in lines if not line.startswith(KILLED_BY)]
    if not mark or len(words) < 2 or not KIND.match(words[0]):
        raise Misfit(f"{path.name}: begins with 'Rule: N' or 'Durability: ...', then what it breaks")
    return Mutant(path.stem, words[0], " ".join(words[1:]), mark + diff, killed_by)


def read_all(folder):
    return [read(path) for path in sorted(folder.glob("*.patch"))]


def write(mutant, folder):
    killer = f"{KILLED_BY}{mutant.killed_by}\n" if mutant.killed_by else ""
    text = f"{mutant.kind}\n{mutant.breaks}\n{killer}{mutant.diff}"
    (folder / f"{mutant.name}.patch").write_text(text, encoding="utf-8")


def hunks_of(diff):
    """(file, hunks) of a unified diff."""
    files = []
    for line in diff.splitlines():
        if line.startswith("--- a/"):
            files.append((line[6:], []))
        elif found := HUNK.match(line):
            files[-1][1].append(Hunk(int(found[1])))
        elif line.startswith("+++ "):
            continue
        elif files and files[-1][1]:
            hunk = files[-1][1][-1]
            if line[:1] in (" ", "-", ""):
                hunk.old.append(line[1:])
            if line[:1] in (" ", "+", ""):
                hunk.new.append(line[1:])
    return files


def place_of(hunk, lines):
    places = [at for at in range(len(lines) - len(hunk.old) + 1)
              if lines[at:at + len(hunk.old)] == hunk.old]
    places.sort(key=lambda at: abs(at - (hunk.line - 1)))
    if not places:
        raise Misfit("fits nowhere:\n" + "\n".join(hunk.old))
    if len(places) > 1 and abs(places[0] - hunk.line + 1) == abs(places[1] - hunk.line + 1):
        raise Misfit("fits in two places:\n" + "\n".join(hunk.old))
    return places[0]


def patched(mutant, root):
    """file -> its text with the mutant in it; the tree stays as it is."""
    changed = {}
    for name, hunks in hunks_of(mutant.diff):
        path = Path(root) / name
        if not path.is_file():
            raise Misfit(f"{mutant.name}: there is no {name}")
        lines = path.read_text(encoding="utf-8").split("\n")
        for hunk in reversed(hunks):
            try:
                at = place_of(hunk, lines)
            except Misfit as misfit:
                raise Misfit(f"{mutant.name}: {name}:{hunk.line} {misfit}") from None
            lines[at:at + len(hunk.old)] = hunk.new
        changed[name] = "\n".join(lines)
    if not changed:
        raise Misfit(f"{mutant.name}: an empty diff")
    return changed
