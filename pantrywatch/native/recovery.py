"""Sets aside state files damaged by a power cut or a full disk, so that the servers start without them.

Prometheus repairs its write-ahead log itself; these are the files with which the servers refuse to start. Nothing is
deleted: the file is renamed, and its name printed. PostgreSQL's data is never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from exporters.core.files import put_aside
from pantrywatch.generate.alertmanager.state_files import LOST, is_whole
from pantrywatch.native.console import complain
from pantrywatch.native.pair import ALERTMANAGER, PROMETHEUS
from pantrywatch.native.state_dir import State
from pantrywatch.native.supervisor import Component

_MOST_PUT_ASIDE = 10  # for one component in one run: more would have another cause
_ALERTMANAGERS = ("alertmanager", ALERTMANAGER)
_LOST = {
    **{f"{one}/{name}": lost for one in _ALERTMANAGERS for name, lost in LOST.items()},
    "redis/dump.rdb": "the cache starts empty",
}
_ALERTMANAGER = re.compile(
    r'level=error (?:\S*=\S+ )?(?:msg="[^"]*(?:notification log|silence)[^"]*" )?'
    r'err="?(?:proto: |invalid |unexpected EOF|read \S+(?:nflog|silences): )',
    re.IGNORECASE,
)
_PROMETHEUS = re.compile(r"opening storage failed: .*?(chunks_head/[0-9]+|[0-9A-HJKMNP-TV-Z]{26}|\bwal\b)")
_REDIS = re.compile(r"Wrong signature trying to load DB|RDB ERROR DETECTED|Short read or OOM loading DB|loading the DB")


class Recovery:
    """Searches what a component that does not start has logged since `up` started."""

    def __init__(self, state: State) -> None:
        """Note where the logs end now, to skip errors of earlier runs."""
        self._state = state
        self._read = {name: _size(state.file(f"log/{name}.log")) for name in _DAMAGED}
        self._count = dict.fromkeys(_DAMAGED, 0)

    def recover(self, components: Sequence[Component]) -> list[str]:
        """Set aside the damaged files of components that do not start; return those that may start now."""
        return [
            component.name
            for component in components
            if component.state in {"BACKOFF", "FATAL"}
            and component.name in _DAMAGED
            and self._put_aside(component.name)
        ]

    def _put_aside(self, component: str) -> bool:
        files = [file for file in dict.fromkeys(self._named(component)) if self._state.file(file).exists()]
        for file in files[: _MOST_PUT_ASIDE - self._count[component]]:
            self._count[component] += 1
            try:
                kept = put_aside(self._state.file(file))
            except OSError as error:
                complain([f"{component} does not start: {self._state.file(file)} is damaged: {error.strerror}"])
                return False
            lost = _LOST.get(file, "its data is missing on boards and in error budgets")
            complain([f"{component} does not start: {file} is damaged", f"put aside as {kept}", lost])
        return bool(files)

    def _named(self, component: str) -> Iterator[str]:
        log = self._state.file(f"log/{component}.log")
        if not log.exists():
            return
        if _size(log) < self._read[component]:  # rotated
            self._read[component] = 0
        with log.open("rb") as lines:
            lines.seek(self._read[component])
            content = lines.read(1024 * 1024)
        self._read[component] += len(content)
        yield from _DAMAGED[component](self._state, content.decode("utf-8", "replace"))


def _alertmanager(component: str, state: State, log: str) -> Iterator[str]:
    """Alertmanager logs the error without naming which of its two files it is in."""
    if not _ALERTMANAGER.search(log):
        return
    files = [f"{component}/{name}" for name in LOST]
    broken = [file for file in files if state.file(file).exists() and not is_whole(state.file(file))]
    yield from broken or files


def _prometheus(component: str, _state: State, log: str) -> Iterator[str]:
    for found in _PROMETHEUS.finditer(log):
        yield f"{component}/data/{found[1]}"


def _redis(_state: State, log: str) -> Iterator[str]:
    if _REDIS.search(log):
        yield "redis/dump.rdb"


_DAMAGED: dict[str, Callable[[State, str], Iterator[str]]] = {
    **{name: partial(_alertmanager, name) for name in _ALERTMANAGERS},
    **{name: partial(_prometheus, name) for name in ("prometheus", PROMETHEUS)},
    "redis": _redis,
}


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0
