"""What the page of `./run boards` makes of texts and numbers is what Grafana makes of them; the tests replace alike."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.boards.substitution import Variable, in_query
from tools.board_lint.model import ROOT, read_boards

_HERE = Path(__file__).parent
_PAGE = _HERE.parents[1] / "pantrywatch/boards/page"
_CASES: list[dict[str, Any]] = json.loads((_HERE / "cases.json").read_text())
_BUILTIN = {
    "__interval": "15s",
    "__interval_ms": "15000",
    "__rate_interval": "1m",
    "__range": "21600s",
    "__range_s": "21600",
}
_NUMBERS: list[tuple[float, str, int | None, str]] = [
    (0, "s", 2, "0 s"), (0.0123, "s", 1, "12.3 ms"), (90, "s", 1, "1.5 mins"),
    (60, "s", None, "1 min"), (200_000, "s", 1, "2.3 days"),
    (0.000_012, "s", None, "12 \N{MICRO SIGN}s"), (0.5, "percentunit", None, "50%"),
    (0.99951, "percentunit", 3, "99.951%"), (250, "\N{MICRO SIGN}s", None, "250 \N{MICRO SIGN}s"),
    (1536, "bytes", 1, "1.5 KiB"), (-2048, "bytes", None, "-2 KiB"), (1500, "Bps", 1, "1.5 kB/s"),
    (1234, "short", 2, "1.23 K"), (999, "short", None, "999"), (12, "reqps", None, "12 req/s"),
    (4500, "ops", 1, "4.5K ops/s"), (3.14159, "none", 2, "3.14"), (3.14159, "none", None, "3.14"), (7, "", None, "7"),
    (7, "suffix:rows", None, "7 rows"),
]  # fmt: skip


def _variable(source: dict[str, Any]) -> Variable:
    return Variable(
        source["name"], source["value"], source.get("options", []), source.get("multi", False),
        source.get("includeAll", False), source.get("allValue"),
    )  # fmt: skip


@pytest.mark.parametrize("case", _CASES, ids=lambda case: case["name"])
def test_the_tests_replace_as_grafana_does(case: dict[str, Any]) -> None:
    """Each case holds for the substitution in Python, which asks the boards' queries in tests."""
    variables = {source["name"]: _variable(source) for source in case["variables"]}
    assert in_query(case["text"], variables, _BUILTIN) == case["expected"]


def test_the_page_replaces_as_grafana_does(tmp_path: Path) -> None:
    """Each case holds for the substitution in JavaScript, which draws the boards."""
    made = _in_node("cases.mjs", _CASES, tmp_path)
    assert dict(zip([case["name"] for case in _CASES], made, strict=True)) == {
        case["name"]: case["expected"] for case in _CASES
    }


def test_the_page_writes_numbers_as_grafana_does(tmp_path: Path) -> None:
    """Units scale, decimals are kept where they are asked for and few where they are not."""
    made = _in_node("units.mjs", [case[:3] for case in _NUMBERS], tmp_path)
    assert made == [case[3] for case in _NUMBERS]


def test_every_unit_of_the_boards_is_known_to_the_page() -> None:
    """No unit of a board falls back to its bare name."""
    known = set(re.findall(r"^  (\w+): |\['(\w+)', '", (_PAGE / "units.js").read_text(), re.MULTILINE))
    names = {name for pair in known for name in pair if name}
    used = {str(unit) for board in read_boards() for panel in board.panels for unit in panel.properties("unit")}
    assert used - names == set()


def test_every_board_has_its_picture() -> None:
    """docs/boards/ shows each board and nothing else, small enough for a document; the README leads to each."""
    pictures = {file.stem: file.stat().st_size for file in (ROOT / "docs/boards").glob("*.png")}
    assert pictures.keys() == {board.uid for board in read_boards()}
    assert [name for name, size in pictures.items() if size > 300_000] == []
    readme = (ROOT / "README.md").read_text()
    assert [name for name in pictures if f"(docs/boards/{name}.png)" not in readme] == []


def _in_node(script: str, cases: list[Any], directory: Path) -> list[Any]:
    shutil.copytree(_PAGE, directory / "page")
    (directory / "page/package.json").write_text('{"type": "module"}')
    command = ["node", str(_HERE / script), str(directory / "page")]
    done = subprocess.run(command, input=json.dumps(cases), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return list(json.loads(done.stdout))
