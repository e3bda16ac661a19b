"""`pantrywatch build boards`: boards in the form for sharing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pantrywatch.cli import main
from tests.support.exporter import ROOT

_SOURCE, _RUNBOOKS = "prometheus-of-somebody", "https://docs.example/"


def _imported(text: str) -> dict[str, Any]:
    """Return what Grafana keeps of an import: it puts the answers in place of the inputs, in any text."""
    answers = {"DS_PROMETHEUS": _SOURCE, "VAR_RUNBOOKS": _RUNBOOKS}
    board: dict[str, Any] = json.loads(text)
    asked = {one["name"] for one in board["__inputs"]}
    assert asked == answers.keys()
    for name, answer in answers.items():
        text = text.replace(f"${{{name}}}", answer)
    return {key: value for key, value in json.loads(text).items() if not key.startswith("__")}


def test_an_imported_board_is_the_board_with_the_answers(tmp_path: Path) -> None:
    """Two variables have the answers; all else is as in the generated board. Every kind of panel is required."""
    assert main(["build", "boards", "--into", str(tmp_path)]) == 0
    originals = {file.name: json.loads(file.read_text()) for file in (ROOT / "dashboards/generated").rglob("*.json")}
    assert {file.name for file in tmp_path.glob("*.json")} == originals.keys()
    for name, original in originals.items():
        board = _imported((tmp_path / name).read_text())
        variables = {one["name"]: one for one in board["templating"]["list"]}
        assert variables["datasource"]["current"]["value"] == _SOURCE
        assert variables["runbooks"]["query"] == variables["runbooks"]["current"]["value"] == _RUNBOOKS
        asked = [one for one in original["templating"]["list"] if one["name"] not in {"datasource", "runbooks"}]
        assert [one for one in board["templating"]["list"] if one["name"] not in {"datasource", "runbooks"}] == asked
        assert {**board, "templating": None} == {**original, "templating": None}
        required = {one["id"] for one in json.loads((tmp_path / name).read_text())["__requires"]}
        kinds = {one["type"] for one in _panels(original["panels"])}
        assert required == {"grafana", "prometheus", *kinds}


def test_without_a_folder_nothing_is_written(capsys: Any) -> None:
    """A mistake on the command line is named, exit code 2."""
    assert main(["build", "boards"]) == 2
    assert "--into" in capsys.readouterr().err


def _panels(panels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    rows = [inner for one in panels if one["type"] == "row" for inner in one.get("panels", [])]
    return [one for one in panels if one["type"] != "row"] + rows
