"""Checks for the annotations of this section."""

from __future__ import annotations

from urllib.parse import urlsplit

from pantrywatch.config.durations import seconds


def expect_duration(text: str) -> None:
    """Raise ValueError unless this is a duration such as `5m`."""
    seconds(text)


def expect_url(url: str) -> None:
    """Raise ValueError unless this is an http(s) URL; it may hold a token and is not shown."""
    try:
        parts = urlsplit(url)
        is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url:
        raise ValueError("expected an http(s) URL such as https://host/path")


def expect_mail_address(address: str) -> None:
    """Raise ValueError unless this can be a mail address."""
    name, _, host = address.rpartition("@")
    if not name or not host or any(character.isspace() for character in address):
        raise ValueError(f"expected a mail address, got {address!r}")
