"""The page with the last results of the soak."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import soak
from tools.soak import PARTS, Outcome, read_outcome, section, with_section

_JUNIT = """<testsuites><testsuite>
<testcase name="good"><properties><property name="scrapes" value="12"/></properties></testcase>
<testcase name="bad"><failure message="late">text</failure></testcase>
<testcase name="bad"><error message="at its end">text</error></testcase>
<testcase name="without root"><skipped message="no"/></testcase>
</testsuite></testsuites>"""


def test_a_junit_file_is_read() -> None:
    """Failures and errors are one, by name; what was skipped is no pass; what was counted is kept."""
    found = read_outcome(_JUNIT)
    assert found == Outcome(1, 1, ("bad",), {"scrapes": "12"})
    assert not found.is_good
    assert found.verdict == "failed: bad"
    assert Outcome(2, 1, (), {}).verdict == "passed: 2 tests, 1 skipped"
    assert not Outcome(0, 2, (), {}).is_good


def test_a_part_replaces_its_own_section_alone() -> None:
    """Run in any order, each part has one section, the others' are untouched, and the order is that of the table."""
    chaos, kills = (part for part in PARTS if part.name in {"chaos", "kills"})
    old, other = section(chaos, {"result": "failed"}, {}), section(kills, {"result": "passed"}, {"kills": "200"})
    new = section(chaos, {"result": "passed"}, {"scrapes": "9"})
    page = with_section(with_section(with_section("", other), old), new)
    assert old not in page
    assert page == with_section(page, other)
    assert [line for line in page.splitlines() if line.startswith("## ")] == ["## chaos", "## kills"]
    assert "- scrapes: 9\n" in page
    assert page.endswith(other)


def test_ctrl_c_leaves_the_last_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was stopped has neither passed nor failed; the parts after it are not begun."""
    page, begun = tmp_path / "soak.md", list[str]()

    def stopped(arguments: list[str]) -> bool:
        begun.append(arguments[-1])
        raise KeyboardInterrupt

    monkeypatch.setattr(soak, "PAGE", page)
    monkeypatch.setattr(soak, "_commit", lambda: "0123abcd")
    monkeypatch.setattr(soak, "_pytest", stopped)
    monkeypatch.setattr("sys.argv", ["soak"])
    page.write_text(with_section("", section(PARTS[0], {"result": "passed: 9 tests"}, {})), encoding="utf-8")
    before = page.read_text(encoding="utf-8")
    assert soak.main() == 1
    assert page.read_text(encoding="utf-8") == before
    assert len(begun) == 1
