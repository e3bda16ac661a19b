"""What a request can end with other than an answer; each becomes a JSON body with an HTTP status."""

from __future__ import annotations


class ApiError(Exception):
    """A request the API refuses; `status` is 4xx, the message is for the caller."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class UnavailableError(Exception):
    """The database does not answer in time, or not at all."""
