"""What an older Alertmanager lacks."""

from __future__ import annotations

import re
import subprocess

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.config.notifications.settings import Notifications

# Channel → the first version that has it; all others are in 0.25.
_SINCE = {"msteams": (0, 28)}
_VERSION = re.compile(r"version (\d+)\.(\d+)")


def installed_version(binary: str) -> tuple[int, int] | None:
    """Return major and minor version of an Alertmanager, or None if it does not say."""
    try:
        done = subprocess.run([binary, "--version"], capture_output=True, text=True, timeout=30, check=False)
    except OSError:
        return None
    found = _VERSION.search(done.stdout + done.stderr)
    return (int(found[1]), int(found[2])) if found else None


def require_supported(section: Notifications, version: tuple[int, int] | None, settings_file: str) -> None:
    """Raise ConfigError with each channel of a contact that this Alertmanager does not have; None: not known."""
    problems = [
        ConfigProblem(
            settings_file,
            f"notifications.contacts[{number}].{channel}",
            f"expected Alertmanager {since[0]}.{since[1]} or later for {channel}, got {version[0]}.{version[1]}: "
            f"install a newer one as `alertmanager` on the PATH, or give {contact.name} another channel",
        )
        for number, contact in enumerate(section.contacts)
        for channel, since in _SINCE.items()
        if version is not None and channel in contact.channels and version < since
    ]
    if problems:
        raise ConfigError(problems)
