"""Why a page or a step failed: the classes of Chromium's network errors and of statuses, and the reasons of steps."""

from __future__ import annotations

from enum import StrEnum

from exporters.core.errors import ErrorClass

_STATUSES = {401: ErrorClass.AUTH, 403: ErrorClass.PERMISSION}
# Start of Chromium's net error, without `net::ERR_` → class; the first match wins. Anything else: protocol.
_NET_ERRORS = {
    "NAME_": ErrorClass.DNS,
    "DNS_": ErrorClass.DNS,
    "CERT_": ErrorClass.TLS,
    "SSL_": ErrorClass.TLS,
    "BAD_SSL": ErrorClass.TLS,
    "TIMED_OUT": ErrorClass.TIMEOUT,
    "CONNECTION_TIMED_OUT": ErrorClass.TIMEOUT,
    "CONNECTION_REFUSED": ErrorClass.REFUSED,
    "CONNECTION_FAILED": ErrorClass.REFUSED,
    "ADDRESS_": ErrorClass.REFUSED,
    "INTERNET_DISCONNECTED": ErrorClass.REFUSED,
    "NETWORK_": ErrorClass.REFUSED,
    "INSUFFICIENT_RESOURCES": ErrorClass.EXHAUSTED,
    "OUT_OF_MEMORY": ErrorClass.EXHAUSTED,
}


class StepReason(StrEnum):
    """Why a step failed: the only values of the label `reason`."""

    MISSING = "missing"  # no element with this role and label
    AMBIGUOUS = "ambiguous"  # several of them
    HIDDEN = "hidden"  # it takes no space on the page
    COVERED = "covered"  # another element is in front of it
    DISABLED = "disabled"
    NOT_EDITABLE = "not_editable"  # `fill`, and it is not a field for text
    MOVING = "moving"  # it moved all the time
    TEXT_MISSING = "text_missing"  # the page never showed `expect_text`
    TEXT_BEFORE = "text_before"  # it showed `expect_text` before the step did anything
    LOADING = "loading"  # the page it led to did not load in time
    STATUS = "status"  # it led to a page with an error status
    UNREACHABLE = "unreachable"  # it led to what is not a page
    UNRESPONSIVE = "unresponsive"  # a script of the page kept running
    CRASHED = "crashed"  # the page's process ended, or it took too much memory


_CLASSES = {StepReason.LOADING: ErrorClass.TIMEOUT, StepReason.UNRESPONSIVE: ErrorClass.TIMEOUT}


class StepError(Exception):
    """A step that failed; `error_class` if the reason alone does not say it."""

    def __init__(self, reason: StepReason, error_class: ErrorClass | None = None) -> None:
        super().__init__(reason.value)
        self.reason = reason
        self.error_class = error_class or _CLASSES.get(reason, ErrorClass.PROTOCOL)


def class_of_status(status: int) -> ErrorClass:
    """Return the class of an HTTP status from 400."""
    return _STATUSES.get(status, ErrorClass.PROTOCOL)


def class_of_net_error(error: str) -> ErrorClass:
    """Return the class of Chromium's `net::ERR_…`."""
    name = error.removeprefix("net::ERR_")
    return next((found for start, found in _NET_ERRORS.items() if name.startswith(start)), ErrorClass.PROTOCOL)
