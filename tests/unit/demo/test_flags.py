"""Fault flags and the environment they stand in."""

from __future__ import annotations

import json
import os
import time
from datetime import datetime
from pathlib import Path

import pytest

from demo.environment import ConfigurationError, Environment, listen_address
from demo.flags import FRESH_SECONDS, Flags


def test_a_flag_is_raised_in_two_steps(tmp_path: Path) -> None:
    """A flag is there before the fault is in force, and says since when."""
    flags = Flags(tmp_path / "faults")
    assert not flags.left("cpu-burn")
    flags.raise_("cpu-burn", in_force=False)
    assert flags.left("cpu-burn")
    assert not flags.in_force("cpu-burn")
    flags.raise_("cpu-burn", in_force=True)
    assert flags.in_force("cpu-burn")
    content = json.loads((tmp_path / "faults" / "cpu-burn").read_text())
    assert datetime.fromisoformat(content["since"]).tzinfo is not None
    flags.lower("cpu-burn")
    assert not flags.left("cpu-burn")


def test_an_old_flag_counts_no_more(tmp_path: Path) -> None:
    """A flag nobody touched lately is not in force, but is left to be cleaned up; touching revives it."""
    flags = Flags(tmp_path)
    flags.raise_("slow-api", in_force=True)
    long_ago = time.time() - FRESH_SECONDS - 1
    os.utime(tmp_path / "slow-api", (long_ago, long_ago))
    assert not flags.fresh("slow-api")
    assert not flags.in_force("slow-api")
    assert flags.left("slow-api")
    flags.touch("slow-api")
    assert flags.in_force("slow-api")


def test_a_demo_without_faults() -> None:
    """Without a directory no fault is ever fresh."""
    assert not Flags(None).fresh("slow-api")


@pytest.mark.parametrize("text", ["", "8000", "localhost:", ":80", "localhost:http"])
def test_addresses_are_checked(text: str) -> None:
    """An address to listen on that is none is refused with what was expected."""
    with pytest.raises(ConfigurationError, match="HOST:PORT"):
        listen_address(text)


@pytest.mark.parametrize("rate", ["0", "-1", "many", "nan", "1000"])
def test_rates_are_checked(rate: str) -> None:
    """A rate that is none, or none for a demo, is refused."""
    with pytest.raises(ConfigurationError, match="DEMO_RATE"):
        _ = Environment({"DEMO_RATE": rate}).rate


@pytest.mark.parametrize("minutes", ["0", "-1", "long", "inf", "241"])
def test_the_longest_time_of_a_fault_is_checked(minutes: str) -> None:
    """A forgotten fault ends within hours."""
    assert Environment({}).longest_fault_seconds == 1800
    assert Environment({"DEMO_FAULT_MINUTES": "120"}).longest_fault_seconds == 7200
    with pytest.raises(ConfigurationError, match="DEMO_FAULT_MINUTES"):
        _ = Environment({"DEMO_FAULT_MINUTES": minutes}).longest_fault_seconds


def test_a_missing_secret_is_named(tmp_path: Path) -> None:
    """What is missing is named, by variable or file, without any value."""
    with pytest.raises(ConfigurationError, match="DEMO_SECRETS is not set"):
        Environment({}).secret("app_dsn")
    with pytest.raises(ConfigurationError, match="app_dsn is missing"):
        Environment({"DEMO_SECRETS": str(tmp_path)}).secret("app_dsn")
