"""What is known about logs that are followed, as metric families."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exporters.core.exposition import Family
from exporters.core.followed_logs.follower import Follower
from exporters.core.followed_logs.reader import Reader
from exporters.core.followed_logs.state import FileState, State

_ROTATIONS = ("renamed", "truncated", "lost")


@dataclass(frozen=True, slots=True)
class Words:
    """How an exporter names its logs: what its metrics begin with, `log` in words, and the labels of each."""

    prefix: str
    log: str
    section: str
    records: str
    reasons: Sequence[str]
    labels: tuple[str, ...] = ()


def of_now(words: Words, followers: Mapping[tuple[str, ...], Follower]) -> Iterator[Family]:
    """Yield what is known about the logs at this moment; a follower for each set of label values."""
    now = time.monotonic()
    for name, text, value in (
        ("file_up", f"Whether the {words.log} is there and can be read.", lambda one: int(not one.problem)),
        ("lag_bytes", f"Bytes of the {words.log} not read yet.", lambda one: one.lag_bytes),
        (
            "lag_seconds",
            f"Time since the {words.log} was last read to its end.",
            lambda one: max(0.0, now - one.reached_end),
        ),
    ):
        samples = [(labels, float(value(one))) for labels, one in followers.items()]
        yield Family(f"{words.prefix}_{name}", "gauge", text, words.labels, samples)


def followed_seconds(words: Words, reader: Reader[Any]) -> Family:
    """Return for how long lines have been read soon after they were written: 0 while a backlog is."""
    now = time.monotonic()
    samples: list[tuple[tuple[str, ...], float]] = [
        ((), 0.0 if one.since is None or reader.fault is not None else now - one.since)
        for one in reader.followers.values()
    ]
    text = f"Time for which the {words.log} has been read as it is written; 0 while it is not."
    return Family(f"{words.prefix}_followed_seconds", "gauge", text, (), samples)


def of_files(words: Words, state: State, names: Mapping[tuple[str, ...], str]) -> Iterator[Family]:
    """Yield the counters about each log; the name in the state for each set of label values."""
    files = {labels: state.files.get(name, FileState()) for labels, name in names.items()}
    counters = {
        "lines": ("lines", f"Lines read from the {words.log}."),
        "bytes": ("bytes", f"Bytes read from the {words.log}."),
        "skipped_lines": (
            "skipped",
            f"Lines passed over unread: the backlog was above {words.section}.most_backlog_bytes.",
        ),
    }
    for name, (field, text) in counters.items():
        samples = [(labels, float(getattr(one, field))) for labels, one in files.items()]
        yield Family(f"{words.prefix}_{name}_total", "counter", text, words.labels, samples)
    yield Family(
        f"{words.prefix}_lines_not_parsed_total", "counter",
        f"Lines that are not {words.records} in the format of their file, by reason.", (*words.labels, "reason"),
        [((*labels, reason), file.failed.get(reason, 0)) for labels, file in files.items() for reason in words.reasons],
    )  # fmt: skip
    yield Family(
        f"{words.prefix}_rotations_total", "counter",
        "Rotations seen: renamed, truncated (copytruncate), or lost: the file that was being read is gone.",
        (*words.labels, "kind"),
        [((*labels, kind), file.rotations.get(kind, 0)) for labels, file in files.items() for kind in _ROTATIONS],
    )  # fmt: skip
