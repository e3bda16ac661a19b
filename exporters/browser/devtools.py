"""Chromium's DevTools protocol over its two pipes: JSON documents, each ended by a zero byte.

https://chromedevtools.github.io/devtools-protocol/
"""

from __future__ import annotations

import json
import os
import select
from collections.abc import Callable
from typing import Any

from exporters.browser.process import Chromium
from exporters.core.deadline import Deadline
from exporters.core.errors import CollectError, ErrorClass

_PART_BYTES = 256 * 1024
_MAXIMUM_MESSAGE_BYTES = 64 * 1024 * 1024  # a page may put a lot into one URL (data:…)
_MAXIMUM_MESSAGES = 200_000  # in one run

Event = Callable[[str, dict[str, Any], str], None]


class CallError(CollectError):
    """The browser rejected a call, such as one about a document that has gone."""


class Devtools:
    """Calls, and the events that arrive meanwhile. `on_event` gets method, parameters and session of each."""

    def __init__(self, chromium: Chromium, on_event: Event) -> None:
        self._chromium = chromium
        self._on_event = on_event
        self._buffer = bytearray()
        self._searched = 0
        self._last_id = 0
        self.seen = 0  # messages received

    def call(self, method: str, deadline: Deadline, *, session: str = "", **parameters: Any) -> dict[str, Any]:
        """Return the result of a call.

        Raises TimeoutError; CallError if the browser rejects the call; CollectError (internal) if it has ended.
        """
        wanted = self.send(method, session=session, **parameters)
        while True:
            message = self._next(deadline)
            if message is None:
                raise TimeoutError(f"no answer to {method}")
            if message.get("id") == wanted:
                break
            self._dispatch(message)
        if "error" in message:
            raise CallError(ErrorClass.INTERNAL, f"{method}: {message['error'].get('message', '')}")
        result: dict[str, Any] = message["result"]
        return result

    def send(self, method: str, *, session: str = "", **parameters: Any) -> int:
        """Send a call without waiting for its result; return its number."""
        self._last_id += 1
        document = {"id": self._last_id, "method": method, "params": parameters}
        if session:
            document["sessionId"] = session
        data = json.dumps(document).encode() + b"\0"
        try:
            written = os.write(self._chromium.commands, data)
        except BlockingIOError:
            written = 0
        except OSError:
            raise self._gone() from None
        if written < len(data):  # it has not read 64 KiB of commands: it hangs
            raise CollectError(ErrorClass.INTERNAL, "the browser does not read its commands")
        return self._last_id

    def listen(self, deadline: Deadline) -> None:
        """Deliver the events that arrive until the deadline."""
        while (message := self._next(deadline)) is not None:
            self._dispatch(message)

    def _dispatch(self, message: dict[str, Any]) -> None:
        if "method" in message:
            self._on_event(message["method"], message.get("params", {}), message.get("sessionId", ""))

    def _next(self, deadline: Deadline) -> dict[str, Any] | None:
        """Return the next message, or None at the deadline, even while messages keep arriving."""
        while not deadline.passed():
            end = self._buffer.find(0, self._searched)
            if end >= 0:
                return self._cut(end)
            self._searched = len(self._buffer)
            self._read(deadline)
        return None

    def _cut(self, end: int) -> dict[str, Any]:
        text = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._searched = 0
        self.seen += 1
        if self.seen > _MAXIMUM_MESSAGES:
            raise CollectError(ErrorClass.PROTOCOL, "too many DevTools messages")
        message: dict[str, Any] = json.loads(text)
        return message

    def _read(self, deadline: Deadline) -> None:
        if len(self._buffer) > _MAXIMUM_MESSAGE_BYTES:
            raise CollectError(ErrorClass.PROTOCOL, "too much DevTools data")
        poll = select.poll()
        poll.register(self._chromium.messages, select.POLLIN)
        if not poll.poll(deadline.remaining() * 1000):
            return
        part = os.read(self._chromium.messages, _PART_BYTES)
        if not part:
            raise self._gone()
        self._buffer += part

    def _gone(self) -> CollectError:
        words = self._chromium.last_words()
        return CollectError(ErrorClass.INTERNAL, f"the browser has ended: {words or 'no output'}")
