"""What runs on this machine and what it costs, from /proc; every descendant is found and can be ended."""
import ctypes
import os
import signal
import time
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
PR_SET_CHILD_SUBREAPER = 36
KTHREADD = 2


def adopt_orphans():
    """A server whose starter has gone stays ours: to be counted, and to be ended."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def stat(pid):
    """(parent, ticks of it and of the children it has waited for), or None."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = text[text.rindex(")") + 2:].split()
    return int(fields[1]), sum(map(int, fields[11:15]))


def stats():
    found = {int(p): stat(p) for p in os.listdir("/proc") if p.isdigit()}
    return {pid: s for pid, s in found.items() if s}


def tree(root, all_stats=None):
    all_stats = stats() if all_stats is None else all_stats
    children = {}
    for pid, (parent, _) in all_stats.items():
        children.setdefault(parent, []).append(pid)
    found, todo = [], [root]
    while todo:
        found.append(pid := todo.pop())
        todo += children.get(pid, [])
    return found


def ticks_of(root):
    all_stats = stats()
    return sum(all_stats[pid][1] for pid in tree(root, all_stats) if pid in all_stats)


def resident_kib(root):
    total = 0
    for pid in tree(root):
        try:
            total += int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            pass
    return total * os.sysconf("SC_PAGESIZE") / 1024


def settled_resident_kib(root, patience=10):
    deadline = time.monotonic() + patience
    before, now = -1.0, resident_kib(root)
    while now != before and time.monotonic() < deadline:
        time.sleep(0.25)
        before, now = now, resident_kib(root)
    return now


class OtherWork:
    """How many cores others have used since it was made; the kernel's own threads work for all."""

    def __init__(self):
        self.since, self.before = time.monotonic(), self._others()

    @staticmethod
    def _others():
        all_stats = stats()
        busy = sum(map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:4]))
        ours = sum(all_stats[pid][1] for pid in tree(os.getpid(), all_stats) if pid in all_stats)
        kernel = sum(ticks for pid, (parent, ticks) in all_stats.items() if KTHREADD in (pid, parent))
        return busy - ours - kernel

    def cores(self):
        seconds = max(time.monotonic() - self.since, 0.01)
        return max(0.0, (self._others() - self.before) / TICKS / seconds)


def wait_for_quiet(seconds_max, cores_max=0.15):
    deadline = time.monotonic() + seconds_max
    while time.monotonic() < deadline:
        others = OtherWork()
        time.sleep(1)
        if others.cores() < cores_max:
            return


def end(root):
    """Ends a process and all below it, at once."""
    for pid in tree(root):
        if pid != os.getpid():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def end_everything():
    """Nothing that was started is left, whoever its parent was; only while nothing is being waited for."""
    deadline = time.monotonic() + 15
    while time.monotonic() < deadline:
        end(os.getpid())
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        time.sleep(0.02)
