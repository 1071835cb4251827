"""Small changes of an operator, drawn from a seed: what a tired programmer might have written.

All changes that are possible in a tree are listed, and the seed gives each its place by what it is and
not where: number n of a seed is the n-th of them, and elsewhere in the tree lines may come and go.
"""
import difflib
import hashlib
import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from patches import Mutant

WHERE = ["relay/core/*.cpp", "relay/service/alert_room.cpp", "relay/service/escalator.cpp",
         "relay/service/loaded_alerts.cpp", "relay/service/dispatcher.cpp", "relay/store/sqlite/*.cpp"]

# Our formatting puts spaces around binary operators and none inside template brackets.
SWAPS = [
    (r" < ", [" <= ", " >= "]),
    (r" <= ", [" < ", " > "]),
    (r" > ", [" >= ", " <= "]),
    (r" >= ", [" > ", " < "]),
    (r" == ", [" != "]),
    (r" != ", [" == "]),
    (r" && ", [" || "]),
    (r" \|\| ", [" && "]),
    (r" \+ ", [" - "]),
    (r" - ", [" + "]),
    (r" \+= ", [" -= "]),
    (r"\+\+", ["--"]),
    (r"\btrue\b", ["false"]),
    (r"\bfalse\b", ["true"]),
    (r"\bmin\(", ["max("]),
    (r"\bmax\(", ["min("]),
    (r"\ball_of\(", ["any_of("]),
    (r"\bany_of\(", ["all_of("]),
]
SQL_SWAPS = [
    (r" < ", [" <= "]),
    (r" <= ", [" < "]),
    (r" > ", [" >= "]),
    (r" >= ", [" > "]),
    (r" IS NULL", [" IS NOT NULL"]),
    (r" IS NOT NULL", [" IS NULL"]),
    (r" AND ", [" OR "]),
    (r"\b1\b", ["0"]),
]
NUMBER = re.compile(r"(?<![\w.'])\d+(?=(?:u|ms|s|min|h)?\b)(?![\w.]*'|x)")
CONDITION = re.compile(r"\bif \((?!const |constexpr )")
# A statement that stands alone on its line. Declarations are left: without them nothing compiles.
STATEMENT = re.compile(r"^\s+(?:if \(|co_await |\w[\w.>\[\]():<-]*(?:\(| [+-]?= )|(?:\+\+|--)\w|[*(]).*;$")
LEAVES = re.compile(r"^\s+(?:break|continue|return|co_return);$")
HEAD = re.compile(r"^\s*(?:(?:else )?if|for|while) \(.*\)$|^\s*else$")
SKIP = re.compile(r"^\s*(?:#|assert\(|static_assert|namespace|using |///?)")


@dataclass(frozen=True)
class Change:
    file: str
    line: int  # from 0
    column: int
    old: str
    new: str
    what: str


def masked(line):
    """The line with strings and comments blanked, columns kept; and where its strings are."""
    out, spans, at = list(line), [], 0
    while at < len(line):
        if line.startswith("//", at):
            out[at:] = " " * (len(line) - at)
            break
        if line[at] == '"':
            end = at + 1
            while end < len(line) and line[end] != '"':
                end += 2 if line[end] == "\\" else 1
            spans.append((at, end))
            out[at:end + 1] = '"' + "_" * (end - at - 1) + '"'
            at = end
        at += 1
    return "".join(out), spans


def closing(text, opening):
    depth = 0
    for at in range(opening, len(text)):
        depth += {"(": 1, ")": -1}.get(text[at], 0)
        if depth == 0:
            return at
    return -1


def changes_of_line(file, number, line, begins):
    code, strings = masked(line)
    for pattern, others in SWAPS:
        for found in re.finditer(pattern, code):
            for other in others:
                yield Change(file, number, found.start(), found[0], other, f"{found[0].strip()} -> {other.strip()}")
    if "sqlite" in file:
        for start, end in strings:
            for pattern, others in SQL_SWAPS:
                for found in re.finditer(pattern, line[start:end]):
                    for other in others:
                        yield Change(file, number, start + found.start(), found[0], other,
                                     f"SQL: {found[0].strip()} -> {other.strip()}")
    for found in NUMBER.finditer(code):
        value = int(found[0])
        for other in (value + 1, value - 1) if value > 0 else (1,):
            yield Change(file, number, found.start(), found[0], str(other), f"{value} -> {other}")
    for found in CONDITION.finditer(code):
        opening = found.end() - 1
        end = closing(code, opening)
        if end > 0 and ";" not in code[opening:end]:
            condition = line[opening + 1:end]
            yield Change(file, number, opening + 1, condition, f"!({condition})", "condition negated")
    if begins and code.count("(") == code.count(")") and (STATEMENT.match(code) or LEAVES.match(code)):
        yield Change(file, number, 0, line, "", "statement dropped")


def all_changes(root):
    found = []
    for pattern in WHERE:
        for path in sorted(Path(root).glob(pattern)):
            file = path.relative_to(root).as_posix()
            begins = True
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
                code = masked(line)[0].rstrip()
                if not SKIP.match(line):
                    found.extend(changes_of_line(file, number, line, begins))
                begins = not code.strip() or code.endswith((";", "{", "}", ":")) or bool(HEAD.match(code))
    return found


def as_mutant(root, change, name):
    path = Path(root) / change.file
    before = path.read_text(encoding="utf-8").split("\n")
    after = list(before)
    line = before[change.line]
    if change.what == "statement dropped":
        after[change.line] = line[:len(line) - len(line.lstrip())] + ";"
    else:
        after[change.line] = line[:change.column] + change.new + line[change.column + len(change.old):]
    diff = "\n".join(difflib.unified_diff(before, after, f"a/{change.file}", f"b/{change.file}", n=3, lineterm=""))
    return Mutant(name, "Random: " + change.what, f"{change.file}:{change.line + 1}: {change.what}", diff + "\n")


def drawn(root, seed):
    """The mutants of a seed, by number."""
    seen = Counter()
    lines = {}
    places = []
    for change in all_changes(root):
        text = lines.setdefault(change.file, (Path(root) / change.file).read_text(encoding="utf-8").split("\n"))
        what = (change.file, text[change.line].strip(), change.column, change.old, change.new)
        seen[what] += 1
        places.append((hashlib.sha256(repr((seed, what, seen[what])).encode()).digest(), change))
    places.sort(key=lambda place: place[0])
    for number, (_, change) in enumerate(places):
        yield as_mutant(root, change, f"{seed}:{number}")
