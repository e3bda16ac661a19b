"""setuptools' build of the wheel: pantrywatch/share/ has the files of a checkout's top level.

Named in pyproject.toml. Nothing is copied inside the checkout; pantrywatch/config/shared_files.py finds either place.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from setuptools.command.build_py import build_py

# Files and folders, relative to the top of the checkout.
SHARED = (
    "targets.yaml",
    "components.yaml",
    "settings.yaml",
    "mixin.libsonnet",
    "alert_rules",
    "dashboards",
    "provisioning",
    "docs/runbooks",
    "docs/targets.md",
    "docs/terms.md",
    "docs/metrics.md",
)
_SHARE = "pantrywatch/share"
_NOT_SHARED = "__pycache__"


class BuildWithSharedFiles(build_py):
    """setuptools' own command, followed by the shared files."""

    def run(self) -> None:
        """Build; an editable install uses the checkout's files directly."""
        super().run()
        if self.editable_mode:
            return
        for source, target in self._shared():
            self.mkpath(str(target.parent))
            self.copy_file(str(source), str(target))

    def get_source_files(self) -> list[str]:
        """Return the files for the source distribution, so that a wheel can be built from it."""
        return [*super().get_source_files(), *(str(source) for source, _ in self._shared()), "tools/build_wheel.py"]

    def get_outputs(self, include_bytecode: bool = True) -> list[str]:  # noqa: FBT001, FBT002 - setuptools' signature
        """Return the files of the wheel."""
        shared = [] if self.editable_mode else [str(target) for _, target in self._shared()]
        return [*super().get_outputs(include_bytecode), *shared]

    def _shared(self) -> Iterator[tuple[Path, Path]]:
        into = Path(self.build_lib) / _SHARE
        for name in SHARED:
            source = Path(name)
            files = sorted(source.rglob("*")) if source.is_dir() else [source]
            yield from ((file, into / file) for file in files if file.is_file() and _NOT_SHARED not in file.parts)
