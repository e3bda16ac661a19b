"""A volume that the first container lays out, and the folder of secrets that the operator gives."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from pantrywatch.containers.init import USERS, Sources, prepare
from pantrywatch.containers.summary import next_steps

ROOT = Path(__file__).parents[3]
ME = dict.fromkeys(USERS, os.geteuid())
SETTINGS = "environment: test\nhost: {name: here}\ndatabase: [{name: orders, dsn_file: secrets/monitor_dsn}]\n"


@dataclass(frozen=True, slots=True)
class Laid:
    """A volume, and the folder of secrets the operator gives."""

    folder: Path

    @property
    def given(self) -> Path:
        """Return the operator's folder."""
        return self.folder / "given"

    def run(self, settings: str = SETTINGS) -> str:
        """Lay out and return what is said."""
        (self.folder / "etc/settings.yaml").write_text(settings)
        data = self.folder / "data"
        sources = Sources(
            self.folder / "etc/settings.yaml",
            ROOT / "provisioning",
            ROOT / "alert_rules/generated",
            self.given,
            data if data.exists() else None,
        )
        return next_steps(prepare(sources, self.folder / "volume", ME))

    def text(self, name: str) -> str:
        """Return a file of the volume."""
        return (self.folder / "volume" / name).read_text()

    def secrets_of(self, reader: str) -> set[str]:
        """Return the names of the secrets that a reader has."""
        folder = self.folder / "volume" / reader / "secrets"
        return {file.name for file in folder.iterdir()} if folder.exists() else set()

    def all(self) -> dict[str, tuple[str, int]]:
        """Return text and time of every file."""
        files = [path for path in (self.folder / "volume").rglob("*") if path.is_file()]
        return {str(path): (path.read_text(), path.stat().st_mtime_ns) for path in files}


@pytest.fixture
def laid(tmp_path: Path) -> Laid:
    """An empty volume; the settings' folder sees the exporters' secrets, as in the image."""
    for name in ("etc", "given", "volume"):
        (tmp_path / name).mkdir()
    (tmp_path / "given/README.md").write_text("no secret")
    (tmp_path / "etc/secrets").symlink_to(tmp_path / "volume/exporter/secrets")
    return Laid(tmp_path)
