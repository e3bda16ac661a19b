"""`./run test soak [PART]`: what takes up to 25 minutes a part, and the page with the last result of each.

The page, docs/soak.md, has a section a part; a part that is run replaces its own. What a test counted comes from
`record_property`, through pytest's JUnit file.
"""

from __future__ import annotations

import argparse
import os
import random
import re
import signal
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs/soak.md"
_LIMIT_SECONDS = 25 * 60
_INTRODUCTION = """\
# Soak

What is too long for every change: `./run test soak` runs all parts, `./run test soak PART` one of them, each in at most
25 minutes. The command writes this page: the last result of each part, passed or not. `./run test long` plays samples
of the chaos and the kills with a fixed seed.
"""


@dataclass(frozen=True, slots=True)
class Part:
    """A part by name: what must hold, and pytest's arguments."""

    name: str
    sentence: str
    arguments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What pytest said: how many tests passed, failed and were left out, the failed by name, and what was counted."""

    passed: int
    left_out: int
    failed: tuple[str, ...]
    counted: Mapping[str, str]

    @property
    def verdict(self) -> str:
        """Return the result in a few words."""
        if self.failed:
            return f"failed: {', '.join(self.failed)}"
        left_out = f", {self.left_out} skipped" if self.left_out else ""
        return f"passed: {self.passed} {'test' if self.passed == 1 else 'tests'}{left_out}"

    @property
    def is_good(self) -> bool:
        """Return whether something passed and nothing failed."""
        return self.passed > 0 and not self.failed


_TEN_THOUSAND = "Every property test of {} tries 10,000 cases, new ones each time."
_PROPERTIES = (
    "-m", "hypothesis", "-n", "2", "--dist", "worksteal", "--hypothesis-profile", "soak", "--timeout", "1500",
)  # fmt: skip
_SHARED = ("tests/unit/core",)
_SERVERS = ("tests/unit/database", "tests/unit/cache")
_HOST = ("tests/unit/host",)
_SETTINGS = ("tests/unit/config",)
_CHECKS = ("tests/unit/synthetic", "tests/integration/synthetic")
_ELSEWHERE = (*_SHARED, *_SERVERS, *_HOST, *_SETTINGS, *_CHECKS)
PARTS = (
    Part("properties-shared", _TEN_THOUSAND.format("what all exporters share"), (*_PROPERTIES, *_SHARED)),
    Part(
        "properties-servers",
        _TEN_THOUSAND.format("the exporters for PostgreSQL and Redis"),
        (*_PROPERTIES, *_SERVERS),
    ),
    Part("properties-host", _TEN_THOUSAND.format("the host's exporter"), (*_PROPERTIES, *_HOST)),
    Part("properties-settings", _TEN_THOUSAND.format("settings and targets"), (*_PROPERTIES, *_SETTINGS)),
    Part("properties-checks", _TEN_THOUSAND.format("the checks"), (*_PROPERTIES, *_CHECKS)),
    Part(
        "properties-others",
        _TEN_THOUSAND.format("mail, beacons and everything else"),
        (*_PROPERTIES, "tests/unit", "tests/integration", *(f"--ignore={path}" for path in _ELSEWHERE)),
    ),
    Part(
        "chaos",
        "Every fault of `tests/soak/faults.py` twice, at PostgreSQL, Redis and the wire, under two scrapers: no scrape"
        " is answered late, none has the class `internal`, all is up again after each, and nothing is left behind.",
        ("-m", "soak", "-n", "0", "tests/soak/test_chaos.py"),
    ),
    Part(
        "kills",
        "200 times `kill -9` of a component of `./run up`: each comes back, and nothing is left after the end.",
        ("-m", "soak", "-n", "0", "tests/soak/test_kills.py"),
    ),
    Part(
        "log-kills",
        "50 times `kill -9` of each exporter of logs while lines are written and logs are rotated: a scrape never sees"
        " more than was written, nor less than the scrape before, and in the end each line is counted once. 50 times"
        " more with a real Prometheus: its counter is never above what was written and at most one scrape behind.",
        ("-m", "soak", "-n", "0", "tests/integration/access_log/test_kills.py"),
    ),
    *(
        Part(
            f"pair-{name}",
            f"{kills} times `kill -9` of {what} of a highly available pair while an alert fires: it is always there,"
            " once, and never resolved in between; no message has a copy, silences survive, and the store lacks no two"
            " scrapes in a row but what it had not written before a kill of its own.",
            ("-m", "soak", "-n", "0", "tests/soak/test_pair.py", "-k", name),
        )
        for name, what, kills in (
            ("evaluating", "a Prometheus", 100), ("notifying", "an Alertmanager", 100), ("keeping", "the store", 50),
            ("keeps-again", "the store", 50),
        )
    ),
    Part(
        "pair-containers",
        "`docker compose --profile ha` on a Docker Engine: while a Prometheus is away and an Alertmanager is killed, an"
        " outage is one message, and the store lacks no scrape.",
        ("-m", "soak", "-n", "0", "tests/compose/test_engine_pair.py"),
    ),
    *(
        Part(
            f"gameday-{name}",
            "Every fault of this part of the game day brings the alerts declared and no others"
            + (", and ten minutes without a fault bring none." if name == "queries" else "."),
            ("-m", "soak", "-n", "0", "tests/e2e/test_bad_days.py", "-k", f"fault and {name}"),
        )
        for name in ("database", "connections", "queries", "api", "outages", "frontend", "others", "machine")
    ),
    Part(
        "fresh",
        "In a Debian 12 that has nothing but itself and python3, `./run up` brings everything up, twice.",
        ("-m", "soak", "-n", "0", "tests/e2e/test_fresh_debian.py"),
    ),
    Part(
        "advice",
        "`advise` finds planted faults, which are really so, and has no advice for healthy databases.",
        (
            "-m", "soak", "-n", "0", "tests/integration/test_advise_planted.py",
            "tests/integration/test_planted_faults.py",
        ),
    ),
    Part(
        "disk",
        "A full disk ends nothing, somebody is notified, and nothing outlives the supervisor on it; Ctrl-C ends all"
        " stacks of a game day.",
        ("-m", "soak", "-n", "0", "tests/e2e/test_bad_days.py", "-k", "disk or ctrl_c"),
    ),
)  # fmt: skip


def main() -> int:
    """Run the named part, or all; returns 0 where all passed, else 1."""
    parser = argparse.ArgumentParser(prog="./run test soak")
    parser.add_argument("part", nargs="?", choices=[part.name for part in PARTS])
    chosen = parser.parse_args().part
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it, and so would pytest
    try:
        results = [run(part) for part in PARTS if chosen in {None, part.name}]
    except KeyboardInterrupt:
        print("soak: stopped; a part that has not ended keeps its last result", file=sys.stderr)
        return 1
    return 0 if all(results) else 1


def run(part: Part) -> bool:
    """Run a part, write its section, and return whether it passed. Raises KeyboardInterrupt, with nothing written."""
    began, load, commit = time.monotonic(), os.getloadavg()[0], _commit()
    seed = random.SystemRandom().randrange(2**32)
    more = ("--hypothesis-seed", str(seed)) if "hypothesis" in part.arguments else ()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.xml"
        in_time = _pytest([*part.arguments, *more, "--junitxml", str(file)])
        found = read_outcome(file.read_text(encoding="utf-8")) if file.exists() else Outcome(0, 0, (), {})
    if more:
        found = Outcome(found.passed, found.left_out, found.failed, {"seed": str(seed), **found.counted})
    verdict = found.verdict if in_time else f"stopped after {_LIMIT_SECONDS // 60} minutes; until then {found.verdict}"
    facts = {"result": verdict, **_circumstances(commit, time.monotonic() - began, load)}
    text = PAGE.read_text(encoding="utf-8") if PAGE.exists() else ""
    PAGE.write_text(with_section(text, section(part, facts, found.counted)), encoding="utf-8")
    print(f"soak: {part.name}: {verdict}")
    return in_time and found.is_good


def _pytest(arguments: Sequence[str]) -> bool:
    """Run pytest; return whether it came to its end in time. Raises KeyboardInterrupt after its end."""
    process = subprocess.Popen([sys.executable, "-m", "pytest", *arguments], cwd=ROOT)
    try:
        process.wait(_LIMIT_SECONDS)
    except subprocess.TimeoutExpired:
        return False
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGINT)
            process.wait()
    return True


def read_outcome(junit: str) -> Outcome:
    """Return what a JUnit file of pytest (junit_family xunit1) says."""
    cases = list(ET.fromstring(junit).iter("testcase"))  # noqa: S314 - written by our own pytest
    failed = [case for case in cases if case.find("failure") is not None or case.find("error") is not None]
    left_out = [case for case in cases if case.find("skipped") is not None]
    counted = {each.attrib["name"]: each.attrib["value"] for case in cases for each in case.iter("property")}
    names = tuple(dict.fromkeys(case.attrib["name"] for case in failed))
    return Outcome(len(cases) - len(failed) - len(left_out), len(left_out), names, counted)


def section(part: Part, facts: Mapping[str, str], counted: Mapping[str, str]) -> str:
    """Return the part's section of the page."""
    lines = [f"- {name}: {value}" for name, value in {**facts, **counted}.items()]
    return f"## {part.name}\n\n{part.sentence}\n\n" + "\n".join(lines) + "\n"


def with_section(page: str, new: str) -> str:
    """Return the page with this section in the place of the one with its heading; parts keep their order."""
    found = {text.partition("\n")[0]: text for text in re.split(r"^(?=## )", page, flags=re.MULTILINE)[1:]}
    found[new.partition("\n")[0]] = new
    ordered = [found[f"## {part.name}"] for part in PARTS if f"## {part.name}" in found]
    return "\n".join([_INTRODUCTION, *(text.rstrip() + "\n" for text in ordered)])


def _circumstances(commit: str, seconds: float, load: float) -> dict[str, str]:
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": commit,
        "took": "{} min {} s".format(*divmod(round(seconds), 60)),
        "machine": f"{os.cpu_count()} processors, load {load:.1f} at the start",
    }


def _commit() -> str:
    def git(*arguments: str) -> str:
        done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
        return done.stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", ".", f":!{PAGE.relative_to(ROOT)}")
        return (git("rev-parse", "--short", "HEAD") or "unknown") + (" with changes" if changed else "")
    except FileNotFoundError:  # no git
        return "unknown"


if __name__ == "__main__":
    raise SystemExit(main())
