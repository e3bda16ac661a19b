"""The `web` section for the native stack, without containers."""

from __future__ import annotations

from pathlib import Path

from exporters.core.access import WebSettings
from exporters.core.errors import ConfigError
from exporters.core.files import write_private
from exporters.core.strict_yaml import read_yaml
from pantrywatch.native.addresses import HOST
from pantrywatch.native.console import complain
from pantrywatch.native.state_dir import State
from pantrywatch.web import config_files
from pantrywatch.web.certificates import require_trusted

_READERS = ("prometheus", "alertmanager")


def asks_for_tls(settings_file: Path) -> bool:
    """Return whether a settings file turns on TLS, as far as known before its variables are set."""
    document = read_yaml(settings_file)
    section = document.get("web") if isinstance(document, dict) else None
    return isinstance(section, dict) and section.get("certificate_file") is not None


def require_usable(web: WebSettings, settings_file: str) -> None:
    """Raise ConfigError unless all files exist and are valid, and our own clients can log in."""
    config_files.require_valid(web, settings_file)
    if web.tls:
        require_trusted(web, settings_file, [HOST])


class ServerFiles:
    """The files with the logins of Prometheus and Alertmanager; both read them at each request."""

    def __init__(self, state: State, web: WebSettings, settings_file: str) -> None:
        """Write them; the paths of the section are absolute. Raises ConfigError for an invalid hash."""
        self._state, self._web, self._settings_file = state, web, settings_file
        self._complained = False
        self._text = ""
        self._write(self._made())

    def follow(self) -> None:
        """Rewrite them if a hash has changed; an invalid one is reported once, and the previous one is kept."""
        try:
            self._write(self._made())
            self._complained = False
        except (ConfigError, OSError) as error:
            if not self._complained:
                complain(["keeping the previous login", *str(error).splitlines()])
            self._complained = True

    def _made(self) -> str:
        return config_files.server_configuration(self._web, self._settings_file, config_files.in_place(self._web))

    def _write(self, text: str) -> None:
        if text == self._text:
            return
        for reader in _READERS:
            write_private(self._state.file(f"{reader}/web.yml"), text)
        self._text = text
