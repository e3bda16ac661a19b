"""The report by mail: due or not, to a real mail server, once to each, also across restarts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from exporters.core.clock import Clock
from pantrywatch.analysis.report.mailing import Mailing
from pantrywatch.config.report import ReportDay, ReportSettings
from pantrywatch.web.mail import MailRoute
from pantrywatch.web.prometheus import Answer, Prometheus
from tests.support.exporter import ROOT
from tests.support.inboxes import Inbox, inbox
from tests.support.servers import free_port

_HOUR, _DAY = 3600.0, 86400.0
_DUE = datetime(2026, 12, 1, 6, tzinfo=UTC).timestamp()  # 07:00 in Berlin
_BERLIN = ZoneInfo("Europe/Berlin")


class _Played(Prometheus):
    """Knows a target, or does not answer; `asked` are the times it was asked for."""

    def __init__(self) -> None:
        super().__init__("http://nowhere.invalid")
        self.is_away, self.asked = False, set[float]()

    def query(self, path: str, parameters: list[tuple[str, str]]) -> Answer:
        if self.is_away:
            return Answer(503, b'{"status": "error", "error": "away"}')
        known = dict(parameters)
        self.asked.add(float(known.get("time", known.get("end", 0))))
        row = {"metric": {"target": "lcp", "position": "01"}, "value": [0, "1"], "values": []}
        rows = [row] if "slo:promise:info" in known["query"] and path == "query" else []
        return Answer(200, json.dumps({"status": "success", "data": {"result": rows}}).encode())


@dataclass
class _Scheduler:
    """The task in a process that is started again by `start`."""

    folder: Path
    port: int
    now: float = _DUE - _HOUR
    prometheus: _Played = field(default_factory=_Played)

    def start(self) -> Mailing:
        return Mailing(
            ReportSettings(to=("boss", "team"), day="first", hour=7, locale="de"),
            _BERLIN,
            MailRoute(f"127.0.0.1:{self.port}", tls=False),
            "pantrywatch@pantry.example",
            [("boss", "boss@pantry.example"), ("team", "team@pantry.example")],
            "test",
            self.prometheus,
            ROOT,
            self.folder / "report-sent.json",
            Clock(wall=lambda: self.now),
        )


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Inbox]:
    with inbox(tmp_path_factory.mktemp("inbox")) as process:
        yield process


@pytest.mark.long
def test_each_gets_the_report_once_when_it_is_due(running: Inbox, tmp_path: Path) -> None:
    """Nothing before the hour; then a mail to each, about the whole month before, and not again after a restart."""
    scheduler, before = _Scheduler(tmp_path, running.mail_port), running.last_id()
    task = scheduler.start()
    assert task.run()
    assert running.messages(before) == []
    scheduler.now = _DUE + 30
    assert task.run()
    assert task.run()
    assert scheduler.start().run()
    mails = running.messages(before)
    assert sorted(mail["to"] for mail in mails) == ["boss@pantry.example", "team@pantry.example"]
    assert {mail["title"] for mail in mails} == {"Servicebericht für Nov. 2026"}
    assert "Der ganze Bericht liegt bei." in mails[0]["text"]
    assert max(scheduler.prometheus.asked) < datetime(2026, 12, 1, tzinfo=UTC).timestamp()


@pytest.mark.long
def test_what_fails_is_tried_again_and_nobody_gets_it_twice(running: Inbox, tmp_path: Path) -> None:
    """Prometheus away, then the mail server away: nothing is lost, and the next try sends to each."""
    scheduler, before = _Scheduler(tmp_path, free_port()), running.last_id()
    scheduler.start().run()
    scheduler.now, scheduler.prometheus.is_away = _DUE + 60, True
    assert not scheduler.start().run()
    scheduler.prometheus.is_away = False
    assert not scheduler.start().run()
    scheduler.port = running.mail_port
    assert scheduler.start().run()
    assert scheduler.start().run()
    assert len(running.messages(before)) == 2


def test_a_first_start_and_a_late_one_send_nothing(tmp_path: Path) -> None:
    """What was due before anybody asked for it, or three days ago, is not sent; a damaged record is a first start."""
    scheduler = _Scheduler(tmp_path, free_port(), now=_DUE + _HOUR)
    assert scheduler.start().run()
    scheduler.now = _DUE + 35 * _DAY
    assert scheduler.start().run()
    (tmp_path / "report-sent.json").write_text('{"due": "soon"')
    assert scheduler.start().run()
    assert scheduler.prometheus.asked == set()


@pytest.mark.parametrize(
    ("day", "now", "due"),
    [
        ("first", "2026-12-01T05:59", "2026-11-01T06:00"),
        ("first", "2026-12-01T06:00", "2026-12-01T06:00"),
        ("monday", "2026-11-30T06:00", "2026-11-30T06:00"),
        ("monday", "2026-11-30T05:00", "2026-11-23T06:00"),
        ("sunday", "2026-10-25T06:30", "2026-10-25T06:00"),  # summer time ended at night
        ("saturday", "2026-10-24T06:30", "2026-10-24T05:00"),
    ],
)
def test_it_is_due_at_an_hour_of_the_time_zone(day: ReportDay, now: str, due: str) -> None:
    """On its weekday or the first of the month, also over a change of the clock."""
    at, expected = (datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() for text in (now, due))
    assert ReportSettings(to=("boss",), day=day).last_due(at, _BERLIN) == expected
