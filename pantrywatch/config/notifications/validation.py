"""How the records of this section say what they expected."""

from __future__ import annotations

from urllib.parse import urlsplit


def expect(condition: bool, what: str) -> None:  # noqa: FBT001 - an assertion that speaks
    """Raise ValueError saying what was expected, unless the condition holds."""
    if not condition:
        raise ValueError(f"expected {what}")


def expect_url(url: str, what: str) -> None:
    """Raise ValueError where this is no address a browser or a client can open."""
    parts = urlsplit(url)
    expect(parts.scheme in {"http", "https"} and bool(parts.netloc), f"an http(s) address in {what}, got {url!r}")
