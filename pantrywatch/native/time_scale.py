"""Divides every waiting time of rules, scrapes and notifications by one factor, so that hours pass in minutes.

Scaled: the rules, which are rendered with the factor (alert_rules/lib/time.libsonnet); here the intervals of
scrapes, evaluations and checks, and the delays of notifications.

Not scaled, with the consequences:
- A timeout is a property of the target: those of scrapes and checks stay, so their intervals shrink to no less than
  3 s and a little above the timeout.
- A page load takes its time: browser checks are skipped.
- An age compared with a number of seconds (`time() - x > 3600`, a lock waited for 30 s, a certificate's days) stays.
- Prometheus looks back 5 minutes for a sample and sends a firing alert again once a minute, so the time the
  heartbeat waits stays.
- Alertmanager uses the wall clock: office hours become always; the daily digest stays daily.
- A window holds fewer events, so small counts are noisier than at normal speed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from exporters.core.checks.check import CheckSettings
from exporters.core.strict_yaml import read_yaml
from pantrywatch.config.durations import seconds
from pantrywatch.config.notifications.escalation import Escalations
from pantrywatch.generate.layout import Pace

_SHORTEST_SCRAPE_SECONDS = 3
_SCRAPE_SECONDS = 15
_CHECK_SECONDS = {field.name: field.default for field in fields(CheckSettings) if field.name.endswith("_seconds")}
_DIGEST_AT = "09:00"
_DELAYS = {"after", "repeat", "group_interval", "every"}


@dataclass(frozen=True, slots=True)
class Speed:
    """How many times faster; 1 changes nothing."""

    factor: int = 1

    @property
    def scrape_seconds(self) -> int:
        """Return the scrape interval, which is also the timeout: never less than an exporter needs to respond."""
        return max(_SHORTEST_SCRAPE_SECONDS, _SCRAPE_SECONDS // self.factor)

    def pace(self) -> Pace:
        """Return how often Prometheus scrapes and evaluates."""
        usual = Pace()
        if self.factor == 1:
            return usual
        scrape = f"{self.scrape_seconds}s"
        return Pace(scrape, scrape, self._exact(usual.evaluation_interval))

    def settings(self, file: Path) -> dict[str, Any]:
        """Return the content of a settings file with checks more frequent and notifications sooner, at any hour.

        Its paths, relative to the file, are made absolute. Raises ConfigError if it cannot be read.
        """
        document: dict[str, Any] = _rooted(read_yaml(file), file.parent)
        document["data_sources"] = [source for source in document.get("data_sources", ()) if source != "browser"]
        document.pop("browser", None)
        for check in document.get("synthetic", {}).get("checks", ()):
            interval, timeout = (float(check.get(name, usual)) for name, usual in sorted(_CHECK_SECONDS.items()))
            check["interval_seconds"] = max(interval / self.factor, 1.2 * timeout)
        section = document.get("notifications", {})
        if section:
            section.setdefault("group_interval", "1m")
            section.setdefault("heartbeat", {}).setdefault("every", "1m")
            section["office_hours"] = {"time_zone": "UTC", "days": list(_DAYS), "opens": "00:00", "closes": "24:00"}
            section["escalation"] = _built_in(section) | section.get("escalation", {})
        self._delays(section)
        return document

    def _delays(self, node: Any) -> None:
        if isinstance(node, list):
            for entry in node:
                self._delays(entry)
        elif isinstance(node, dict):
            for name, value in node.items():
                if name in _DELAYS and isinstance(value, str):
                    node[name] = self._whole(value)
                else:
                    self._delays(value)

    def _exact(self, text: str) -> str:
        milliseconds = round(1000 * seconds(text) / self.factor)
        return f"{milliseconds}ms" if milliseconds % 1000 else f"{milliseconds // 1000}s"

    def _whole(self, text: str) -> str:
        """Return a duration divided, in whole seconds: the settings accept no others."""
        return f"{max(1, round(seconds(text) / self.factor))}s"


def _built_in(section: Mapping[str, Any]) -> dict[str, Any]:
    """Return the escalation of what the section leaves out, as it would be written."""
    names = [str(contact.get("name")) for contact in section.get("contacts", ())]
    filled = asdict(Escalations().filled(names, _DIGEST_AT)) if names else {}
    return {
        severity: {
            **{name: value for name, value in one.items() if value},
            "steps": [{"after": step["after"], "notify": step["notify"]} for step in one["steps"]],
        }
        for severity, one in filled.items()
    }


def _rooted(node: Any, folder: Path, name: str = "") -> Any:
    if isinstance(node, dict):
        inherited = "_file" if name == "secret_files" else ""
        return {key: _rooted(value, folder, inherited or key) for key, value in node.items()}
    if isinstance(node, list):
        return [_rooted(entry, folder, name) for entry in node]
    is_path = isinstance(node, str) and (name.endswith("_file") or name == "queries") and node[:1] not in ("/", "$")
    return str(folder / node) if is_path else node


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
