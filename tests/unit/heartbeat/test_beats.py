"""What of a beat's JSON counts: the evaluation that Watchdog carries, in whatever shape it comes."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest

from exporters.core.clock import Clock
from pantrywatch.heartbeat.serve import heartbeat_application
from pantrywatch.heartbeat.state import read_record
from pantrywatch.heartbeat.watch import Timing, Watch


def _watchdog(*evaluated: str) -> dict[str, Any]:
    """Alertmanager's JSON with one Watchdog for each Prometheus."""
    return {"status": "firing", "alerts": [{"annotations": {"evaluated_at": each}} for each in evaluated]}


class _Receiver:
    """The heartbeat's application, posted to without a socket, with a clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.record = read_record(None, Clock(lambda: self.now, lambda: self.now))
        self.application = heartbeat_application(self.record, Watch(self.record, [], Timing(600, 3600)))

    def post(self, document: Any) -> tuple[int, str]:
        """Post a document after a minute has passed, and return status and text of the response."""
        self.now += 60
        body = json.dumps(document).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        scope = {
            "type": "http", "method": "POST", "path": "/heartbeat", "raw_path": b"/heartbeat", "query_string": b"",
            "headers": headers, "root_path": "", "scheme": "http", "http_version": "1.1",
        }  # fmt: skip
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        asyncio.run(self.application(scope, receive, send))
        return sent[0]["status"], b"".join(each.get("body", b"") for each in sent).decode()


def test_what_alertmanager_repeats_of_a_dead_prometheus_is_no_beat() -> None:
    """After six minutes, the same evaluation is received and does not count; a new one counts at once."""
    receiver = _Receiver()
    texts = [receiver.post(_watchdog("1790000000"))[1] for _ in range(9)]
    assert texts == ["received\n"] * 7 + ["received: an old evaluation, Prometheus is silent\n"] * 2
    assert receiver.record.silent_seconds() == 120
    assert receiver.post(_watchdog("1790000180")) == (200, "received\n")
    assert receiver.record.silent_seconds() == 0


def test_of_two_prometheis_one_that_lives_is_enough() -> None:
    """Each evaluation of either is a beat: Watchdog of both is one notification."""
    receiver = _Receiver()
    assert all(receiver.post(_watchdog("1790000000", str(1790000000 + n)))[1] == "received\n" for n in range(20))


@pytest.mark.parametrize(
    "alerts", [None, 3, "x", {}, [], [3, None], [{}], [{"annotations": 3}], [{"annotations": {"evaluated_at": [1]}}]]
)
def test_a_beat_in_another_shape_counts(alerts: Any) -> None:
    """A script's JSON with nothing but its status is a beat, and no shape of the rest raises anything."""
    receiver = _Receiver()
    assert receiver.post({"status": "firing", "alerts": alerts}) == (200, "received\n")
    assert receiver.record.silent_seconds() == 0
