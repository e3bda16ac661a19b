"""Which state directory belongs to which installation: two settings files never share data, nor does the demo.

The default directory holds the demo's state, and below `installations/` that of each settings file. A directory given
by hand (`--state`, PANTRYWATCH_STATE) is used as it is; it remembers whose data it holds.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from exporters.core.errors import ConfigError, ConfigProblem
from pantrywatch.native.lock import holder
from pantrywatch.native.state_dir import State

_DEMO = "the demo"
_OWNER = "run/installation"


def directory_for(default: Path, settings: Path | None) -> Path:
    """Return the state directory of a settings file, or of the demo; `default` is the demo's."""
    if settings is None:
        return default
    digest = hashlib.sha256(str(settings.resolve()).encode()).hexdigest()[:8]
    return default / "installations" / f"{settings.stem}-{digest}"


def running_directory(default: Path) -> Path:
    """Return the directory whose stack runs; the demo's if none does. Raises ConfigError if several do."""
    installations = default / "installations"
    found = [default, *(sorted(installations.iterdir()) if installations.is_dir() else [])]
    running = [path for path in found if holder(path / "run/lock") is not None]
    if len(running) > 1:
        names = ", ".join(owner(path) for path in running)
        expected = f"expected `--settings FILE` or `--state DIR`: several stacks run here, of {names}"
        raise ConfigError([ConfigProblem("command line", "state directory", expected)])
    return running[0] if running else default


def owner(path: Path) -> str:
    """Return whose data a state directory holds: "the demo", the path of a settings file, or nothing if it has none."""
    file = path / _OWNER
    if file.is_file():
        return file.read_text(encoding="utf-8", errors="replace").strip()
    return _DEMO if (path / "postgres").exists() else ""


def claim(state: State, settings: Path | None) -> None:
    """Record whose data the directory holds. Raises ConfigError if it is another installation's."""
    wanted = _DEMO if settings is None else str(settings)
    found = owner(state.path)
    if found not in ("", wanted):
        expected = (
            f"expected the data of {wanted}, it holds that of {found}: choose another directory, delete the data with "
            f"`./run --state {state.path} reset`, or if the settings file was only moved, delete {state.file(_OWNER)}"
        )
        raise ConfigError([ConfigProblem(str(state.path), "state directory", expected)])
    state.write(_OWNER, wanted + "\n")
