"""The relay's own runs: tocsin_load and the project's other measuring programs, their figures by one name each."""
import json
import os
import re
import subprocess
from functools import cache

RUN_SECONDS_MAX = 1800


class NotMeasured(Exception):
    """There is nothing to measure with; no use in trying again."""


def flat(figures, prefix=""):
    """{"waiting": {"ready_ms": 1}} as {"waiting.ready_ms": 1}."""
    out = {}
    for key, value in figures.items():
        if isinstance(value, dict):
            out.update(flat(value, f"{prefix}{key}."))
        else:
            out[prefix + key] = value
    return out


def run(command, env=None):
    """Standard output of a program that must end well."""
    with subprocess.Popen(command, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True) as child:
        try:
            output, complaints = child.communicate(timeout=RUN_SECONDS_MAX)
        except BaseException:
            child.kill()
            raise
    if child.returncode != 0:
        raise RuntimeError(last_line(complaints) or last_line(output) or f"it ended with {child.returncode}")
    return output


def last_line(text):
    return text.strip().rsplit("\n", 1)[-1]


@cache
def help_of(binary):
    return subprocess.run([binary, "--help"], capture_output=True, text=True, check=False).stdout


def words_for(binary, options):
    """Options and values as words; an option the program doesn't know is why nothing is measured."""
    words = []
    for option, value in options.items():
        name = "--" + option.replace("_", "-")
        if not re.search(rf"(^|[\s,]){name}\b(?!-)", help_of(binary)):
            raise NotMeasured(f"{os.path.basename(binary)} does not know {name}")
        words += [name] if value is True else [name, str(value)]
    return words


def load(tools, env=None, **options):
    """One run of tocsin_load on a tocsind of its own."""
    binary = tools.binary("tocsin_load")
    folder = tools.new_folder("relay")
    folder.mkdir()
    words = words_for(binary, {"relay_binary": tools.binary("tocsind"), "dir": folder, "json": True, **options})
    return flat(json.loads(run([binary, *words], env)))


def press(tools, env=None, **options):
    scale = tools.scale
    return load(tools, env, seconds=scale.seconds, warm_up=scale.warm_up, **options)


def alone(tools, **options):
    """Without a load besides: only what the options ask for."""
    return load(tools, seconds=0, **options)


def growth_in_mailboxes(tools, share):
    return press(tools, mailboxes=int(tools.scale.mailboxes * share))


def bench(tools):
    """Stages of the client, in milliseconds."""
    output = run([tools.binary("tocsin_bench"), "--benchmark_format=json",
                  "--benchmark_filter=^(seal/16|open)(/|$)"])
    per_ms = {"ns": 1e6, "us": 1e3, "ms": 1.0}
    figures = {}
    for one in json.loads(output)["benchmarks"]:
        name = one["name"].removesuffix("/real_time").replace("/", "_")
        figures[name + "_ms"] = one["real_time"] / per_ms[one["time_unit"]]
    return figures


def bad_line(tools):
    figures = json.loads(run([tools.binary("tocsin_bad_line"), "--json"]))
    figures["wire_kib_up"] = figures["wire_bytes_up"] / 1024
    return figures


def lost(tools, test, env):
    """Confirmed alerts that a test of the suite missed afterwards."""
    tools.binary(test)
    command = ["ctest", "--test-dir", str(tools.build), "-R", f"^{test}$", "--verbose", "--no-tests=error"]
    done = subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, check=False,
                          start_new_session=True, timeout=RUN_SECONDS_MAX)
    if not re.search(r"\b[1-9]\d* tests? from", done.stdout):
        raise RuntimeError(f"{test} ran nothing")
    if done.returncode == 0:
        return {"lost": 0}
    counts = re.findall(r"a confirmed alert is not in the store.*?, (\d+) times", done.stdout)
    if not counts:
        raise RuntimeError(f"{test} failed: ctest -R {test} says why")
    return {"lost": sum(map(int, counts))}
