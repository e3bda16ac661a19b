"""Questions as the boards ask them: read from the generated boards, so that a report cannot show another number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from exporters.core.errors import ConfigError, ConfigProblem


class Panels:
    """The panels of a folder of generated boards."""

    def __init__(self, folder: Path) -> None:
        """Take the folder; a board is read when it is first asked for."""
        self._folder = folder
        self._board = cache(self._read)

    def expr(self, board: str, title: str, ref: str, seconds: float = 0) -> str:
        """Return the expression of a panel for all that its board can choose; `seconds` is the time range shown.

        Raises ConfigError if the boards have no such query: they are of another version.
        """
        document = self._board(board)
        for panel in _panels(document):
            for target in panel.get("targets", ()):
                if panel["title"] == title and target["refId"] == ref:
                    return _filled(target["expr"], _variables(document) | {"__range": f"{seconds:.0f}s"})
        expected = f"expected a panel {title!r} with a query {ref}: the boards are not those of this version"
        raise ConfigError([ConfigProblem(str(self._folder), board, expected)])

    def _read(self, board: str) -> Any:
        files = list(self._folder.glob(f"*/{board}.json"))
        if not files:
            raise ConfigError([ConfigProblem(str(self._folder), board, "expected the generated board, got none")])
        return json.loads(files[0].read_text(encoding="utf-8"))


def _panels(document: Any) -> Iterator[Any]:
    for panel in document["panels"]:
        yield panel
        yield from panel.get("panels", ())  # those of a row that is shut


def _variables(document: Any) -> dict[str, str]:
    return {one["name"]: one["allValue"] for one in document["templating"]["list"] if one.get("allValue")}


def _filled(expr: str, values: Mapping[str, str]) -> str:
    """The longest names first: `$route` is also the beginning of others."""
    for name in sorted(values, key=len, reverse=True):
        expr = expr.replace(f"${name}", values[name])
    return expr
