"""A task of the scheduler goes on, whatever happens in it."""

from __future__ import annotations

import asyncio

import pytest

from pantrywatch.scheduler.serve import work


def test_a_mistake_in_a_task_is_a_failed_run(caplog: pytest.LogCaptureFixture) -> None:
    """It is counted and logged by its type, without its words, which may hold a secret, and the task is not over."""
    seen: list[tuple[str, bool]] = []

    def run() -> bool:
        raise KeyError("password=hunter2")

    async def main() -> bool:
        ran = asyncio.Event()
        task = asyncio.create_task(work("report", run, lambda *said: (seen.append(said), ran.set())[1]))
        await asyncio.wait_for(ran.wait(), 10)
        is_over = task.done()
        task.cancel()
        return is_over

    assert not asyncio.run(main())
    assert seen == [("report", False)]
    assert "task=report failed with an unexpected KeyError" in caplog.text
    assert "hunter2" not in caplog.text
