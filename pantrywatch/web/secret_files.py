"""The secret files of an installation: each is made once, at random, and never written again."""

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
_COST = 10  # what Prometheus' own documentation takes: about 50 ms of a core, once a login


def _random() -> str:
    """Return 192 random bits in letters that mean nothing to a shell, a URL or an INI file."""
    return secrets.token_urlsafe(24).replace("-", "a").replace("_", "b")


# What an installation needs. The addresses in the two URLs are those of the demo in containers: change them.
INSTALLATION: Mapping[str, Callable[[], str]] = {
    "monitor_dsn": lambda: f"postgresql://pantrywatch:{_random()}@postgres:5432/crm",
    "cache_url": lambda: f"redis://:{_random()}@redis:6379/0",
    "grafana_admin_password": _random,
    WEB_PASSWORD: _random,
}
# What only the demo in containers needs besides.
DEMO: Mapping[str, Callable[[], str]] = {
    "postgres_password": _random,
    "app_password": _random,
}


def make_missing(folder: Path, wanted: Mapping[str, Callable[[], str]]) -> list[str]:
    """Make each wanted file that is missing or empty, readable by its owner alone; return the names of those made.

    Raises ConfigError where the folder cannot be written.
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
    """Return whether the file is there and not empty: an empty one is half of a secret that a crash left."""
    return file.exists() and bool(file.read_bytes().strip())


def read_secret(file: Path) -> str:
    """Return the secret without the end of its line."""
    return file.read_text(encoding="utf-8").rstrip("\r\n")


def password_of(url: str) -> str:
    """Return the password in a URL as it stands there, percent-encoded; empty where there is none."""
    return urlsplit(url).password or ""


def renew_hash(folder: Path, password: str) -> bool:
    """Make the hash of the web password unless there is one that fits; it follows a password the operator changes."""
    file = folder / WEB_HASH
    if file.exists() and fits(read_secret(file), password):
        return False
    write_private(file, bcrypt.hashpw(password.encode(), bcrypt.gensalt(_COST)).decode() + "\n")
    return True


def fits(known: str, password: str) -> bool:
    """Return whether this is a hash, and of this password."""
    is_hash = re.fullmatch(r"\$2[aby]\$\d\d\$.{53}", known)
    return is_hash is not None and bcrypt.checkpw(password.encode(), known.encode())
