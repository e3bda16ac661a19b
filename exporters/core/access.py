"""TLS and login for everything we serve: the `web` section of settings.yaml, and the two guards built from it.

Files are read again when they change: a new certificate or password needs no restart. If the new one is invalid, that
is logged and the previous one stays in force; at startup it is a configuration error.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import logging
import re
import secrets
import ssl
import time
from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, ClassVar

import bcrypt

from exporters.core.certificate import not_after
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.field_checks import matching, unique_names
from exporters.core.logs import ChangeLog
from exporters.core.problem_text import expected_one_of

_LOG = ChangeLog(logging.getLogger(__name__))
# The costs that Prometheus' own web configuration accepts; a higher cost would delay each first login by seconds.
_HASH = re.compile(r"\$2[aby]\$(0[4-9]|1[0-4])\$[./A-Za-z0-9]{53}")
_LONGEST_PASSWORD_BYTES = 72  # bcrypt ignores anything beyond
_MOST_REMEMBERED = 64
_OPEN_PATH = "/healthz"  # returns only "ok"; its callers (orchestrators) have no login

Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
Application = Callable[[Event, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class WebUser:
    """A user who may log in. `./run secrets` creates the password and its hash."""

    name: Annotated[str, "The name to log in with, without a colon.", matching("[^:]+", "a name without a colon")]
    password_hash_file: Annotated[str, "The file with the bcrypt hash of the password."]


@dataclass(frozen=True, slots=True)
class WebClient:
    """The account that Prometheus and Grafana log in with."""

    username: Annotated[str, "The name of one of `users`."]
    password_file: Annotated[str, "The file with the password itself."]


def _certificate_with_key(certificate_file: str | None, key_file: str | None) -> Problems:
    if (certificate_file is None) != (key_file is None):
        given, missing = ("key_file", "certificate_file") if key_file is not None else ("certificate_file", "key_file")
        yield given, f"expected certificate_file and key_file together, got no {missing}"


def _client_is_a_user(client: WebClient | None, users: tuple[WebUser, ...]) -> Problems:
    names = [user.name for user in users]
    if client is not None and client.username not in names:
        yield "client.username", expected_one_of(names, client.username) if names else "expected one of users, got none"


@dataclass(frozen=True, slots=True)
class WebSettings:
    """TLS if `certificate_file` and `key_file` are given, a login if there are users.

    Applies to everything that pantrywatch serves: exporters, Prometheus, Alertmanager, inbox, heartbeat, scheduler,
    board preview.
    """

    certificate_file: Annotated[str | None, "The certificate to serve with (PEM)."] = None
    key_file: Annotated[str | None, "The private key of the certificate (PEM)."] = None
    ca_file: Annotated[str | None, "The CA that signed the certificate (PEM); default: the system's CAs."] = None
    server_name: Annotated[
        str | None, "The name in the certificate that clients expect; default: the host they connect to."
    ] = None
    names: Annotated[
        tuple[str, ...],
        "Host names under which a reverse proxy on this machine forwards requests to services listening on loopback.",
    ] = ()
    users: Annotated[tuple[WebUser, ...], "Who may log in; empty: no login.", unique_names] = ()
    client: Annotated[WebClient | None, "The account that Prometheus and Grafana log in with."] = None

    CHECKS: ClassVar[tuple[RecordCheck, ...]] = (_certificate_with_key, _client_is_a_user)

    @property
    def tls(self) -> bool:
        """Return whether TLS is on."""
        return self.certificate_file is not None


def with_login(
    application: Application, web: WebSettings, settings_file: str
) -> tuple[Application, ssl.SSLContext | None]:
    """Return the application behind the login, and its listener's TLS context, each only if the section asks for it.

    Raises ConfigError for a missing or invalid file.
    """
    tls = Certificate(web, settings_file).context() if web.tls else None
    if web.users:
        application = Login(web, settings_file).in_front_of(application)
    return application, tls


class Certificate:
    """The certificate we serve, checked for changes at every handshake."""

    def __init__(self, web: WebSettings, settings_file: str) -> None:
        """Read the files. Raises ConfigError: missing, not PEM, expired, or certificate and key do not match."""
        base = Path(settings_file).parent
        self._files = (base / str(web.certificate_file), base / str(web.key_file))
        try:
            self._seen = [_version(file) for file in self._files]
            self._current = _context(*self._files)
        except (OSError, ValueError) as error:
            raise ConfigError(
                [ConfigProblem(settings_file, "web.certificate_file", _reason(error, self._files))]
            ) from None

    def context(self) -> ssl.SSLContext:
        """Return the context for a listener; it follows changes of the files."""
        context = _context(*self._files)
        context.sni_callback = self._hand_over
        return context

    def _hand_over(self, connection: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        # Here and not on a timer: no client completes a handshake with a certificate that has expired.
        self._follow()
        connection.context = self._current

    def _follow(self) -> None:
        try:
            seen = [_version(file) for file in self._files]
            if seen == self._seen:
                return
            self._current = _context(*self._files)
            self._seen = seen
            _LOG.report("web=certificate", "read", failing=False)
        except (OSError, ValueError) as error:
            _LOG.report("web=certificate", f"keeping the previous certificate ({type(error).__name__})", failing=True)


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
            version = _version(file)
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
                ConfigProblem(settings_file, f"web.users[{position}].password_hash_file", _reason(error, [file]))
            )
    if faults:
        raise ConfigError(faults)
    return found


def _context(certificate: Path, key: Path) -> ssl.SSLContext:
    ends = not_after(ssl.PEM_cert_to_DER_cert(_first_certificate(certificate)))
    if ends < time.time():
        raise ValueError(f"it expired on {time.strftime('%Y-%m-%d', time.gmtime(ends))}")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key, password=_no_passphrase)
    return context


def _no_passphrase() -> str:
    """Fail instead of letting OpenSSL prompt on the terminal."""
    raise ValueError("its key is protected by a passphrase")


def _first_certificate(file: Path) -> str:
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    _, found, rest = file.read_text(encoding="ascii", errors="replace").partition(begin)
    body, closed, _ = rest.partition(end)
    if not found or not closed:
        raise ValueError("no certificate in it")
    return begin + body + end


def _hash(file: Path) -> bytes:
    text = file.read_text(encoding="ascii", errors="replace").strip()
    if not _HASH.fullmatch(text):
        raise ValueError("no bcrypt hash of a cost from 4 to 14 in it")
    return text.encode()


def _version(file: Path) -> object:
    """Return a value that changes when the file is replaced or written."""
    status = file.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def _credentials(header: bytes) -> tuple[str, bytes]:
    scheme, _, text = header.partition(b" ")
    if scheme.lower() != b"basic":
        return "", b""
    try:
        name, _, password = base64.b64decode(text, validate=True).partition(b":")
        return name.decode(), password
    except (binascii.Error, UnicodeDecodeError):
        return "", b""


def _reason(error: OSError | ValueError, files: Sequence[Path]) -> str:
    names = " and ".join(str(file) for file in files)
    if isinstance(error, ssl.SSLError):
        reason = "not PEM, or the key belongs to another certificate"
    elif isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
    else:
        reason = str(error) or "not PEM"
    return f"expected readable, valid files at {names}: {reason}"
