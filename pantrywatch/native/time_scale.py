"""Divides every waiting time of rules, scrapes and notifications by one factor, to watch in minutes what takes hours.

What is scaled: `for`, group intervals, ranges, subqueries, offsets and forecasts of the rules; the intervals of
scrapes, rules and checks; the delays of notifications; the counts of events that two rules compare with a number.

What cannot be scaled, and what follows from it:
- A timeout is a property of what is watched: those of scrapes and checks stay, and so their intervals stop shrinking
  at 3 s and a little above the timeout.
- A page load takes as long as a page load takes: checks in a browser are left out.
- An age compared with a number of seconds (`time() - x > 3600`, a lock waited for 30 s, a certificate's days) stays.
- Prometheus looks back 5 minutes for a sample and sends a firing alert again once a minute, so the silence that the
  heartbeat waits for stays.
- Alertmanager goes by the wall's clock: office hours become always; the daily digest stays daily.
- A window holds fewer events, so what counts few of them is noisier than at the real pace.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import yaml

from exporters.core.checks.check import CheckSettings
from exporters.core.strict_yaml import read_yaml
from pantrywatch.config.durations import seconds
from pantrywatch.generate.layout import Pace

_SHORTEST_SCRAPE_SECONDS = 3
_DURATION = r"(?:[0-9]+(?:ms|[smhdwy]))+"
_IN_BRACKETS = re.compile(rf"\[({_DURATION})(?::({_DURATION}))?\]")
_OFFSET = re.compile(rf"\boffset ({_DURATION})")
_HORIZON = re.compile(r"(predict_linear\([^()]*, )([0-9]+)\)")
_PART = re.compile(r"([0-9]+)(ms|[smhdwy])")
_UNIT_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31536000}
# One scrape more than the window, so that it holds the sample before its first.
_SCRAPE = "15s"
_COUNTED = {"CrmApiFailedLogins", "CrmApiFailedLoginsBurst"}
_CHECK_SECONDS = {field.name: field.default for field in fields(CheckSettings) if field.name.endswith("_seconds")}
_DELAYS = {"after", "repeat", "group_interval", "every"}


@dataclass(frozen=True, slots=True)
class Speed:
    """How many times faster; 1 changes nothing."""

    factor: int = 1

    @property
    def scrape_seconds(self) -> int:
        """Return the interval of scrapes, which is their timeout too: never less than an exporter needs to answer."""
        return max(_SHORTEST_SCRAPE_SECONDS, seconds(_SCRAPE) // self.factor)

    def rules(self, text: str) -> str:
        """Return a rule file with all its durations divided."""
        if self.factor == 1:
            return text
        document = yaml.safe_load(text)
        for group in document["groups"]:
            if "interval" in group:
                group["interval"] = self.duration(group["interval"])
            for rule in group["rules"]:
                self._rule(rule)
        return yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)

    def pace(self) -> Pace:
        """Return how often Prometheus scrapes and evaluates."""
        usual = Pace()
        if self.factor == 1:
            return usual
        scrape = f"{self.scrape_seconds}s"
        return Pace(scrape, scrape, self.duration(usual.evaluation_interval))

    def settings(self, file: Path) -> dict[str, Any]:
        """Return the document of a settings file with checks more often and notifications sooner, at any hour.

        Its paths, which begin at the file, are made absolute. Raises ConfigError where it cannot be read.
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
        self._delays(section)
        return document

    def duration(self, text: str) -> str:
        """Return a duration such as `5m15s` divided, to the millisecond; milliseconds stay, a scrape stays a scrape."""
        if text.endswith("ms"):
            return text
        rest = text.removesuffix(_SCRAPE) if text != _SCRAPE else text
        whole = sum(int(count) * _UNIT_SECONDS[unit] for count, unit in _PART.findall(rest)) / self.factor
        whole += self.scrape_seconds if rest != text else 0
        return f"{round(whole * 1000)}ms" if whole % 1 else f"{round(whole)}s"

    def _rule(self, rule: dict[str, Any]) -> None:
        for name in ("for", "keep_firing_for"):
            if name in rule:
                rule[name] = self.duration(rule[name])
        expression = _OFFSET.sub(lambda match: f"offset {self.duration(match[1])}", self._ranges(rule["expr"]))
        rule["expr"] = _HORIZON.sub(lambda match: f"{match[1]}{int(match[2]) / self.factor:g})", expression)
        if rule.get("alert") in _COUNTED:
            rule["expr"] = re.sub(r"> ([0-9.]+)\s*\Z", lambda m: f"> {float(m[1]) / self.factor:g}", rule["expr"])

    def _ranges(self, expression: str) -> str:
        def divided(match: re.Match[str]) -> str:
            step = f":{self.duration(match[2])}" if match[2] else ""
            return f"[{self.duration(match[1])}{step}]"

        return _IN_BRACKETS.sub(divided, expression)

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

    def _whole(self, text: str) -> str:
        """The settings know whole seconds only."""
        return f"{max(1, round(seconds(text) / self.factor))}s"


def _rooted(node: Any, folder: Path, name: str = "") -> Any:
    if isinstance(node, dict):
        inherited = "_file" if name == "secret_files" else ""
        return {key: _rooted(value, folder, inherited or key) for key, value in node.items()}
    if isinstance(node, list):
        return [_rooted(entry, folder, name) for entry in node]
    is_path = isinstance(node, str) and name.endswith("_file") and not node.startswith(("/", "${"))
    return str(folder / node) if is_path else node


_DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
