"""Salted password hashes of the demo's users."""

from __future__ import annotations

import base64
import hashlib
import hmac
from pathlib import Path

# Told on the log-in page: everybody may look around in made-up data. In a file, for the check that logs in.
DEMO_PASSWORD = (Path(__file__).parent / "password").read_text(encoding="utf-8").rstrip()

# 2^11 keeps a log-in near 5 ms, so that a burst of log-ins does not drown the machine the demo shares.
_COST = 2**11


def hashed(password: str, salt: bytes) -> str:
    """`scrypt$cost$salt$digest` of a password, base64 inside."""
    digest = _scrypt(password, salt, _COST)
    return f"scrypt${_COST}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}"


def matches(password: str, stored: str) -> bool:
    """Whether `stored`, made by hashed(), belongs to the password."""
    _, cost, salt, digest = stored.split("$")
    made = _scrypt(password, base64.b64decode(salt), int(cost))
    return hmac.compare_digest(made, base64.b64decode(digest))


def _scrypt(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=8, p=1, dklen=32)


# What a log-in with an unknown address is compared with: it must take as long as one with a known address.
NOBODY = hashed("", b"nobody")
