"""One run of a check, ended at its deadline whatever blocks it."""

from __future__ import annotations

import errno
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

from exporters.core.checks.check import Measured, Observation, Probe
from exporters.core.checks.connects import Connect
from exporters.core.checks.workers import Start, in_own_thread
from exporters.core.deadline import Deadline
from exporters.core.errors import ErrorClass, classify_network_error

logger = logging.getLogger(__name__)

# The probe's own calls end this share of the timeout before the run does, so that it can still report its observations.
_MARGIN_SHARE = 0.05
_MAXIMUM_MARGIN_SECONDS = 0.1
_OWN_SHORTAGE = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.ENOBUFS})


@dataclass(frozen=True, slots=True)
class Result:
    """How a run ended; `ended_at` is on the monotonic clock. `detail` is only for a person at a terminal."""

    seconds: float
    ended_at: float
    timestamp_seconds: float
    error_class: ErrorClass | None
    detail: str
    gauges: Mapping[tuple[str, tuple[str, ...]], float]
    phases: Mapping[str, float]
    measured: Mapping[tuple[str, tuple[str, ...]], Measured] = field(default_factory=dict)
    connects: tuple[Connect, ...] = ()


class ProbeRun:
    """A probe in its own thread: some calls, such as name resolution, cannot be interrupted, only abandoned."""

    def __init__(self, name: str, probe: Probe, deadline: Deadline, start: Start = in_own_thread) -> None:
        """Start the run, in the thread that `start` gives it."""
        self._probe = probe
        self._deadline = deadline
        self._observation = Observation()
        self._failure: tuple[ErrorClass, str] | None = None  # not the error: it holds all that the probe had read
        self._started_at = time.monotonic()
        self._ended = threading.Event()
        self._ended_at = 0.0
        try:
            start(f"check-{name}", self._run)
        except RuntimeError as error:  # the system has no more threads
            self._end((classify(error), str(error)))

    def stuck(self) -> bool:
        """Return whether the thread is still running."""
        return not self._ended.is_set()

    def result(self) -> Result:
        """Return how the run ended, at its deadline at the latest: as `timeout` if the thread has not returned."""
        failure: tuple[ErrorClass, str] | None = (ErrorClass.TIMEOUT, "no answer in time")
        if self._ended.wait(self._deadline.remaining()):
            failure, ended_at = self._failure, self._ended_at
        else:
            ended_at = time.monotonic()
        observation = self._observation
        return Result(
            seconds=ended_at - self._started_at,
            ended_at=ended_at,
            timestamp_seconds=time.time(),
            error_class=failure[0] if failure else None,
            detail=failure[1] if failure else "",
            gauges=observation.gauges.copy(),
            phases=observation.phases(),
            measured=observation.measured.copy(),
            connects=tuple(observation.connects),
        )

    def _run(self) -> None:
        margin = min(_MAXIMUM_MARGIN_SECONDS, self._deadline.remaining() * _MARGIN_SHARE)
        failure: tuple[ErrorClass, str] | None = None
        try:
            self._probe(self._observation, self._deadline.earlier(margin))
        except Exception as error:  # noqa: BLE001 - this thread is the run's guard: every error becomes its result
            failure = (classify(error), str(error))
            if failure[0] is ErrorClass.INTERNAL:
                logger.error("thread=%s error=%s", threading.current_thread().name, type(error).__name__)
        finally:
            self._end(failure)

    def _end(self, failure: tuple[ErrorClass, str] | None) -> None:
        self._failure, self._ended_at = failure, time.monotonic()
        self._ended.set()


def classify(error: BaseException) -> ErrorClass:
    """Return the class of an error; internal if this process ran out of descriptors or memory."""
    if isinstance(error, OSError) and error.errno in _OWN_SHORTAGE:
        return ErrorClass.INTERNAL
    return classify_network_error(error)
