"""The boards as JSON: no key that Grafana does not know, by our schema and by Grafana's own types."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from grafana_foundation_sdk.cog import plugins
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.dashboard import Dashboard
from jsonschema import Draft202012Validator

from tools.board_lint.model import Board, Json, board_of, read_boards
from tools.rule_lint.catalogue import ROOT

SCHEMA: Json = yaml.safe_load((ROOT / "tools/board_lint/schema.yaml").read_text())
BOARDS = read_boards()


def _faults(board: Board) -> list[str]:
    """What the schema says of a board, the options of each panel by its type among it."""
    found = [_said(error) for error in Draft202012Validator(SCHEMA).iter_errors(board.source)]
    for panel in board.panels:
        own = SCHEMA["$defs"].get(panel.type, {})
        parts = {"options": panel.source.get("options"), "custom": panel.defaults.get("custom", {})}
        for name, part in parts.items():
            schema = {**own.get(name, {}), "$defs": SCHEMA["$defs"]}
            found += [f"{panel.title}: {_said(error)}" for error in Draft202012Validator(schema).iter_errors(part)]
    return found


def _said(error: Any) -> str:
    return f"{error.json_path}: {error.message[:150]}"


def _lost(before: Any, after: Any, path: str = "") -> Iterator[str]:
    """Yield what is not the same after Grafana's types read and wrote it."""
    match before, after:
        case dict(), dict():
            for key, value in before.items():
                if key in after:
                    yield from _lost(value, after[key], f"{path}/{key}")
                elif value is not None:
                    yield f"{path}/{key}"
        case list(), list() if len(before) == len(after):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from _lost(one, other, f"{path}/{index}")
        case _ if before != after:
            yield path


def _round_trip(source: Json) -> list[str]:
    plugins.register_default_plugins()
    after = json.loads(JSONEncoder(sort_keys=True).encode(Dashboard.from_json(copy.deepcopy(source))))
    return list(_lost(source, after))


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_a_board_keeps_the_schema(board: Board) -> None:
    """Every key is one of the classic model, with a value of its kind; every panel has what its type needs."""
    assert _faults(board) == []


@pytest.mark.parametrize("board", BOARDS, ids=lambda board: board.uid)
def test_grafanas_types_lose_nothing_of_a_board(board: Board) -> None:
    """Read and written by Grafana's own types, a board is what it was: our schema has no key they do not know."""
    assert _round_trip(board.source) == []


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("titel",), "x"),
        (("refresh",), 30),
        (("refresh",), "5s"),
        (("schemaVersion",), 36),
        (("panels", 1, "descripton"), "x"),
        (("panels", 1, "type"), "graph"),
        (("panels", 1, "gridPos", "w"), 25),
        (("panels", 1, "targets", 0, "interval_factor"), 1),
        (("panels", 1, "fieldConfig", "defaults", "units"), "s"),
        (("panels", 1, "fieldConfig", "defaults", "thresholds", "mode"), "relative"),
        (("panels", 1, "options", "graphmode"), "none"),
        (("panels", 1, "options", "reduceOptions", "calcs"), ["mean"]),
        (("panels", 1, "fieldConfig", "overrides"), [{"matcher": {"id": "byName", "options": "x"}, "properties": []}]),
        (("panels", 0, "colapsed"), True),
        (("templating", "list", 0, "includeal"), True),
        (("annotations", "list", 0, "textformat"), "x"),
    ],
    ids=lambda value: "/".join(map(str, value)) if isinstance(value, tuple) else None,
)
def test_the_schema_finds(path: tuple[str | int, ...], value: Any) -> None:
    """A misspelt key, a value of another kind, and a panel that newer Grafana no longer has."""
    source = copy.deepcopy(next(board for board in BOARDS if board.uid == "crm-overview").source)
    inner: Any = source
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = value
    assert _faults(board_of(source))


def test_grafanas_types_lose_what_is_misspelt() -> None:
    """The comparison notices a misspelt key: without that it would show nothing."""
    source = copy.deepcopy(BOARDS[0].source)
    source["panels"][1]["options"]["shwHeader"] = True
    source["panels"][1]["descripton"] = "x"
    assert {path.rpartition("/")[2] for path in _round_trip(source)} == {"shwHeader", "descripton"}
