"""Variables are replaced as Grafana does, by the tests and by the page alike."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from boards.substitution import Variable, in_query

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
    shutil.copytree(_PAGE, tmp_path / "page")
    (tmp_path / "page/package.json").write_text('{"type": "module"}')
    command = ["node", str(_HERE / "cases.mjs"), str(tmp_path / "page")]
    done = subprocess.run(command, input=json.dumps(_CASES), capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert dict(zip([case["name"] for case in _CASES], json.loads(done.stdout), strict=True)) == {
        case["name"]: case["expected"] for case in _CASES
    }
