"""What the heartbeat remembers: when it speaks, whatever is done to the clock, its file or its disk."""

from __future__ import annotations

from pathlib import Path

import pytest

from exporters.core.clock import Clock
from exporters.core.errors import ConfigError
from pantrywatch.heartbeat.channels import Channel
from pantrywatch.heartbeat.message import Notice
from pantrywatch.heartbeat.state import Record, read_record
from pantrywatch.heartbeat.watch import Timing, Watch
from tests.support.small_disk import fill, small_disk

_TIMING = Timing(silent_seconds=900, repeat_seconds=3600)


class _Told:
    name = "email somebody"

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def tell(self, notice: Notice) -> None:
        self.notices.append(notice)


class _Hands:
    """A clock that the test sets."""

    def __init__(self) -> None:
        self.wall, self.steady = 1_700_000_000.0, 5000.0

    def clock(self) -> Clock:
        return Clock(lambda: self.wall, lambda: self.steady)

    def pass_by(self, seconds: float) -> None:
        self.wall += seconds
        self.steady += seconds


def _watch(record: Record) -> Watch:
    channels: list[Channel] = [_Told()]
    return Watch(record, channels, _TIMING)


def test_a_silence_is_said_again_after_the_repeat_and_no_sooner() -> None:
    """From the first notice on it is said once in `repeat`; a channel that knows hears of the return exactly once."""
    hands = _Hands()
    record = read_record(None, hands.clock())
    watch, start = _watch(record), hands.wall
    record.beat()
    hands.pass_by(900)
    assert watch.due("email somebody") is None
    hands.pass_by(1)
    assert watch.due("email somebody") == Notice(start, returned=False)
    record.mark_notified("email somebody", record.silent_since)
    hands.pass_by(3599)
    assert watch.due("email somebody") is None
    hands.pass_by(1)
    assert watch.due("email somebody") == Notice(start, returned=False)
    record.beat()
    assert watch.due("email somebody") == Notice(start, returned=True)
    record.clear("email somebody")
    assert watch.due("email somebody") is None


def test_a_heartbeat_that_never_heard_anything_speaks_too() -> None:
    """Where no beat ever came, the silence counts from the first start: a wrong address must not pass for health."""
    hands = _Hands()
    watch, start = _watch(read_record(None, hands.clock())), hands.wall
    hands.pass_by(899)
    assert watch.due("email somebody") is None
    hands.pass_by(2)
    assert watch.due("email somebody") == Notice(start, returned=False, began_watching=True)


def _hear(record: Record, hands: _Hands, minutes: int, evaluated: str | None) -> list[bool]:
    """One beat a minute with the same evaluation; returns which counted."""
    heard = []
    for _ in range(minutes):
        hands.pass_by(60)
        heard.append(record.beat(evaluated))
    return heard


def test_a_dead_prometheus_is_missed_while_alertmanager_still_repeats_its_watchdog() -> None:
    """A beat with the same evaluation for more than six minutes is none; a resend after four is no silence."""
    hands = _Hands()
    record = read_record(None, hands.clock())
    watch = _watch(record)
    for evaluated in ("100", "340", "460"):
        assert all(_hear(record, hands, 4, evaluated))
    assert _hear(record, hands, 12, "460") == [True] * 3 + [False] * 9
    assert record.silent_seconds() == 9 * 60
    hands.pass_by(_TIMING.silent_seconds - 9 * 60 + 1)
    assert watch.due("email somebody") is not None
    assert record.beat("1900")
    assert watch.due("email somebody") is None


def test_a_watchdog_that_does_not_say_when_it_was_evaluated_counts_always() -> None:
    """A Watchdog of other rules, or a script's post, is a beat however often it comes."""
    hands = _Hands()
    record = read_record(None, hands.clock())
    assert all(_hear(record, hands, 30, None))


@pytest.mark.parametrize("jump", [-3600.0, 3600.0])
def test_setting_the_clock_makes_no_silence_and_hides_none(tmp_path: Path, jump: float) -> None:
    """An hour forward is no silence, an hour back hides none: while it runs only time that passed counts."""
    hands = _Hands()
    record = read_record(tmp_path, hands.clock())
    watch = _watch(record)
    record.beat()
    hands.pass_by(60)
    hands.wall += jump
    assert watch.due("email somebody") is None
    hands.pass_by(839)
    assert watch.due("email somebody") is None
    hands.pass_by(2)
    notice = watch.due("email somebody")
    assert notice == Notice(hands.wall - 901, returned=False)


@pytest.mark.parametrize(("jump", "silent"), [(0.0, 700.0), (-3600.0, 0.0), (3600.0, 4300.0)])
def test_a_clock_that_is_set_over_a_restart_is_survived(tmp_path: Path, jump: float, silent: float) -> None:
    """After a restart the file's times count; one in the future is now, and a beat in time keeps all quiet."""
    hands = _Hands()
    read_record(tmp_path, hands.clock()).beat()
    hands.pass_by(700)
    hands.wall += jump
    hands.steady = 10.0
    record = read_record(tmp_path, hands.clock())
    watch = _watch(record)
    assert record.silent_seconds() == pytest.approx(silent)
    assert watch.due("email somebody") is None
    hands.pass_by(89)
    assert watch.due("email somebody") is None
    record.beat()
    hands.pass_by(10)
    assert watch.due("email somebody") is None


_DAMAGE = [
    "{", "[]", '{"told": 3}', '{"told": {"a": [1]}}', '{"beat_at": NaN}', '{"began_at": 1e999}', "[" * 9000,
    "\0", '{"beat_at": ' + "9" * 4000 + "}", '{"beat_at": ' + "9" * 5000 + "}", '{"told": {"a": [NaN, 1]}}',
]  # fmt: skip


@pytest.mark.parametrize("text", _DAMAGE)
def test_a_damaged_record_is_put_aside(tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture) -> None:
    """A file cut short or filled with nonsense is named and kept aside; it stops nothing and hides no silence."""
    (tmp_path / "heartbeat.json").write_text(text)
    hands = _Hands()
    record = read_record(tmp_path, hands.clock())
    assert record.silent_seconds() == 0
    hands.pass_by(1000)
    assert record.silent_seconds() == 1000
    (aside,) = tmp_path.glob("heartbeat.json.damaged-*")
    assert aside.read_text() == text
    assert str(aside) in caplog.text


def test_a_record_without_a_folder_or_room(tmp_path: Path) -> None:
    """A folder that is none stops the start; a full disk does not, and beats count there all the same."""
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="expected a folder to keep the last beat in"):
        read_record(tmp_path / "file")
    with small_disk(tmp_path / "disk") as disk:
        fill(disk)
        record = read_record(disk / "kept")
        record.beat()
        assert record.silent_seconds() < 60
        assert read_record(disk / "kept").silent_seconds() < 60
