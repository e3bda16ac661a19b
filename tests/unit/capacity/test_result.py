"""The file with the result of the last capacity run."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from exporters.capacity import CapacityCollector, CapacityResult, read_result, write_result
from exporters.core.exposition import render

_WHOLE = CapacityResult("v1.2", 1225.0, 1.7e9, 1299.0, 0.123, 0.0)
_NOTHING = CapacityResult("unknown", 0.0, 1.7e9, 5.0)


def _page(file: Path) -> str:
    return render(CapacityCollector(file).collect()).decode()


@pytest.mark.parametrize("result", [_WHOLE, _NOTHING])
def test_what_is_written_is_read_and_served(tmp_path: Path, result: CapacityResult) -> None:
    """The file is the page: a node_exporter serves it as well."""
    file = tmp_path / "capacity.prom"
    write_result(file, result)
    assert read_result(file) == result
    rate = f'pantrywatch_capacity_requests_per_minute{{version="{result.version}"}} {result.requests_per_minute}'
    assert rate in _page(file)
    assert rate in file.read_text()


def test_the_file_is_clean_for_promtool(tmp_path: Path) -> None:
    """Names, help and types are as Prometheus wants them."""
    file = tmp_path / "capacity.prom"
    write_result(file, _WHOLE)
    done = subprocess.run(["promtool", "check", "metrics"], input=file.read_bytes(), capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\xff\xfe",
        b"something_else 1\n",
        b'pantrywatch_capacity_requests_per_minute{version="a"} nan\n',
        b'pantrywatch_capacity_requests_per_minute{version="a"} 5\n',  # without its time
        b'pantrywatch_capacity_requests_per_minute{version="<b>"} 5\n',
        b'pantrywatch_capacity_requests_per_minute{version="a",user="b"} 5\n',
        (
            b'pantrywatch_capacity_requests_per_minute{version="a"} 5\n'
            b'pantrywatch_capacity_run_timestamp_seconds{version="b"} 5\n'
        ),
        b"#" * 20_000,
    ],
)
def test_a_damaged_file_is_named_and_serves_nothing(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is in it: the page stays, and the log names the file once."""
    file = tmp_path / "capacity.prom"
    file.write_bytes(content)
    assert _page(file) == ""
    assert [str(file) in record.getMessage() for record in caplog.records] == [True]


def test_no_run_yet_serves_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """That is no fault."""
    assert _page(tmp_path / "capacity.prom") == ""
    assert caplog.records == []
