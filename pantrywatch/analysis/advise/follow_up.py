"""The effect of advice that was applied: a task of the scheduler."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from exporters.core.clock import Clock
from exporters.core.errors import ConfigError
from exporters.core.logs import ChangeLog
from pantrywatch.analysis.advise.applied import Applied, add_effects, read_applied

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class FollowUp:
    """Measures once what was applied a day ago or earlier, as the exporter's role, and keeps it in the record."""

    settings: Path
    applied: Path
    clock: Clock = field(default_factory=Clock)
    name: str = "advice"
    _without: set[tuple[str, float]] = field(default_factory=set)  # their server or database is not there any more
    _changes: ChangeLog = field(default_factory=lambda: ChangeLog(logger))

    def run(self) -> bool:
        """Measure what is due; return whether nothing is left to do. What fails is logged, and tried again."""
        now = self.clock.wall()
        try:
            due = [one for one in read_applied(self.applied) if one.is_due(now)]
            due = [one for one in due if (one.id, one.at) not in self._without]
            state = self._measure(due, now) if due else "ok"
        except ConfigError as error:
            state = str(error)
        self._changes.report("task=advice", state, failing=state != "ok")
        return state == "ok"

    def _measure(self, due: Sequence[Applied], now: float) -> str:
        # It loads a parser of SQL, 20 MB, which the scheduler needs for nothing else, and most never.
        from pantrywatch.analysis.advise.command import measure_effects  # noqa: PLC0415

        effects, away = measure_effects(self.settings, due, now)
        add_effects(self.applied, effects)
        self._without |= {(one.id, one.at) for one in due if one.server not in away} - effects.keys()
        return "; ".join(away.values()) or "ok"
