"""Whether a page comes back when it is reloaded without a network: what its service worker is for."""

from __future__ import annotations

import json

from exporters.browser.devtools import CallError
from exporters.browser.tab import Tab
from exporters.core.deadline import Deadline

_ACTIVE_SECONDS = 3.0  # for a service worker that still installs after the page is quiet
_BACK_SECONDS = 5.0
_POLL_SECONDS = 0.1


def comes_back(tab: Tab, text: str, due: Deadline) -> bool | None:
    """Return whether the page of the tab, reloaded without a network, shows the text (any page, if it is empty).

    None if that is not known, because its service worker was still being installed, or the time is up. Raises
    CollectError if the browser fails, or the page ends its process or asks for too much.
    """
    try:
        if not _has_settled(tab, _within(due, _ACTIVE_SECONDS)):
            return None
        tab.go_offline(due)
        tab.reload(due)
        if _shows(tab, text, _within(due, _BACK_SECONDS)):
            return True
    except TimeoutError:
        pass
    return None if due.passed() else False


def _within(due: Deadline, seconds: float) -> Deadline:
    return Deadline(min(due.at, Deadline.after(seconds).at))


def _has_settled(tab: Tab, due: Deadline) -> bool:
    """Wait for a service worker that is being installed; return whether none is any more."""
    while tab.evaluate("pantrywatchServiceWorkerStarts()", due):
        if due.passed():
            return False
        tab.listen(_within(due, _POLL_SECONDS))
    return True


def _shows(tab: Tab, text: str, due: Deadline) -> bool:
    while not due.passed():
        tab.listen(_within(due, _POLL_SECONDS))
        if tab.unreachable or tab.traffic.status >= 400:
            return False
        try:
            if tab.loaded_at and tab.evaluate(f"pantrywatchShows({json.dumps(text)})", due):
                return True
        except CallError:  # the document has just been replaced
            continue
    return False
