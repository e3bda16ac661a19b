"""Checks of the section `notifications` that depend on this machine: its secret files, its time zone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from exporters.core.errors import ConfigError, ConfigProblem
from exporters.core.settings import secret_from
from pantrywatch.config.notifications.settings import Notifications


def require_delivery(section: Notifications, settings_file: Path) -> None:
    """Raise ConfigError with every secret that is unreadable or empty, and an unknown time zone."""
    faults: list[ConfigProblem] = []
    seen: dict[str, str] = {}
    for entry, file in secret_files(section):
        try:
            secret_from(None, file, f"notifications.{entry}", str(settings_file))
        except ConfigError as error:
            faults += error.problems
        # In containers they are all in one folder.
        if seen.setdefault(Path(file).name, file) != file:
            expected = f"expected a name of its own, {seen[Path(file).name]} has the same"
            faults.append(ConfigProblem(str(settings_file), f"notifications.{entry}_file", expected))
    faults += _line_breaks(section, settings_file)
    try:
        ZoneInfo(section.office_hours.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        expected = f"expected an IANA time zone such as Europe/Berlin, got {section.office_hours.time_zone!r}"
        faults.append(ConfigProblem(str(settings_file), "notifications.office_hours.time_zone", expected))
    if faults:
        raise ConfigError(faults)


def _line_breaks(section: Notifications, settings_file: Path) -> Iterator[ConfigProblem]:
    """Alertmanager 0.25 keeps a trailing line break in these secrets, though not in others."""
    for entry, file in secret_files(section):
        path = settings_file.parent / file
        is_kept = entry == "email.password" or entry.endswith(".opsgenie.key")
        if is_kept and path.is_file() and path.read_bytes().endswith((b"\n", b"\r")):
            expected = f"expected no line break at the end of {path}: Alertmanager 0.25 would send it (use printf '%s')"
            yield ConfigProblem(str(settings_file), f"notifications.{entry}_file", expected)


def secret_files(section: Notifications) -> Iterator[tuple[str, str]]:
    """Yield the entry (without `_file`) and the file of every secret."""
    if section.email and section.email.password_file is not None:
        yield "email.password", section.email.password_file
    if section.heartbeat.token_file is not None:
        yield "heartbeat.token", section.heartbeat.token_file
    for number, contact in enumerate(section.contacts):
        entry = f"contacts[{number}]"
        if contact.slack and contact.slack.url_file is not None:
            yield f"{entry}.slack.url", contact.slack.url_file
        if contact.webhook and contact.webhook.token_file is not None:
            yield f"{entry}.webhook.token", contact.webhook.token_file
        if contact.webhook and contact.webhook.password_file is not None:
            yield f"{entry}.webhook.password", contact.webhook.password_file
        if contact.pagerduty:
            yield f"{entry}.pagerduty.key", contact.pagerduty.key_file
        if contact.opsgenie:
            yield f"{entry}.opsgenie.key", contact.opsgenie.key_file
        if contact.msteams:
            yield f"{entry}.msteams.url", contact.msteams.url_file
