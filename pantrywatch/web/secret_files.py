"""The secret files of an installation: each is created once, at random, and never overwritten."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import bcrypt

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.files import write_private

WEB_PASSWORD, WEB_HASH = "web_password", "web_password_hash"
_COST = 10  # as in Prometheus' own documentation: about 50 ms of CPU per login


def _random() -> str:
    """Return 192 random bits in characters without special meaning in a shell, a URL or an INI file."""
    return secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")


# Required by an installation. The addresses in the two URLs are those of the demo in containers: change them.
INSTALLATION: Mapping[str, Callable[[], str]] = {
    "monitor_dsn": lambda: f"postgresql://pantrywatch:{_random()}@postgres:5432/crm",
    "cache_url": lambda: f"redis://:{_random()}@redis:6379/0",
    "grafana_admin_password": _random,
    WEB_PASSWORD: _random,
}
# Required only by the demo in containers.
DEMO: Mapping[str, Callable[[], str]] = {
    "postgres_password": _random,
    "app_password": _random,
}


def make_missing(folder: Path, wanted: Mapping[str, Callable[[], str]]) -> list[str]:
    """Create each wanted file that is missing or empty, readable by its owner alone; return the names of those created.

    Raises ConfigError if the folder is not writable.
    """
    made = []
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for name, make in wanted.items():
            if not _has_text(folder / name):
                write_private(folder / name, make() + "\n")
                made.append(name)
        if WEB_PASSWORD in wanted and renew_hash(folder, read_secret(folder / WEB_PASSWORD)):
            made.append(WEB_HASH)
    except OSError as error:
        expected = f"expected a folder this user can write to: {error.strerror}"
        raise ConfigError([ConfigProblem(str(folder), "secrets", expected)]) from None
    return made


def _has_text(file: Path) -> bool:
    """Return whether the file exists and is not empty: a crash may leave an empty one."""
    return file.exists() and bool(file.read_bytes().strip())


def read_secret(file: Path) -> str:
    """Return the secret without the trailing newline."""
    return file.read_text(encoding="utf-8").rstrip("\r\n")


def password_of(url: str) -> str:
    """Return the password of a URL, still percent-encoded, or an empty text."""
    return urlsplit(url).password or ""


def renew_hash(folder: Path, password: str) -> bool:
    """Write the hash of the web password unless it matches already, so it follows a changed password."""
    file = folder / WEB_HASH
    if file.exists() and fits(read_secret(file), password):
        return False
    write_private(file, bcrypt.hashpw(password.encode(), bcrypt.gensalt(_COST)).decode() + "\n")
    return True


def fits(known: str, password: str) -> bool:
    """Return whether this is a valid hash of this password."""
    is_hash = re.fullmatch(r"\$2[aby]\$\d\d\$.{53}", known)
    return is_hash is not None and bcrypt.checkpw(password.encode(), known.encode())
