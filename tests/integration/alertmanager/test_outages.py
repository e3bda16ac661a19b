"""What is not lost: a receiver or the mail server is away, Alertmanager restarts, a storm, two Alertmanagers."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.support.alertmanagers import Alertmanager, alert, alertmanager, delays, settings_for
from tests.support.inboxes import Inbox, inbox
from tests.support.servers import free_port, wait_until

_LATER = {"critical": ("1s", "10m", "20m"), "high": ("1s", "10m", "20m", "30m"), "medium": ("1s", "10m")}


def _first_only(section: dict[str, Any]) -> None:
    delays(section, _LATER)


def _about(box: Inbox, target: str, to: str | None = None) -> list[dict[str, Any]]:
    """The messages about one target, perhaps to one receiver."""
    return [m for m in box.messages() if f"] {target}" in m["title"] and to in (None, m["to"])]


@pytest.fixture
def patient(tmp_path: Path) -> Iterator[tuple[Inbox, Alertmanager]]:
    """An inbox and an Alertmanager that waits until a busy machine has taken in all alerts of a storm."""

    def steps(section: dict[str, Any]) -> None:
        delays(section, _LATER | {"critical": ("4s", "10m", "20m")})

    with (
        inbox(tmp_path / "inbox") as box,
        alertmanager(tmp_path / "am", settings_for(box.port, box.mail_port, steps)) as server,
    ):
        yield box, server


@pytest.mark.every_release
@pytest.mark.long
def test_a_receiver_that_was_away_gets_what_it_missed(tmp_path: Path) -> None:
    """While nobody takes mail and webhooks, each try is repeated; once they are back every message arrives, once."""
    port, mail_port = free_port(), free_port()
    with alertmanager(tmp_path / "am", settings_for(port, mail_port, _first_only)) as server:
        server.send(alert("CrmTried", "critical", target="missed"))

        def failed(integration: str) -> bool:
            name = "alertmanager_notification_requests_failed_total"
            return server.metric(name, integration=integration) >= 2

        for integration in ("email", "slack", "webhook"):
            wait_until(lambda kind=integration: failed(kind), 60, f"{integration} has failed twice")
        with inbox(tmp_path / "inbox", port=port, mail_port=mail_port) as box:
            wait_until(
                lambda: {m["channel"] for m in _about(box, "missed")} == {"email", "slack", "webhook"}, 90, "all"
            )
            server.send(alert("CrmTried", "critical", target="afterwards"))
            wait_until(lambda: len(_about(box, "afterwards")) == 3, 60, "what came later")
            assert len(_about(box, "missed")) == 3


def test_one_dead_receiver_keeps_no_other_waiting(tmp_path: Path) -> None:
    """With the mail server away, chat and webhook are told at once."""
    with (
        inbox(tmp_path / "inbox") as box,
        alertmanager(tmp_path / "am", settings_for(box.port, free_port(), _first_only)) as server,
    ):
        server.send(alert("CrmTried", "critical", target="no-mail"))
        wait_until(lambda: {m["channel"] for m in _about(box, "no-mail")} == {"slack", "webhook"}, 60, "the others")


def test_five_hundred_alerts_at_once_are_a_few_short_messages(patient: tuple[Inbox, Alertmanager]) -> None:
    """One message a subject and channel; each says how many, shows the first, and is no longer for all of them."""
    box, server = patient
    storm = [alert("CrmTried", "critical", target=f"storm-{n % 5}", instance=f"i{n}") for n in range(500)]
    server.send(*storm)
    wait_until(lambda: len(_about(box, "storm-")) == 15, 90, "five subjects by three channels")
    server.send(alert("CrmTried", "critical", target="afterwards"))
    wait_until(lambda: len(_about(box, "afterwards")) == 3, 60, "what came later")
    messages = _about(box, "storm-")
    assert len(messages) == 15
    by_mail = [m for m in messages if m["channel"] == "email"]
    assert {m["title"].rpartition("(")[2] for m in by_mail} == {"100)"}
    assert all("Showing 20 of 100" in m["text"] for m in by_mail)
    assert max(len(m["html"]) for m in by_mail) < 30_000
    assert max(len(m["text"]) for m in messages if m["channel"] == "slack") < 4_000


@pytest.mark.every_release
@pytest.mark.long
def test_an_overdue_escalation_survives_a_restart(tmp_path: Path) -> None:
    """What became due while Alertmanager was away is told when it is back; what was told before is not told again."""

    def steps(section: dict[str, Any]) -> None:
        delays(section, _LATER | {"critical": ("1s", "10s", "11s")})

    with inbox(tmp_path / "inbox") as box:
        settings = settings_for(box.port, box.mail_port, steps)
        overdue = alert("CrmTried", "critical", target="overdue")
        with alertmanager(tmp_path / "am", settings) as server:
            server.send(overdue)
            wait_until(lambda: len(_about(box, "overdue")) == 3, 60, "the first step")
        told = {m["to"] for m in _about(box, "overdue")}
        due = datetime.fromisoformat(overdue["startsAt"]).timestamp() + 12
        wait_until(lambda: time.time() > due, 30, "both later steps are due")
        with alertmanager(tmp_path / "am", settings) as server:
            server.send(overdue)  # Prometheus does so again and again
            wait_until(lambda: bool(_about(box, "overdue", "manager@pantry.example")), 60, "the last step")
            wait_until(lambda: bool(_about(box, "overdue", "second-on-call")), 60, "the second step")
        assert told == {"on-call@pantry.example", "#crm-alerts", "on-call"}
        assert [m["to"] for m in _about(box, "overdue")].count("on-call") == 1


@pytest.mark.every_release
@pytest.mark.long
def test_two_alertmanagers_deliver_once(tmp_path: Path) -> None:
    """A pair that both get every alert tells each person once; either of them alone tells what the other never got."""
    one, other = free_port(), free_port()

    def member(port: int, peer: int) -> tuple[str, ...]:
        return (
            f"--cluster.listen-address=127.0.0.1:{port}",
            f"--cluster.peer=127.0.0.1:{peer}",
            "--cluster.peer-timeout=3s",
            "--cluster.settle-timeout=20s",
        )

    with inbox(tmp_path / "inbox") as box:
        settings = settings_for(box.port, box.mail_port, _first_only)
        with (
            alertmanager(tmp_path / "one", settings, *member(one, other)) as first,
            alertmanager(tmp_path / "other", settings, *member(other, one)) as second,
        ):
            for server in (first, second):
                wait_until(lambda pair=server: pair.metric("alertmanager_cluster_members") == 2, 60, "the pair has met")
            shared = alert("CrmTried", "critical", target="shared")
            for server in (first, second):
                server.send(shared)
            wait_until(lambda: len(_about(box, "shared")) >= 3, 60, "it is told")
            # Each waits for the other before it tells anything: when these are told, both are through with the first.
            first.send(alert("CrmTried", "critical", target="only-one"))
            second.send(alert("CrmTried", "critical", target="only-other"))
            wait_until(lambda: len(_about(box, "only-o")) == 6, 90, "either alone tells, too")
            assert len(_about(box, "shared")) == 3
