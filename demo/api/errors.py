"""The ways a request can fail; each becomes a JSON body with an HTTP status."""

from __future__ import annotations


class ApiError(Exception):
    """A request the API refuses; `status` is 4xx, the message is for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class UnavailableError(Exception):
    """The database does not respond in time, or at all."""
