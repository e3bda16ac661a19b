"""Salted password hashes of the demo's users."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

# Shown on the log-in page: everybody may browse the made-up data. In a file, for the check that logs in.
DEMO_PASSWORD = (Path(__file__).parent / "password").read_text(encoding="utf-8").rstrip()

# 2^11 keeps a log-in near 5 ms, so that a burst of log-ins does not overload the demo's machine.
_COST = 2**11


def hashed(password: str, salt: bytes) -> str:
    """`scrypt$cost$salt$digest` of a password, salt and digest in base64."""
    digest = _scrypt(password, salt, _COST)
    return f"scrypt${_COST}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches(password: str, stored: str) -> bool:
    """Whether `stored`, a result of hashed(), matches the password."""
    _, cost, salt, digest = stored.split("$")
    made = _scrypt(password, base64.b64decode(salt), int(cost))
    return hmac.compare_digest(made, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=8, p=1, dklen=32)


# The hash for log-ins with an unknown address: they must take as long as those with a known one.
NOBODY = hashed("", b"nobody")
