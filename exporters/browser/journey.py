"""What a user does, step by step in a tab: each step waits for its element, acts, and is timed by the page's clock.

A step starts with its input, and ends with the first frame that shows its effect. That frame's time is the page's own:
what this process and the browser's protocol take does not count.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

from exporters.browser import element
from exporters.browser.devtools import CallError
from exporters.browser.element import Point
from exporters.browser.failures import StepError, StepReason, class_of_net_error, class_of_status
from exporters.browser.steps import Step
from exporters.browser.tab import Tab
from exporters.core.checks.check import Observation
from exporters.core.checks.templating import fill
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass
from exporters.core.settings import Secret

_POLL_SECONDS = 0.05
# Between seeing an element and clicking it, the page is not asked anything: an answer would come when it is idle, and a
# click right after it would hide how long the page makes users wait.
_HESITATION_SECONDS = 0.1
_ANSWER_SECONDS = 1.0  # before the deadline nothing new is waited for: the last call can still be answered


class Journey:
    """A user with secrets, in a tab; `first_input` and `slowest_input` are seconds, None until there was input."""

    def __init__(self, tab: Tab, secrets: Mapping[str, Secret], observation: Observation) -> None:
        self._tab = tab
        self._secrets = secrets
        self._observation = observation
        self._taken = 0
        self.first_input: float | None = None
        self.slowest_input: float | None = None

    def run(self, steps: Sequence[Step], due: Deadline) -> None:
        """Take every step. Raises CollectError, naming the step that failed; internal if the browser did."""
        for step in steps:
            self._taken += 1
            start = time.monotonic()
            try:
                seconds = self._take(step, due)
            except StepError as error:
                self._failed(step, error.reason, time.monotonic() - start)
                raise CollectError(error.error_class, f"step {step.name}: {error.reason}") from None
            self._observation.set("pantrywatch_check_step_success", 1, step.name)
            self._observation.set("pantrywatch_check_step_duration_seconds", seconds, step.name)

    def note_inputs(self, due: Deadline) -> None:
        """Take the page's records of the last input, which come a frame after it."""
        try:
            self._tab.listen(Deadline.after(_HESITATION_SECONDS))
            self._note(self._tab.evaluate(f"pantrywatchStep({self._taken}, '')", due))
        except (CallError, TimeoutError):  # the page has been left, or is busy with something else
            return

    def _failed(self, step: Step, reason: StepReason, seconds: float) -> None:
        self._observation.set("pantrywatch_check_step_success", 0, step.name)
        self._observation.set("pantrywatch_check_step_duration_seconds", seconds, step.name)
        self._observation.set("pantrywatch_check_step_error", 1, step.name, reason.value)

    def _take(self, step: Step, due: Deadline) -> float:
        """Return the seconds from the step's input to its effect. Raises StepError; CollectError (internal)."""
        try:
            return self._timed(step, due)
        except TimeoutError:
            self._tab.require_alive()
            # While another page is awaited, the browser holds back what the old one is asked.
            raise StepError(StepReason.LOADING if self._tab.navigating else StepReason.UNRESPONSIVE) from None
        except CallError:
            raise StepError(StepReason.MISSING) from None  # the element went while it was operated
        except CollectError as error:
            if error.error_class is ErrorClass.EXHAUSTED:
                raise StepError(StepReason.CRASHED, error.error_class) from None
            raise

    def _timed(self, step: Step, due: Deadline) -> float:
        node, point = self._wait_for_element(step, due) if step.has_element() else (0, (0.0, 0.0))
        effect = f"pantrywatchStep({self._taken}, {json.dumps(step.expect_text or '')})"
        identifier = self._tab.in_new_documents(effect, due)
        self._tab.traffic.status, self._tab.unreachable = 0, ""
        try:
            if step.is_input() and step.expect_text:
                self._expect_hidden(step.expect_text, effect, due)
            self._tab.listen(Deadline.after(_HESITATION_SECONDS))
            began = time.time()
            self._act(step, node, point, due)
            return max(0.0, self._wait_for_effect(step, effect, due) - began)
        finally:
            self._tab.not_in_new_documents(identifier)

    def _act(self, step: Step, node: int, point: Point, due: Deadline) -> None:
        if step.action == "open":
            self._open(str(step.url), due)
        if step.action == "press" and node:
            element.focus(self._tab, node, due)
        elif step.is_input() and node:
            element.click(self._tab, point)
        if step.action == "fill":
            secrets = {name: secret.reveal() for name, secret in self._secrets.items()}
            element.write(self._tab, node, fill(step.value or "", secrets), due)
        if step.key:
            element.press(self._tab, step.key)

    def _open(self, url: str, due: Deadline) -> None:
        try:
            self._tab.open(url, due)
        except TimeoutError:
            raise StepError(StepReason.LOADING) from None
        except CollectError as error:
            if error.error_class in (ErrorClass.INTERNAL, ErrorClass.EXHAUSTED):
                raise
            self._expect_page()
            raise StepError(StepReason.UNREACHABLE, error.error_class) from None
        self._tab.let_go()

    def _expect_hidden(self, text: str, effect: str, due: Deadline) -> None:
        """Start to watch for the text, which must not be there yet: it would prove nothing."""
        if self._tab.evaluate(f"pantrywatchShows({json.dumps(text)})", due):
            raise StepError(StepReason.TEXT_BEFORE)
        self._tab.evaluate(effect, due)

    def _wait_for_element(self, step: Step, due: Deadline) -> tuple[int, Point]:
        """Return the element, and where it is once it no longer moves. Raises StepError at the deadline."""
        before: tuple[int, Point] | None = None
        while True:
            failure = StepError(StepReason.MOVING)
            try:
                node = element.find(self._tab, step, due)
                if not step.is_input():
                    return node, (0.0, 0.0)
                now = node, element.point_of(self._tab, node, due)
                if now == before:
                    return now
                before = now
            except StepError as error:
                failure = error
            except CallError:  # the document is being replaced
                failure = StepError(StepReason.MISSING)
            if due.earlier(_ANSWER_SECONDS).passed():
                raise failure
            self._tab.listen(Deadline.after(_POLL_SECONDS))

    def _wait_for_effect(self, step: Step, effect: str, due: Deadline) -> float:
        """Return when the page showed the effect, in Unix time. Raises StepError, TimeoutError."""
        while True:
            self._expect_page()
            at = self._effect_at(effect, due)
            if at and (step.expect_text or not self._tab.navigating):
                self._expect_page()
                return at
            if due.earlier(_ANSWER_SECONDS).passed():
                raise StepError(StepReason.TEXT_MISSING if step.expect_text else StepReason.LOADING)
            self._tab.listen(Deadline.after(_POLL_SECONDS))

    def _effect_at(self, effect: str, due: Deadline) -> float | None:
        try:
            answer = self._tab.evaluate(effect, due)
        except CallError:  # the document is being replaced
            return None
        self._note(answer)
        return answer["at"] / 1000 if answer["at"] else None

    def _expect_page(self) -> None:
        """Raise StepError if the tab has been led to no page, or to an error."""
        if self._tab.traffic.status >= 400:
            raise StepError(StepReason.STATUS, class_of_status(self._tab.traffic.status))
        if error := self._tab.unreachable:
            raise StepError(StepReason.UNREACHABLE, class_of_net_error(error))

    def _note(self, inputs: Mapping[str, Any]) -> None:
        if self.first_input is None and inputs["fid"] is not None:
            self.first_input = inputs["fid"] / 1000
        if inputs["inp"] is not None:
            self.slowest_input = max(self.slowest_input or 0.0, inputs["inp"] / 1000)
