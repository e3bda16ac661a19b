"""The login in front of everything we serve, if `web` has users: basic authentication, bcrypt hashes in files."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import re
import secrets
from collections.abc import Sequence
from pathlib import Path

import bcrypt

from exporters.core.access import WebSettings, file_version, unreadable
from exporters.core.asgi import Application, Event, Receive, Send
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.logs import ChangeLog

_LOG = ChangeLog(logging.getLogger(__name__))
# The costs that Prometheus' own web configuration accepts; a higher cost would delay each first login by seconds.
_HASH = re.compile(r"\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}")
_LONGEST_PASSWORD_BYTES = 72  # bcrypt ignores anything beyond
_MOST_REMEMBERED = 64
_OPEN_PATH = "/healthz"  # returns only "ok"; its callers (orchestrators) have no login


class Login:
    """Basic authentication in front of an application."""

    def __init__(self, web: WebSettings, settings_file: str) -> None:
        """Read the hashes. Raises ConfigError with every file that is missing or contains no hash."""
        base = Path(settings_file).parent
        self._files = {user.name: base / user.password_hash_file for user in web.users}
        # No version yet: each file is checked again when its user first logs in.
        self._hashes: dict[str, tuple[object, bytes]] = {
            name: (None, known) for name, known in read_hashes(web, settings_file).items()
        }
        self._nobody = bcrypt.hashpw(secrets.token_bytes(16), bcrypt.gensalt(10))
        self._remembered: set[bytes] = set()
        self._key = secrets.token_bytes(32)
        self._one_at_a_time = asyncio.Lock()

    def in_front_of(self, application: Application) -> Application:
        """Return the application behind the login; `/healthz` stays open."""

        async def guarded(scope: Event, receive: Receive, send: Send) -> None:
            if scope["type"] != "http" or scope["path"] == _OPEN_PATH or await self.allows(scope["headers"]):
                await application(scope, receive, send)
                return
            head = [(b"www-authenticate", b'Basic realm="pantrywatch"'), (b"content-length", b"16")]
            await send({"type": "http.response.start", "status": 401, "headers": head})
            await send({"type": "http.response.body", "body": b"log in, please.\n"})

        return guarded

    async def allows(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Return whether the request carries the name and password of a user."""
        name, password = _credentials(dict(headers).get(b"authorization", b""))
        if not password or len(password) > _LONGEST_PASSWORD_BYTES:
            return False
        expected = self._hash_of(name)
        proof = hmac.digest(self._key, b"\0".join((name.encode(), password, expected)), "sha256")
        if proof in self._remembered:
            return True
        # Checking a hash takes tens of milliseconds of CPU: guessing is limited to one core, and does not delay
        # scrapes.
        async with self._one_at_a_time:
            if not await asyncio.to_thread(bcrypt.checkpw, password, expected):
                return False
        if len(self._remembered) >= _MOST_REMEMBERED:
            self._remembered.clear()
        self._remembered.add(proof)
        return True

    def _hash_of(self, name: str) -> bytes:
        """Return the user's hash as currently in its file; for an unknown name, a hash that matches nothing."""
        if name not in self._files:
            return self._nobody
        file = self._files[name]
        seen, known = self._hashes[name]
        try:
            version = file_version(file)
            if version != seen:
                known = _hash(file)
                self._hashes[name] = (version, known)
                _LOG.report("web=login", "read", failing=False)
        except (OSError, ValueError) as error:
            _LOG.report("web=login", f"keeping the previous login ({type(error).__name__})", failing=True)
        return known


def read_hashes(web: WebSettings, settings_file: str) -> dict[str, bytes]:
    """Return user → bcrypt hash. Raises ConfigError with every file that is missing or contains no hash."""
    found, faults = {}, []
    for position, user in enumerate(web.users):
        file = Path(settings_file).parent / user.password_hash_file
        try:
            found[user.name] = _hash(file)
        except (OSError, ValueError) as error:
            faults.append(
                ConfigProblem(settings_file, f"web.users[{position}].password_hash_file", unreadable(error, [file]))
            )
    if faults:
        raise ConfigError(faults)
    return found


def _hash(file: Path) -> bytes:
    text = file.read_text(encoding="ascii", errors="replace").strip()
    if not _HASH.fullmatch(text):
        raise ValueError("no bcrypt hash of a cost from 4 to 14 in it")
    return text.encode()


def _credentials(header: bytes) -> tuple[str, bytes]:
    scheme, _, text = header.partition(b" ")
    if scheme.lower() != b"basic":
        return "", b""
    try:
        name, _, password = base64.b64decode(text, validate=True).partition(b":")
        return name.decode(), password
    except (binascii.Error, UnicodeDecodeError):
        return "", b""
