"""TLS and login for everything we serve: the `web` section of settings.yaml, and the two guards built from it.

Files are read again when they change: a new certificate or password needs no restart. If the new one is invalid, that
is logged and the previous one stays in force; at startup it is a configuration error.
"""

from __future__ import annotations

import logging
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar

from exporters.core.asgi import Application
from exporters.core.certificate import not_after
from exporters.core.decoder import Problems, RecordCheck
from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.field_checks import matching, unique_names
from exporters.core.logs import ChangeLog
from exporters.core.problem_text import expected_one_of

_LOG = ChangeLog(logging.getLogger(__name__))


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
        # Its libraries take a twentieth of the CPU until a sidecar's port is open, and most have no login.
        from exporters.core.login import Login  # noqa: PLC0415

        application = Login(web, settings_file).in_front_of(application)
    return application, tls


class Certificate:
    """The certificate we serve, checked for changes at every handshake."""

    def __init__(self, web: WebSettings, settings_file: str) -> None:
        """Read the files. Raises ConfigError: missing, not PEM, expired, or certificate and key do not match."""
        base = Path(settings_file).parent
        self._files = (base / str(web.certificate_file), base / str(web.key_file))
        try:
            self._seen = [file_version(file) for file in self._files]
            self._current = _context(*self._files)
        except (OSError, ValueError) as error:
            raise ConfigError(
                [ConfigProblem(settings_file, "web.certificate_file", unreadable(error, self._files))]
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
            seen = [file_version(file) for file in self._files]
            if seen == self._seen:
                return
            self._current = _context(*self._files)
            self._seen = seen
            _LOG.report("web=certificate", "read", failing=False)
        except (OSError, ValueError) as error:
            _LOG.report("web=certificate", f"keeping the previous certificate ({type(error).__name__})", failing=True)


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


def file_version(file: Path) -> object:
    """Return a value that changes when the file is replaced or written."""
    status = file.stat()
    return status.st_mtime_ns, status.st_ino, status.st_size


def unreadable(error: OSError | ValueError, files: Sequence[Path]) -> str:
    """Return what is expected of files, and why they are not that."""
    names = " and ".join(str(file) for file in files)
    if isinstance(error, ssl.SSLError):
        reason = "not PEM, or the key belongs to another certificate"
    elif isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
    else:
        reason = str(error) or "not PEM"
    return f"expected readable, valid files at {names}: {reason}"
