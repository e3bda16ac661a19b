"""When the last beat came and who knows of a silence, in a small file: a restart neither forgets nor repeats."""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, field
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem

logger = logging.getLogger(__name__)

_FILE = "heartbeat.json"


@dataclass(slots=True)
class Record:
    """Unix times: when watching began, the last beat, and what each channel knows: when it was told, silent since when.

    The file is written at every change; without one nothing outlives the process.
    """

    began_at: float
    beat_at: float | None = None
    told: dict[str, tuple[float, float]] = field(default_factory=dict)
    file: Path | None = None

    def beat(self, now: float) -> None:
        """Note a beat."""
        self.beat_at = now
        self.keep()

    @property
    def silent_since(self) -> float:
        """Return when something was last heard, or the listening began."""
        return self.began_at if self.beat_at is None else self.beat_at

    def knows(self, channel: str, now: float, since: float) -> None:
        """Note that a channel knows of the silence."""
        self.told[channel] = (now, since)
        self.keep()

    def forget(self, channel: str) -> None:
        """Note that a channel knows that it is over."""
        self.told.pop(channel, None)
        self.keep()

    def keep(self) -> None:
        """Write the file; what cannot be written is logged: beats count all the same while the process lives."""
        if self.file is None:
            return
        fields = {name: value for name, value in asdict(self).items() if name != "file"}
        part = self.file.with_suffix(".part")
        try:
            part.write_text(json.dumps(fields), encoding="utf-8")
            part.rename(self.file)
        except OSError as error:
            logger.error("file=%s not_written=%s", self.file, error.strerror)


def read_record(folder: Path | None, now: float) -> Record:
    """Return the record kept in the folder, a new one where there is none or it is damaged. Raises ConfigError."""
    if folder is None:
        return Record(now)
    file = folder / _FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file.touch()
        record = _parsed(file.read_text(encoding="utf-8", errors="replace"), now)
    except OSError as error:
        expected = f"expected a folder to keep the last beat in: {error.strerror}"
        raise ConfigError([ConfigProblem("command line", f"--keep {folder}", expected)]) from error
    record.file = file
    record.keep()
    return record


def _parsed(text: str, now: float) -> Record:
    try:
        fields = json.loads(text or "{}")
        beat_at, told = fields.get("beat_at"), fields.get("told", {})
        return Record(
            min(float(fields.get("began_at", now)), now),
            None if beat_at is None else min(float(beat_at), now),
            {str(name): (float(at), float(since)) for name, (at, since) in told.items()},
        )
    except (ValueError, TypeError, AttributeError):
        logger.warning("file=%s damaged: beginning anew", _FILE)
        return Record(now)
