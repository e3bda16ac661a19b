"""Threads for the runs of checks: made when they are needed, used again, and gone soon after."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import NamedTuple

_IDLE_SECONDS = 1.0  # longer than the pause between two of many checks, far shorter than that between two of a few

# Starts a task in a thread of this name. Raises RuntimeError if the system has no more threads.
Start = Callable[[str, Callable[[], None]], None]


def in_own_thread(name: str, task: Callable[[], None]) -> None:
    """Start a task in a new thread. Raises RuntimeError if the system has no more threads."""
    threading.Thread(target=task, name=name, daemon=True).start()


class _Job(NamedTuple):
    name: str
    task: Callable[[], None]
    done: Callable[[], None]


class Workers:
    """Threads that run one task at a time; a task gets an idle thread, or a new one if there is none.

    Daemon threads: none of them keeps the process from ending.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle: list[SimpleQueue[_Job | None]] = []  # the last one is used first, so that those too many end
        self._stopped = False

    def start(self, name: str, task: Callable[[], None], done: Callable[[], None]) -> None:
        """Start a task, which must not raise; `done` is called once its thread is free again.

        Raises RuntimeError if the system has no more threads.
        """
        job = _Job(name, task, done)
        with self._lock:
            inbox = self._idle.pop() if self._idle else None
        if inbox:
            inbox.put(job)
        else:
            threading.Thread(target=self._work, args=(job,), name=name, daemon=True).start()

    def stop(self) -> None:
        """End the idle threads now, and the others after their task."""
        with self._lock:
            self._stopped = True
            idle, self._idle = self._idle, []
        for inbox in idle:
            inbox.put(None)

    def _work(self, first: _Job) -> None:
        inbox: SimpleQueue[_Job | None] = SimpleQueue()
        job: _Job | None = first
        while job:
            threading.current_thread().name = job.name
            job.task()
            with self._lock:
                stopped = self._stopped
                if not stopped:
                    self._idle.append(inbox)
            job.done()
            job = None if stopped else self._next(inbox)

    def _next(self, inbox: SimpleQueue[_Job | None]) -> _Job | None:
        """Return the next job, or None when the thread is no longer needed."""
        try:
            return inbox.get(timeout=_IDLE_SECONDS)
        except Empty:
            with self._lock:
                if inbox in self._idle:
                    self._idle.remove(inbox)
                    return None
            return inbox.get()  # it was taken from the idle ones this very moment
